"""Flow methods: how far each region moved from the first frame of a window to each of its frames.

All of them take a `Chunk` of windows and return displacements (B, K, P, 2) in grid pixels and a quality (B,
K, P).

==========  ===========================================================  ==================================
name        what it does                                                 cost on one core, 17-frame window
==========  ===========================================================  ==================================
farneback   dense polynomial-expansion flow (Farneback 2003) of the      16 dense flows: 80 to 100 ms
            crop, averaged in each region
patch-lk    inverse-compositional Lucas-Kanade on the patches only       .5 to .9 ms
truth       the true displacement, known for synthetic videos            none
==========  ===========================================================  ==================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.motion.patches import patch_lk
from msstgcn.motion.working import CROP_IOD, Chunk, Tracks

#: Farneback's parameters: pyramid scale, levels, averaging window (pixels), iterations, neighbourhood of the
#: polynomial (pixels) and its sigma. The values that the family of the paper uses.
FARNEBACK = (0.5, 3, 15, 3, 5, 1.2)
REGION_IOD = 0.24  #: side of the square over which dense flow is averaged, inter-ocular distances


def region_side(crop: int) -> int:
    """Side of a region's square in grid pixels; odd, so that it has a middle."""
    return int(REGION_IOD * crop / CROP_IOD) // 2 * 2 + 1


def farneback(chunk: Chunk) -> Tracks:
    """Dense flow of the crop (Farneback 2003, as OpenCV has it), averaged in a square around each region.

    The crop of a later frame is moved along with the anchor's displacement in the frame before it, in whole
    pixels, which are added back: a displacement is always one in the picture.

    Returns
    -------
    moved : ndarray of float32, shape (B, K, P, 2)
        Grid pixels.
    quality : ndarray of float32, shape (B, K, P)
        All 1: dense flow says nothing of its own error.
    """
    tracks = chunk.blank()
    moved, quality, _ = tracks
    side, crop = region_side(chunk.grid.crop), chunk.grid.crop
    most = np.array(chunk.grid.size) - crop
    no_flow: Any = None
    for b, centre in enumerate(chunk.centres):
        if np.isnan(centre).any():
            continue
        quality[b] = 1
        corner = np.clip(np.round(centre - crop / 2).astype(int), 0, most)
        template = _cut(chunk.images[b], corner, crop)
        cells = np.clip(np.round(chunk.points[b] - corner).astype(int) - side // 2, 0, crop - side)
        shift = np.zeros(2, int)
        for k, later in enumerate(chunk.later(b), 1):
            if chunk.anchor is not None:
                wanted = np.round(moved[b, k - 1, chunk.anchor]).astype(int)
                shift = np.clip(corner + wanted, 0, most) - corner
            target = _cut(chunk.images[later], corner + shift, crop)
            dense = cv2.calcOpticalFlowFarneback(template, target, no_flow, *FARNEBACK, 0)
            for p, (x, y) in enumerate(cells):
                moved[b, k, p] = dense[y : y + side, x : x + side].mean(axis=(0, 1)) + shift
    return tracks


def _cut(image: NDArray[np.uint8], corner: NDArray[np.int_], side: int) -> NDArray[np.uint8]:
    x, y = corner
    return np.ascontiguousarray(image[y : y + side, x : x + side])


def truth(chunk: Chunk) -> Tracks:
    """True displacement of the regions' centres; what a perfect flow method would measure.

    Raises
    ------
    InputError
        If the video is not synthetic: nobody knows the truth then.
    """
    if chunk.truth is None:
        raise InputError(
            "flow method 'truth' needs a synthetic video",
            expected="a video that knows its true landmarks",
            do="use 'patch-lk' or 'farneback'",
        )
    tracks = chunk.blank()
    moved, quality, _ = tracks
    for b in range(len(moved)):
        if not np.isnan(chunk.points[b]).any():
            ahead = chunk.truth[[b, *chunk.later(b)]]
            moved[b, : len(ahead)] = ahead - ahead[0]
            quality[b] = 1
    return tracks


#: Flow methods by name.
FLOWS: dict[str, Callable[[Chunk], Tracks]] = {"farneback": farneback, "patch-lk": patch_lk, "truth": truth}
