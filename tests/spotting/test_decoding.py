from __future__ import annotations

import numpy as np
import pytest

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import SPOTTED_COLUMNS, spot_video, suppress

ONSET, OFFSET, NONE, APEX = 0, 1, 2, 6  # columns of ME; MaE is three (one for the apex) further


def silence(frames: int = 120) -> np.ndarray:
    """Nothing happens anywhere."""
    table = np.zeros((frames, 10))
    table[:, [2, 5]] = 1
    return table


def put(table, onset, apex, offset, *, mae=False, p=(0.8, 0.9, 0.7)):
    base, peak = (3, 7) if mae else (0, 6)
    table[onset, base : base + 3] = (p[0], 0.1, 0.9 - p[0])
    table[offset, base : base + 3] = (0.1, p[2], 0.9 - p[2])
    table[apex, peak] = p[1]
    return table


def slow_spot(table, settings):
    """The method's section on decoding, frame by frame."""
    rows = []
    for number, label in enumerate(("me", "mae")):
        near, far = ((2, 8), (8, 29))[number]
        on, off, peak = table[:, 3 * number], table[:, 3 * number + 1], table[:, 6 + number]
        found = []
        for apex in range(len(table)):
            if not peak[apex] > settings.threshold:
                continue
            before = [t for t in range(apex - near, apex - far - 1, -1) if t >= 0]
            after = [t for t in range(apex + near, apex + far + 1) if t < len(table)]
            if not before or not after:
                continue
            start = max(before, key=lambda t: on[t])  # the first of equals: nearest to the apex
            end = max(after, key=lambda t: off[t])
            if on[start] > off[start] and off[end] > on[end]:
                found.append((-on[start] * peak[apex] * off[end], start, end, apex))
        kept = []
        for item in sorted(found):
            _, start, end, _ = item
            here = set(range(start, end + 1))
            ious = [
                len(here & set(range(k[1], k[2] + 1))) / len(here | set(range(k[1], k[2] + 1))) for k in kept
            ]
            if all(iou <= settings.nms_iou for iou in ious):
                kept.append(item)
        rows += [(label, s, a, e) for _, s, e, a in kept[: settings.top]]
    return rows


def spotted(table, **settings):
    result = spot_video(table, SpottingSettings(**settings), video="v")
    return list(result[["class", "onset", "apex", "offset"]].itertuples(index=False, name=None))


def test_one_clear_expression_of_each_class_is_found():
    table = put(put(silence(), 20, 24, 28), 50, 65, 80, mae=True)
    result = spot_video(table, SpottingSettings(), video="v")
    assert tuple(result.columns) == SPOTTED_COLUMNS
    assert spotted(table) == [("me", 20, 24, 28), ("mae", 50, 65, 80)]
    assert result["score"].tolist() == pytest.approx([0.8 * 0.9 * 0.7] * 2)
    assert set(result["video"]) == {"v"}


def test_silence_gives_an_empty_table_with_the_columns():
    result = spot_video(silence(), SpottingSettings())
    assert len(result) == 0
    assert tuple(result.columns) == SPOTTED_COLUMNS


@pytest.mark.parametrize("p", [0.5, 0.500001])
def test_the_apex_must_exceed_the_threshold(p):
    assert len(spotted(put(silence(), 20, 24, 28, p=(0.8, p, 0.7)))) == (p > 0.5)


@pytest.mark.parametrize(
    ("distance", "there", "mae"),
    [(1, 0, 0), (2, 1, 0), (8, 1, 0), (9, 0, 0), (7, 0, 1), (8, 1, 1), (29, 1, 1), (30, 0, 1)],
)
def test_search_spans_hold_their_ends(distance, there, mae):
    table = put(silence(), 40 - distance, 40, 40 + distance, mae=bool(mae))
    assert len(spotted(table)) == there


def test_search_stops_at_the_ends_of_the_video():
    near_start = put(silence(40), 0, 3, 6)
    near_end = put(silence(40), 33, 36, 39)
    assert spotted(near_start) == [("me", 0, 3, 6)]
    assert spotted(near_end) == [("me", 33, 36, 39)]


