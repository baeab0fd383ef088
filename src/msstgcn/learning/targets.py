"""What the network should say about each frame of a labelled video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.timeline import CLASSES, Expression

#: Labels of the boundary target, in the order of the network's outputs.
ONSET, OFFSET, NONE = 0, 1, 2
#: Labels of the contrast target.
NEUTRAL, MACRO, MICRO = 0, 1, 2
#: Frames to each side of a boundary or an apex that still count as it, for ME and MaE (method, targets).
REACH: tuple[int, int] = (1, 3)
#: Standard deviation of the apex score, frames.
APEX_SIGMA = 4.0


@dataclass(frozen=True)
class Targets:
    """Targets of one video of T frames; the last axis is ME, MaE.

    Parameters
    ----------
    boundary : ndarray of int64, shape (T, 2)
        0 onset, 1 offset, 2 none.
    apex : ndarray of float32, shape (T, 2)
        Closeness to an apex, from 0 to 1.
    action : ndarray of float32, shape (T, 2)
        1 inside an expression, else 0.
    contrast : ndarray of int64, shape (T,)
        0 neutral, 1 inside a macro-expression, 2 inside a micro-expression only.
    """

    boundary: NDArray[np.int64]
    apex: NDArray[np.float32]
    action: NDArray[np.float32]
    contrast: NDArray[np.int64]

    def rolled(self, frames: int) -> Targets:
        """Return the targets moved on by so many frames; what leaves at the end comes in at the start."""
        return Targets(
            np.roll(self.boundary, frames, 0),
            np.roll(self.apex, frames, 0),
            np.roll(self.action, frames, 0),
            np.roll(self.contrast, frames, 0),
        )


def targets(expressions: Sequence[Expression], length: int, *, where: str = "") -> Targets:
    """Make the targets of a video.

    A frame is *onset* or *offset* within one frame of it for a micro-expression, three for a macro-expression;
    offsets are written last. The apex score is exp(-d^2 / (2 * 4^2)) at distance d, over the same reach, and 0
    beyond. Where expressions of both classes overlap, the contrast label is that of the macro-expression.

    Parameters
    ----------
    expressions : sequence of Expression
        Labels, in any order.
    length : int
        Frames T of the video.
    where : str, optional
        Name of the video, for messages.

    Returns
    -------
    Targets

    Raises
    ------
    InputError
        If an expression ends behind the last frame.
    """
    boundary = np.full((length, 2), NONE, dtype=np.int64)
    apex, action = np.zeros((length, 2), np.float32), np.zeros((length, 2), np.float32)
    frame = np.arange(length)
    for number, (label, reach) in enumerate(zip(CLASSES, REACH, strict=True)):
        own = [e for e in expressions if e.label == label]
        for e in own:
            if e.offset >= length:
                raise InputError(
                    f"an expression ends at frame {e.offset}", where=where, expected=f"at most {length - 1}"
                )
            action[e.onset : e.offset + 1, number] = 1
        for mark, places in ((ONSET, [e.onset for e in own]), (OFFSET, [e.offset for e in own])):
            boundary[_distance(frame, places) <= reach, number] = mark
        distance = _distance(frame, [e.apex for e in own])
        score = np.exp(-(distance**2) / (2 * APEX_SIGMA**2))
        apex[:, number] = np.where(distance <= reach, score, 0)
    contrast = np.where(action[:, 1] > 0, MACRO, np.where(action[:, 0] > 0, MICRO, NEUTRAL))
    return Targets(boundary, apex, action, contrast)


def _distance(frame: NDArray[np.int64], places: Sequence[int]) -> NDArray[np.float64]:
    """Frames to the nearest of the places; infinite where there is none."""
    distance = np.abs(frame[:, None] - np.asarray(places, dtype=np.float64)[None, :])
    return np.asarray(distance.min(1, initial=np.inf))
