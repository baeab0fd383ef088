"""MS-STGCN: from the motion in one window to the scores of its middle frame.

It is the network alone: windows come from the motion stage, losses and training from elsewhere.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msstgcn.errors import InputError
from msstgcn.graph import FACE, PART_GROUPS, PARTS, WHOLE_GROUPS
from msstgcn.network.blocks import SpatioTemporalBlock, TemporalBlock, temporal_convolution
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


class MSSTGCN(nn.Module):
    """Multi-scale spatio-temporal graph convolutional network.

    Two ST-GCN blocks take the graph from ten regions to three parts to the whole face while time shrinks; two
    TCN blocks use up the rest of the time; a linear head reads the scores off the embedding.

    Parameters
    ----------
    settings : NetworkSettings, optional
        Channels C (64) and the four temporal kernels (3, 5, 5, 7).

    Raises
    ------
    InputError
        When called on windows of another shape than (N, 2, K, 10) with K the receptive field.

    Notes
    -----
    Section III of arXiv 2403.15994; 71,434 parameters as the settings stand. No residuals, no padding, no
    dropout.
    """

    def __init__(self, settings: NetworkSettings | None = None) -> None:
        super().__init__()
        self.settings = settings or NetworkSettings()
        c, (k1, k2, k3, k4) = self.settings.channels, self.settings.kernels
        self.block1 = SpatioTemporalBlock(2, c, k1, FACE, PART_GROUPS)
        self.block2 = SpatioTemporalBlock(c, c, k2, PARTS, WHOLE_GROUPS)
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
        x = self.block1(windows)  # (N, 2, 17, 10) -> (N, C, 15, 3)
        x = self.block2(x)  # (N, C, 11, 1)
        x = self.block3(x)  # (N, C, 7, 1)
        x = self.block4(x)  # (N, C, 1, 1)
        return self.head(x).flatten(1), x.flatten(1)  # (N, 10), (N, C)

    @property
    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(parameter.numel() for parameter in self.parameters())


def initialised(settings: NetworkSettings | None = None, *, seed: int) -> MSSTGCN:
    """Build a network whose start depends on `seed` alone, not on PyTorch's global state."""
    network = MSSTGCN(settings)
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
    return network


def check_window(settings: NetworkSettings, shape: tuple[int, ...], *, where: str = "network input") -> None:
    """Raise an `InputError` unless `shape` is (N, 2, K, 10) with K the settings' receptive field."""
    field = settings.receptive_field
    wanted = f"(N, 2, {field}, {len(FACE)}): flow u and v, window, regions"
    if len(shape) != 4 or shape[1] != 2 or shape[3] != len(FACE):
        raise InputError(f"shape {shape}", where=where, expected=wanted)
    if shape[2] != field:
        raise InputError(
            f"a window of {shape[2]} frames does not fit kernels {settings.kernels}",
            where=where,
            expected=f"{field} frames, their receptive field",
            do="choose kernels so that 1 + sum(kernel - 1) is the window, or change the features' window",
        )
