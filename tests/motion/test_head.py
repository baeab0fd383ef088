"""Head-motion models on points whose motion is computed from a solid head turning in space."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from msstgcn.motion import HEADS, NODES, RIGID10
from msstgcn.motion.head import levers
from msstgcn.motion.regions import Region, iod, region_points

# A frontal face in IOD: only the landmarks that the regions use, x right, y down.
PLACES = {
    18: (-0.53, -0.22), 19: (-0.38, -0.27), 20: (-0.22, -0.24), 23: (0.22, -0.24), 24: (0.38, -0.27),
    25: (0.53, -0.22), 27: (0, 0.02), 28: (0, 0.16), 29: (0, 0.3), 30: (0, 0.42), 31: (-0.16, 0.5),
    35: (0.16, 0.5), 36: (-0.5, 0), 39: (-0.2, 0.02), 42: (0.2, 0.02), 45: (0.5, 0), 48: (-0.28, 0.82),
    51: (0, 0.73), 54: (0.28, 0.82), 57: (0, 0.98),
}  # fmt: skip


@pytest.fixture
def face() -> np.ndarray:
    landmarks = np.zeros((68, 2))
    for number, place in PLACES.items():
        landmarks[number] = place
    return landmarks


def solid(face, regions) -> np.ndarray:
    return np.column_stack([region_points(face, regions), [region.depth for region in regions]])


def seen(face, regions, response=None) -> np.ndarray:
    """Levers of one window, (1, R, 5)."""
    none = np.zeros((len(regions), 2, 2))
    depths = np.array([region.depth for region in regions])
    return levers(region_points(face, regions)[None], depths, (none if response is None else response)[None])


def turn(points, angles, shift) -> np.ndarray:
    """Displacement in percent of the points of a solid head: yaw, pitch, roll in degrees, shift in IOD."""
    after = points @ Rotation.from_euler("yxz", angles, degrees=True).as_matrix().T
    return 100 * ((after - points)[:, :2] + shift)


def corrected(name, face, own, head, quality=None):
    regions = HEADS[name].regions
    quality = np.ones((1, 1, len(regions))) if quality is None else quality
    return HEADS[name].correct(
        own[None, None], head[None, None], quality, seen(face, NODES), seen(face, regions)
    )[0, 0]


@pytest.mark.parametrize(
    ("angles", "shift"),
    [((1.5, 0, 0), (0, 0)), ((0, 1.2, 0), (0, 0)), ((0, 0, 0.8), (0, 0)), ((1, -1, 0.5), (0.03, -0.02))],
)
def test_rigid_models_take_out_a_turning_head_and_keep_the_expression(face, angles, shift):
    smile = np.zeros((10, 2))
    smile[6] = (-0.4, -0.3)
    own = turn(solid(face, NODES), angles, shift) + smile
    for name in ("rigid10", "rigid15"):
        head = turn(solid(face, HEADS[name].regions), angles, shift)
        left = corrected(name, face, own, head)
        # Small-angle terms and the ridge (2 percent of the summed squared depth) remain of a turn of 2 percent.
        np.testing.assert_allclose(left, smile, atol=0.08, err_msg=name)


def test_nose_model_takes_out_shifts_only(face):
    nose = HEADS["nose"].regions
    own, head = (
        turn(solid(face, NODES), (0, 0, 0), (0.05, 0.02)),
        turn(solid(face, nose), (0, 0, 0), (0.05, 0.02)),
    )
    np.testing.assert_allclose(corrected("nose", face, own, head), 0, atol=1e-12)
    yaw = ((1.5, 0, 0), (0, 0))
    left = corrected("nose", face, turn(solid(face, NODES), *yaw), turn(solid(face, nose), *yaw))
    assert np.abs(left).max() > 0.5


def test_none_leaves_everything(face):
    own = np.random.default_rng(0).normal(size=(10, 2))
    np.testing.assert_array_equal(corrected("none", face, own, np.zeros((0, 2))), own)


def test_lost_patches_do_not_count(face):
    own = turn(solid(face, NODES), (1, 0, 0), (0.02, 0))
    head = turn(solid(face, RIGID10), (1, 0, 0), (0.02, 0))
    right = corrected("rigid10", face, own, head)
    head[4] += 30
    quality = np.ones((1, 1, 10))
    quality[..., 4] = 0
    np.testing.assert_allclose(corrected("rigid10", face, own, head, quality), right, atol=0.02)
    nothing = corrected("rigid10", face, own, head, np.zeros((1, 1, 10)))
    np.testing.assert_array_equal(nothing, own)


@pytest.mark.parametrize(("name", "region"), [("rigid10", 6), ("rigid15", 14)])
def test_a_region_that_disagrees_hardly_counts(face, name, region):
    regions = HEADS[name].regions
    own = turn(solid(face, NODES), (0.5, 0.5, 0), (0, 0))
    head = turn(solid(face, regions), (0.5, 0.5, 0), (0, 0))
    clean = corrected(name, face, own, head)
    head[region] += (0, -4)
    pulled = np.abs(corrected(name, face, own, head) - clean).max()
    # least squares would hand on several tenths of those four percent
    assert pulled < 0.1


def test_fit_is_the_reweighted_least_squares_solution(face):
    rng = np.random.default_rng(3)
    own, head = rng.normal(size=(10, 2)), rng.normal(size=(10, 2)) * 0.2
    rows = []
    for x, y, z in solid(face, RIGID10):
        rows += [[x, -y, 1, 0, z, 0], [y, x, 0, 1, 0, z]]
    rows = np.array(rows)
    ridge = [[0, 0, 0, 0, 0.1, 0], [0, 0, 0, 0, 0, 0.1]]  # the ridge .01 as two more equations
    weights = np.ones(10)
    for _ in range(5):
        root = np.sqrt(np.repeat(weights, 2))
        left, right = np.vstack([rows * root[:, None], ridge]), np.append(head.ravel() * root, [0, 0])
        motion = np.linalg.lstsq(left, right)[0]
        misfit = (head.ravel() - rows @ motion).reshape(10, 2)
        weights = 1 / (1 + (misfit**2).sum(axis=1) / 0.1**2)
    a, b, tx, ty, p, q = motion
    wanted = [(u - (a * x - b * y + tx + p * z), v - (b * x + a * y + ty + q * z))
              for (x, y, z), (u, v) in zip(solid(face, NODES), own, strict=True)]  # fmt: skip
    # the fit adds a ridge of one in a million on the other four numbers
    np.testing.assert_allclose(corrected("rigid10", face, own, head), wanted, atol=1e-4)


def test_growth_and_turn_that_patches_take_for_a_shift_are_taken_out(face):
    rng = np.random.default_rng(5)
    own_sees, head_sees = rng.normal(size=(10, 2, 2)) * 0.1, rng.normal(size=(10, 2, 2)) * 0.1
    growth_and_turn = np.array([0.01, np.deg2rad(1.5)])

    def shifted(regions, response):
        x, y = region_points(face, regions).T
        a, b = growth_and_turn
        return 100 * (np.stack([a * x - b * y, b * x + a * y], axis=1) + response @ growth_and_turn)

    def left(own_response, head_response):
        return HEADS["rigid10"].correct(
            shifted(NODES, own_sees)[None, None],
            shifted(RIGID10, head_sees)[None, None],
            np.ones((1, 1, 10)),
            seen(face, NODES, own_response),
            seen(face, RIGID10, head_response),
        )

    # with a ridge of one in a million on growth and turn, nothing else is left of a motion of 2 percent
    np.testing.assert_allclose(left(own_sees, head_sees), 0, atol=1e-4)
    assert np.abs(left(None, None)).max() > 0.2


def test_region_points_follow_the_faces_own_axes(face):
    region = Region("beside the eye", 45, dx=0.1, dy=-0.2)
    turned = face @ np.array(
        [[0.0, 1.0], [-1.0, 0.0]]
    )  # (x, y) -> (-y, x): a quarter turn, right becomes down
    np.testing.assert_allclose(region_points(face, [region]), [[0.6, -0.2]])
    np.testing.assert_allclose(region_points(turned, [region]), [[0.2, 0.6]], atol=1e-12)
    np.testing.assert_allclose(region_points(3 * face + 7, [region]), [[3 * 0.6 + 7, 3 * -0.2 + 7]])
    assert iod(5 * face) == 5


def test_nodes_run_from_the_nose_outwards_and_mirror_each_other(face):
    x = region_points(face, NODES)[:, 0]
    assert x[0] > x[1] > x[2]
    assert x[3] < x[4] < x[5]
    np.testing.assert_allclose(x[:3], -x[3:6])
    assert [region.landmark for region in NODES[6:]] == [48, 54, 51, 57]
