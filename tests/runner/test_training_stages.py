"""Trainings as stages: folds are kept one by one and taken from the store afterwards."""

import numpy as np
import pytest
import torch

from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import stages
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
    monkeypatch.setattr(stages, "features", lambda chosen: [noise(f"s00{n}") for n in (1, 2, 3)])
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
    assert not list(stages._store().root.rglob("*.checkpoints"))


def test_the_number_of_inner_groups_does_not_touch_the_run_itself(chosen):
    other = chosen.model_copy(update={"learning": chosen.learning.but(inner_groups=3)})
    key = stages._run_key
    assert key(chosen, "cpu", stages.TRAINING, None) == key(other, "cpu", stages.TRAINING, None)
    assert key(chosen, "cpu", stages.INNER, None) != key(other, "cpu", stages.INNER, None)
    assert key(chosen, "cpu", stages.TRAINING, None) != key(chosen, "cpu", stages.INNER, None)
