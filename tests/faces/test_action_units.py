import numpy as np
import pytest

from msstgcn.errors import InputError
from msstgcn.faces import ACTION_UNITS, HALVES, Camera, Face, FaceState, amplitudes, halves_of, identity

CAMERA = Camera(size=240, iod=60.0, noise=0.0)


@pytest.fixture(scope="module")
def face():
    return Face(identity(0, 8), CAMERA)


def moved(face, units):
    """Displacement of the landmarks, percent of the inter-ocular distance."""
    rest = face.landmarks(FaceState())
    return 100 * (face.landmarks(FaceState(units)) - rest) / CAMERA.iod


@pytest.mark.parametrize("half", HALVES)
def test_an_amplitude_is_the_largest_displacement_of_a_landmark(face, half):
    """Within 8 %: the scale is set at the nearest point of the grid, lids are drawn between landmarks."""
    assert np.linalg.norm(moved(face, {half: 2.0}), axis=1).max() == pytest.approx(2.0, rel=0.08)


@pytest.mark.parametrize("name", [name for name, unit in ACTION_UNITS.items() if unit.paired])
def test_left_is_the_persons_own_left_and_leaves_the_other_half_nearly_still(face, name):
    shift = np.linalg.norm(moved(face, {"L" + name: 2.0}), axis=1)
    x = face.points[:, 0]
    assert x[shift.argmax()] > 0  # the person's left is the picture's right
    assert shift[x < -0.1].max() < 0.35 * shift.max()


#: What the coding manual says each unit does to a landmark: (unit, landmark, axis, sign); y points down.
DIRECTIONS = [
    ("1", 21, 1, -1), ("2", 17, 1, -1), ("2", 18, 1, -1), ("4", 21, 1, 1), ("4", 21, 0, 1), ("5", 37, 1, -1),
    ("7", 41, 1, -1), ("9", 31, 1, -1), ("10", 50, 1, -1), ("12", 48, 0, -1), ("12", 48, 1, -1), ("14", 48, 0, -1),
    ("15", 48, 1, 1), ("17", 8, 1, -1), ("17", 57, 1, -1), ("18", 48, 0, 1), ("20", 48, 0, -1), ("23", 57, 1, -1),
    ("24", 51, 1, 1), ("24", 57, 1, -1), ("25", 57, 1, 1), ("26", 8, 1, 1), ("38", 31, 0, -1), ("39", 31, 0, 1),
    ("43", 37, 1, 1), ("6", 41, 1, -1),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "landmark", "axis", "sign"), DIRECTIONS)
def test_units_move_landmarks_where_the_coding_manual_says(face, unit, landmark, axis, sign):
    assert sign * moved(face, {unit: 2.0})[landmark, axis] > 0.2


def test_the_jaw_takes_the_lower_lip_along_and_leaves_the_upper_one(face):
    shift = moved(face, {"26": 4.0})[:, 1]
    assert shift[57] > 1.0
    assert abs(shift[51]) < 0.05
    assert abs(shift[48]) < 0.2  # the corner belongs to both lips


def test_units_add_up(face):
    both = moved(face, {"12": 2.0, "1": 1.0})
    apart = moved(face, {"12": 2.0}) + moved(face, {"1": 1.0})
    np.testing.assert_allclose(both, apart, atol=5e-3)  # a lid that moves meets a slightly different pull


def test_names():
    assert halves_of("L12") == (HALVES.index("L12"),)
    assert {HALVES[h] for h in halves_of("12")} == {"L12", "R12"}
    vector = amplitudes({"12": 1.0, "L12": 2.0})
    assert vector[HALVES.index("L12")] == 3.0
    assert vector[HALVES.index("R12")] == 1.0
    with pytest.raises(InputError, match="99"):
        amplitudes({"99": 1.0})
