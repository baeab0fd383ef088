"""The MEGC score: hits, false alarms and misses over a whole data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from msstgcn.errors import InputError, lookup, unknown_name
from msstgcn.spotting.matching import MATCHINGS
from msstgcn.spotting.rows import ROWS
from msstgcn.timeline import CLASSES, EVENT_COLUMNS
from msstgcn.timeline.tables import LAST_FRAME


def f1_of(counts: ArrayLike) -> NDArray[np.float64]:
    """F1 of counts (..., 3): hits, false alarms, misses; 0 where there is nothing to count."""
    tp, fp, fn = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    total = np.asarray(2 * tp + fp + fn)
    return np.divide(2 * tp, total, out=np.zeros_like(total), where=total > 0)


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives, with the measures made of them.

    A measure whose denominator is zero is 0.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the predictions that are right."""
        return self.tp / (self.tp + self.fp) if self.tp else 0.0

    @property
    def recall(self) -> float:
        """Share of the true expressions that were found."""
        return self.tp / (self.tp + self.fn) if self.tp else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0

    def to_dict(self) -> dict[str, int | float]:
        """Counts and measures by name."""
        return {
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True)
class Scores:
    """The score of one set of predictions.

    Parameters
    ----------
    per_video : DataFrame
        Columns ``video, class, tp, fp, fn``: one row a video and class, sorted; every video has both classes.
    unlisted : tuple of str
        Videos with predictions that neither the truth nor the list of videos knows. Their predictions count
        as false positives; often a name is misspelt.
    """

    per_video: pd.DataFrame
    unlisted: tuple[str, ...] = ()

    def _sum(self, rows: pd.DataFrame) -> Counts:
        return Counts(*(int(rows[name].sum()) for name in ("tp", "fp", "fn")))

    @property
    def me(self) -> Counts:
        """Counts of micro-expressions."""
        return self._sum(self.per_video[self.per_video["class"] == "me"])

    @property
    def mae(self) -> Counts:
        """Counts of macro-expressions."""
        return self._sum(self.per_video[self.per_video["class"] == "mae"])

    @property
    def overall(self) -> Counts:
        """Counts of both classes added."""
        return self._sum(self.per_video)

    def to_dict(self) -> dict[str, dict[str, int | float]]:
        """``{"me": {"tp", "fp", "fn", "precision", "recall", "f1"}, "mae": {...}, "overall": {...}}``."""
        return {name: getattr(self, name).to_dict() for name in (*CLASSES, "overall")}

    def table(self) -> pd.DataFrame:
        """Return the same as a table: a row for ME, MaE and overall, a column for each count and measure."""
        return pd.DataFrame(self.to_dict()).T.astype({"tp": int, "fp": int, "fn": int})


