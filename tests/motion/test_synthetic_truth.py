"""Whole extraction on rendered faces, whose motion is known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clips import Clip

from msstgcn import datasets, motion
from msstgcn.faces import Camera, Face, FaceState, Pose, identity
from msstgcn.settings import MotionSettings, SyntheticSettings

SMILE = 6  # node: mouth corner on the picture's left


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(identity(4), Camera(noise=1.0))


def film(face: Face, states) -> Clip:
    return Clip([face.render(state, seed=1, frame=i) for i, state in enumerate(states)], fps=28.57)


def true_steps(face: Face, states, landmark: int) -> np.ndarray:
    """True displacement of a landmark from the first frame of each window to each of its frames, percent of IOD."""
    place = np.array([face.landmarks(state)[landmark] for state in states]) / 1.2
    frames = motion.window_frames(len(states), 17)
    return place[frames] - place[frames[:, :1]]


def test_smile_is_measured_at_the_mouth_and_nowhere_at_the_brow(face):
    rise = np.concatenate([np.zeros(6), np.linspace(0, 3, 10), np.full(8, 3.0)])
    states = [FaceState({"12": float(a)}) for a in rise]
    found = motion.extract(film(face, states))
    wanted = true_steps(face, states, 48)
    assert np.abs(wanted).max() > 1.5
    # A patch of a third of an IOD averages a movement that is strongest at its centre: some tenths are lost.
    slope = (found.flow[:, :, SMILE] * wanted).sum() / (wanted**2).sum()
    assert 0.7 < slope < 1.1
    assert np.corrcoef(found.flow[:, :, SMILE, 0].ravel(), wanted[..., 0].ravel())[0, 1] > 0.99
    assert np.abs(found.flow[:, :, :6]).max() < 0.3


def test_head_turns_leave_little_after_the_rigid_fit(face):
    t = np.arange(24)
    states = [
        FaceState(pose=Pose(yaw=1.5 * np.sin(i / 6), pitch=np.cos(i / 8), roll=0.5 * np.sin(i / 9)))
        for i in t
    ]
    clip = film(face, states)
    left = {
        head: motion.extract(clip, MotionSettings(head=head)).flow.std()
        for head in ("none", "nose", "rigid10")
    }
    assert left["rigid10"] < 0.15  # percent of IOD: depths are generic, patches do not turn
    assert left["rigid10"] < 0.5 * left["nose"] < left["none"]


def test_still_face_shows_only_noise(face):
    found = motion.extract(film(face, [FaceState()] * 20))
    assert found.flow.std() < 0.06  # percent of IOD: a twentieth of a pixel
    assert found.quality.min() > 0.9


def test_truth_follows_the_true_landmarks():
    video = datasets.synthetic(SyntheticSettings(subjects=2, videos=1, seconds=2)).videos[0]
    found = motion.extract(video, MotionSettings(flow="truth", head="none"))
    place = video.landmarks()[:, [region.landmark for region in motion.NODES]]
    frames = motion.window_frames(len(video), 17)
    wanted = 100 * (place[frames] - place[frames[:, :1]]) / found.iod[frames[:, 0], None, None, None]
    np.testing.assert_allclose(found.flow, wanted, atol=1e-3)
    assert found.subject == "s001"
    assert found.expressions == video.expressions


def test_blink_lowers_the_quality_only_where_it_is_seen(face):
    rest = FaceState()
    shut = replace(rest, blink=(1.0, 1.0))
    found = motion.extract(film(face, [rest] * 8 + [shut] * 3 + [rest] * 8), MotionSettings(head="rigid10"))
    assert np.abs(found.flow[:, :, 6:]).max() < 0.5  # nothing arrives at the mouth
