"""Loops for a GPU against their plain twins; without a GPU in Triton's interpreter."""

from __future__ import annotations

import os

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # read when a kernel is declared
pytest.importorskip("triton", reason="Triton comes with PyTorch's builds for CUDA, and this is none")

from msstgcn.graph import PART_GROUPS
from msstgcn.network import fused, fused_gpu

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SINGLE = tuple((node,) for node in range(10))
SIX = ((0,), (1, 2, 3), (4, 5))


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE)


def run(function, arguments, constants):
    """Values, and slopes of the arguments, of a function given both."""
    leaves = [a.clone().requires_grad_() for a in arguments]
    out = function(*leaves, *constants)
    first = out[0] if isinstance(out, tuple) else out
    slope = draws(*first.shape, seed=9).to(first.dtype)
    return [*(out if isinstance(out, tuple) else (out,)), *torch.autograd.grad((first * slope).sum(), leaves)]


def same(mine, wanted):
    """Within what sums of a few hundred products of size one lose in single precision."""
    for a, b in zip(mine, wanted, strict=True):
        torch.testing.assert_close(a.double(), b, atol=1e-4, rtol=1e-4)


def doubled(values):
    return [v.double() if isinstance(v, torch.Tensor) else v for v in values]


PATCHES = {
    "method": (PART_GROUPS, 10, 3, 2, 16),
    "one group": ((tuple(range(10)),), 10, 3, 3, 8),
    "single nodes": (SINGLE, 10, 3, 10, 8),
    "k=5, R=6": (SIX, 6, 5, 2, 4),
}


def patches(case: str):
    groups, nodes, kernel, parts, channels = PATCHES[case]
    flow, basis = draws(2, 5, 9, nodes, 2), draws(len(groups), parts, seed=3)
    weights = [draws(2, 2 * kernel, channels, seed=1), draws(2, nodes, channels, seed=2)]
    return flow, weights, (groups, basis)


@pytest.mark.parametrize("case", PATCHES)
def test_first_block_equals_its_plain_twin(case, monkeypatch):
    monkeypatch.setattr(fused_gpu, "PARTS", 2)  # so that a program goes over several tiles
    flow, weights, constants = patches(case)
    assert fused_gpu.supports_patches(flow, weights[0])
    mine = run(lambda *a: fused_gpu.PatchPool.apply(flow, *a), weights, constants)
    double = flow.double()
    twin = run(
        lambda *a: fused.patch_pool_plain(double, *a), doubled(weights), (constants[0], constants[1].double())
    )
    same(mine, twin)


NORMS = {"one node": (1, 1, 16), "method": (2, 3, 16), "ten nodes": (10, 10, 8), "more parts": (3, 2, 4)}


def norms(case: str):
    parts, nodes, channels = NORMS[case]
    x = 3 * draws(2, 7, parts, 5, channels) + 20
    if nodes == 1:  # elsewhere the nodes of such a channel would tie, and any may have the slope
        x[..., 1] = 1000.3  # a channel that never changes
    wide = draws(2, 3 * channels, seed=1)  # scale and shift are views into a longer row
    basis = torch.ones(1, 1, device=DEVICE) if nodes == 1 else draws(parts, nodes, seed=3)
    return [x, wide[:, :channels], wide[:, channels : 2 * channels]], (basis,)


@pytest.mark.parametrize("case", NORMS)
def test_normalisation_equals_its_plain_twin(case, monkeypatch):
    monkeypatch.setattr(fused_gpu, "PARTS", 2)
    monkeypatch.setattr(fused_gpu, "SUMS", 16)
    arguments, constants = norms(case)
    mine = run(fused_gpu.NormPool.apply, arguments, constants)
    twin = run(fused.norm_pool_plain, doubled(arguments), doubled(constants))
    same(mine, twin)


def test_a_constant_channel_has_no_variance():
    (x, *_), constants = norms("one node")
    mean, variance = fused_gpu.moments(x, *constants)
    assert (mean[:, 1] == x[0, 0, 0, 0, 1]).all()
    assert (variance[:, 1] == 0).all()


def test_scale_and_shift_with_running_statistics():
    (x, scale, shift), (basis,) = norms("method")
    mine = fused_gpu.affine_pool(x, scale, shift, basis)
    same([mine], [fused.affine_pool_plain(*doubled((x, scale, shift, basis)))])


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_shares_add_up(kernel):
    shares = draws(2, 4, 7 - kernel + 1, kernel, 8)
    same([fused_gpu.fold(shares, 7)], [fused._folded(shares.cpu().double(), 7).to(DEVICE)])


def test_two_runs_have_the_same_bits(monkeypatch):
    monkeypatch.setattr(fused_gpu, "PARTS", 3)
    flow, weights, constants = patches("method")
    arguments, basis = norms("method")
    for function, given, more in (
        (lambda *a: fused_gpu.PatchPool.apply(flow, *a), weights, constants),
        (fused_gpu.NormPool.apply, arguments, basis),
    ):
        first, second = run(function, given, more), run(function, given, more)
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_what_there_are_no_loops_for():
    assert fused_gpu.supports(draws(2, 3, 64))
    assert not fused_gpu.supports(draws(2, 3, 48))
    assert not fused_gpu.supports(draws(2, 3, 64).double())
    assert not fused_gpu.supports_patches(draws(2, 3, 31, 22, 2), draws(2, 30, 64))
    assert not fused_gpu.supports_nodes(draws(22, 22))


def test_where_triton_finds_no_compiler_the_plain_way_is_left(monkeypatch):
    def without(*_):
        raise RuntimeError("Failed to find C compiler")

    monkeypatch.setattr(fused_gpu, "fold", without)
    with pytest.warns(UserWarning, match="slower way: Failed to find C compiler"):
        assert not fused_gpu.works.__wrapped__(DEVICE)
