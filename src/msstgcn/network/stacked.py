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
   Laplacian all have the same sum, nought. These biases never get a slope and keep their start; only the running mean
   knows them.

The variants of `settings.NetworkSettings` take the same way, and `Plan` holds what differs. Where nodes stay until
the end, they count as so many windows from block 2 on. Where what mixes the nodes is each fold's own, learned or
counted, fact 1 is used inside the step (2 channels are still cheaper than 64), and fact 2 on the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import torch
from torch import Tensor

from msstgcn.graph import scales
from msstgcn.network.fused import (
    EPSILON,
    Groups,
    affine_pool,
    convolve,
    norm_pool,
    patch_pool,
)
from msstgcn.network.losses import constant
from msstgcn.network.model import MSSTGCN, is_counted, region_graph, repeated
from msstgcn.settings import NetworkSettings

#: Share of a new batch in the running statistics; PyTorch's own default.
MOMENTUM = 0.1

Stack = Mapping[str, Tensor]

#: Batch-normalise a block's output (F, N, J, T, C), spread over nodes by a basis (J, V), rectify, and take the largest
#: node; the last argument is how many times the bias, which is not in it, is at every node. Gives (F, N, T, C).
_Normalise = Callable[[str, Tensor, Tensor, float], Tensor]

#: Statistics of a batch (F, C) by name of the running one, and what makes them unbiased.
_Seen = dict[str, tuple[Tensor, float]]


@dataclass(frozen=True, eq=False)  # a plan is itself alone, and so a quick key
class Plan:
    """How the stacked network computes one architecture; constants in double precision on the CPU.

    Parameters
    ----------
    settings : NetworkSettings
    order : tuple of int
        The R regions in the order in which groups are neighbours.
    groups : tuple of tuple of int
        What block 1 takes the maximum over, as places in that order; single nodes where it takes none.
    operator : Tensor or None, shape (R, R)
        What mixes the regions, columns in that order; None where each fold has its own.
    into : Tensor, shape (G, J)
        From the groups to what block 2 convolves.
    out_of : Tensor or None, shape (J, V)
        From there to the V nodes of block 2, so that ``into @ out_of`` pools and mixes; None: V = J.
    column : Tensor, shape (V,)
        Column sums of what mixes in block 2: how many times its bias each node has.
    second : bool
        Whether what mixes in block 2 is each fold's own.
    """

    settings: NetworkSettings
    order: tuple[int, ...]
    groups: Groups
    operator: Tensor | None
    into: Tensor
    out_of: Tensor | None
    column: Tensor
    second: bool

    @property
    def flat(self) -> bool:
        """Whether there are no nodes."""
        return self.settings.spatial == "flat"

    @property
    def counted(self) -> bool:
        """Whether the statistics of the first convolution's inputs can be counted before training."""
        return self.operator is not None and not self.flat

    @property
    def largest(self) -> bool:
        """Whether block 2 ends in one node, the largest."""
        return self.settings.scales == 3 and self.settings.pooling == "max" and not self.second


@cache
def plan(settings: NetworkSettings) -> Plan:
    """How to compute the architecture that the settings mean."""
    found, regions = scales(settings.regions), region_graph(settings)
    own, how = settings.operator == "learned", settings.operator
    operator = None if own or is_counted(settings) else regions.operator(how)
    groups: Groups = tuple((node,) for node in range(len(regions)))
    if settings.scales == 1:  # the same graph again, with nothing in between
        into = torch.eye(len(regions), dtype=torch.float64) if operator is None else operator
        order, second = tuple(range(len(regions))), operator is None
        return Plan(settings, order, groups, operator, into, None, into.sum(0), second)
    order = tuple(node for group in found.groups for node in group)
    ends = [sum(map(len, found.groups[: n + 1])) for n in range(len(found.groups))]
    pooled: Groups = tuple(tuple(range(end - len(g), end)) for end, g in zip(ends, found.groups, strict=True))
    parts = found.parts.operator(how)
    into, out_of = (torch.eye(len(pooled), dtype=torch.float64), None) if own else _spectrum(parts)
    if settings.pooling == "max":
        groups = pooled
    else:  # a mean is linear: it becomes part of the basis
        mean = torch.zeros(len(order), len(pooled), dtype=torch.float64)
        for number, group in enumerate(pooled):
            mean[list(group), number] = 1 / len(group)
        into = mean @ into
    picked = None if operator is None else operator[:, list(order)]
    return Plan(settings, order, groups, picked, into, out_of, parts.sum(0).round(decimals=12), own)


