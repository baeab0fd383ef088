"""The network's variants: the stacked program against one plain module a fold, and the layers against PyG."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.utils import to_dense_adj

from msstgcn.errors import InputError
from msstgcn.graph import FACE, PARTS, FacialGraph, scales
from msstgcn.network import MSSTGCN, FacialPooling, GraphMix, check_window, initialised, stacked
from msstgcn.network.fused import affine_pool_plain, convolve_plain, norm_pool_plain, patch_pool_plain
from msstgcn.network.stacked import MixedWindows, is_trained, plan, stack
from msstgcn.settings import NetworkSettings


@pytest.fixture(autouse=True)
def double():
    """Everything in double precision, constants too, so that the two ways can be told apart from rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def draws(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


OWN = [
    {"name": "corner", "landmark": 48},
    {"name": "brow", "landmark": 20},
    {"name": "lip", "landmark": 51, "dy": -0.05},
    {"name": "other brow", "landmark": 23},
]
VARIANTS = {
    "method": {},
    "random": {"graph": "random", "graph_seed": 3},
    "counted": {"graph": "cooccurrence"},
    "counted, adjacency": {"graph": "cooccurrence-all", "operator": "adjacency"},
    "adjacency": {"operator": "adjacency"},
    "no mixing": {"operator": "none"},
    "learned": {"operator": "learned"},
    "two scales": {"scales": 2},
    "two scales, adjacency": {"scales": 2, "operator": "adjacency"},
    "two scales, learned": {"scales": 2, "operator": "learned"},
    "one scale": {"scales": 1},
    "one scale, learned": {"scales": 1, "operator": "learned"},
    "one scale, counted": {"scales": 1, "graph": "cooccurrence"},
    "mean": {"pooling": "mean"},
    "mean, learned": {"pooling": "mean", "operator": "learned"},
    "mean, two scales": {"pooling": "mean", "scales": 2},
    "flat": {"spatial": "flat"},
    "6 regions": {"regions": "6"},
    "14 regions": {"regions": "14"},
    "22 regions, learned": {"regions": "22", "operator": "learned"},
    "14 regions, mean": {"regions": "14", "pooling": "mean"},
    "own regions": {"regions": OWN},
    "own regions, flat": {"regions": OWN, "spatial": "flat"},
    "short field": {"window_fit": "any", "kernels": (3, 3, 3, 5)},
    "short field, one scale": {"window_fit": "any", "kernels": (3, 3, 3, 5), "scales": 1},
    "short field, flat": {"window_fit": "any", "kernels": (3, 3, 3, 5), "spatial": "flat"},
    "long field": {"window_fit": "any", "kernels": (3, 7, 7, 8)},
    "other first kernel": {"window_fit": "any", "kernels": (2, 3, 3, 3), "operator": "adjacency"},
}


def settings_of(name: str, channels: int = 5) -> NetworkSettings:
    kernels = VARIANTS[name].get("kernels", (3, 5, 5, 7))
    return NetworkSettings.make({**VARIANTS[name], "channels": channels, "kernels": list(kernels)})


def counted_graph(settings: NetworkSettings, seed: int) -> FacialGraph | None:
    if not settings.graph.startswith("cooccurrence"):
        return None
    return FacialGraph(FACE.nodes, FACE.edges, tuple(np.random.default_rng(seed).uniform(0.1, 1, 11)))


def shaken(settings: NetworkSettings, seed: int) -> MSSTGCN:
    """A network that is nowhere at a special value: no zero bias, no scale of one, no symmetric learned matrix."""
    network = initialised(settings, seed=seed, graph=counted_graph(settings, seed))
    for number, (name, weight) in enumerate(network.named_parameters()):
        if not name.endswith("convolution.weight"):
            weight.data += draws(*weight.shape, seed=100 * seed + number)
    return network


def as_module(flow: torch.Tensor) -> torch.Tensor:
    return flow.permute(0, 3, 1, 2)


CLOSE = {
    "atol": 1e-9,
    "rtol": 1e-8,
}  # double precision, sums in another order, divided by standard deviations


@pytest.mark.parametrize("way", ["compiled", "plain"])
@pytest.mark.parametrize("name", VARIANTS)
def test_stacked_variant_equals_one_module_a_fold(name, way, monkeypatch):
    if way == "plain":
        for function in (patch_pool_plain, convolve_plain, affine_pool_plain, norm_pool_plain):
            monkeypatch.setattr(stacked, function.__name__.removesuffix("_plain"), function)
    settings = settings_of(name)
    how, regions = plan(settings), len(scales(settings.regions).regions)
    networks = [shaken(settings, seed) for seed in (1, 2)]
    flow = draws(2, 8, 17, regions, 2)
    weights = {n: w.requires_grad_(is_trained(n)) for n, w in stack(networks).items()}
    mixed = [stacked.mix_windows(own, how, chunk=5) for own in flow]
    windows = MixedWindows(*(torch.stack([getattr(m, f) for m in mixed]) for f in ("flow", "mean", "square")))
    logits, embedding, running = stacked.forward(weights, windows, how)
    (logits.square().mean((1, 2)) + embedding.cos().mean((1, 2))).sum().backward()
    for fold, network in enumerate(networks):
        own_logits, own_embedding = network(as_module(flow[fold]))
        (own_logits.square().mean() + own_embedding.cos().mean()).backward()
        torch.testing.assert_close(logits[fold], own_logits, **CLOSE)
        torch.testing.assert_close(embedding[fold], own_embedding, **CLOSE)
        assert own_embedding.shape == (8, 5)
        for weight_name, weight in network.named_parameters():
            slope = weights[weight_name].grad
            own = torch.zeros_like(weight) if slope is None else slope[fold]
            torch.testing.assert_close(
                own, weight.grad, **CLOSE, msg=lambda text, n=weight_name: f"{n}: {text}"
            )
        for buffer, value in network.named_buffers():
            if "running" in buffer:
                torch.testing.assert_close(running[buffer][fold], value, **CLOSE)
        network.eval()
    with torch.no_grad():
        logits, embedding = stacked.evaluate(stack(networks), stacked.mix(flow, how), how)
        for fold, network in enumerate(networks):
            own_logits, own_embedding = network(as_module(flow[fold]))
            torch.testing.assert_close(logits[fold], own_logits, **CLOSE)
            torch.testing.assert_close(embedding[fold], own_embedding, **CLOSE)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 71_434),
        ({"graph": "random"}, 71_434),
        ({"graph": "cooccurrence"}, 71_434),
        ({"operator": "adjacency"}, 71_434),
        ({"operator": "none"}, 71_434),
        ({"operator": "learned"}, 71_434 + 10 * 10 + 3 * 3),
        ({"operator": "learned", "scales": 1}, 71_434 + 2 * 10 * 10),
        ({"scales": 2}, 71_434),
        ({"scales": 1}, 71_434),
        ({"pooling": "mean"}, 71_434),
        ({"regions": "22"}, 71_434),
        ({"spatial": "flat"}, 71_434 + 2 * 9 * 64 * 3),
    ],
)
def test_number_of_parameters(changes, count):
    """Temporal kernels are shared by the nodes, so their number does not change what there is to train."""
    assert MSSTGCN(NetworkSettings.make(changes)).parameter_count == count


