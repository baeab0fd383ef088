"""Compiled loops for the CPU: the parts of the network that are bound by memory, not by arithmetic.

Each does in one pass, in registers, what a chain of tensor operations would write out and read back several
times. `msstgcn.network.fused` wraps them for autograd and holds the plain twins they are tested against. Sums
run over one window in the arrays' own precision and over windows in a second accumulator, in a fixed order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Mark of a channel that the rectifier shut.
SHUT = 255


#: Frames of the first temporal kernel that the two loops below are written out for: the method's. One pass over
#: the channels for all of its taps keeps a sum in a register and takes half the time of a pass a tap.
TAPS = 3


@njit(cache=True, nogil=True, fastmath={"contract"})
def patch_forward(flow, weight, constant, starts, basis, out, winner):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Convolve (N, K, R, 2), take each group's largest, rectify, change basis into (N, J, T, C)."""
    channels, groups = weight.shape[1], len(starts) - 1
    w0, w1, w2, w3, w4, w5 = weight[0], weight[1], weight[2], weight[3], weight[4], weight[5]
    best = np.empty((groups, channels), weight.dtype)
    arg = np.empty(channels, np.uint8)
    for n in range(flow.shape[0]):
        for t in range(flow.shape[1] - TAPS + 1):
            for g in range(groups):
                top = best[g]
                for c in range(channels):
                    top[c] = 0
                    arg[c] = SHUT
                for v in range(starts[g], starts[g + 1]):
                    f0, f1 = flow[n, t, v, 0], flow[n, t, v, 1]
                    f2, f3 = flow[n, t + 1, v, 0], flow[n, t + 1, v, 1]
                    f4, f5 = flow[n, t + 2, v, 0], flow[n, t + 2, v, 1]
                    this = np.uint8(v)
                    for c in range(channels):
                        value = constant[v, c] + f0 * w0[c] + f1 * w1[c] + f2 * w2[c] + f3 * w3[c]
                        value += f4 * w4[c] + f5 * w5[c]
                        wins = value > top[c]
                        top[c] = value if wins else top[c]
                        arg[c] = this if wins else arg[c]
                for c in range(channels):
                    winner[n, t, g, c] = arg[c]
            for j in range(basis.shape[1]):
                for c in range(channels):
                    out[n, j, t, c] = 0
                for g in range(groups):
                    for c in range(channels):
                        out[n, j, t, c] += basis[g, j] * best[g, c]


@njit(cache=True, nogil=True, fastmath={"contract"})
def patch_backward(flow, slope, starts, basis, winner, to_weight, to_constant):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Slopes of the weights (2 k, C) and the constants (R, C), added to what they hold."""
    channels = to_weight.shape[1]
    group = np.empty(channels, to_weight.dtype)
    zero = to_weight.dtype.type(0)
    weight = np.empty_like(to_weight)
    constant = np.empty_like(to_constant)
    w0, w1, w2, w3, w4, w5 = weight[0], weight[1], weight[2], weight[3], weight[4], weight[5]
    for n in range(flow.shape[0]):
        weight[:] = 0
        constant[:] = 0
        for t in range(flow.shape[1] - TAPS + 1):
            for g in range(len(starts) - 1):
                for c in range(channels):
                    group[c] = 0
                for j in range(basis.shape[1]):
                    for c in range(channels):
                        group[c] += basis[g, j] * slope[n, j, t, c]
                for v in range(starts[g], starts[g + 1]):
                    f0, f1 = flow[n, t, v, 0], flow[n, t, v, 1]
                    f2, f3 = flow[n, t + 1, v, 0], flow[n, t + 1, v, 1]
                    f4, f5 = flow[n, t + 2, v, 0], flow[n, t + 2, v, 1]
                    this = np.uint8(v)
                    for c in range(channels):
                        node = group[c] if winner[n, t, g, c] == this else zero
                        constant[v, c] += node
                        w0[c] += f0 * node
                        w1[c] += f1 * node
                        w2[c] += f2 * node
                        w3[c] += f3 * node
                        w4[c] += f4 * node
                        w5[c] += f5 * node
        to_weight += weight
        to_constant += constant


@njit(cache=True, nogil=True, fastmath={"contract"})
def moments(x, basis, mean, variance):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Mean and variance of each channel of (N, J, T, C) spread over the nodes; two passes, float64 totals."""
    windows, parts, frames, channels = x.shape
    nodes = basis.shape[1]
    count = windows * frames * nodes
    value = np.empty(channels, x.dtype)
    share = np.empty(channels, x.dtype)
    centre = np.zeros(channels, x.dtype)
    for turn in range(2):
        total = np.zeros(channels, np.float64)
        for n in range(windows):
            share[:] = 0
            for t in range(frames):
                for w in range(nodes):
                    for c in range(channels):
                        value[c] = -centre[c]
                    for j in range(parts):
                        for c in range(channels):
                            value[c] += basis[j, w] * x[n, j, t, c]
                    if turn == 0:
                        for c in range(channels):
                            share[c] += value[c]
                    else:
                        for c in range(channels):
                            share[c] += value[c] * value[c]
            for c in range(channels):
                total[c] += share[c]
        for c in range(channels):
            if turn == 0:
                mean[c] = total[c] / count
                centre[c] = mean[c]
            else:
                variance[c] = total[c] / count


