"""What became of each interval, and measures frame by frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from random_events import random_events

from msstgcn.errors import InputError
from msstgcn.learning.targets import REACH
from msstgcn.spotting import (
    FATES,
    OUTCOMES,
    average_precision,
    boundary_table,
    frame_table,
    outcome_table,
    outcomes,
    score,
)

COLUMNS = ["video", "class", "onset", "offset"]


def table(*rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS)


TRUTH = table(
    ("a", "me", 10, 19),
    ("a", "mae", 40, 79),
    ("a", "me", 100, 109),
    ("b", "mae", 0, 39),
    ("b", "me", 60, 69),
    ("b", "mae", 200, 240),
)
SPOTTED = table(
    ("a", "me", 12, 20),  # 8 of 11 frames of the first ME
    ("a", "me", 10, 18),  # 9 of 10 frames of it: paired
    ("a", "me", 41, 79),  # on the MaE
    ("a", "mae", 70, 120),  # 10 frames of the MaE; nothing like the ME at 100
    ("b", "mae", 3, 44),  # hit, 3 and 5 frames late
    ("b", "mae", 61, 69),  # on the ME of b
    ("b", "me", 300, 310),  # nowhere
    ("c", "me", 0, 9),  # a video without events
)


def test_each_outcome_is_as_by_hand():
    spotted, events = outcomes(SPOTTED, TRUTH)
    told = {(v, c, o): one for v, c, o, one in spotted[["video", "class", "onset", "outcome"]].to_numpy()}
    assert told == {
        ("a", "me", 10): "hit",
        ("a", "me", 12): "duplicate",
        ("a", "me", 41): "other class",
        ("a", "mae", 70): "near miss",
        ("b", "mae", 3): "hit",
        ("b", "mae", 61): "other class",
        ("b", "me", 300): "nothing there",
        ("c", "me", 0): "nothing there",
    }
    told = {(v, o): result for v, o, result in events[["video", "onset", "outcome"]].to_numpy()}
    assert told == {
        ("a", 10): "hit",
        ("a", 40): "other class",
        ("a", 100): "nothing spotted",
        ("b", 0): "hit",
        ("b", 60): "other class",
        ("b", 200): "nothing spotted",
    }


def test_errors_are_those_of_the_hits_alone():
    spotted, _ = outcomes(SPOTTED, TRUTH)
    hits = spotted[spotted["outcome"] == "hit"]  # sorted by video, class: the ME of a, then the MaE of b
    assert hits[["onset_error", "offset_error"]].to_numpy().tolist() == [[0, -1], [3, 5]]
    assert spotted.loc[spotted["outcome"] != "hit", ["onset_error", "offset_error"]].isna().all(None)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_hits_are_those_of_the_score_and_the_rest_follows_its_definition(seed, inclusive):
    predictions, truth = random_events(seed)
    spotted, events = outcomes(predictions, truth, inclusive=inclusive)
    counts = score(predictions, truth, inclusive=inclusive).overall
    assert (spotted["outcome"] == "hit").sum() == (events["outcome"] == "hit").sum() == counts.tp
    assert (spotted["outcome"] != "hit").sum() == counts.fp
    assert set(spotted["outcome"]) <= set(OUTCOMES) and set(events["outcome"]) <= set(FATES)
    for one in spotted[spotted["outcome"] != "hit"].itertuples():
        frames = set(range(one.onset, one.offset + inclusive))
        best = {"me": 0.0, "mae": 0.0}
        for other in truth[truth["video"] == one.video].to_dict("records"):
            there = set(range(other["onset"], other["offset"] + inclusive))
            iou = len(frames & there) / max(1, len(frames | there))
            best[other["class"]] = max(best[other["class"]], iou)
        mine = spotted.loc[one.Index, "class"]
        own, apart = best[mine], best["mae" if mine == "me" else "me"]
        wanted = (
            "duplicate"
            if own >= 0.5
            else "other class"
            if apart >= 0.5
            else "near miss"
            if own
            else "nothing there"
        )
        assert one.outcome == wanted


def test_the_order_of_rows_makes_no_difference():
    predictions, truth = random_events(9)
    first = outcomes(predictions, truth)
    second = outcomes(predictions.iloc[::-1], truth.sample(frac=1, random_state=2))
    for one, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_tables_add_up():
    spotted, events = outcomes(SPOTTED, TRUTH)
    counts = outcome_table(spotted, events).set_index("of")
    assert counts["all"].tolist() == [5, 3, 3, 3]  # spotted ME, true ME, spotted MaE, true MaE
    names = [name for name in counts.columns if name != "all"]
    assert counts[names].sum(axis=1).tolist() == counts["all"].tolist()
    assert (
        counts.loc["true ME"].isna().tolist().count(True) == 2
    )  # duplicates and false alarms are spotted ones
    ends = boundary_table(spotted).set_index("class")
    assert ends.loc["MaE", ["hits", "onset: median", "offset: median"]].tolist() == [1, 3, 5]
    assert ends.loc["ME", "offset: median"] == -1 and ends.loc["ME", "offset: median size"] == 1


def test_quartiles_are_those_of_numpy():
    truth = table(*(("a", "mae", 100 * n, 100 * n + 50) for n in range(7)))
    late = [0, 1, -2, 5, 3, -1, 8]
    spotted = table(*(("a", "mae", 100 * n + d, 100 * n + 50) for n, d in enumerate(late)))
    row = boundary_table(outcomes(spotted, truth)[0]).set_index("class").loc["MaE"]
    low, middle, high = np.quantile(late, [0.25, 0.5, 0.75])
    assert row["onset: median"] == middle
    assert row["onset: middle half"] == f"{low:.1f} to {high:.1f}"
    assert row["onset: median size"] == np.median(np.abs(late))


def test_without_hits_there_are_no_errors():
    row = boundary_table(outcomes(table(), TRUTH)[0]).iloc[0]
    assert row["hits"] == 0 and np.isnan(row["onset: median"]) and row["onset: middle half"] == "–"


def slow_average_precision(score, positive):
    """Go down the distinct scores; at each, precision times what recall has gained."""
    value, before = 0.0, 0.0
    for threshold in sorted(set(score), reverse=True):
        called = [p for s, p in zip(score, positive, strict=True) if s >= threshold]
        recall = sum(called) / sum(positive)
        value += (recall - before) * sum(called) / len(called)
        before = recall
    return value


@pytest.mark.parametrize("digits", [1, 9])
def test_average_precision_equals_its_definition(digits):
    rng = np.random.default_rng(3)
    for _ in range(20):
        score, positive = rng.uniform(size=40).round(digits), rng.uniform(size=40) < 0.3
        positive[0] = True
        assert average_precision(score, positive) == pytest.approx(slow_average_precision(score, positive))
        turn = rng.permutation(40)
        assert average_precision(score[turn], positive[turn]) == average_precision(score, positive)


def test_average_precision_at_its_ends():
    right = np.array([True, False, True, False])
    assert average_precision(np.array([0.9, 0.1, 0.8, 0.2]), right) == 1
    assert average_precision(np.full(4, 0.5), right) == 0.5  # no order at all: the share of positives
    assert np.isnan(average_precision(np.full(4, 0.5), np.zeros(4, bool)))


def test_frames_are_pooled_over_videos():
    truth = TRUTH.assign(apex=(TRUTH["onset"] + TRUTH["offset"]) // 2)
    rng = np.random.default_rng(0)
    tables = {video: rng.uniform(size=(250, 10)) for video in ("a", "b", "c")}
    found = frame_table(tables, truth).set_index("class")
    inside = {"ME": {("a", 10), ("a", 100), ("b", 60)}, "MaE": {("a", 40), ("b", 0), ("b", 200)}}
    assert found.loc["ME", "frames in expressions"] == pytest.approx(30 / 750)
    assert found.loc["MaE", "frames in expressions"] == pytest.approx((40 + 40 + 41) / 750)
    assert found.loc["ME", "frames at apexes"] == pytest.approx(3 * len(inside["ME"]) / 750)
    assert found.loc["MaE", "frames at apexes"] == pytest.approx(7 * len(inside["MaE"]) / 750)
    positive, score = [], []
    for video, table in tables.items():
        for frame in range(250):
            rows = truth[(truth["video"] == video) & (truth["class"] == "mae")]
            positive.append(bool(((rows["onset"] <= frame) & (frame <= rows["offset"])).any()))
            score.append(table[frame, 9])
    assert found.loc["MaE", "action AP"] == pytest.approx(slow_average_precision(score, positive))


def test_an_apex_is_as_wide_as_in_training():
    import inspect

    assert inspect.signature(frame_table).parameters["tolerance"].default == REACH


def test_without_a_frame_there_is_nothing_to_tell_apart():
    truth = pd.DataFrame([], columns=["video", "class", "onset", "apex", "offset"])
    for nothing in ({}, {"v": np.zeros((0, 10))}):
        with pytest.raises(InputError, match="no frames"):
            frame_table(nothing, truth)
