"""Looking at motion: regions on a face, dense flow as arrows. Every function draws on a matplotlib ``Axes``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.dense import FARNEBACK
from msstgcn.motion.detector import predictor_path
from msstgcn.motion.extract import as_grey
from msstgcn.motion.patches import FINE
from msstgcn.motion.regions import NODES, Region, iod, region_points
from msstgcn.motion.tracker import FaceTracker
from msstgcn.motion.working import CROP_IOD, Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def follow(
    frames: Iterable[NDArray[np.uint8]], *, detect_every: int = 8, predictor: str | Path | None = None
) -> tuple[list[NDArray[np.uint8]], NDArray[np.float32]]:
    """Find the face in some successive frames.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, (H, W) or (H, W, 3)
    detect_every : int
        Frames between two looks of the detector.
    predictor : str or Path, optional
        See `predictor_path`.

    Returns
    -------
    greys : list of ndarray of uint8, (H, W)
    landmarks : ndarray of float32, shape (F, 68, 2)
        Pixels; NaN where a frame shows no usable face.
    """
    tracker = FaceTracker(predictor_path(predictor), detect_every)
    greys = [as_grey(frame) for frame in frames]
    faces = [tracker.step(grey) for grey in greys]
    none = np.full((68, 2), np.nan, np.float32)
    return greys, np.array([none if face is None else face.landmarks for face in faces])


def crop_pair(
    greys: Sequence[NDArray[np.uint8]], landmarks: NDArray[np.floating], crop: int = 192
) -> tuple[list[NDArray[np.uint8]], Grid]:
    """Cut the face out of some frames, all at the place it has in the first one.

    Returns
    -------
    pictures : list of ndarray of uint8, (crop, crop)
    grid : Grid
        Turns picture pixels of the frame into those of the crops.
    """
    first = np.asarray(landmarks[0], dtype=np.float64)
    scale = crop / (CROP_IOD * float(iod(first)))
    x, y = first[17:].mean(axis=0) - crop / 2 / scale
    grid = Grid((float(x), float(y)), scale, (crop, crop), crop)
    return list(grid.render(greys)), grid


def dense_flow(first: NDArray[np.uint8], later: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Farneback's dense flow from one grey picture to another, shape (H, W, 2), pixels."""
    no_flow: Any = None
    return np.asarray(cv2.calcOpticalFlowFarneback(first, later, no_flow, *FARNEBACK, 0), dtype=np.float32)


def draw_face(ax: Axes, picture: NDArray[np.uint8], landmarks: NDArray[np.floating] | None = None) -> None:
    """Show a grey picture without axes, with the 68 landmarks if given, shape (68, 2) in its pixels."""
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
    ax.set_axis_off()
    if landmarks is not None:
        ax.plot(landmarks[:, 0], landmarks[:, 1], ".", markersize=3, color="#56B4E9")


def draw_regions(
    ax: Axes,
    landmarks: NDArray[np.floating],
    regions: Sequence[Region] = NODES,
    *,
    colour: str = "#E69F00",
    numbered: bool = True,
) -> None:
    """Draw regions on a face as circles of two sigmas of their patch's weight.

    Parameters
    ----------
    landmarks : ndarray, shape (68, 2)
        In the pixels of the picture that `ax` shows.
    regions : sequence of Region
    numbered : bool
        Write each region's number beside it.
    """
    from matplotlib.patches import Circle

    radius = 2 * FINE[1] * CROP_IOD / 192 * float(iod(landmarks))
    for number, (x, y) in enumerate(region_points(landmarks, regions)):
        ax.add_patch(Circle((x, y), radius, fill=False, color=colour, linewidth=1.2))
        if numbered:
            ax.text(x, y, str(number), color="white", ha="center", va="center", fontsize=8, fontweight="bold")


def draw_flow(
    ax: Axes, flow: NDArray[np.floating], *, step: int = 8, scale: float = 6.0, colour: str = "#E69F00"
) -> None:
    """Draw dense flow (H, W, 2) as an arrow every `step` pixels, `scale` times as long as it is."""
    y, x = np.mgrid[step // 2 : flow.shape[0] : step, step // 2 : flow.shape[1] : step]
    u, v = np.moveaxis(flow[y, x] * scale, -1, 0)
    ax.quiver(x, y, u, v, angles="xy", scale_units="xy", scale=1, color=colour, width=0.003)