@pytest.mark.parametrize(
    "graph", [FACE, PARTS, scales("22").regions, counted_graph(settings_of("counted"), 1)]
)
def test_normalised_adjacency_is_pygs(graph):
    weight = torch.tensor(graph.weights * 2) if graph.weights else None
    index, weight = gcn_norm(graph.edge_index, weight, num_nodes=len(graph), dtype=torch.float64)
    wanted = to_dense_adj(index, edge_attr=weight, max_num_nodes=len(graph))[0]
    torch.testing.assert_close(graph.operator("adjacency"), wanted, atol=1e-12, rtol=0)  # double precision


def test_mixing_with_the_normalised_adjacency_is_a_graph_convolution_without_weights():
    """`GCNConv` with an identity weight, given nodes as its rows."""
    layer = GCNConv(6, 6, bias=False)
    layer.lin.weight.data = torch.eye(6)
    x = draws(4, 6, 5, 10)  # (N, C, T, V)
    rows = x.permute(0, 2, 3, 1).reshape(-1, 10, 6)
    wanted = torch.stack([layer(one, FACE.edge_index) for one in rows])
    found = GraphMix(FACE, "adjacency")(x).permute(0, 2, 3, 1).reshape(-1, 10, 6)
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)  # double precision


def test_a_learned_operator_starts_as_the_laplacian_and_is_a_weight():
    mix = GraphMix(FACE, "learned")
    assert torch.equal(mix.operator, FACE.laplacian())
    assert [name for name, _ in mix.named_parameters()] == ["operator"]
    assert not list(GraphMix(FACE).parameters())
    with pytest.raises(InputError, match="laplacian, adjacency, none, learned"):
        GraphMix(FACE, "laplace")


def test_a_counted_graph_belongs_to_the_state_and_is_no_number_before():
    settings = settings_of("counted")
    network, empty = shaken(settings, 1), MSSTGCN(settings)
    assert not torch.isfinite(empty.eval()(draws(2, 2, 17, 10))[0]).any()
    empty.load_state_dict(network.state_dict())
    same = [n.eval()(draws(2, 2, 17, 10))[0] for n in (network, empty)]
    assert torch.equal(*same)


