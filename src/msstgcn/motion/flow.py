"""Flow methods: how far each region moved from the first frame of a window to each of its frames.

All of them take a `Chunk` of windows and return `Tracks`: displacements in grid pixels, u to the right and v
down, and how far each can be believed. Costs are for a window of 17 frames, 20 regions and a crop of 192
pixels, on one core; ``msstgcn bench motion`` measures them.

==============  ==========================================================================  ==================
name            what it does                                                                cost of a window
==============  ==========================================================================  ==================
patch-lk        inverse-compositional Lucas-Kanade on the patches only (`patches`)          .4 to .9 ms
patch-lk-torch  the same, all windows and patches at once (`patches_torch`); for GPUs       twenty times that
farneback       dense polynomial expansion (Farneback 2003), the paper's family (`dense`)   80 to 100 ms
dis             dense inverse search (Kroeger et al. 2016)                                  25 to 60 ms
tvl1            dense total variation (Zach et al. 2007); not in every OpenCV               seconds
truth           the true displacement, known for synthetic videos                           none
==============  ==========================================================================  ==================
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from msstgcn.errors import InputError
from msstgcn.motion.dense import dis, farneback, tvl1
from msstgcn.motion.patches import patch_lk
from msstgcn.motion.working import Chunk, Tracks
from msstgcn.settings import MotionSettings


def patch_lk_torch(chunk: Chunk) -> Tracks:
    """Direct patch flow on the device that the chunk names; see `patches_torch`."""
    from msstgcn.motion.patches_torch import patch_lk_torch  # PyTorch takes seconds to load

    return patch_lk_torch(chunk)


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
    for b in range(len(tracks.moved)):
        if not np.isnan(chunk.points[b]).any():
            ahead = chunk.truth[[b, *chunk.later(b)]]
            tracks.moved[b, : len(ahead)] = ahead - ahead[0]
            tracks.quality[b] = 1
    return tracks


#: Flow methods by name.
FLOWS: dict[str, Callable[[Chunk], Tracks]] = {
    "patch-lk": patch_lk,
    "patch-lk-torch": patch_lk_torch,
    "farneback": farneback,
    "dis": dis,
    "tvl1": tvl1,
    "truth": truth,
}

STARTS = 64  #: windows measured together


def starts_at_once(settings: MotionSettings) -> int:
    """How many windows to measure together: `STARTS`, and more where that keeps a GPU busy."""
    if settings.flow != "patch-lk-torch":
        return STARTS
    from msstgcn.devices import device
    from msstgcn.motion.patches_torch import BATCH

    return BATCH if device(settings.flow_device).type == "cuda" else STARTS
