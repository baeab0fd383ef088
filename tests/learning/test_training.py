from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from toys import batches_of, toy_video

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.graph import FACE, PARTS
from msstgcn.learning import batched
from msstgcn.learning.batched import Job, Material, train_folds
from msstgcn.learning.training import is_decayed, optimiser, train_epochs
from msstgcn.network import MSSTGCN, fused, initialised, stacked
from msstgcn.settings import LearningSettings, NetworkSettings
from msstgcn.timeline import Expression


def plainly(corpus, job, network, settings):
    """The serial loop in double precision."""
    model = initialised(network, seed=job.seed).double()
    for block, graph in ((model.block1, FACE), (model.block2, PARTS)):
        block.mix.operator = graph.laplacian()  # not rounded to single precision on the way
    return model, list(train_epochs(model, batches_of(corpus, job, settings), settings))


@pytest.mark.parametrize(
    "changes", [{}, {"contrast": "released", "boundary_loss": "focal"}], ids=["usual", "other"]
)
def test_folds_together_equal_one_after_the_other(toy_features, small_network, changes):
    """At least 50 steps; the folds have different numbers of batches, so some rest while others go on."""
    settings = LearningSettings(epochs=6, segments=3, sampling="all", **changes)
    corpus = learning.gather(toy_features, small_network, settings)
    jobs = [
        Job("a", corpus.starts[:], 1),
        Job("b", corpus.training_starts(settings, "s2"), 2),
        Job("c", corpus.training_starts(settings, "s3")[:19], 3),
    ]
    assert settings.epochs * (len(jobs[1].starts) // 3) >= 50
    material = Material.of(corpus, small_network, torch.device("cpu"), torch.float64)
    together = train_folds(material, jobs, small_network, settings)
    for job, (weights, history, _) in zip(jobs, together, strict=True):
        model, rows = plainly(corpus, job, small_network, settings)
        # the bar: losses within 1e-6, weights within 1e-4 relative after 50 steps in double precision
        np.testing.assert_allclose(history.to_numpy(), np.array(rows), rtol=0, atol=1e-6)
        for name, value in model.state_dict().items():
            if "tracked" not in name:
                gap = float((weights[name] - value).norm())
                assert gap <= 1e-4 * float(value.norm()) + 1e-7, name
        assert float(weights["head.weight"].std()) > 0


def test_the_gpus_operations_train_the_same(toy_features, small_network, quick_learning, monkeypatch):
    """On a GPU plain tensor operations take the place of the compiled loops; here they run on the CPU."""
    corpus = learning.gather(toy_features, small_network, quick_learning)
    jobs = [Job(s, corpus.training_starts(quick_learning, s), n) for n, s in enumerate(corpus.subjects)]
    material = Material.of(corpus, small_network, torch.device("cpu"), torch.float64)
    compiled = train_folds(material, jobs, small_network, quick_learning)
    for name in ("convolve", "norm_pool", "patch_pool"):
        monkeypatch.setattr(stacked, name, getattr(fused, f"{name}_plain"))
    for mine, theirs in zip(
        compiled, train_folds(material, jobs, small_network, quick_learning), strict=True
    ):
        # 1e-6: single precision of the result; the steps are in double precision
        np.testing.assert_allclose(mine.history, theirs.history, atol=1e-6)
        for name, value in mine.weights.items():
            torch.testing.assert_close(theirs.weights[name], value, atol=1e-6, rtol=1e-5)


class Operations(TorchDispatchMode):
    """Notes which operations are started."""

    def __init__(self) -> None:
        super().__init__()
        self.started = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.started.append(operation.overloadpacket.__name__)
        return operation(*args, **(kwargs or {}))


def test_a_step_brings_nothing_to_the_device_and_asks_for_nothing(
    toy_features, small_network, quick_learning, monkeypatch
):
    """A GPU that has to wait for numbers in every step stands still most of the time."""
    noted, real = [], batched._step

    def step(*args):
        with Operations() as operations:
            terms = real(*args)
        noted.append(operations.started)
        return terms

    monkeypatch.setattr(batched, "_step", step)
    for name in ("convolve", "norm_pool", "patch_pool"):
        monkeypatch.setattr(stacked, name, getattr(fused, f"{name}_plain"))
    corpus = learning.gather(toy_features, small_network, quick_learning)
    jobs = [Job(s, corpus.training_starts(quick_learning, s), n) for n, s in enumerate(corpus.subjects)]
    material = Material.of(corpus, small_network, torch.device("cpu"))
    train_folds(material, jobs, small_network, quick_learning)
    assert len(noted) > 1
    for started in noted[1:]:  # the first one puts constants there
        assert not {"lift_fresh", "_local_scalar_dense"} & set(started)


def test_a_fold_does_not_depend_on_its_company(toy_features, small_network, quick_learning):
    corpus = learning.gather(toy_features, small_network, quick_learning)
    jobs = [Job(s, corpus.training_starts(quick_learning, s), n) for n, s in enumerate(corpus.subjects)]
    material = Material.of(corpus, small_network, torch.device("cpu"), torch.float64)
    together = train_folds(material, jobs, small_network, quick_learning)
    alone = train_folds(material, jobs[1:2], small_network, quick_learning)
    for name, value in alone[0][0].items():
        torch.testing.assert_close(together[1][0][name], value, atol=1e-6, rtol=1e-6)


def test_training_of_one_fold_learns(toy_features, small_network):
    settings = LearningSettings(epochs=6, segments=4, sampling="all")
    told = []
    fold = learning.train_fold(toy_features, small_network, settings, seed=1, progress=told.append)
    totals = fold.history["total"].to_numpy()
    assert totals[-1] < 0.7 * totals[0]
    assert told == [1] * 6
    assert list(fold.history.columns) == list(learning.HISTORY_COLUMNS)
    np.testing.assert_allclose(fold.history["lr"], 0.01 * 0.96 ** np.arange(6))


def test_training_of_one_fold_repeats_itself(toy_features, small_network, quick_learning):
    first, again, other = (
        learning.train_fold(toy_features, small_network, quick_learning, seed=seed) for seed in (1, 1, 2)
    )
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert not torch.equal(first.weights["head.weight"], other.weights["head.weight"])


def test_only_convolution_weights_decay(small_network):
    network = MSSTGCN(small_network)
    decayed = {name for name, _ in network.named_parameters() if is_decayed(name)}
    assert decayed == {f"block{n}.convolution.weight" for n in (1, 2, 3, 4)} | {"head.weight"}
    groups = optimiser(network, LearningSettings()).param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0]
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_an_exploding_run_is_stopped_by_name(toy_features, small_network):
    settings = LearningSettings(epochs=3, segments=4, sampling="all", lr=1e30)
    with pytest.raises(InputError, match=r"epoch 0: the loss is not finite.*smaller learning rate"):
        learning.train_fold(toy_features, small_network, settings)
    with pytest.raises(InputError, match=r"fold without s\d, epoch 0: the loss is not finite"):
        learning.train_loso(toy_features, small_network, settings)


