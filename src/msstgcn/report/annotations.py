"""The annotations of a data set in pictures, beside those of a real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.describe import (
    Labelled,
    apexes_of,
    counts_of,
    events_of,
    gaps_of,
    histogram,
    lengths_of,
    nearest_preset,
    per_subject,
    seconds_of,
    unit_names,
)
from msstgcn.datasets.statistics import statistics
from msstgcn.report.style import colour, use_style
from msstgcn.timeline import CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
_NAMES = {"me": "micro-expressions", "mae": "macro-expressions"}


def annotation_figure(
    videos: Sequence[Labelled], against: str | None = None, *, filming: bool = False
) -> Figure:
    """Durations, apex positions, events per video and action units; coloured the videos, black the real data.

    Parameters
    ----------
    videos : sequence of videos
    against : {"samm-lv", "casme2"}, optional
        The real data set; by default the one with the nearest frame rate.
    filming : bool
        Show lengths of videos, gaps, and videos and events of each person in a third row.
    """
    from matplotlib.figure import Figure

    use_style()
    real = statistics(against or nearest_preset(videos))
    figure = Figure(figsize=(8.8, 7.4 if filming else 5.0), layout="constrained")
    axes = figure.subplots(3 if filming else 2, 4)
    for row, label in zip(axes[:2], CLASSES, strict=True):
        _durations(row[0], videos, label, real)
        _apexes(row[1], videos, label, real)
        _counts(row[2], videos, label, real)
        _units(row[3], videos, label, real)
        row[0].set_ylabel(f"{_NAMES[label]}\nshare up to")
    if filming:
        _filming(axes[2], videos, real)
    handles = [axes[0, 0].lines[0], axes[1, 0].lines[0], axes[0, 0].lines[1]]
    names = ["these videos, ME", "MaE", "real ones"]
    if filming:
        handles.insert(2, axes[2, 0].lines[0])
        names.insert(2, "both")
    figure.legend(handles, names, loc="outside lower center", ncols=4)
    return figure


def _shares(axes: Axes, found: Array, kind: str) -> None:
    """Share of values up to each, in steps."""
    at = np.sort(found)
    axes.step(at, np.arange(1, len(at) + 1) / max(len(at), 1), color=colour(kind), where="post")


def _quantiles(axes: Axes, quantiles: dict[str, float]) -> None:
    shares = [float(percent) / 100 for percent in quantiles]
    axes.plot(list(quantiles.values()), shares, "o--", color=colour("truth"), ms=3)


def _durations(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    _shares(axes, seconds_of(videos, label, real["counted_fps"]), label)
    _quantiles(axes, real[label]["duration_quantiles"])
    ticks = (0.2, 0.3, 0.5) if label == "me" else (0.5, 1, 2, 5, 20)
    axes.set(xscale="log", title="duration", xlabel="seconds")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _apexes(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    """In steps, not bars: positions in events of a few frames are few fractions, and bars would comb them."""
    from scipy import stats

    _shares(axes, apexes_of(videos, label), label)
    at = np.linspace(0, 1, 101)
    axes.plot(at, stats.beta.cdf(at, *real[label]["apex"]), "--", color=colour("truth"))
    axes.set(
        title="position of the apex", xlabel="onset 0, offset 1", xticks=(0, 0.5, 1), ylabel="share up to"
    )


def _filming(row: Sequence[Axes], videos: Sequence[Labelled], real: dict[str, Any]) -> None:
    """Lengths, gaps, and how many videos and events people have."""
    _shares(row[0], lengths_of(videos), "spotted")
    _quantiles(row[0], real["video_seconds"])
    row[0].set(title="video length", xlabel="seconds", ylabel="videos\nshare up to")
    _shares(row[1], gaps_of(videos), "spotted")
    _quantiles(row[1], real["gap_seconds"])
    row[1].set(title="gap between events", xlabel="seconds", ylabel="share up to", xscale="symlog")
    row[1].set_xticks((0, 1, 10, 50), ["0", "1", "10", "50"])
    _shares(row[2], per_subject(videos).astype(np.float64), "spotted")
    _shares(row[2], histogram(real["videos_per_subject"]).astype(np.float64), "truth")
    row[2].set(title="videos of a person", xlabel="videos", ylabel="share up to", xticks=(1, 3, 5, 7, 9))
    for label in CLASSES:
        _shares(row[3], per_subject(videos, label).astype(np.float64), label)
        _shares(row[3], histogram(real[label]["events_per_subject"]).astype(np.float64), "truth")
    row[3].set(title="events of a person", xlabel="events", ylabel="share up to")


def _counts(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    there = {int(n): videos_with for n, videos_with in real[label]["events_per_video"].items()}
    here = Counter(counts_of(videos, label).tolist())
    at = range(max([*there, *here]) + 1)
    axes.bar(at, [here[n] / max(len(videos), 1) for n in at], color=colour(label), alpha=0.6)
    axes.plot(at, [there.get(n, 0) / sum(there.values()) for n in at], "o", color=colour("truth"), ms=3)
    axes.set(title="events in a video", xlabel="events", ylabel="share of videos")
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _units(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    there = real[label]["units"]
    events = [e for _, e in events_of(videos, label)]
    here = Counter(name for e in events for name in set(unit_names(e)))
    names = sorted(there, key=lambda name: -there[name])[:6]
    at = np.arange(len(names))
    axes.bar(at, [here[name] / max(len(events), 1) for name in names], color=colour(label), alpha=0.6)
    axes.plot(at, [there[name] / real[label]["count"] for name in names], "o", color=colour("truth"), ms=3)
    axes.set_xticks(at, names)
    axes.set(title="action units", xlabel="AU", ylabel="share of events")
