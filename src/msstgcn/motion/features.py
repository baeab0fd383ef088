"""What the motion stage hands on: one video's features, with what learning needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Finding
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
        inter-ocular distance; u to the right, v down. The values are those of half precision (see `store`);
        mapped from a file they are float16.
    mask : ndarray of bool, shape (T,)
        True where every frame of the window shows a usable face, and all of them the same one.
    expressions : tuple of Expression
        The labels, empty where none are known.
    quality : ndarray of float16, shape (T, K, R), optional
        Correlation of each region's patch with its template after the move, 0 where the patch was lost; 1
        where the flow method measures none.
    iod : ndarray of float32, shape (T,), optional
        Inter-ocular distance of each frame, pixels; NaN where it shows no usable face.
    predictor : str
        SHA-256 of the landmark predictor's file; empty where none was used.
    regions : tuple of str, length R
        Names of the regions, in the order of their axis; empty where none are known.
    settings : dict
        Names and values of the `MotionSettings` they were made with; empty where none are known.
    notes : tuple of Finding
        What was odd about the video and what was made of it: frames without a face or that cannot be read, cuts,
        other faces, repeated frames, uneven times.
    """

    video: str
    subject: str
    fps: float
    flow: NDArray[np.float32]
    mask: NDArray[np.bool_]
    expressions: tuple[Expression, ...]
    quality: NDArray[np.float16] | None = None
    iod: NDArray[np.float32] | None = None
    predictor: str = ""
    regions: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.flow)