@dataclass(frozen=True)
class _Constants:
    """What a plan holds, in the precision and on the device of a network's weights.

    Parameters
    ----------
    into, out_of, column
        As in `Plan`.
    factor : Tensor or None, shape (R,)
        Column sums of what mixes the regions: how many times the bias each has.
    order : Tensor of int64, shape (R,)
        As in `Plan`.
    one : Tensor, shape (1, 1)
        The basis of blocks without nodes.
    share : float
        The first of `column`, for those who need it on the host.
    """

    into: Tensor
    out_of: Tensor | None
    column: Tensor
    factor: Tensor | None
    order: Tensor
    one: Tensor
    share: float


@cache
@torch.inference_mode(False)
def _constants(how: Plan, dtype: torch.dtype, device: torch.device) -> _Constants:
    """Bring a plan's constants to a device, once, so that no step waits for their way there."""
    here = partial(torch.Tensor.to, device=device, dtype=dtype, copy=True)
    return _Constants(
        here(how.into),
        None if how.out_of is None else here(how.out_of),
        here(how.column),
        None if how.operator is None else here(how.operator.sum(0)),
        torch.tensor(how.order, device=device),
        torch.ones(1, 1, dtype=dtype, device=device),
        float(how.column[0]),
    )


def _spectrum(operator: Tensor) -> tuple[Tensor, Tensor]:
    """Bases into and out of a symmetric operator's non-zero eigenvectors: (V, J) and (J, V), float64."""
    value, vector = torch.linalg.eigh(operator)
    there = value.abs() > 1e-9
    return vector[:, there].contiguous(), (value[there, None] * vector[:, there].t()).contiguous()


def stack(networks: Sequence[MSSTGCN]) -> dict[str, Tensor]:
    """Weights and running statistics of F networks, each with a leading axis of length F."""
    states = [network.state_dict() for network in networks]
    names = [name for name in states[0] if not name.endswith("num_batches_tracked")]
    return {name: torch.stack([state[name] for state in states]) for name in names}


def unstack(weights: Stack, fold: int) -> dict[str, Tensor]:
    """Weights and running statistics of one fold, on the CPU."""
    return {name: value[fold].detach().cpu().clone() for name, value in weights.items()}


def is_trained(name: str) -> bool:
    """Whether a name in the state dict is a weight, not a running statistic or a graph that was counted."""
    return "running" not in name and not name.endswith("mix.counted")


@dataclass(frozen=True)
class MixedWindows:
    """Windows made ready for the stacked network.

    Parameters
    ----------
    flow : Tensor, shape (..., K, R, 2)
        Flow after mixing over the facial graph; as it came where each fold has its own graph, or there is none.
    mean : Tensor of float64, shape (..., P)
        Mean over a window's places of the P = 2 k + 1 inputs of the first convolution: k frames of u and v, then
        the factor of the bias. Empty (P = 0) where it is counted in each batch, or not at all.
    square : Tensor of float64, shape (..., P, P)
        Mean of their products.
    """

    flow: Tensor
    mean: Tensor
    square: Tensor

    def rows(self, index: Tensor) -> MixedWindows:
        """Return the windows of those numbers."""
        return MixedWindows(self.flow[index], self.mean[index], self.square[index])


def mix(flow: Tensor, how: Plan) -> Tensor:
    """Mix windows (..., K, R, 2) over the graph, in the order of the plan, and make them long enough."""
    long = repeated(flow, how.settings, flow.ndim - 3)
    if how.operator is None or how.flat:
        return long
    return torch.einsum("...kvc,vr->...krc", long, how.operator.to(flow)).contiguous()


