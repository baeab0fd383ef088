"""The bench of the whole path measures what it says, on a short clip."""

from __future__ import annotations

import pytest

from msstgcn.datasets import open_video
from msstgcn.motion import bench_path


@pytest.mark.slow
def test_speed_by_stage_memory_and_rounding(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_path, "_alone", lambda function, path: function(path))  # in this process
    monkeypatch.setattr(bench_path.os, "sched_setaffinity", lambda *_: None)
    found = bench_path.bench_path(seconds=4.0, minutes=0.05)
    stages = found["ms_per_frame"]
    assert set(stages) == {"decode", "detect", "landmarks", "follow", "working pictures", "flow and head"}
    assert all(spent > 0 for spent in stages.values())
    # the stages make up the path: storing and bookkeeping are the rest, and two runs on a busy machine differ
    assert 0.4 < sum(stages.values()) * found["cpu_frames_per_second"] / 1000 < 1.6
    assert found["peak_mib"] >= found["start_mib"] > 50
    assert found["rounding"]["largest_error_up_to_.4"] <= 2.0**-13
    assert 0 < found["rounding"]["error_rms"] < found["rounding"]["flow_rms"] / 100
    assert found["long"]["frames"] == round(0.05 * 60 * bench_path.FPS)


def test_a_long_video_goes_forth_and_back(tmp_path):
    clip = bench_path.film(3)
    path = bench_path.write_video(clip, tmp_path / "v.mp4", 8)
    shown = [frame[..., 0].astype(int) for frame in open_video(path).frames()]
    assert len(shown) == 8 and shown[0].shape == (480, 640)
    for i, j in ((2, 3), (1, 4), (0, 5), (0, 6)):  # the same picture, compressed twice
        assert abs(shown[i] - shown[j]).mean() < 2.5
