"""How long the videos of a real data set are, and how many there are of each person.

A synthetic data set has videos of one length and as many of each person, or follows the real one in both; then its
figures are drawn here. Each has a random stream of its own, so that a person's videos stay what they are however many
people there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.statistics import statistics

Array = NDArray[np.float64]


def law(quantiles: Mapping[str, float]) -> tuple[Array, Array]:
    """Shares and values of a law that is given by quantiles, straight in between."""
    share = np.array([float(percent) for percent in quantiles]) / 100
    return share, np.array(list(quantiles.values()), dtype=np.float64)


def draw_seconds(preset: str, seed: int, subject: int, video: int) -> float:
    """Length in seconds of video number `video` of person number `subject`, from the real lengths."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, subject, video, 0x1E]))
    return float(np.interp(rng.uniform(), *law(statistics(preset)["video_seconds"])))


def draw_number(preset: str, seed: int, subject: int) -> int:
    """Number of videos of person number `subject`, from the real numbers."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, subject, 0x1F]))
    people = statistics(preset)["videos_per_subject"]
    weights = np.array(list(people.values()), dtype=np.float64)
    return int(rng.choice([int(number) for number in people], p=weights / weights.sum()))


def relative_rate(preset: str, seconds: float) -> float:
    """Expected number of events in a video of this length, over that in a video of the real data set.

    It goes with a power of the length, and is 1 on average over the real lengths.
    """
    return float(seconds ** statistics(preset)["length_power"] / _mean_power(preset))


@cache
def _mean_power(preset: str) -> float:
    real = statistics(preset)
    seconds = np.interp((np.arange(1000) + 0.5) / 1000, *law(real["video_seconds"]))
    return float((seconds ** real["length_power"]).mean())
