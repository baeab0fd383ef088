"""One graph layer: every node becomes a fixed mixture of the nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msstgcn.graph import FacialGraph


class GraphMix(nn.Module):
    r"""Mix the nodes with the graph's Laplacian: :math:`y_{n,c,t,w} = \sum_v x_{n,c,t,v} L_{v,w}`.

    The graph is small and never changes, so L is a dense constant: one product with a V x V matrix, equal to
    sparse message passing and faster (chapter 5 measures both).

    Parameters
    ----------
    graph : FacialGraph
        Graph of V nodes.
    """

    operator: Tensor

    def __init__(self, graph: FacialGraph) -> None:
        super().__init__()
        self.register_buffer("operator", graph.laplacian().to(torch.get_default_dtype()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix nodes: (N, C, T, V) to (N, C, T, V)."""
        return x @ self.operator

    def extra_repr(self) -> str:
        """Number of nodes."""
        return f"nodes={self.operator.shape[0]}"