@pytest.mark.parametrize(("apex", "found"), [(0, 0), (1, 0), (2, 1), (20, 1), (37, 1), (38, 0), (39, 0)])
def test_an_apex_without_room_for_a_boundary_is_dropped(apex, found):
    """All frames before it would do as onsets and all after it as offsets; at the ends, so would the apex itself."""
    table = np.full((40, 10), 0.0)
    turn = apex + (apex < 20)
    table[:turn, ONSET] = table[turn:, OFFSET] = 0.9
    table[apex, APEX] = 0.9
    assert len(spotted(table)) == found


def test_an_onset_that_looks_more_like_an_offset_is_dropped():
    table = put(silence(), 20, 24, 28)
    table[20, :3] = (0.4, 0.5, 0.1)
    assert spotted(table) == []
    table = put(silence(), 20, 24, 28)
    table[28, :3] = (0.5, 0.4, 0.1)
    assert spotted(table) == []


def test_overlapping_candidates_leave_the_best():
    table = put(silence(), 20, 24, 28)
    table[25, APEX] = 0.95  # shares the boundaries
    assert spotted(table) == [("me", 20, 25, 28)]


def test_suppression_starts_above_the_threshold_not_at_it():
    frames = np.array([[0, 5, 9], [0, 5, 19]])  # 10 frames of 20: IoU exactly one half
    assert suppress(frames, np.array([0.9, 0.8]), iou=0.5, top=None).tolist() == [0, 1]
    frames = np.array([[0, 5, 10], [0, 5, 19]])
    assert suppress(frames, np.array([0.9, 0.8]), iou=0.5, top=None).tolist() == [0]


def test_a_suppressed_interval_suppresses_nobody():
    frames = np.array(
        [[0, 5, 19], [6, 12, 25], [12, 20, 31]]
    )  # each overlaps the next by more than half of it
    assert suppress(frames, np.array([0.9, 0.8, 0.7]), iou=0.6, top=None).tolist() == [0, 1, 2]
    assert suppress(frames, np.array([0.9, 0.8, 0.7]), iou=0.5, top=None).tolist() == [0, 2]


def test_the_cap_counts_each_class_alone():
    table = silence(400)
    for number in range(7):
        put(table, 20 + 50 * number, 24 + 50 * number, 28 + 50 * number, p=(0.8, 0.6 + 0.05 * number, 0.7))
    put(table, 100, 115, 130, mae=True)
    assert len(spotted(table)) == 6
    assert [row[2] for row in spotted(table)][:5] == [324, 274, 224, 174, 124]
    assert len(spotted(table, top=None)) == 8


def test_equal_scores_have_a_fixed_order():
    table = put(put(silence(), 60, 64, 68), 20, 24, 28)
    assert spotted(table) == [("me", 20, 24, 28), ("me", 60, 64, 68)]


@pytest.mark.parametrize("seed", range(6))
def test_random_probabilities_decode_as_the_slow_restatement(seed):
    rng = np.random.default_rng(seed)
    table = np.concatenate(
        [rng.dirichlet((0.3, 0.3, 0.6), (150, 2)).reshape(150, 6), rng.uniform(size=(150, 4)) ** 2], 1
    )
    table = table.round(2)  # plenty of ties
    settings = SpottingSettings(top=(5, None)[seed % 2])
    assert spotted(table, top=settings.top) == slow_spot(table, settings)


@pytest.mark.parametrize(
    "bad", [np.zeros((20, 9)), np.zeros(10), np.full((20, 10), np.nan), np.full((20, 10), 1.1)]
)
def test_what_are_no_probabilities_is_refused(bad):
    with pytest.raises(InputError, match="probabilities"):
        spot_video(bad, SpottingSettings(), video="v7")


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(InputError, match="me_near"):
        SpottingSettings.make({"me_near": 9})
