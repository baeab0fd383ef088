"""Steps of the stacked network, each with a leading axis of F folds.

On the CPU most of them run as compiled loops (`msstgcn.network.kernels`), on a GPU as such in Triton
(`msstgcn.network.fused_gpu`); where neither can be had, and as twins in the tests, as plain tensor operations. Axes
are (F, N, J, T, C): channels last, because they are what loops and matrix
products run over, and time beside them, so that a convolution sees neighbouring frames in neighbouring memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from msstgcn.network import kernels

#: Added to a variance before its root; PyTorch's own default.
EPSILON = 1e-5

Groups = tuple[tuple[int, ...], ...]


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve each fold in time: (F, N, J, T, C) with (F, O, C, k, 1) to (F, N, J, T - k + 1, O).

    On a CPU one call of the library's convolution a fold is fastest. It must recognise the memory as channels
    last, for which the axis of length one has to stand *before* time: with (N J, C, 1, T) it takes its fast way,
    with the same numbers as (N J, C, T, 1) one that is six times slower. On a GPU one batched product for all
    folds is fastest, and its slopes by hand. A kernel as long as the video is a product anyway.
    """
    if x.device.type == "cpu" and weight.shape[3] < x.shape[3]:
        parts = [
            functional.conv2d(own.flatten(0, 1).mT.unsqueeze(2), taps.mT).squeeze(2).mT
            for own, taps in zip(x, weight, strict=True)
        ]  # each (N J, T', O)
        found = parts[0][None] if len(parts) == 1 else torch.stack(parts)
        return found.unflatten(1, x.shape[1:3])
    if x.device.type == "cuda":
        result: Tensor = Convolve.apply(x, weight)
        return result
    return convolve_plain(x, weight)


def convolve_plain(x: Tensor, weight: Tensor) -> Tensor:
    """Do the same as `convolve`: unfold, and one batched matrix product."""
    frames = _unfolded(x, weight.shape[3])
    return (frames.flatten(1, 3) @ _taps(weight)).unflatten(1, frames.shape[1:4])


def _unfolded(x: Tensor, kernel: int) -> Tensor:
    """Frames that each step sees: (F, N, J, T, C) to (F, N, J, T - k + 1, k C)."""
    frames = x.unfold(3, kernel, 1).mT if kernel < x.shape[3] else x[:, :, :, None]
    return frames.flatten(4)


def _taps(weight: Tensor) -> Tensor:
    """Weights as a matrix: (F, O, C, k, 1) to (F, k C, O)."""
    return weight[..., 0].permute(0, 3, 2, 1).flatten(1, 2)


class Convolve(torch.autograd.Function):
    """`convolve_plain` with slopes that move fewer bytes than those found automatically.

    The unfolded input is kept: both products need it. The input's slope is one product, each step's share of each
    of its frames, and one pass that adds up the shares of each frame.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        """Give (F, N, J, T - k + 1, O)."""
        frames, taps = _unfolded(x, weight.shape[3]), _taps(weight)
        ctx.save_for_backward(frames, taps)
        ctx.shape = x.shape
        return (frames.flatten(1, 3) @ taps).unflatten(1, frames.shape[1:4])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Give the slopes of x and weight."""
        frames, taps = ctx.saved_tensors
        rows, shape = slope.flatten(1, 3), ctx.shape
        to_x = to_weight = None
        if ctx.needs_input_grad[0]:
            shares = (rows @ taps.mT).unflatten(2, (-1, shape[-1])).unflatten(1, (-1, slope.shape[3]))
            to_x = _folded(shares, shape[3]).unflatten(1, shape[1:3])
        if ctx.needs_input_grad[1]:
            matrix = frames.flatten(1, 3).mT @ rows  # (F, k C, O)
            to_weight = matrix.unflatten(1, (-1, shape[-1])).permute(0, 3, 2, 1)[..., None]
        return to_x, to_weight


def _folded(shares: Tensor, frames: int) -> Tensor:
    """Add up (F, B, T - k + 1, k, C) where they meet in time: (F, B, T, C)."""
    if shares.shape[2] == 1:
        return shares[:, :, 0]
    compiled = _compiled(shares)
    if compiled:
        return compiled.fold(shares, frames)
    out = shares.new_zeros(*shares.shape[:2], frames, shares.shape[-1])
    for i, share in enumerate(shares.unbind(3)):
        out[:, :, i : i + shares.shape[2]] += share
    return out


