"""A graph for every set of regions: its edges, and the parts of the face that pooling joins them into.

The ten regions have the method's graph. For the other sets the edges below follow the same plan, and they are our
own: neighbours along a brow, around the mouth, and from the brows over the nose to the upper lip. Whatever the
set, facial local graph pooling makes the same three parts of it, as far as it has regions there: the two upper quarters
of the face, and the nose and mouth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from msstgcn.errors import InputError
from msstgcn.faces.anatomy import mean_landmarks
from msstgcn.graph.facial import FACE, PARTS, FacialGraph
from msstgcn.motion.regions import Region, region_points, region_set
from msstgcn.settings import RegionSettings

_WINGS = ((0, 10), (3, 11), (10, 8), (11, 8), (10, 11))
_LIDS = ((12, 1), (13, 4), (12, 0), (13, 3))
_ENDS = ((14, 2), (15, 0), (16, 3), (17, 5), (15, 16))
_LIPS = ((18, 6), (18, 8), (19, 7), (19, 8), (20, 7), (20, 9), (21, 6), (21, 9))
#: Edges of each named set of regions, by the numbers of its regions.
EDGES: dict[str, tuple[tuple[int, int], ...]] = {
    "6": ((2, 4), (3, 4), (2, 5), (3, 5), (0, 1), (1, 4), (0, 4)),
    "10": FACE.edges,
    "12": FACE.edges + _WINGS,
    "14": FACE.edges + _WINGS + _LIDS,
    "22": FACE.edges + _WINGS + _LIDS + _ENDS + _LIPS,
}

#: Where the upper part of the face ends: below the lower eyelids, IOD below the outer eye corners.
UPPER = 0.15
#: How far from the midline a region must lie to belong to a side, IOD.
BESIDE = 0.03
#: Swaps for each edge of a random graph, and how often another one is drawn where one comes apart.
SWAPS, DRAWS = 10, 100


@dataclass(frozen=True)
class Scales:
    """The graph of a set of regions, and the coarser one above it.

    Parameters
    ----------
    regions : FacialGraph
        One node a region.
    parts : FacialGraph
        One node a part of the face, each joined to all others.
    groups : tuple of tuple of int
        The regions of each part.
    """

    regions: FacialGraph
    parts: FacialGraph
    groups: tuple[tuple[int, ...], ...]


@cache
def scales(chosen: str | tuple[RegionSettings, ...] = "10") -> Scales:
    """Graph and parts of a set of regions.

    Regions of the user's own are all joined within a part, and two parts by their two nearest regions.

    Parameters
    ----------
    chosen : str or tuple of RegionSettings
        As in the setting `regions`.

    Raises
    ------
    InputError
        If there is no set of that name, or it has no graph.
    """
    regions = region_set(chosen)
    groups = _groups(regions)
    named = [name for name, group in zip(PARTS.nodes, groups, strict=True) if group]
    parts = FacialGraph(tuple(named), tuple(combinations(range(len(named)), 2)))
    parts = PARTS if len(named) == len(PARTS) else parts
    there = tuple(group for group in groups if group)
    if isinstance(chosen, str) and chosen not in EDGES:
        raise InputError(f"the set of regions {chosen!r} has no graph", expected="one of " + ", ".join(EDGES))
    edges = EDGES[chosen] if isinstance(chosen, str) else _own_edges(regions, there)
    graph = FACE if chosen == "10" else FacialGraph(tuple(region.name for region in regions), edges)
    return Scales(graph, parts, there)


def random_graph(graph: FacialGraph, seed: int) -> FacialGraph:
    """Another connected graph in which every node has as many edges: pairs of edges swap their ends, seeded.

    The usual null model for the question whether it matters which nodes are joined (Maslov and Sneppen 2002).

    Raises
    ------
    InputError
        If none is found: there are too few edges to swap.
    """
    rng = np.random.default_rng([seed, len(graph)])
    for _ in range(DRAWS):
        edges = _swapped(list(graph.edges), rng)
        if set(map(frozenset, edges)) != set(map(frozenset, graph.edges)) and _connected(len(graph), edges):
            return FacialGraph(graph.nodes, tuple(sorted(edges)))
    raise InputError(
        f"no other graph of {len(graph)} nodes has their numbers of edges",
        expected="more regions",
        do="use graph='facial'",
    )


def _swapped(edges: list[tuple[int, int]], rng: np.random.Generator) -> list[tuple[int, int]]:
    for _ in range(SWAPS * len(edges)):
        if len(edges) < 2:
            break
        i, j = rng.choice(len(edges), 2, replace=False)
        (a, b), (c, d) = edges[i], edges[j]
        if rng.random() < 0.5:
            c, d = d, c
        new = [(min(pair), max(pair)) for pair in ((a, d), (c, b))]
        held = {(min(edge), max(edge)) for edge in edges}
        if a != d and b != c and not held & set(new) and new[0] != new[1]:
            edges[i], edges[j] = new
    return [(min(edge), max(edge)) for edge in edges]


def _connected(nodes: int, edges: Sequence[tuple[int, int]]) -> bool:
    reached = {0}
    for _ in range(nodes):
        reached |= {node for edge in edges if reached & set(edge) for node in edge}
    return len(reached) == nodes


def _groups(regions: Sequence[Region]) -> list[tuple[int, ...]]:
    """Regions of the upper left, the upper right and the lower face of the picture; some may be empty."""
    places = region_points(mean_landmarks(), regions)
    found: tuple[list[int], ...] = ([], [], [])
    for number, (x, y) in enumerate(places):
        upper = y < UPPER and abs(x) >= BESIDE
        found[(0 if x < 0 else 1) if upper else 2].append(number)
    return [tuple(group) for group in found]


def _own_edges(regions: Sequence[Region], groups: Sequence[tuple[int, ...]]) -> tuple[tuple[int, int], ...]:
    places = region_points(mean_landmarks(), regions)
    edges = [pair for group in groups for pair in combinations(group, 2)]
    for one, other in combinations(groups, 2):
        apart = np.linalg.norm(places[list(one), None] - places[None, list(other)], axis=-1)
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        edges.append((one[i], other[j]))
    return tuple(edges)
