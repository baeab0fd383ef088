"""Small studies, of features that are made up, and how they are run and recorded in seconds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from msstgcn.datasets import Video
from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import cli, runs_of_record, stages
from msstgcn.studies import STUDIES, Study, StudyResult

SMALL = {
    "subjects": 4,
    "videos": 1,
    "seconds": 6.0,
    "channels": 6,
    "segments": 2,
    "epochs": 2,
    "threshold": 0.1,
}


def study_of(variants: Mapping[str, Mapping[str, Any]], **about: Any) -> Study:
    """A study of these variants, called pair."""
    return Study("pair", 9, "Is it better?", "Yes, one would think.", variants, **about)


STUDY = study_of(
    {"a": {}, "b": {"epochs": 3}, "c": {"control": "shuffled-labels"}}, paper="labels help", beaten=("c",)
)
MOVED = study_of({"a": {}, "b": {"difficulty": "hard"}}, trained="once")


def waving(video: Video, window: int) -> VideoFeatures:
    """Features in which a video's expressions can be seen a little; nothing is rendered."""
    rng = np.random.default_rng([*video.digest.encode()])
    flow = rng.normal(size=(len(video), window, 10, 2))
    for event in video.expressions:
        flow[event.onset : event.offset, :, :3] += 2
    mask = np.ones(len(video), dtype=bool)
    return VideoFeatures(
        video.name, video.subject, video.fps, flow.astype(np.float32), mask, video.expressions
    )


def run(study: Study | str = STUDY, profile: str = "cpu", **given: Any) -> StudyResult:
    """What a study finds in the small size."""
    if isinstance(study, Study):
        sizes = {profile: {**SMALL, "folds": 2, **study.sizes.get(profile, {})}}
        study = replace(study, sizes=sizes)
    return stages.study(study, profile, **{"device": "cpu", **given})


def run_of_record(**given: Any) -> list[StudyResult]:
    """What a run of record of the study found."""
    made = runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", record=True, **given)
    return [result for result, _ in made]


def same(first: StudyResult, second: StudyResult) -> None:
    """Two runs found the same."""
    for name in ("counts", "events", "found"):
        assert_frame_equal(getattr(first, name), getattr(second, name))


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Status of a command that is run in this process."""
    monkeypatch.setattr(sys, "argv", ["msstgcn", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code or 0
