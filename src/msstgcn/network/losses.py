"""The loss: where apexes are, where boundaries are, where something moves, and which frames are alike.

Every term is a mean over the batch, so that its size does not depend on how many windows a batch holds. All
also take a leading dimension of folds, (F, N, ...), and then return one value a fold.

Many folds on a GPU wait for the host, which starts one operation after the other. So terms of one form are computed
together, and nothing is copied to the device while training.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from msstgcn.settings import LearningSettings

#: Weight of the apex term of micro-expressions and of the action terms (method, loss).
APEX_ME, ACTION = 1.8, 0.1
#: Weight of frames with a positive target in the focal loss, apex and action; the others weigh the rest to one.
ALPHA_APEX, ALPHA_ACTION = 0.90, 0.80
#: Margin that the focal loss on scores adds to its negatives, and guard of its logarithms; its exponent is one.
MARGIN, EPSILON = 0.16, 1e-5
#: Exponent of the focal loss on boundaries (Lin et al. 2017); ours, no public source settles it.
GAMMA_BOUNDARY = 2.0
#: Guard in the contrastive loss: in its logarithm and in the mean over positives.
EPSILON_CONTRAST = 1e-6
#: Length that an embedding has at least when it is brought to unit length; PyTorch's own default.
EPSILON_LENGTH = 1e-12
#: Base temperature of the released contrastive loss: it is scaled by temperature / 0.07.
BASE_TEMPERATURE = 0.07

#: Names of the terms, in the order in which `Terms` holds them.
TERMS: tuple[str, ...] = (
    "apex_me",
    "boundary_me",
    "action_me",
    "apex_mae",
    "boundary_mae",
    "action_mae",
    "contrast",
)


def focal(logits: Tensor, target: Tensor, alpha: float | Tensor) -> Tensor:
    r"""Focal loss on sigmoid scores with soft targets.

    With p the sigmoid: mean of :math:`-\alpha |y-p|^\gamma \log(p+\epsilon)` where y > 0 and of
    :math:`-(1-\alpha) |y+e-p|^\gamma \log(1-p+\epsilon)` where y = 0; gamma = 1, e = 0.16.

    Parameters
    ----------
    logits, target : Tensor, shape (..., N)
        Scores before the sigmoid, and targets in [0, 1].
    alpha : float or Tensor, shape (..., 1)
        Weight of the frames with y > 0; the others weigh ``1 - alpha``.

    Returns
    -------
    Tensor, shape (...)
        Mean over N.
    """
    away = (target <= 0).to(logits)
    p = logits.sigmoid()
    right = (away - p).abs()  # p where y > 0, else 1 - p
    gap = (torch.add(target, away, alpha=MARGIN) - p).abs()
    weight = alpha + (1 - 2 * alpha) * away
    return -(weight * gap * torch.log(right + EPSILON)).mean(-1)


def boundary_cross_entropy(logits: Tensor, label: Tensor) -> Tensor:
    """Cross-entropy over {onset, offset, none}: (..., N, 3) and int64 (..., N) to (...)."""
    return -_log_likelihood(logits, label).mean(-1)


def boundary_focal(logits: Tensor, label: Tensor) -> Tensor:
    r"""Focal loss over {onset, offset, none}: mean of :math:`-(1-p)^2 \log p`, p the label's probability.

    Shapes (..., N, 3) and int64 (..., N) to (...).
    """
    likelihood = _log_likelihood(logits, label)
    return -((1 - likelihood.exp()) ** GAMMA_BOUNDARY * likelihood).mean(-1)


def _log_likelihood(logits: Tensor, label: Tensor) -> Tensor:
    return functional.log_softmax(logits, -1).gather(-1, label[..., None])[..., 0]


#: Losses on boundaries by name.
BOUNDARY_LOSSES = {"cross-entropy": boundary_cross_entropy, "focal": boundary_focal}


def supervised_contrast(embedding: Tensor, label: Tensor, temperature: float) -> Tensor:
    r"""Supervised contrastive loss as Khosla et al. (2020) define it, on unit-length embeddings.

    For each frame i: minus the mean over its positives j (other frames of its label) of
    :math:`z_i \cdot z_j / \tau - \log \sum_{a \ne i} \exp(z_i \cdot z_a / \tau)`; then the mean over i. A
    frame without positives adds 0.

    Parameters
    ----------
    embedding : Tensor, shape (..., N, C)
        Brought to unit length here.
    label : Tensor of int64, shape (..., N)
        0 neutral, 1 macro-, 2 micro-expression.
    temperature : float
        tau.

    Returns
    -------
    Tensor, shape (...)
    """
    unit: Tensor = _Unit.apply(embedding)
    return _contrast(unit, label, temperature)


def supervised_contrast_released(embedding: Tensor, label: Tensor, temperature: float) -> Tensor:
    """The contrastive loss as released: raw embeddings, and the whole scaled by temperature / 0.07.

    Raw dot products grow with the square of the embedding's length. The largest of a row is then nearly
    always the frame with itself; taken off before the exponential, it leaves sums far below the guard in the
    logarithm. There the slope that pushes unlike frames apart is gone, and only the pull between like ones
    remains. Shapes as in `supervised_contrast`.
    """
    return _contrast(embedding, label, temperature) * (temperature / BASE_TEMPERATURE)


def _contrast(z: Tensor, label: Tensor, temperature: float) -> Tensor:
    loss: Tensor = _Contrast.apply(z, label, temperature)
    return loss


class _Unit(torch.autograd.Function):
    """Vectors of unit length, (..., C), with the slope written out: what lies along a vector is lost."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True).clamp_min(EPSILON_LENGTH)
        unit = x / length
        ctx.save_for_backward(unit, length)
        return unit

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        unit, length = ctx.saved_tensors
        along = (slope * unit).sum(-1, keepdim=True)
        return torch.addcmul(slope, unit, along, value=-1) / length


