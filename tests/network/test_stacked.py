from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from msstgcn.graph import FACE, PART_GROUPS, PARTS
from msstgcn.network import MSSTGCN, FacialPooling, fused, initialised, stacked
from msstgcn.network.fused import (
    Convolve,
    affine_pool_plain,
    convolve,
    convolve_plain,
    norm_pool,
    norm_pool_plain,
    patch_pool,
    patch_pool_plain,
)
from msstgcn.network.stacked import MixedWindows, forward, is_trained, mix_windows, plan, stack, unstack
from msstgcn.settings import NetworkSettings


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def shaken(settings: NetworkSettings, seed: int) -> MSSTGCN:
    """A network in double precision that is nowhere at a special value: no zero bias, no scale of one."""
    network = initialised(settings, seed=seed).double()
    for number, (name, weight) in enumerate(network.named_parameters()):
        if not name.endswith("convolution.weight"):
            weight.data += draws(*weight.shape, seed=100 * seed + number)
    for block, graph in ((network.block1, FACE), (network.block2, PARTS)):
        block.mix.operator = graph.laplacian()  # not rounded to single precision on the way
    return network


SMALL = NetworkSettings(channels=6)


@pytest.mark.parametrize(
    "settings", [SMALL, NetworkSettings(channels=5, kernels=(5, 3, 4, 2))], ids=["17", "11"]
)
def test_stacked_pass_equals_one_module_a_fold(settings):
    networks = [shaken(settings, seed) for seed in (1, 2, 3)]
    flow = draws(3, 12, settings.receptive_field, 10, 2)
    weights = {name: w.requires_grad_(is_trained(name)) for name, w in stack(networks).items()}
    mixed = [mix_windows(own, plan(settings), chunk=5) for own in flow]
    windows = MixedWindows(*(torch.stack([getattr(m, f) for m in mixed]) for f in ("flow", "mean", "square")))
    logits, embedding, running = forward(weights, windows, plan(settings))
    (logits.square().mean((1, 2)) + embedding.cos().mean((1, 2))).sum().backward()
    for fold, network in enumerate(networks):
        own_logits, own_embedding = network(flow[fold].permute(0, 3, 1, 2))
        (own_logits.square().mean() + own_embedding.cos().mean()).backward()
        # 1e-10: double precision, sums in another order, divided by standard deviations
        close = {"atol": 1e-10, "rtol": 1e-8}
        torch.testing.assert_close(logits[fold], own_logits, **close)
        torch.testing.assert_close(embedding[fold], own_embedding, **close)
        for name, weight in network.named_parameters():
            slope = weights[name].grad
            own = torch.zeros_like(weight) if slope is None else slope[fold]
            torch.testing.assert_close(
                own, weight.grad, **close, msg=lambda text, name=name: f"{name}: {text}"
            )
        for name, value in network.named_buffers():
            if "running" in name:
                torch.testing.assert_close(running[name][fold], value, **close)


def test_variance_of_the_first_block_survives_large_offsets():
    """A filter of second differences sees 0.01 where the flow is 1000; squared, float32 has no digits left for it."""
    network = initialised(SMALL, seed=0)
    tap = torch.tensor([1.0, -2.0, 1.0])
    network.block1.convolution.weight.data[:] = tap[:, None] * torch.linspace(0.1, 1, 6)[:, None, None, None]
    flow = 1000 * torch.randn(256, 1, 10, 2, generator=torch.Generator().manual_seed(0))
    flow = flow + 0.01 * torch.randn(256, 17, 10, 2, generator=torch.Generator().manual_seed(1))
    how = plan(SMALL)
    windows = mix_windows(flow, how)
    stacked = MixedWindows(*(part[None] for part in (windows.flow, windows.mean, windows.square)))
    _, _, running = forward(stack([network]), stacked, how)
    places = windows.flow.double().unfold(1, 3, 1)  # (N, T, R, 2, k)
    weight = network.block1.convolution.weight.detach().double()[..., 0]  # (C, 2, k)
    true = torch.einsum("ntrck,ock->ontr", places, weight).flatten(1).var(1)
    seen = (running["block1.norm.running_var"][0].double() - 0.9) / 0.1
    # 2e-6: ten times the last place of float32 at the 0.9 that the running variance starts with
    torch.testing.assert_close(seen, true, atol=2e-6, rtol=0)


