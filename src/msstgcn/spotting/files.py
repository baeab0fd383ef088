"""Tables of intervals on disk, scored: what `msstgcn score` prints."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from msstgcn.counted import counted
from msstgcn.errors import InputError
from msstgcn.holm import holm
from msstgcn.spotting.comparing import Comparison, compare
from msstgcn.spotting.scoring import Scores, counter, score
from msstgcn.spotting.uncertainty import Estimate, bootstrap_f1, subject_counts
from msstgcn.timeline import CLASSES, read_events, read_videos

#: The parts of a score, with the class they count; overall counts both.
PARTS: dict[str, str | None] = {**{label: label for label in CLASSES}, "overall": None}


@dataclass(frozen=True)
class Counting:
    """How to count: the protocol of `score`, under the names that it has there."""

    iou: float = 0.5
    inclusive: bool = True
    matching: str = "one-to-one"
    rows: str = "keep-all"

    def __post_init__(self) -> None:
        counter(iou=self.iou, inclusive=self.inclusive, matching=self.matching, rows=self.rows)  # names exist

    def score(self, predictions: pd.DataFrame, truth: pd.DataFrame, videos: Sequence[str]) -> Scores:
        """Score in this way."""
        how = {"iou": self.iou, "inclusive": self.inclusive, "matching": self.matching, "rows": self.rows}
        return score(predictions, truth, videos=videos, **how)  # type: ignore[arg-type]

    def __str__(self) -> str:
        ends = "both end frames counted" if self.inclusive else "lengths without the +1"
        return f"{self.matching}, {self.rows}, IoU >= {self.iou:g}, {ends}"


@dataclass(frozen=True)
class FileScore:
    """The score of a file of predictions, with everything that a reader of it should know.

    Parameters
    ----------
    scores : Scores
        Counts.
    counting : Counting
        How they were taken.
    read : tuple of str
        What was read from each file, and how.
    intervals : dict of str to Estimate
        F1 by part, with an interval from resampling subjects; empty if there are no subjects to resample.
    subjects : int
        How many.
    remark : str
        Why there are no intervals.
    other : str
        Name of the file that the predictions were compared with.
    comparisons : dict of str to Comparison
        By part: F1 of the predictions minus that of the other file; what is resolvable, with all parts tested.
    warning : str
        Videos that look misspelt.
    """

    scores: Scores
    counting: Counting
    read: tuple[str, ...]
    intervals: dict[str, Estimate] = field(default_factory=dict)
    subjects: int = 0
    remark: str = ""
    other: str = ""
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    warning: str = ""

    @property
    def adjusted(self) -> dict[str, float]:
        """P values of the comparisons, adjusted for their number."""
        values = holm([found.p for found in self.comparisons.values()])
        return dict(zip(self.comparisons, values.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Counts and measures under ``me``, ``mae`` and ``overall``; then protocol, intervals, comparison, files.

        ``resolvable`` is ``"none"`` where there are too few subjects: infinity is no number of JSON.
        """
        found: dict[str, Any] = self.scores.to_dict()
        found["protocol"] = {
            "iou": self.counting.iou,
            "inclusive": self.counting.inclusive,
            "matching": self.counting.matching,
            "rows": self.counting.rows,
        }
        found["intervals"] = {
            name: {"low": one.low, "high": one.high, "level": one.level}
            for name, one in self.intervals.items()
        }
        found["subjects"] = self.subjects
        if self.comparisons:
            adjusted = self.adjusted
            found["comparison"] = {"with": self.other} | {
                name: {**one.to_dict(), "p_holm": adjusted[name]} for name, one in self.comparisons.items()
            }
            for name, one in self.comparisons.items():
                if math.isinf(one.resolvable):
                    found["comparison"][name]["resolvable"] = "none"
        found["read"] = list(self.read)
        return found

    def text(self) -> str:
        """Return the same for people."""
        table = self.scores.table()
        if self.intervals:
            table["low"] = [self.intervals[name].low for name in table.index]
            table["high"] = [self.intervals[name].high for name in table.index]
            note = f"low, high: 95 % interval of f1 from resampling {self.subjects} subjects"
        else:
            note = f"no intervals: {self.remark}"
        lines = [table.to_string(float_format="%.4f"), "", note]
        if self.comparisons:
            adjusted = self.adjusted
            rows = {n: {**one.to_dict(), "p_holm": adjusted[n]} for n, one in self.comparisons.items()}
            lines += [
                "",
                f"f1 minus that of {self.other}, on the same subjects:",
                pd.DataFrame(rows).T.to_string(float_format="%.4f"),
                "p: how often swapping the two at random for some subjects gives as large a difference; p_holm: "
                "for the three together",
                "resolvable: the smallest true difference that the three tests together would find four times in "
                "five; inf: too few subjects",
            ]
        return "\n".join([*lines, "", f"counted: {self.counting}", *(f"read: {line}" for line in self.read)])


