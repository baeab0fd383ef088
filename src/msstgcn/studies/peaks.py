r"""Peaks of motion: how the optical-flow-feature family spots without learning.

The displacements of all windows are chained to a *path* xi_r(t) of each region. From it comes the *contrast* of frame
t, the difference between the face now and its mean one half span S before and after,

.. math:: \chi_r(t) = \xi_r(t) - \tfrac{1}{2} (\xi_r(t - S) + \xi_r(t + S)).

A drift at steady speed has no contrast, and a movement that comes and goes within 2 S has its peak at the apex. What
counts is the length of chi_r, averaged over the third of the regions where it is largest: the magnitude mu(t). A peak
of it is spotted if it exceeds

.. math:: \bar{\mu} + \phi\,(\max \mu - \bar{\mu}),

with mean and maximum of its own video, and if no higher one lies within 2 S: a movement has echoes one half span before
and after it. The interval around a peak ends where the contrast of the same regions, along
the directions that it has at the peak, has fallen to a part psi of the peak: a movement back counts negative there,
not as more of the same.

The contrast and its threshold are those of feature difference analysis (Moilanen, Zhao and Pietikäinen 2014), there
of texture and here of flow, as in the challenge's baseline (He, Wang, Li and Yap 2020), which looks along a main
direction, too, and takes S from the mean duration. The contrast is smoothed as Savitzky and Golay (1964) do. How an
interval ends is ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures
from msstgcn.motion.windows import window_frames

#: Fractions phi that are tried, rising.
FRACTIONS: tuple[float, ...] = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
#: Levels psi that are tried: the part of its peak at which an interval ends.
LEVELS: tuple[float, ...] = (0.1, 0.2, 0.35, 0.5)
#: From onset to offset a micro-expression lasts at most this long, seconds.
SHORT = 0.5
_ORDER = 2  # of the smoothing polynomial
_SMOOTH = 5  # frames that it is fitted to


def must_start_first(pairs: str, *, where: str = "") -> None:
    """Raise an `InputError` unless windows hold displacements from their first frame, as a path needs."""
    if pairs != "from-first":
        raise InputError(
            f"pairs {pairs!r}",
            where=where,
            expected="'from-first': displacements from a window's first frame",
        )


def positions(video: VideoFeatures) -> NDArray[np.float64]:
    """Chain the windows' displacements to where each region is, from its place in the first frame.

    Every window starts where the one before it ends, so that as few as possible are added. A window without a usable
    face moves nothing.

    Parameters
    ----------
    video : VideoFeatures
        Windows measured from their first frame.

    Returns
    -------
    ndarray of float64, shape (T, R, 2)
        Percent of the inter-ocular distance.

    Raises
    ------
    InputError
        If the windows compare other pairs of frames.
    """
    must_start_first(video.settings.get("pairs", "from-first"), where=video.video)
    stride = video.settings.get("stride", 1)
    frames, window, regions, _ = video.flow.shape
    seen = window_frames(frames, window, stride)  # (T, K)
    reach = window // 2 * stride
    path = np.full((frames, regions, 2), np.nan)
    path[0] = 0
    for middle in [*range(reach, frames - 1, 2 * reach), frames - 1]:
        own = seen[middle]
        first = np.flatnonzero(np.isfinite(path[: own[0] + 1, 0, 0]))[
            -1
        ]  # with a stride, the nearest before it
        steps = np.asarray(video.flow[middle], np.float64) * bool(video.mask[middle])
        new = np.isnan(path[own, 0, 0])
        path[own[new]] = path[first] + steps[new]
    known = np.flatnonzero(np.isfinite(path[:, 0, 0]))
    flat = [np.interp(np.arange(frames), known, column) for column in path[known].reshape(len(known), -1).T]
    return np.stack(flat, 1).reshape(path.shape)


def contrast(path: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """Smoothed contrast of every region with itself before and after.

    Parameters
    ----------
    path : ndarray of float64, shape (T, R, 2)
        As `positions` gives it; beyond its ends the face is held still.
    half : int
        S, frames.

    Returns
    -------
    ndarray of float64, shape (T, R, 2)
        Percent of the inter-ocular distance.
    """
    from scipy.signal import savgol_filter  # here, because it is slow to load and most studies do without

    wide = np.pad(path, ((half, half), (0, 0), (0, 0)), mode="edge")
    apart = path - (wide[: -2 * half] + wide[2 * half :]) / 2
    return savgol_filter(apart, _SMOOTH, _ORDER, axis=0) if len(path) >= _SMOOTH else apart


def magnitude(
    apart: NDArray[np.float64], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Length of the contrast, mean over the third of the regions where it is largest: mu.

    Parameters
    ----------
    apart : ndarray of float64, shape (T, R, 2)
        As `contrast` gives it.
    mask : ndarray of bool, shape (T,)
        Frames with a usable face; at the others the magnitude is 0.

    Returns
    -------
    curve : ndarray of float64, shape (T,)
        Percent of the inter-ocular distance.
    most : ndarray of int64, shape (T, R // 3), at least one column
        Those regions.
    """
    length = np.linalg.norm(apart, axis=2)
    most = np.argsort(-length, axis=1, kind="stable")[:, : max(1, apart.shape[1] // 3)]
    return np.where(mask, np.take_along_axis(length, most, 1).mean(1), 0.0), most


def spot(
    path: NDArray[np.float64], mask: NDArray[np.bool_], half: int, lowest: float, level: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Peaks of the contrast, and the intervals around them.

    Parameters
    ----------
    path : ndarray of float64, shape (T, R, 2)
        As `positions` gives it.
    mask : ndarray of bool, shape (T,)
        Frames with a usable face; the others hold no peak.
    half : int
        S, frames.
    lowest : float
        Fraction phi that a peak must exceed.
    level : float
        Psi, from 0 to below 1.

    Returns
    -------
    frames : ndarray of int64, shape (A, 3)
        Onset, apex and offset.
    score : ndarray of float64, shape (A,)
        The fraction phi at which the peak would be lost.
    """
    from scipy.signal import find_peaks

    apart = contrast(path, half)
    curve, most = magnitude(apart, mask)
    mean, top = curve.mean(), curve.max()
    if top <= mean:
        return np.zeros((0, 3), np.int64), np.zeros(0)
    ended = np.concatenate([[-1.0], curve, [-1.0]])  # an end of the video can be a peak, too
    at = find_peaks(ended, distance=2 * half)[0] - 1
    score = (curve[at] - mean) / (top - mean)
    at, score = at[score > lowest], score[score > lowest]
    frames = np.empty((len(at), 3), np.int64)
    for row, apex in zip(frames, at.tolist(), strict=True):
        along = (apart[:, most[apex]] * apart[apex, most[apex]]).sum((1, 2))
        low = np.flatnonzero(along <= level * along[apex])
        after = int(np.searchsorted(low, apex))
        row[0] = low[after - 1] + 1 if after else 0
        row[1] = apex
        row[2] = low[after] - 1 if after < len(low) else len(path) - 1
    return frames, score
