"""The straightforward training that ours is measured against: it is the same training."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn import learning
from msstgcn.learning.batched import Job
from msstgcn.learning.bench import SegmentFiles, bench_train, loader, random_videos
from msstgcn.settings import LearningSettings, NetworkSettings


@pytest.fixture
def videos():
    return random_videos(2, 1, 140)


def test_the_files_hold_the_windows_and_labels_of_the_corpus(videos, tmp_path):
    settings = LearningSettings(segments=3, sampling="all")
    corpus = learning.gather(videos, NetworkSettings(), settings)
    files = SegmentFiles(videos, settings.segment, tmp_path)
    assert len(files) == len(list(tmp_path.iterdir())) == len(corpus.starts)
    job = Job("a", corpus.starts, 5)
    drawn = learning.batches(len(corpus.starts), 3, seed=5, epoch=2)
    for batch, (windows, boundary, apex, action, contrast) in zip(
        drawn, loader(files, job, settings, 2), strict=True
    ):
        index = corpus.starts[batch][:, None] + np.arange(16)
        np.testing.assert_array_equal(windows.permute(0, 1, 3, 4, 2), corpus.flow[index])
        for made, wanted in (
            (boundary, corpus.targets.boundary),
            (apex, corpus.targets.apex),
            (action, corpus.targets.action),
            (contrast, corpus.targets.contrast),
        ):
            np.testing.assert_array_equal(made, wanted[index])


@pytest.mark.parametrize("kernels", [(3, 5, 5, 7), (5, 3, 3, 3)])
def test_both_ways_end_with_the_same_weights_and_the_report_is_complete(kernels):
    result = bench_train(
        "cpu",
        subjects=2,
        videos=9,
        frames=140,
        rounds=1,
        checked_steps=4,
        network=NetworkSettings(channels=6, kernels=kernels),
    )
    assert result["max_weight_difference"] <= result["tolerance"]
    assert result["checked_steps"] == 4
    assert result["device"] == "cpu" and result["window"] == sum(kernels) - 3
    assert result["speedup"] == pytest.approx(result["baseline_s"] / result["ours_s"])  # one round only
    assert 0 < result["baseline_loading_s"] < result["baseline_s"]