def test_a_mean_before_the_rectifier_would_be_nothing():
    """Why `pooling` takes the mean of rectified nodes: the triangle's Laplacian leaves nothing to average."""
    mixed = GraphMix(PARTS)(draws(3, 4, 5, 3))
    assert float(mixed.mean(-1).abs().max()) < 1e-15
    assert float(mixed.relu().mean(-1).abs().max()) > 0.1


def test_mean_pooling_takes_each_groups_mean():
    x = torch.arange(4.0)[None, None, None]
    assert FacialPooling(((0, 3), (1,)), "mean")(x).tolist() == [[[[1.5, 1.0]]]]
    with pytest.raises(InputError, match="max, mean"):
        FacialPooling(((0,),), "median")


def test_a_short_field_averages_what_it_sees_at_each_step():
    settings = settings_of("short field")
    network = shaken(settings, 1).eval()
    exact = MSSTGCN(settings.but(window_fit="exact")).eval()
    exact.load_state_dict(network.state_dict())
    x = draws(3, 2, 17, 10)
    # 11 frames at each of the seven steps, each read as a window of its own
    each = torch.stack([exact(x[:, :, start : start + 11])[1] for start in range(7)])
    torch.testing.assert_close(network(x)[1], each.mean(0), atol=1e-12, rtol=0)


def test_a_long_field_sees_the_ends_repeated():
    settings = settings_of("long field")  # 22 frames for 17: two more before, three behind
    network = shaken(settings, 1).eval()
    exact = MSSTGCN(settings.but(window_fit="exact")).eval()
    exact.load_state_dict(network.state_dict())
    x = draws(3, 2, 17, 10)
    longer = torch.cat([x[:, :, :1].expand(-1, -1, 2, -1), x, x[:, :, -1:].expand(-1, -1, 3, -1)], 2)
    torch.testing.assert_close(network(x)[0], exact(longer)[0], atol=1e-12, rtol=0)


def test_flat_regions_are_channels():
    """The first layer is an ordinary temporal convolution over 2 R channels: all u, then all v."""
    network = shaken(settings_of("flat"), 1)
    x = draws(3, 2, 17, 10)
    wanted = nn.functional.conv1d(
        torch.cat([x[:, 0].mT, x[:, 1].mT], 1), network.block1.convolution.weight[..., 0]
    )
    wanted = wanted + network.block1.convolution.bias[:, None]
    found = network.block1.convolution(x.transpose(2, 3).flatten(1, 2)[..., None])[..., 0]
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)


def test_without_pooling_every_region_reaches_the_embedding_alone():
    """With one scale and no mixing the embedding is the mean of what each region gives."""
    settings = settings_of("no mixing").but(scales=1)
    network = shaken(settings, 1).eval()
    x = draws(3, 2, 17, 10)
    alone = torch.stack([network(x[..., [r] * 10])[1] for r in range(10)])
    torch.testing.assert_close(network(x)[1], alone.mean(0), atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"operator": "gcn"}, r"operator = 'gcn'.*'laplacian', 'adjacency', 'none' or 'learned'"),
        ({"graph": "complete"}, r"graph = 'complete'.*'cooccurrence'"),
        ({"scales": 4}, "scales = 4.*3, 2 or 1"),
        ({"pooling": "sum"}, "pooling = 'sum'.*'max' or 'mean'"),
        ({"spatial": "grid"}, "spatial = 'grid'.*'graph' or 'flat'"),
        ({"window_fit": "some"}, "window_fit = 'some'.*'exact' or 'any'"),
        (
            {"spatial": "flat", "operator": "learned"},
            "operator must be left as it is, because spatial='flat'",
        ),
        ({"scales": 1, "pooling": "mean"}, "scales=1 pools nothing"),
        ({"operator": "none", "graph": "random"}, "uses no edges"),
        ({"operator": "learned", "graph": "cooccurrence"}, "'laplacian' or 'adjacency'"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_choices(values, message):
    with pytest.raises(InputError, match=message):
        NetworkSettings.make(values)


def test_a_set_of_regions_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"unknown set of regions '8'.*6, 10, 12, 14, 22"):
        MSSTGCN(NetworkSettings(regions="8"))


def test_windows_of_other_regions_or_lengths_are_refused():
    check_window(NetworkSettings(regions="14"), (4, 2, 17, 14))
    with pytest.raises(InputError, match=r"expected \(N, 2, 17, 14\)"):
        check_window(NetworkSettings(regions="14"), (4, 2, 17, 10))
    with pytest.raises(InputError, match="window_fit='any'"):
        check_window(NetworkSettings(), (4, 2, 11, 10))
    check_window(NetworkSettings(window_fit="any"), (4, 2, 11, 10))
