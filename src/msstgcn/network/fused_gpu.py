"""Steps of the stacked network on a GPU, for autograd: what `msstgcn.network.fused` calls there.

Here the loops of `msstgcn.network.kernels_gpu` are started, and their partial sums added up. How many of these there
are depends on the rows of one fold alone, so a fold's bits do not depend on its neighbours.
"""

from __future__ import annotations

import subprocess
import warnings
from functools import cache
from typing import Any

import torch
from torch import Tensor

from msstgcn.network import kernels_gpu
from msstgcn.network.fused import EPSILON, Groups

#: Programs a fold that sum, at most.
PARTS = 64

#: Taps and nodes together that the first block's loops keep sums for; with more they would outgrow the registers.
MOST = 32

#: Elements of a tile that is gone over once, and of one that sums are kept for.
TILE, SUMS = 2048, 512


def supports(x: Tensor) -> bool:
    """Whether there are loops for such a tensor, folds first and channels last."""
    channels = x.shape[-1]
    return (
        x.dtype == torch.float32
        and channels & (channels - 1) == 0
        and channels <= 1024
        and x[0].numel() < 2**31
        and works(x.device.type)
    )


@cache
def works(device: str) -> bool:
    """Whether loops can be compiled and started on a device: Triton also needs a C compiler and Python's headers."""
    if kernels_gpu.triton is None:
        return False
    try:
        fold(torch.zeros(1, 1, 1, 1, 16, device=device), 1)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        warnings.warn(f"Triton cannot be used, so the GPU takes the slower way: {error}", stacklevel=2)
        return False
    return True


def supports_patches(flow: Tensor, weight: Tensor) -> bool:
    """Whether there are loops for such windows and kernels of the first block."""
    small = flow[0].numel() * weight.shape[2] < 2**31 and weight.shape[1] + flow.shape[3] <= MOST
    return small and supports(flow) and supports(weight)


def supports_nodes(basis: Tensor) -> bool:
    """Whether the loops over parts and nodes are short enough to be written out."""
    return basis.numel() <= 100


