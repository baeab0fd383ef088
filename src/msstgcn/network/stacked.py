"""Many networks of one shape as one program: the mathematics of `MSSTGCN`, in another order.

Every weight has a leading axis of F folds, and every operation works on all folds at once. Five facts, all exact,
make a training step several times cheaper than the module's; tests hold the two equal.

1. Mixing over the graph commutes with convolving in time. So the ten nodes are mixed once, before training, on
   2 channels instead of 64. The bias alone needs care: it ends up multiplied by the Laplacian's column sums.
2. The first convolution is linear in its six inputs, so the mean and variance that batch normalisation needs
   follow from the mean and covariance of those inputs, which can be counted once.
3. Batch normalisation is then part of the weights; convolving, pooling and rectifying are one pass.
4. The triangle's Laplacian has the eigenvalues 0, 3/2 and 3/2: what the three parts have in common is lost.
   Convolving the two components that remain costs two thirds of convolving three parts.
5. A bias straight before batch normalisation is taken away again. In block 2, too: the columns of the triangle's
   Laplacian sum to zero. These biases never get a slope and keep their start; only the running mean knows them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from msstgcn.graph import FACE, PART_GROUPS, PARTS
from msstgcn.network.fused import EPSILON, affine_pool, convolve, norm_pool, patch_pool
from msstgcn.network.model import MSSTGCN

#: Share of a new batch in the running statistics; PyTorch's own default.
MOMENTUM = 0.1

Stack = Mapping[str, Tensor]


def stack(networks: Sequence[MSSTGCN]) -> dict[str, Tensor]:
    """Weights and running statistics of F networks, each with a leading axis of length F."""
    states = [network.state_dict() for network in networks]
    names = [name for name in states[0] if not name.endswith("num_batches_tracked")]
    return {name: torch.stack([state[name] for state in states]) for name in names}


def unstack(weights: Stack, fold: int) -> dict[str, Tensor]:
    """Weights and running statistics of one fold, on the CPU."""
    return {name: value[fold].detach().cpu().clone() for name, value in weights.items()}


def is_trained(name: str) -> bool:
    """Whether a name in the state dict is a weight, not a running statistic."""
    return "running" not in name


@dataclass(frozen=True)
class MixedWindows:
    """Windows made ready for the stacked network.

    Parameters
    ----------
    flow : Tensor, shape (..., K, R, 2)
        Flow after mixing over the facial graph.
    mean : Tensor of float64, shape (..., P)
        Mean over a window's places of the P = 2 k + 1 inputs of the first convolution: k frames of u and v, then
        the factor of the bias.
    square : Tensor of float64, shape (..., P, P)
        Mean of their products.
    """

    flow: Tensor
    mean: Tensor
    square: Tensor

    def rows(self, index: Tensor) -> MixedWindows:
        """Return the windows of those numbers."""
        return MixedWindows(self.flow[index], self.mean[index], self.square[index])


def mix(flow: Tensor) -> Tensor:
    """Mix windows (..., K, R, 2) over the facial graph."""
    return torch.einsum("...kvc,vr->...krc", flow, FACE.laplacian().to(flow)).contiguous()


def mix_windows(flow: Tensor, kernel: int, *, chunk: int = 2048) -> MixedWindows:
    """Mix windows over the graph and count the statistics of the first convolution's inputs.

    Parameters
    ----------
    flow : Tensor, shape (W, K, R, 2)
        Windows.
    kernel : int
        Frames k of the first temporal kernel.
    chunk : int
        Windows worked on at once; bounds the memory.

    Returns
    -------
    MixedWindows
    """
    factor = FACE.laplacian().sum(0).to(flow.device)  # (R,) float64
    mixed = mix(flow)
    means, squares = [], []
    for part in mixed.split(chunk):
        patches = part.double().unfold(1, kernel, 1).mT.flatten(-2)  # (w, T, R, 2 k)
        bias = factor.expand(patches.shape[:-1])[..., None]
        places = torch.cat([patches, bias], -1).flatten(1, 2)  # (w, T R, P)
        means.append(places.mean(1))
        squares.append(places.mT @ places / places.shape[1])
    return MixedWindows(mixed, torch.cat(means), torch.cat(squares))


@cache
def _spectrum() -> tuple[Tensor, Tensor]:
    """Bases into and out of the triangle's non-zero eigenvectors: (3, 2) and (2, 3), float64."""
    value, vector = torch.linalg.eigh(PARTS.laplacian())
    there = value > 1e-9
    return vector[:, there].contiguous(), (value[there, None] * vector[:, there].t()).contiguous()


