"""Edges from annotations: which regions are moved by the same expressions.

Action units are coded for each expression, and each moves some places of the face. Two regions that are often moved
together get a heavy edge. The weights are counts of labels, so they must come from the *training* subjects alone;
counted over everybody they carry something of the test subject into the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from msstgcn.errors import InputError
from msstgcn.graph.facial import FacialGraph
from msstgcn.motion.regions import Region
from msstgcn.timeline import Expression

#: Places of the face by the landmarks of the picture's left half and the midline (68-point scheme).
PLACES: dict[str, tuple[int, ...]] = {
    "inner brow": (20, 21),
    "mid brow": (19,),
    "outer brow": (17, 18),
    "eyelids": (36, 37, 38, 39, 40, 41),
    "nose": (27, 28, 29, 30, 31, 32, 33),
    "mouth corner": (48, 60),
    "upper lip": (49, 50, 51, 61, 62),
    "lower lip": (57, 58, 59, 66, 67),
    "chin": (5, 6, 7, 8),
}
#: Places that an action unit moves most: our reading of the appearance changes in the Facial Action Coding System
#: (Ekman, Friesen and Hager, 2002). A unit that is not here moves none of them.
MOVES: dict[str, tuple[str, ...]] = {
    "1": ("inner brow",),
    "2": ("mid brow", "outer brow"),
    "4": ("inner brow", "mid brow"),
    **dict.fromkeys(("5", "6", "7", "43", "45", "46"), ("eyelids",)),
    "9": ("inner brow", "nose", "upper lip"),
    "10": ("nose", "upper lip"),
    "11": ("upper lip",),
    **dict.fromkeys(("12", "13", "14", "15", "20"), ("mouth corner",)),
    "16": ("lower lip",),
    "17": ("chin", "lower lip"),
    **dict.fromkeys(("18", "23"), ("mouth corner", "upper lip", "lower lip")),
    **dict.fromkeys(("22", "24", "25", "28"), ("upper lip", "lower lip")),
    **dict.fromkeys(("26", "27"), ("chin", "lower lip")),
    **dict.fromkeys(("38", "39"), ("nose",)),
}
#: The landmark that mirrors each one of the 68.
MIRROR: tuple[int, ...] = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
)  # fmt: skip


def moved(units: Iterable[str], regions: Sequence[Region]) -> frozenset[int]:
    """Numbers of the regions that some action units move.

    Parameters
    ----------
    units : iterable of str
        FACS codes as an `Expression` carries them: L and R are the person's own sides, so R is the picture's left.
    regions : sequence of Region
        A region is taken to lie where its landmark does.
    """
    landmarks: set[int] = set()
    for unit in units:
        side, number = found.groups() if (found := re.fullmatch(r"([LR]?)(\d+)", unit)) else ("", "")
        left = {mark for place in MOVES.get(number, ()) for mark in PLACES[place]}
        landmarks |= left if side != "L" else set()
        landmarks |= {MIRROR[mark] for mark in left} if side != "R" else set()
    return frozenset(number for number, region in enumerate(regions) if region.landmark in landmarks)


def cooccurrence_graph(expressions: Iterable[Expression], regions: Sequence[Region]) -> FacialGraph:
    r"""Graph whose edges weigh how often two regions are moved together.

    With n(i) the expressions that move region i and n(i, j) those that move both, the weight is
    :math:`n(i, j) / (n(i) + n(j) - n(i, j))` (Jaccard): 1 where they are never moved apart; no edge where it is 0.

    Parameters
    ----------
    expressions : iterable of Expression
        Of the training subjects.
    regions : sequence of Region

    Raises
    ------
    InputError
        If no expression names action units that move two of the regions.
    """
    shown = [moved(one.action_units, regions) for one in expressions]
    weights = {}
    for i, j in combinations(range(len(regions)), 2):
        both = sum(i in one and j in one for one in shown)
        if both:
            weights[i, j] = both / sum(i in one or j in one for one in shown)
    if not weights:
        raise InputError(
            "no expression to train on names action units that move two of the regions",
            expected="action units in the annotations",
            do="use graph='facial'",
        )
    return FacialGraph(tuple(region.name for region in regions), tuple(weights), tuple(weights.values()))
