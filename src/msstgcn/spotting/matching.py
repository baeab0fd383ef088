"""Which spotted interval answers which true one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from msstgcn.spotting.overlap import at_least
from msstgcn.timeline import overlaps


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
