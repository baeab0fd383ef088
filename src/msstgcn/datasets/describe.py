"""The annotations of a data set in figures, beside those of the real one that it is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.datasets.statistics import PRESETS, statistics
from msstgcn.timeline import CLASSES, Expression

Array = NDArray[np.float64]

_PERCENTS = ("10", "50", "90")


class Labelled(Protocol):
    """What is needed of a video to describe its annotations."""

    @property
    def subject(self) -> str:
        """Who is to be seen."""

    @property
    def fps(self) -> float:
        """Frames a second."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The labels."""

    def __len__(self) -> int:
        """Number of frames."""


def nearest_preset(videos: Sequence[Labelled]) -> str:
    """The real data set whose frame rate is nearest to the videos'."""
    fps = float(np.median([video.fps for video in videos])) if videos else 0.0
    return min(PRESETS, key=lambda name: abs(statistics(name)["fps"] - fps))


def events_of(videos: Sequence[Labelled], label: str) -> list[tuple[Labelled, Expression]]:
    """All events of a class, each with its video."""
    return [(v, e) for v in videos for e in v.expressions if e.label == label]


def seconds_of(videos: Sequence[Labelled], label: str, counted_fps: float) -> Array:
    """Durations in seconds, float64 (events,), as the real ones are counted: both ends, at the rate of the film."""
    found = [(e.offset - e.onset) / v.fps + 1 / counted_fps for v, e in events_of(videos, label)]
    return np.array(found, dtype=np.float64)


def apexes_of(videos: Sequence[Labelled], label: str) -> Array:
    """Position of the apex in the interval, 0 to 1, float64 (events,); the middle of an event of one frame."""
    found = [
        (e.apex - e.onset) / (e.offset - e.onset) if e.offset > e.onset else 0.5
        for _, e in events_of(videos, label)
    ]
    return np.array(found, dtype=np.float64)


def counts_of(videos: Sequence[Labelled], label: str) -> NDArray[np.int64]:
    """Events in each video, int64 (videos,)."""
    return np.array([sum(e.label == label for e in v.expressions) for v in videos], dtype=np.int64)


def one_sided(event: Expression) -> bool:
    """True if any of its action units shows on one side alone."""
    return any(unit[0] in "LR" for unit in event.action_units)


def unit_names(event: Expression) -> list[str]:
    """Action units without their sides."""
    return [unit.lstrip("LR") for unit in event.action_units]


def overlapping(videos: Sequence[Labelled]) -> NDArray[np.bool_]:
    """Whether each event shares a frame with another one of its video, bool (events,)."""
    found = [
        any(i != j and o.onset <= e.offset and e.onset <= o.offset for j, o in enumerate(v.expressions))
        for v in videos
        for i, e in enumerate(v.expressions)
    ]
    return np.array(found, dtype=bool)


def lengths_of(videos: Sequence[Labelled]) -> Array:
    """Length of each video in seconds, float64 (videos,)."""
    return np.array([len(v) / v.fps for v in videos], dtype=np.float64)


def gaps_of(videos: Sequence[Labelled]) -> Array:
    """Seconds without any event between one event and the next, float64; overlapping events count as one."""
    found = []
    for video in videos:
        end: int | None = None
        for event in sorted(video.expressions):
            if end is not None and event.onset > end:
                found.append((event.onset - end - 1) / video.fps)
            end = event.offset if end is None else max(end, event.offset)
    return np.array(found, dtype=np.float64)


def per_subject(videos: Sequence[Labelled], label: str | None = None) -> NDArray[np.int64]:
    """Events of a class (or, without one, videos) of each subject, int64 (subjects,), subjects sorted by name."""
    found = dict.fromkeys(sorted({v.subject for v in videos}), 0)
    for video in videos:
        found[video.subject] += 1 if label is None else sum(e.label == label for e in video.expressions)
    return np.array(list(found.values()), dtype=np.int64)


def histogram(counted: dict[str, int]) -> NDArray[np.int64]:
    """The numbers that a histogram of the statistics counts, one by one, int64."""
    return np.repeat(np.array([int(n) for n in counted], dtype=np.int64), list(counted.values()))


