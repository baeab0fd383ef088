"""Whether two intervals overlap enough, decided in whole numbers.

IoU is a ratio of two counts of frames and the threshold a short decimal. Comparing their products as integers
decides cases on the line exactly, which floating point does not: 3/10 >= 0.3 can go either way.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
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
