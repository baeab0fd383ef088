from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.nn import MessagePassing

from msstgcn.errors import InputError
from msstgcn.graph import FACE, PART_GROUPS, PARTS, WHOLE, FacialGraph
from msstgcn.network import FORWARD_ORDER, MSSTGCN, OUTPUTS, FacialPooling, GraphMix, load_reference
from msstgcn.settings import NetworkSettings


def random_arrays(seed: int = 0, channels: int = 64, kernels=(3, 5, 5, 7)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    arrays: list[np.ndarray] = []
    came_in = 2
    for kernel in kernels:
        arrays.append(rng.normal(0, 0.1, (channels, came_in, kernel, 1)))
        arrays.append(rng.normal(0, 0.3, channels))
        arrays.append(rng.normal(0, 1, channels))  # negative scales too: they turn a maximum into a minimum
        arrays.append(rng.normal(0, 0.3, channels))
        arrays.append(rng.normal(0, 0.2, channels))
        arrays.append(rng.uniform(0.3, 2, channels))
        came_in = channels
    arrays.append(rng.normal(0, 0.2, (10, channels, 1, 1)))
    arrays.append(rng.normal(0, 0.3, 10))
    return [array.astype(np.float32) for array in arrays]


def slow_forward(arrays: list[np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The method's section on the network, restated with plain loops in double precision."""

    def laplacian(size, edges):
        adjacency = np.zeros((size, size))
        for a, b in edges:
            adjacency[a, b] = adjacency[b, a] = 1
        degree = adjacency.sum(0)
        return np.eye(size) - adjacency / np.sqrt(np.outer(degree, degree))

    face = laplacian(
        10, [(0, 1), (1, 2), (3, 4), (4, 5), (6, 8), (7, 8), (6, 9), (7, 9), (0, 3), (3, 8), (0, 8)]
    )
    triangle = laplacian(3, [(0, 1), (1, 2), (0, 2)])
    given = [array.astype(np.float64) for array in arrays]
    x = x.astype(np.float64)
    for block in range(4):
        weight, bias, scale, shift, mean, variance = given[6 * block : 6 * block + 6]
        frames = x.shape[2] - weight.shape[2] + 1
        y = np.zeros((x.shape[0], weight.shape[0], frames, x.shape[3]))
        for t in range(frames):
            for k in range(weight.shape[2]):
                y[:, :, t, :] += np.einsum("ncv,oc->nov", x[:, :, t + k, :], weight[:, :, k, 0])
        y += bias[None, :, None, None]
        if block < 2:
            y = np.einsum("nctv,vw->nctw", y, (face, triangle)[block])
        y = (y - mean[:, None, None]) / np.sqrt(variance + 1e-5)[:, None, None]
        y = y * scale[:, None, None] + shift[:, None, None]
        if block == 0:
            y = np.stack([y[..., 0:3].max(-1), y[..., 3:6].max(-1), y[..., 6:10].max(-1)], -1)
        if block == 1:
            y = y.max(-1, keepdims=True)
        x = np.maximum(y, 0)
    embedding = x[:, :, 0, 0]
    return embedding @ given[24][:, :, 0, 0].T + given[25], embedding


def test_it_has_the_published_size_and_receptive_field():
    assert MSSTGCN().parameter_count == 71_434
    assert NetworkSettings().receptive_field == 17
    assert [tuple(b.convolution.weight.shape) for b in (MSSTGCN().block1, MSSTGCN().block4)] == [
        (64, 2, 3, 1),
        (64, 64, 7, 1),
    ]


def test_forward_equals_a_slow_restatement():
    arrays = random_arrays()
    x = np.random.default_rng(1).normal(0, 1, (5, 2, 17, 10)).astype(np.float32)
    with torch.no_grad():
        logits, embedding = load_reference(arrays)(torch.from_numpy(x))
    assert logits.shape == (5, 10)
    assert embedding.shape == (5, 64)
    wanted_logits, wanted_embedding = slow_forward(arrays, x)
    # single against double precision over some 450-term sums: 1e-4 of the largest value
    np.testing.assert_allclose(embedding.numpy(), wanted_embedding, atol=1e-4 * wanted_embedding.max())
    np.testing.assert_allclose(logits.numpy(), wanted_logits, atol=1e-4 * np.abs(wanted_logits).max())


def test_other_channels_and_kernels_work():
    settings = NetworkSettings(channels=8, kernels=(3, 3, 3, 5))
    arrays = random_arrays(2, 8, (3, 3, 3, 5))
    x = np.random.default_rng(1).normal(0, 1, (3, 2, 11, 10)).astype(np.float32)
    with torch.no_grad():
        logits, embedding = load_reference(arrays, settings)(torch.from_numpy(x))
    wanted, _ = slow_forward(arrays, x)
    assert embedding.shape == (3, 8)
    np.testing.assert_allclose(logits.numpy(), wanted, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 2, 15, 10), "does not fit kernels"),
        ((4, 2, 19, 10), "does not fit kernels"),
        ((4, 2, 17, 12), "regions"),
        ((4, 17, 10, 2), "regions"),
        ((2, 17, 10), "regions"),
    ],
)
def test_a_window_of_another_shape_is_refused(shape, words):
    with pytest.raises(InputError, match=words):
        MSSTGCN()(torch.zeros(shape))


