"""Working pictures: the face at a fixed size, on one pixel grid for all frames of a chunk of windows.

Every window compares its first frame with its later ones, so all of them have to lie on one grid that does
not move. The landmarks would make it move (they tremble by most of a pixel), so the grid is fixed in the
picture: one scale, one origin. A window's crop is then a whole-pixel cut of the grid around the face of its
first frame, and each frame is resampled once instead of once a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.regions import iod

CROP_IOD = 2.2  #: side of the face crop, inter-ocular distances; 192 pixels then hold an IOD of 87


@dataclass(frozen=True)
class Grid:
    """A fixed pixel grid over part of the picture: grid = (picture - origin) * scale.

    Parameters
    ----------
    origin : tuple of float
        (x, y) in the picture of the grid's pixel (0, 0).
    scale : float
        Grid pixels a picture pixel.
    size : tuple of int
        (width, height), grid pixels.
    crop : int
        Side of a window's square face crop, grid pixels.
    """

    origin: tuple[float, float]
    scale: float
    size: tuple[int, int]
    crop: int

    @classmethod
    def over(cls, faces: NDArray[np.floating], crop: int) -> Grid:
        """Lay a grid over all positions of a face.

        Parameters
        ----------
        faces : ndarray, shape (F, 68, 2)
            Landmarks of the frames with a face, picture pixels; F >= 1.
        crop : int
            Side of a window's crop, grid pixels: it holds 2.2 inter-ocular distances.
        """
        scale = crop / (CROP_IOD * float(np.median(iod(faces))))
        centres = faces[:, 17:].mean(axis=1)
        half = 0.65 * crop / scale  # the crop, and something on each side for what moves out of it
        low, high = centres.min(axis=0) - half, centres.max(axis=0) + half
        width, height = (int(np.ceil(side * scale / 2)) * 2 for side in high - low)
        return cls((float(low[0]), float(low[1])), scale, (width, height), crop)

    def to_grid(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Picture pixels to grid pixels, shape (..., 2)."""
        return (np.asarray(points, dtype=np.float64) - self.origin) * self.scale

    def render(self, greys: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """Resample frames, bilinear (after averaging where the face is more than twice too large).

        Parameters
        ----------
        greys : sequence of ndarray of uint8, shape (H, W)

        Returns
        -------
        ndarray of uint8, shape (F, height, width)
            Beyond the picture's edge its edge pixels repeat.
        """
        out = np.empty((len(greys), self.size[1], self.size[0]), np.uint8)
        shrink = max(1, int(0.75 / self.scale))
        step = 1 / (self.scale * shrink)
        x, y = ((edge + 0.5) / shrink - 0.5 for edge in self.origin)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        where = np.array([[step, 0, x], [0, step, y]])
        for image, grey in zip(out, greys, strict=True):
            source: Any = grey
            if shrink > 1:
                h, w = (side // shrink * shrink for side in grey.shape)
                source = cv2.resize(grey[:h, :w], (w // shrink, h // shrink), interpolation=cv2.INTER_AREA)
            cv2.warpAffine(source, where, self.size, dst=image, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return out


class Tracks(NamedTuple):
    """What a flow method finds out about the windows of a chunk.

    Parameters
    ----------
    moved : ndarray of float32, shape (B, K, P, 2)
        Displacement of each region from frame 0 of its window to frame k, grid pixels.
    quality : ndarray of float32, shape (B, K, P)
        How far it can be believed: 1 at best (and where the method measures none), 0 where the region was lost.
    response : ndarray of float32, shape (B, P, 2, 2)
        Displacement in grid pixels, (u, v), that the method sees where a region only grows about its centre by
        the factor 1 + a, and only turns about it by b radians: the columns, for one unit of a and of b. Zero for
        a method that sees none.
    """

    moved: NDArray[np.float32]
    quality: NDArray[np.float32]
    response: NDArray[np.float32]


@dataclass(frozen=True)
class Chunk:
    """Consecutive windows, ready for a flow method.

    Parameters
    ----------
    images : ndarray of uint8, shape (F, height, width)
        Working pictures of the frames ``first .. first + F - 1``.
    points : ndarray of float64, shape (B, P, 2)
        Centres of the P regions in the first frame of each of B windows, grid pixels. Window b starts at
        frame b of `images`. NaN where that frame shows no usable face.
    centres : ndarray of float64, shape (B, 2)
        Centre of each window's face crop, grid pixels.
    window : int
        K, steps that are measured, the one to itself included; a window may end at the last frame of the chunk
        before it is K long.
    grid : Grid
    anchor : int, optional
        Which of the P regions the crop moves along with, where a head-motion model wants that.
    truth : ndarray of float64, shape (F, P, 2), optional
        True centres of the regions in every frame, grid pixels; synthetic videos only.
    stride : int
        Frames a step: window b compares frame b with the frames b + stride, b + 2 stride, ...
    rigid : int
        How many of the regions, the last ones, move with the head alone.
    device : str
        Where a method that uses PyTorch computes: auto, cpu or cuda.
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float64]
    centres: NDArray[np.float64]
    window: int
    grid: Grid
    anchor: int | None = None
    truth: NDArray[np.float64] | None = None
    stride: int = 1
    rigid: int = 0
    device: str = "auto"

    def later(self, start: int) -> range:
        """Frames that a window compares its first one with, as far as the chunk reaches."""
        return range(start, len(self.images), self.stride)[1 : self.window]

    def blank(self) -> Tracks:
        """What a flow method fills: nothing moved, all lost, no response."""
        starts, regions = self.points.shape[:2]
        return Tracks(
            np.zeros((starts, self.window, regions, 2), np.float32),
            np.zeros((starts, self.window, regions), np.float32),
            np.zeros((starts, regions, 2, 2), np.float32),
        )