def mix_windows(flow: Tensor, how: Plan, *, chunk: int = 2048) -> MixedWindows:
    """Mix windows over the graph and count the statistics of the first convolution's inputs.

    Parameters
    ----------
    flow : Tensor, shape (W, K, R, 2)
        Windows.
    how : Plan
        Of the architecture.
    chunk : int
        Windows worked on at once; bounds the memory.

    Returns
    -------
    MixedWindows
    """
    mixed = mix(flow, how)
    if not how.counted:
        empty = flow.new_empty(len(flow), 0, dtype=torch.float64)
        return MixedWindows(mixed, empty, empty[..., None])
    assert how.operator is not None
    factor = how.operator.sum(0).to(flow.device)  # (R,) float64
    means, squares = [], []
    for part in mixed.split(chunk):
        places = _places(part.double(), how.settings.kernels[0], factor).flatten(1, 2)  # (w, T R, P)
        means.append(places.mean(1))
        squares.append(places.mT @ places / places.shape[1])
    return MixedWindows(mixed, torch.cat(means), torch.cat(squares))


def _places(flow: Tensor, kernel: int, factor: Tensor) -> Tensor:
    """Inputs of the first convolution, and the factor of its bias: (..., K, R, 2) to (..., T, R, P)."""
    patches = flow.unfold(-3, kernel, 1).mT.flatten(-2)  # (..., T, R, 2 k)
    bias = factor.expand(patches.shape[:-1])[..., None]
    return torch.cat([patches, bias], -1)


