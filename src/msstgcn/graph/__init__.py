"""The facial graph at three scales, its Laplacian, its pooling groups, and its picture."""

from msstgcn.graph.drawing import GROUP_COLOURS, POSITIONS, draw
from msstgcn.graph.facial import FACE, PART_GROUPS, PARTS, WHOLE, WHOLE_GROUPS, FacialGraph

__all__ = [
    "FACE",
    "GROUP_COLOURS",
    "PARTS",
    "PART_GROUPS",
    "POSITIONS",
    "WHOLE",
    "WHOLE_GROUPS",
    "FacialGraph",
    "draw",
]
