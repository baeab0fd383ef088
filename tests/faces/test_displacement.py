"""Exact displacement of the skin, against the landmarks, three-dimensional geometry and the pictures themselves."""

import cv2
import numpy as np
import pytest

from msstgcn.faces import Camera, Face, FaceState, Pose, identity, skin
from msstgcn.faces import face as face_module
from msstgcn.faces.anatomy import EYES, depth
from msstgcn.faces.face import EYES_AT, FIELD_RESOLUTION, PIVOT

QUIET = Camera(noise=0.0)
REST = FaceState()
BEFORE = FaceState({"1": 1.0, "12": 0.5}, (0.0, 0.1), pose=Pose(2, 1, 0.5))
AFTER = FaceState({"L12": 4.0, "4": 3.0, "26": 4.0}, (0.3, 0.5), pose=Pose(3, -1, 2, 0.02, -0.01))
STATES = [
    REST,
    BEFORE,
    AFTER,
    FaceState({"26": 12.0, "10": 3.0}, (1.0, 0.6), pose=Pose(-12, 9, -4, scale=1.05)),
]
#: Landmarks around which the graph's ten regions lie: brows, mouth corners, lips.
REGIONS = [18, 19, 20, 23, 24, 25, 48, 54, 51, 57]


@pytest.fixture(scope="module")
def face():
    return Face(identity(0, 8), QUIET)


def mesh(x0, x1, y0, y1, step=1.0):
    """Pixels (ny, nx, 2) as (x, y)."""
    return np.stack(np.meshgrid(np.arange(x0, x1, step), np.arange(y0, y1, step)), -1)


@pytest.mark.parametrize("state", STATES)
def test_points_of_the_face_at_the_landmarks_go_where_the_landmarks_go(face, state):
    """To .15 px: a landmark of a lid is put on the lid's line, the skin under it slides along the edge."""
    corners = [eye[i] for eye in EYES for i in (0, 3)]
    moved = face.project(face.points, state)
    true = face.landmarks(state)
    others = np.setdiff1d(np.arange(68), corners)
    np.testing.assert_allclose(moved[others], true[others], atol=0.15)
    shift = face.displacement(REST, state, face.points)
    np.testing.assert_allclose(shift[others], (true - face.landmarks(REST))[others], atol=0.15)


def test_a_turned_head_moves_its_points_as_a_solid_body(face):
    """Rotation matrices and the height function, without any grid; .1 px is what interpolated heights differ by."""
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-0.6, 0.6, 200), rng.uniform(0.2, 1.1, 200)])
    pose = Pose(7, -5, 4, 0.03, 0.02, 1.1)
    z = np.diag(depth(*np.meshgrid(points[:, 0], points[:, 1]), face.points, face.identity.nose_height))
    solid = np.column_stack([points - PIVOT, z])
    seen = 1.1 * QUIET.iod * solid @ pose.rotation().T[:, :2]
    seen += QUIET.size * np.array(EYES_AT) + QUIET.iod * (np.array([0.03, 0.02]) + PIVOT)
    still = QUIET.size * np.array(EYES_AT) + QUIET.iod * points
    shift = face.displacement(REST, FaceState(pose=pose), points)
    np.testing.assert_allclose(shift, seen - still, atol=0.1)


def test_displacement_is_proportional_to_the_amplitude_and_adds_up(face):
    """Facing the camera, twice the action unit is twice the displacement, and there and back is nought."""
    points = mesh(-0.6, 0.6, 0.2, 1.1, 0.1)
    once, twice = (face.displacement(REST, FaceState({"12": a, "26": a}), points) for a in (1.5, 3.0))
    assert once.shape == points.shape
    assert np.abs(twice).max() > 2
    np.testing.assert_allclose(twice, 2 * once, atol=1e-4)
    there, back = face.displacement(BEFORE, AFTER, points), face.displacement(AFTER, BEFORE, points)
    np.testing.assert_allclose(there, -back, atol=1e-9)


@pytest.mark.parametrize("state", STATES)
def test_locate_is_the_inverse_of_project(face, state):
    """The iteration stops at 1e-3 px; at the edges of lids and lips points count as on the edge."""
    pixels = mesh(120, 360, 100, 420, 3.0)
    points = face.locate(pixels, state)
    found = ~np.isnan(points[..., 0])
    assert found.mean() > 0.6
    back = face.project(points[found], state)
    error = np.linalg.norm(back - pixels[found], axis=-1)
    assert np.quantile(error, 0.99) < 2e-3
    assert error.max() < 0.2


