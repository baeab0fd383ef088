"""What can go wrong in a training is said by name, and never passed over."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from toys import toy_video

from msstgcn import learning
from msstgcn.datasets.posted import LABELS, PostedSegment
from msstgcn.errors import InputError
from msstgcn.learning import batched, schedule
from msstgcn.learning.batched import Material
from msstgcn.settings import LearningSettings, NetworkSettings


def test_a_loss_that_becomes_nan_later_names_fold_and_epoch(
    toy_features, small_network, quick_learning, monkeypatch
):
    real = batched.loss_terms

    def bad(logits, embedding, targets, settings):
        spoiled = settings.lr_decay < 0.5 and bad.calls > 12
        bad.calls += 1
        return real(logits, embedding, targets, settings) * (float("nan") if spoiled else 1.0)

    bad.calls = 0
    monkeypatch.setattr(batched, "loss_terms", bad)
    monkeypatch.setattr(schedule.Schedule, "_on_cpu", schedule.Schedule._on_gpu)
    with pytest.raises(InputError, match=r"fold without s1, epoch 1: the loss is not finite"):
        learning.train_loso(toy_features, small_network, quick_learning.but(lr_decay=0.4))


def test_a_loss_that_explodes_but_stays_finite_is_noted(toy_features, small_network, quick_learning):
    run = learning.train_loso(toy_features, small_network, quick_learning.but(lr=30.0, epochs=3))
    found = [note for note in run.notes if "did not learn" in note]
    assert len(found) == 3  # high already in the first epoch, or higher than then
    assert found[0].startswith("the loss of the fold without s1 went from")


def test_a_fold_without_an_example_of_a_class_is_noted(toy_features, small_network, quick_learning):
    videos = [
        v
        if v.subject == "s2"
        else dataclasses.replace(v, expressions=tuple(e for e in v.expressions if e.label == "mae"))
        for v in toy_features
    ]
    run = learning.train_loso(videos, small_network, quick_learning.but(epochs=1))
    assert "the fold without s2 has no expression of class me to train on" in run.notes
    assert not any("without s1 has no" in note for note in run.notes)


def test_a_fold_without_any_example_is_refused_by_name(toy_features, small_network, quick_learning):
    videos = [v if v.subject == "s3" else dataclasses.replace(v, expressions=()) for v in toy_features]
    with pytest.raises(
        InputError, match="fold without s3: no segment of 16 usable windows holds an expression"
    ):
        learning.train_loso(videos, small_network, quick_learning)


def test_a_list_of_subjects_chooses_folds_and_refuses_strangers(toy_features, small_network, quick_learning):
    whole = learning.train_loso(toy_features, small_network, quick_learning)
    part = learning.train_loso(toy_features, small_network, quick_learning, subjects=["s2"])
    assert list(part.folds) == ["s2"]
    for name, weight in part.folds["s2"].weights.items():
        assert torch.equal(weight, whole.folds["s2"].weights[name])
    with pytest.raises(InputError, match="unknown subject 's7'; expected one of s1, s2, s3"):
        learning.train_loso(toy_features, small_network, quick_learning, subjects=["s2", "s7"])
    with pytest.raises(InputError, match="the list of subjects names nobody; expected some of s1, s2, s3"):
        learning.train_loso(toy_features, small_network, quick_learning, subjects=[])


def test_a_gpu_too_small_for_one_fold_or_for_the_windows_is_said(
    toy_features, small_network, quick_learning, monkeypatch
):
    def full(*args, **kwargs):
        raise torch.OutOfMemoryError

    with monkeypatch.context() as patch:
        patch.setattr(schedule.Schedule, "_on_cpu", schedule.Schedule._on_gpu)
        patch.setattr(schedule, "train_folds", full)
        with pytest.raises(InputError, match="not even one fold fits into the GPU's memory; use device cpu"):
            learning.train_loso(toy_features, small_network, quick_learning)
    monkeypatch.setattr(Material, "of", full)
    with pytest.raises(InputError, match="the 720 windows do not fit into the GPU's memory; use device cpu"):
        learning.train_loso(toy_features, small_network, quick_learning)


def posted(video, start: int) -> PostedSegment:
    """A segment as the authors post them: labels by frame, made from the same targets."""
    wanted = learning.targets(video.expressions, len(video.flow))
    inside = slice(start, start + 16)
    labels = np.zeros((16, len(LABELS)), np.float32)
    for number in (0, 1):
        labels[:, 4 * number] = wanted.boundary[inside, number] == 0
        labels[:, 4 * number + 1] = wanted.apex[inside, number]
        labels[:, 4 * number + 2] = wanted.boundary[inside, number] == 1
        labels[:, 4 * number + 3] = wanted.action[inside, number]
    return PostedSegment(f"{video.video}_{start}", video.flow[inside], labels)


def test_posted_segments_train_like_the_videos_they_were_cut_from(
    toy_features, small_network, quick_learning, tmp_path
):
    cut = [(v.subject, posted(v, start)) for v in toy_features for start in (*range(0, 105, 16), 104)]
    corpus = learning.gather_posted(cut, small_network, quick_learning)
    run = learning.train_loso(
        toy_features, small_network, quick_learning, corpus=corpus, checkpoints=tmp_path
    )
    whole = learning.train_loso(toy_features, small_network, quick_learning)
    for name, fold in whole.folds.items():
        assert all(torch.equal(w, run.folds[name].weights[n]) for n, w in fold.weights.items())
        for video, values in fold.probabilities.items():
            np.testing.assert_array_equal(values, run.folds[name].probabilities[video])


def test_posted_segments_that_do_not_fit_are_refused(small_network):
    video = toy_video("s1", 0)
    good = posted(video, 16)
    settings = LearningSettings()
    with pytest.raises(InputError, match="no segments"):
        learning.gather_posted([], small_network, settings)
    with pytest.raises(InputError, match="segment s1_0_16: a window of 17 frames does not fit kernels"):
        learning.gather_posted([("s1", good)], NetworkSettings(kernels=(3, 3, 5, 7)), settings)
    with pytest.raises(InputError, match="segment s1_0_16: 16 windows; expected 8"):
        learning.gather_posted([("s1", good)], small_network, settings.but(segment=8))
    silent = dataclasses.replace(good, labels=np.zeros_like(good.labels))
    with pytest.raises(InputError, match="no expression in any segment"):
        learning.gather_posted([("s1", silent)], small_network, settings)
