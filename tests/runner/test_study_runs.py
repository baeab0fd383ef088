"""A study trains each variant with each seed on the same videos."""

import json
import sys

import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.runner import cli, records, stages, study_runs
from msstgcn.spotting import Scores
from msstgcn.studies import Study

STUDY = Study("pair", "Is it better?", {"a": {}, "b": {"epochs": 3}, "c": {"control": "shuffled-labels"}})


@pytest.fixture
def trained(monkeypatch):
    """What was trained, instead of training it; hits say the variant, the misses the seed."""
    seen = []

    def loso_seeds(chosen, seeds, *, device, control):
        runs = {seed: (chosen.learning.epochs, seed, chosen.data.seed, control) for seed in seeds}
        seen.extend(runs.values())
        return runs

    def scores(run, chosen):
        rows = [
            (video.name, label, run[0], int(run[3] is not None), run[1])
            for video in stages.dataset(chosen).videos
            for label in ("me", "mae")
        ]
        table = pd.DataFrame(rows, columns=["video", "class", "tp", "fp", "fn"])
        return Scores(table)

    monkeypatch.setattr(study_runs.stages, "loso_seeds", loso_seeds)
    monkeypatch.setattr(study_runs.stages, "scores", scores)
    return seen


def test_seeds_change_the_training_and_not_the_videos(trained):
    counts = study_runs.run_study(STUDY, "smoke", seed=5, seeds=2)
    assert trained == [
        (epochs, seed, 5, control)
        for epochs, control in ((2, None), (3, None), (2, "shuffled-labels"))
        for seed in (5, 6)
    ]
    assert len(counts) == 2 * 3 * 3 * 2  # seeds, variants, subjects, classes
    assert counts.groupby("variant")["tp"].unique().map(list).to_dict() == {"a": [4], "b": [6], "c": [4]}


def test_a_wrong_setting_is_refused_before_anything_is_trained(trained):
    wrong = Study("wrong", "Why?", {"a": {}, "b": {"epoch": 3}})
    with pytest.raises(InputError, match="unknown setting 'epoch'"):
        study_runs.run_study(wrong, "smoke")
    assert trained == []


def test_the_command_shows_and_records_what_came_out(trained, monkeypatch, capsys, tmp_path):
    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("MSSTGCN_ROOT", str(tmp_path))
    arguments = [
        "study",
        "run",
        "main",
        "--profile",
        "smoke",
        "--seeds",
        "2",
        "--set",
        "epochs=4",
        "--record",
    ]
    monkeypatch.setattr(sys, "argv", ["msstgcn", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    shown = capsys.readouterr()
    assert "control: shuffled labels" in shown.out and "resolvable" in shown.out
    record = records.latest_record("study-main")
    assert record["seeds"] == 2 and record["settings"] == {"epochs": 4}
    assert len(record["result"]["table"]) == 9 and json.dumps(record["result"]["counts"])
