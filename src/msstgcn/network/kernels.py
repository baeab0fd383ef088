"""Compiled loops for the CPU: the parts of the network that are bound by memory, not by arithmetic.

Each does in one pass, in registers, what a chain of tensor operations would write out and read back several
times. `msstgcn.network.fused` wraps them for autograd and holds the plain twins they are tested against. Sums
run over one window in the arrays' own precision and over windows in a second accumulator, in a fixed order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import njit

#: Mark of a channel that the rectifier shut, in the byte that else holds a region; `settings.Regions` has room for it.
SHUT = 255


@njit(cache=True, nogil=True, fastmath={"contract"})
def _slope_of_group(slope, basis, n, t, g, group):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Slope of one group (C,) from that of the parts (N, J, T, C): the change of basis backwards."""
    for c in range(len(group)):
        group[c] = 0
    for j in range(basis.shape[1]):
        for c in range(len(group)):
            group[c] += basis[g, j] * slope[n, j, t, c]


@njit(cache=True, nogil=True, fastmath={"contract"})
def _slope_of_node(group, winner, n, t, g, node_number, node):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Slope of one node (C,): that of its group in the channels where the node was the largest."""
    zero = group.dtype.type(0)
    for c in range(len(group)):
        node[c] = group[c] if winner[n, t, g, c] == np.uint8(node_number) else zero


class PatchLoops(NamedTuple):
    """The loops around the first convolution, written out for one length of kernel."""

    forward: Callable[..., None]
    backward: Callable[..., None]
    backward_flow: Callable[..., None]


@cache
def patch_loops(taps: int) -> PatchLoops:
    """Loops for a temporal kernel of k frames.

    k is a constant to the compiler. So it writes the loop over the 2 k inputs of a step out, and `forward` runs over
    the channels once, with the sum in a register. `backward` adds to the slopes of k weights, more than there are
    registers: it goes over the channels once a frame, and what it reads again lies in the nearest cache.
    """
    inputs = 2 * taps

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def forward(flow, weight, constant, starts, basis, out, winner):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Convolve (N, K, R, 2), take each group's largest, rectify, change basis into (N, J, T, C)."""
        channels, groups = weight.shape[1], len(starts) - 1
        best = np.empty((groups, channels), weight.dtype)
        arg = np.empty(channels, np.uint8)
        seen = np.empty(inputs, weight.dtype)
        for n in range(flow.shape[0]):
            for t in range(flow.shape[1] - taps + 1):
                for g in range(groups):
                    top = best[g]
                    for c in range(channels):
                        top[c] = 0
                        arg[c] = SHUT
                    for v in range(starts[g], starts[g + 1]):
                        for i in range(taps):
                            seen[2 * i], seen[2 * i + 1] = flow[n, t + i, v, 0], flow[n, t + i, v, 1]
                        this = np.uint8(v)
                        for c in range(channels):
                            value = constant[v, c]
                            for i in range(inputs):
                                value += seen[i] * weight[i, c]
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
    def backward(flow, slope, starts, basis, winner, to_weight, to_constant):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Slopes of the weights (2 k, C) and the constants (R, C), added to what they hold."""
        channels = to_weight.shape[1]
        group = np.empty(channels, to_weight.dtype)
        node = np.empty(channels, to_weight.dtype)
        weight = np.empty_like(to_weight)
        constant = np.empty_like(to_constant)
        for n in range(flow.shape[0]):
            weight[:] = 0
            constant[:] = 0
            for t in range(flow.shape[1] - taps + 1):
                for g in range(len(starts) - 1):
                    _slope_of_group(slope, basis, n, t, g, group)
                    for v in range(starts[g], starts[g + 1]):
                        _slope_of_node(group, winner, n, t, g, v, node)
                        for c in range(channels):
                            constant[v, c] += node[c]
                        for i in range(taps):
                            f0, f1 = flow[n, t + i, v, 0], flow[n, t + i, v, 1]
                            w0, w1 = weight[2 * i], weight[2 * i + 1]
                            for c in range(channels):
                                w0[c] += f0 * node[c]
                                w1[c] += f1 * node[c]
            to_weight += weight
            to_constant += constant

    @njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "nsz"})
    def backward_flow(weight, slope, starts, basis, winner, to_flow):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Slope of the flow (N, K, R, 2), added to what it holds; its sums over channels may run in any order."""
        channels = weight.shape[1]
        group = np.empty(channels, weight.dtype)
        node = np.empty(channels, weight.dtype)
        zero = weight.dtype.type(0)
        for n in range(to_flow.shape[0]):
            for t in range(to_flow.shape[1] - taps + 1):
                for g in range(len(starts) - 1):
                    _slope_of_group(slope, basis, n, t, g, group)
                    for v in range(starts[g], starts[g + 1]):
                        _slope_of_node(group, winner, n, t, g, v, node)
                        for i in range(taps):
                            w0, w1 = weight[2 * i], weight[2 * i + 1]
                            s0, s1 = zero, zero
                            for c in range(channels):
                                s0 += node[c] * w0[c]
                                s1 += node[c] * w1[c]
                            to_flow[n, t + i, v, 0] += s0
                            to_flow[n, t + i, v, 1] += s1

    return PatchLoops(forward, backward, backward_flow)


