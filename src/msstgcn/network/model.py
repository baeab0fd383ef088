"""MS-STGCN: from the motion in one window to the scores of its middle frame.

It is the network alone: windows come from the motion stage, losses and training from elsewhere.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msstgcn.errors import InputError
from msstgcn.graph import FacialGraph, random_graph, scales
from msstgcn.network.blocks import SpatioTemporalBlock, TemporalBlock, temporal_convolution
from msstgcn.network.graph_mix import GraphMix
from msstgcn.network.pooling import FacialPooling
from msstgcn.settings import NetworkSettings

#: Meaning of the ten outputs, in order.
OUTPUTS: tuple[str, ...] = (
    "me onset",
    "me offset",
    "me none",
    "mae onset",
    "mae offset",
    "mae none",
    "me apex",
    "mae apex",
    "me action",
    "mae action",
)


Block = SpatioTemporalBlock | TemporalBlock


class MSSTGCN(nn.Module):
    """Multi-scale spatio-temporal graph convolutional network, and its variants for the studies.

    Two ST-GCN blocks take the graph from ten regions to three parts to the whole face while time shrinks; two
    TCN blocks use up the rest of the time; a linear head reads the scores off the embedding.

    Parameters
    ----------
    settings : NetworkSettings, optional
        Channels C (64), the four temporal kernels (3, 5, 5, 7), and whatever differs from the method.
    graph : FacialGraph, optional
        Of the regions, where it was counted in the training data. Left out, the operator is not a number until a
        state is loaded.

    Raises
    ------
    InputError
        When called on windows of another shape than (N, 2, K, R) with K the receptive field.

    Notes
    -----
    Section III of arXiv 2403.15994; 71,434 parameters as the settings stand. No residuals, no padding, no
    dropout.
    """

    def __init__(self, settings: NetworkSettings | None = None, graph: FacialGraph | None = None) -> None:
        super().__init__()
        self.settings = settings or NetworkSettings()
        c, (k1, k2, k3, k4) = self.settings.channels, self.settings.kernels
        if self.settings.spatial == "flat":
            self.block1: Block = TemporalBlock(2 * region_count(self.settings), c, k1)
            self.block2: Block = TemporalBlock(c, c, k2)
        else:
            (mix1, pool1), (mix2, pool2) = _spatial(self.settings, graph)
            self.block1 = SpatioTemporalBlock(2, c, k1, mix1, pool1)
            self.block2 = SpatioTemporalBlock(c, c, k2, mix2, pool2)
        self.block3 = TemporalBlock(c, c, k3)
        self.block4 = TemporalBlock(c, c, k4)
        self.head = temporal_convolution(c, len(OUTPUTS), 1)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Score windows.

        Parameters
        ----------
        windows : Tensor, shape (N, 2, K, R)
            Flow (u, v) in percent of the inter-ocular distance, K frames, R = 10 regions.

        Returns
        -------
        logits : Tensor, shape (N, 10)
            In the order of `OUTPUTS`.
        embedding : Tensor, shape (N, C)
            What the head reads and the contrastive loss shapes; nowhere negative.
        """
        check_window(self.settings, tuple(windows.shape))
        x = repeated(windows, self.settings, 2)
        if self.settings.spatial == "flat":
            x = x.transpose(2, 3).flatten(1, 2)[..., None]  # (N, 2 R, K, 1)
        x = self.block1(x)  # (N, 2, 17, 10) -> (N, C, 15, 3)
        x = self.block2(x)  # (N, C, 11, 1)
        x = self.block3(x)  # (N, C, 7, 1)
        x = self.block4(x)  # (N, C, 1, 1)
        x = x.mean((2, 3), keepdim=True)  # of the one node and step there is, but in variants
        return self.head(x).flatten(1), x.flatten(1)  # (N, 10), (N, C)

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(parameter.numel() for parameter in self.parameters())


#: A graph layer, and the pooling after it.
_Layer = tuple[GraphMix, FacialPooling | None]


def region_graph(settings: NetworkSettings) -> FacialGraph:
    """Graph of the regions, as far as the settings decide it: a co-occurrence graph waits for its data."""
    facial = scales(settings.regions).regions
    return random_graph(facial, settings.graph_seed) if settings.graph == "random" else facial


def region_count(settings: NetworkSettings) -> int:
    """Regions R that the network takes."""
    return len(scales(settings.regions).regions)


def is_counted(settings: NetworkSettings) -> bool:
    """Whether the graph is counted in the training data."""
    return settings.graph.startswith("cooccurrence")


def _spatial(settings: NetworkSettings, graph: FacialGraph | None) -> tuple[_Layer, _Layer]:
    """The graph layers of the two ST-GCN blocks."""
    found, counted, how = scales(settings.regions), is_counted(settings), settings.operator
    regions = graph or region_graph(settings)

    def over_regions() -> GraphMix:
        mix = GraphMix(regions, how, counted=counted)
        if mix.counted is not None and graph is None:
            nn.init.constant_(mix.counted, torch.nan)
        return mix

    if settings.scales == 1:
        return (over_regions(), None), (over_regions(), None)
    to_parts = FacialPooling(found.groups, settings.pooling)
    to_face = FacialPooling((tuple(range(len(found.parts))),), settings.pooling)
    return (over_regions(), to_parts), (GraphMix(found.parts, how), to_face if settings.scales == 3 else None)


def initialised(
    settings: NetworkSettings | None = None, *, seed: int, graph: FacialGraph | None = None
) -> MSSTGCN:
    """Build a network whose start depends on `seed` alone, not on PyTorch's global state."""
    network = MSSTGCN(settings, graph)
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
    return network


def repeated(windows: Tensor, settings: NetworkSettings, axis: int) -> Tensor:
    """Windows with their first and last frame repeated on both sides until they are as long as the receptive field.

    Parameters
    ----------
    windows : Tensor
        Any shape, K frames along `axis`. Windows that are long enough are given back as they are.
    """
    frames = windows.shape[axis]
    missing = settings.receptive_field - frames
    if missing <= 0:
        return windows
    index = torch.arange(settings.receptive_field, device=windows.device) - missing // 2
    return windows.index_select(axis, index.clamp(0, frames - 1))


def check_window(settings: NetworkSettings, shape: tuple[int, ...], *, where: str = "network input") -> None:
    """Raise an `InputError` unless `shape` is (N, 2, K, R), with K the receptive field where it must be."""
    field, regions = settings.receptive_field, region_count(settings)
    wanted = f"(N, 2, {field}, {regions}): flow u and v, window, regions"
    if len(shape) != 4 or shape[1] != 2 or shape[3] != regions:
        raise InputError(f"shape {shape}", where=where, expected=wanted)
    if shape[2] != field and settings.window_fit == "exact":
        raise InputError(
            f"a window of {shape[2]} frames does not fit kernels {settings.kernels}",
            where=where,
            expected=f"{field} frames, their receptive field",
            do="choose kernels so that 1 + sum(kernel - 1) is the window, or change the features' window; "
            "window_fit='any' takes windows of any length",
        )