def test_no_skin_is_seen_on_eyeballs_between_the_lips_and_beside_the_head(face):
    wide = FaceState({"26": 20.0})
    marks = face.landmarks(wide)
    bare = [marks[36:42].mean(0), marks[42:48].mean(0), 0.35 * marks[62] + 0.65 * marks[66], [3.0, 3.0]]
    assert np.isnan(face.locate(np.array(bare), wide)).all()
    assert not np.isnan(face.locate(marks[[27, 30, 33, 8 - 2]], wide)).any()
    shut = FaceState(blink=(1.0, 1.0))
    assert not np.isnan(face.locate(marks[36:42].mean(0), shut)).any()
    assert np.isnan(face.project(np.array([face.points[36:42].mean(0)]), REST)).all()


@pytest.fixture
def even_light(monkeypatch):
    """Light from everywhere alike, so that a turned head is as bright as before."""
    ambient = np.zeros_like(face_module._LIGHTS)
    ambient[0, 3] = 1.0
    monkeypatch.setattr(face_module, "_LIGHTS", ambient)


@pytest.mark.usefixtures("even_light")
@pytest.mark.parametrize("landmark", REGIONS)
def test_the_later_picture_warped_back_is_the_earlier_one(face, landmark):
    """A patch of a quarter of an inter-ocular distance around each region, rendered twice without noise.

    What is left comes from interpolating the later picture: some grey levels at brow hairs and the mouth line.
    """
    earlier, later = face.render(BEFORE).astype(np.float32), face.render(AFTER).astype(np.float32)
    x, y = np.round(face.landmarks(BEFORE)[landmark])
    pixels = mesh(x - 14, x + 15, y - 14, y + 15)
    flow = face.flow(BEFORE, AFTER, pixels)
    skin = ~np.isnan(flow[..., 0])
    assert skin.mean() > 0.9
    there = np.nan_to_num(pixels + flow).astype(np.float32)
    warped = cv2.remap(later, there[..., 0], there[..., 1], cv2.INTER_LINEAR)
    whole = pixels.astype(int)
    here = earlier[whole[..., 1], whole[..., 0]]
    unmoved = later[whole[..., 1], whole[..., 0]]
    left, before = np.abs(warped - here)[skin].mean(), np.abs(unmoved - here)[skin].mean()
    assert np.linalg.norm(flow[skin], axis=-1).min() > 1.0
    assert left < 4
    assert left < 0.3 * before


@pytest.mark.usefixtures("even_light")
def test_a_wrong_flow_would_not_pass(face):
    """A pixel off, a brow no longer matches: the comparison above can tell."""
    earlier, later = face.render(BEFORE).astype(np.float32), face.render(AFTER).astype(np.float32)
    x, y = np.round(face.landmarks(BEFORE)[19])
    pixels = mesh(x - 14, x + 15, y - 14, y + 15)
    flow = face.flow(BEFORE, AFTER, pixels)
    here = earlier[pixels[..., 1].astype(int), pixels[..., 0].astype(int)]

    def left(off):
        there = (pixels + flow + off).astype(np.float32)
        return np.abs(cv2.remap(later, there[..., 0], there[..., 1], cv2.INTER_LINEAR) - here).mean()

    assert all(left(np.array(off)) > 1.3 * left(np.zeros(2)) for off in ([1, 0], [-1, 0], [0, 1], [0, -1]))


@pytest.mark.parametrize("state", [REST, AFTER])
def test_beyond_the_canvas_the_head_is_as_at_its_edge(face, state):
    """So far out there is no skin, but a question about it is answered, not wrapped round to the other side."""
    left, top = (float(edge) for edge in (skin.LEFT, skin.TOP))
    rows, columns = face._height.shape
    right, bottom = left + (columns - 1) / FIELD_RESOLUTION, top + (rows - 1) / FIELD_RESOLUTION
    edges = np.array([[left, 0.3], [right, 0.3], [0.1, top], [0.1, bottom]])
    out = np.array([[-0.4, 0.0], [0.4, 0.0], [0.0, -0.4], [0.0, 0.4]])
    near, one, two = (face.project(edges + share * out, state) for share in (0, 1, 2))
    np.testing.assert_allclose(one - near, two - one, atol=0.05)  # of a cell's last thousandth
    assert np.isnan(face.project(np.array([[np.nan, 0.0]]), state)).all()
