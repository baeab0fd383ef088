import os
import subprocess
import sys
import textwrap

import cv2
import numpy as np
import pytest
from PIL import Image

from msstgcn.faces import Camera, Face, FaceState, Pose, identity, kernel
from msstgcn.faces.bench import bench_render

QUIET = Camera(noise=0.0)
BUSY = FaceState(
    {"L12": 4.0, "1": 2.0, "26": 3.0}, (0.3, 0.4), (4.0, -2.0), Pose(6, -4, 3, 0.02, -0.01), 1.02
)


@pytest.fixture(scope="module")
def face():
    return Face(identity(0, 8), QUIET)


def test_rest_is_where_the_camera_puts_it(face):
    points = face.landmarks(FaceState())
    assert np.linalg.norm(points[45] - points[36]) == pytest.approx(QUIET.iod, rel=1e-6)
    middle = points[[36, 45]].mean(0)
    assert (np.abs(middle - [240, 225.6]) < 3).all()


@pytest.mark.parametrize(
    ("pose", "axis", "sign"),
    [(Pose(yaw=10), 0, 1), (Pose(pitch=10), 1, 1), (Pose(x=0.1), 0, 1), (Pose(y=0.1), 1, 1)],
)
def test_signs_of_the_pose(face, pose, axis, sign):
    tip = (face.landmarks(FaceState(pose=pose)) - face.landmarks(FaceState()))[30]
    assert sign * tip[axis] > 5


def test_roll_turns_clockwise_and_scale_enlarges(face):
    eyes = face.landmarks(FaceState(pose=Pose(roll=10)))[[36, 45]]
    across = eyes[1] - eyes[0]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(10, abs=0.5)
    eyes = face.landmarks(FaceState(pose=Pose(scale=1.1)))[[36, 45]]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(1.1 * QUIET.iod, rel=1e-6)


def test_rotations_are_rotations():
    turn = Pose(12, -9, 5).rotation()
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


@pytest.mark.parametrize("branch", [0, 1])
def test_the_renderer_inverts_the_map_that_the_truth_is_made_of(face, branch):
    """The renderer's Newton iteration stops at 1e-3 pixels."""
    rng = np.random.default_rng(0)
    y = (0.2, 0.6) if branch == 0 else (0.85, 1.1)
    points = np.column_stack([rng.uniform(-0.5, 0.5, 50), rng.uniform(*y, 50)])
    seen = face.project(points, BUSY)
    moved = face._moved(face._vector(BUSY))
    _, pose = face._pose(BUSY.pose)
    places = np.vstack([points.T + [[0.1], [0.0]], np.zeros((2, 50))])
    kernel.invert(moved[branch], face._height, face._frame, pose, np.ascontiguousarray(seen.T), places)
    np.testing.assert_allclose(places[:2].T, points, atol=1e-4)


def test_project_takes_points_below_the_mouth_with_the_jaw(face):
    below, above = face.points[57], face.points[51]
    shift = face.project(np.array([below, above]), FaceState({"26": 4.0})) - face.project(
        np.array([below, above]), FaceState()
    )
    assert shift[0, 1] > 1
    assert abs(shift[1, 1]) < 0.1


@pytest.mark.parametrize(("units", "landmarks"), [({"1": 3.0}, [20, 21, 22, 23]), ({"12": 3.0}, [48, 54])])
def test_the_picture_moves_as_the_truth_says(face, units, landmarks):
    """Lucas-Kanade flow between two pictures, against the truth at landmarks: within .35 px of some 3 px."""
    rest, now = FaceState(pose=Pose(1, 1, 0)), FaceState(units, pose=Pose(1.5, 0.5, 0.2))
    before, after = face.render(rest), face.render(now)
    start, end = face.landmarks(rest)[landmarks], face.landmarks(now)[landmarks]
    found, good, _ = cv2.calcOpticalFlowPyrLK(
        before, after, start.astype(np.float32)[:, None], None, winSize=(15, 15), maxLevel=2
    )
    assert good.all()
    error = np.linalg.norm(found[:, 0] - end, axis=1)
    assert np.median(error) < 0.35
    assert np.linalg.norm(end - start, axis=1).min() > 1.5


def test_blinks_shut_the_eyes_and_open_mouths_are_dark_inside(face):
    shut = face.landmarks(FaceState(blink=(1.0, 1.0)))
    gap = np.linalg.norm(shut[[37, 38, 43, 44]] - shut[[41, 40, 47, 46]], axis=1)
    assert gap.max() < 0.01 * QUIET.iod
    rest, half = face.landmarks(FaceState()), face.landmarks(FaceState(blink=(0.0, 0.5)))
    np.testing.assert_array_equal(rest[37], half[37])
    assert half[44, 1] > rest[44, 1] + 1
    wide = FaceState({"26": 20.0})
    points = face.landmarks(wide)
    x, y = (int(v) for v in 0.35 * points[62] + 0.65 * points[66])
    assert face.render(wide)[y, x] < 0.6 * face.render(FaceState())[int(points[30, 1]), x]


def test_gaze_moves_the_iris(face):
    eye = face.landmarks(FaceState())[36:42]
    (x0, y0), (x1, y1) = eye.min(0).astype(int), eye.max(0).astype(int)

    def darkest(gaze):
        inside = face.render(FaceState(gaze=gaze))[y0 + 3 : y1 - 2, x0 + 6 : x1 - 6]
        return np.average(np.arange(inside.shape[1]), weights=(255.0 - inside.mean(0)) ** 4)

    assert darkest((15.0, 0.0)) > darkest((0.0, 0.0)) + 1 > darkest((-15.0, 0.0)) + 2