@njit(cache=True, nogil=True, fastmath={"contract"})
def norm_forward(x, basis, scale, shift, out, winner):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Spread (N, J, T, C) over the nodes, scale and shift, take the largest node, rectify: (N, T, C)."""
    windows, parts, frames, channels = x.shape
    value = np.empty(channels, x.dtype)
    best = np.empty(channels, x.dtype)
    arg = np.empty(channels, np.uint8)
    for n in range(windows):
        for t in range(frames):
            for c in range(channels):
                best[c] = 0
                arg[c] = SHUT
            for w in range(basis.shape[1]):
                for c in range(channels):
                    value[c] = 0
                for j in range(parts):
                    for c in range(channels):
                        value[c] += basis[j, w] * x[n, j, t, c]
                this = np.uint8(w)
                for c in range(channels):
                    value[c] = value[c] * scale[c] + shift[c]
                    wins = value[c] > best[c]
                    best[c] = value[c] if wins else best[c]
                    arg[c] = this if wins else arg[c]
            for c in range(channels):
                out[n, t, c] = best[c]
                winner[n, t, c] = arg[c]


@njit(cache=True, nogil=True, fastmath={"contract"})
def norm_backward(x, basis, mean, inverse, gamma, slope, winner, to_x, to_gamma, to_beta):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Slopes of the input (N, J, T, C) and of scale gamma and shift beta (C,) of batch normalisation."""
    windows, parts, frames, channels = x.shape
    nodes = basis.shape[1]
    count = windows * frames * nodes
    zero = x.dtype.type(0)
    unit = np.empty(channels, x.dtype)
    node = np.empty(channels, x.dtype)
    share_gamma = np.empty(channels, x.dtype)
    share_beta = np.empty(channels, x.dtype)
    total_gamma = np.zeros(channels, np.float64)
    total_beta = np.zeros(channels, np.float64)
    for n in range(windows):
        share_gamma[:] = 0
        share_beta[:] = 0
        for t in range(frames):
            for w in range(nodes):
                this = np.uint8(w)
                for c in range(channels):
                    unit[c] = -mean[c]
                for j in range(parts):
                    for c in range(channels):
                        unit[c] += basis[j, w] * x[n, j, t, c]
                for c in range(channels):
                    node[c] = slope[n, t, c] if winner[n, t, c] == this else zero
                for c in range(channels):
                    share_beta[c] += node[c]
                    share_gamma[c] += node[c] * unit[c] * inverse[c]
        for c in range(channels):
            total_gamma[c] += share_gamma[c]
            total_beta[c] += share_beta[c]
    for c in range(channels):
        to_gamma[c] = total_gamma[c]
        to_beta[c] = total_beta[c]
        share_gamma[c] = total_gamma[c] / count * inverse[c]
        share_beta[c] = total_beta[c] / count
    for n in range(windows):
        for t in range(frames):
            for j in range(parts):
                for c in range(channels):
                    to_x[n, j, t, c] = 0
            for w in range(nodes):
                this = np.uint8(w)
                for c in range(channels):
                    unit[c] = -mean[c]
                for j in range(parts):
                    for c in range(channels):
                        unit[c] += basis[j, w] * x[n, j, t, c]
                for c in range(channels):
                    node[c] = slope[n, t, c] if winner[n, t, c] == this else zero
                for c in range(channels):
                    node[c] = (node[c] - share_beta[c] - unit[c] * share_gamma[c]) * gamma[c] * inverse[c]
                for j in range(parts):
                    for c in range(channels):
                        to_x[n, j, t, c] += basis[j, w] * node[c]
