"""Looks at held-out videos while training goes on, and inner folds: what is needed to choose without peeking."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from toys import toy_video

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.learning.inner import inner_groups, pair_name
from msstgcn.learning.training import watched_epochs
from msstgcn.settings import LearningSettings


@pytest.fixture(scope="module")
def five() -> list:
    return [toy_video(f"s{n}", 0) for n in range(5)]


@pytest.fixture
def recipe() -> LearningSettings:
    return LearningSettings(epochs=3, segments=4, sampling="all", watch=2, inner_groups=3)


def test_it_looks_every_so_many_epochs_and_at_the_end():
    assert watched_epochs(LearningSettings(epochs=10, watch=4)) == [4, 8, 10]
    assert watched_epochs(LearningSettings(epochs=8, watch=4)) == [4, 8]
    assert watched_epochs(LearningSettings(epochs=8, watch=20)) == [8]
    assert watched_epochs(LearningSettings(epochs=8)) == [8]


def test_a_look_is_what_a_shorter_training_would_have_said(toy_features, small_network, quick_learning):
    run = learning.train_loso(toy_features, small_network, quick_learning)
    short = learning.train_loso(toy_features, small_network, quick_learning.but(epochs=1, watch=0))
    epochs, watched = run.watched
    assert epochs.tolist() == [1, 2]
    assert watched.keys() == run.probabilities.keys()
    for video, looks in watched.items():
        assert looks.shape == (2, 120, 10) and looks.dtype == np.float16
        np.testing.assert_array_equal(looks[0], short.probabilities[video].astype(np.float16))
        np.testing.assert_array_equal(looks[1], run.probabilities[video].astype(np.float16))


def test_looking_changes_nothing(toy_features, small_network, quick_learning):
    watched = learning.train_loso(toy_features, small_network, quick_learning)
    plain = learning.train_loso(toy_features, small_network, quick_learning.but(watch=0))
    assert plain.watched[0].tolist() == [2]
    for name, fold in plain.folds.items():
        assert all(torch.equal(w, watched.folds[name].weights[n]) for n, w in fold.weights.items())
    for video, values in plain.probabilities.items():
        np.testing.assert_array_equal(values, watched.probabilities[video])


def test_groups_hold_everybody_once_and_follow_the_seed():
    names = [f"p{n:02d}" for n in range(11)]
    groups = inner_groups(names, 4, seed=1)
    assert sorted(sum(groups, ())) == names
    assert sorted(len(group) for group in groups) == [2, 3, 3, 3]
    assert inner_groups(names[::-1], 4, seed=1) == groups
    assert inner_groups(names, 4, seed=2) != groups
    assert len(inner_groups(names[:3], 4, seed=0)) == 3


def test_an_inner_network_has_seen_neither_the_test_subject_nor_whom_it_is_asked_about(
    five, small_network, recipe
):
    run = learning.train_inner(five, small_network, recipe)
    assert [len(group) for group in run.groups] == [2, 2, 1]
    out = run.groups[0] + run.groups[2]
    others = [video for video in five if video.subject not in out]
    # the same training on a data set from which both groups were removed
    seed = learning.seed_of(recipe.seed, "inner", *sorted(out))
    alone = learning.train_fold(others, small_network, recipe, seed=seed)
    fold = run.folds[pair_name(2, 0)]
    assert all(torch.equal(weight, fold.weights[name]) for name, weight in alone.weights.items())
    asked = learning.predict(
        fold.weights, next(v for v in five if v.subject in run.groups[2]), network=small_network
    )
    (video,) = (v.video for v in five if v.subject in run.groups[2])
    for subject in run.groups[0]:
        epochs, watched = run.watched(subject)
        assert epochs.tolist() == [2, 3]
        assert {name[:2] for name in watched} == set(run.groups[1] + run.groups[2])
        np.testing.assert_array_equal(watched[video][-1], asked.astype(np.float16))


def test_inner_folds_that_are_done_are_not_trained_again(five, small_network, recipe, tmp_path):
    first, told, rest = learning.train_inner(five, small_network, recipe), [], []
    kept = dict(list(first.folds.items())[:2])
    again = learning.train_inner(
        five,
        small_network,
        recipe,
        done=kept,
        on_fold=rest.append,
        progress=told.append,
        checkpoints=tmp_path,
    )
    assert [fold.subject for fold in rest] == ["groups 2 and 3"]
    assert sum(told) == 9
    assert list(again.folds) == list(first.folds) == learning.pair_names(sorted(first.owner.values()), recipe)
    for name, fold in first.folds.items():
        assert all(torch.equal(w, again.folds[name].weights[n]) for n, w in fold.weights.items())


def test_inner_folds_need_three_subjects_and_know_their_names(five, small_network, recipe):
    with pytest.raises(InputError, match="2 subjects; expected at least three"):
        learning.train_inner(five[:2], small_network, recipe)
    run = learning.train_inner(five[:3], small_network, recipe.but(epochs=1))
    with pytest.raises(InputError, match="no subject 's9'; expected one of s0, s1, s2"):
        run.watched("s9")


def test_an_inner_fold_with_nothing_to_learn_from_is_named(five, small_network, recipe):
    groups = inner_groups([v.subject for v in five], 3, seed=0)
    silent = [dataclasses.replace(v, expressions=()) if v.subject in groups[1] else v for v in five]
    with pytest.raises(InputError, match=r"fold without .*no segment .* holds an expression"):
        learning.train_inner(silent, small_network, recipe)
