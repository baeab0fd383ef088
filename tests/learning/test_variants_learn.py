"""Variants of the network in training: the batched program against the plain loop, and graphs counted fold by fold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from toys import batches_of, toy_video

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.graph import cooccurrence_graph, scales
from msstgcn.learning.batched import Job, Material, train_folds
from msstgcn.learning.training import train_epochs
from msstgcn.motion.regions import REGION_SETS
from msstgcn.network import SpatioTemporalBlock, initialised
from msstgcn.network.model import region_graph
from msstgcn.settings import LearningSettings, NetworkSettings

QUICK = LearningSettings(epochs=2, segments=3, sampling="all", watch=1)
UNITS = {"s1": ("12",), "s2": ("1", "2"), "s3": ("18", "4")}


def labelled(video, units):
    events = tuple(dataclasses.replace(e, action_units=units) for e in video.expressions)
    return dataclasses.replace(video, expressions=events)


@pytest.fixture(scope="module")
def coded():
    """Toy videos in which each subject shows action units of its own."""
    return [labelled(toy_video(subject, n), units) for subject, units in UNITS.items() for n in (0, 1)]


def exactly(model):
    """The constant operators in double precision, not rounded on the way."""
    settings = model.settings
    graphs = (region_graph(settings), scales(settings.regions).parts)
    for block, graph in zip((model.block1, model.block2), graphs, strict=True):
        if isinstance(block, SpatioTemporalBlock) and not isinstance(block.mix.operator, torch.nn.Parameter):
            over = graphs[0] if settings.scales == 1 else graph
            block.mix.operator = over.operator(settings.operator)
    return model


@pytest.mark.parametrize(
    "changes",
    [
        {"operator": "adjacency", "graph": "random"},
        {"operator": "learned"},
        {"graph": "cooccurrence"},
        {"scales": 1},
        {"scales": 2, "pooling": "mean"},
        {"spatial": "flat"},
        {"window_fit": "any", "kernels": [3, 3, 3, 5]},
    ],
    ids=str,
)
def test_a_variant_trains_as_the_plain_loop_does(coded, changes):
    network = NetworkSettings.make({"channels": 4, **changes})
    corpus = learning.gather(coded, network, QUICK)
    graph = (
        cooccurrence_graph(coded[0].expressions, REGION_SETS["10"])
        if "cooccurrence" in str(changes)
        else None
    )
    jobs = [Job("a", corpus.starts, 1, graph=graph), Job("b", corpus.starts[:19], 2, graph=graph)]
    material = Material.of(corpus, network, torch.device("cpu"), torch.float64)
    for job, found in zip(jobs, train_folds(material, jobs, network, QUICK), strict=True):
        model = exactly(initialised(network, seed=job.seed, graph=graph).double())
        rows = list(train_epochs(model, batches_of(corpus, job, QUICK), QUICK))
        # the same bar as for the method itself: losses within 1e-6, weights within 1e-4 of their size
        np.testing.assert_allclose(found.history.to_numpy(), np.array(rows), rtol=0, atol=1e-6)
        for name, value in model.state_dict().items():
            if "tracked" not in name:
                gap = float((found.weights[name] - value).norm())
                assert gap <= 1e-4 * float(value.norm()) + 1e-7, name


def test_a_fold_counts_its_graph_without_its_test_subjects(coded):
    """Other labels of the test subject leave its own fold as it was, bit for bit, unless all are counted."""
    changed = [labelled(v, ("25", "12")) if v.subject == "s1" else v for v in coded]
    for graph, leaks in (("cooccurrence", False), ("cooccurrence-all", True)):
        network = NetworkSettings(channels=4, graph=graph)
        before, after = (
            learning.train_loso(videos, network, QUICK, subjects=["s1"]).folds["s1"]
            for videos in (coded, changed)
        )
        same = torch.equal(before.weights["block1.mix.counted"], after.weights["block1.mix.counted"])
        assert same is not leaks
        assert torch.equal(before.weights["head.weight"], after.weights["head.weight"]) is not leaks
    others = [e for v in coded if v.subject != "s1" for e in v.expressions]
    wanted = cooccurrence_graph(others, REGION_SETS["10"]).laplacian().float()
    fold = learning.train_loso(coded, NetworkSettings(channels=4, graph="cooccurrence"), QUICK).folds["s1"]
    assert torch.equal(fold.weights["block1.mix.counted"], wanted)


def test_a_counted_graph_is_kept_with_the_weights(coded, tmp_path):
    network = NetworkSettings(channels=4, graph="cooccurrence")
    fold = learning.train_loso(coded, network, QUICK, subjects=["s2"]).folds["s2"]
    again = learning.load_fold(learning.save_fold(fold, tmp_path / "fold.safetensors"))
    for video in coded[2:4]:
        found = learning.predict(again.weights, video, network=network)
        np.testing.assert_array_equal(found, fold.probabilities[video.video])
    with pytest.raises(InputError, match=r"block1\.mix\.counted has shape \(10, 10\)"):
        learning.load_network(fold.weights, NetworkSettings(channels=4))


def test_a_stopped_fold_with_a_counted_graph_goes_on(coded, tmp_path):
    network = NetworkSettings(channels=4, graph="cooccurrence")
    whole = learning.train_loso(coded, network, QUICK, subjects=["s3"]).folds["s3"]

    class Stopped(Exception):
        pass

    def stop_after_one(epochs):
        raise Stopped

    with pytest.raises(Stopped):
        learning.train_loso(
            coded, network, QUICK, subjects=["s3"], checkpoints=tmp_path, progress=stop_after_one
        )
    assert list(tmp_path.glob("*.safetensors"))
    told = []
    again = learning.train_loso(
        coded, network, QUICK, subjects=["s3"], checkpoints=tmp_path, progress=told.append
    ).folds["s3"]
    assert told == [1, 1]  # the first of the checkpoint, the second trained
    assert all(torch.equal(whole.weights[name], again.weights[name]) for name in whole.weights)


def test_labels_without_action_units_count_no_graph(toy_features):
    with pytest.raises(InputError, match="action units in the annotations.*graph='facial'"):
        learning.train_loso(toy_features, NetworkSettings(channels=4, graph="cooccurrence"), QUICK)


def test_other_numbers_of_regions_are_trained_and_asked(toy_features):
    network = NetworkSettings(channels=4, regions="14")
    videos = [
        dataclasses.replace(v, flow=np.concatenate([v.flow, v.flow[:, :, :4]], 2)) for v in toy_features
    ]
    run = learning.train_loso(videos, network, QUICK)
    assert all(p.shape == (120, 10) and np.isfinite(p).all() for p in run.probabilities.values())


def test_features_of_other_regions_are_refused_by_name(toy_features):
    named = tuple(region.name for region in REGION_SETS["10"])
    other = (*named[:-1], "chin")
    videos = [dataclasses.replace(v, regions=other) for v in toy_features]
    with pytest.raises(
        InputError, match=r"s1_0: features of other regions \(.*chin\); expected inner brow L"
    ):
        learning.train_loso(videos, NetworkSettings(channels=4), QUICK)
    right = [dataclasses.replace(v, regions=named) for v in toy_features]
    learning.gather(right, NetworkSettings(channels=4), QUICK)
