"""The network's two kinds of block: with a graph (ST-GCN), and in time alone (TCN)."""

from __future__ import annotations

from torch import Tensor, nn

from msstgcn.graph import FacialGraph
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
    """ST-GCN block: convolve in time, mix over the graph, normalise, pool nodes (FLGP), rectify.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels before and after.
    kernel : int
        Frames of the temporal kernel; the output is ``kernel - 1`` frames shorter.
    graph : FacialGraph
        Graph of the V nodes that come in.
    groups : tuple of tuple of int
        The G groups of nodes to pool.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        graph: FacialGraph,
        groups: tuple[tuple[int, ...], ...],
    ) -> None:
        super().__init__()
        self.convolution = temporal_convolution(channels_in, channels_out, kernel)
        self.mix = GraphMix(graph)
        self.norm = nn.BatchNorm2d(channels_out)
        self.pool = FacialPooling(groups)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block: (N, C_in, T, V) to (N, C_out, T - kernel + 1, G)."""
        x = self.convolution(x)  # (N, C_out, T', V)
        x = self.norm(self.mix(x))  # (N, C_out, T', V)
        return self.pool(x).relu()  # (N, C_out, T', G)


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
