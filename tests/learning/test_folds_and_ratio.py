"""Groups of subjects left out in turn, and segments without an expression drawn anew each epoch."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from killed import killed_in_epoch
from toys import toy_video

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.learning.batched import Job
from msstgcn.learning.inner import inner_groups
from msstgcn.learning.loso import job_of, left_out, loso_jobs
from msstgcn.learning.sampling import drawn
from msstgcn.settings import LearningSettings, NetworkSettings

NETWORK = NetworkSettings(channels=6)
RECIPE = LearningSettings(epochs=2, segments=4, sampling="all", folds=2)


@pytest.fixture(scope="module")
def five():
    return [toy_video(f"s{n}", 0) for n in range(5)]


@pytest.fixture(scope="module")
def run(five):
    return learning.train_loso(five, NETWORK, RECIPE)


def equal(first, second):
    return all(torch.equal(weight, second[name]) for name, weight in first.items())


def test_groups_are_those_of_the_inner_folds_and_leave_everybody_out_once():
    names = [f"p{n:02d}" for n in range(11)]
    groups = left_out(names, 4, seed=3)
    assert list(groups) == [f"group {n} of 4" for n in (1, 2, 3, 4)]
    assert tuple(groups.values()) == inner_groups(names, 4, seed=3)
    assert sorted(sum(groups.values(), ())) == names
    assert left_out(names, 4, seed=4) != groups
    assert left_out(names, 0, seed=3) == {name: (name,) for name in names}
    assert len(left_out(names, 99, seed=3)) == 11  # no empty groups


def test_each_network_is_the_one_trained_on_the_others_alone(run, five):
    groups = left_out([f"s{n}" for n in range(5)], 2, seed=0)
    assert list(run.folds) == list(groups)
    for name, out in groups.items():
        others = [video for video in five if video.subject not in out]
        alone = learning.train_fold(others, NETWORK, RECIPE, seed=learning.seed_of(0, "fold", *out))
        assert equal(alone.weights, run.folds[name].weights)
        assert {video[:2] for video in run.folds[name].probabilities} == set(out)
    for video in five:
        (name,) = [name for name, out in groups.items() if video.subject in out]
        said = learning.predict(run.folds[name].weights, video, network=NETWORK)
        np.testing.assert_array_equal(run.probabilities[video.video], said)


def test_a_seed_of_many_has_the_groups_and_networks_of_that_seed_alone(five):
    together = learning.train_seeds(five, NETWORK, RECIPE, (0, 7))
    alone = learning.train_loso(five, NETWORK, RECIPE.but(seed=7))
    for name, fold in alone.folds.items():
        assert equal(fold.weights, together[7].folds[name].weights)
        assert fold.probabilities.keys() == together[7].folds[name].probabilities.keys()


def test_only_the_groups_of_some_subjects_can_be_trained(five):
    corpus = learning.gather(five, NETWORK, RECIPE)
    groups = left_out(corpus.subjects, 2, seed=0)
    (name,) = [name for name, out in groups.items() if "s3" in out]
    assert [job.name for job in loso_jobs(corpus, RECIPE, 0, ["s3"])] == [name]


def test_one_group_is_refused():
    with pytest.raises(InputError, match="folds must be 0 or at least 2"):
        LearningSettings().but(folds=1)


def test_segments_are_drawn_anew_each_epoch_and_each_at_most_once():
    starts, others = np.arange(5), np.arange(100, 140)
    epochs = [drawn(starts, others, 10, seed=3, epoch=epoch) for epoch in range(50)]
    for own in epochs:
        assert own[:5].tolist() == [0, 1, 2, 3, 4]
        assert len(set(own.tolist())) == 15 and set(own[5:]) <= set(others)
    assert len({tuple(sorted(own)) for own in epochs}) == 50
    np.testing.assert_array_equal(epochs[7], drawn(starts, others, 10, seed=3, epoch=7))
    # each of 40 is in a quarter of 50 draws: 12.5, binomial deviation 3.1; 40 of them within four deviations
    counts = np.bincount(np.concatenate(epochs), minlength=140)[100:]
    assert counts.sum() == 500 and (abs(counts - 12.5) < 12.4).all()
    assert sorted(drawn(starts, others, 99, seed=3, epoch=0)) == [*starts, *others]
    np.testing.assert_array_equal(drawn(starts, others, 0, seed=3, epoch=0), starts)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, 1000.0])
def test_the_ratio_is_that_of_segments_without_to_segments_with_an_expression(five, ratio):
    recipe = RECIPE.but(neutral=ratio, segment=4)
    corpus = learning.gather(five, NETWORK, recipe)
    job = job_of(corpus, recipe, "s1", 11, ("s1",))
    shown = dict(zip(corpus.starts.tolist(), corpus.expressive.any(1).tolist(), strict=True))
    expressive = sum(
        shown[s] for s, own in zip(corpus.starts.tolist(), corpus.subject, strict=True) if own != "s1"
    )
    there = sum(own != "s1" for own in corpus.subject) - expressive
    seen = job.batches(1, epoch=0)[:, 0].tolist()  # batches of one: every segment that takes part
    assert sum(shown[start] for start in seen) == expressive > 0
    assert len(seen) - expressive == min(round(ratio * expressive), there)
    owner = dict(zip(corpus.starts.tolist(), corpus.subject, strict=True))
    assert "s1" not in {owner[start] for start in seen}


def test_without_others_it_is_training_on_expressions_alone(five):
    none = learning.train_loso(five, NETWORK, RECIPE.but(neutral=0.0), subjects=["s1"])
    plain = learning.train_loso(five, NETWORK, RECIPE.but(sampling="expression"), subjects=["s1"])
    for name, fold in plain.folds.items():
        assert equal(fold.weights, none.folds[name].weights)


def test_a_killed_training_goes_on_with_the_segments_of_the_next_epoch(five, tmp_path, monkeypatch):
    recipe = RECIPE.but(neutral=1.0, epochs=3, segment=4, folds=0)
    undisturbed = learning.train_loso(five, NETWORK, recipe, subjects=["s1"])
    train = partial(learning.train_loso, five, NETWORK, recipe, subjects=["s1"], checkpoints=tmp_path)
    ran = killed_in_epoch(2, train, monkeypatch)
    again = train()
    assert ran == [2]
    assert equal(undisturbed.folds["s1"].weights, again.folds["s1"].weights)


def test_a_job_of_its_own_needs_no_others():
    job = Job("x", np.arange(6) * 16, 1)
    assert sorted(job.batches(2, epoch=0).ravel().tolist()) == (np.arange(6) * 16).tolist()
