"""The facial graph at three scales, its Laplacian, its pooling groups, its variants, and its picture."""

from msstgcn.graph.cooccurrence import cooccurrence_graph
from msstgcn.graph.drawing import GROUP_COLOURS, POSITIONS, draw
from msstgcn.graph.facial import FACE, OPERATORS, PART_GROUPS, PARTS, WHOLE, WHOLE_GROUPS, FacialGraph
from msstgcn.graph.scales import EDGES, Scales, random_graph, scales

__all__ = [
    "EDGES",
    "FACE",
    "GROUP_COLOURS",
    "OPERATORS",
    "PARTS",
    "PART_GROUPS",
    "POSITIONS",
    "WHOLE",
    "WHOLE_GROUPS",
    "FacialGraph",
    "Scales",
    "cooccurrence_graph",
    "draw",
    "random_graph",
    "scales",
]
