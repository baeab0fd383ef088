"""Whether two intervals overlap enough, decided in whole numbers.

IoU is a ratio of two counts of frames and the threshold a short decimal. Comparing their products as integers
decides cases on the line exactly, which floating point does not: 3/10 >= 0.3 can go either way.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def overlaps(
    a: NDArray[np.int64], b: NDArray[np.int64], *, inclusive: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intersection and union, in frames, of every interval of `a` with every interval of `b`.

    Parameters
    ----------
    a, b : ndarray of int64, shape (A, 2) and (B, 2)
        Onsets and offsets.
    inclusive : bool, default True
        Count both end frames, as MEGC does; False measures offset - onset.

    Returns
    -------
    intersection, union : ndarray of int64, shape (A, B)
    """
    extra = int(inclusive)
    start = np.maximum(a[:, None, 0], b[None, :, 0])
    end = np.minimum(a[:, None, 1], b[None, :, 1])
    intersection = np.maximum(end - start + extra, 0)
    lengths = (a[:, 1] - a[:, 0] + extra)[:, None] + (b[:, 1] - b[:, 0] + extra)[None, :]
    return intersection, lengths - intersection


def _ratio(iou: float) -> tuple[int, int]:
    exact = Fraction(iou).limit_denominator(1_000_000)  # 0.7 means 7/10, not the nearest binary fraction
    return exact.numerator, exact.denominator


def at_least(intersection: NDArray[np.int64], union: NDArray[np.int64], iou: float) -> NDArray[np.bool_]:
    """True where intersection / union >= iou; never where the intersection is empty."""
    numerator, denominator = _ratio(iou)
    return (intersection * denominator >= union * numerator) & (intersection > 0)


def above(intersection: NDArray[np.int64], union: NDArray[np.int64], iou: float) -> NDArray[np.bool_]:
    """True where intersection / union > iou."""
    numerator, denominator = _ratio(iou)
    return intersection * denominator > union * numerator
