from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from msstgcn.network.losses import (
    TERMS,
    BatchTargets,
    boundary_cross_entropy,
    boundary_focal,
    focal,
    loss_terms,
    supervised_contrast,
    supervised_contrast_released,
    term_weights,
    total_loss,
)
from msstgcn.settings import LearningSettings

GENERATOR = torch.Generator().manual_seed(5)


def draws(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


def soft_targets(n: int) -> torch.Tensor:
    return torch.tensor([(0.0, 0.4, 0.0, 1.0, 0.9)[i % 5] for i in range(n)], dtype=torch.float64)


def slow_focal(x, y, alpha):
    total = 0.0
    for logit, target in zip(x, y, strict=True):
        p = 1 / (1 + math.exp(-logit))
        if target > 0:
            total += -alpha * abs(target - p) * math.log(p + 1e-5)
        else:
            total += -(1 - alpha) * abs(target + 0.16 - p) * math.log(1 - p + 1e-5)
    return total / len(x)


def slow_boundary(x, y, gamma):
    total = 0.0
    for row, label in zip(x, y, strict=True):
        p = math.exp(row[label]) / sum(math.exp(v) for v in row)
        total += -((1 - p) ** gamma) * math.log(p)
    return total / len(x)


def slow_contrast(z, label, tau):
    """Khosla et al. (2020), equation 2, frame by frame."""
    n = len(z)
    total = 0.0
    for i in range(n):
        dots = [sum(a * b for a, b in zip(z[i], z[j], strict=True)) / tau for j in range(n)]
        top = max(dots)
        log_sum = math.log(sum(math.exp(dots[j] - top) for j in range(n) if j != i) + 1e-6)
        positives = [j for j in range(n) if j != i and label[j] == label[i]]
        total -= sum(dots[j] - top - log_sum for j in positives) / (len(positives) + 1e-6)
    return total / n


@pytest.mark.parametrize("alpha", [0.9, 0.8])
def test_focal_follows_its_formula(alpha):
    x, y = 2 * draws(25), soft_targets(25)
    # 1e-12: the same few operations in double precision
    assert float(focal(x, y, alpha)) == pytest.approx(slow_focal(x.tolist(), y.tolist(), alpha), rel=1e-12)


@pytest.mark.parametrize(("loss", "gamma"), [(boundary_cross_entropy, 0), (boundary_focal, 2)])
def test_boundary_losses_follow_their_formula(loss, gamma):
    x, y = draws(12, 3), torch.arange(12) % 3
    assert float(loss(x, y)) == pytest.approx(slow_boundary(x.tolist(), y.tolist(), gamma), rel=1e-12)


def test_contrast_follows_its_formula():
    z, label = draws(9, 4), torch.tensor([0, 0, 1, 2, 0, 1, 2, 2, 0])
    unit = (z / z.norm(dim=1, keepdim=True)).tolist()
    wanted = slow_contrast(unit, label.tolist(), 0.5)
    assert float(supervised_contrast(z, label, 0.5)) == pytest.approx(wanted, rel=1e-12)


def test_released_contrast_is_raw_and_scaled():
    z, label = draws(9, 4), torch.tensor([0, 0, 1, 2, 0, 1, 2, 2, 0])
    wanted = slow_contrast(z.tolist(), label.tolist(), 0.5) * 0.5 / 0.07
    assert float(supervised_contrast_released(z, label, 0.5)) == pytest.approx(wanted, rel=1e-12)


def test_contrast_ignores_a_frame_without_positives():
    z, label = draws(3, 4), torch.tensor([0, 0, 2])
    alone = slow_contrast((z / z.norm(dim=1, keepdim=True)).tolist(), [0, 0, 2], 0.5)
    assert float(supervised_contrast(z, label, 0.5)) == pytest.approx(alone, rel=1e-12)
    assert math.isfinite(alone)


def test_only_the_released_form_depends_on_length():
    z, label = draws(8, 4), torch.arange(8) % 2
    short, long = (supervised_contrast(k * z, label, 0.5) for k in (1, 5))
    assert float(short) == pytest.approx(float(long), rel=1e-9)
    raw_short, raw_long = (supervised_contrast_released(k * z, label, 0.5) for k in (1, 5))
    assert float(raw_long) > 1.5 * float(raw_short)


def test_released_form_survives_huge_embeddings():
    value = supervised_contrast_released(1e4 * draws(8, 4), torch.arange(8) % 2, 0.5)
    assert torch.isfinite(value)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: focal(x[:, 0], soft_targets(8), 0.9),
        lambda x: boundary_cross_entropy(x[:, :3], torch.arange(8) % 3),
        lambda x: boundary_focal(x[:, :3], torch.arange(8) % 3),
        lambda x: supervised_contrast(x, torch.arange(8) % 3, 0.5),
        lambda x: supervised_contrast_released(x / 4, torch.arange(8) % 3, 0.5),  # see the next test
    ],
    ids=["focal", "cross-entropy", "boundary focal", "normalised", "released"],
)
def test_gradients_equal_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, draws(8, 4).requires_grad_())


