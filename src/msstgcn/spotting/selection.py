"""Which epoch and which thresholds a held-out subject is judged with.

Training goes on for many epochs, and the score of a subject goes up and down with them. Who picks the best epoch by
the score of the subject that was held out reports a number that no user of the method will see. Such protocols are
called oracles here, in their names and wherever they are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.errors import InputError, lookup
from msstgcn.settings import SpottingSettings
from msstgcn.spotting.decoding import SPOTTED_COLUMNS, checked, class_candidates, spot_video, suppress
from msstgcn.spotting.scoring import NOTHING, Counter, counter, f1_of, intervals_by_video


@dataclass(frozen=True)
class Watched:
    """What the networks of a leave-one-subject-out run say after several epochs.

    Parameters
    ----------
    epochs : sequence of int, length E
        Epochs, rising; the last is the one that was fixed beforehand.
    probabilities : mapping of str to ndarray, shape (E, T, 10)
        By video, as in `spot_video`, from the network that never saw the video's subject.
    subjects : mapping of str to str
        Subject of each video.
    inner : mapping of str to mapping, optional
        By the subject left out, then by video of the others: the same, from a network that saw neither the subject
        left out nor that of the video.

    Raises
    ------
    InputError
        If the epochs do not rise, an array has another number of them, or a video has no subject.
    """

    epochs: Sequence[int]
    probabilities: Mapping[str, NDArray[np.floating]]
    subjects: Mapping[str, str]
    inner: Mapping[str, Mapping[str, NDArray[np.floating]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.epochs) or (np.diff(self.epochs) <= 0).any():
            raise InputError(f"epochs {list(self.epochs)}", expected="at least one, rising")
        for tables in (self.probabilities, *self.inner.values()):
            for video, table in tables.items():
                if np.ndim(table) != 3 or len(table) != len(self.epochs):
                    expected = f"({len(self.epochs)}, T, 10)"
                    raise InputError(
                        f"probabilities of shape {np.shape(table)}", where=video, expected=expected
                    )
                if video not in self.subjects:
                    raise InputError("belongs to no subject", where=video)

    @property
    def judged(self) -> tuple[str, ...]:
        """Subjects with a video of their own, sorted."""
        return tuple(sorted({self.subjects[video] for video in self.probabilities}))


@dataclass(frozen=True)
class Evidence:
    """Counts after each epoch, for a protocol to choose by.

    Parameters
    ----------
    subjects : tuple of str, length S
        Subjects left out.
    epochs : tuple of int, length E
        Rising; the last is the one fixed beforehand.
    thresholds : ndarray of float64, shape (2, H)
        Apex thresholds of each class that may be chosen; those fixed beforehand come first.
    own : ndarray of int64, shape (S, E, 2, 3), optional
        Of each subject's own videos, with the fixed thresholds, by class: hits, false alarms, misses.
    inner : ndarray of int64, shape (S, E, H, 2, 3), optional
        Of the other subjects' videos, judged by networks that saw neither.
    """

    subjects: tuple[str, ...]
    epochs: tuple[int, ...]
    thresholds: NDArray[np.float64]
    own: NDArray[np.int64] | None = None
    inner: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Choice:
    """The epoch and the two thresholds, ME then MaE, that a subject is judged with."""

    epoch: int
    thresholds: tuple[float, float]


def _latest_best(value: NDArray[np.float64]) -> int:
    """Place of the largest value; of equals the last, which is the nearest to the epoch fixed beforehand."""
    return len(value) - 1 - int(value[::-1].argmax())


def _own(evidence: Evidence) -> NDArray[np.int64]:
    if evidence.own is None:
        raise InputError("no counts after each epoch", expected="evidence of the subjects' own videos")
    return evidence.own.sum(2)  # (S, E, 3)


def _chosen(evidence: Evidence, places: Sequence[int]) -> dict[str, Choice]:
    me, mae = evidence.thresholds[:, 0].tolist()
    epochs = [evidence.epochs[place] for place in places]
    return {s: Choice(e, (me, mae)) for s, e in zip(evidence.subjects, epochs, strict=True)}


def fixed_epoch(evidence: Evidence) -> dict[str, Choice]:
    """Take the epoch and the thresholds that were fixed before anything was trained. Honest."""
    return _chosen(evidence, [len(evidence.epochs) - 1] * len(evidence.subjects))


def inner_fold(evidence: Evidence) -> dict[str, Choice]:
    """Take, for each subject, what gave the other subjects the best overall F1. Honest.

    The others were judged by networks that had seen neither them nor the subject left out. Epoch and both thresholds
    are chosen together; of equals the last epoch, then the thresholds fixed beforehand.
    """
    if evidence.inner is None:
        raise InputError(
            "no inner folds to choose by", where="inner-fold", do="train with inner folds, or use fixed-epoch"
        )
    choices = {}
    for subject, counts in zip(evidence.subjects, evidence.inner, strict=True):
        both = counts[:, :, None, 0] + counts[:, None, :, 1]  # (E, H of ME, H of MaE, 3)
        value = f1_of(both)
        epoch = _latest_best(value.max((1, 2)))
        me, mae = np.unravel_index(value[epoch].argmax(), value.shape[1:])
        thresholds = float(evidence.thresholds[0, me]), float(evidence.thresholds[1, mae])
        choices[subject] = Choice(evidence.epochs[epoch], thresholds)
    return choices


def oracle_epoch_per_subject(evidence: Evidence) -> dict[str, Choice]:
    """Take, for each subject, the epoch that is best for that subject's own test videos. An oracle.

    Public code of this family reports this. Where no epoch is better than the fixed one, that is taken.
    """
    return _chosen(evidence, [_latest_best(value) for value in f1_of(_own(evidence))])


def oracle_epoch_global(evidence: Evidence) -> dict[str, Choice]:
    """Take the one epoch that is best for all test videos together. An oracle."""
    place = _latest_best(f1_of(_own(evidence).sum(0)))
    return _chosen(evidence, [place] * len(evidence.subjects))


#: Selection protocols by name. The oracles look at the test videos.
SELECTIONS: dict[str, Callable[[Evidence], dict[str, Choice]]] = {
    "fixed-epoch": fixed_epoch,
    "inner-fold": inner_fold,
    "oracle-epoch-per-subject": oracle_epoch_per_subject,
    "oracle-epoch-global": oracle_epoch_global,
}


def is_oracle(selection: str) -> bool:
    """Whether a selection protocol looks at the test videos."""
    return selection.startswith("oracle")


def gather_evidence(
    watched: Watched, truth: pd.DataFrame, settings: SpottingSettings, *, own: bool = True, inner: bool = True
) -> Evidence:
    """Count after every epoch.

    Parameters
    ----------
    watched : Watched
        Probabilities.
    truth : DataFrame
        Columns ``video, class, onset, offset``.
    settings : SpottingSettings
        Decoding; thresholds, and those to try; how the subjects' own videos are counted. Inner folds are always
        counted as the challenge does: they decide how a network is used, not how it is reported.
    own, inner : bool
        Which counts to take; inner ones only if there are any.
    """
    tried = np.array([[fixed, *settings.thresholds_tried] for fixed in settings.thresholds])
    there = intervals_by_video(truth)
    subjects = watched.judged
    count = counter(
        iou=settings.match_iou, inclusive=settings.inclusive, matching=settings.matching, rows=settings.rows
    )
    strictly = counter(iou=settings.match_iou, inclusive=True, matching="one-to-one", rows="keep-all")
    mine = np.zeros((len(subjects), len(watched.epochs), 2, 3), np.int64)
    if own:
        for video, table in watched.probabilities.items():
            counts = _tally(video, table, there.get(video, NOTHING), settings, tried[:, :1], count)
            mine[subjects.index(watched.subjects[video])] += counts[:, 0]
    others = np.zeros((len(subjects), len(watched.epochs), tried.shape[1], 2, 3), np.int64)
    seen: dict[int, NDArray[np.int64]] = {}  # several subjects may share one set of networks
    for row, subject in zip(others, subjects if inner else (), strict=False):
        tables = watched.inner.get(subject, {})
        if id(tables) not in seen:
            seen[id(tables)] = sum(
                (
                    _tally(video, table, there.get(video, NOTHING), settings, tried, strictly)
                    for video, table in tables.items()
                ),
                np.zeros_like(row),
            )
        row += seen[id(tables)]
    complete = inner and all(watched.inner.get(subject) for subject in subjects)
    return Evidence(
        subjects, tuple(watched.epochs), tried, mine if own else None, others if complete else None
    )


def _tally(
    video: str,
    tables: NDArray[np.floating],
    true: Sequence[NDArray[np.int64]],
    settings: SpottingSettings,
    thresholds: NDArray[np.float64],
    count: Counter,
) -> NDArray[np.int64]:
    """Counts (E, H, 2, 3) of one video after each epoch, with each pair of thresholds."""
    counts = np.zeros((len(tables), thresholds.shape[1], 2, 3), np.int64)
    lowest = thresholds.min(1)
    for of_epoch, probabilities in zip(counts, tables, strict=True):
        table = checked(probabilities, video)
        proposed = [class_candidates(table, number, settings, lowest[number]) for number in (0, 1)]
        apex = [table[frames[:, 1], 6 + number] for number, (frames, _) in enumerate(proposed)]
        for of_threshold, pair in zip(of_epoch, thresholds.T, strict=True):
            found = []
            for (frames, score), value, threshold in zip(proposed, apex, pair, strict=True):
                above = value > threshold
                kept = suppress(frames[above], score[above], iou=settings.nms_iou, top=settings.top)
                found.append(frames[above][kept][:, [0, 2]])
            of_threshold[:] = count(found, true)
    return counts


def choose(watched: Watched, truth: pd.DataFrame, settings: SpottingSettings) -> dict[str, Choice]:
    """Epoch and thresholds of each subject, by the protocol that the settings name.

    Raises
    ------
    InputError
        If no protocol has that name, or it asks for inner folds and there are none.
    """
    select = lookup(SELECTIONS, settings.selection, "selection protocol")
    own, inner = is_oracle(settings.selection), settings.selection == "inner-fold"
    return select(gather_evidence(watched, truth, settings, own=own, inner=inner))


def spot(watched: Watched, choices: Mapping[str, Choice], settings: SpottingSettings) -> pd.DataFrame:
    """Spot the expressions of every video with the epoch and the thresholds chosen for its subject.

    Returns
    -------
    DataFrame
        Columns ``video, class, onset, apex, offset, score``; videos sorted by name.
    """
    tables = [pd.DataFrame(columns=list(SPOTTED_COLUMNS))]
    for video, probabilities in sorted(watched.probabilities.items()):
        choice = choices[watched.subjects[video]]
        me, mae = choice.thresholds
        place = list(watched.epochs).index(choice.epoch)
        tables.append(
            spot_video(probabilities[place], settings.but(me_threshold=me, mae_threshold=mae), video=video)
        )
    return pd.concat(tables[1:] or tables, ignore_index=True)
