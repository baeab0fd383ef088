"""Following a face, on rendered faces whose landmarks are known."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn import datasets
from msstgcn.faces import Camera, Face, FaceState, Pose, identity
from msstgcn.motion import FaceTracker, iod, predictor_path
from msstgcn.motion.look import follow
from msstgcn.motion.notes import findings
from msstgcn.settings import SyntheticSettings


@pytest.mark.parametrize("subject", [0, 5])  # 5 is dark and once led the carried box astray
def test_landmarks_stay_on_the_face(subject):
    video = datasets.synthetic(SyntheticSettings(subjects=6, videos=1, seconds=4)).videos[subject]
    _, landmarks = follow(video.frames(0, 60))
    true = np.array([video.truth(i).landmarks for i in range(60)])
    error = np.linalg.norm(landmarks - true, axis=-1).mean(axis=1) / iod(true)
    assert (
        error.mean() < 0.04
    )  # what the predictor reaches on these faces when the detector is asked every frame
    assert error.max() < 0.08


def test_detector_is_asked_now_and_then_and_around_the_face_only(monkeypatch):
    face = Face(identity(1), Camera())
    tracker = FaceTracker(predictor_path(), detect_every=5)
    looks = {"around": 0, "everywhere": 0}
    for name in looks:
        inner = getattr(tracker, f"_{name}")

        def counted(*args, inner=inner, name=name):
            looks[name] += 1
            return inner(*args)

        monkeypatch.setattr(tracker, f"_{name}", counted)
    for i in range(21):
        found = tracker.step(face.render(FaceState(pose=Pose(yaw=0.1 * i)), frame=i))
        assert found is not None
        assert found.track == 0
    assert looks == {"around": 4, "everywhere": 1}


def test_face_that_grows_too_small_on_the_way_is_not_used():
    near, far = Face(identity(1), Camera(size=480, iod=120)), Face(identity(1), Camera(size=480, iod=27))
    tracker = FaceTracker(predictor_path(), detect_every=1)
    assert tracker.step(near.render(FaceState())) is not None
    assert tracker.step(far.render(FaceState())) is None


def test_a_face_that_was_gone_starts_a_new_track():
    picture = Face(identity(1), Camera()).render(FaceState())
    tracker = FaceTracker(predictor_path())
    faces = [tracker.step(one) for one in (picture, picture, np.full_like(picture, 128), picture, picture)]
    assert [None if face is None else face.track for face in faces] == [0, 0, None, 1, 1]


def test_frames_that_were_not_looked_at_are_told_as_such():
    one, two = (Face(identity(seed), Camera(size=240, iod=70)).render(FaceState()) for seed in (1, 3))
    tracker = FaceTracker(predictor_path())
    assert not any(tracker.step(np.hstack([one, two])) for _ in range(20))
    kinds = {kind: [e.frame for e in tracker.events if e.kind == kind] for kind in ("several", "passed")}
    assert kinds == {"several": [*range(9), 12, 16], "passed": [9, 10, 11, 13, 14, 15, 17, 18, 19]}
    assert len(tracker.events) == 20
    text = [str(note) for note in findings(tracker.events, "clip")]
    assert any("frames 9-11, 13-15, 17-19: not looked at" in note for note in text)
    assert not any("no face" in note for note in text)


def test_face_half_out_of_the_picture_is_lost_or_found_but_never_a_crash(astronaut):
    tracker = FaceTracker(predictor_path(), detect_every=2)
    faces = [tracker.step(np.ascontiguousarray(astronaut[:, 20 * i :])) for i in range(14)]
    assert faces[0] is not None
    assert faces[-1] is None  # the picture begins beyond the face
