"""Windows: K frames centred on each frame of a video, every one measured from its own first frame.

The window of frame t is t - h ... t + h with h = (K - 1) / 2; beyond the ends of the video its first or
last frame is repeated. As all windows that start at the same frame share a template, flow is computed once
for each *start* s, to s + 1 ... s + K - 1, and windows only look it up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def window_frames(frames: int, window: int) -> NDArray[np.int64]:
    """Frame numbers of every window, shape (T, K), with the edge frames repeated.

    Parameters
    ----------
    frames : int
        T, length of the video.
    window : int
        K, odd.
    """
    half = window // 2
    return np.clip(np.arange(frames)[:, None] + np.arange(-half, half + 1), 0, max(frames - 1, 0))


def gather(starts: NDArray, window: int) -> NDArray:
    """Flow of every window from the flow of every start.

    Parameters
    ----------
    starts : ndarray, shape (T, K, ...)
        ``starts[s, j]`` belongs to the step from frame s to frame s + j; entries past the video's end are
        not used.
    window : int
        K.

    Returns
    -------
    ndarray, shape (T, K, ...)
        ``out[t, k]`` belongs to the step from the first to the k-th frame of window t.
    """
    frames = window_frames(len(starts), window)
    first = frames[:, :1]
    return starts[first, frames - first]


def usable(tracks: NDArray[np.integer], window: int) -> NDArray[np.bool_]:
    """Windows that lie within one unbroken stretch of a followed face.

    Parameters
    ----------
    tracks : ndarray of int, shape (T,)
        Number of the stretch each frame belongs to, -1 where the frame shows no usable face.

    Returns
    -------
    ndarray of bool, shape (T,)
    """
    numbers = tracks[window_frames(len(tracks), window)]  # (T, K)
    return (numbers >= 0).all(axis=1) & (numbers == numbers[:, :1]).all(axis=1)
