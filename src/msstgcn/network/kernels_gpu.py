"""Compiled loops for a GPU: the same parts of the network as `msstgcn.network.kernels`, written in Triton.

Each reads its input once and writes its result once; what lies between stays in registers. Not here: when they
are used, which is for `msstgcn.network.fused` to say, with the plain twins they are tested against. Triton comes with
PyTorch's builds for CUDA; without it this module can be imported, and supports nothing.

A tile is some rows by all C channels, a row being a frame t of a window n. Programs that sum go over many tiles, each
place in the tile with a sum of its own, and leave one partial result each; these are added in a fixed order. How many
there are depends on the rows of one fold alone, so a fold's bits do not depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

try:
    import triton
    from triton import language as tl
except ImportError:
    triton = None

#: Added to a variance before its root; PyTorch's own default.
EPSILON = 1e-5

#: Programs a fold that sum, at most.
PARTS = 64

#: Elements of a tile that is gone over once, and of one that sums are kept for.
TILE, SUMS = 2048, 512

Groups = tuple[tuple[int, ...], ...]


def jit(function: Callable[..., Any]) -> Any:
    """Compile a kernel at its first call."""
    return function if triton is None else triton.jit(function)


def supports(*tensors: Tensor) -> bool:
    """Whether there are kernels for such tensors, channels last."""
    channels = tensors[0].shape[-1]
    return (
        triton is not None
        and channels & (channels - 1) == 0
        and channels <= 1024
        and all(tensor.dtype == torch.float32 and tensor[0].numel() < 2**31 for tensor in tensors)
    )


@jit
def _value(flow, weight, constant, inside, V: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr):  # type: ignore[no-untyped-def]
    """First convolution at node V, (rows, C); `flow` points at the first frame of each row."""
    c = tl.arange(0, C)
    value = tl.load(constant + V * C + c)[None, :]
    for i in tl.static_range(TAPS):
        factor = tl.load(flow + (i // 2 * R + V) * 2 + i % 2, mask=inside, other=0.0)
        value = value + factor[:, None] * tl.load(weight + i * C + c)[None, :]
    return value


@jit
def _patch_forward(  # type: ignore[no-untyped-def]
    flow, weight, constant, basis, out, windows,
    K: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr, J: tl.constexpr,
    STARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Convolve (N, K, R, 2), take each group's largest, rectify, change basis into (N, J, T, C)."""
    T: tl.constexpr = K - TAPS // 2 + 1
    fold = tl.program_id(1).to(tl.int64)
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = row < windows * T
    n = row // T
    t = row % T
    flow += fold * (windows * K * R * 2) + (n * K + t) * (R * 2)
    weight += fold * TAPS * C
    constant += fold * R * C
    sums = ()
    for _ in tl.static_range(J):
        sums = sums + (tl.zeros([BLOCK, C], tl.float32),)
    for v in tl.static_range(R):
        if STARTS >> v & 1:
            best = tl.zeros([BLOCK, C], tl.float32)
            for u in tl.static_range(v, R):
                if (STARTS >> (v + 1)) % (1 << (u - v)) == 0:  # no other group starts after v, up to u
                    best = tl.maximum(best, _value(flow, weight, constant, inside, u, R, TAPS, C))
            more = ()
            for j in tl.static_range(J):
                more = more + (sums[j] + best * tl.load(basis + j),)
            sums = more
            basis += J
    out += fold * (windows * J * T * C) + (n * (J * T) + t)[:, None] * C + tl.arange(0, C)[None, :]
    for j in tl.static_range(J):
        tl.store(out + j * T * C, sums[j], mask=inside[:, None])


