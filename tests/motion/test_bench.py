"""The bench: what it prints is what it should measure, on one person and one amplitude."""

from __future__ import annotations

import cv2
import pytest

from msstgcn.motion import bench


@pytest.mark.slow
def test_bench_compares_speed_and_noise(monkeypatch):
    monkeypatch.setattr(bench, "AMPLITUDES", (1.0,))
    monkeypatch.setattr(bench, "_STRIDE", 8)  # half of the starts
    monkeypatch.setattr(bench, "starts_at_once", lambda settings: 8)
    before = cv2.getNumThreads()
    result = bench.bench_motion(identities=1, seconds=5)
    assert cv2.getNumThreads() == before
    assert result["speedup"] == pytest.approx(result["reference_ms_per_frame"] / result["ours_ms_per_frame"])
    assert result["speedup"] > 40  # more than a hundred on a machine that does nothing else
    assert {"patch-lk", "patch-lk-torch", "farneback", "dis"} <= set(result["ms_per_frame"])
    assert "truth" not in result["ms_per_frame"]
    assert (
        result["ms_per_frame"]["patch-lk"]
        < result["ms_per_frame"]["dis"]
        < result["ms_per_frame"]["farneback"]
    )
    assert result["torch"]["windows_per_second"] > 1
    assert set(result["snr"]) == {"farneback+nose", "patch-lk+rigid10"}
    reference, ours = result["snr"]["farneback+nose"], result["snr"]["patch-lk+rigid10"]
    for lag in ("lag 4", "lag 8"):
        assert ours["mouth"][lag]["1"] > reference["mouth"][lag]["1"] > 1  # the head's parallax is gone
        assert ours["brow"][lag]["1"] > 3


def test_film_at_rest_shows_no_action_unit():
    states = bench.scene(60, seed=5)
    assert len(states) == 60
    assert not any(state.action_units for state in states)
    assert len({state.pose for state in states}) > 50  # but the head drifts
