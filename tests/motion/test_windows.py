"""Windows against their definition, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn.motion.windows import gather, steps_of, usable, window_frames


def plain_window(t: int, frames: int, window: int, stride: int = 1) -> list[int]:
    """The frames t - h s ... t + h s; one that the video does not have gives way to the nearest that it has."""
    wanted = [t + stride * (k - (window - 1) // 2) for k in range(window)]
    there = [frame for frame in wanted if 0 <= frame < frames]
    return [min(max(frame, there[0]), there[-1]) for frame in wanted]


@pytest.mark.parametrize("frames", [1, 2, 9, 16, 17, 40])
@pytest.mark.parametrize("window", [3, 17])
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_windows_are_centred_and_repeat_the_edges(frames, window, stride):
    wanted = [plain_window(t, frames, window, stride) for t in range(frames)]
    assert window_frames(frames, window, stride).tolist() == wanted


@pytest.mark.parametrize("frames", [1, 5, 30])
def test_gather_looks_up_the_step_from_the_first_frame(frames):
    place = np.random.default_rng(1).normal(size=frames)
    starts = np.full((frames, 17), np.nan)
    for s in range(frames):
        for j in range(min(17, frames - s)):
            starts[s, j] = place[s + j] - place[s]
    wanted = [[place[f] - place[plain_window(t, frames, 17)[0]] for f in plain_window(t, frames, 17)]
              for t in range(frames)]  # fmt: skip
    np.testing.assert_array_equal(gather(starts, 17), wanted)


def test_window_is_usable_where_one_stretch_holds_all_its_frames():
    tracks = np.array([0] * 5 + [1] * 6 + [-1] + [2] * 4)
    wanted = []
    for t in range(len(tracks)):
        inside = {int(tracks[f]) for f in plain_window(t, len(tracks), 5)}
        wanted.append(len(inside) == 1 and -1 not in inside)
    assert usable(tracks, 5).tolist() == wanted


@pytest.mark.parametrize("frames", [1, 6, 40])
@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("pairs", ["from-first", "adjacent-only", "short-only", "long-only"])
def test_pairs_are_what_their_formulas_say(frames, stride, pairs):
    place = np.random.default_rng(2).normal(size=frames)
    window, half = 9, 4
    starts = np.full((frames, steps_of(window, pairs)), np.nan)
    for a in range(frames):
        for j in range(starts.shape[1]):
            if a + j * stride < frames:
                starts[a, j] = place[a + j * stride] - place[a]
    found = gather(starts, window, stride, pairs, left_out=-5.0)
    assert found.shape == (frames, window)
    for t in range(frames):
        f = plain_window(t, frames, window, stride)
        for k in range(window):
            wanted = place[f[k]] - place[f[0]]
            if pairs == "adjacent-only":
                wanted = place[f[k]] - place[f[max(k - 1, 0)]]
            elif (pairs == "short-only" and k > half) or (pairs == "long-only" and 0 < k <= half):
                wanted = -5.0
            assert found[t, k] == wanted, (t, k)


def test_masked_edges_leave_the_windows_that_lie_within():
    tracks = np.zeros(20, int)
    inside = usable(tracks, 5, 2, "mask")
    assert usable(tracks, 5, 2).all()
    assert inside.tolist() == [all(0 <= t + 2 * step < 20 for step in range(-2, 3)) for t in range(20)]