def test_every_frame_and_region_reaches_the_output():
    torch.manual_seed(0)
    network = MSSTGCN().double().eval()
    windows = torch.randn(64, 2, 17, 10, dtype=torch.float64, requires_grad=True)
    network(windows)[0].square().sum().backward()
    # 64 windows, because a maximum over nodes lets only one of them through at a time
    assert (windows.grad.abs().amax((0, 1)) > 0).all()


class LaplacianPassing(MessagePassing):
    """The graph mix as PyG message passing over the Laplacian's entries."""

    def __init__(self, graph: FacialGraph):
        super().__init__(aggr="add", node_dim=-2)
        operator = graph.laplacian().float()
        self.index = operator.nonzero().t()
        self.weight = operator[self.index[0], self.index[1]]

    def forward(self, x):
        return self.propagate(self.index, x=x, weight=self.weight)

    def message(self, x_j, weight):
        return weight[:, None] * x_j


@pytest.mark.parametrize("graph", [FACE, PARTS, WHOLE], ids=["10", "3", "1"])
def test_dense_mix_equals_message_passing(graph):
    x = torch.randn(4, 6, 5, len(graph), generator=torch.Generator().manual_seed(0))  # (N, C, T, V)
    nodes_last_but_one = x.permute(0, 2, 3, 1)  # (N, T, V, C)
    passed = LaplacianPassing(graph)(nodes_last_but_one).permute(0, 3, 1, 2)
    # 1e-5: single precision, up to five terms of size one
    torch.testing.assert_close(GraphMix(graph)(x), passed, atol=1e-5, rtol=1e-5)


def test_whole_network_equals_its_message_passing_twin():
    network = load_reference(random_arrays(3))
    x = torch.randn(4, 2, 17, 10, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        dense, _ = network(x)
        for block, graph in ((network.block1, FACE), (network.block2, PARTS)):
            passing = LaplacianPassing(graph)

            class Twin(nn.Module):
                def __init__(self, passing):
                    super().__init__()
                    self.passing = passing

                def forward(self, x):
                    return self.passing(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

            block.mix = Twin(passing)
        sparse, _ = network(x)
    torch.testing.assert_close(dense, sparse, atol=1e-5 * float(dense.abs().max()), rtol=1e-5)


def test_pooling_takes_each_groups_maximum():
    x = torch.arange(20.0).reshape(1, 1, 2, 10)
    pooled = FacialPooling(PART_GROUPS)(x)
    assert pooled.tolist() == [[[[2.0, 5.0, 9.0], [12.0, 15.0, 19.0]]]]


def test_mixing_commutes_with_convolving_except_for_the_bias():
    torch.manual_seed(0)
    network = MSSTGCN().double()
    convolution, mix = network.block1.convolution, network.block1.mix.double()
    nn.init.normal_(convolution.bias)
    x = torch.randn(3, 2, 17, 10, dtype=torch.float64)
    after = mix(convolution(x))
    before = convolution(mix(x)) - convolution.bias[:, None, None] * (1 - mix.operator.sum(0))
    torch.testing.assert_close(after, before, atol=1e-12, rtol=0)


def test_load_reference_says_how_many_arrays_it_wants():
    with pytest.raises(InputError, match=r"25 arrays.*expected 26, in this order: block1.convolution.weight"):
        load_reference(random_arrays()[:-1])


def test_load_reference_names_the_array_of_a_wrong_shape():
    arrays = random_arrays()
    arrays[6] = arrays[6].transpose(2, 0, 1, 3)
    with pytest.raises(InputError, match=r"array 6 \(block2.convolution.weight\).*\(64, 64, 5, 1\)"):
        load_reference(arrays)


def test_load_reference_refuses_values_that_cannot_be_weights():
    arrays = random_arrays()
    arrays[1][3] = np.nan
    with pytest.raises(InputError, match=r"array 1 .*NaN"):
        load_reference(arrays)
    arrays = random_arrays()
    arrays[5][0] = -1
    with pytest.raises(InputError, match=r"array 5 .*negative variance"):
        load_reference(arrays)


def test_load_reference_takes_tensors_that_are_being_trained_and_refuses_words():
    trained = MSSTGCN()
    arrays = [{**trained.state_dict(), **dict(trained.named_parameters())}[name] for name in FORWARD_ORDER]
    assert arrays[0].requires_grad
    network = load_reference(arrays)
    assert torch.equal(network.head.weight, trained.head.weight)
    arrays[2] = "one"
    with pytest.raises(InputError, match=r"array 2 \(block1.norm.weight\): no array of numbers"):
        load_reference(arrays)


@pytest.mark.parametrize(
    ("changes", "name"), [({"graph": "cooccurrence"}, "counted"), ({"operator": "learned"}, "operator")]
)
def test_load_reference_refuses_networks_that_need_more_than_its_arrays(changes, name):
    with pytest.raises(InputError, match=rf"also has block1.mix.{name}.*learning.load_network"):
        load_reference(random_arrays(), NetworkSettings(**changes))


def test_load_reference_is_ready_for_use_and_leaves_the_arrays_alone():
    arrays = random_arrays()
    network = load_reference(arrays)
    assert not network.training
    nn.init.zeros_(network.block1.convolution.weight)
    assert np.abs(arrays[0]).max() > 0
    assert len(FORWARD_ORDER) == len(arrays)


def test_outputs_are_named_in_order():
    assert len(OUTPUTS) == 10
    assert [OUTPUTS.index(name) for name in ("me onset", "mae none", "me apex", "mae action")] == [0, 5, 6, 9]
