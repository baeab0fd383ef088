from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from random_events import random_events

from msstgcn.errors import InputError
from msstgcn.spotting import match, outcomes, score

COLUMNS = ["video", "class", "onset", "offset"]


def table(*rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS)


def iou_by_sets(a, b) -> Fraction:
    one, two = set(range(a[0], a[1] + 1)), set(range(b[0], b[1] + 1))
    return Fraction(len(one & two), len(one | two))


def best_by_trying_everything(predicted, true, threshold: Fraction) -> tuple[int, Fraction]:
    """Most pairs, then most total IoU, over every way to pair."""
    small, large = sorted((predicted, true), key=len)
    best = (0, Fraction(0))
    for order in permutations(range(len(large)), len(small)):
        ious = [iou_by_sets(small[i], large[j]) for i, j in enumerate(order)]
        good = [iou for iou in ious if iou >= threshold]
        best = max(best, (len(good), sum(good, Fraction(0))))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_matching_equals_trying_every_pairing(seed):
    rng = np.random.default_rng(seed)
    sets = []
    for size in rng.integers(1, 6, 2):
        onset = rng.integers(0, 12, size)
        sets.append([(int(o), int(o + w)) for o, w in zip(onset, rng.integers(2, 12, size), strict=True)])
    predicted, true = sets
    pairs = match(predicted, true, iou=0.3)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    ious = [iou_by_sets(predicted[p], true[t]) for p, t in pairs]
    assert all(iou >= Fraction(3, 10) for iou in ious)
    assert (len(pairs), sum(ious, Fraction(0))) == best_by_trying_everything(predicted, true, Fraction(3, 10))


def test_more_pairs_beat_a_better_one():
    # greedily pairing the perfect prediction leaves the other one alone
    predicted, true = [(0, 9), (0, 6)], [(0, 9), (3, 12)]
    assert len(match(predicted, true, iou=0.5)) == 2


@pytest.mark.parametrize(
    ("iou", "prediction", "truth"),
    [
        (0.5, (0, 9), (0, 19)),
        (0.7, (0, 6), (0, 9)),
        (0.3, (0, 2), (0, 9)),
        (0.6, (0, 2), (0, 4)),
        (0.1, (0, 0), (0, 9)),
        (0.35, (0, 6), (0, 19)),
        (0.55, (0, 10), (0, 19)),
        (1.0, (3, 8), (3, 8)),
    ],
)
def test_an_overlap_of_exactly_the_threshold_counts(iou, prediction, truth):
    assert iou_by_sets(prediction, truth) == Fraction(str(iou))
    assert len(match([prediction], [truth], iou=iou)) == 1
    one_frame_later = (truth[0], truth[1] + 1)
    assert len(match([prediction], [one_frame_later], iou=iou)) == 0


def test_every_threshold_of_two_decimals_is_exact():
    for percent in range(1, 101):
        assert len(match([(0, percent - 1)], [(0, 99)], iou=percent / 100)) == 1
        if percent > 1:
            assert len(match([(0, percent - 2)], [(0, 99)], iou=percent / 100)) == 0


def test_the_end_frames_can_be_left_out():
    assert len(match([(0, 9)], [(0, 19)], iou=0.5)) == 1
    assert len(match([(0, 9)], [(0, 19)], iou=0.5, inclusive=False)) == 0  # 9 of 19
    assert len(match([(5, 5)], [(5, 5)], iou=0.5, inclusive=False)) == 0  # no length, no overlap


def test_a_case_counted_by_hand():
    truth = table(
        ("a", "me", 10, 19),
        ("a", "mae", 50, 99),
        ("b", "mae", 0, 39),
        ("b", "mae", 60, 99),
        ("d", "me", 0, 9),
    )
    predictions = table(
        ("a", "me", 10, 14),  # IoU .5: hit
        ("a", "me", 12, 19),  # a better one for the same truth: one of the two is a false alarm
        ("a", "me", 50, 99),  # right place, wrong class
        ("b", "mae", 5, 35),  # hit
        ("b", "mae", 100, 120),
        ("c", "me", 0, 9),  # a video without expressions
    )
    result = score(predictions, truth, videos=["c", "e"])
    assert result.to_dict() == {
        "me": {"tp": 1, "fp": 3, "fn": 1, "precision": 0.25, "recall": 0.5, "f1": pytest.approx(1 / 3)},
        "mae": {"tp": 1, "fp": 1, "fn": 2, "precision": 0.5, "recall": pytest.approx(1 / 3), "f1": 0.4},
        "overall": {
            "tp": 2,
            "fp": 4,
            "fn": 3,
            "precision": pytest.approx(1 / 3),
            "recall": 0.4,
            "f1": pytest.approx(4 / 11),
        },
    }
    assert list(result.to_dict()) == ["me", "mae", "overall"]
    assert all(type(value) in (int, float) for part in result.to_dict().values() for value in part.values())
    assert sorted(set(result.per_video["video"])) == ["a", "b", "c", "d", "e"]
    assert result.unlisted == ()


