"""One graph layer: every node becomes a mixture of the nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from msstgcn.graph import FacialGraph


class GraphMix(nn.Module):
    r"""Mix the nodes with a matrix of the graph's: :math:`y_{n,c,t,w} = \sum_v x_{n,c,t,v} L_{v,w}`.

    The graph is small, so L is dense: one product with a V x V matrix, equal to sparse message passing and faster
    (chapter 5 measures both). It never changes, unless it is to be learned.

    Parameters
    ----------
    graph : FacialGraph
        Graph of V nodes.
    operator : str, default "laplacian"
        A name in `graph.OPERATORS`. ``learned`` makes L a weight, the others a constant.
    counted : bool, default False
        Whether the graph was counted in the training data: L then belongs to the network's state, as ``counted``,
        since nobody can make it again without that data.
    """

    operator: Tensor
    counted: Tensor | None

    def __init__(self, graph: FacialGraph, operator: str = "laplacian", *, counted: bool = False) -> None:
        super().__init__()
        matrix = graph.operator(operator).to(torch.get_default_dtype())
        self.register_buffer("counted", matrix if counted else None)
        if operator == "learned":
            self.operator = nn.Parameter(matrix)
        else:
            self.register_buffer("operator", matrix, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix nodes: (N, C, T, V) to (N, C, T, V)."""
        return x @ (self.operator if self.counted is None else self.counted)

    def extra_repr(self) -> str:
        """Number of nodes."""
        return f"nodes={self.operator.shape[0]}"