def forward(weights: Stack, windows: MixedWindows, how: Plan) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Training pass of F networks, each on its own N windows.

    Parameters
    ----------
    weights : mapping of str to Tensor
        As `stack` gives them.
    windows : MixedWindows
        With leading axes (F, N).
    how : Plan
        Of the architecture.

    Returns
    -------
    logits : Tensor, shape (F, N, 10)
    embedding : Tensor, shape (F, N, C)
    running : dict of str to Tensor
        The running statistics after this batch.
    """
    seen: _Seen = {}

    def normalise(block: str, x: Tensor, basis: Tensor, share: float) -> Tensor:
        count = x.shape[1] * x.shape[3] * basis.shape[1]
        gamma, beta = weights[f"{block}.norm.weight"], weights[f"{block}.norm.bias"]
        pooled, mean, variance = norm_pool(x, gamma, beta, basis)
        if share:
            mean = torch.add(mean, weights[f"{block}.convolution.bias"].detach(), alpha=share)
        _see(seen, block, mean, variance, count)
        return pooled

    flat = how.flat
    x = (
        _flat_block(weights, windows.flow, how, normalise)
        if flat
        else _first_block(weights, windows, how, seen)
    )
    logits, embedding = _later_blocks(weights, x, how, normalise)  # from (F, N, 2, 15, C)
    return logits, embedding, _remembered(weights, seen)


def evaluate(weights: Stack, flow: Tensor, how: Plan) -> tuple[Tensor, Tensor]:
    """Pass of F trained networks, with the running statistics: normalisation is part of the weights everywhere.

    Parameters
    ----------
    weights : mapping of str to Tensor
        As `stack` gives them.
    flow : Tensor, shape (F, N, K, R, 2)
        Windows of each, after `mix`.
    how : Plan
        Of the architecture.

    Returns
    -------
    logits : Tensor, shape (F, N, 10)
    embedding : Tensor, shape (F, N, C)
    """

    def normalise(block: str, x: Tensor, basis: Tensor, share: float) -> Tensor:
        scale, shift = _normaliser(weights, block)
        if share:
            shift = shift + scale * (share * weights[f"{block}.convolution.bias"])
        return affine_pool(x, scale, shift, basis)

    if how.flat:
        x = _flat_block(weights, flow, how, normalise)
    else:
        taps, bias = _first_taps(weights), weights["block1.convolution.bias"]
        scale, shift = _normaliser(weights, "block1")
        mixed, factor = _mixed(weights, flow, how)
        at_node = _at_nodes((bias * scale)[:, None], shift[:, None], factor)
        basis = _constants(how, flow.dtype, flow.device).into
        x = patch_pool(mixed, taps * scale[:, None], at_node, how.groups, basis)
    return _later_blocks(weights, x, how, normalise)


def _flat_block(weights: Stack, flow: Tensor, how: Plan, normalise: _Normalise) -> Tensor:
    """Block 1 without nodes: (F, N, K, R, 2) to (F, N, 1, T, C)."""
    x = convolve(flow.mT.flatten(3)[:, :, None], weights["block1.convolution.weight"])
    return normalise("block1", x, _constants(how, x.dtype, x.device).one, 1)[:, :, None]


def _later_blocks(weights: Stack, x: Tensor, how: Plan, normalise: _Normalise) -> tuple[Tensor, Tensor]:
    """Blocks 2 to 4 and the head: (F, N, J, T, C) to logits and embedding."""
    fixed, windows = _constants(how, x.dtype, x.device), x.shape[1]
    x = convolve(x, weights["block2.convolution.weight"])  # (F, N, 2, 11, C)
    if how.flat:
        x = normalise("block2", x, fixed.one, 1)[:, :, None]
    elif how.largest and fixed.out_of is not None:
        x = normalise("block2", x, fixed.out_of, fixed.share)[:, :, None]  # (F, N, 1, 11, C)
    else:
        x = _every_node(weights, x, how, normalise)
    for block in ("block3", "block4"):
        x = convolve(x, weights[f"{block}.convolution.weight"])  # (F, N V, 1, 7, C), (.., 1, 1, C)
        x = normalise(block, x, fixed.one, 1)[:, :, None]
    x = x.unflatten(1, (windows, -1)).flatten(2, -2)  # (F, N, V and steps, C)
    return _head(weights, x.squeeze(2) if x.shape[2] == 1 else x.mean(2))


def _every_node(weights: Stack, x: Tensor, how: Plan, normalise: _Normalise) -> Tensor:
    """Rest of block 2 where its nodes are rectified one by one: (F, N, J, T, C) to (F, N V, 1, T, C)."""
    fixed, bias = _constants(how, x.dtype, x.device), weights["block2.convolution.bias"]
    if how.second:
        operator = _own_operator(weights, "block2").to(x)  # (F, V, V)
        x = _over_nodes(x, operator[:, None])
        at_node = operator.sum(1)[:, :, None] * bias[:, None]  # (F, V, C)
    else:
        x = x if fixed.out_of is None else _over_nodes(x, fixed.out_of)
        at_node = fixed.column[:, None] * bias[:, None]
    x = x + at_node[:, None, :, None]
    windows = x.shape[1]
    x = normalise("block2", x.flatten(1, 2)[:, :, None], fixed.one, 0)  # (F, N V, T, C)
    if how.settings.scales == 3:
        nodes = x.unflatten(1, (windows, -1))
        x = nodes.amax(2) if how.settings.pooling == "max" else nodes.mean(2)
    return x[:, :, None]


def _over_nodes(x: Tensor, operator: Tensor) -> Tensor:
    """Mix nodes (F, N, J, T, C) to (F, N, V, T, C) by a matrix (.., J, V): small products, and nothing is copied."""
    return (operator.mT @ x.flatten(3)).unflatten(3, x.shape[3:])


def _own_operator(weights: Stack, block: str) -> Tensor:
    """What mixes the nodes of a block in each fold, learned or counted: (F, V, V)."""
    name = f"{block}.mix.counted"
    return weights[name if name in weights else f"{block}.mix.operator"]


def _mixed(weights: Stack, flow: Tensor, how: Plan) -> tuple[Tensor, Tensor]:
    """Flow over the graph (F, N, K, R, 2), and column sums of what mixed it, (R,) or of each fold (F, R)."""
    fixed = _constants(how, flow.dtype, flow.device)
    if fixed.factor is not None:
        return flow, fixed.factor
    operator = _own_operator(weights, "block1").to(flow)[..., fixed.order]
    return torch.einsum("fnkvc,fvr->fnkrc", flow, operator).contiguous(), operator.sum(1)


def _normaliser(weights: Stack, block: str) -> tuple[Tensor, Tensor]:
    """Scale and shift (F, C) that batch normalisation amounts to with the running statistics."""
    scale = weights[f"{block}.norm.weight"] * (weights[f"{block}.norm.running_var"] + EPSILON).rsqrt()
    return scale, weights[f"{block}.norm.bias"] - weights[f"{block}.norm.running_mean"] * scale


def _head(weights: Stack, embedding: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and embedding."""
    head = weights["head.weight"].flatten(2)  # (F, 10, C)
    return torch.baddbmm(weights["head.bias"][:, None], embedding, head.mT), embedding


