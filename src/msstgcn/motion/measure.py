"""Flow of the regions from some frames and their landmarks: grid, flow method, head-motion model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import lookup
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.head import HEADS, levers
from msstgcn.motion.regions import Region, iod, region_points, region_set
from msstgcn.motion.windows import steps_of
from msstgcn.motion.working import Chunk, Grid, Tracks
from msstgcn.settings import MotionSettings

NOSE_TIP = 30  #: landmark that a window's crop moves along with, where the head-motion model tracks it


def tracked(settings: MotionSettings) -> tuple[Region, ...]:
    """All regions that a flow method follows: those of the features, then those of the head-motion model.

    Raises
    ------
    InputError
        Unknown set of regions or head-motion model.
    """
    return (*region_set(settings.regions), *lookup(HEADS, settings.head, "head-motion model").regions)


def steps_measured(settings: MotionSettings) -> int:
    """Steps of a start that are measured, the one to itself included; each is `stride` frames long."""
    return steps_of(settings.window, settings.pairs)


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
    regions = tracked(settings)
    landmarks = np.asarray(landmarks, dtype=np.float64)
    grid = Grid.over(landmarks[~np.isnan(landmarks[:, 0, 0])], settings.crop)
    points = grid.to_grid(region_points(landmarks[:count], regions))
    centres = grid.to_grid(landmarks[:count, 17:].mean(axis=1))
    tips = [p for p, region in enumerate(regions) if region.landmark == NOSE_TIP]
    true = None if truth is None else grid.to_grid(region_points(truth, regions))
    return Chunk(
        grid.render(greys),
        points,
        centres,
        steps_measured(settings),
        grid,
        tips[0] if tips else None,
        true,
        settings.stride,
        len(lookup(HEADS, settings.head, "head-motion model").regions),
        settings.flow_device,
    )


def follow(chunk: Chunk, settings: MotionSettings) -> Tracks:
    """Follow all regions of a chunk with the flow method of the settings."""
    return lookup(FLOWS, settings.flow, "flow method")(chunk)


def measure(
    chunk: Chunk, landmarks: NDArray[np.floating], settings: MotionSettings, tracks: Tracks | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
    """Measure the regions' motion, without the head's, from each start of a chunk.

    Parameters
    ----------
    chunk : Chunk
    landmarks : ndarray, shape (B, 68, 2)
        Of the windows' first frames, pixels; NaN where there is no usable face.
    settings : MotionSettings
    tracks : Tracks, optional
        What `follow` has found, if it was asked already.

    Returns
    -------
    flow : ndarray of float32, shape (B, steps_measured(settings), R, 2)
        Percent of the inter-ocular distance of the start.
    quality : ndarray of float16, shape (B, steps_measured(settings), R)
    """
    tracks = follow(chunk, settings) if tracks is None else tracks
    head = lookup(HEADS, settings.head, "head-motion model")
    percent, quality, places, _, seen = _in_percent(chunk, landmarks, settings, tracks)
    r = percent.shape[2] - len(head.regions)
    flow = np.zeros((*tracks.moved.shape[:2], r, 2), np.float32)
    flow[seen] = head.correct(
        percent[:, :, :r], percent[:, :, r:], quality[:, :, r:], places[:, :r], places[:, r:]
    )
    return flow, tracks.quality[:, :, :r].astype(np.float16)


def displacement(
    chunk: Chunk, landmarks: NDArray[np.floating], settings: MotionSettings, tracks: Tracks | None = None
) -> NDArray[np.float64]:
    """How far the regions' centres move in the picture, the head's motion included.

    Where the head-motion model knows how much the head turns in the plane and grows, what a patch took of that for
    a shift is taken out.

    Parameters
    ----------
    chunk, landmarks, settings, tracks
        As for `measure`.

    Returns
    -------
    ndarray of float64, shape (B, steps_measured(settings), P, 2)
        Pixels of the picture; of the features' regions, then of the head-motion model's.
    """
    tracks = follow(chunk, settings) if tracks is None else tracks
    head = lookup(HEADS, settings.head, "head-motion model")
    percent, quality, places, response, seen = _in_percent(chunk, landmarks, settings, tracks)
    if head.motion is not None:
        r = percent.shape[2] - len(head.regions)
        turned = head.motion(percent[:, :, r:], quality[:, :, r:], places[:, r:])[..., :2]
        percent = percent - np.einsum("bpij,bkj->bkpi", response, turned)
    moved = np.zeros(tracks.moved.shape)
    moved[seen] = percent * iod(landmarks[seen])[:, None, None, None] / 100
    return moved


def _in_percent(
    chunk: Chunk, landmarks: NDArray[np.floating], settings: MotionSettings, tracks: Tracks
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float32],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.bool_],
]:
    """Displacements in percent of IOD, quality, levers, response in IOD, and which starts these are."""
    landmarks = np.asarray(landmarks, dtype=np.float64)
    seen = ~np.isnan(landmarks[:, 0, 0])
    size = iod(landmarks[seen])[:, None, None] * chunk.grid.scale  # grid pixels
    response = tracks.response[seen] / size[..., None]
    depths = np.array([region.depth for region in tracked(settings)])
    places = levers((chunk.points[seen] - chunk.centres[seen, None]) / size, depths, response)
    percent = 100 * tracks.moved[seen].astype(np.float64) / size[..., None]
    return percent, tracks.quality[seen], places, response, seen
