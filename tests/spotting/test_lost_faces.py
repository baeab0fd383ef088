"""Frames without a usable face propose nothing, at the lowest thresholds and after every epoch."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn.learning import predict, train_loso
from msstgcn.motion import VideoFeatures
from msstgcn.network import MSSTGCN
from msstgcn.settings import LearningSettings, NetworkSettings, SpottingSettings
from msstgcn.spotting import frame_table, spot_video
from msstgcn.timeline import Expression

LOST = slice(40, 75)
EVERYTHING = SpottingSettings(threshold=0.0, top=None, nms_iou=1.0)


def video(subject: str, seed: int) -> VideoFeatures:
    rng = np.random.default_rng(seed)
    mask = np.ones(130, dtype=bool)
    mask[LOST] = False
    events = (Expression(10, 14, 20, "me"), Expression(90, 100, 115, "mae"))
    flow = rng.normal(size=(130, 17, 10, 2)).astype(np.float32)
    return VideoFeatures(f"{subject}_1", subject, 30.0, flow, mask, events)


def proposes_nothing(probabilities, mask):
    found = spot_video(probabilities, EVERYTHING)
    assert len(found) > 0, "a test of nothing"
    used = found[["onset", "apex", "offset"]].to_numpy()
    return mask[used].all()


def test_a_network_that_says_anything_says_nothing_of_lost_frames():
    import torch

    torch.manual_seed(0)
    one = video("s1", 0)
    probabilities = predict(MSSTGCN(NetworkSettings(channels=6)), one)
    assert proposes_nothing(probabilities, one.mask)
    assert (probabilities[LOST][:, [0, 1, 3, 4, 6, 7, 8, 9]] == 0).all()


def test_nor_do_the_looks_while_it_is_trained():
    videos = [video(f"s{n}", n) for n in (1, 2)]
    run = train_loso(
        videos, NetworkSettings(channels=6), LearningSettings(epochs=2, segments=2, watch=1, sampling="all")
    )
    _, looks = run.watched
    for one in videos:
        for look in looks[one.video]:
            assert proposes_nothing(look, one.mask)


@pytest.mark.parametrize("threshold", [0.0, 0.5])
def test_a_video_without_any_face_holds_nothing(threshold):
    nothing = np.tile([0, 0, 1, 0, 0, 1, 0, 0, 0, 0], (60, 1)).astype(np.float32)
    assert len(spot_video(nothing, SpottingSettings(threshold=threshold))) == 0


def test_an_interval_may_span_a_lost_moment():
    table = np.tile([0, 0, 1, 0, 0, 1, 0, 0, 0, 0], (100, 1)).astype(float)
    table[20, 3:6], table[40, 7], table[60, 3:6] = (
        (0.9, 0, 0.1),
        0.9,
        (0, 0.9, 0.1),
    )  # lost from 45 to 55, say
    assert spot_video(table, SpottingSettings())[["onset", "offset"]].to_numpy().tolist() == [[20, 60]]


def test_lost_frames_count_as_sure_noes_in_the_frame_measures():
    import pandas as pd

    truth = pd.DataFrame([("v", "me", 2, 12, 7)], columns=["video", "class", "onset", "offset", "apex"])
    table = np.zeros((20, 10))
    table[2:13, 8] = 0.5
    assert frame_table({"v": table}, truth)["action AP"].iloc[0] == 1
