"""How well drawn annotations fit the real ones: one test for each quantity, over several seeds.

Durations are tested against the law through the real quantiles, apexes against the Beta law fitted to the real ones
(Kolmogorov-Smirnov), combinations of action units against the real counts (chi-square), one-sided events against the
real share (binomial). In all others the real figures are taken as a sample that errs too: single action units, events
per video and overlaps by a two-sample chi-square; video lengths, gaps between events, videos and events per subject by
Kolmogorov-Smirnov; videos without events by Fisher's exact test; events a minute by the logarithm of the rates (z).

What would make honest annotations look wrong is allowed for. Frames are whole: a duration of k frames is spread evenly
over the probabilities between k - 1/2 and k + 1/2 before it is compared. Videos have an end: the law is cut at the
longest event that fits. People differ: videos of one person are no independent draws, and neither are units of one
event, so their chi-square is divided by the mean design effect of clustered samples (Rao and Scott 1984), and the error
of a rate is taken from the differences between people (jackknife). Overlapping events come in pairs: theirs is halved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from msstgcn.datasets.describe import (
    Labelled,
    counts_of,
    events_of,
    gaps_of,
    histogram,
    lengths_of,
    one_sided,
    overlapping,
    per_subject,
    unit_names,
)
from msstgcn.datasets.lengths import draw_number, draw_seconds, law
from msstgcn.datasets.script import draw_expressions
from msstgcn.datasets.statistics import statistics
from msstgcn.errors import InputError
from msstgcn.holm import holm
from msstgcn.timeline import CLASSES, Expression, seconds_to_frames

Array = NDArray[np.float64]

#: The generator lets no event last longer than this share of its video.
LONGEST_SHARE = 0.8
#: Smallest expected count of a cell of a chi-square table.
_LEAST = 5.0
#: A quantity is rejected below this p, corrected for the number of quantities.
LEVEL = 0.01


@dataclass(frozen=True)
class Drawn:
    """Annotations of one video that nobody rendered."""

    subject: str
    fps: float
    frames: int
    expressions: tuple[Expression, ...]

    def __len__(self) -> int:
        return self.frames


def draw(preset: str, *, subjects: int, seed: int) -> list[Drawn]:
    """Annotations of a synthetic data set whose videos are as long and as many as the real ones."""
    fps = float(statistics(preset)["fps"])
    found = []
    for subject in range(subjects):
        for video in range(draw_number(preset, seed, subject)):
            frames = seconds_to_frames(draw_seconds(preset, seed, subject, video), fps)
            events = draw_expressions(preset, frames, fps, seed, subject, video, real_length=True)
            found.append(Drawn(f"s{subject + 1:03d}", fps, frames, events))
    return found


def fit(videos: Sequence[Labelled], against: str, *, seed: int = 0) -> pd.DataFrame:
    """Test the annotations of videos against those of a real data set.

    Parameters
    ----------
    videos : sequence of videos
    against : {"samm-lv", "casme2"}
    seed : int
        For spreading whole frames.

    Returns
    -------
    DataFrame
        Columns ``class``, ``quantity``, ``test``, ``n``, ``statistic``, ``p``; a quantity with too few events for its
        test has p NaN.

    Raises
    ------
    InputError
        On an unknown preset.
    """
    real = statistics(against)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xF1]))
    lengths, gaps = lengths_of(videos), gaps_of(videos)
    rows: list[tuple[Any, ...]] = [
        ("all", "videos a subject", "KS", *_two_samples(per_subject(videos), real["videos_per_subject"])),
        ("all", "without events", "Fisher", *_without_events(videos, real)),
        ("all", "video length", "KS", *_against_law(lengths, real["video_seconds"], real["videos"])),
        ("all", "gap between events", "KS", *_against_law(gaps, real["gap_seconds"], real["gaps"])),
        ("all", "overlapping", "chi-square", *_overlaps(videos, real)),
    ]
    for label in CLASSES:
        figures = real[label]
        people = per_subject(videos, label)
        rows += [
            (label, "duration", "KS", *_uniform(_duration_ranks(videos, label, real, rng))),
            (label, "apex position", "KS", *_uniform(_apex_ranks(videos, label, figures["apex"], rng))),
            (label, "action units together", "chi-square", *_combinations(videos, label, figures)),
            (label, "action units alone", "chi-square", *_units(videos, label, figures["units"])),
            (label, "one-sided", "binomial", *_one_sided(videos, label, figures["unilateral_share"])),
            (label, "events a video", "chi-square", *_counts(videos, label, figures["events_per_video"])),
            (label, "events a subject", "KS", *_two_samples(people, figures["events_per_subject"])),
            (label, "events a minute", "z", *_rate(videos, label, figures)),
        ]
    return pd.DataFrame(rows, columns=["class", "quantity", "test", "n", "statistic", "p"])


def fit_over_seeds(preset: str, *, subjects: int = 30, seeds: Iterable[int] = range(5)) -> pd.DataFrame:
    """Fit of the generator's own annotations, for several seeds, videos as long and as many as the real ones.

    Returns
    -------
    DataFrame
        Columns ``class``, ``quantity``, ``test``, one ``seed i`` each with its p, and ``p``: all seeds together, by the
        Cauchy combination (Liu and Xie 2020), which holds although all are compared with the same real sample; then
        ``p, Holm``: the same, corrected for the number of quantities (Holm 1979).
    """
    found: pd.DataFrame | None = None
    columns = []
    for seed in seeds:
        one = fit(draw(preset, subjects=subjects, seed=seed), preset, seed=seed)
        if found is None:
            found = one[["class", "quantity", "test"]].copy()
        found[f"seed {seed}"] = one["p"]
        columns.append(f"seed {seed}")
    if found is None:
        raise InputError("no seeds", expected="at least one")
    found["p"] = [combined(row) for row in found[columns].to_numpy()]
    found["p, Holm"] = corrected(found["p"].to_numpy())
    return found


def corrected(p: Array) -> Array:
    """Values of p corrected for their number by `msstgcn.holm`; NaN stays and does not count."""
    out, known = np.full(len(p), np.nan), ~np.isnan(p)
    out[known] = holm(p[known])
    return out


def combined(p: Array) -> float:
    """One p for several, by the Cauchy combination: mean of tan((1/2 - p) pi), read off the Cauchy law."""
    known = np.asarray(p, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return float("nan")
    known = np.clip(known, 1e-15, 1 - 1e-3)  # a p of 1, usual with few events, says no more than .999
    return float(stats.cauchy.sf(np.tan((0.5 - known) * np.pi).mean()))


# --- one quantity each ---------------------------------------------------------------------------------------

Outcome = tuple[int, float, float]  # n, statistic, p
_NONE: Outcome = (0, float("nan"), float("nan"))


def _duration_law(seconds: Array, quantiles: dict[str, float]) -> Array:
    """Share of the real durations up to these, through the counted quantiles, logarithms in between."""
    share = np.array([float(q) for q in quantiles]) / 100
    logs = np.log(np.array(list(quantiles.values()), dtype=np.float64))
    return np.asarray(np.interp(np.log(np.maximum(seconds, 1e-9)), logs, share, left=0.0, right=1.0))


def _duration_ranks(
    videos: Sequence[Labelled], label: str, real: dict[str, Any], rng: np.random.Generator
) -> Array:
    events = events_of(videos, label)
    spans = np.array([e.offset - e.onset for _, e in events], dtype=np.float64)
    fps = np.array([v.fps for v, _ in events])
    room = np.array([min(int(LONGEST_SHARE * len(v)), len(v) - 1) for v, _ in events], dtype=np.float64)
    both_ends = fps / real["counted_fps"]  # the real ones count both ends, at the rate of the film

    def share(frames: Array) -> Array:
        return _duration_law((frames + both_ends) / fps, real[label]["duration_quantiles"])

    low, high, most = share(spans - 0.5), share(spans + 0.5), share(room + 0.5)
    return np.asarray(np.clip((low + rng.uniform(size=len(spans)) * (high - low)) / most, 0, 1))


def _apex_ranks(
    videos: Sequence[Labelled], label: str, law: tuple[float, float], rng: np.random.Generator
) -> Array:
    """An apex is never the first or the last frame: what the law puts there belongs to their neighbours."""
    kept = [e for _, e in events_of(videos, label) if e.offset - e.onset >= 3]
    span = np.array([e.offset - e.onset for e in kept], dtype=np.float64)
    apex = np.array([e.apex - e.onset for e in kept], dtype=np.float64)
    low = np.where(apex <= 1, 0.0, stats.beta.cdf((apex - 0.5) / span, *law))
    high = np.where(apex >= span - 1, 1.0, stats.beta.cdf((apex + 0.5) / span, *law))
    return np.asarray(low + rng.uniform(size=len(span)) * (high - low))


def _uniform(ranks: Array) -> Outcome:
    if len(ranks) < _LEAST:
        return _NONE
    found = stats.kstest(ranks, "uniform")
    return len(ranks), float(found.statistic), float(found.pvalue)


def _against_law(values: Array, quantiles: dict[str, float], real: int) -> Outcome:
    """Values against the law through the quantiles of `real` real ones: both are samples, and both err."""
    if len(values) < _LEAST:
        return _NONE
    share, at = law(quantiles)
    statistic = float(stats.ks_1samp(values, lambda x: np.interp(x, at, share)).statistic)
    effective = max(1, round(len(values) * real / (len(values) + real)))
    return len(values), statistic, float(stats.kstwo.sf(statistic, effective))


def _two_samples(values: NDArray[np.int64], real: dict[str, int]) -> Outcome:
    if len(values) < _LEAST:
        return _NONE
    found = stats.ks_2samp(values, histogram(real), method="asymp")  # many values are equal
    return len(values), float(found.statistic), float(found.pvalue)


def _rate(videos: Sequence[Labelled], label: str, figures: dict[str, Any]) -> Outcome:
    """Rates compared by their logarithms.

    The real one's error is taken from the counts of its people alone, as their minutes are not known: it comes out
    rather too large than too small.
    """
    there = histogram(figures["events_per_subject"])
    events, people = per_subject(videos, label), sorted({v.subject for v in videos})
    minutes = np.array([lengths_of([v for v in videos if v.subject == who]).sum() for who in people]) / 60
    number = len(people)
    if number < _LEAST or events.sum() < _LEAST:
        return _NONE
    without = np.log((events.sum() - events) / (minutes.sum() - minutes))
    error = np.hypot(
        np.sqrt((number - 1) / number * ((without - without.mean()) ** 2).sum()),
        there.std(ddof=1) / there.mean() / np.sqrt(len(there)),
    )
    z = float(np.log(events.sum() / minutes.sum() / figures["per_minute"]) / error)
    return int(events.sum()), z, float(2 * stats.norm.sf(abs(z)))


def _combinations(videos: Sequence[Labelled], label: str, figures: dict[str, Any]) -> Outcome:
    """The listed combinations that are frequent enough to count, and all others together."""
    names = ["+".join(unit_names(e)) for _, e in events_of(videos, label)]
    share = {name: n / figures["count"] for name, n in figures["combinations"].items()}
    cells = [name for name, s in share.items() if s * len(names) >= _LEAST]
    rest = 1 - sum(share[name] for name in cells)
    if not cells or rest * len(names) < _LEAST:
        return _NONE
    observed = [names.count(name) for name in cells]
    expected = np.array([share[name] for name in cells] + [rest]) * len(names)
    found = stats.chisquare([*observed, len(names) - sum(observed)], expected)
    return len(names), float(found.statistic), float(found.pvalue)


def _units(videos: Sequence[Labelled], label: str, real: dict[str, int]) -> Outcome:
    """Single units among all that the events of a class show; the real ones are a sample too, and a small one."""
    events = [unit_names(event) for _, event in events_of(videos, label)]
    pairs = [(name, str(i)) for i, names in enumerate(events) for name in names if name in real]
    here = {name: sum(name == one for one, _ in pairs) for name in real}
    smaller = min(len(pairs), sum(real.values())) / (len(pairs) + sum(real.values()))
    cells = [name for name in real if (here[name] + real[name]) * smaller >= _LEAST]
    if len(cells) < 2:
        return _NONE
    places = np.array([cells.index(name) if name in cells else len(cells) for name, _ in pairs])
    others = sum(number for name, number in real.items() if name not in cells)
    table = np.array(
        [np.bincount(places, minlength=len(cells) + 1), [*(real[name] for name in cells), others]]
    )
    table = table[:, table.any(axis=0)]
    effect = _design_effect(places, [event for _, event in pairs], len(cells))
    statistic = float(stats.chi2_contingency(table, correction=False).statistic) / effect
    return len(pairs), statistic, float(stats.chi2.sf(statistic, table.shape[1] - 1))


def _one_sided(videos: Sequence[Labelled], label: str, share: float) -> Outcome:
    sides = [one_sided(e) for _, e in events_of(videos, label)]
    if not sides:
        return _NONE
    found = stats.binomtest(sum(sides), len(sides), share)
    return len(sides), float(found.statistic), float(found.pvalue)


def _counts(videos: Sequence[Labelled], label: str, real: dict[str, int]) -> Outcome:
    """Histogram of events per video against the real one, corrected for videos that share a person."""
    counts, there = counts_of(videos, label), histogram(real)
    top = _top(counts, there)
    if top < 1:
        return _NONE
    here, others = np.minimum(counts, top), np.minimum(there, top)
    table = np.array([np.bincount(x, minlength=top + 1) for x in (here, others)])
    table = table[:, table.any(axis=0)]
    effect = _design_effect(here, [v.subject for v in videos], top)
    statistic = float(stats.chi2_contingency(table, correction=False).statistic) / effect
    return len(counts), statistic, float(stats.chi2.sf(statistic, table.shape[1] - 1))


def _top(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Largest count that gets a cell of its own and all above it; expected counts stay large enough."""
    smaller = min(len(a), len(b)) / (len(a) + len(b))
    both = np.concatenate([a, b])
    top = 0
    while (both >= top + 1).sum() * smaller >= _LEAST:
        top += 1
    return top