def test_a_video_nobody_listed_counts_and_is_named():
    result = score(table(("x", "me", 0, 9)), table(("a", "me", 0, 9)))
    assert (result.overall.tp, result.overall.fp, result.overall.fn) == (0, 1, 1)
    assert result.unlisted == ("x",)


def test_empty_tables_give_zeros():
    result = score(table(), table())
    assert result.to_dict()["overall"] == {
        "tp": 0,
        "fp": 0,
        "fn": 0,
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
    }
    assert score(table(), table(("a", "me", 0, 3))).overall.fn == 1
    assert score(table(("a", "me", 0, 3)), table()).overall.fp == 1


def test_order_of_rows_and_further_columns_make_no_difference():
    frames = [frame.assign(score=range(len(frame))) for frame in random_events(3)]
    wanted = score(*frames).to_dict()
    shuffled = [
        frame.sample(frac=1, random_state=number)[COLUMNS[::-1]] for number, frame in enumerate(frames)
    ]
    assert score(*shuffled).to_dict() == wanted
    assert wanted["overall"]["tp"] > 0


def test_swapping_truth_and_prediction_swaps_the_errors():
    first, second = table(("a", "me", 0, 9), ("a", "me", 40, 45)), table(("a", "me", 1, 10))
    there, back = score(first, second).me, score(second, first).me
    assert (there.tp, there.fp, there.fn) == (back.tp, back.fn, back.fp)


def test_table_has_the_counts_as_whole_numbers():
    result = score(table(("a", "me", 0, 9)), table(("a", "me", 0, 9))).table()
    assert result.loc["me", "tp"] == 1
    assert result["fp"].dtype.kind == "i"
    assert list(result.index) == ["me", "mae", "overall"]


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        (table(("a", "me", 0, 9)).drop(columns="offset"), "missing column offset"),
        (table(("a", "micro", 0, 9)), "unknown class 'micro'"),
        (table(("a", "me", 9, 0)), "row 0"),
        (table(("a", "me", -1, 0)), "row 0"),
        (
            table(("a", "me", 0, 9), ("a", "me", 0, 1e30)),
            r"row 1: onset 0\S*, offset 1e\+30.*offset <= 1000000000",
        ),
        (table((None, "me", 0, 9)), "predictions, row 0: no video; expected a video's name"),
        (table((float("nan"), "me", 0, 9)), "predictions, row 0: no video"),
        (table(("a", "me", 0, 9)).astype({"onset": "Int64"}).assign(onset=pd.NA), "row 0: onset <NA>"),
    ],
)
def test_a_table_that_cannot_be_scored_is_refused(predictions, words):
    with pytest.raises(InputError, match=words):
        score(predictions, table(("a", "me", 0, 9)))


@pytest.mark.parametrize("prediction", [("1", "me", "0.0", "9.0"), (1.0, "me", 0.0, 9.0), (1, "me", "0", 9)])
def test_names_and_frames_are_the_same_however_they_are_typed(prediction):
    scores = score(table(prediction), table(("1", "me", 0, 9)), videos=[1.0])
    assert (scores.me.tp, scores.overall.fp, scores.unlisted) == (1, 0, ())
    spotted, _ = outcomes(table(prediction), table((1, "me", 0, 9)))
    assert spotted[["video", "onset", "offset", "outcome"]].to_numpy().tolist() == [["1", 0, 9, "hit"]]


@pytest.mark.parametrize("iou", [0, -0.1, 1.1])
def test_a_threshold_out_of_range_is_refused(iou):
    with pytest.raises(InputError, match="iou"):
        score(table(), table(), iou=iou)
