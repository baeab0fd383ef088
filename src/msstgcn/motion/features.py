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
    quality : ndarray of float16, shape (T, K, R), optional
        Correlation of each region's patch with its template after the move, 0 where the patch was lost; 1
        where the flow method measures none.
    iod : ndarray of float32, shape (T,), optional
        Inter-ocular distance of each frame, pixels; NaN where it shows no usable face.
    predictor : str
        SHA-256 of the landmark predictor's file; empty where none was used.
    regions : tuple of str
        Names of the R regions, in the order of their axis; empty where nothing is known of them.
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

    def __len__(self) -> int:
        return len(self.flow)