class NormLoops(NamedTuple):
    """The loops around batch normalisation, written out for one shape of basis."""

    moments: Callable[..., None]
    forward: Callable[..., None]
    backward: Callable[..., None]


@cache
def norm_loops(parts: int, nodes: int) -> NormLoops:
    """Loops that spread J parts over V nodes by a basis (J, V).

    J and V are small and constants to the compiler. So it writes the loops over them out, and each pass runs over
    the channels with all that lies between in registers: three times as fast as with a pass a node.
    """

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def moments(x, basis, mean, variance):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Mean and variance of each channel of (N, J, T, C) spread over the nodes; two passes, float64 totals."""
        windows, _, frames, channels = x.shape
        count = windows * frames * nodes
        share = np.empty(channels, x.dtype)
        total = np.zeros(channels, np.float64)
        for n in range(windows):
            share[:] = 0
            for t in range(frames):
                for c in range(channels):
                    for w in range(nodes):
                        value = x.dtype.type(0)
                        for j in range(parts):
                            value += basis[j, w] * x[n, j, t, c]
                        share[c] += value
            for c in range(channels):
                total[c] += share[c]
        for c in range(channels):
            mean[c] = total[c] / count
            total[c] = 0
        for n in range(windows):
            share[:] = 0
            for t in range(frames):
                for c in range(channels):
                    for w in range(nodes):
                        value = -mean[c]
                        for j in range(parts):
                            value += basis[j, w] * x[n, j, t, c]
                        share[c] += value * value
            for c in range(channels):
                total[c] += share[c]
        for c in range(channels):
            variance[c] = total[c] / count

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def forward(x, basis, scale, shift, out, winner):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Spread (N, J, T, C) over the nodes, scale and shift, take the largest node, rectify: (N, T, C)."""
        windows, _, frames, channels = x.shape
        for n in range(windows):
            for t in range(frames):
                for c in range(channels):
                    best, arg = x.dtype.type(0), np.uint8(SHUT)
                    for w in range(nodes):
                        value = x.dtype.type(0)
                        for j in range(parts):
                            value += basis[j, w] * x[n, j, t, c]
                        value = value * scale[c] + shift[c]
                        wins = value > best
                        best = value if wins else best
                        arg = np.uint8(w) if wins else arg
                    out[n, t, c] = best
                    winner[n, t, c] = arg

    @njit(cache=True, nogil=True, fastmath={"contract"})
    def backward(x, basis, mean, inverse, gamma, slope, winner, to_x, to_gamma, to_beta):  # type: ignore[no-untyped-def]  # pragma: no cover
        """Slopes of the input (N, J, T, C) and of scale gamma and shift beta (C,) of batch normalisation."""
        windows, _, frames, channels = x.shape
        count = windows * frames * nodes
        zero = x.dtype.type(0)
        share_gamma = np.empty(channels, x.dtype)
        share_beta = np.empty(channels, x.dtype)
        total_gamma = np.zeros(channels, np.float64)
        total_beta = np.zeros(channels, np.float64)
        for n in range(windows):
            share_gamma[:] = 0
            share_beta[:] = 0
            for t in range(frames):
                for c in range(channels):
                    for w in range(nodes):
                        unit = -mean[c]
                        for j in range(parts):
                            unit += basis[j, w] * x[n, j, t, c]
                        node = slope[n, t, c] if winner[n, t, c] == np.uint8(w) else zero
                        share_beta[c] += node
                        share_gamma[c] += node * unit * inverse[c]
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
                for c in range(channels):
                    for j in range(parts):
                        to_x[n, j, t, c] = 0
                    for w in range(nodes):
                        unit = -mean[c]
                        for j in range(parts):
                            unit += basis[j, w] * x[n, j, t, c]
                        node = slope[n, t, c] if winner[n, t, c] == np.uint8(w) else zero
                        node = (node - share_beta[c] - unit * share_gamma[c]) * gamma[c] * inverse[c]
                        for j in range(parts):
                            to_x[n, j, t, c] += basis[j, w] * node

    return NormLoops(moments, forward, backward)
