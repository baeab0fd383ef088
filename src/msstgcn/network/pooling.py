"""Facial local graph pooling (FLGP): each group of neighbouring nodes becomes one node."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FacialPooling(nn.Module):
    """Maximum over the nodes of each group; channels and time stay as they are.

    Parameters
    ----------
    groups : tuple of tuple of int
        Node numbers of each of the G groups.
    """

    def __init__(self, groups: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.groups = tuple(list(group) for group in groups)

    def forward(self, x: Tensor) -> Tensor:
        """Pool nodes: (N, C, T, V) to (N, C, T, G)."""
        return torch.stack([x[..., group].amax(-1) for group in self.groups], -1)

    def extra_repr(self) -> str:
        """Give the groups."""
        return f"groups={self.groups}"