def _compiled(x: Tensor) -> Any:
    """Loops for a GPU where there are any for such a tensor, else None."""
    if x.device.type != "cuda":
        return None
    from msstgcn.network import fused_gpu  # not before it is needed: Triton takes its time

    return fused_gpu if fused_gpu.supports(x) else None


def _numpy(tensor: Tensor) -> NDArray[np.floating[Any]]:
    return tensor.detach().contiguous().numpy()


class _PatchPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, flow: Tensor, weight: Tensor, constant: Tensor, groups: Groups, basis: Tensor
    ) -> Tensor:
        folds, windows, frames = flow.shape[:3]
        taps, channels = weight.shape[1] // 2, weight.shape[2]
        inner, loops = frames - taps + 1, kernels.patch_loops(taps)
        out = flow.new_empty(folds, windows, basis.shape[1], inner, channels)
        winner = np.empty((folds, windows, inner, len(groups), channels), np.uint8)
        ctx.starts = np.array([0, *(group[-1] + 1 for group in groups)])
        for f in range(folds):
            loops.forward(
                _numpy(flow[f]),
                _numpy(weight[f]),
                _numpy(constant[f]),
                ctx.starts,
                _numpy(basis),
                out[f].numpy(),
                winner[f],
            )
        ctx.save_for_backward(flow, weight, constant, basis)
        ctx.winner = winner
        return out

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        flow, weight, constant, basis = ctx.saved_tensors
        to_weight, to_constant = torch.zeros_like(weight), torch.zeros_like(constant)
        to_flow = torch.zeros_like(flow) if ctx.needs_input_grad[0] else None
        loops = kernels.patch_loops(weight.shape[1] // 2)
        for f in range(len(flow)):
            how = _numpy(slope[f]), ctx.starts, _numpy(basis), ctx.winner[f]
            loops.backward(_numpy(flow[f]), *how, to_weight[f].numpy(), to_constant[f].numpy())
            if to_flow is not None:
                loops.backward_flow(_numpy(weight[f]), *how, to_flow[f].numpy())
        return to_flow, to_weight, to_constant, None, None


def patch_pool(flow: Tensor, weight: Tensor, constant: Tensor, groups: Groups, basis: Tensor) -> Tensor:
    """Convolve in time, pool groups of nodes, rectify, and express the groups in another basis.

    Parameters
    ----------
    flow : Tensor, shape (F, N, K, R, 2)
        Windows of F folds, already mixed over the graph.
    weight : Tensor, shape (F, 2 k, C)
        Temporal kernel of k frames, rows in the order frame, then u and v.
    constant : Tensor, shape (F, R, C)
        What is added at each node.
    groups : tuple of tuple of int
        The G groups of nodes; together 0, 1, ..., R - 1 in order.
    basis : Tensor, shape (G, J)
        Where each group goes.

    Returns
    -------
    Tensor, shape (F, N, J, K - k + 1, C)
    """
    if flow.device.type == "cpu":
        result: Tensor = _PatchPool.apply(flow, weight, constant, groups, basis)
        return result
    compiled = _compiled(flow)
    if compiled and not flow.requires_grad and compiled.supports_patches(flow, weight):
        pooled: Tensor = compiled.PatchPool.apply(flow, weight, constant, groups, basis)
        return pooled
    return patch_pool_plain(flow, weight, constant, groups, basis)


def patch_pool_plain(flow: Tensor, weight: Tensor, constant: Tensor, groups: Groups, basis: Tensor) -> Tensor:
    """Do the same as `patch_pool` in plain tensor operations."""
    patches = flow.unfold(2, weight.shape[1] // 2, 1).mT.flatten(-2)  # (F, N, T, R, 2 k)
    value = patches @ weight[:, None, None] + constant[:, None, None]  # (F, N, T, R, C)
    parts = value.split([len(group) for group in groups], -2)
    pooled = torch.stack([part.amax(-2) for part in parts], -2).relu()  # (F, N, T, G, C)
    return torch.einsum("fntgc,gj->fnjtc", pooled, basis)


class _NormPool(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, basis: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = x.contiguous()
        folds, windows, _, frames, channels = x.shape
        mean, variance = torch.empty_like(gamma), torch.empty_like(gamma)
        out = x.new_empty(folds, windows, frames, channels)
        winner = np.empty(out.shape, np.uint8)
        loops = kernels.norm_loops(*basis.shape)
        for f in range(folds):
            loops.moments(_numpy(x[f]), _numpy(basis), mean[f].numpy(), variance[f].numpy())
        inverse = (variance + EPSILON).rsqrt()
        scale = gamma * inverse
        shift = beta - mean * scale
        for f in range(folds):
            loops.forward(
                _numpy(x[f]), _numpy(basis), _numpy(scale[f]), _numpy(shift[f]), out[f].numpy(), winner[f]
            )
        ctx.save_for_backward(x, gamma, mean, inverse, basis)
        ctx.winner = winner
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)  # no zeros for these two
        return out, mean, variance

    @staticmethod
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, mean, inverse, basis = ctx.saved_tensors
        to_x, to_gamma, to_beta = torch.empty_like(x), torch.empty_like(gamma), torch.empty_like(gamma)
        loops = kernels.norm_loops(*basis.shape)
        for f in range(len(x)):
            loops.backward(
                _numpy(x[f]),
                _numpy(basis),
                _numpy(mean[f]),
                _numpy(inverse[f]),
                _numpy(gamma[f]),
                _numpy(slope[f]),
                ctx.winner[f],
                to_x[f].numpy(),
                to_gamma[f].numpy(),
                to_beta[f].numpy(),
            )
        return to_x, to_gamma, to_beta, None


def norm_pool(x: Tensor, gamma: Tensor, beta: Tensor, basis: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Spread parts over nodes, batch-normalise, take the largest node, rectify.

    Parameters
    ----------
    x : Tensor, shape (F, N, J, T, C)
        Parts.
    gamma, beta : Tensor, shape (F, C)
        Scale and shift of batch normalisation.
    basis : Tensor, shape (J, V)
        How much of each part each of the V nodes gets.

    Returns
    -------
    out : Tensor, shape (F, N, T, C)
    mean, variance : Tensor, shape (F, C)
        Of this batch, over windows, frames and nodes; the variance is the biased one. No slope flows through.
    """
    if x.device.type == "cpu":
        result: tuple[Tensor, Tensor, Tensor] = _NormPool.apply(x, gamma, beta, basis)
        return result
    compiled = _compiled(x)
    if compiled and compiled.supports_nodes(basis):
        found: tuple[Tensor, Tensor, Tensor] = compiled.NormPool.apply(x, gamma, beta, basis)
        return found
    return norm_pool_plain(x, gamma, beta, basis)


def norm_pool_plain(x: Tensor, gamma: Tensor, beta: Tensor, basis: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Do the same as `norm_pool` in plain tensor operations."""
    nodes = torch.einsum("fnjtc,jv->fnvtc", x, basis)
    variance, mean = torch.var_mean(nodes, (1, 2, 3), correction=0)  # (F, C)
    scale = gamma * (variance + EPSILON).rsqrt()
    shift = beta - mean * scale
    return _pooled(nodes, scale, shift), mean.detach(), variance.detach()


def _pooled(nodes: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return (nodes * scale[:, None, None, None] + shift[:, None, None, None]).amax(2).relu()


def affine_pool(x: Tensor, scale: Tensor, shift: Tensor, basis: Tensor) -> Tensor:
    """Spread parts over nodes, scale and shift, take the largest node, rectify; no slope flows.

    Parameters
    ----------
    x : Tensor, shape (F, N, J, T, C)
    scale, shift : Tensor, shape (F, C)
    basis : Tensor, shape (J, V)

    Returns
    -------
    Tensor, shape (F, N, T, C)
    """
    if x.device.type != "cpu":
        compiled = _compiled(x)
        loops = compiled and compiled.supports_nodes(basis)
        pooled: Tensor = (compiled.affine_pool if loops else affine_pool_plain)(x, scale, shift, basis)
        return pooled
    out = x.new_empty(*x.shape[:2], *x.shape[3:])
    winner = np.empty(out.shape[1:], np.uint8)
    loops = kernels.norm_loops(*basis.shape)
    for f in range(len(x)):
        loops.forward(_numpy(x[f]), _numpy(basis), _numpy(scale[f]), _numpy(shift[f]), out[f].numpy(), winner)
    return out


def affine_pool_plain(x: Tensor, scale: Tensor, shift: Tensor, basis: Tensor) -> Tensor:
    """Do the same as `affine_pool` in plain tensor operations."""
    return _pooled(torch.einsum("fnjtc,jv->fnvtc", x, basis), scale, shift)
