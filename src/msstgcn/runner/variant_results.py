"""What comes out of a variant: its networks trained or asked, what they spot, and how that is counted.

Results are kept under a key that holds a digest of this module: whatever decides a result beside settings, learning and
spotting stands here or in `score_stages`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from msstgcn import learning, spotting
from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures
from msstgcn.network.stacked import is_trained
from msstgcn.runner import feature_stages, score_stages, training_stages
from msstgcn.runner.study_parts import Part, chooses
from msstgcn.runner.training_stages import with_training_seed
from msstgcn.settings import Profile
from msstgcn.studies import COUNT_COLUMNS, METHODS, WITHOUT_MOTION


def computed(part: Part, seeds: Sequence[int], device: str) -> dict[int, tuple[pd.DataFrame, dict[str, Any]]]:
    """What a variant spots with each seed, its cost, and the videos that it had no motion of."""
    videos = feature_stages.features(part.chosen)
    there = {video.video for video in videos}
    left_out = [video.name for video in feature_stages.dataset(part.chosen).videos if video.name not in there]
    features_s = 0.0 if part.method in WITHOUT_MOTION else feature_stages.features_seconds(part.chosen)
    common = {"left_out": left_out, "features_s": features_s}
    if part.method:
        truth, results = score_stages.truth(part.chosen), {}
        for seed in seeds:
            started = time.monotonic()
            found = METHODS[part.method](videos, truth, part.chosen.spotting, seed=seed)
            spotting_s = round(time.monotonic() - started, 2)  # it chooses while it spots
            results[seed] = found, {"parameters": 0, "training_s": spotting_s, **common}
        return results
    trained = part.trained or part.chosen
    taught = feature_stages.features(part.donor) if part.donor and not part.looks else videos
    runs = training_stages.loso_seeds(trained, seeds, device=device, control=part.control, videos=taught)
    made = {}
    for seed, run in runs.items():
        own = with_training_seed(part.chosen, seed)
        if part.looks:
            run = looked_at(run, own.learning.epochs)
        elif part.donor:
            run = transferred(run, with_training_seed(part.donor, seed), videos, device)
        found = score_stages.predictions(
            run, own, training_stages.inner(own, device=device) if chooses(own) else None
        )
        seconds = training_stages.training_seconds(
            with_training_seed(trained, seed), taught, device=device, control=part.control
        )
        if part.looks:
            seconds *= own.learning.epochs / trained.learning.epochs
        made[seed] = found, {"parameters": _parameters(run), "training_s": seconds, **common}
    return made


def looked_at(run: learning.LosoRun, epochs: int) -> learning.LosoRun:
    """What a run said of its held-out videos after so many epochs, as if it had ended there; its weights stay.

    Parameters
    ----------
    run : LosoRun
        It looked at its videos after that many epochs, among others.
    epochs : int
    """
    folds = {}
    for name, fold in run.folds.items():
        last = fold.epochs.index(epochs)
        watched = {video: looks[: last + 1] for video, looks in fold.watched.items()}
        said = {video: looks[last].astype(np.float32) for video, looks in watched.items()}
        ended = epochs == fold.epochs[-1]  # what it said then is not rounded
        folds[name] = replace(
            fold,
            history=fold.history.head(epochs),
            probabilities=fold.probabilities if ended else said,
            epochs=fold.epochs[: last + 1],
            watched=watched,
        )
    return learning.LosoRun(folds, run.notes)


def transferred(
    run: learning.LosoRun, chosen: Profile, videos: Sequence[VideoFeatures], device: str
) -> learning.LosoRun:
    """Ask the networks of a run about other videos of the same people, each by a network that never saw its subject.

    Parameters
    ----------
    run : LosoRun
        Its networks.
    chosen : Profile
        Settings of that run.
    videos : sequence of VideoFeatures
        The other videos.
    device : str
        auto, cpu or cuda.

    Returns
    -------
    LosoRun
        The same networks, with what they say of the other videos.

    Raises
    ------
    InputError
        If a video shows somebody whom no network was trained without.
    """
    owner = {video.name: video.subject for video in feature_stages.dataset(chosen).videos}
    left_out = {name: {owner[video] for video in fold.probabilities} for name, fold in run.folds.items()}
    known = set().union(*left_out.values())
    strangers = {video.subject for video in videos} - known
    if strangers:
        raise InputError(
            f"no network was trained without {', '.join(sorted(strangers))}",
            expected="the people that the networks were trained on: " + ", ".join(sorted(known)),
        )
    place, folds = learning.device(device), {}
    for name, fold in run.folds.items():
        own = [video for video in videos if video.subject in left_out[name]]
        said = learning.predict_each(fold.weights, own, network=chosen.network, device=place)
        looks = {video: one[None].astype(np.float16) for video, one in said.items()}
        folds[name] = replace(fold, probabilities=said, epochs=fold.epochs[-1:], watched=looks)
    return learning.LosoRun(folds, run.notes)


def _parameters(run: learning.LosoRun) -> int:
    """Trained parameters of one network of a run."""
    weights = next(iter(run.folds.values())).weights
    return sum(value.numel() for name, value in weights.items() if is_trained(name))


def tables_of(part: Part, found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Counts, events and what was found, as they are kept: without variant and seed."""
    how, videos = part.chosen.spotting, feature_stages.dataset(part.chosen).videos
    scores = score_stages.score(found, part.chosen)
    owners = {video.name: video.subject for video in videos}
    rows = [
        (subject, label, *map(int, counts))
        for label in ("me", "mae")
        for subject, counts in spotting.subject_counts(scores, owners, label).iterrows()
    ]
    counts = pd.DataFrame(rows, columns=list(COUNT_COLUMNS[2:]))
    events = spotting.fate_table(videos, found, iou=how.match_iou, inclusive=how.inclusive)
    return {"counts": counts, "events": events, "found": found}
