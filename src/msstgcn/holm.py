"""Several tests at once: p values corrected for their number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError


def holm(p: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust the p values of several tests by Holm's step-down method (Holm 1979).

    Calling significant what is adjusted to at most .05 errs even once, among all the tests, in at most one of
    twenty studies. No assumption on how the tests depend on each other is made.

    Parameters
    ----------
    p : sequence of float
        In any order, each from 0 to 1.

    Returns
    -------
    ndarray of float64
        In the same order; at most 1.

    Raises
    ------
    InputError
        If one is no probability.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise InputError(f"p values {np.asarray(p).tolist()}", expected="numbers from 0 to 1")
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    return adjusted
