"""How far an F1 can be trusted: resampling whole subjects.

Expressions of one face are alike, so the subject is the unit that chance draws, not the expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from msstgcn.errors import InputError
from msstgcn.spotting.scoring import Scores, f1_of


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Parameters
    ----------
    value : float
        The measure on all subjects.
    low, high : float
        Ends of the interval.
    level : float
        Share of resampled values between them.
    """

    value: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def as_counts(counts: ArrayLike) -> NDArray[np.float64]:
    """Return counts as float64 (R, S, 3): seeds, subjects, hits / false alarms / misses.

    Raises
    ------
    InputError
        If they have another shape than (S, 3) or (R, S, 3), there are fewer than two subjects, or one is no count.
    """
    found = np.asarray(counts, dtype=np.float64)
    if found.ndim not in (2, 3) or found.shape[-1] != 3 or found.shape[-2] < 2 or not found.shape[0]:
        raise InputError(
            f"counts of shape {found.shape}",
            expected="(S, 3) or (R, S, 3): tp, fp, fn of at least two subjects, with each of R seeds",
        )
    if not (np.isfinite(found) & (found >= 0)).all():
        raise InputError("counts that are negative, infinite or NaN", expected="0 or more of each")
    return found if found.ndim == 3 else found[None]


def check_draws(draws: int, **shares: float) -> None:
    """Raise an `InputError` unless there are draws to judge by, and each share, given by name, is one."""
    if draws < 2:
        raise InputError(f"draws = {draws}", expected="at least 2")
    for name, share in shares.items():
        if not 0 < share < 1:
            raise InputError(f"{name} = {share}", expected="a share above 0 and below 1")


def paired_counts(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the counts of two runs as `as_counts` does, after a check that subjects and seeds are as many."""
    one, other = as_counts(first), as_counts(second)
    if one.shape[1] != other.shape[1]:
        raise InputError(
            f"{one.shape[1]} and {other.shape[1]} subjects", expected="the same subjects in both runs"
        )
    if len(one) != len(other):
        raise InputError(f"{len(one)} and {len(other)} seeds", expected="as many seeds in both runs")
    return one, other


def mean_f1(counts: NDArray[np.float64]) -> float:
    """F1 of the counts of all subjects added, mean over the seeds; counts (R, S, 3)."""
    return float(f1_of(counts.sum(1)).mean())


def _drawn(rng: np.random.Generator, things: int, draws: int) -> NDArray[np.int64]:
    """How often each of some things is drawn in each resample, shape (draws, things)."""
    return rng.multinomial(things, np.full(things, 1 / things), size=draws)


@lru_cache(maxsize=4)  # every row of a table draws the same
def _resamples(
    seed: int, subjects: int, seeds: int, draws: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How often each subject is drawn in each resample, (draws, subjects), and each seed, (draws, seeds)."""
    rng = np.random.default_rng(seed)
    people = _drawn(rng, subjects, draws).astype(np.float64)
    trainings = _drawn(rng, seeds, draws)
    people.flags.writeable = trainings.flags.writeable = False
    return people, trainings


def summed(drawn: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts (R, S, 3) added up as often as each of the S subjects is drawn (draws, S): (draws, R, 3).

    One product of two matrices; one a seed would take many times as long.
    """
    seeds, subjects, _ = counts.shape
    flat = np.ascontiguousarray(counts.transpose(1, 0, 2)).reshape(subjects, seeds * 3)
    return (drawn @ flat).reshape(len(drawn), seeds, 3)


def _over_seeds(trainings: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of values (draws, R) in each resample, where each of R seeds counts as often as it was drawn."""
    return (trainings * values).sum(1) / values.shape[1]


def _estimate(value: float, resampled: NDArray[np.float64], level: float) -> Estimate:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), level)


