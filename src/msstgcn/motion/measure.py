"""Flow of the ten nodes from some frames and their landmarks: grid, flow method, head-motion model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import lookup
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.head import HEADS
from msstgcn.motion.regions import NODES, iod, region_points
from msstgcn.motion.working import Chunk, Grid
from msstgcn.settings import MotionSettings

NOSE_TIP = 30  #: landmark that a window's crop moves along with, where the head-motion model tracks it


def make_chunk(
    greys: Sequence[NDArray[np.uint8]],
    landmarks: NDArray[np.floating],
    count: int,
    settings: MotionSettings,
    truth: NDArray[np.floating] | None = None,
) -> Chunk:
    """Lay one grid over some frames and prepare the windows that start in the first `count` of them.

    Parameters
    ----------
    greys : sequence of ndarray of uint8, shape (H, W), length F
    landmarks : ndarray, shape (F, 68, 2)
        Pixels; NaN where a frame shows no usable face. At least one frame shows one.
    count : int
        B, windows.
    settings : MotionSettings
    truth : ndarray, shape (F, 68, 2), optional
        True landmarks, pixels.
    """
    regions = (*NODES, *lookup(HEADS, settings.head, "head-motion model").regions)
    landmarks = np.asarray(landmarks, dtype=np.float64)
    grid = Grid.over(landmarks[~np.isnan(landmarks[:, 0, 0])], settings.crop)
    points = grid.to_grid(region_points(landmarks[:count], regions))
    centres = grid.to_grid(landmarks[:count, 17:].mean(axis=1))
    tips = [p for p, region in enumerate(regions) if region.landmark == NOSE_TIP]
    true = None if truth is None else grid.to_grid(region_points(truth, regions))
    return Chunk(grid.render(greys), points, centres, settings.window, grid, tips[0] if tips else None, true)


def measure(
    chunk: Chunk, landmarks: NDArray[np.floating], settings: MotionSettings
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Measure the nodes' motion, without the head's, in each window of a chunk.

    Parameters
    ----------
    chunk : Chunk
    landmarks : ndarray, shape (B, 68, 2)
        Of the windows' first frames, pixels; NaN where there is no usable face.

    Returns
    -------
    flow : ndarray of float32, shape (B, K, 10, 2)
        Percent of the inter-ocular distance of the window's first frame.
    quality : ndarray of float16, shape (B, K, 10)
    """
    head = lookup(HEADS, settings.head, "head-motion model")
    regions = (*NODES, *head.regions)
    landmarks = np.asarray(landmarks, dtype=np.float64)
    moved, quality = lookup(FLOWS, settings.flow, "flow method")(chunk)
    seen, r = ~np.isnan(landmarks[:, 0, 0]), len(NODES)
    size = iod(landmarks[seen])[:, None, None] * chunk.grid.scale  # grid pixels
    depth = np.broadcast_to([region.depth for region in regions], (len(size), len(regions)))
    places = np.concatenate(
        [(chunk.points[seen] - chunk.centres[seen, None]) / size, depth[..., None]], axis=-1
    )
    percent = 100 * moved[seen].astype(np.float64) / size[..., None]
    flow = np.zeros((*moved.shape[:2], r, 2), np.float32)
    flow[seen] = head.correct(
        percent[:, :, :r], percent[:, :, r:], quality[seen, :, r:], places[:, :r], places[:, r:]
    )
    return flow, quality[:, :, :r].astype(np.float16)