def _design_effect(counts: NDArray[np.int64], clusters: list[str], top: int) -> float:
    """Mean factor by which clustering widens the shares of the cells, at least 1 (Rao and Scott, first order)."""
    groups, group = np.unique(np.array(clusters), return_inverse=True)
    if len(groups) < 3:
        return 1.0
    total = 0.0
    for cell in range(top + 1):
        hit = counts == cell
        share = float(hit.mean())
        if not 0 < share < 1:
            continue
        residual = np.bincount(group, weights=hit - share)
        variance = len(groups) / (len(groups) - 1) * float((residual**2).sum()) / len(counts) ** 2
        total += (1 - share) * variance / (share * (1 - share) / len(counts))
    return max(1.0, total / top)


def _without_events(videos: Sequence[Labelled], real: dict[str, Any]) -> Outcome:
    """Videos in which nothing is labelled: not a matter of people, so far as anyone can tell from three."""
    here, there = sum(not v.expressions for v in videos), real["videos_without_events"]
    if len(videos) < _LEAST:
        return _NONE
    table = np.array([[here, len(videos) - here], [there, real["videos"] - there]])
    found = stats.fisher_exact(table)
    return len(videos), here / len(videos), float(found.pvalue)


def _overlaps(videos: Sequence[Labelled], real: dict[str, Any]) -> Outcome:
    here = overlapping(videos)
    if len(here) < _LEAST:
        return _NONE
    there = sum(real[label]["count"] for label in CLASSES)
    share = real["overlapping_events_share"]
    table = np.array([[here.sum(), (~here).sum()], [share * there, (1 - share) * there]])
    if not table.sum(axis=0).all():
        return _NONE
    statistic = float(stats.chi2_contingency(table, correction=False).statistic) / 2
    return len(here), statistic, float(stats.chi2.sf(statistic, 1))
