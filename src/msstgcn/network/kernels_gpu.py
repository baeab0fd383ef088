"""Compiled loops for a GPU: the same parts of the network as `msstgcn.network.kernels`, written in Triton.

Each reads its input once and writes its result once; what lies between stays in registers. Not here: who starts them
with what, which is `msstgcn.network.fused_gpu`. Triton comes with PyTorch's builds for CUDA; without it this module
can be imported, and nothing in it runs.

A tile is some rows by all C channels, a row being a frame t of a window n. Programs that sum go over many tiles, each
place in the tile with a sum of its own, and leave one partial result each, (F, programs, ..., C). No atomics: the
order of every sum is fixed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

try:
    import triton
    from triton import language as tl
except ImportError:
    triton = None


def jit(function: Callable[..., Any]) -> Any:
    """Compile a kernel at its first call."""
    return function if triton is None else triton.jit(function)


@jit
def taps(weight, tile, TAPS: tl.constexpr, C: tl.constexpr):
    """Each tap's weights, the same in every row of a tile; loaded as a tile, which decides who keeps what."""
    weights = ()
    for i in tl.static_range(TAPS):
        weights = weights + (tl.load(weight + i * C + tile),)
    return weights


@jit
def convolved(flow, weights, constant, inside, V: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr):
    """First convolution at node V, (rows, C); `flow` points at the first frame of each row."""
    value = constant
    for i in tl.static_range(TAPS):
        factor = tl.load(flow + (i // 2 * R + V) * 2 + i % 2, mask=inside, other=0.0)
        value = value + factor[:, None] * weights[i]
    return value


@jit
def patch_forward(
    flow, weight, constant, basis, out, windows,
    K: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr, J: tl.constexpr,
    STARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Convolve (N, K, R, 2), take each group's largest, rectify, change basis into (N, J, T, C)."""
    T: tl.constexpr = K - TAPS // 2 + 1
    fold = tl.program_id(1).to(tl.int64)
    tile = tl.zeros([BLOCK, 1], tl.int32) + tl.arange(0, C)[None, :]
    flow += fold * (windows * K * R * 2)
    out += fold * (windows * J * T * C)
    constant += fold * R * C
    weights = taps(weight + fold * TAPS * C, tile, TAPS, C)
    for block in range(tl.program_id(0), tl.cdiv(windows * T, BLOCK), tl.num_programs(0)):
        row = block * BLOCK + tl.arange(0, BLOCK)
        inside = row < windows * T
        n = row // T
        t = row % T
        frame = flow + (n * K + t) * (R * 2)
        coefficient = basis
        sums = ()
        for _ in tl.static_range(J):
            sums = sums + (tl.zeros([BLOCK, C], tl.float32),)
        for v in tl.static_range(R):
            if STARTS >> v & 1:
                best = tl.zeros([BLOCK, C], tl.float32)
                for u in tl.static_range(v, R):
                    if (STARTS >> (v + 1)) % (1 << (u - v)) == 0:  # no other group starts after v, up to u
                        at = tl.load(constant + u * C + tile)
                        best = tl.maximum(best, convolved(frame, weights, at, inside, u, R, TAPS))
                more = ()
                for j in tl.static_range(J):
                    more = more + (sums[j] + best * tl.load(coefficient + j),)
                sums = more
                coefficient += J
        here = out + (n * (J * T) + t)[:, None] * C + tile
        for j in tl.static_range(J):
            tl.store(here + j * T * C, sums[j], mask=inside[:, None])


@jit
def patch_backward(
    flow, weight, constant, basis, slope, partial, windows,
    K: tl.constexpr, R: tl.constexpr, TAPS: tl.constexpr, C: tl.constexpr, J: tl.constexpr,
    STARTS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Slopes of the weights and the constants, summed over some rows: (2 k + R, C)."""
    T: tl.constexpr = K - TAPS // 2 + 1
    fold = tl.program_id(1).to(tl.int64)
    tile = tl.zeros([BLOCK, 1], tl.int32) + tl.arange(0, C)[None, :]
    flow += fold * (windows * K * R * 2)
    slope += fold * (windows * J * T * C)
    constant += fold * R * C
    weights = taps(weight + fold * TAPS * C, tile, TAPS, C)
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
        above = slope + (n * (J * T) + t)[:, None] * C + tile
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
                        at = tl.load(constant + u * C + tile)
                        value = convolved(frame, weights, at, inside, u, R, TAPS)
                        winner = tl.where(value > best, u, winner)
                        best = tl.maximum(best, value)
                for u in tl.static_range(v, R):
                    if (STARTS >> (v + 1)) % (1 << (u - v)) == 0:
                        node = tl.where(winner == u, group, 0.0)
                        constants = constants + (to_constant[u] + node,)
                        more = ()
                        for i in tl.static_range(TAPS):
                            factor = tl.load(frame + (i // 2 * R + u) * 2 + i % 2, mask=inside, other=0.0)
                            more = more + (to_weight[i] + factor[:, None] * node,)
                        to_weight = more
        to_constant = constants
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * ((TAPS + R) * C) + tl.arange(0, C)
    for i in tl.static_range(TAPS):
        tl.store(partial + i * C, tl.sum(to_weight[i], 0))
    for v in tl.static_range(R):
        tl.store(partial + (TAPS + v) * C, tl.sum(to_constant[v], 0))


@jit
def at_node(
    x, basis, inside, W: tl.constexpr, J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr
):
    """Node W of rows (rows, C); `x` points at their first part."""
    node = tl.load(x, mask=inside[:, None], other=0.0) * tl.load(basis + W)
    for j in tl.static_range(1, J):
        part = tl.load(x + j * T * C, mask=inside[:, None], other=0.0)
        node += part * tl.load(basis + j * V + W)
    return node


@jit
def largest(
    x, basis, scale, shift, inside,
    J: tl.constexpr, V: tl.constexpr, T: tl.constexpr, C: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Largest node after scale and shift, rectified; its value before them; its number, -1 if shut."""
    best = tl.zeros([BLOCK, C], tl.float32)
    before = tl.zeros([BLOCK, C], tl.float32)
    winner = tl.full([BLOCK, C], -1, tl.int32)
    for w in tl.static_range(V):
        node = at_node(x, basis, inside, w, J, V, T, C)
        value = node * scale[None, :] + shift[None, :]
        wins = value > best
        best = tl.where(wins, value, best)
        before = tl.where(wins, node, before)
        winner = tl.where(wins, w, winner)
    return best, before, winner


@jit
def moments(
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
            node = at_node(here, basis, inside, w, J, V, T, C)
            apart = tl.where(inside[:, None], node - mean, 0.0)
            mean += apart / tl.maximum(count, 1.0)[:, None]
            square += apart * (node - mean)
    total = tl.sum(count, 0)
    base = tl.max(tl.where(count[:, None] > 0, mean, float("-inf")), 0)  # equal numbers have just that mean
    centre = base + tl.sum((mean - base[None, :]) * count[:, None], 0) / total
    apart = mean - centre[None, :]
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * (3 * C) + c
    tl.store(partial, centre)
    tl.store(partial + C, tl.sum(square + count[:, None] * apart * apart, 0))
    tl.store(partial + 2 * C, tl.zeros([C], tl.float32) + total)


@jit
def norm_forward(
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
    best, _, _ = largest(x, basis, scales, shifts, inside, J, V, T, C, BLOCK)
    tl.store(out + fold * (windows * T * C) + row[:, None] * C + c[None, :], best, mask=inside[:, None])


@jit
def norm_sums(
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
        best, before, _ = largest(here, basis, scales, shifts, inside, J, V, T, C, BLOCK)
        above = tl.load(slope + row[:, None] * C + c[None, :], mask=inside[:, None], other=0.0)
        above = tl.where(best > 0, above, 0.0)
        plain += above
        times += above * (before - centre[None, :])
    partial += (fold * tl.num_programs(0) + tl.program_id(0)) * (2 * C) + c
    tl.store(partial, tl.sum(plain, 0))
    tl.store(partial + C, tl.sum(times, 0))


@jit
def norm_backward(
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
    _, _, winner = largest(x + place, basis, scales, shifts, inside, J, V, T, C, BLOCK)
    above = slope + fold * (windows * T * C) + row[:, None] * C + c[None, :]
    above = tl.load(above, mask=inside[:, None], other=0.0)
    for j in tl.static_range(J):
        total = tl.zeros([BLOCK, C], tl.float32)
        for w in tl.static_range(V):
            node = at_node(x + place, basis, inside, w, J, V, T, C)
            own = tl.where(winner == w, above, 0.0) - shares - (node - centre) * tilts
            total += own * tl.load(basis + j * V + w)
        tl.store(to_x + place + j * T * C, total * scales[None, :], mask=inside[:, None])


@jit
def fold(
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
