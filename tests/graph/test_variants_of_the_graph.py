from __future__ import annotations

from collections import Counter

import networkx
import numpy as np
import pytest

from msstgcn.errors import InputError
from msstgcn.faces.anatomy import mean_landmarks
from msstgcn.graph import EDGES, FACE, PARTS, FacialGraph, cooccurrence_graph, random_graph, scales
from msstgcn.graph.cooccurrence import MIRROR, MOVES, PLACES, moved
from msstgcn.motion.regions import REGION_SETS, region_points
from msstgcn.settings import RegionSettings
from msstgcn.timeline import Expression


def as_networkx(graph: FacialGraph) -> networkx.Graph:
    found = networkx.Graph()
    found.add_nodes_from(range(len(graph)))
    found.add_edges_from(graph.edges)
    return found


def test_every_named_set_has_a_connected_graph_that_mirrors():
    assert EDGES.keys() == REGION_SETS.keys()
    for name, regions in REGION_SETS.items():
        found = scales(name)
        assert found.regions.nodes == tuple(region.name for region in regions)
        assert networkx.is_connected(as_networkx(found.regions))
        places = np.round(region_points(mean_landmarks(), regions), 6)
        # the average face mirrors, so each region has a twin, and the twins of joined regions are joined
        twin = [np.abs(places - place * [-1, 1]).sum(1).argmin() for place in places]
        joined = {frozenset(edge) for edge in found.regions.edges}
        assert {frozenset((twin[a], twin[b])) for a, b in found.regions.edges} == joined


@pytest.mark.parametrize("name", EDGES)
def test_groups_split_the_regions_into_the_methods_parts(name):
    found = scales(name)
    assert sorted(node for group in found.groups for node in group) == list(range(len(found.regions)))
    assert found.parts == PARTS
    names = [{found.regions.nodes[node] for node in group} for group in found.groups]
    assert all("brow" in n or "eyelid" in n for n in names[0] | names[1])
    assert not any("brow" in n or "eyelid" in n for n in names[2])
    assert all(n.endswith(" L") for n in names[0])


def test_the_ten_regions_keep_the_methods_graph():
    found = scales("10")
    assert found.regions is FACE
    assert found.groups == ((0, 1, 2), (3, 4, 5), (6, 7, 8, 9))


def own(*regions: tuple[str, int]) -> tuple[RegionSettings, ...]:
    return tuple(RegionSettings(name=name, landmark=landmark) for name, landmark in regions)


def test_regions_of_ones_own_are_joined_within_parts_and_by_the_nearest_between():
    found = scales(own(("brow", 20), ("brow end", 17), ("corner", 48), ("lip", 51), ("chin", 8)))
    assert found.parts == FacialGraph(("brow L", "mouth"), ((0, 1),))
    assert found.groups == ((0, 1), (2, 3, 4))
    # the two of the brow, the three of the mouth, and between them the brow's end, which lies lowest, and the corner
    assert {frozenset(edge) for edge in found.regions.edges} == {
        frozenset(pair) for pair in [(0, 1), (2, 3), (2, 4), (3, 4), (1, 2)]
    }
    assert networkx.is_connected(as_networkx(found.regions))


def test_one_region_is_a_graph_without_edges():
    found = scales(own(("corner", 48)))
    assert found.regions.edges == found.parts.edges == ()
    assert found.regions.laplacian().tolist() == [[1.0]]


@pytest.mark.parametrize("name", ["6", "10", "22"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_random_graph_keeps_every_nodes_number_of_edges(name, seed):
    graph = scales(name).regions
    found = random_graph(graph, seed)
    assert dict(as_networkx(found).degree) == dict(as_networkx(graph).degree)
    assert networkx.is_connected(as_networkx(found))
    assert {*map(frozenset, found.edges)} != {*map(frozenset, graph.edges)}
    assert found == random_graph(graph, seed)


def test_random_graphs_of_other_seeds_differ():
    assert len({random_graph(FACE, seed).edges for seed in range(5)}) > 3


def test_too_few_edges_to_swap_are_refused():
    with pytest.raises(InputError, match="no other graph of 3 nodes"):
        random_graph(PARTS, 0)


def test_weights_must_fit_the_edges():
    with pytest.raises(InputError, match="1 weights of 2 edges"):
        FacialGraph(("a", "b", "c"), ((0, 1), (1, 2)), (0.5,))
    with pytest.raises(InputError, match="above 0"):
        FacialGraph(("a", "b"), ((0, 1),), (0.0,))


def test_a_weighted_laplacian_follows_its_formula():
    graph = FacialGraph(("a", "b", "c", "alone"), ((0, 1), (1, 2)), (0.5, 2.0))
    adjacency = np.array([[0, 0.5, 0, 0], [0.5, 0, 2, 0], [0, 2, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(graph.adjacency().numpy(), adjacency)
    scale = np.array([0.5**-0.5, 2.5**-0.5, 2**-0.5, 0])
    wanted = np.eye(4) - scale[:, None] * adjacency * scale
    np.testing.assert_allclose(graph.laplacian().numpy(), wanted, atol=1e-12)  # double precision


def test_landmarks_mirror_as_the_average_face_does():
    points = mean_landmarks()
    np.testing.assert_allclose(points[list(MIRROR)] * [-1, 1], points, atol=1e-12)
    assert all(MIRROR[MIRROR[mark]] == mark for mark in range(68))
    assert {place for places in MOVES.values() for place in places} <= PLACES.keys()


@pytest.mark.parametrize(
    ("units", "names"),
    [
        (("12",), {"mouth corner L", "mouth corner R"}),
        (("L12",), {"mouth corner R"}),  # the person's left is the picture's right
        (("R1", "2"), {"inner brow L", "mid brow L", "mid brow R", "outer brow L", "outer brow R"}),
        (("25",), {"upper lip", "lower lip"}),
        (("L25",), {"upper lip", "lower lip"}),  # the middle of the lips is on both sides
        (("43", "5"), set()),
        (("99", "", "A3"), set()),
    ],
)
def test_units_move_the_regions_that_facs_says(units, names):
    found = moved(units, REGION_SETS["10"])
    assert {REGION_SETS["10"][number].name for number in found} == names


def shown(*units: str) -> Expression:
    return Expression(10, 15, 20, "me", units)


def test_weights_are_the_share_of_expressions_that_move_both():
    """Counted by hand: AU 12 moves both corners (6, 7); AU 25 both lips (8, 9); AU 18 all four."""
    expressions = [shown("12"), shown("12", "25"), shown("25"), shown("18"), shown("R12"), shown("43")]
    graph = cooccurrence_graph(expressions, REGION_SETS["10"])
    weights = dict(zip(graph.edges, graph.weights, strict=True))
    assert weights[6, 7] == pytest.approx(3 / 4)  # once the left corner alone
    assert weights[8, 9] == pytest.approx(1)
    assert weights[7, 8] == pytest.approx(2 / 4)
    assert weights[6, 8] == pytest.approx(2 / 5)
    assert Counter(node for edge in graph.edges for node in edge).keys() == {6, 7, 8, 9}


def test_annotations_without_action_units_give_no_graph():
    with pytest.raises(InputError, match="no expression to train on names action units"):
        cooccurrence_graph([shown(), shown("43")], REGION_SETS["10"])