def test_weights_that_leave_the_numbers_stop_a_training_though_its_loss_does_not(
    toy_features, small_network, monkeypatch
):
    """The compiled rectifier makes an ordinary zero of what is no number, so the loss can stay finite.

    With one batch an epoch the loss is known before the weights change.
    """
    step, steps = batched._adamw, []

    def overflowing(state, *given):
        steps.append(1)
        step(state, *given)
        state.weights[0, 0] = torch.inf

    monkeypatch.setattr(batched, "_adamw", overflowing)
    settings = LearningSettings(epochs=4, segments=64, sampling="all")
    with pytest.raises(InputError, match=r"epoch 0: the weights are not finite.*smaller learning rate"):
        learning.train_fold(toy_features, small_network, settings, seed=1)
    assert len(steps) == 1


def changed(video, **changes):
    return dataclasses.replace(video, **changes)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda v: [], "no features"),
        (lambda v: [v[0], v[0]], "s1_0: the same video stands twice"),
        (lambda v: [changed(x, expressions=()) for x in v], "no expression in any video"),
        (
            lambda v: [changed(v[0], flow=v[0].flow[:, 1:]), *v[1:]],
            "window of 16 frames does not fit kernels",
        ),
        (lambda v: [changed(v[0], flow=v[0].flow[:, :, 1:]), *v[1:]], "regions"),
        (lambda v: [changed(v[0], flow=v[0].flow[0]), *v[1:]], r"expected \(T, K, R, 2\)"),
        (lambda v: [changed(v[0], mask=v[0].mask[1:]), *v[1:]], r"s1_0: mask of shape \(119,\)"),
        (
            lambda v: [changed(v[0], mask=v[0].mask.astype(int)), *v[1:]],
            r"s1_0: mask .* type int64; expected \(120,\), bool",
        ),
        (
            lambda v: [changed(v[0], flow=v[0].flow[:0], mask=v[0].mask[:0], expressions=()), *v[1:]],
            "s1_0: no frames",
        ),
        (
            lambda v: [changed(v[0], expressions=(Expression(100, 110, 120, "me"),)), *v[1:]],
            "s1_0: .* frame 120",
        ),
    ],
)
def test_features_that_cannot_be_learned_from_are_refused(
    toy_features, small_network, quick_learning, spoil, words
):
    with pytest.raises(InputError, match=words):
        learning.train_fold(spoil(toy_features), small_network, quick_learning)


