"""Windows: K frames around each frame of a video, every one measured from the window's own first frame.

The window of frame t is made of the frames t - h s, ..., t - s, t, t + s, ..., t + h s with h = (K - 1) / 2. The
*stride* s is usually 1; with a larger one a window of K frames spans s times as long, as if the camera had
taken every s-th frame only, and there still is a window for every frame. (In the clips of video recognition
this is the temporal stride; Feichtenhofer et al. 2019, SlowFast networks.) Where a window reaches over an end
of the video, the outermost of its own frames that the video does have is repeated, or the window is masked.

Which frames are compared is a setting for studies. With d(a, b) the displacement from frame a to frame b and
f_0 ... f_{K-1} the window's frames, entry k of a window is

==============  ==============================================================  ============
pairs           entry k (entry 0 is always 0)                                   flows a frame
==============  ==============================================================  ============
from-first      d(f_0, f_k): short-term for the near frames, long-term for the  K - 1
                far ones (the paper's)
adjacent-only   d(f_{k-1}, f_k): from each frame to its next                    1
short-only      d(f_0, f_k) for k <= h, the first half; 0 for the others        h
long-only       d(f_0, f_k) for k > h, the second half; 0 for the others        K - 1
==============  ==============================================================  ============

All windows that start at the same frame share a template. So flow is computed once for each *start* a, to a + s,
a + 2 s, ..., and windows only look it up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msstgcn.settings import Pairs


def window_frames(frames: int, window: int, stride: int = 1) -> NDArray[np.int64]:
    """Frame numbers of every window, shape (T, K); frames that the video does not have are replaced.

    Parameters
    ----------
    frames : int
        T, length of the video.
    window : int
        K, odd.
    stride : int
        s, frames from one frame of a window to its next.
    """
    middle, half = np.arange(frames)[:, None], window // 2
    steps = np.arange(-half, half + 1)
    return middle + stride * np.clip(steps, -(middle // stride), (frames - 1 - middle) // stride)


def steps_of(window: int, pairs: Pairs = "from-first") -> int:
    """How many steps of a start the windows look up, the step to itself included.

    Parameters
    ----------
    window : int
        K.
    pairs : str
        See the module's text.
    """
    return {"adjacent-only": 2, "short-only": window // 2 + 1}.get(pairs, window)


def gather(
    starts: NDArray, window: int, stride: int = 1, pairs: Pairs = "from-first", left_out: float = 0.0
) -> NDArray:
    """Flow of every window from the flow of every start.

    Parameters
    ----------
    starts : ndarray, shape (T, steps_of(window, pairs), ...)
        ``starts[a, j]`` belongs to the step from frame a to frame a + j s; entries past the video's end are
        not used.
    window : int
        K.
    stride : int
        s.
    pairs : str
        See the module's text.
    left_out : float
        Value of the entries that `pairs` leaves out.

    Returns
    -------
    ndarray, shape (T, K, ...)
        ``out[t, k]`` is entry k of window t.
    """
    frames = window_frames(len(starts), window, stride)
    if pairs == "adjacent-only":
        before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        return starts[before, (frames - before) // stride]
    steps = (frames - frames[:, :1]) // stride
    out = starts[frames[:, :1], np.minimum(steps, starts.shape[1] - 1)]
    if pairs == "short-only":
        out[:, window // 2 + 1 :] = left_out
    if pairs == "long-only":
        out[:, 1 : window // 2 + 1] = left_out
    return out


def usable(
    tracks: NDArray[np.integer], window: int, stride: int = 1, edges: str = "repeat"
) -> NDArray[np.bool_]:
    """Windows that lie within one unbroken stretch of a followed face.

    Parameters
    ----------
    tracks : ndarray of int, shape (T,)
        Number of the stretch each frame belongs to, -1 where the frame shows no usable face.
    window, stride : int
        K and s.
    edges : str
        ``repeat`` or ``mask``: whether windows that reach over an end of the video can be used.

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    numbers = tracks[window_frames(len(tracks), window, stride)]  # (T, K)
    whole = (numbers >= 0).all(axis=1) & (numbers == numbers[:, :1]).all(axis=1)
    if edges == "mask":
        reach, t = window // 2 * stride, np.arange(len(tracks))
        whole &= (t >= reach) & (t < len(tracks) - reach)
    return np.asarray(whole, dtype=bool)