def test_stacking_and_unstacking_gives_the_networks_back():
    networks = [initialised(SMALL, seed=seed) for seed in (1, 2)]
    second = unstack(stack(networks), 1)
    twin = MSSTGCN(SMALL)
    twin.load_state_dict(second, strict=False)
    for mine, theirs in zip(twin.parameters(), networks[1].parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=0, rtol=0)


def test_start_depends_on_the_seed_alone():
    torch.manual_seed(1)
    first = initialised(SMALL, seed=7)
    torch.manual_seed(2)
    again, other = initialised(SMALL, seed=7), initialised(SMALL, seed=8)
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_start_is_kaiming_normal_with_zero_biases():
    network = initialised(seed=0)
    weight = network.block2.convolution.weight
    # 20,480 draws: the sample's standard deviation is within 2 % of sqrt(2 / fan-in)
    assert float(weight.std()) == pytest.approx((2 / (64 * 5)) ** 0.5, rel=0.02)
    assert not network.block2.convolution.bias.any()


def test_some_biases_have_no_slope_because_normalisation_takes_them_away():
    network = shaken(SMALL, 4)
    logits, _ = network(draws(12, 2, 17, 10))
    logits.square().sum().backward()
    slopes = [getattr(network, f"block{n}").convolution.bias.grad.abs().max() for n in (1, 2, 3, 4)]
    assert slopes[0] > 1e-3
    assert max(slopes[1:]) < 1e-10


def same_slopes(function, twin, arguments, weigh):
    """Values and slopes of two functions at the same place."""
    results = []
    for f in (function, twin):
        copies = [a.clone().requires_grad_(slope) for a, slope in arguments]
        out = f(*copies)
        first = out[0] if isinstance(out, tuple) else out
        (first * weigh(first)).sum().backward()
        results.append((out, [copy.grad for copy in copies]))
    return results


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("taps", [1, 2, 3, 9])
def test_compiled_first_block_equals_its_plain_twin(dtype, taps):
    arguments = [
        (draws(2, 9, 17, 10, 2).to(dtype), True),
        (draws(2, 2 * taps, 7, seed=1).to(dtype), True),
        (draws(2, 10, 7, seed=2).to(dtype), True),
    ]
    basis = draws(3, 2, seed=3).to(dtype)
    (out, slopes), (wanted, wanted_slopes) = same_slopes(
        lambda *a: patch_pool(*a, PART_GROUPS, basis),
        lambda *a: patch_pool_plain(*a, PART_GROUPS, basis),
        arguments,
        lambda first: draws(*first.shape, seed=4).to(dtype),
    )
    # sums of up to 3,060 products of size one
    close = {"atol": 1e-11, "rtol": 1e-11} if dtype == torch.float64 else {"atol": 3e-4, "rtol": 1e-4}
    torch.testing.assert_close(out, wanted, **close)
    for mine, theirs in zip(slopes, wanted_slopes, strict=True):
        torch.testing.assert_close(mine, theirs, **close)


@pytest.mark.parametrize("taps", [1, 2, 3, 9])
def test_a_first_kernel_of_any_length_takes_the_compiled_loops(taps, monkeypatch):
    """As plain tensor operations a step with a window of 35 frames takes three times as long."""
    monkeypatch.delattr(fused, "patch_pool_plain")
    weight, constant = draws(1, 2 * taps, 7), draws(1, 10, 7)
    assert (
        patch_pool(draws(1, 2, 17, 10, 2), weight, constant, PART_GROUPS, draws(3, 2)).shape[3] == 18 - taps
    )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("nodes", [1, 3])
