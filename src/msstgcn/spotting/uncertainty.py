"""How far an F1 can be trusted: resampling whole subjects.

Expressions of one face are alike, so the subject is the unit that chance draws, not the expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


def _counts(per_subject: ArrayLike) -> NDArray[np.float64]:
    counts = np.asarray(per_subject, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[1] != 3 or len(counts) < 2:
        raise InputError(
            f"counts of shape {counts.shape}", expected="(S, 3): tp, fp, fn of at least two subjects"
        )
    return counts


def _weights(subjects: int, draws: int, seed: int) -> NDArray[np.int64]:
    """How often each subject is drawn in each resample, shape (draws, S)."""
    return np.random.default_rng(seed).multinomial(subjects, np.full(subjects, 1 / subjects), size=draws)


def bootstrap_f1(
    per_subject: ArrayLike, *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> Estimate:
    """F1 with a percentile interval from resampling subjects with replacement.

    Parameters
    ----------
    per_subject : array_like of int, shape (S, 3)
        True positives, false positives, false negatives of each subject; at least two subjects.
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
        If the counts have another shape or there are fewer than two subjects.
    """
    counts = _counts(per_subject)
    resampled = f1_of(_weights(len(counts), draws, seed) @ counts)
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(f1_of(counts.sum(0))), float(low), float(high), level)


def bootstrap_difference(
    per_subject: ArrayLike, other: ArrayLike, *, draws: int = 10_000, level: float = 0.95, seed: int = 0
) -> Estimate:
    """F1 of one run minus F1 of another on the same subjects, in the same order, resampled together.

    Parameters and errors as in `bootstrap_f1`; both arrays have shape (S, 3).
    """
    first, second = _counts(per_subject), _counts(other)
    if len(first) != len(second):
        raise InputError(
            f"{len(first)} and {len(second)} subjects", expected="the same subjects in both runs"
        )
    weights = _weights(len(first), draws, seed)
    resampled = f1_of(weights @ first) - f1_of(weights @ second)
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(f1_of(first.sum(0)) - f1_of(second.sum(0))), float(low), float(high), level)


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
    unknown = sorted(set(rows["video"]) - set(subjects))
    if unknown:
        raise InputError(f"video {unknown[0]!r} belongs to no subject", do="name the subject of every video")
    return rows.groupby(rows["video"].map(subjects))[["tp", "fp", "fn"]].sum().rename_axis("subject")