def forward(weights: Stack, windows: MixedWindows) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Training pass of F networks, each on its own N windows.

    Parameters
    ----------
    weights : mapping of str to Tensor
        As `stack` gives them.
    windows : MixedWindows
        With leading axes (F, N).

    Returns
    -------
    logits : Tensor, shape (F, N, 10)
    embedding : Tensor, shape (F, N, C)
    running : dict of str to Tensor
        The running statistics after this batch.
    """
    running: dict[str, Tensor] = {}
    into, out_of = (basis.to(windows.flow) for basis in _spectrum())
    x = _first_block(weights, windows, into, running)  # (F, N, 2, 15, C)
    for block, basis in (
        ("block2", out_of),
        ("block3", out_of.new_ones(1, 1)),
        ("block4", out_of.new_ones(1, 1)),
    ):
        x = convolve(
            x, weights[f"{block}.convolution.weight"]
        )  # (F, N, 2, 11, C), (.., 1, 7, C), (.., 1, 1, C)
        count = x[0, ..., 0].numel() // x.shape[2] * basis.shape[1]
        gamma, beta = weights[f"{block}.norm.weight"], weights[f"{block}.norm.bias"]
        pooled, mean, variance = norm_pool(x, gamma, beta, basis)
        if block != "block2":
            mean = mean + weights[f"{block}.convolution.bias"].detach()
        _remember(running, weights, block, mean, variance, count)
        x = pooled[:, :, None]  # (F, N, 1, T, C)
    return *_head(weights, x.flatten(2)), running


def evaluate(weights: Stack, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Pass of F trained networks, with the running statistics: normalisation is part of the weights everywhere.

    Parameters
    ----------
    weights : mapping of str to Tensor
        As `stack` gives them.
    flow : Tensor, shape (F, N, K, R, 2)
        Windows of each, after `mix`.

    Returns
    -------
    logits : Tensor, shape (F, N, 10)
    embedding : Tensor, shape (F, N, C)
    """
    into, out_of = (basis.to(flow) for basis in _spectrum())
    taps, bias = _first_taps(weights), weights["block1.convolution.bias"]
    scale, shift = _normaliser(weights, "block1")
    x = patch_pool(flow, taps * scale[:, None], _at_nodes(bias * scale, shift), PART_GROUPS, into)
    for block in ("block2", "block3", "block4"):
        x = convolve(x, weights[f"{block}.convolution.weight"])  # (F, N, J, T', C)
        scale, shift = _normaliser(weights, block)
        if block != "block2":
            shift = shift + scale * weights[f"{block}.convolution.bias"]
        basis = out_of if block == "block2" else out_of.new_ones(1, 1)
        x = affine_pool(x, scale, shift, basis)[:, :, None]  # (F, N, 1, T', C)
    return _head(weights, x.flatten(2))


def _normaliser(weights: Stack, block: str) -> tuple[Tensor, Tensor]:
    """Scale and shift (F, C) that batch normalisation amounts to with the running statistics."""
    scale = weights[f"{block}.norm.weight"] * (weights[f"{block}.norm.running_var"] + EPSILON).rsqrt()
    return scale, weights[f"{block}.norm.bias"] - weights[f"{block}.norm.running_mean"] * scale


def _head(weights: Stack, embedding: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and embedding."""
    head = weights["head.weight"].flatten(2)  # (F, 10, C)
    return embedding @ head.mT + weights["head.bias"][:, None], embedding


def _first_taps(weights: Stack) -> Tensor:
    """Weights of the first convolution as a matrix: (F, C, 2, k, 1) to (F, 2 k, C)."""
    return weights["block1.convolution.weight"][..., 0].permute(0, 3, 2, 1).flatten(1, 2)


def _at_nodes(bias: Tensor, shift: Tensor) -> Tensor:
    """What is added at each node (F, R, C): the bias as the Laplacian leaves it, and the shift."""
    factor = FACE.laplacian().sum(0).to(bias)  # (R,)
    return factor[:, None] * bias[:, None] + shift[:, None]


def _first_block(weights: Stack, windows: MixedWindows, basis: Tensor, running: dict[str, Tensor]) -> Tensor:
    taps, bias = _first_taps(weights), weights["block1.convolution.bias"]  # (F, 2 k, C), (F, C)
    full = torch.cat([taps, bias[:, None]], 1)  # (F, P, C)
    centre = windows.mean.mean(1)  # (F, P)
    spread = windows.square.mean(1) - centre[:, :, None] * centre[:, None, :]  # (F, P, P), float64
    mean = (centre[:, None].to(full) @ full)[:, 0]  # (F, C)
    variance = (full * (spread.to(full) @ full)).sum(1)
    _, count, frames, regions, _ = windows.flow.shape
    places = count * (frames - taps.shape[1] // 2 + 1) * regions
    _remember(running, weights, "block1", mean.detach(), variance.detach(), places)
    scale = weights["block1.norm.weight"] * (variance + EPSILON).rsqrt()
    shift = weights["block1.norm.bias"] - mean * scale
    return patch_pool(windows.flow, taps * scale[:, None], _at_nodes(bias * scale, shift), PART_GROUPS, basis)


def _remember(
    running: dict[str, Tensor], weights: Stack, block: str, mean: Tensor, variance: Tensor, count: int
) -> None:
    """Note the running statistics after this batch; their variance is the unbiased one, as in PyTorch."""
    unbiased = variance * (count / max(count - 1, 1))
    for name, value in (("running_mean", mean), ("running_var", unbiased)):
        key = f"{block}.norm.{name}"
        running[key] = torch.lerp(weights[key], value, MOMENTUM)
