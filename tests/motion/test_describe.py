"""What a file of features says of itself, against numbers counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn.datasets import Finding
from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures, save_features
from msstgcn.motion.describe import as_text, describe, describe_file
from msstgcn.timeline import Expression


@pytest.fixture
def features() -> VideoFeatures:
    flow = np.zeros((10, 3, 2, 2), np.float32)
    flow[:, 1:, 0] = (3, 4)  # 5 percent, everywhere
    flow[8:] = 100  # masked: must not count
    quality = np.ones((10, 3, 2), np.float16)
    quality[0, 0] = 0
    quality[1, 0] = 0.5
    return VideoFeatures(
        "v", "s", 25.0, flow, np.arange(10) < 8, (Expression(1, 2, 3, "me"),), quality,
        np.array([80.0] * 8 + [np.nan] * 2, np.float32), "abc", ("brow", "mouth"), {"crop": 192},
        (Finding("repair", "v, frame 9", "no face", "masked"),),
    )  # fmt: skip


def test_numbers_are_those_of_usable_windows(features):
    found = describe(features)
    assert found["shape"] == [10, 3, 2, 2]
    assert (found["frames"], found["seconds"], found["iod"], found["usable"]) == (10, 0.4, 80.0, 0.8)
    assert found["motion"] == {
        "brow": {"p50": 5.0, "p95": 5.0, "p99": 5.0},
        "mouth": {"p50": 0, "p95": 0, "p99": 0},
    }
    assert found["quality"] == {"median": 1.0, "below 0.8": 4 / 48, "lost": 2 / 48}
    assert found["expressions"] == {"me": 1, "mae": 0}
    assert found["notes"] == ["repair: v, frame 9: no face; masked"]


def test_file_adds_digests_and_the_text_holds_all(features, tmp_path):
    save_features(features, tmp_path / "v.npz", "made-from")
    found = describe_file(tmp_path / "v.npz")
    assert found["made_from"] == "made-from" and len(found["content"]) == 64
    text = as_text(found)
    for part in ("v (subject s): 10 frames, 0.4 s at 25 a second", "usable windows 80.0%", "crop 192", "made-from",
                 "1 me, 0 mae", "percent of the inter-ocular distance", "no face; masked"):  # fmt: skip
        assert part in text
    assert ["brow", "5.000", "5.000", "5.000"] in [line.split() for line in text.splitlines()]


def test_features_of_little_knowledge(tmp_path):
    bare = VideoFeatures("v", "s", 25.0, np.zeros((4, 3, 2, 2), np.float32), np.zeros(4, bool), ())
    found = describe(bare)
    assert (found["usable"], found["iod"], found["quality"]) == (0.0, None, None)
    assert "region 0" in as_text(found) and "notes: none" in as_text(found)


def test_no_file_and_no_features(tmp_path):
    with pytest.raises(InputError, match="no features there"):
        describe_file(tmp_path / "none.npz")
    (tmp_path / "video.npz").write_bytes(b"a video")
    with pytest.raises(InputError, match="damaged"):
        describe_file(tmp_path / "video.npz")
