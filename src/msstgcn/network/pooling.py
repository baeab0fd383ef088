"""Facial local graph pooling (FLGP): each group of neighbouring nodes becomes one node."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from msstgcn.errors import lookup

#: Ways to make one node of several, by name: of a tensor, along an axis.
POOLINGS: dict[str, Callable[[Tensor, int], Tensor]] = {"max": torch.amax, "mean": torch.mean}


class FacialPooling(nn.Module):
    """Maximum (or mean) over the nodes of each group; channels and time stay as they are.

    Parameters
    ----------
    groups : tuple of tuple of int
        Node numbers of each of the G groups.
    how : str, default "max"
        ``max`` or ``mean``.
    """

    def __init__(self, groups: tuple[tuple[int, ...], ...], how: str = "max") -> None:
        super().__init__()
        self.groups, self.how = groups, how
        self._pool = lookup(POOLINGS, how, "pooling")
        # Slices are views where lists of node numbers are copies, and the method's groups are neighbours.
        self._picks = tuple(
            slice(group[0], group[-1] + 1) if group == tuple(range(group[0], group[-1] + 1)) else list(group)
            for group in groups
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool nodes: (N, C, T, V) to (N, C, T, G)."""
        return torch.stack([self._pool(x[..., pick], -1) for pick in self._picks], -1)

    def extra_repr(self) -> str:
        """Give the groups, and how they are pooled."""
        return f"groups={self.groups}, how={self.how}"
