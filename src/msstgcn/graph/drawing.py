"""The facial graph drawn on a schematic face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from msstgcn.graph.facial import FACE, PART_GROUPS, PARTS, FacialGraph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Where each node of `FACE` is drawn: x right, y up, in inter-ocular distances from between the eyes.
POSITIONS: tuple[tuple[float, float], ...] = (
    (-0.17, 0.27),
    (-0.36, 0.36),
    (-0.55, 0.27),
    (0.17, 0.27),
    (0.36, 0.36),
    (0.55, 0.27),
    (-0.28, -0.74),
    (0.28, -0.74),
    (0.0, -0.56),
    (0.0, -0.90),
)

#: One colour a group (blue, vermilion, bluish green of Okabe and Ito), told apart with any colour vision.
GROUP_COLOURS: tuple[str, ...] = ("#0072B2", "#D55E00", "#009E73")


def _outline(ax: Axes) -> None:
    from matplotlib.patches import Ellipse

    for x, y, width, height in [(0, -0.25, 1.75, 2.35), (-0.33, 0.06, 0.30, 0.13), (0.33, 0.06, 0.30, 0.13)]:
        ax.add_patch(Ellipse((x, y), width, height, fill=False, edgecolor="0.75", linewidth=1.5, zorder=0))
    ax.plot([0.0, -0.09, 0.09], [-0.05, -0.36, -0.36], color="0.75", linewidth=1.5, zorder=0)


def draw(ax: Axes | None = None, *, labels: bool = True, graph: FacialGraph = FACE) -> Axes:
    """Draw the ten regions, their edges and the three FLGP groups on a schematic face.

    Parameters
    ----------
    ax : Axes, optional
        Where to draw; a new figure when left out.
    labels : bool, default True
        Write each node's number beside it.
    graph : FacialGraph, optional
        Another graph of the ten regions, whose edges are drawn instead; the heavier, the thicker.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    import matplotlib.pyplot as plt  # here, because whoever trains needs no figures

    if ax is None:
        ax = plt.subplots(figsize=(4, 5))[1]
    _outline(ax)
    points = np.array(POSITIONS)
    for (a, b), weight in zip(graph.edges, graph.weights or [0.5] * len(graph.edges), strict=True):
        ax.plot(*points[[a, b]].T, color="0.35", linewidth=3 * weight, zorder=1)
    for name, group, colour in zip(PARTS.nodes, PART_GROUPS, GROUP_COLOURS, strict=True):
        x, y = points[list(group)].T
        ax.scatter(x, y, s=170, color=colour, label=name, zorder=2)
    for number, (x, y) in enumerate(POSITIONS if labels else ()):
        ax.text(x, y, str(number), color="white", ha="center", va="center", fontsize=8, zorder=3)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False)
    return ax
