"""Run a study: every variant with every seed, through the same cached stages as everything else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from msstgcn import spotting
from msstgcn.runner import stages
from msstgcn.settings import Profile
from msstgcn.studies import CONTROL, COUNT_COLUMNS, Study


def variants_of(study: Study, profile: str, *, seed: int = 0, **changes: Any) -> dict[str, Profile]:
    """The settings of each variant; a wrong one raises before anything runs.

    Parameters
    ----------
    study : Study
    profile : str
        smoke, cpu or gpu.
    seed : int
        Of the data; training has seeds of its own.
    changes
        Settings of every variant, as for `stages.profile`.
    """
    return {
        name: stages.profile(profile, seed=seed, **changes, **{k: v for k, v in own.items() if k != CONTROL})
        for name, own in study.variants.items()
    }


def with_training_seed(chosen: Profile, seed: int) -> Profile:
    """The same settings with another seed of training; the videos stay the same."""
    learning = chosen.learning.but(seed=seed).model_dump(mode="json")
    return chosen.but(learning=learning)


def run_study(
    study: Study, profile: str, *, seed: int = 0, seeds: int = 1, device: str = "auto", **changes: Any
) -> pd.DataFrame:
    """Train and score every variant with every seed; what is in the store is not made again.

    Parameters
    ----------
    study : Study
    profile : str
        smoke, cpu or gpu.
    seed : int
        Of the data, and the first seed of training.
    seeds : int
        Trainings of each variant, with seeds ``seed, seed + 1, ...``.
    device : str
        auto, cpu or cuda.
    changes
        Settings of every variant.

    Returns
    -------
    DataFrame
        Columns `studies.COUNT_COLUMNS`: hits, false alarms and misses of each subject and class.
    """
    chosen = variants_of(study, profile, seed=seed, **changes)
    rows: list[tuple[Any, ...]] = []
    training_seeds = range(seed, seed + seeds)
    runs = {
        name: stages.loso_seeds(
            base, training_seeds, device=device, control=study.variants[name].get(CONTROL)
        )
        for name, base in chosen.items()
    }
    for training_seed in training_seeds:
        for name, base in chosen.items():
            own = with_training_seed(base, training_seed)
            scores = stages.scores(runs[name][training_seed], own)
            owners = {video.name: video.subject for video in stages.dataset(own).videos}
            for label in ("me", "mae"):
                counts = spotting.subject_counts(scores, owners, label)
                rows += [
                    (name, training_seed, subject, label, *map(int, found))
                    for subject, found in zip(counts.index, counts.to_numpy(), strict=True)
                ]
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS))
