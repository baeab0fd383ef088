"""Which spotted interval answers which true one, and what that counts as.

The challenge pairs one to one. Some published code counts otherwise; each way has a name here, so that the same
intervals can be counted in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from msstgcn.spotting.overlap import at_least
from msstgcn.timeline import CLASSES, overlaps

Intervals = NDArray[np.int64]  # (P, 2): onset and offset


def match(
    predicted: ArrayLike, true: ArrayLike, *, iou: float = 0.5, inclusive: bool = True
) -> NDArray[np.int64]:
    """Pair predictions with true intervals one to one: most pairs first, then most total IoU.

    Parameters
    ----------
    predicted, true : array_like of int, shape (P, 2) and (G, 2)
        Onsets and offsets, of one video and class.
    iou : float, default 0.5
        Least IoU of a pair.
    inclusive : bool, default True
        Count both end frames, as MEGC does.

    Returns
    -------
    ndarray of int64, shape (pairs, 2)
        Row of the prediction and row of the true interval.
    """
    first = np.asarray(predicted, dtype=np.int64).reshape(-1, 2)
    second = np.asarray(true, dtype=np.int64).reshape(-1, 2)
    intersection, union = overlaps(first, second, inclusive=inclusive)
    allowed = at_least(intersection, union, iou)
    # One more pair must outweigh any gain in IoU, which is at most one a pair.
    gain = allowed * (1 + min(allowed.shape) + intersection / np.maximum(union, 1))
    rows, columns = linear_sum_assignment(gain, maximize=True)
    paired = allowed[rows, columns]
    return np.stack([rows[paired], columns[paired]], 1).astype(np.int64)


class Matching(Protocol):
    """Counts the hits, false alarms and misses of one video."""

    def __call__(
        self, found: Sequence[Intervals], true: Sequence[Intervals], *, iou: float, inclusive: bool
    ) -> NDArray[np.int64]:
        """Count.

        Parameters
        ----------
        found, true : two arrays of int64, shape (P, 2) and (G, 2)
            Spotted and true intervals of each class, in the order of `timeline.CLASSES`.
        iou : float
            Least IoU of a hit.
        inclusive : bool
            Count both end frames.

        Returns
        -------
        ndarray of int64, shape (2, 3)
            By class: true positives, false positives, false negatives.
        """


def one_to_one(
    found: Sequence[Intervals], true: Sequence[Intervals], *, iou: float, inclusive: bool
) -> NDArray[np.int64]:
    """Count as the challenge does: each true interval can be hit once, by a prediction of its class."""
    counts = np.zeros((len(CLASSES), 3), np.int64)
    for row, spotted, events in zip(counts, found, true, strict=True):
        hits = (
            len(match(spotted, events, iou=iou, inclusive=inclusive)) if len(spotted) and len(events) else 0
        )
        row[:] = hits, len(spotted) - hits, len(events) - hits
    return counts


def many_to_one(
    found: Sequence[Intervals], true: Sequence[Intervals], *, iou: float, inclusive: bool
) -> NDArray[np.int64]:
    """Count every prediction that overlaps a true interval of its class enough as a hit, however many do.

    A miss is a true interval that no prediction hits; so hits and misses need not add up to the true intervals.
    """
    counts = np.zeros((len(CLASSES), 3), np.int64)
    for row, spotted, events in zip(counts, found, true, strict=True):
        enough = at_least(*overlaps(spotted, events, inclusive=inclusive), iou)
        hits = int(enough.any(1).sum())
        row[:] = hits, len(spotted) - hits, len(events) - int(enough.any(0).sum())
    return counts


def class_agnostic(
    found: Sequence[Intervals], true: Sequence[Intervals], *, iou: float, inclusive: bool
) -> NDArray[np.int64]:
    """Pair one to one, but let a prediction of either class hit a true interval of either class.

    A hit counts for the class of the true interval, a false alarm for that of the prediction.
    """
    classes = range(len(CLASSES))
    of_found = np.repeat(classes, [len(one) for one in found])
    of_true = np.repeat(classes, [len(one) for one in true])
    pairs = match(np.concatenate(found), np.concatenate(true), iou=iou, inclusive=inclusive)
    hits = np.bincount(of_true[pairs[:, 1]], minlength=len(CLASSES))
    alarms = np.bincount(np.delete(of_found, pairs[:, 0]), minlength=len(CLASSES))
    misses = np.bincount(np.delete(of_true, pairs[:, 1]), minlength=len(CLASSES))
    return np.stack([hits, alarms, misses], 1).astype(np.int64)


#: Ways of counting, by name.
MATCHINGS: dict[str, Matching] = {
    "one-to-one": one_to_one,
    "many-to-one": many_to_one,
    "class-agnostic": class_agnostic,
}
