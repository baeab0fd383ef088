"""When the frames of a synthetic video are taken: at the rate of the data set it mirrors, or at another one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

#: Rounding error of a time that falls on a frame, frames.
_ON_FRAME = 1e-6


@dataclass(frozen=True)
class Clock:
    """Everything is drawn on the frames of the preset's data set, and looked at whenever a frame is taken.

    So the same things happen at the same seconds whatever the rate.

    Parameters
    ----------
    drawn : int
        Length of the video, frames at `drawn_fps`.
    drawn_fps : float
        Frames a second of the preset's data set.
    fps : float
        Frames a second of the camera.
    """

    drawn: int
    drawn_fps: float
    fps: float

    @property
    def seconds(self) -> float:
        """Length of the video."""
        return self.drawn / self.drawn_fps

    @property
    def frames(self) -> int:
        """Frames that are taken before the video ends."""
        return math.ceil(self.drawn * self.fps / self.drawn_fps - _ON_FRAME)

    @property
    def times(self) -> Array:
        """Seconds at which the frames are taken, shape (T,)."""
        return np.asarray(np.arange(self.frames) / self.fps, dtype=np.float64)

    @property
    def ticks(self) -> Array:
        """The same in frames of the preset's data set."""
        return np.asarray(np.arange(self.frames) * (self.drawn_fps / self.fps), dtype=np.float64)

    def first(self, tick: int) -> int:
        """First frame that is taken at a frame of the preset's data set or later."""
        return max(0, math.ceil(tick * self.fps / self.drawn_fps - _ON_FRAME))

    def last(self, tick: int) -> int:
        """Last frame that is taken at a frame of the preset's data set or before."""
        return min(self.frames - 1, math.floor(tick * self.fps / self.drawn_fps + _ON_FRAME))

    def resampled(self, values: Array) -> Array:
        """Values at the frames of the preset's data set, shape (`drawn`, ...), as they are when frames are taken.

        In between they run along a natural cubic spline: a head does not move in corners.
        """
        if self.fps == self.drawn_fps:
            return values
        return np.asarray(CubicSpline(np.arange(len(values)), values, bc_type="natural")(self.ticks))
