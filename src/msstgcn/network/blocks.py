"""The network's two kinds of block: with a graph (ST-GCN), and in time alone (TCN)."""

from __future__ import annotations

from torch import Tensor, nn

from msstgcn.network.graph_mix import GraphMix
from msstgcn.network.pooling import FacialPooling


def temporal_convolution(channels_in: int, channels_out: int, kernel: int) -> nn.Conv2d:
    """Convolution over time only, without padding; Kaiming-normal weights, zero bias.

    The weights have shape (out, in, time, 1). The method names the weights' start; the zero bias is ours.
    """
    layer = nn.Conv2d(channels_in, channels_out, (kernel, 1))
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class SpatioTemporalBlock(nn.Module):
    """ST-GCN block: convolve in time, mix over the graph, normalise, rectify, pool nodes (FLGP).

    The method pools before it rectifies. For the maximum that is the same; a mean is worth something only after it
    (see `settings.NetworkSettings`).

    Parameters
    ----------
    channels_in, channels_out : int
        Channels before and after.
    kernel : int
        Frames of the temporal kernel; the output is ``kernel - 1`` frames shorter.
    mix : GraphMix
        What mixes the V nodes that come in.
    pool : FacialPooling, optional
        Makes G nodes of them; without it all stay.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        mix: GraphMix,
        pool: FacialPooling | None = None,
    ) -> None:
        super().__init__()
        self.convolution = temporal_convolution(channels_in, channels_out, kernel)
        self.mix = mix
        self.norm = nn.BatchNorm2d(channels_out)
        self.pool = pool or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block: (N, C_in, T, V) to (N, C_out, T - kernel + 1, G)."""
        x = self.convolution(x)  # (N, C_out, T', V)
        x = self.norm(self.mix(x)).relu()  # (N, C_out, T', V)
        pooled: Tensor = self.pool(x)  # (N, C_out, T', G)
        return pooled


class TemporalBlock(nn.Module):
    """TCN block: convolve in time, normalise, rectify.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels before and after.
    kernel : int
        Frames of the temporal kernel; the output is ``kernel - 1`` frames shorter.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        self.convolution = temporal_convolution(channels_in, channels_out, kernel)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block: (N, C_in, T, V) to (N, C_out, T - kernel + 1, V)."""
        return self.norm(self.convolution(x)).relu()