def test_released_form_stops_pushing_long_embeddings_apart():
    """A row's largest product is its own square, so the others vanish beside the guard in the logarithm."""
    label = torch.tensor([0, 0, 1, 1])
    z = (30 * torch.eye(4, dtype=torch.float64) + draws(4, 4).abs()).requires_grad_()
    (slope,) = torch.autograd.grad(supervised_contrast_released(z, label, 0.5), z)
    pull_only = -(z[0] @ z[1] + z[2] @ z[3]) * 2 / 0.5 / 4 * 0.5 / 0.07
    (wanted,) = torch.autograd.grad(pull_only, z)
    # 1e-5: the guard inside the mean over positives takes off a millionth
    torch.testing.assert_close(slope, wanted, rtol=1e-5, atol=1e-5)


def batch(n: int = 30, folds: tuple[int, ...] = ()) -> tuple[torch.Tensor, torch.Tensor, BatchTargets]:
    rng = np.random.default_rng(n)
    shape = (*folds, n)
    targets = BatchTargets(
        boundary=torch.from_numpy(rng.integers(0, 3, (*shape, 2))),
        apex=torch.from_numpy(rng.choice([0.0, 0.9, 1.0], (*shape, 2))),
        action=torch.from_numpy(rng.choice([0.0, 1.0], (*shape, 2))),
        contrast=torch.from_numpy(rng.integers(0, 3, shape)),
    )
    return draws(*shape, 10), draws(*shape, 6), targets


def test_total_is_the_weighted_sum_of_the_methods_terms():
    logits, z, targets = batch()
    x = logits.tolist()
    column = lambda c: [row[c] for row in x]  # noqa: E731
    me = slow_focal(column(6), targets.apex[:, 0].tolist(), 0.9) * 1.8
    me += slow_boundary([row[0:3] for row in x], targets.boundary[:, 0].tolist(), 0)
    me += 0.1 * slow_focal(column(8), targets.action[:, 0].tolist(), 0.8)
    mae = slow_focal(column(7), targets.apex[:, 1].tolist(), 0.9)
    mae += slow_boundary([row[3:6] for row in x], targets.boundary[:, 1].tolist(), 0)
    mae += 0.1 * slow_focal(column(9), targets.action[:, 1].tolist(), 0.8)
    contrast = slow_contrast((z / z.norm(dim=1, keepdim=True)).tolist(), targets.contrast.tolist(), 0.5)
    settings = LearningSettings()
    terms = loss_terms(logits, z, targets, settings)
    assert float(total_loss(terms, settings)) == pytest.approx(me + 0.7 * mae + 0.05 * contrast, rel=1e-10)
    assert len(TERMS) == len(term_weights(settings)) == terms.shape[-1]


def test_settings_choose_the_forms():
    logits, z, targets = batch()
    index = {name: number for number, name in enumerate(TERMS)}
    terms = loss_terms(logits, z, targets, LearningSettings(boundary_loss="focal", contrast="released"))
    wanted = boundary_focal(logits[:, 3:6], targets.boundary[:, 1])
    assert float(terms[index["boundary_mae"]]) == pytest.approx(float(wanted))
    wanted = supervised_contrast_released(z, targets.contrast, 0.5)
    assert float(terms[index["contrast"]]) == pytest.approx(float(wanted))
    without = loss_terms(logits, z, targets, LearningSettings(lambda_contrast=0.0))
    assert float(without[index["contrast"]]) == 0.0


def test_focal_takes_a_weight_a_row():
    x, y, alpha = draws(2, 9), soft_targets(9).expand(2, 9), torch.tensor([[0.9], [0.8]], dtype=torch.float64)
    wanted = torch.stack([focal(x[0], y[0], 0.9), focal(x[1], y[1], 0.8)])
    torch.testing.assert_close(focal(x, y, alpha), wanted, atol=1e-15, rtol=1e-14)


def test_an_embedding_of_no_length_has_a_finite_slope():
    z = draws(4, 3)
    z[1] = 0
    (slope,) = torch.autograd.grad(
        supervised_contrast(z.requires_grad_(), torch.tensor([0, 0, 1, 1]), 0.5), z
    )
    assert torch.isfinite(slope).all()


def test_weights_first_asked_for_in_inference_can_be_trained_with():
    settings = LearningSettings(rho=0.123)
    terms = draws(7).requires_grad_()
    with torch.inference_mode():
        total_loss(terms, settings)
    (slope,) = torch.autograd.grad(total_loss(terms, settings), terms)
    torch.testing.assert_close(slope, torch.tensor(term_weights(settings), dtype=torch.float64))


def test_a_stack_of_folds_gives_each_folds_own_terms():
    logits, z, targets = batch(20, (3,))
    settings = LearningSettings()
    stacked = loss_terms(logits, z, targets, settings)
    for fold in range(3):
        own = BatchTargets(
            targets.boundary[fold], targets.apex[fold], targets.action[fold], targets.contrast[fold]
        )
        torch.testing.assert_close(
            stacked[fold], loss_terms(logits[fold], z[fold], own, settings), atol=1e-12, rtol=0
        )