def score_files(
    pred: Path,
    truth: Path,
    *,
    videos: Path | None = None,
    other: Path | None = None,
    counting: Counting | None = None,
    seed: int = 0,
) -> FileScore:
    """Score a file of predictions against a file of annotations.

    Parameters
    ----------
    pred, truth : Path
        As `timeline.read_events` reads them.
    videos : Path, optional
        All videos, as `timeline.read_videos` reads them; then no other video may occur.
    other : Path, optional
        Predictions of another run, to be compared with.
    counting : Counting, optional
        The protocol; by default that of the challenge.
    seed : int
        Of resampling and swapping.

    Raises
    ------
    InputError
        A file that cannot be used, with its row; an unknown protocol; a comparison without subjects.
    """
    counting, read = counting or Counting(), list[str]()
    predicted, annotated = _events(pred, read), _events(truth, read)
    compared = None if other is None else _events(other, read)
    tables = {
        pred: predicted,
        truth: annotated,
        **({} if compared is None or other is None else {other: compared}),
    }
    notes: list[str] = []
    listing = None if videos is None else read_videos(videos, notes)
    if videos is not None and listing is not None:
        read.append(_told(videos, counted(len(listing), "video"), notes))
        for path, table in tables.items():
            _check_known(path, table, set(listing["video"]), videos)
    names = sorted(
        {v for table in (*tables.values(), *([] if listing is None else [listing])) for v in table["video"]}
    )
    listed = set(annotated["video"]) | (set() if listing is None else set(listing["video"]))
    owner, remark = _subjects(
        names, {truth: annotated, **({} if listing is None or videos is None else {videos: listing})}
    )
    if remark and other is not None:
        raise InputError(
            remark, where="--compare", do="give a column subject in the truth or the list of videos"
        )
    scores = counting.score(predicted, annotated, names)
    result: dict[str, Any] = {"warning": _warning(pred, predicted, listed, truth)}
    if remark:
        return FileScore(scores, counting, tuple(read), remark=remark, **result)
    counts = {name: subject_counts(scores, owner, label) for name, label in PARTS.items()}
    result["intervals"] = {name: bootstrap_f1(one, seed=seed) for name, one in counts.items()}
    if compared is not None:
        beside = counting.score(compared, annotated, names)
        result |= {
            "other": str(other),
            "comparisons": {
                name: compare(counts[name], subject_counts(beside, owner, label), tests=len(PARTS), seed=seed)
                for name, label in PARTS.items()
            },
        }
    return FileScore(scores, counting, tuple(read), subjects=len(set(owner.values())), **result)


def _told(path: Path, what: str, notes: Sequence[str]) -> str:
    return "; ".join([f"{path}: {what}", *notes])


def _events(path: Path, read: list[str]) -> pd.DataFrame:
    notes: list[str] = []
    table = read_events(path, notes)
    of_class = ", ".join(f"{(table['class'] == label).sum()} {label}" for label in CLASSES)
    videos = counted(table["video"].nunique(), "video")
    read.append(_told(path, f"{counted(len(table), 'event')} ({of_class}) in {videos}", notes))
    return table


def _check_known(path: Path, table: pd.DataFrame, known: set[str], videos: Path) -> None:
    for row, video in enumerate(table["video"], start=2):
        if video not in known:
            raise InputError(
                f"video {video!r} is not in the videos file", where=f"{path}, row {row}",
                expected=f"a video of {videos}", do=_hint(video, known),
            )  # fmt: skip


def _hint(video: str, known: set[str]) -> str:
    close = [name for name in sorted(known) if name.casefold() == video.casefold()]
    close = close or difflib.get_close_matches(video, sorted(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _warning(pred: Path, table: pd.DataFrame, listed: set[str], truth: Path) -> str:
    unlisted = sorted(set(table["video"]) - listed)
    if not unlisted:
        return ""
    row = 2 + next(n for n, video in enumerate(table["video"]) if video not in listed)
    shown = ", ".join(unlisted[:5]) + (", ..." if len(unlisted) > 5 else "")
    said = (
        f"{pred}, row {row}: no events in {truth} for {len(unlisted)} of the predicted videos ({shown}); what was "
        "spotted there counts as false positives (--videos lists videos without events)"
    )
    hint = _hint(table["video"].iloc[row - 2], listed)
    return f"{said}; {hint}" if hint else said


def _subjects(names: Sequence[str], tables: dict[Path, pd.DataFrame]) -> tuple[dict[str, str], str]:
    """Subject of each video; or why it is not known of all."""
    owner: dict[str, str] = {}
    for path, table in tables.items():
        if "subject" not in table:
            continue
        for row, (video, subject) in enumerate(zip(table["video"], table["subject"], strict=True), start=2):
            if owner.setdefault(video, subject) != subject:
                raise InputError(
                    f"video {video!r} has subject {subject!r} here and {owner[video]!r} in another file",
                    where=f"{path}, row {row}",
                )
    if not owner:
        return {}, f"no column subject in {' or '.join(map(str, tables))}"
    missing = [video for video in names if video not in owner]
    if missing:
        return {}, f"the subject of video {missing[0]!r} is not known"
    owner = {video: owner[video] for video in names}
    subjects = set(owner.values())
    return owner, "" if len(subjects) > 1 else f"only one subject, {min(subjects)}"
