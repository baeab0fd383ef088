"""The picture on the book's first page, made from the stored run of a profile.

``python -m msstgcn.runner.overview [PROFILE]`` writes ``book/_static/overview.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from msstgcn import paths
from msstgcn.files import written_whole
from msstgcn.graph import FACE, GROUP_COLOURS, PART_GROUPS
from msstgcn.motion import NODES, region_points
from msstgcn.report import colour, use_style
from msstgcn.runner import stages
from msstgcn.settings import Profile

#: The regions whose motion is shown, with their names.
SHOWN = {0: "inner brow, left", 6: "mouth corner, left"}


def _most_telling(per_video: pd.DataFrame) -> str:
    """The video with expressions of both classes of which most were found; of equals the first by name."""
    there = per_video.assign(n=per_video["tp"] + per_video["fn"]).set_index("video")
    both = there.groupby("video")["n"].min().clip(upper=1)
    return str((there.groupby("video")["tp"].sum() + 100 * both).sort_index().idxmax())


def _draw_face(ax: Axes, frame: np.ndarray, landmarks: np.ndarray) -> None:
    points = region_points(landmarks[None], NODES)[0]
    ax.imshow(frame, cmap="gray", vmin=0, vmax=255)
    for first, second in FACE.edges:
        ax.plot(*points[[first, second]].T, color="white", linewidth=1.6)
    for group, shade in zip(PART_GROUPS, GROUP_COLOURS, strict=True):
        x, y = points[list(group)].T
        ax.scatter(x, y, s=55, color=shade, edgecolor="white", linewidth=1.2, zorder=3)
    centre, size = points.mean(axis=0), np.ptp(points[:, 1])
    ax.set(xlim=centre[0] + np.array([-1.25, 1.25]) * size, ylim=centre[1] + np.array([1.35, -1.15]) * size)
    ax.axis("off")


def _draw_motion(ax: Axes, flow: np.ndarray, seconds: np.ndarray) -> None:
    middle = flow[:, flow.shape[1] // 2, :, 1]  # (T, R): downward motion over half a window
    for (node, name), shade in zip(SHOWN.items(), (GROUP_COLOURS[0], GROUP_COLOURS[2]), strict=True):
        ax.plot(seconds, -middle[:, node], color=shade, label=name, linewidth=1.1)
    ax.set(ylabel="upward motion\n(% of eye distance)", xlim=(0, seconds[-1]))
    ax.tick_params(labelbottom=False)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)


def _draw_bars(ax: Axes, tables: dict[str, pd.DataFrame], fps: float) -> None:
    for row, table in enumerate(tables.values()):
        for event in table.to_dict("records"):
            length = (event["offset"] - event["onset"] + 1) / fps
            ax.barh(-row, length, left=event["onset"] / fps, height=0.6, color=colour(event["class"]))
    ax.set(yticks=[-row for row in range(len(tables))], yticklabels=list(tables), xlabel="time (s)")
    ax.set_ylim(-len(tables) + 0.4, 1.0)
    for place, (label, name) in enumerate({"me": "micro-expression", "mae": "macro-expression"}.items()):
        ax.text(
            0.78 + 0.22 * place, 0.9, name, color=colour(label), transform=ax.transAxes, ha="right", va="top"
        )
    ax.grid(axis="y", visible=False)


def overview(chosen: Profile) -> Figure:
    """Draw a face with its graph, the motion of two regions, and the labelled and the spotted expressions."""
    import matplotlib.pyplot as plt

    use_style()
    run = stages.loso(chosen)
    spotted, true = stages.predictions(run, chosen), stages.truth(chosen)
    name = _most_telling(stages.scores(run, chosen).per_video)
    video = next(video for video in stages.dataset(chosen).videos if video.name == name)
    features = next(one for one in stages.features(chosen) if one.video == name)
    seconds = np.arange(len(video)) / video.fps
    figure = plt.figure(figsize=(10, 3.9))
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 2.4], height_ratios=[2, 1.1])
    landmarks = video.landmarks()  # type: ignore[attr-defined]  # the profiles' videos are synthetic
    _draw_face(figure.add_subplot(grid[:, 0]), video.frame(0), landmarks[0])
    top = figure.add_subplot(grid[0, 1])
    _draw_motion(top, features.flow, seconds)
    tables = {"labelled": true[true["video"] == name], "spotted": spotted[spotted["video"] == name]}
    _draw_bars(figure.add_subplot(grid[1, 1], sharex=top), tables, video.fps)
    return figure


def main(arguments: list[str]) -> Path:
    """Write the picture from the stored run of a profile (``cpu`` if none is named)."""
    target = paths.project_root() / "book" / "_static" / "overview.png"
    figure = overview(stages.profile(arguments[0] if arguments else "cpu"))
    with written_whole(target) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
    return target


if __name__ == "__main__":
    print(main(sys.argv[1:]))
