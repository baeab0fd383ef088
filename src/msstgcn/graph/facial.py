"""The facial graph: ten regions, the eleven edges between them, and its two coarser scales."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from msstgcn.errors import InputError, lookup

if TYPE_CHECKING:
    from torch_geometric.data import Data


@dataclass(frozen=True)
class FacialGraph:
    """An undirected graph over regions of the face.

    Parameters
    ----------
    nodes : tuple of str
        Names of the V nodes, in the order of the feature axis.
    edges : tuple of pairs of int
        Each undirected edge once, as two node numbers.
    weights : tuple of float, optional
        Weight of each edge, above 0; 1 each where left out.

    Raises
    ------
    InputError
        If an edge names a node that does not exist, joins a node with itself, or stands twice, or the weights are
        more or fewer than the edges or not above 0.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.weights and (len(self.weights) != len(self.edges) or min(self.weights) <= 0):
            raise InputError(
                f"{len(self.weights)} weights of {len(self.edges)} edges", expected="one above 0 for each"
            )
        seen: set[frozenset[int]] = set()
        for a, b in self.edges:
            if not (0 <= a < len(self.nodes) and 0 <= b < len(self.nodes)):
                raise InputError(f"edge {a}-{b} names a missing node", expected=f"0 to {len(self.nodes) - 1}")
            if a == b:
                raise InputError(f"edge {a}-{b} is a self loop", expected="two different nodes")
            if frozenset((a, b)) in seen:
                raise InputError(f"edge {a}-{b} stands twice", do="name each undirected edge once")
            seen.add(frozenset((a, b)))

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def edge_index(self) -> Tensor:
        """Both directions of every edge, int64, shape (2, 2E), as PyG wants them."""
        one_way = torch.tensor(self.edges, dtype=torch.int64).reshape(-1, 2)
        return torch.cat([one_way, one_way.flip(1)]).t().contiguous()

    def laplacian(self) -> Tensor:
        r"""Symmetric normalised Laplacian without self loops, float64, shape (V, V).

        :math:`L = I - D^{-1/2} A D^{-1/2}`, as `torch_geometric.utils.get_laplacian` has it. A single node, and any
        that no edge joins, has 1 on the diagonal alone, so mixing over it changes nothing.
        """
        joined = self.adjacency()
        scale = joined.sum(1).pow(-0.5)
        scale[scale.isinf()] = 0
        return torch.eye(len(self), dtype=torch.float64) - scale[:, None] * joined * scale

    def adjacency(self) -> Tensor:
        """Weight of the edge between each two nodes, 0 where there is none: float64, shape (V, V), symmetric."""
        found = torch.zeros(len(self), len(self), dtype=torch.float64)
        for (a, b), weight in zip(self.edges, self.weights or [1.0] * len(self.edges), strict=True):
            found[a, b] = found[b, a] = weight
        return found

    def normalised_adjacency(self) -> Tensor:
        r"""Adjacency with self loops, normalised on both sides: float64, shape (V, V).

        :math:`D^{-1/2} (A + I) D^{-1/2}` with D the degrees of A + I: what a graph convolution usually mixes with
        (Kipf and Welling 2017, `torch_geometric.nn.conv.gcn_conv.gcn_norm`). Where the Laplacian takes the
        difference of a node and its neighbours, this takes a mean over them.
        """
        looped = self.adjacency() + torch.eye(len(self), dtype=torch.float64)
        scale = looped.sum(1).rsqrt()
        return scale[:, None] * looped * scale

    def operator(self, name: str) -> Tensor:
        """Matrix that mixes the nodes, by its name in `OPERATORS`: float64, shape (V, V)."""
        return lookup(OPERATORS, name, "graph operator")(self)

    def data(self) -> Data:
        """Return the graph as a PyG object: ``edge_index``, ``names`` and ``num_nodes``."""
        with warnings.catch_warnings():
            # In a notebook PyG asks for a progress bar that warns where ipywidgets is missing; none is ever shown.
            warnings.filterwarnings("ignore", message="IProgress not found")
            from torch_geometric.data import Data  # a second to load, and training does without
        return Data(edge_index=self.edge_index, num_nodes=len(self), names=list(self.nodes))


#: What mixes the nodes, by name; ``learned`` is trained, from the Laplacian on.
OPERATORS: dict[str, Callable[[FacialGraph], Tensor]] = {
    "laplacian": FacialGraph.laplacian,
    "adjacency": FacialGraph.normalised_adjacency,
    "none": lambda graph: torch.eye(len(graph), dtype=torch.float64),
    "learned": FacialGraph.laplacian,
}


#: Ten regions. Left and right are the picture's, as in the 68-point landmark scheme. The order is part of the
#: method: features, weights and figures all depend on it.
FACE = FacialGraph(
    nodes=(
        "inner brow L",
        "mid brow L",
        "outer brow L",
        "inner brow R",
        "mid brow R",
        "outer brow R",
        "mouth corner L",
        "mouth corner R",
        "upper lip",
        "lower lip",
    ),
    edges=((0, 1), (1, 2), (3, 4), (4, 5), (6, 8), (7, 8), (6, 9), (7, 9), (0, 3), (3, 8), (0, 8)),
)

#: Three parts, each joined to both others.
PARTS = FacialGraph(nodes=("brow L", "brow R", "mouth"), edges=((0, 1), (1, 2), (0, 2)))

#: The whole face as one node.
WHOLE = FacialGraph(nodes=("face",), edges=())

#: Nodes of `FACE` that facial local graph pooling (FLGP) joins into each node of `PARTS`.
PART_GROUPS: tuple[tuple[int, ...], ...] = ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9))

#: Nodes of `PARTS` that FLGP joins into the one node of `WHOLE`.
WHOLE_GROUPS: tuple[tuple[int, ...], ...] = ((0, 1, 2),)
