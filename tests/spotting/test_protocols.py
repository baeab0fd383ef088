"""Ways of counting by name, each with a case counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from random_events import random_events

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import MATCHINGS, ROWS, SELECTIONS, score

COLUMNS = ["video", "class", "onset", "offset"]


def table(*rows) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=COLUMNS)


def counted(predictions, truth, **protocol):
    result = score(predictions, truth, **protocol)
    return [(c.tp, c.fp, c.fn) for c in (result.me, result.mae, result.overall)]


TRUTH = table(
    ("a", "me", 10, 19),
    ("a", "mae", 40, 79),
    ("a", "mae", 0, 29),
    ("b", "mae", 5, 44),
)
PREDICTIONS = table(
    ("a", "me", 10, 19),  # hits the ME
    ("a", "me", 11, 20),  # hits it too: 9 of 11 frames
    ("a", "mae", 41, 79),  # hits the first MaE
    ("a", "me", 42, 79),  # lies on it too, as the other class
    ("b", "me", 5, 44),  # lies on the MaE of b
    ("b", "mae", 90, 99),  # nowhere
    ("b", "me", 60, 65),  # nowhere
)


@pytest.mark.parametrize(
    ("matching", "me", "mae"),
    [
        # ME: one of the two on it; 42-79, b 5-44 and b 60-65 are false. MaE: one of three found, 90-99 is false.
        ("one-to-one", (1, 4, 0), (1, 1, 2)),
        # The second on the ME is a hit as well, and misses stay as they are.
        ("many-to-one", (2, 3, 0), (1, 1, 2)),
        # b's MaE is hit by an ME; a second pair on one event is still refused.
        ("class-agnostic", (1, 3, 0), (2, 1, 1)),
    ],
)
def test_each_matching_counts_as_by_hand(matching, me, mae):
    overall = tuple(a + b for a, b in zip(me, mae, strict=True))
    assert counted(PREDICTIONS, TRUTH, matching=matching) == [me, mae, overall]


def test_many_to_one_does_not_let_one_prediction_hide_two_misses():
    # one long prediction over two true halves: each IoU is exactly one half, so it hits both
    truth = table(("a", "mae", 0, 9), ("a", "mae", 10, 19))
    assert counted(table(("a", "mae", 0, 19)), truth, matching="many-to-one")[1] == (1, 0, 0)
    assert counted(table(("a", "mae", 0, 19)), truth)[1] == (1, 0, 1)


@pytest.mark.parametrize(
    ("rows", "me", "mae"),
    [
        ("keep-all", (1, 4, 0), (1, 1, 2)),
        # the MaE from frame 0 is no longer missed
        ("drop-onset-0", (1, 4, 0), (1, 1, 1)),
        # b holds no ME: both of its spotted ME go
        ("only-videos-with-the-class", (1, 2, 0), (1, 1, 2)),
    ],
)
def test_each_row_policy_counts_as_by_hand(rows, me, mae):
    assert counted(PREDICTIONS, TRUTH, rows=rows)[:2] == [me, mae]


def test_a_dropped_event_makes_its_prediction_a_false_alarm():
    assert counted(table(("a", "mae", 0, 29)), TRUTH.iloc[2:3], rows="drop-onset-0")[1] == (0, 1, 0)


def test_videos_without_any_event_stay_in_the_list_under_every_policy():
    for rows in ROWS:
        result = score(PREDICTIONS, TRUTH, rows=rows, videos=["z"])
        assert set(result.per_video["video"]) == {"a", "b", "z"}


def test_without_the_added_frame_an_overlap_of_just_half_is_none():
    half = table(("a", "me", 0, 9)), table(("a", "me", 0, 19))
    assert counted(*half)[0] == (1, 0, 0)
    assert counted(*half, inclusive=False)[0] == (0, 1, 1)  # 9 of 19
    # and it can help: 10 of 19 becomes 9 of 17
    gain = table(("a", "me", 0, 9)), table(("a", "me", 0, 17))
    assert counted(*gain, iou=0.54)[0] == (1, 0, 0)
    assert counted(*gain, iou=0.54, inclusive=False)[0] == (0, 1, 1)  # .529 < .54 <= .556


@pytest.mark.parametrize("seed", range(4))
def test_counts_hold_together_whatever_the_protocol(seed):
    frames = random_events(seed)
    strict = score(*frames)
    for matching in MATCHINGS:
        for rows in ROWS:
            got = score(*frames, matching=matching, rows=rows)
            assert (
                got.to_dict()
                == score(
                    *(f.sample(frac=1, random_state=1) for f in frames), matching=matching, rows=rows
                ).to_dict()
            )
            if rows == "keep-all":
                assert got.overall.tp >= strict.overall.tp  # each is more lenient than the challenge
                assert got.overall.tp + got.overall.fp == len(frames[0])
            if matching != "many-to-one" and rows != "drop-onset-0":
                assert got.overall.tp + got.overall.fn == len(frames[1])


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        ({"matching": "many"}, "unknown matching 'many'.*one-to-one, many-to-one, class-agnostic"),
        ({"rows": "keep"}, "unknown row policy 'keep'.*did you mean 'keep-all'"),
    ],
)
def test_an_unknown_protocol_is_refused_with_the_list(protocol, message):
    with pytest.raises(InputError, match=message):
        score(table(), table(), **protocol)


def test_the_settings_name_protocols_that_exist():
    settings = SpottingSettings()
    assert settings.selection in SELECTIONS and settings.matching in MATCHINGS and settings.rows in ROWS
    for registry, first in ((SELECTIONS, "fixed-epoch"), (MATCHINGS, "one-to-one"), (ROWS, "keep-all")):
        assert next(iter(registry)) == first, "the honest one is the default"
