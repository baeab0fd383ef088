"""From ten probabilities a frame to spotted intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting.overlap import above
from msstgcn.timeline import CLASSES, overlaps

#: Columns of a table of spotted intervals.
SPOTTED_COLUMNS: tuple[str, ...] = ("video", "class", "onset", "apex", "offset", "score")

Frames = NDArray[np.int64]
Scores = NDArray[np.float64]


def _best(probability: Scores, apex: Frames, steps: Frames) -> tuple[Frames, NDArray[np.bool_]]:
    """For each apex the frame among ``apex + steps`` with the largest probability, and whether there is one.

    Frames outside the video do not count; of equals the one nearest to the apex wins.
    """
    frame = apex[:, None] + steps[None, :]  # (A, steps), nearest first
    inside = (frame >= 0) & (frame < len(probability))
    value = np.where(inside, probability[frame.clip(0, len(probability) - 1)], -1.0)
    best = frame[np.arange(len(apex)), value.argmax(1)]
    return best.clip(0, len(probability) - 1), np.asarray(inside.any(1))


def candidates(
    onset: Scores, offset: Scores, apex: Scores, *, threshold: float, near: int, far: int
) -> tuple[NDArray[np.int64], Scores]:
    """Every interval of one class that the probabilities propose, before any is suppressed.

    Each frame whose apex probability is above the threshold looks for its onset `near` to `far` frames before
    and its offset as far after. The pair stays if onset beats offset at the onset, and offset beats onset
    at the offset.

    Parameters
    ----------
    onset, offset, apex : ndarray of float64, shape (T,)
        Probabilities of each frame.
    threshold : float
        Apex probability to be exceeded.
    near, far : int
        Frames.

    Returns
    -------
    frames : ndarray of int64, shape (A, 3)
        Onset, apex, offset.
    score : ndarray of float64, shape (A,)
        Product of the probabilities of onset, apex and offset at those frames.
    """
    peak = np.flatnonzero(apex > threshold)
    steps = np.arange(near, far + 1)
    start, has_start = _best(onset, peak, -steps)
    end, has_end = _best(offset, peak, steps)
    keep = has_start & has_end & (onset[start] > offset[start]) & (offset[end] > onset[end])
    frames = np.stack([start, peak, end], 1)[keep]
    return frames, onset[frames[:, 0]] * apex[frames[:, 1]] * offset[frames[:, 2]]


def suppress(frames: NDArray[np.int64], score: Scores, *, iou: float, top: int | None) -> Frames:
    """Hard non-maximum suppression: of intervals that overlap by more than `iou` only the best stays.

    Parameters
    ----------
    frames : ndarray of int64, shape (A, 3)
        Onset, apex, offset.
    score : ndarray of float64, shape (A,)
        Larger is better; of equals the earlier onset, then offset, then apex comes first.
    iou : float
        An interval is dropped if its IoU with a better one that stays is above this.
    top : int or None
        Keep at most so many; None keeps all.

    Returns
    -------
    ndarray of int64
        Rows of `frames` that stay, best first.
    """
    rest = np.lexsort((frames[:, 1], frames[:, 2], frames[:, 0], -score))
    ends = frames[:, [0, 2]]
    kept: list[int] = []
    while len(rest) and (top is None or len(kept) < top):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        rest = rest[~above(*overlaps(ends[best], ends[rest]), iou)[0]]
    return np.array(kept, dtype=np.int64)


def spot_video(probabilities: ArrayLike, settings: SpottingSettings, *, video: str = "") -> pd.DataFrame:
    """Spot the expressions of one video.

    A frame of probability 0, as `learning.predict` gives it to frames without a usable face, is never an onset,
    apex or offset, whatever the threshold. An interval may span such frames.

    Parameters
    ----------
    probabilities : array_like of float, shape (T, 10)
        Per frame: ME onset, offset, none; MaE onset, offset, none; apex of ME and MaE; action of ME and MaE.
    settings : SpottingSettings
        Thresholds, search spans, suppression and cap.
    video : str, optional
        Name, for the table and for messages.

    Returns
    -------
    DataFrame
        ``video, class, onset, apex, offset, score``; ME before MaE, then by falling score. Empty if nothing
        was spotted.

    Raises
    ------
    InputError
        If the array has another shape or holds anything but numbers from 0 to 1.
    """
    table = checked(probabilities, video)
    parts = []
    for number, label in enumerate(CLASSES):
        frames, score = class_candidates(table, number, settings, settings.thresholds[number])
        kept = suppress(frames, score, iou=settings.nms_iou, top=settings.top)
        parts.append((np.full(len(kept), label, dtype=object), frames[kept], score[kept]))
    labels, frames, score = (np.concatenate(part) for part in zip(*parts, strict=True))
    columns = (video, labels, *frames.T, score)
    return pd.DataFrame(dict(zip(SPOTTED_COLUMNS, columns, strict=True)))


def class_candidates(
    probabilities: Scores, number: int, settings: SpottingSettings, threshold: float
) -> tuple[Frames, Scores]:
    """`candidates` of one class.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (T, 10)
        As in `spot_video`.
    number : int
        0 for ME, 1 for MaE.
    settings : SpottingSettings
        Search spans.
    threshold : float
        Apex probability to be exceeded.
    """
    spans = ((settings.me_near, settings.me_far), (settings.mae_near, settings.mae_far))
    near, far = spans[number]
    onset, offset, apex = (probabilities[:, column] for column in (3 * number, 3 * number + 1, 6 + number))
    return candidates(onset, offset, apex, threshold=threshold, near=near, far=far)


def checked(probabilities: ArrayLike, video: str = "") -> Scores:
    """Return the probabilities of a video as float64 (T, 10), or raise as `spot_video` does."""
    table = np.asarray(probabilities, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 10:
        raise InputError(f"probabilities of shape {table.shape}", where=video, expected="(T, 10)")
    if not ((table >= 0) & (table <= 1)).all():
        raise InputError(
            "probabilities that are NaN or outside 0 to 1",
            where=video,
            do="train again, or look for NaN features",
        )
    return table