def test_compiled_normalisation_equals_its_plain_twin(dtype, nodes):
    parts = 1 if nodes == 1 else 2
    arguments = [
        ((3 * draws(2, 9, parts, 5, 7) + 2).to(dtype), True),
        (draws(2, 7, seed=1).to(dtype), True),
        (draws(2, 7, seed=2).to(dtype), True),
    ]
    basis = draws(parts, nodes, seed=3).to(dtype)
    (out, slopes), (wanted, wanted_slopes) = same_slopes(
        lambda *a: norm_pool(*a, basis),
        lambda *a: norm_pool_plain(*a, basis),
        arguments,
        lambda first: draws(*first.shape, seed=4).to(dtype),
    )
    close = {"atol": 1e-11, "rtol": 1e-11} if dtype == torch.float64 else {"atol": 1e-4, "rtol": 1e-4}
    for mine, theirs in zip((*out, *slopes), (*wanted, *wanted_slopes), strict=True):
        torch.testing.assert_close(mine, theirs, **close)


@pytest.mark.parametrize("function", [convolve, convolve_plain, Convolve.apply])
@pytest.mark.parametrize("kernel", [1, 3, 6])
@pytest.mark.parametrize("folds", [1, 3])
def test_stacked_convolution_equals_the_librarys(function, kernel, folds):
    x, weight = draws(folds, 4, 2, 6, 5), draws(folds, 8, 5, kernel, 1, seed=1)
    found = function(x, weight)
    for fold in range(folds):
        wanted = functional.conv2d(x[fold].permute(0, 3, 2, 1), weight[fold])  # (N, C, T, J)
        torch.testing.assert_close(found[fold], wanted.permute(0, 3, 2, 1), atol=1e-12, rtol=0)


@pytest.mark.parametrize("kernel", [1, 3, 6])
def test_slopes_of_the_convolution_by_hand(kernel):
    x, weight = draws(2, 3, 2, 6, 4), draws(2, 5, 4, kernel, 1, seed=1)
    assert torch.autograd.gradcheck(Convolve.apply, (x.requires_grad_(), weight.requires_grad_()))
    assert torch.autograd.gradcheck(Convolve.apply, (x.detach(), weight))


def test_pooling_takes_groups_that_are_no_neighbours():
    x = torch.arange(5.0)[None, None, None]
    assert FacialPooling(((0, 4), (1, 2, 3)))(x).tolist() == [[[[4.0, 3.0]]]]
    assert isinstance(FacialPooling(((0,),)), nn.Module)


@pytest.mark.parametrize("device_way", ["compiled", "plain"])
def test_trained_networks_together_equal_each_module(device_way, monkeypatch):
    """With running statistics as they are after training, nowhere at a special value."""
    if device_way == "plain":
        monkeypatch.setattr(stacked, "patch_pool", patch_pool_plain)
        monkeypatch.setattr(stacked, "convolve", convolve_plain)
        monkeypatch.setattr(stacked, "affine_pool", affine_pool_plain)
    networks = [shaken(SMALL, seed) for seed in (1, 2)]
    flow = draws(2, 12, 17, 10, 2)
    for own, network in zip(flow, networks, strict=True):
        for _ in range(3):
            network(3 * own.permute(0, 3, 1, 2) + 1)
        network.eval()
    with torch.no_grad():
        logits, embedding = stacked.evaluate(stack(networks), stacked.mix(flow, plan(SMALL)), plan(SMALL))
        for fold, network in enumerate(networks):
            own_logits, own_embedding = network(flow[fold].permute(0, 3, 1, 2))
            # 1e-10: double precision, sums in another order
            torch.testing.assert_close(logits[fold], own_logits, atol=1e-10, rtol=1e-8)
            torch.testing.assert_close(embedding[fold], own_embedding, atol=1e-10, rtol=1e-8)
