"""Trainings as stages: folds are kept one by one and taken from the store afterwards."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from killed import killed_in_epoch

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import feature_stages, models, sources, stages, training_stages
from msstgcn.timeline import Expression


def noise(subject: str) -> VideoFeatures:
    rng = np.random.default_rng(int(subject[-1]))
    events = (Expression(20, 25, 30, "me"), Expression(50, 60, 75, "mae"))
    flow = rng.normal(size=(100, 17, 10, 2)).astype(np.float32)
    return VideoFeatures(f"{subject}_1", subject, 30.0, flow, np.ones(100, dtype=bool), events)


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """A small profile whose features are noise, so that nothing is rendered."""
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    monkeypatch.setattr(feature_stages, "features", lambda chosen: [noise(f"s00{n}") for n in (1, 2, 3)])
    return stages.profile("smoke", channels=6, segments=2)


def test_folds_are_kept_and_trained_once(chosen, monkeypatch):
    first, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
    monkeypatch.setattr("msstgcn.learning.schedule.train_folds", lambda *a, **k: pytest.fail("trained again"))
    again = stages.loso_seeds(chosen, (0,), device="cpu")[0]
    inner_again = stages.inner(chosen, device="cpu")
    epochs, looks = first.watched
    assert epochs.tolist() == again.watched[0].tolist() == [1, 2]
    for video, values in looks.items():
        np.testing.assert_array_equal(values, again.watched[1][video])
    for name, fold in inner.folds.items():
        assert all(torch.equal(w, inner_again.folds[name].weights[n]) for n, w in fold.weights.items())
    assert not list(stages.data_store().root.rglob("*.checkpoints"))


def test_a_training_of_two_seeds_that_was_stopped_goes_on_as_one_of_three(chosen, monkeypatch):
    chosen = chosen.model_copy(update={"learning": chosen.learning.but(epochs=2, watch=0)})
    ran = killed_in_epoch(1, partial(stages.loso_seeds, chosen, (0, 2), device="cpu"), monkeypatch)
    stages.loso_seeds(chosen, (0, 1, 2), device="cpu")
    assert ran.count(1) == 9 and ran.count(0) < 9, (
        "three folds and seeds, and some had been through one epoch"
    )
    assert not list(stages.data_store().root.rglob("*.checkpoints"))


def test_a_training_that_was_stopped_is_not_lost_to_one_that_had_nothing_to_train(chosen, monkeypatch):
    stages.loso(chosen, device="cpu")
    killed_in_epoch(1, partial(stages.loso_seeds, chosen, (1,), device="cpu"), monkeypatch)
    half_done = sorted(stages.data_store().root.rglob(".checkpoints/*.safetensors"))
    stages.loso(chosen, device="cpu")
    assert half_done and half_done == sorted(stages.data_store().root.rglob(".checkpoints/*.safetensors"))


def test_a_training_that_was_stopped_is_not_lost_to_one_of_another_seed(chosen, monkeypatch):
    chosen = chosen.model_copy(update={"learning": chosen.learning.but(epochs=2, watch=0)})
    killed_in_epoch(1, partial(stages.loso_seeds, chosen, (1,), device="cpu"), monkeypatch)
    half_done = sorted(stages.data_store().root.rglob(".checkpoints/*.safetensors"))
    stages.loso_seeds(chosen, (2,), device="cpu")
    assert half_done and half_done == sorted(stages.data_store().root.rglob(".checkpoints/*.safetensors"))
    stages.loso_seeds(chosen, (1,), device="cpu")
    assert not list(stages.data_store().root.rglob(".checkpoints"))


def test_a_training_that_is_killed_after_its_last_epoch_leaves_no_checkpoint(chosen, monkeypatch):
    listed, asked = training_stages._checkpoints, []

    def dies(folder):
        asked.append(folder)
        if len(asked) > 1:  # as what the training leaves is about to be removed
            raise KeyboardInterrupt
        return listed(folder)

    monkeypatch.setattr(training_stages, "_checkpoints", dies)
    with pytest.raises(KeyboardInterrupt):
        stages.loso(chosen, device="cpu")
    assert listed(asked[0])
    monkeypatch.setattr(training_stages, "_checkpoints", listed)
    stages.loso(chosen, device="cpu")
    assert not asked[0].exists()


def test_the_number_of_inner_groups_does_not_touch_the_run_itself(chosen):
    other = chosen.model_copy(update={"learning": chosen.learning.but(inner_groups=3)})
    names = [video.name for video in stages.dataset(chosen).videos]

    def key(which, what):
        return training_stages._run_key(names, which, "cpu", what, None)

    assert key(chosen, training_stages.TRAINING) == key(other, training_stages.TRAINING)
    assert key(chosen, training_stages.INNER) != key(other, training_stages.INNER)
    assert key(chosen, training_stages.TRAINING) != key(chosen, training_stages.INNER)


def test_a_study_asks_for_all_its_seeds_at_once_and_each_is_that_seeds_run(chosen):
    together = stages.loso_seeds(chosen, (3, 4), device="cpu")
    alone = stages.loso(training_stages.with_training_seed(chosen, 4), device="cpu")
    assert list(together) == [3, 4]
    for name, fold in alone.folds.items():
        assert all(torch.equal(w, together[4].folds[name].weights[n]) for n, w in fold.weights.items())


def test_weights_lie_beside_their_card(chosen):
    stages.loso(chosen, device="cpu")
    (weights, *others) = sorted(stages.data_store().root.rglob(stages.FOLD))
    assert len(others) == 2
    card = (weights.parent / stages.CARD).read_text(encoding="utf-8")
    about = learning.fold_metadata(weights)
    assert about["trained_without"] == "s001"
    assert json.loads(about["settings"]) == chosen.model_dump(mode="json")
    for words in (about["data_digest"], "without s001", about["licence"], "Not for use on people"):
        assert words in card


def test_a_network_of_everybody_goes_out_and_spots_in_a_new_video(chosen, tmp_path, monkeypatch):
    out = tmp_path / "model"
    scores = stages.scores(stages.loso(chosen, device="cpu"), chosen).table()
    weights = models.export(chosen, out, scores, device="cpu")
    assert weights == out / "model.safetensors"
    card = (out / "model.md").read_text(encoding="utf-8")
    assert "all subjects" in card and "| overall |" in card
    fold, found = models.open_model(weights)
    assert found == chosen and fold.subject == ""
    alone = learning.train_fold(
        feature_stages.features(chosen), chosen.network, chosen.learning, seed=stages.final_seed(chosen)
    )
    assert all(torch.equal(w, fold.weights[name]) for name, w in alone.weights.items())
    monkeypatch.setattr(sources, "open_source", lambda *a: "a video")
    monkeypatch.setattr(stages, "features_of", lambda source, motion: [noise("s009")])
    spotted = models.spot(
        tmp_path / "film.mp4", weights, out=tmp_path / "film.csv", plot=tmp_path / "film.png"
    )
    table = pd.read_csv(tmp_path / "film.csv")
    assert list(table.columns) == ["video", "class", "onset", "apex", "offset", "score"]
    assert len(table) == len(spotted)
    assert (tmp_path / "film.png").stat().st_size > 10_000
    monkeypatch.setattr("msstgcn.learning.schedule.train_folds", lambda *a, **k: pytest.fail("trained again"))
    models.export(chosen, out, scores, device="cpu")


@pytest.mark.parametrize("train", [stages.loso, stages.inner, stages.final])
def test_a_wrong_device_is_told_before_anything_is_measured(chosen, monkeypatch, train):
    monkeypatch.setattr(feature_stages, "features", lambda chosen: pytest.fail("measured first"))
    with pytest.raises(InputError, match="unknown device 'tpu'; expected one of auto, cpu, cuda"):
        train(chosen, device="tpu")


def test_what_is_no_model_is_refused(chosen, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        models.open_model(tmp_path / "none.safetensors")
    fold = learning.Fold("", {}, pd.DataFrame(columns=learning.HISTORY_COLUMNS), {})
    for wrong, message in ((tmp_path, "this is a folder"), (tmp_path / "me.mp4", "these are no weights")):
        if wrong != tmp_path:
            wrong.write_text("a recording")
        with pytest.raises(
            InputError, match=f"{message}; expected model.safetensors of `msstgcn train --out`$"
        ):
            models.open_model(wrong)
    bare = learning.save_fold(fold, tmp_path / "bare.safetensors")
    with pytest.raises(InputError, match=r"bare.safetensors: the file does not say how it was trained"):
        models.open_model(bare)
