"""The cached stages that notebooks, command line and tests call: data, features, training, predictions, studies.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msstgcn.runner import sources
from msstgcn.runner.feature_stages import (
    AS_PROFILE,
    FEATURES,
    data_store,
    dataset,
    feature_places,
    features,
    features_of,
    features_to,
    filmable,
    labelled,
    look,
    profile,
    settings_among,
    used_data,
)
from msstgcn.runner.parameters import UNKNOWN, Named
from msstgcn.runner.score_stages import predictions, results_to, score, scores, truth, watched
from msstgcn.runner.study_runs import run_studies
from msstgcn.runner.study_runs import run_study as study
from msstgcn.runner.training_stages import (
    CARD,
    EVERYBODY,
    FOLD,
    about_weights,
    final,
    final_seed,
    inner,
    loso,
    loso_seeds,
    must_be_trainable,
    used_devices,
)

__all__ = [
    "AS_PROFILE",
    "CARD",
    "EVERYBODY",
    "FEATURES",
    "FOLD",
    "about_weights",
    "data_store",
    "dataset",
    "feature_places",
    "features",
    "features_of",
    "features_to",
    "filmable",
    "final",
    "final_seed",
    "inner",
    "labelled",
    "look",
    "loso",
    "loso_seeds",
    "predictions",
    "prepare",
    "profile",
    "results_to",
    "score",
    "scores",
    "study",
    "truth",
    "used_data",
    "used_devices",
    "watched",
]

_SOURCE = ("dataset", "root", "repair")


def _told(keywords: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those keywords of a call that are known before the chapter runs: literals, and its parameters."""
    read = {k: values.get(v.name, UNKNOWN) if isinstance(v, Named) else v for k, v in keywords.items()}
    return {keyword: value for keyword, value in read.items() if value is not UNKNOWN}


def prepare(calls: Iterable[tuple[str, Mapping[str, Any]]], values: Mapping[str, Any]) -> None:
    """Make the stages that a chapter calls, each with its progress bar, before its notebook runs.

    Parameters
    ----------
    calls : iterable of (name, keywords)
        Stages that the chapter calls, as `Chapter.stages` reads them. A study is run if all of its keywords are known
        beforehand; the chapter itself runs the others.
    values : mapping
        The chapter's parameters; those named like a setting change it. A data set on disk without a folder is
        one that the chapter writes itself: there is nothing to prepare.
    """
    waits = values.get("dataset", sources.SYNTHETIC) != sources.SYNTHETIC and not values.get("root")
    if "profile" not in values or waits:
        return
    changed = {name: values[name] for name in (*settings_among(values), *_SOURCE) if name in values}
    chosen, calls = profile(values["profile"], **changed), list(calls)
    if any(name == "loso" for name, _ in calls):
        must_be_trainable(chosen)
    told_of = [(name, keywords, _told(keywords, values)) for name, keywords in calls]
    for name, _, told in told_of:
        if name == "features":
            features(chosen)
        elif name == "loso":
            loso(chosen, device=values.get("device", "auto"), control=told.get("control"))
        elif name == "inner":
            inner(chosen, device=values.get("device", "auto"))
    run_studies([told for name, keywords, told in told_of if name == "study" and len(told) == len(keywords)])
