"""The annotations of a data set in pictures, beside those of a real one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from msstgcn.datasets.describe import (
    Labelled,
    apexes_of,
    counts_of,
    events_of,
    nearest_preset,
    seconds_of,
    unit_names,
)
from msstgcn.datasets.statistics import statistics
from msstgcn.report.style import colour, use_style
from msstgcn.timeline import CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMES = {"me": "micro-expressions", "mae": "macro-expressions"}


def annotation_figure(videos: Sequence[Labelled], against: str | None = None) -> Figure:
    """Durations, apex positions, events per video and action units; bars for the videos, black for the real data.

    Parameters
    ----------
    videos : sequence of videos
    against : {"samm-lv", "casme2"}, optional
        The real data set; by default the one with the nearest frame rate.
    """
    from matplotlib.figure import Figure

    use_style()
    real = statistics(against or nearest_preset(videos))
    figure = Figure(figsize=(8.8, 5.0), layout="constrained")
    axes = figure.subplots(2, 4)
    for row, label in zip(axes, CLASSES, strict=True):
        _durations(row[0], videos, label, real)
        _apexes(row[1], videos, label, real)
        _counts(row[2], videos, label, real)
        _units(row[3], videos, label, real)
        row[0].set_ylabel(f"{_NAMES[label]}\nshare up to")
    handles = [axes[0, 0].lines[0], axes[1, 0].lines[0], axes[0, 0].lines[1]]
    figure.legend(handles, ["these videos, ME", "MaE", "real ones"], loc="outside lower center", ncols=3)
    return figure


def _durations(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    quantiles = real[label]["duration_quantiles"]
    found = np.sort(seconds_of(videos, label, real["counted_fps"]))
    axes.step(found, np.arange(1, len(found) + 1) / max(len(found), 1), color=colour(label), where="post")
    axes.plot(
        list(quantiles.values()),
        [float(q) / 100 for q in quantiles],
        "o--",
        color=colour("truth"),
        ms=3,
    )
    ticks = (0.2, 0.3, 0.5) if label == "me" else (0.5, 1, 2, 5, 20)
    axes.set(xscale="log", title="duration", xlabel="seconds")
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _apexes(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    from scipy import stats

    found = apexes_of(videos, label)
    axes.hist(found, bins=12, range=(0, 1), density=len(found) > 0, color=colour(label), alpha=0.6)
    at = np.linspace(0, 1, 101)
    axes.plot(at, stats.beta.pdf(at, *real[label]["apex"]), "--", color=colour("truth"))
    axes.set(title="position of the apex", xlabel="onset 0, offset 1", xticks=(0, 0.5, 1))


def _counts(axes: Axes, videos: Sequence[Labelled], label: str, real: dict[str, Any]) -> None:
    there = {int(n): videos_with for n, videos_with in real[label]["events_per_video"].items()}
    here = Counter(counts_of(videos, label).tolist())
    at = range(max([*there, *here]) + 1)
    axes.bar(at, [here[n] / max(len(videos), 1) for n in at], color=colour(label), alpha=0.6)
    axes.plot(at, [there.get(n, 0) / sum(there.values()) for n in at], "o", color=colour("truth"), ms=3)
    axes.set(title="events in a video", xlabel="events", ylabel="share of videos")
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


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
