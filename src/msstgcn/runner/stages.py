"""The cached stages that notebooks, command line and tests call: data, features, training, predictions, studies.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

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
from msstgcn.runner.study_runs import carried_out, plan
from msstgcn.runner.study_runs import prepare as prepare_studies
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
from msstgcn.settings import Profile

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


class _Asked(NamedTuple):
    """A stage that a chapter calls, with its profile and those keywords that are known before the chapter runs."""

    stage: str
    chosen: Profile
    told: dict[str, Any]


def prepare(chapters: Iterable[tuple[Iterable[tuple[str, Mapping[str, Any]]], Mapping[str, Any]]]) -> None:
    """Make the stages that chapters call, each with its progress bar, before their notebooks run.

    All features come first: a video that several chapters measure is rendered once.

    Parameters
    ----------
    chapters : iterable of (calls, values)
        Calls are the stages that a chapter calls with their keywords, as `Chapter.stages` reads them. A study is run if
        all of its keywords are known beforehand; the chapter itself runs the others. Values are the chapter's
        parameters, by name; those named like a setting change it. A data set on disk without a folder is one that the
        chapter writes itself: there is nothing to prepare.
    """
    asked = [one for calls, values in chapters for one in _asked(calls, values)]
    for one in asked:
        if one.stage == "loso":
            must_be_trainable(one.chosen)
    plans = {number: plan(**one.told) for number, one in enumerate(asked) if one.stage == "study"}
    prepare_studies(list(plans.values()), [one.chosen for one in asked if one.stage != "study"])
    for number, (stage, chosen, told) in enumerate(asked):
        if stage == "features":
            features(chosen)
        elif stage == "loso":
            loso(chosen, device=told["device"], control=told.get("control"))
        elif stage == "inner":
            inner(chosen, device=told["device"])
        elif plans[number].missing:
            carried_out(plans[number])


def _asked(calls: Iterable[tuple[str, Mapping[str, Any]]], values: Mapping[str, Any]) -> Iterator[_Asked]:
    """Stages of a chapter that can be made before it runs."""
    waits = values.get("dataset", sources.SYNTHETIC) != sources.SYNTHETIC and not values.get("root")
    if "profile" not in values or waits:
        return
    changed = {name: values[name] for name in (*settings_among(values), *_SOURCE) if name in values}
    chosen = profile(values["profile"], **changed)
    for stage, keywords in calls:
        read = {k: values.get(v.name, UNKNOWN) if isinstance(v, Named) else v for k, v in keywords.items()}
        told = {keyword: value for keyword, value in read.items() if value is not UNKNOWN}
        if stage in ("features", "loso", "inner"):
            yield _Asked(stage, chosen, {**told, "device": values.get("device", "auto")})
        elif stage == "study" and len(told) == len(keywords):
            yield _Asked(stage, chosen, told)