def describe(videos: Sequence[Labelled], against: str | None = None) -> pd.DataFrame:
    """Figures of a data set's annotations beside those of a real one.

    Parameters
    ----------
    videos : sequence of videos
    against : {"samm-lv", "casme2"}, optional
        The real data set; by default the one with the nearest frame rate.

    Returns
    -------
    DataFrame
        Columns ``class`` (``me``, ``mae`` or ``all``), ``quantity``, ``here``, ``real``; numbers, but texts where the
        most frequent action units are named. NaN where there is nothing to count.

    Raises
    ------
    InputError
        On an unknown preset.
    """
    real = statistics(against or nearest_preset(videos))
    lengths, gaps = lengths_of(videos), gaps_of(videos)
    rows: list[tuple[str, str, Any, Any]] = [
        ("all", "subjects", len({v.subject for v in videos}), real["subjects"]),
        ("all", "videos", len(videos), real["videos"]),
        ("all", "videos a subject, mean", _mean(per_subject(videos)), real["videos"] / real["subjects"]),
        (
            "all",
            "videos without events, share",
            _mean([not v.expressions for v in videos]),
            real["videos_without_events"] / real["videos"],
        ),
        ("all", "video length, mean (s)", _mean(lengths), real["video_seconds_mean"]),
        *_percentiles("all", "video length", lengths, real["video_seconds"]),
        *_percentiles("all", "gap between events", gaps, real["gap_seconds"]),
        ("all", "overlapping events, share", _mean(overlapping(videos)), real["overlapping_events_share"]),
    ]
    for label in CLASSES:
        rows += [(label, *row) for row in _class_rows(videos, label, real, float(lengths.sum()))]
    return pd.DataFrame(rows, columns=["class", "quantity", "here", "real"])


def _class_rows(
    videos: Sequence[Labelled], label: str, figures: dict[str, Any], seconds: float
) -> list[tuple[str, Any, Any]]:
    real = figures[label]
    found = [e for _, e in events_of(videos, label)]
    durations = seconds_of(videos, label, figures["counted_fps"])
    apexes, counts = apexes_of(videos, label), counts_of(videos, label)
    a, b = real["apex"]
    quantiles = real["duration_quantiles"]
    units = Counter(name for e in found for name in unit_names(e))
    per_video = histogram(real["events_per_video"])
    rows: list[tuple[str, Any, Any]] = [
        ("events", len(found), real["count"]),
        ("events a minute", 60 * len(found) / seconds if seconds else np.nan, real["per_minute"]),
        ("events a video, mean", _mean(counts), per_video.mean()),
        ("events a video, variance", _spread(counts) ** 2, per_video.var(ddof=1)),
        ("duration, mean (s)", _mean(durations), real["duration_mean"]),
        ("duration, sd (s)", _spread(durations), real["duration_sd"]),
    ]
    rows += [row[1:] for row in _percentiles(label, "duration", durations, quantiles)]
    rows += [
        ("apex position, mean", _mean(apexes), a / (a + b)),
        ("apex position, sd", _spread(apexes), float(np.sqrt(a * b / (a + b + 1)) / (a + b))),
        ("one-sided, share", _mean([one_sided(e) for e in found]), real["unilateral_share"]),
        ("most frequent action units", ", ".join(_first(units)), ", ".join(_first(real["units"]))),
    ]
    return rows


def _percentiles(
    label: str, quantity: str, values: Array, real: dict[str, float]
) -> list[tuple[str, str, float, float]]:
    found = [float(np.percentile(values, float(p))) if len(values) else np.nan for p in _PERCENTS]
    return [
        (label, f"{quantity}, {p} % are below (s)", here, real[p])
        for p, here in zip(_PERCENTS, found, strict=True)
    ]


def _first(units: dict[str, int], number: int = 5) -> list[str]:
    return sorted(units, key=lambda name: (-units[name], name))[:number]


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _spread(values: Any) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
