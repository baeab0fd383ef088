from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from torch_geometric.utils import get_laplacian, to_dense_adj

from msstgcn.errors import InputError
from msstgcn.graph import FACE, PART_GROUPS, PARTS, POSITIONS, WHOLE, WHOLE_GROUPS, FacialGraph, draw


def laplacian_by_hand(graph: FacialGraph) -> np.ndarray:
    """I - D^-1/2 A D^-1/2, straight from the formula."""
    adjacency = np.zeros((len(graph), len(graph)))
    for a, b in graph.edges:
        adjacency[a, b] = adjacency[b, a] = 1
    degree = adjacency.sum(1)
    scale = np.array([1 / np.sqrt(d) if d else 0.0 for d in degree])
    return np.eye(len(graph)) - scale[:, None] * adjacency * scale[None, :]


@pytest.mark.parametrize("graph", [FACE, PARTS, WHOLE], ids=["10", "3", "1"])
def test_laplacian_follows_its_formula(graph):
    # 1e-12: double precision, a handful of operations
    np.testing.assert_allclose(graph.laplacian().numpy(), laplacian_by_hand(graph), atol=1e-12)


@pytest.mark.parametrize("graph", [FACE, PARTS], ids=["10", "3"])
def test_laplacian_is_that_of_pyg(graph):
    index, weight = get_laplacian(
        graph.edge_index, normalization="sym", dtype=torch.float64, num_nodes=len(graph)
    )
    assert torch.equal(graph.laplacian(), to_dense_adj(index, edge_attr=weight)[0])


def test_laplacians_known_by_heart():
    third = PARTS.laplacian().numpy()
    np.testing.assert_allclose(third, [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]], atol=1e-12)
    np.testing.assert_array_equal(WHOLE.laplacian().numpy(), [[1.0]])


def test_the_face_has_ten_nodes_and_the_eleven_edges_of_the_method():
    assert len(FACE) == 10
    assert set(map(frozenset, FACE.edges)) == {
        frozenset(pair)
        for pair in [(0, 1), (1, 2), (3, 4), (4, 5), (6, 8), (7, 8), (6, 9), (7, 9), (0, 3), (3, 8), (0, 8)]
    }


def test_degrees_are_those_of_the_edge_list():
    degree = np.bincount(FACE.edge_index[0].numpy(), minlength=10)
    # counted on paper: inner brows meet mid brow, each other and the upper lip
    assert degree.tolist() == [3, 2, 1, 3, 2, 1, 2, 2, 4, 2]


@pytest.mark.parametrize(("groups", "size"), [(PART_GROUPS, 10), (WHOLE_GROUPS, 3)])
def test_groups_split_the_nodes(groups, size):
    assert sorted(node for group in groups for node in group) == list(range(size))


def test_left_and_right_mirror_each_other():
    mirror = [3, 4, 5, 0, 1, 2, 7, 6, 8, 9]
    operator = FACE.laplacian().numpy()
    np.testing.assert_allclose(operator[np.ix_(mirror, mirror)], operator, atol=1e-12)
    points = np.array(POSITIONS)
    np.testing.assert_allclose(points[mirror] * [-1, 1], points, atol=1e-12)


def test_data_is_a_valid_undirected_pyg_graph():
    data = FACE.data()
    assert data.validate()
    assert data.is_undirected()
    assert not data.has_self_loops()
    assert (data.num_nodes, data.num_edges) == (10, 22)
    assert data.names == list(FACE.nodes)


@pytest.mark.parametrize(
    ("edges", "words"),
    [(((0, 3),), "missing node"), (((1, 1),), "self loop"), (((0, 1), (1, 0)), "stands twice")],
)
def test_a_wrong_edge_is_refused(edges, words):
    with pytest.raises(InputError, match=words):
        FacialGraph(("a", "b", "c"), edges)


def test_drawing_shows_each_node_edge_and_group():
    ax = draw()
    assert [text.get_text() for text in ax.texts] == [str(number) for number in range(10)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(PARTS.nodes)
    drawn = {tuple(map(tuple, np.round(line.get_xydata(), 6))) for line in ax.lines}
    for a, b in FACE.edges:
        assert (POSITIONS[a], POSITIONS[b]) in drawn
    plt.close("all")


def test_drawing_uses_the_axes_it_is_given():
    _, given = plt.subplots()
    assert draw(given, labels=False) is given
    assert not given.texts
    plt.close("all")


def test_another_graph_is_drawn_with_its_weights():
    ax = draw(graph=FacialGraph(FACE.nodes, ((0, 9), (2, 5)), (0.2, 1.0)))
    own = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [line.get_xydata().tolist() for line in own] == [
        [list(POSITIONS[0]), list(POSITIONS[9])],
        [list(POSITIONS[2]), list(POSITIONS[5])],
    ]
    assert own[1].get_linewidth() == pytest.approx(5 * own[0].get_linewidth())
    plt.close("all")
