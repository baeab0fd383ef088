"""Landmarks that are off on purpose."""

import numpy as np
import pytest
from scipy import stats

from msstgcn import motion
from msstgcn.datasets import synthetic
from msstgcn.motion.alignment import misplaced
from msstgcn.settings import MotionSettings, SyntheticSettings

KEY = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def landmarks():
    rng = np.random.default_rng(0)
    points = rng.uniform(100, 300, (68, 2)).astype(np.float32)
    points[36], points[45] = (140, 150), (236, 222)  # 120 pixels apart, on a head that leans
    return points


def test_without_error_landmarks_stay_what_they_are(landmarks):
    assert misplaced(landmarks, MotionSettings(), KEY, 3) is landmarks


def test_the_noise_has_the_standard_deviation_asked_for(landmarks):
    settings = MotionSettings(landmark_noise=2.0)
    off = np.stack([misplaced(landmarks, settings, KEY, frame) - landmarks for frame in range(200)])
    assert off.std() == pytest.approx(2.4, rel=0.02)  # 27,200 numbers: their sd has a standard error of .4 %
    assert stats.kstest(off.ravel() / 2.4, "norm").pvalue > 0.01
    apart = np.corrcoef(off.reshape(200, -1)[:, :20].T) - np.eye(20)
    assert np.abs(apart).max() < 0.35  # landmark by landmark, axis by axis: five standard errors of 200 pairs


def test_the_noise_is_keyed_by_video_and_frame(landmarks):
    settings = MotionSettings(landmark_noise=2.0)
    one = misplaced(landmarks, settings, KEY, 7)
    np.testing.assert_array_equal(one, misplaced(landmarks, settings, KEY, 7))
    assert not np.array_equal(one, misplaced(landmarks, settings, KEY, 8))
    assert not np.array_equal(one, misplaced(landmarks, settings, KEY[::-1], 7))


def test_the_offset_leads_down_the_face(landmarks):
    off = misplaced(landmarks, MotionSettings(landmark_offset=5.0), KEY, 0) - landmarks
    # 5 % of 120 pixels, at a right angle to the line between the eyes, which leans by 36.9 degrees
    np.testing.assert_allclose(off, np.tile(6 * np.array([-0.6, 0.8]), (68, 1)), atol=1e-3)


@pytest.mark.parametrize("change", [{"landmark_noise": 4.0}, {"landmark_offset": 8.0}], ids=str)
def test_features_are_measured_where_the_landmarks_are_said_to_be(change):
    video = synthetic(SyntheticSettings(subjects=2, videos=1, seconds=2.0, size=240, iod=60.0)).videos[0]
    usual, off = motion.extract(video), motion.extract(video, MotionSettings().but(**change))
    assert usual.flow.shape == off.flow.shape
    assert not np.array_equal(usual.flow, off.flow)
    again = motion.extract(video, MotionSettings().but(**change))
    np.testing.assert_array_equal(off.flow, again.flow)
    if (
        "landmark_noise" in change
    ):  # landmarks 36 and 45 move apart and together: sqrt(2) x 4 % along their line
        relative = off.iod / usual.iod - 1
        assert relative.std() == pytest.approx(np.sqrt(2) * 0.04, rel=0.4)  # 57 frames: standard error 9 %
    else:
        np.testing.assert_allclose(off.iod, usual.iod, rtol=1e-5)
