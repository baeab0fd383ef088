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
        self.groups = groups
        # Slices are views where lists of node numbers are copies, and the method's groups are neighbours.
        self._picks = tuple(
            slice(group[0], group[-1] + 1) if group == tuple(range(group[0], group[-1] + 1)) else list(group)
            for group in groups
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool nodes: (N, C, T, V) to (N, C, T, G)."""
        return torch.stack([x[..., pick].amax(-1) for pick in self._picks], -1)

    def extra_repr(self) -> str:
        """Give the groups."""
        return f"groups={self.groups}"
