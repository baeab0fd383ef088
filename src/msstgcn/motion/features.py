"""What the motion stage hands on: one video's features, with what learning needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msstgcn.timeline import Expression


@dataclass(frozen=True)
class VideoFeatures:
    """Motion of the regions of one video.

    Parameters
    ----------
    video, subject : str
        Names.
    fps : float
        Frames a second.
    flow : ndarray of float32, shape (T, K, R, 2)
        Displacement of region r from the first frame of window t to its frame k, in percent of the
        inter-ocular distance; u to the right, v down.
    mask : ndarray of bool, shape (T,)
        True where every frame of the window shows a usable face.
    expressions : tuple of Expression
        The labels, empty where none are known.
    """

    video: str
    subject: str
    fps: float
    flow: NDArray[np.float32]
    mask: NDArray[np.bool_]
    expressions: tuple[Expression, ...]
