"""Whether one run is better than another: tests on the same subjects, and what they could have seen at all."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, ldexp, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import nctdtrinc, stdtrit

from msstgcn.spotting.scoring import f1_of
from msstgcn.spotting.uncertainty import (
    Estimate,
    bootstrap_difference,
    check_draws,
    mean_f1,
    paired_counts,
    resampled_differences,
    summed,
)

#: Differences closer than this are equal; F1 of equal counts can differ in the last bit of a mean over seeds.
_EQUAL = 1e-12
#: Subjects from which on a swap test's p value is as good as continuous.
_MANY = 50


@dataclass(frozen=True)
class Comparison:
    """One run beside another on the same subjects.

    Parameters
    ----------
    difference : Estimate
        F1 of the first minus F1 of the second, with its bootstrap interval.
    p : float
        Of the swap test: how often chance alone gives a difference as large, either way.
    resolvable : float
        Smallest true difference that the comparison would have found four times in five, see `resolvable`.
    """

    difference: Estimate
    p: float
    resolvable: float

    def to_dict(self) -> dict[str, float]:
        """``{"difference", "low", "high", "p", "resolvable"}``."""
        found = self.difference
        return {
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "p": self.p,
            "resolvable": self.resolvable,
        }


def swap_test(first: ArrayLike, second: ArrayLike, *, draws: int = 10_000, seed: int = 0) -> float:
    """Two-sided p value of a paired permutation test of the difference in F1.

    If the runs are equally good, nothing changes when their results are swapped for some of the subjects. So swap
    them for a random half, again and again, and see how often the difference is at least as large as the one
    observed. If there are no more than `draws` ways to swap, all are tried and the p value is exact; otherwise the
    observed one counts as one of the draws, so that p is never 0 (Phipson and Smyth 2010).

    Parameters
    ----------
    first, second : array_like of int, shape (S, 3) or (R, S, 3)
        As in `bootstrap_f1`; the same subjects in the same order, and as many seeds.
    draws : int
        Random swaps.
    seed : int
        The same seed gives the same p.

    Returns
    -------
    float
        Above 0, at most 1.

    Raises
    ------
    InputError
        If the shapes differ, one is no count, or there are fewer than two subjects or draws.
    """
    check_draws(draws)
    one, other = paired_counts(first, second)
    subjects = one.shape[1]
    exact = 2**subjects <= draws
    if exact:
        swapped = (np.arange(2**subjects)[:, None] >> np.arange(subjects)) & 1
    else:
        swapped = np.random.default_rng(seed).integers(0, 2, (draws, subjects))
    moved = summed(swapped.astype(np.float64), other - one)  # (draws, R, 3)
    values = (f1_of(one.sum(1) + moved) - f1_of(other.sum(1) - moved)).mean(1)
    as_large = int((np.abs(values) >= abs(mean_f1(one) - mean_f1(other)) - _EQUAL).sum())
    return as_large / 2**subjects if exact else (1 + as_large) / (1 + draws)


def resolvable(
    first: ArrayLike,
    second: ArrayLike,
    *,
    tests: int = 1,
    draws: int = 10_000,
    level: float = 0.95,
    power: float = 0.8,
    seed: int = 0,
) -> float:
    """Smallest true difference in F1 that two runs on these subjects would show with some certainty.

    The resampled difference says how far chance moves it: its spread, times the root of S / (S - 1) as the spread of a
    sample falls short, is the standard error s. As the first of `tests` comparisons that Holm's method corrects, a
    difference is significant if it is above t s, where t is the quantile of Student's t for S - 1 degrees of freedom;
    the noncentral t then gives the true difference that is above it in a share `power` of repetitions. For many
    subjects and the usual values that is 2.8 s, for 12 it is 3.1 s. A smaller one may be there and stay unseen.

    The swap test has only 2^S ways to swap, so its p is a multiple of 2 / 2^S, and the largest that is significant
    stands in the place of 1 - `level`.

    Parameters
    ----------
    first, second, draws, level, seed
        As in `bootstrap_difference`.
    tests : int
        Comparisons that are corrected together.
    power : float
        Share of repetitions.

    Returns
    -------
    float
        0 if nobody's counts differ. Infinity if the subjects are so few that the swap test cannot fall below
        1 - `level`, however large the difference: 2 of the 2^S swaps are always as large, none and all.
    """
    check_draws(draws, level=level, power=power)
    one, other = paired_counts(first, second)
    subjects = one.shape[1]
    largest = _largest_significant((1 - level) / tests, subjects)
    if not largest:
        return float("inf")
    spread = resampled_differences(one, other, draws=draws, seed=seed).std(ddof=1)
    error = spread * sqrt(subjects / (subjects - 1))
    asked = stdtrit(subjects - 1, 1 - largest / 2)
    return float(error * nctdtrinc(subjects - 1, 1 - power, asked))


def _largest_significant(p: float, subjects: int) -> float:
    """Largest p value below `p` that a swap test of so many subjects can have; 0 if it has none."""
    ways = min(subjects, _MANY)
    return ldexp(max(ceil(ldexp(p, ways - 1)) - 1, 0), 1 - ways)


def compare(
    first: ArrayLike, second: ArrayLike, *, tests: int = 1, draws: int = 10_000, seed: int = 0
) -> Comparison:
    """Difference with its interval, p value and what could have been resolved; parameters as in `resolvable`.

    The p value is not corrected; see `msstgcn.holm`.
    """
    return Comparison(
        bootstrap_difference(first, second, draws=draws, seed=seed),
        swap_test(first, second, draws=draws, seed=seed),
        resolvable(first, second, tests=tests, draws=draws, seed=seed),
    )