def test_nan_is_found_with_video_and_frame(toy_features, small_network, quick_learning):
    flow = toy_features[1].flow.copy()
    flow[33, 5, 2, 0] = np.nan
    videos = [toy_features[0], changed(toy_features[1], flow=flow)]
    with pytest.raises(InputError, match="s1_1, frame 33: NaN or infinite features"):
        learning.train_fold(videos, small_network, quick_learning)


def test_masked_windows_are_in_no_segment(toy_features, small_network, quick_learning):
    mask = np.ones(120, dtype=bool)
    mask[40:50] = False
    corpus = learning.gather(
        [changed(toy_features[0], mask=mask), toy_features[1]], small_network, quick_learning
    )
    first = corpus.starts[corpus.starts < 120]
    used = (first[:, None] + np.arange(16)).ravel()
    assert mask[used].all()
    assert set(used) == set(np.flatnonzero(mask))
    assert any("10 of 240 windows" in note for note in corpus.notes)


def test_expression_sampling_takes_segments_with_an_expression_only(toy_features, small_network):
    settings = LearningSettings(sampling="expression")
    corpus = learning.gather(toy_features, small_network, settings)
    starts = corpus.training_starts(settings)
    held = [corpus.targets.action[s : s + 16].any().item() for s in corpus.starts]
    assert starts.tolist() == corpus.starts[held].tolist()
    assert 0 < len(starts) < len(corpus.starts)


def test_leaving_one_out_leaves_all_of_them_out(toy_features, small_network, quick_learning):
    corpus = learning.gather(toy_features, small_network, quick_learning)
    starts = corpus.training_starts(quick_learning, "s2")
    assert not ((starts >= 240) & (starts < 480)).any()  # the third and fourth video
    assert len(starts) * 3 == len(corpus.starts) * 2


def test_videos_too_short_for_a_segment_are_refused(small_network):
    videos = [changed(toy_video("s1", 0), mask=np.zeros(120, dtype=bool)), toy_video("s2", 0)]
    with pytest.raises(InputError, match="fold without s2: no segment of 16 usable windows"):
        learning.train_loso(videos, small_network, LearningSettings(epochs=1, sampling="all"))


def test_shuffled_labels_keep_their_number_and_leave_their_place(toy_features, small_network, quick_learning):
    true = learning.gather(toy_features, small_network, quick_learning)
    moved = learning.gather(toy_features, small_network, quick_learning, control="shuffled-labels")
    again = learning.gather(toy_features, small_network, quick_learning, control="shuffled-labels")
    assert torch.equal(moved.targets.boundary, again.targets.boundary)
    for video in range(6):
        frames = slice(120 * video, 120 * (video + 1))
        assert torch.equal(true.targets.action[frames].sum(0), moved.targets.action[frames].sum(0))
        assert not torch.equal(true.targets.action[frames], moved.targets.action[frames])
    assert torch.equal(true.flow, moved.flow)


def test_an_unknown_control_is_refused(toy_features, small_network, quick_learning):
    with pytest.raises(InputError, match="shuffled-labels"):
        learning.gather(toy_features, small_network, quick_learning, control="shuffled")


def test_devices_have_names():
    assert learning.device("cpu") == torch.device("cpu")
    assert learning.device("auto").type in ("cpu", "cuda")
    with pytest.raises(InputError, match="auto, cpu, cuda"):
        learning.device("gpu")


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="sees no GPU"):
        learning.device("cuda")
    assert learning.device("auto").type == "cpu"


def test_settings_out_of_range_are_refused():
    with pytest.raises(InputError, match="epochs = 0"):
        LearningSettings.make({"epochs": 0})
    with pytest.raises(InputError, match="kernels"):
        NetworkSettings.make({"kernels": [3, 5, 5, 0]})
