"""Methods without learning: on motion whose answer is known, without looking at whom they judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures
from msstgcn.motion.windows import window_frames
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import SPOTTED_COLUMNS, score
from msstgcn.studies import METHODS, peaks
from msstgcn.timeline import Expression

FPS, FRAMES = 30.0, 400
#: Onset, apex, offset of a micro- and a macro-expression in every video, by subject.
EVENTS = {
    "a": ((60, 65, 70), (200, 225, 250)),
    "b": ((300, 306, 312), (80, 105, 130)),
    "c": ((40, 46, 51), (150, 180, 210)),
}
SPOTTING = SpottingSettings()


def path_of(events, frames=FRAMES, noise=0.02, seed=0):
    """Where ten regions are: two brows in the short movement, two mouth corners in the long one."""
    path = noise * np.random.default_rng(seed).normal(size=(frames, 10, 2))
    time = np.arange(frames)
    for (onset, apex, offset), regions in zip(events, ((0, 3), (6, 7)), strict=True):
        bump = np.interp(time, (onset, apex, offset), (0, 1, 0))
        path[:, regions, 1] += 2.0 * bump[:, None]
    return path


def video_of(path, subject="a", number=0, events=(), stride=1):
    seen = window_frames(len(path), 17, stride)
    flow = (path[seen] - path[seen[:, :1]]).astype(np.float32)
    labels = zip(("me", "mae"), events, strict=False)
    expressions = tuple(Expression(*ends, label) for label, ends in labels)
    return VideoFeatures(
        f"{subject}_{number}", subject, FPS, flow, np.ones(len(path), bool), expressions, settings={"stride": stride}
    )  # fmt: skip


def truth_of(features):
    rows = [(v.video, v.subject, e.label, e.onset, e.apex, e.offset) for v in features for e in v.expressions]
    return pd.DataFrame(rows, columns=["video", "subject", "class", "onset", "apex", "offset"])


@pytest.fixture(scope="module")
def features():
    return [
        video_of(path_of(events, seed=ord(subject)), subject, 0, events) for subject, events in EVENTS.items()
    ]


@pytest.fixture(scope="module")
def truth(features):
    return truth_of(features)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_chained_windows_give_back_the_path(stride):
    path = path_of(EVENTS["a"], noise=0)
    path -= path[:1]
    found = peaks.positions(video_of(path, stride=stride))
    # single precision in the features; between the frames of windows with a stride straight lines
    assert np.abs(found - path).max() < (1e-5 if stride == 1 else 2.0 * stride / 5)
    assert np.abs(found - path).mean() < (1e-6 if stride == 1 else 0.02)


@pytest.mark.parametrize("frames", [1, 2, 9, 17, 33, 34])
def test_short_videos_are_chained_to_their_end(frames):
    path = np.cumsum(np.ones((frames, 10, 2)), 0) - 1
    assert np.allclose(peaks.positions(video_of(path)), path, atol=1e-5)


def test_a_lost_face_moves_nothing():
    path = path_of(EVENTS["a"], noise=0)
    video = video_of(path)
    lost = np.zeros(len(path), bool)
    assert not peaks.positions(replace(video, mask=lost)).any()
    assert not len(peaks.spot(path, lost, 8, 0.1, 0.1)[0])
    seen = ~lost
    seen[55:80] = False  # the short movement
    frames, _ = peaks.spot(path, seen, 6, 0.1, 0.1)
    assert len(frames) and not ((frames[:, 1] >= 55) & (frames[:, 1] < 80)).any()


def test_windows_of_other_pairs_are_refused():
    video = replace(video_of(path_of(EVENTS["a"])), settings={"pairs": "adjacent-only"})
    with pytest.raises(InputError, match="pairs 'adjacent-only'.*from-first"):
        peaks.positions(video)


def bumps(*moves, frames=200, regions=10):
    """Regions that move to the right and back, by (region, size, onset, apex, offset)."""
    path, time = np.zeros((frames, regions, 2)), np.arange(frames)
    for region, size, *ends in moves:
        path[:, region, 0] += np.interp(time, ends, (0, size, 0))
    return path


def test_a_steady_drift_has_no_contrast_and_a_movement_has_all_of_its_own():
    drift = np.broadcast_to(0.1 * np.arange(200.0)[:, None, None], (200, 10, 2))
    inside = slice(24, -24)  # at the ends of the video the face is taken to rest
    assert np.abs(peaks.contrast(drift, 12)[inside]).max() < 1e-9
    path = drift + bumps((2, 3.0, 90, 100, 110))
    found = peaks.contrast(path, 12)[inside, 2, 0]
    assert found.argmax() + 24 == 100
    assert 2.4 < found.max() <= 3.0  # smoothing takes a little off the tip
    assert found.min() == pytest.approx(-1.5, abs=0.3), "one half span before and after it is missing"


def test_an_interval_ends_where_the_movement_has_come_back():
    path = bumps((2, 3.0, 90, 100, 110))
    for level, reach in ((0.0, 9), (0.3, 6), (0.5, 4)):
        frames, score = peaks.spot(path, np.ones(200, bool), 30, 0.9, level)
        # a triangle of 10 frames falls to this part of its tip after so many frames; smoothing shifts that by one
        assert np.abs(frames - [[100 - reach, 100, 100 + reach]]).max() <= 1 and score.tolist() == [1.0]


def test_a_movement_that_goes_on_counts_as_another_one_if_it_turns():
    path = bumps((2, 3.0, 80, 90, 100), (2, -3.0, 100, 110, 120))
    frames, _ = peaks.spot(path, np.ones(200, bool), 8, 0.5, 0.2)
    assert len(frames) == 2 and frames[0, 2] < 101 and frames[1, 0] > 99


@pytest.mark.parametrize("p", [0.05, 0.2, 0.4, 0.7])
def test_only_peaks_above_mean_plus_p_of_the_way_to_the_maximum_stay(p):
    path = bumps((0, 3.0, 20, 26, 32), (1, 1.5, 80, 86, 92), (2, 0.6, 140, 146, 152), regions=3)
    everything, heights = peaks.spot(path, np.ones(200, bool), 6, -10.0, 0.2)
    curve = np.linalg.norm(peaks.contrast(path, 6), axis=2).max(1)  # a third of three regions: the largest
    frames, score = peaks.spot(path, np.ones(200, bool), 6, p, 0.2)
    above = curve[everything[:, 1]] > curve.mean() + p * (curve.max() - curve.mean())
    assert frames.tolist() == everything[above].tolist() and len(frames)
    assert score.tolist() == heights[above].tolist()


def test_the_echoes_of_a_movement_are_dropped():
    path, seen = bumps((2, 3.0, 90, 100, 110)), np.ones(200, bool)
    curve, _ = peaks.magnitude(peaks.contrast(path, 20), seen)
    assert curve[80] > 0.4 * curve[100] and curve[120] > 0.4 * curve[100]
    assert peaks.spot(path, seen, 20, 0.1, 0.2)[0][:, 1].tolist() == [100]


def test_a_face_at_rest_shows_nothing_and_an_end_can_be_a_peak():
    assert not len(peaks.spot(np.zeros((50, 10, 2)), np.ones(50, bool), 5, 0.1, 0.1)[0])
    path = bumps((0, 3.0, -10, 0, 20), frames=40)
    frames, _ = peaks.spot(path, np.ones(40, bool), 10, 0.5, 0.1)
    assert frames[0, :2].tolist() == [0, 0]
    for short in (1, 2, 4, 5):
        assert len(peaks.spot(path[:short], np.ones(short, bool), 5, 0.1, 0.1)[0]) <= short


def test_flow_peaks_finds_every_plain_movement(features, truth):
    found = METHODS["flow-peaks"](features, truth, SPOTTING, seed=0)
    counts = score(found, truth).overall
    assert (counts.tp, counts.fn) == (6, 0) and counts.fp <= 1
    hits = found.merge(truth, on=["video", "class"], suffixes=("", " true"))
    assert (hits["apex"] - hits["apex true"]).abs().median() <= 2


def test_the_length_decides_the_class(features, truth):
    found = METHODS["flow-peaks"](features, truth, SPOTTING, seed=0)
    seconds = (found["offset"] - found["onset"]) / FPS
    assert ((seconds <= 0.5) == (found["class"] == "me")).all()


def test_a_fixed_fraction_is_not_chosen(features, truth):
    few = METHODS["flow-peaks"](features, truth, SPOTTING.but(peak_fraction=0.95), seed=0)
    assert (few["score"] > 0.95).all()
    many = METHODS["flow-peaks"](features, truth, SPOTTING.but(peak_fraction=0.01), seed=0)
    assert len(many) > len(few)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_decoders_rules(name, features, truth):
    found = METHODS[name](features, truth, SPOTTING.but(top=2), seed=1)
    assert list(found.columns) == list(SPOTTED_COLUMNS) and len(found)
    assert found.groupby(["video", "class"]).size().max() <= 2
    assert (found["onset"] >= 0).all() and (found["offset"] < FRAMES).all()
    assert ((found["onset"] <= found["apex"]) & (found["apex"] <= found["offset"])).all()
    assert found["video"].is_monotonic_increasing
    for _, rows in found.groupby(["video", "class"]):
        assert rows["score"].is_monotonic_decreasing


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seed_gives_the_same_table_whatever_the_order(name, features, truth):
    spot = METHODS[name]
    first = spot(features, truth, SPOTTING, seed=3)
    pd.testing.assert_frame_equal(first, spot(features[::-1], truth.iloc[::-1], SPOTTING, seed=3))
    other = spot(features, truth, SPOTTING, seed=4)
    assert first.equals(other) == (name != "random")


@pytest.mark.parametrize("name", METHODS)
def test_nobodys_own_labels_change_what_is_spotted_in_their_videos(name, features, truth):
    spot = METHODS[name]
    before = spot(features, truth, SPOTTING, seed=3)
    own = truth["subject"] == "a"
    moved = truth.assign(
        onset=truth["onset"].where(~own, 0),
        apex=truth["apex"].where(~own, 1),
        offset=truth["offset"].where(~own, 3),
    )
    for changed in (moved, truth[~own]):
        after = spot(features, changed, SPOTTING, seed=3)
        mine = [table[table["video"] == "a_0"].reset_index(drop=True) for table in (before, after)]
        pd.testing.assert_frame_equal(*mine)


@pytest.mark.parametrize("name", METHODS)
def test_a_class_that_nobody_else_shows_is_not_spotted(name, features, truth):
    kept = truth[(truth["class"] == "mae") | (truth["subject"] == "a")]
    found = METHODS[name](features, kept, SPOTTING, seed=0)
    assert not ((found["video"] == "a_0") & (found["class"] == "me")).any()
    nothing = METHODS[name](features, truth.iloc[:0], SPOTTING, seed=0)
    assert not len(nothing) and list(nothing.columns) == list(SPOTTED_COLUMNS)


@pytest.mark.parametrize("name", METHODS)
def test_without_other_people_nothing_is_spotted(name, features, truth):
    found = METHODS[name](features[:1], truth[truth["subject"] == "a"], SPOTTING, seed=0)
    assert not len(found) and list(found.columns) == list(SPOTTED_COLUMNS)


def test_random_draws_as_many_and_as_long_as_the_others_show():
    still = [video_of(np.zeros((3000, 1, 2)), subject) for subject in "abc"]
    rows = [(v.video, v.subject, "me", 100 * n, 100 * n + 4, 100 * n + 9) for v in still for n in range(20)]
    rows += [(v.video, v.subject, "mae", 0, 30, 59) for v in still if v.subject != "a"]
    truth = pd.DataFrame(rows, columns=["video", "subject", "class", "onset", "apex", "offset"])
    free = SPOTTING.but(top=None, nms_iou=1.0)
    found = pd.concat([METHODS["random"](still, truth, free, seed=n) for n in range(40)])
    me = found[found["class"] == "me"]
    assert ((me["offset"] - me["onset"] + 1) == 10).all()
    # Poisson means of 20 a video, and of 1 in a, .5 in b and in c; 120 and 80 videos: five standard errors
    assert abs(len(me) / 120 - 20) < 5 * np.sqrt(20 / 120)
    mae = found[found["class"] == "mae"]["video"].value_counts()
    assert abs(mae["a_0"] / 40 - 1) < 5 * np.sqrt(1 / 40)
    assert abs((mae["b_0"] + mae["c_0"]) / 80 - 0.5) < 5 * np.sqrt(0.5 / 80)
    middle = (me["onset"] / (3000 - 10)).to_numpy()
    assert abs(middle.mean() - 0.5) < 5 / np.sqrt(12 * len(middle)), "anywhere in the video"


def test_always_on_tiles_the_video_with_the_best_length_of_the_others():
    still = [video_of(np.zeros((300, 1, 2)), subject) for subject in "abc"]
    # two labels of 30 frames, exactly where tiles of 30 lie, and one of 8 where none fits
    rows = [
        (v.video, v.subject, "mae", *ends)
        for v in still
        for ends in ((30, 40, 59), (90, 95, 119), (5, 8, 12))
    ]
    truth = pd.DataFrame(rows, columns=["video", "subject", "class", "onset", "apex", "offset"])
    found = METHODS["always-on"](still, truth, SPOTTING.but(top=None), seed=0)
    for _, tiles in found.groupby("video"):
        assert sorted(tiles["onset"]) == list(range(0, 300, 30))
        assert (tiles["offset"] - tiles["onset"] == 29).all()
    capped = METHODS["always-on"](still, truth, SPOTTING.but(top=5), seed=0)
    assert (capped.groupby("video").size() == 5).all()
    own = np.sort(capped[capped["video"] == "a_0"]["onset"])
    assert len(set(np.diff(own))) == 1 and np.diff(own)[0] == 60, "evenly spread"
