"""Dense flow: a displacement for every pixel of the face crop, averaged in a square around each region.

The paper's family measures motion so. It is the yardstick here: most of what it computes is thrown away.

The crop of a later frame is moved along with the anchor's displacement in the frame before it, in whole pixels, which
are added back: a displacement is always one in the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.motion.working import CROP_IOD, Chunk, Tracks

#: Farneback's parameters: pyramid scale, levels, averaging window (pixels), iterations, neighbourhood of the
#: polynomial (pixels) and its sigma. The values that the family of the paper uses.
FARNEBACK = (0.5, 3, 15, 3, 5, 1.2)
REGION_IOD = 0.24  #: side of the square over which dense flow is averaged, inter-ocular distances

Picture = NDArray[np.uint8]
#: From one picture (H, W) to another: flow (H, W, 2), pixels.
Dense = Callable[[Picture, Picture], NDArray[np.float32]]


def region_side(crop: int) -> int:
    """Side of a region's square in grid pixels; odd, so that it has a middle."""
    return int(REGION_IOD * crop / CROP_IOD) // 2 * 2 + 1


def farneback(chunk: Chunk) -> Tracks:
    """Polynomial expansion: each neighbourhood is a quadratic, and d is how far the quadratic has moved.

    With I(x) about x^T A x + b^T x + c before and b' after, d = -A^-1 (b' - b) / 2, smoothed over a window,
    coarse to fine (Farneback 2003, as OpenCV has it).

    Returns
    -------
    Tracks
        Quality 1: dense flow says nothing of its own error.
    """
    no_flow: Any = None

    def flow(first: Picture, later: Picture) -> NDArray[np.float32]:
        return np.asarray(
            cv2.calcOpticalFlowFarneback(first, later, no_flow, *FARNEBACK, 0), dtype=np.float32
        )

    return _averaged(chunk, flow)


def dis(chunk: Chunk) -> Tracks:
    """Dense inverse search: overlapping patches are matched as in `patches`, their displacements blended, then refined.

    The refinement minimises brightness and gradient differences plus a smoothness term (Kroeger et al. 2016, as
    OpenCV has it, preset medium).

    Returns
    -------
    Tracks
        Quality 1: dense flow says nothing of its own error.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    no_flow: Any = None

    def flow(first: Picture, later: Picture) -> NDArray[np.float32]:
        return np.asarray(search.calc(first, later, no_flow), dtype=np.float32)

    return _averaged(chunk, flow)


def tvl1(chunk: Chunk) -> Tracks:
    """Total variation: d minimises sum |grad d| + lambda |I(x + d) - T(x)|, which keeps motion edges sharp.

    (Zach, Pock & Bischof 2007, as OpenCV's contributed modules have it, with their parameters.)

    Returns
    -------
    Tracks
        Quality 1: dense flow says nothing of its own error.

    Raises
    ------
    InputError
        If the installed OpenCV comes without the contributed modules, as the one that this project installs does.
    """
    extra: Any = getattr(cv2, "optflow", None)
    if extra is None:
        raise InputError(
            "flow method 'tvl1' is not in the installed OpenCV",
            expected="an OpenCV with the contributed modules (cv2.optflow)",
            do="replace opencv-python-headless by opencv-contrib-python-headless of the same version, "
            "or use 'dis' or 'farneback'",
        )
    search = extra.DualTVL1OpticalFlow_create()

    def flow(first: Picture, later: Picture) -> NDArray[np.float32]:
        return np.asarray(search.calc(first, later, None), dtype=np.float32)

    return _averaged(chunk, flow)


def _averaged(chunk: Chunk, flow: Dense) -> Tracks:
    tracks = chunk.blank()
    side, crop = region_side(chunk.grid.crop), chunk.grid.crop
    most = np.array(chunk.grid.size) - crop
    for b, centre in enumerate(chunk.centres):
        if np.isnan(centre).any():
            continue
        tracks.quality[b] = 1
        corner = np.clip(np.round(centre - crop / 2).astype(int), 0, most)
        template = _cut(chunk.images[b], corner, crop)
        cells = np.clip(np.round(chunk.points[b] - corner).astype(int) - side // 2, 0, crop - side)
        shift = np.zeros(2, int)
        for k, later in enumerate(chunk.later(b), 1):
            if chunk.anchor is not None:
                wanted = np.round(tracks.moved[b, k - 1, chunk.anchor]).astype(int)
                shift = np.clip(corner + wanted, 0, most) - corner
            dense = flow(template, _cut(chunk.images[later], corner + shift, crop))
            for p, (x, y) in enumerate(cells):
                tracks.moved[b, k, p] = dense[y : y + side, x : x + side].mean(axis=(0, 1)) + shift
    return tracks


def _cut(image: Picture, corner: NDArray[np.int_], side: int) -> Picture:
    x, y = corner
    return np.ascontiguousarray(image[y : y + side, x : x + side])