@jit
def _patch_backward(  # type: ignore[no-untyped-def]
    flow, weight, constant, basis, slope, partial, windows,
    K: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr, J: tl.constexpr,
    STARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Slopes of the weights and the constants, summed over some rows: (2 k + R, C)."""
    T: tl.constexpr = K - TAPS // 2 + 1
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    flow += fold * (windows * K * R * 2)
    slope += fold * (windows * J * T * C)
    weight += fold * TAPS * C
    constant += fold * R * C
    to_weight = ()
    for _ in tl.static_range(TAPS):
        to_weight = to_weight + (tl.zeros([BLOCK, C], tl.float32),)
    to_constant = ()
    for _ in tl.static_range(R):
        to_constant = to_constant + (tl.zeros([BLOCK, C], tl.float32),)
    for block in range(tl.program_id(0), tl.cdiv(windows * T, BLOCK), tl.num_programs(0)):
        row = block * BLOCK + tl.arange(0, BLOCK)
        inside = row < windows * T
        n = row // T
        t = row % T
        frame = flow + (n * K + t) * (R * 2)
        above = slope + (n * (J * T) + t)[:, None] * C + c[None, :]
        coefficient = basis
        constants = ()
        for v in tl.static_range(R):
            if STARTS >> v & 1:
                group = tl.zeros([BLOCK, C], tl.float32)
                for j in tl.static_range(J):
                    part = tl.load(above + j * T * C, mask=inside[:, None], other=0.0)
                    group += part * tl.load(coefficient + j)
                coefficient += J
                best = tl.zeros([BLOCK, C], tl.float32)
                winner = tl.full([BLOCK, C], -1, tl.int32)
                for u in tl.static_range(v, R):
                    if (STARTS >> (v + 1)) % (1 << (u - v)) == 0:
                        value = _value(frame, weight, constant, inside, u, R, TAPS, C)
                        winner = tl.where(value > best, u, winner)
                        best = tl.maximum(best, value)
                for u in tl.static_range(v, R):
                    if (STARTS >> (v + 1)) % (1 << (u - v)) == 0:
                        node = tl.where(winner == u, group, 0.0)
                        constants = constants + (to_constant[u] + node,)
                        weights = ()
                        for i in tl.static_range(TAPS):
                            factor = tl.load(frame + (i // 2 * R + u) * 2 + i % 2, mask=inside, other=0.0)
                            weights = weights + (to_weight[i] + factor[:, None] * node,)
                        to_weight = weights
        to_constant = constants
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * ((TAPS + R) * C) + c
    for i in tl.static_range(TAPS):
        tl.store(partial + i * C, tl.sum(to_weight[i], 0))
    for v in tl.static_range(R):
        tl.store(partial + (TAPS + v) * C, tl.sum(to_constant[v], 0))


@jit
def _node(x, basis, inside, W: tl.constexpr, J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr):  # type: ignore[no-untyped-def]
    """Node W of rows (rows, C); `x` points at their first part."""
    node = tl.load(x, mask=inside[:, None], other=0.0) * tl.load(basis + W)
    for j in tl.static_range(1, J):
        part = tl.load(x + j * T * C, mask=inside[:, None], other=0.0)
        node += part * tl.load(basis + j * V + W)
    return node


@jit
def _largest(  # type: ignore[no-untyped-def]
    x, basis, scale, shift, inside,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Largest node after scale and shift, rectified; its value before them; its number, -1 if shut."""
    best = tl.zeros([BLOCK, C], tl.float32)
    before = tl.zeros([BLOCK, C], tl.float32)
    winner = tl.full([BLOCK, C], -1, tl.int32)
    for w in tl.static_range(V):
        node = _node(x, basis, inside, w, J, V, T, C)
        value = node * scale[None, :] + shift[None, :]
        wins = value > best
        best = tl.where(wins, value, best)
        before = tl.where(wins, node, before)
        winner = tl.where(wins, w, winner)
    return best, before, winner


@jit
def _moments(  # type: ignore[no-untyped-def]
    x, basis, partial, windows,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Of some rows: mean, sum of squares about it, and count, (3, C); each place in the tile after Welford."""
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    x += fold * (windows * J * T * C)
    mean = tl.zeros([BLOCK, C], tl.float32)
    square = tl.zeros([BLOCK, C], tl.float32)
    count = tl.zeros([BLOCK], tl.float32)
    for block in range(tl.program_id(0), tl.cdiv(windows * T, BLOCK), tl.num_programs(0)):
        row = block * BLOCK + tl.arange(0, BLOCK)
        inside = row < windows * T
        here = x + (row // T * (J * T) + row % T)[:, None] * C + c[None, :]
        for w in tl.static_range(V):
            count += tl.where(inside, 1.0, 0.0)
            node = _node(here, basis, inside, w, J, V, T, C)
            apart = tl.where(inside[:, None], node - mean, 0.0)
            mean += apart / tl.maximum(count, 1.0)[:, None]
            square += apart * (node - mean)
    total = tl.sum(count, 0)
    centre = tl.sum(mean * count[:, None], 0) / total
    apart = mean - centre[None, :]
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * (3 * C) + c
    tl.store(partial, centre)
    tl.store(partial + C, tl.sum(square + count[:, None] * apart * apart, 0))
    tl.store(partial + 2 * C, tl.zeros([C], tl.float32) + total)


@jit
def _norm_forward(  # type: ignore[no-untyped-def]
    x, basis, scale, shift, out, windows,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Spread (N, J, T, C) over the nodes, scale and shift, take the largest node, rectify: (N, T, C)."""
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = row < windows * T
    x += fold * (windows * J * T * C) + (row // T * (J * T) + row % T)[:, None] * C + c[None, :]
    scales = tl.load(scale + fold * C + c)
    shifts = tl.load(shift + fold * C + c)
    best, _, _ = _largest(x, basis, scales, shifts, inside, J, V, T, C, BLOCK)
    tl.store(out + fold * (windows * T * C) + row[:, None] * C + c[None, :], best, mask=inside[:, None])


@jit
def _norm_sums(  # type: ignore[no-untyped-def]
    x, basis, scale, shift, mean, slope, partial, windows,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Of some rows: sum of the slopes, and of the slopes times how far the winner is from the mean, (2, C)."""
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    x += fold * (windows * J * T * C)
    slope += fold * (windows * T * C)
    scales = tl.load(scale + fold * C + c)
    shifts = tl.load(shift + fold * C + c)
    centre = tl.load(mean + fold * C + c)
    plain = tl.zeros([BLOCK, C], tl.float32)
    times = tl.zeros([BLOCK, C], tl.float32)
    for block in range(tl.program_id(0), tl.cdiv(windows * T, BLOCK), tl.num_programs(0)):
        row = block * BLOCK + tl.arange(0, BLOCK)
        inside = row < windows * T
        here = x + (row // T * (J * T) + row % T)[:, None] * C + c[None, :]
        best, before, _ = _largest(here, basis, scales, shifts, inside, J, V, T, C, BLOCK)
        above = tl.load(slope + row[:, None] * C + c[None, :], mask=inside[:, None], other=0.0)
        above = tl.where(best > 0, above, 0.0)
        plain += above
        times += above * (before - centre[None, :])
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * (2 * C) + c
    tl.store(partial, tl.sum(plain, 0))
    tl.store(partial + C, tl.sum(times, 0))


@jit
def _norm_backward(  # type: ignore[no-untyped-def]
    x, basis, scale, shift, mean, share, tilt, slope, to_x, windows,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Slope of the input (N, J, T, C): at a node its own, less `share`, less `tilt` times its way from the mean."""
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = row < windows * T
    place = fold * (windows * J * T * C) + (row // T * (J * T) + row % T)[:, None] * C + c[None, :]
    scales = tl.load(scale + fold * C + c)
    shifts = tl.load(shift + fold * C + c)
    centre = tl.load(mean + fold * C + c)[None, :]
    shares = tl.load(share + fold * C + c)[None, :]
    tilts = tl.load(tilt + fold * C + c)[None, :]
    _, _, winner = _largest(x + place, basis, scales, shifts, inside, J, V, T, C, BLOCK)
    above = slope + fold * (windows * T * C) + row[:, None] * C + c[None, :]
    above = tl.load(above, mask=inside[:, None], other=0.0)
    for j in tl.static_range(J):
        total = tl.zeros([BLOCK, C], tl.float32)
        for w in tl.static_range(V):
            node = _node(x + place, basis, inside, w, J, V, T, C)
            own = tl.where(winner == w, above, 0.0) - shares - (node - centre) * tilts
            total += own * tl.load(basis + j * V + w)
        tl.store(to_x + place + j * T * C, total * scales[None, :], mask=inside[:, None])


@jit
def _fold(  # type: ignore[no-untyped-def]
    unfolded, out, rows, T: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Add up (rows / T, T - k + 1, k, C) where the taps meet in time: (rows, C)."""
    fold = tl.program_id(1).to(tl.int64)
    c = tl.arange(0, C)
    T1: tl.constexpr = T - TAPS + 1
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = row < rows
    t = row % T
    unfolded += fold * (rows // T * T1 * TAPS * C)
    total = tl.zeros([BLOCK, C], tl.float32)
    for i in tl.static_range(TAPS):
        place = ((row // T * T1 + t - i) * TAPS + i)[:, None] * C + c[None, :]
        there = inside & (t >= i) & (t - i < T1)
        total += tl.load(unfolded + place, mask=there[:, None], other=0.0)
    tl.store(out + fold * rows * C + row[:, None] * C + c[None, :], total, mask=inside[:, None])


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
        block, tiles = _tiles(windows * inner, channels, TILE if parts < 4 else SUMS)
        _patch_forward[(tiles, folds)](*inputs, out, windows, *ctx.sizes, block)
        return out

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """Give the slopes of weight and constant."""
        folds, windows, _, inner, channels = slope.shape
        nodes, taps = ctx.sizes[1:3]
        block, tiles = _tiles(windows * inner, channels, SUMS if nodes + taps <= 40 else SUMS // 2)
        parts = min(PARTS, tiles)
        partial = slope.new_empty(folds, parts, taps + nodes, channels)
        arguments = (*ctx.saved_tensors, slope.contiguous(), partial)
        _patch_backward[(parts, folds)](*arguments, windows, *ctx.sizes, block)
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
        shift = beta - mean * scale
        ctx.save_for_backward(x, basis, scale, shift, mean, inverse)
        ctx.mark_non_differentiable(mean, variance)
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
        _norm_sums[(programs, folds)](x, basis, scale, shift, mean, slope, partial, *sizes, block)
        to_beta, times = partial.sum(1).unbind(1)
        to_gamma = times * inverse
        share, tilt = to_beta / (rows * nodes), to_gamma * inverse / (rows * nodes)
        to_x = torch.empty_like(x)
        block, tiles = _tiles(rows, channels, TILE // 2)
        _norm_backward[(tiles, folds)](x, basis, scale, shift, mean, share, tilt, slope, to_x, *sizes, block)
        return to_x, to_gamma, to_beta, None


def moments(x: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance (F, C) of (F, N, J, T, C) spread over the nodes."""
    folds, windows, parts, frames, channels = x.shape
    block, tiles = _tiles(windows * frames, channels, 2 * SUMS)
    programs = min(PARTS, tiles)
    partial = x.new_empty(folds, programs, 3, channels)
    _moments[(programs, folds)](x, basis, partial, windows, parts, basis.shape[1], frames, channels, block)
    means, squares, counts = partial.double().unbind(2)  # (F, programs, C)
    total = counts.sum(1)
    mean = (means * counts).sum(1) / total
    variance = (squares + counts * (means - mean[:, None]).square()).sum(1) / total
    return mean.to(x), variance.to(x)


def affine_pool(x: Tensor, scale: Tensor, shift: Tensor, basis: Tensor) -> Tensor:
    """`msstgcn.network.fused.affine_pool` on a GPU."""
    x, scale, shift, basis = (tensor.contiguous() for tensor in (x, scale, shift, basis))
    folds, windows, parts, frames, channels = x.shape
    out = x.new_empty(folds, windows, frames, channels)
    block, tiles = _tiles(windows * frames, channels, TILE)
    sizes = (windows, parts, basis.shape[1], frames, channels, block)
    _norm_forward[(tiles, folds)](x, basis, scale, shift, out, *sizes)
    return out


def fold(unfolded: Tensor, frames: int) -> Tensor:
    """Add up (F, B, T - k + 1, k, C) where the taps meet in time: (F, B, T, C)."""
    folds, batch, _, taps, channels = unfolded.shape
    out = unfolded.new_empty(folds, batch, frames, channels)
    block, tiles = _tiles(batch * frames, channels, TILE)
    _fold[(tiles, folds)](unfolded.contiguous(), out, batch * frames, frames, taps, channels, block)
    return out