def _first_taps(weights: Stack) -> Tensor:
    """Weights of the first convolution as a matrix: (F, C, 2, k, 1) to (F, 2 k, C)."""
    return weights["block1.convolution.weight"].squeeze(4).permute(0, 3, 2, 1).flatten(1, 2)


def _at_nodes(bias: Tensor, shift: Tensor, factor: Tensor) -> Tensor:
    """What is added at each node (F, R, C): the bias as the Laplacian leaves it, and the shift, both (F, 1, C)."""
    return factor[..., None] * bias + shift


def _first_block(weights: Stack, windows: MixedWindows, how: Plan, seen: _Seen) -> Tensor:
    taps, bias = _first_taps(weights), weights["block1.convolution.bias"]  # (F, 2 k, C), (F, C)
    full = torch.cat([taps, bias[:, None]], 1)  # (F, P, C)
    flow, factor = _mixed(weights, windows.flow, how)
    if how.counted:
        centre = windows.mean.mean(1, keepdim=True)  # (F, 1, P)
        spread = torch.baddbmm(windows.square.mean(1), centre.mT, centre, alpha=-1)  # (F, P, P), float64
    else:
        centre, spread = _spread(flow, taps.shape[1] // 2, factor)
    # In double precision: what the inputs of a window have in common cancels where a filter sees only their change.
    wide = full.double()
    mean, spread_full = (torch.cat([centre, spread], 1).to(wide) @ wide).split([1, full.shape[1]], 1)
    variance = (wide * spread_full).sum(1, keepdim=True).clamp_min(0).to(full)  # (F, 1, C), as is the mean
    mean = mean.to(full)
    _, count, frames, regions, _ = flow.shape
    places = count * (frames - taps.shape[1] // 2 + 1) * regions
    _see(seen, "block1", mean.detach()[:, 0], variance.detach()[:, 0], places)
    scale = weights["block1.norm.weight"][:, None] * (variance + EPSILON).rsqrt()
    shift = weights["block1.norm.bias"][:, None] - mean * scale
    taps, bias = (full * scale).split([taps.shape[1], 1], 1)
    basis = _constants(how, flow.dtype, flow.device).into
    return patch_pool(flow, taps, _at_nodes(bias, shift, factor), how.groups, basis)


def _spread(flow: Tensor, kernel: int, factor: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (F, 1, P) and covariance (F, P, P) of the first convolution's inputs in a batch."""
    places = _places(flow, kernel, factor[:, None, None]).flatten(1, 3)  # (F, N T R, P)
    centre = places.mean(1, keepdim=True)
    apart = places - centre
    return centre, apart.mT @ apart / places.shape[1]


def _see(seen: _Seen, block: str, mean: Tensor, variance: Tensor, count: int) -> None:
    """Note a batch's statistics; the running variance is made of unbiased ones, as in PyTorch."""
    seen[f"{block}.norm.running_mean"] = mean, 1.0
    seen[f"{block}.norm.running_var"] = variance, count / max(count - 1, 1)


def _remembered(weights: Stack, seen: _Seen) -> dict[str, Tensor]:
    """The running statistics after a batch, all at once."""
    values, factors = zip(*seen.values(), strict=True)
    new = torch.stack(values)  # (statistics, F, C)
    new = new * constant(factors, new.dtype, new.device)[:, None, None]
    after = torch.stack([weights[name] for name in seen]).lerp_(new, MOMENTUM)
    return dict(zip(seen, after.unbind(), strict=True))
