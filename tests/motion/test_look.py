"""Helpers for figures and chapters."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from msstgcn import datasets, motion
from msstgcn.faces import HALVES, Pose
from msstgcn.motion import bench, look
from msstgcn.motion.truth import skin_motion, undisturbed
from msstgcn.settings import MotionSettings, SyntheticSettings

mpl.use("Agg")


@pytest.fixture(scope="module")
def followed(shifted):
    return look.follow(shifted.frames())


def test_crop_puts_the_first_face_in_the_middle(followed):
    greys, landmarks = followed
    pictures, grid = look.crop_pair(greys[:2], landmarks[:2], crop=128)
    assert [picture.shape for picture in pictures] == [(128, 128)] * 2
    marks = grid.to_grid(landmarks[0])
    np.testing.assert_allclose(marks[17:].mean(axis=0), 64, atol=1e-3)
    assert float(motion.iod(marks)) == pytest.approx(128 / 2.2)
    x, y = np.round(marks[30]).astype(int)
    px, py = np.round(landmarks[0, 30]).astype(int)
    assert abs(int(pictures[0][y, x]) - int(greys[0][py, px])) < 25  # the same spot of the face


def test_dense_flow_of_a_shift(followed):
    greys, landmarks = followed
    pictures, _ = look.crop_pair([greys[0]], landmarks[:1])
    flow = look.dense_flow(pictures[0], np.roll(pictures[0], (1, 2), axis=(0, 1)))
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), [2, 1], atol=0.1)


def test_drawing(followed):
    greys, landmarks = followed
    figure, ax = plt.subplots()
    look.draw_face(ax, greys[0], landmarks[0])
    look.draw_regions(ax, landmarks[0])
    look.draw_regions(ax, landmarks[0], motion.RIGID15, numbered=False)
    look.draw_flow(ax, np.ones((64, 48, 2), np.float32))
    centres = np.array([circle.center for circle in ax.patches[:10]])
    np.testing.assert_allclose(centres, motion.region_points(landmarks[0], motion.NODES))
    assert len(ax.patches) == 25
    assert [text.get_text() for text in ax.texts] == [str(number) for number in range(10)]
    figure.canvas.draw()
    plt.close(figure)


def test_nodes_of_a_clip_are_what_extract_finds(shifted, followed):
    greys, landmarks = followed
    settings = MotionSettings(head="nose")
    flow = bench.nodes(greys, landmarks, settings).astype(
        np.float16
    )  # `extract` gives what half precision holds
    np.testing.assert_array_equal(flow, motion.extract(shifted, settings).flow)


def test_around_undisturbed_expressions_nothing_else_moves_brows_or_mouth():
    """The script knows: apart from the eyes no unit acts there, and no other expression is near."""
    eyes = [number for number, half in enumerate(HALVES) if half.lstrip("LR") in ("5", "7", "43")]
    found = []
    for video in datasets.synthetic(SyntheticSettings(subjects=8, videos=3, seconds=16.0)).videos:
        acting = np.delete(video.script.other_units, eyes, axis=1).any(axis=1)
        for event in video.expressions:
            around = slice(max(0, event.onset - 8), event.offset + 9)
            near = [
                e for e in video.expressions if e.onset - 8 <= event.offset and event.onset <= e.offset + 8
            ]
            calm = not acting[around].any() and near == [event]
            assert (event in undisturbed(video, 8)) <= calm
            found.append(event in undisturbed(video, 8))
    assert 0 < sum(found) < len(found)


def test_skin_motion_is_blind_to_the_head():
    video = datasets.synthetic(SyntheticSettings(subjects=2, videos=1, seconds=3)).videos[1]
    found = skin_motion(video)
    assert found.shape == (len(video), 17, 10, 2)
    frames = motion.window_frames(len(video), 17)
    numbers = [region.landmark for region in motion.NODES]
    for t, k in ((20, 16), (50, 9)):
        first, later = (video.script.state(int(frames[t, j])) for j in (0, k))
        steps = []
        for state in (first, later):
            still = type(state)(state.action_units, state.blink, state.gaze, Pose(), state.light)
            steps.append(video.face.landmarks(still)[numbers])
        np.testing.assert_allclose(found[t, k], (steps[1] - steps[0]) / 1.2, atol=1e-9)
    turning = {video.script.state(i).pose for i in range(len(video))}
    assert len(turning) > 1  # the head did move