def events_checked(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the columns ``video`` (str), ``class``, ``onset``, ``offset`` (int64), or raise as `score` does."""
    missing = [column for column in EVENT_COLUMNS if column not in table.columns]
    if missing:
        raise InputError(f"missing column {', '.join(missing)}", where=name, expected=",".join(EVENT_COLUMNS))
    for label in table["class"].unique():
        if label not in CLASSES:
            raise unknown_name("class", label, CLASSES, where=name)
    nameless = table["video"].isna()
    if nameless.any():
        raise InputError(
            "no video", where=f"{name}, row {table.index[nameless][0]}", expected="a video's name"
        )
    ends = table[["onset", "offset"]].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    good = (ends % 1 == 0).all(axis=1) & (ends["onset"] >= 0) & (ends["onset"] <= ends["offset"])
    good &= ends["offset"] <= LAST_FRAME
    if not good.all():
        wrong = table[~good]
        raise InputError(
            f"onset {wrong['onset'].iloc[0]}, offset {wrong['offset'].iloc[0]}",
            where=f"{name}, row {wrong.index[0]}",
            expected=f"whole frames, 0 <= onset <= offset <= {LAST_FRAME}",
        )
    videos = pd.Series([_name(video) for video in table["video"]], table.index, dtype=str)
    return table[list(EVENT_COLUMNS)].assign(video=videos, **ends.astype(np.int64))


def _name(video: object) -> str:
    """Name of a video; a number is written as a whole one, for pandas reads a column of them with gaps as floats."""
    return f"{video:.0f}" if isinstance(video, float) and video.is_integer() else str(video)


def score(
    predictions: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    iou: float = 0.5,
    videos: Iterable[str] | None = None,
    inclusive: bool = True,
    matching: str = "one-to-one",
    rows: str = "keep-all",
) -> Scores:
    """Score spotted intervals, as MEGC does unless another protocol is named.

    A prediction is a true positive if it is paired with a true interval of its video and class whose IoU with
    it is at least `iou`; pairs are one to one, and chosen so that there are most of them. Counts are pooled
    over all videos before any ratio is taken. The order of rows makes no difference.

    Parameters
    ----------
    predictions, truth : DataFrame
        Columns ``video, class, onset, offset``; others are ignored. Frames 0-based, both ends included.
    iou : float, default 0.5
        Least IoU of a hit, above 0 and at most 1; compared exactly.
    videos : iterable of str, optional
        Videos that belong to the data set, for those without any expression.
    inclusive : bool, default True
        Count both end frames in the IoU. Some peers' code leaves the +1 out.
    matching : str
        What counts as a hit: a name in `MATCHINGS`.
    rows : str
        What is scored: a name in `ROWS`.

    Returns
    -------
    Scores

    Raises
    ------
    InputError
        If a column or a video's name is missing, a class unknown, an interval impossible, `iou` out of range, or a
        protocol unknown.
    """
    count = counter(iou=iou, inclusive=inclusive, matching=matching, rows=rows)
    spotted, events = events_checked(predictions, "predictions"), events_checked(truth, "truth")
    listed = {_name(video) for video in videos or ()} | set(events["video"])
    names = listed | set(spotted["video"])
    found, there = intervals_by_video(spotted), intervals_by_video(events)
    counted = []
    for video in sorted(names):
        counts = count(found.get(video, NOTHING), there.get(video, NOTHING))
        counted += [(video, label, *row) for label, row in zip(CLASSES, counts.tolist(), strict=True)]
    per_video = pd.DataFrame(counted, columns=["video", "class", "tp", "fp", "fn"])
    return Scores(per_video, unlisted=tuple(sorted(names - listed)))


#: The intervals of a video that has none.
NOTHING: tuple[NDArray[np.int64], ...] = (np.zeros((0, 2), np.int64),) * len(CLASSES)
#: Counts of a video, int64 (2, 3), from its spotted and its true intervals by class.
Counter = Callable[[Sequence[NDArray[np.int64]], Sequence[NDArray[np.int64]]], NDArray[np.int64]]


def counter(*, iou: float, inclusive: bool, matching: str, rows: str) -> Counter:
    """Put a protocol together: a function that counts one video. Parameters and errors as in `score`."""
    if not 0 < iou <= 1:
        raise InputError(f"iou = {iou}", expected="above 0 and at most 1")
    count, keep = lookup(MATCHINGS, matching, "matching"), lookup(ROWS, rows, "row policy")

    def count_video(
        found: Sequence[NDArray[np.int64]], true: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        return count(*keep(found, true), iou=iou, inclusive=inclusive)

    return count_video


def intervals_by_video(events: pd.DataFrame) -> dict[str, tuple[NDArray[np.int64], ...]]:
    """Onsets and offsets of each video by class, in an order that does not depend on that of the rows."""
    ordered = events.sort_values(list(EVENT_COLUMNS))
    videos: dict[str, tuple[NDArray[np.int64], ...]] = {}
    for video, rows in ordered.groupby("video"):
        ends, labels = rows[["onset", "offset"]].to_numpy(np.int64), rows["class"].to_numpy()
        videos[str(video)] = tuple(ends[labels == label] for label in CLASSES)
    return videos