def _tiles(rows: int, channels: int, size: int) -> tuple[int, int]:
    """Rows of a tile, and how many tiles there are."""
    block = max(1, size // channels)
    return block, -(-rows // block)


class PatchPool(torch.autograd.Function):
    """`msstgcn.network.fused.patch_pool` on a GPU."""

    @staticmethod
    def forward(
        ctx: Any, flow: Tensor, weight: Tensor, constant: Tensor, groups: Groups, basis: Tensor
    ) -> Tensor:
        """Give (F, N, J, T, C)."""
        inputs = [tensor.contiguous() for tensor in (flow, weight, constant, basis)]
        folds, windows, frames, nodes, _ = flow.shape
        taps, channels, parts = *weight.shape[1:], basis.shape[1]
        inner = frames - taps // 2 + 1
        starts = sum(1 << group[0] for group in groups)
        ctx.sizes = (frames, nodes, taps, channels, parts, starts)
        ctx.save_for_backward(*inputs)
        out = flow.new_empty(folds, windows, parts, inner, channels)
        block, tiles = _tiles(windows * inner, channels, SUMS)
        kernels_gpu.patch_forward[(min(8 * PARTS, tiles), folds)](*inputs, out, windows, *ctx.sizes, block)
        return out

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """Give the slopes of weight and constant."""
        folds, windows, _, inner, channels = slope.shape
        nodes, taps = ctx.sizes[1:3]
        fewer = 1 if nodes + taps <= 16 else 2 if nodes + taps <= 24 else 4  # places for each, the more sums
        block, tiles = _tiles(windows * inner, channels, SUMS // fewer)
        parts = min(PARTS, tiles)
        partial = slope.new_empty(folds, parts, taps + nodes, channels)
        arguments = (*ctx.saved_tensors, slope.contiguous(), partial)
        kernels_gpu.patch_backward[(parts, folds)](*arguments, windows, *ctx.sizes, block)
        to_weight, to_constant = partial.sum(1).split([taps, nodes], 1)
        return None, to_weight, to_constant, None, None


class NormPool(torch.autograd.Function):
    """`msstgcn.network.fused.norm_pool` on a GPU."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, basis: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give (F, N, T, C), and mean and variance (F, C)."""
        x, basis = x.contiguous(), basis.contiguous()
        mean, variance = moments(x, basis)
        inverse = (variance + EPSILON).rsqrt()
        scale = gamma * inverse
        shift = torch.addcmul(beta, mean, scale, value=-1)
        ctx.save_for_backward(x, basis, scale, shift, mean, inverse)
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)  # no zeros for these two
        return affine_pool(x, scale, shift, basis), mean, variance

    @staticmethod
    def backward(ctx: Any, slope: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Give the slopes of x, gamma and beta."""
        x, basis, scale, shift, mean, inverse = ctx.saved_tensors
        folds, windows, parts, frames, channels = x.shape
        slope = slope.contiguous()
        nodes, rows = basis.shape[1], windows * frames
        sizes = (windows, parts, nodes, frames, channels)
        block, tiles = _tiles(rows, channels, 2 * SUMS)
        programs = min(PARTS, tiles)
        partial = x.new_empty(folds, programs, 2, channels)
        kernels_gpu.norm_sums[(programs, folds)](x, basis, scale, shift, mean, slope, partial, *sizes, block)
        to_beta, times = partial.sum(1).unbind(1)
        to_gamma = times * inverse
        share, tilt = to_beta / (rows * nodes), to_gamma * inverse / (rows * nodes)
        to_x = torch.empty_like(x)
        block, tiles = _tiles(rows, channels, TILE // 2)
        kernels_gpu.norm_backward[(tiles, folds)](
            x, basis, scale, shift, mean, share, tilt, slope, to_x, *sizes, block
        )
        return to_x, to_gamma, to_beta, None


def moments(x: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (F, C) of (F, N, J, T, C) spread over the nodes."""
    folds, windows, parts, frames, channels = x.shape
    block, tiles = _tiles(windows * frames, channels, 2 * SUMS)
    programs = min(PARTS, tiles)
    partial = x.new_empty(folds, programs, 3, channels)
    kernels_gpu.moments[(programs, folds)](
        x, basis, partial, windows, parts, basis.shape[1], frames, channels, block
    )
    means, squares, counts = partial.double().unbind(2)  # (F, programs, C)
    total = windows * frames * basis.shape[1]
    mean = (means * counts).sum(1) / total
    variance = torch.addcmul(squares, counts, (means - mean[:, None]).square()).sum(1) / total
    return mean.to(x), variance.to(x)


def affine_pool(x: Tensor, scale: Tensor, shift: Tensor, basis: Tensor) -> Tensor:
    """`msstgcn.network.fused.affine_pool` on a GPU."""
    x, scale, shift, basis = (tensor.contiguous() for tensor in (x, scale, shift, basis))
    folds, windows, parts, frames, channels = x.shape
    out = x.new_empty(folds, windows, frames, channels)
    block, tiles = _tiles(windows * frames, channels, TILE)
    sizes = (windows, parts, basis.shape[1], frames, channels, block)
    kernels_gpu.norm_forward[(tiles, folds)](x, basis, scale, shift, out, *sizes)
    return out


def fold(unfolded: Tensor, frames: int) -> Tensor:
    """Add up (F, B, T - k + 1, k, C) where the taps meet in time: (F, B, T, C)."""
    folds, batch, _, taps, channels = unfolded.shape
    out = unfolded.new_empty(folds, batch, frames, channels)
    block, tiles = _tiles(batch * frames, channels, TILE)
    kernels_gpu.fold[(tiles, folds)](
        unfolded.contiguous(), out, batch * frames, frames, taps, channels, block
    )
    return out
