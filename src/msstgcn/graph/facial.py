"""The facial graph: ten regions, the eleven edges between them, and its two coarser scales."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from msstgcn.errors import InputError

with warnings.catch_warnings():
    # In a notebook PyG asks for a progress bar that warns where ipywidgets is missing; none is ever shown.
    warnings.filterwarnings("ignore", message="IProgress not found")
    from torch_geometric.data import Data
    from torch_geometric.utils import get_laplacian, to_dense_adj


@dataclass(frozen=True)
class FacialGraph:
    """An undirected graph over regions of the face.

    Parameters
    ----------
    nodes : tuple of str
        Names of the V nodes, in the order of the feature axis.
    edges : tuple of pairs of int
        Each undirected edge once, as two node numbers.

    Raises
    ------
    InputError
        If an edge names a node that does not exist, joins a node with itself, or stands twice.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
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

        :math:`L = I - D^{-1/2} A D^{-1/2}`, from `torch_geometric.utils.get_laplacian`. A single node has
        L = [1], so mixing over it changes nothing.
        """
        index, weight = get_laplacian(
            self.edge_index, normalization="sym", dtype=torch.float64, num_nodes=len(self)
        )
        return to_dense_adj(index, edge_attr=weight, max_num_nodes=len(self))[0]

    def data(self) -> Data:
        """Return the graph as a PyG object: ``edge_index``, ``names`` and ``num_nodes``."""
        return Data(edge_index=self.edge_index, num_nodes=len(self), names=list(self.nodes))


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
