"""Windows against their definition, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn.motion.windows import gather, usable, window_frames


def plain_window(t: int, frames: int, window: int) -> list[int]:
    out = []
    for k in range(window):
        frame = t - (window - 1) // 2 + k
        out.append(min(max(frame, 0), frames - 1))
    return out


@pytest.mark.parametrize("frames", [1, 2, 9, 16, 17, 40])
@pytest.mark.parametrize("window", [3, 17])
def test_windows_are_centred_and_repeat_the_edges(frames, window):
    assert window_frames(frames, window).tolist() == [plain_window(t, frames, window) for t in range(frames)]


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