class _Contrast(torch.autograd.Function):
    """The contrastive loss of embeddings (..., N, C), with its slope written out.

    The table of N frames by N frames is the one large thing here, and it is written once and read a few times;
    automatic differentiation would keep several. A frame's positives need no such table: their sum is its
    label's total less itself.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, label: Tensor, temperature: float) -> Tensor:
        z = z * temperature**-0.5
        itself = z.square().sum(-1)  # (..., N)
        other = z @ z.mT  # (..., N, N)
        other.diagonal(dim1=-2, dim2=-1).fill_(-torch.inf)
        top = torch.maximum(other.amax(-1), itself)  # no overflow in exp, same ratios
        share = other.sub_(top[..., None]).exp_()
        total = share.sum(-1) + EPSILON_CONTRAST
        member = z.new_zeros(*label.shape, 3).scatter_(-1, label[..., None], 1)  # (..., N, 3)
        count = (member * member.sum(-2, keepdim=True)).sum(-1) - 1
        alike = member @ (member.mT @ z) - z  # (..., N, C), sum over the positives
        weight = 1 / ((count + EPSILON_CONTRAST) * z.shape[-2])
        push, pull = weight * count, weight[..., None] * alike
        ctx.save_for_backward(z, share, push / total, pull)
        ctx.temperature = temperature
        return (push * (total.log() + top) - (z * pull).sum(-1)).sum(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        z, share, push, pull = ctx.saved_tensors
        push = push[..., None]
        pushed = torch.addcmul(share.mT @ (z * push), share @ z, push)
        return (pushed - 2 * pull) * (slope * ctx.temperature**-0.5)[..., None, None], None, None


#: Contrastive losses by name.
CONTRASTS = {"normalised": supervised_contrast, "released": supervised_contrast_released}


@dataclass(frozen=True)
class BatchTargets:
    """What the network should say about the windows of a batch.

    Parameters
    ----------
    boundary : Tensor of int64, shape (..., N, 2)
        0 onset, 1 offset, 2 none; for ME and MaE.
    apex, action : Tensor, shape (..., N, 2)
        Apex score and 1 inside an expression; for ME and MaE.
    contrast : Tensor of int64, shape (..., N)
        0 neutral, 1 MaE, 2 ME.
    """

    boundary: Tensor
    apex: Tensor
    action: Tensor
    contrast: Tensor


def loss_terms(
    logits: Tensor, embedding: Tensor, targets: BatchTargets, settings: LearningSettings
) -> Tensor:
    """Each term of the loss, not weighted yet.

    Parameters
    ----------
    logits : Tensor, shape (..., N, 10)
        In the order of `network.OUTPUTS`.
    embedding : Tensor, shape (..., N, C)
        The network's embedding.
    targets : BatchTargets
        Of the same windows.
    settings : LearningSettings
        Forms of the boundary and contrastive loss, temperature.

    Returns
    -------
    Tensor, shape (..., 7)
        In the order of `TERMS`; the contrastive term is 0, and costs nothing, where lambda is 0.
    """
    marks, scores = logits.split([6, 4], -1)
    marks = marks.unflatten(-1, (2, 3)).transpose(-3, -2)  # (..., 2, N, 3): ME, then MaE
    boundary = BOUNDARY_LOSSES[settings.boundary_loss](marks, targets.boundary.mT)
    alpha = constant((ALPHA_APEX, ALPHA_APEX, ALPHA_ACTION, ALPHA_ACTION), logits.dtype, logits.device)
    found = focal(scores.mT, torch.cat([targets.apex, targets.action], -1).mT, alpha[:, None])
    apex, action = found.split(2, -1)
    terms = torch.stack([apex, boundary, action], -1).flatten(-2)
    if settings.lambda_contrast:
        contrast = CONTRASTS[settings.contrast](embedding, targets.contrast, settings.temperature)
    else:
        contrast = torch.zeros_like(terms[..., 0])
    return torch.cat([terms, contrast[..., None]], -1)


def term_weights(settings: LearningSettings) -> tuple[float, ...]:
    """Weight of each of `TERMS` in the total loss."""
    rho = settings.rho
    return (APEX_ME, 1.0, ACTION, rho, rho, rho * ACTION, settings.lambda_contrast)


def total_loss(terms: Tensor, settings: LearningSettings) -> Tensor:
    """Weighted sum of the terms: (..., 7) to (...)."""
    return terms @ constant(term_weights(settings), terms.dtype, terms.device)


@cache
@torch.inference_mode(False)
def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Put numbers on a device, once, so that no step waits for their way there."""
    return torch.tensor(values, dtype=dtype, device=device)