def bootstrap_f1(counts: ArrayLike, *, draws: int = 10_000, level: float = 0.95, seed: int = 0) -> Estimate:
    """F1 with a percentile interval from resampling subjects with replacement.

    With several seeds the value is the mean of their F1, and each resample draws subjects and seeds, both with
    replacement: the interval then holds for other people and another training. A few seeds show less than the
    whole spread between trainings.

    Parameters
    ----------
    counts : array_like of int, shape (S, 3) or (R, S, 3)
        True positives, false positives, false negatives of each of at least two subjects, with each of R seeds.
    draws : int
        Resamples.
    level : float
        Share of them inside the interval.
    seed : int
        The same seed gives the same interval.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        If the counts have another shape or are none, there are fewer than two subjects or draws, or the level is no
        share.
    """
    check_draws(draws, level=level)
    found = as_counts(counts)
    people, trainings = _resamples(seed, found.shape[1], len(found), draws)
    return _estimate(mean_f1(found), _over_seeds(trainings, f1_of(summed(people, found))), level)


def resampled_differences(
    first: ArrayLike, second: ArrayLike, *, draws: int = 10_000, seed: int = 0
) -> NDArray[np.float64]:
    """F1 of one run minus F1 of another in each resample, shape (draws,).

    Subjects and seeds are drawn for both runs together: what is hard in a person is hard for both, and so is what
    chance does to a training where the two share it. Two runs may even be the same networks, looked at in two ways;
    had seeds been drawn for each alone, these would seem to differ by chance. Parameters and errors as in
    `bootstrap_difference`.
    """
    check_draws(draws)
    one, other = paired_counts(first, second)
    people, trainings = _resamples(seed, one.shape[1], len(one), draws)
    return _over_seeds(trainings, f1_of(summed(people, one)) - f1_of(summed(people, other)))


def bootstrap_difference(
    first: ArrayLike, second: ArrayLike, *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> Estimate:
    """F1 of one run minus F1 of another on the same subjects, in the same order, resampled together.

    Parameters and errors as in `bootstrap_f1`; both arrays have shape (S, 3) or (R, S, 3), with equal S and R, seeds
    in the same order.
    """
    check_draws(draws, level=level)
    one, other = paired_counts(first, second)
    resampled = resampled_differences(one, other, draws=draws, seed=seed)
    return _estimate(mean_f1(one) - mean_f1(other), resampled, level)


def results_table(scores: Scores, subjects: Mapping[str, str], *, seed: int = 0) -> pd.DataFrame:
    """Counts, precision, recall and F1 of each class and overall, the F1 with its bootstrap interval.

    Parameters
    ----------
    scores : Scores
        With counts per video.
    subjects : mapping of str to str
        Subject of each video.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns ``class`` (``ME``, ``MaE``, ``overall``), ``TP, FP, FN, precision, recall, F1, low, high``.
    """
    rows = []
    for label, name in (("me", "ME"), ("mae", "MaE"), (None, "overall")):
        counts = scores.overall if label is None else getattr(scores, label)
        estimate = bootstrap_f1(subject_counts(scores, subjects, label), seed=seed)
        measures = (counts.precision, counts.recall, counts.f1)
        rows.append((name, counts.tp, counts.fp, counts.fn, *measures, estimate.low, estimate.high))
    columns = ["class", "TP", "FP", "FN", "precision", "recall", "F1", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def subject_counts(scores: Scores, subjects: Mapping[str, str], label: str | None = None) -> pd.DataFrame:
    """Counts of each subject, for the bootstrap.

    Parameters
    ----------
    scores : Scores
        With counts per video.
    subjects : mapping of str to str
        Subject of each video.
    label : str, optional
        ``"me"`` or ``"mae"``; both added when left out.

    Returns
    -------
    DataFrame
        Columns ``tp, fp, fn``, one row a subject, sorted by its name (the index).

    Raises
    ------
    InputError
        If a scored video has no subject.
    """
    rows = scores.per_video if label is None else scores.per_video[scores.per_video["class"] == label]
    unknown = sorted(video for video in set(rows["video"]) if pd.isna(subjects.get(video)))
    if unknown:
        raise InputError(f"video {unknown[0]!r} belongs to no subject", do="name the subject of every video")
    return rows.groupby(rows["video"].map(subjects))[["tp", "fp", "fn"]].sum().rename_axis("subject")