def test_light_scales_the_picture(face):
    dim, full = face.render(FaceState(light=0.5)).astype(float), face.render(FaceState()).astype(float)
    np.testing.assert_allclose(dim, 0.5 * full, atol=1.0)


def test_grey_is_the_luma_of_colour():
    """Within 3 grey levels: the grey camera mixes the colours before it shades and rounds."""
    who = identity(0, 4)
    grey = Face(who, QUIET).render(BUSY).astype(float)
    colour = Face(who, Camera(noise=0.0, colour=True)).render(BUSY)
    assert colour.shape == (480, 480, 3)
    assert np.abs(colour @ [0.299, 0.587, 0.114] - grey).max() < 3


def test_glasses_do_not_follow_the_skin():
    """The rims stay where they are when the brows go up; the picture between rim and brow does not."""
    who = next(w for w in (identity(0, s) for s in range(50)) if w.glasses)
    face = Face(who, QUIET)
    away, middle, _, high, rim, grey = face._glasses
    rims = np.array([[-away, middle + high], [away, middle + high]])
    x, y = np.round(face.project(rims, FaceState())).astype(int).T
    lifted = face.render(FaceState({"1": 6.0, "2": 6.0, "6": 4.0}))
    rest = face.render(FaceState())
    assert rim > 0
    assert (np.abs(rest[y, x].astype(int) - lifted[y, x]) <= 3).all()
    assert (np.abs(rest[y, x] - grey) < 30).all()  # a rim of two pixels takes some of the skin's brightness


def test_noise_is_normal_keyed_by_frame_and_independent_of_order():
    face = Face(identity(0, 8), Camera(noise=2.0))
    clean = Face(identity(0, 8), QUIET).render(FaceState()).astype(float)
    first, second = face.render(FaceState(), 7, 0), face.render(FaceState(), 7, 1)
    again = face.render(FaceState(), 7, 0)
    np.testing.assert_array_equal(first, again)
    a, b = first - clean, second - clean
    assert a.std() == pytest.approx(np.sqrt(4 + 1 / 12 * 2), rel=0.02)  # rounding adds 1/12 twice
    assert abs(a.mean()) < 4 * 2 / np.sqrt(a.size) + 0.01
    # the rounding of the clean picture is in both: 1/12 of 4 + 2/12 is a correlation of .02
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1] - 0.02) < 0.01
    assert abs(np.corrcoef(a[:, 1:].ravel(), a[:, :-1].ravel())[0, 1]) < 0.02
    assert not np.array_equal(first, face.render(FaceState(), 8, 0))


@pytest.mark.slow
def test_another_kind_of_processor_renders_the_same_bytes(tmp_path):
    """A process without vector instructions in numpy, numba and the JPEG library, compiled anew, against this one."""
    program = textwrap.dedent("""
        import hashlib, sys
        from msstgcn.faces import Camera, Face, FaceState, Pose, identity
        camera = Camera(size=240, iod=60.0, colour=True, jpeg=75)
        state = FaceState({"L12": 4.0, "26": 3.0}, (0.3, 0.4), (4.0, -2.0), Pose(6, -4, 3, 0.02, -0.01), 1.02)
        people = {}
        for subject in range(60):
            people.setdefault(identity(0, subject).hair_style, identity(0, subject))
        for style in ("long", "curly", "fringe", "receding"):
            face = Face(people[style], camera)
            print(style, hashlib.sha256(face.render(state, 5, 9).tobytes()).hexdigest())
    """)
    plain = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "NPY_DISABLE_CPU_FEATURES": _dispatched(),
        "JSIMD_FORCENONE": "1",  # libjpeg-turbo
    }
    digests = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **extra},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for extra in ({}, plain)
    ]
    assert len(set(digests[0].split())) == 8
    assert digests[0] == digests[1]


def _dispatched():
    """Instruction sets that numpy would choose at run time here."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


@pytest.mark.parametrize("colour", [False, True])
def test_compression_is_a_jpeg_file_of_that_quality(colour, tmp_path):
    """Pillow, which has a decoder of its own, reads from OpenCV's file what the camera gives: two levels apart at
    most in grey, where they differ in rounding alone; in colour the two stretch the halved chroma differently."""
    clean, camera = Face(identity(0, 8), QUIET), Camera(noise=0.0, colour=colour, jpeg=75)
    clean = Face(identity(0, 8), Camera(noise=0.0, colour=colour)).render(BUSY)
    found = Face(identity(0, 8), camera).render(BUSY)
    cv2.imwrite(str(tmp_path / "frame.jpg"), clean[..., ::-1] if colour else clean, [1, 75])
    with Image.open(tmp_path / "frame.jpg") as file:
        read = np.asarray(file)
    difference = np.abs(read.astype(int) - found)
    assert found.shape == clean.shape
    assert found.dtype == np.uint8
    assert difference.mean() < 0.3
    assert difference.max() <= (12 if colour else 2)
    assert 0.5 < np.abs(found.astype(int) - clean).mean() < 4


def test_stronger_compression_loses_more():
    clean = Face(identity(0, 8), QUIET).render(BUSY).astype(int)
    lost = [
        np.abs(Face(identity(0, 8), Camera(noise=0.0, jpeg=q)).render(BUSY) - clean).mean() for q in (95, 75)
    ]
    assert 0 < lost[0] < 0.7 * lost[1]


def test_bench_gives_rates():
    result = bench_render(frames=10, repeats=1, minutes=0.1)
    assert all(result[rate] > 10 for rate in ("grey_fps", "colour_fps"))
    assert result["video_frames"] == 171
    assert result["memory_growth_mib"] < 20  # a frame is .2 MiB: keeping all of them would take 33
