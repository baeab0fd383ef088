"""Whether two variants differ, for other people *and* for other trainings: one paired comparison of their F1.

The swap test (`spotting.swap_test`) knows of people only. Two trainings of one and the same network differ, too, often
by more than two samples of people do, and five seeds are few to judge that by. So a study holds the difference against
what both move it by, with Student's t, whose tails are as wide as few seeds deserve.

How wide that is must itself be guessed from the seeds, and two that happen to agree hide what training does. Where one
training moves F1 seven times as much as people do, in variance, and everybody alike, variants that do not differ get a
p below .05 in 10 % of runs with two seeds, 7 % with three and 5 % with five, and one below .0125 in 6, 3 and 2 %
(simulated; tests/studies/test_paired.py). So nothing is claimed of fewer than `FEWEST_TRAININGS`, except where base and
variant are the same networks: of these, and of no others, a difference can be claimed after one training.

Where a training moves one person's F1 up and another's down, that counts in both parts, as it is in the mean over the
seeds and in the spread between them: the error is then too large rather than too small, and fewer are told apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import nctdtrinc, stdtr, stdtrit

from msstgcn.spotting import Estimate, f1_of
from msstgcn.spotting.uncertainty import paired_counts

#: Trainings of each variant below which networks trained anew are not told apart.
FEWEST_TRAININGS = 3
#: Variance of F1 up to which it is the rounding of sums.
_ROUNDING = 1e-24
_POWER = 0.8


@dataclass(frozen=True)
class Difference:
    """F1 of one variant minus F1 of another.

    Parameters
    ----------
    value : float
        Mean over the seeds.
    error : float
        Its standard error: what other people and other trainings would move it by.
    freedom : float
        Degrees of freedom of that error.
    """

    value: float
    error: float
    freedom: float

    def estimate(self, level: float = 0.95) -> Estimate:
        """Return the difference with its interval, which does not reach beyond what a difference of F1 can be."""
        if self._unknown:
            return Estimate(self.value, -1.0, 1.0, level)
        reach = self._quantile((1 + level) / 2) * self.error
        return Estimate(self.value, max(-1.0, self.value - reach), min(1.0, self.value + reach), level)

    @property
    def p(self) -> float:
        """How often chance alone gives as large a difference, on either side; 1 where that cannot be known."""
        if not self.error:
            return 1.0
        return float(2 * stdtr(self.freedom, -abs(self.value) / self.error))

    def resolvable(self, tests: int = 1, level: float = 0.95) -> float:
        """Smallest true difference that would be found four times in five, as the first of `tests` that Holm corrects.

        Returns
        -------
        float
            0 where F1 differs for nobody; infinity where it would be above 1, which no difference of F1 is, or where
            nothing tells how much chance moves it.
        """
        if not self.error:
            return float("inf") if self._unknown else 0.0
        asked = self._quantile(1 - (1 - level) / 2 / tests)
        found = self.error * nctdtrinc(self.freedom, 1 - _POWER, asked)  # the noncentral t's own shift
        return float(found) if found <= 1 else float("inf")

    @property
    def _unknown(self) -> bool:
        """Whether F1 differs by the same for everybody and in every training: very few people can do that by chance."""
        return not self.error and self.value != 0

    def _quantile(self, share: float) -> float:
        return float(stdtrit(self.freedom, share)) if self.error else 0.0


def paired_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """F1 of one variant minus F1 of another, on the same subjects and with the same seeds.

    Two parts make its variance. That of *people* is the jackknife's: each of the S subjects is left out in turn, of all
    seeds at once (Efron and Stein 1981). That of *training*, with R seeds, is the variance of the R differences over R;
    with one seed it is not known, and left out. The degrees of freedom of their sum are those of `standard_error`.

    Parameters
    ----------
    first, second : array_like of int, shape (S, 3) or (R, S, 3)
        Hits, false alarms and misses of each of at least two subjects, with each of R seeds.

    Raises
    ------
    InputError
        As `spotting.bootstrap_difference`.
    """
    one, other = paired_counts(first, second)
    seeds, subjects, _ = one.shape
    by_seed = f1_of(one.sum(1)) - f1_of(other.sum(1))  # (R,)
    people = (subjects - 1) * float((_without_each(one) - _without_each(other)).var())
    training = float(by_seed.var(ddof=1)) / seeds if seeds > 1 else 0.0
    parts = [(part if part > _ROUNDING else 0.0, of) for part, of in ((people, subjects), (training, seeds))]
    return Difference(float(by_seed.mean()), *standard_error(*parts))


def standard_error(*parts: tuple[float, int]) -> tuple[float, float]:
    """Standard error whose square is a sum of variances, and its degrees of freedom (Satterthwaite 1946).

    Parameters
    ----------
    parts : tuples of float and int
        A variance, and from how many it was guessed; one that is 0 counts for nothing.
    """
    variance = sum(part for part, _ in parts)
    spread = sum(part**2 / (number - 1) for part, number in parts if part)
    return float(np.sqrt(variance)), variance**2 / spread if spread else float("inf")


def _without_each(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 without each of the subjects in turn, mean over the seeds: (R, S, 3) to (S,)."""
    return f1_of(counts.sum(1, keepdims=True) - counts).mean(0)
