"""What false alarms are put down to, against cases counted by hand."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from msstgcn.datasets import Nuisance, synthetic
from msstgcn.settings import SyntheticSettings
from msstgcn.spotting import CAUSES, cause_table, outcomes
from msstgcn.spotting.causes import lies_on
from msstgcn.timeline import Expression


@dataclass
class Known:
    """A video of which only is known what happened."""

    name: str
    expressions: tuple = ()
    nuisances: tuple = ()
    frames: int = 200
    subject: str = field(default="s")

    def __len__(self):
        return self.frames


def found(*rows):
    return pd.DataFrame(list(rows), columns=["video", "class", "onset", "offset"])


def numbers(table, label="me"):
    own = table[table["class"] == label]
    return {cause: n for cause, n in zip(own["cause"], own["number"], strict=True) if n}


VIDEO = Known(
    "a",
    (Expression(10, 14, 19, "me"), Expression(100, 120, 139, "mae")),
    (Nuisance("blink", 40, 48), Nuisance("jerk", 44, 80), Nuisance("twitch", 160, 164)),
)


@pytest.mark.parametrize(
    ("ends", "cause"),
    [
        ((41, 49), "blink"),  # 8 of 9 frames; of the jerk only 6
        ((46, 60), "jerk"),
        ((62, 66), "jerk"),  # within it: all of the shorter one
        ((158, 170), "twitch"),  # the twitch lies within
        ((110, 118), "other class"),  # on the long one, far from IoU .5
        ((16, 26), "ends off"),
        ((180, 190), "nothing known"),
        ((48, 52), "jerk"),  # one frame of the blink: not half of anything
        ((82, 90), "nothing known"),
    ],
)
def test_each_false_alarm_has_the_cause_it_lies_on(ends, cause):
    table = cause_table([VIDEO], found(("a", "me", *ends)))
    assert numbers(table) == {cause: 1}
    assert numbers(table, "mae") == {}


def test_hits_have_no_cause_and_second_intervals_their_own():
    table = cause_table([VIDEO], found(("a", "me", 10, 19), ("a", "me", 11, 20), ("other", "me", 0, 5)))
    assert numbers(table) == {"same expression again": 1}


def test_what_is_a_hit_is_decided_as_it_is_scored():
    half = found(("a", "me", 10, 14))  # 5 of 10 frames; without the +1, 4 of 9
    assert numbers(cause_table([VIDEO], half)) == {}
    assert numbers(cause_table([VIDEO], half, inclusive=False)) == {"ends off": 1}


def test_chance_is_the_share_of_places():
    """A single blink of nine frames in 200: an interval of nine lies on it at the 9 places that share 5 or more."""
    video = Known("a", (), (Nuisance("blink", 100, 108),))
    table = cause_table([video], found(("a", "me", 0, 8), ("a", "me", 100, 108))).set_index(
        ["class", "cause"]
    )
    assert table.loc[("me", "blink"), "number"] == 1
    assert table.loc[("me", "blink"), "by chance"] == pytest.approx(2 * 9 / 192)
    assert table.loc[("me", "nothing known"), "by chance"] == pytest.approx(2 * 183 / 192)
    assert np.isnan(table.loc[("me", "ends off"), "by chance"])


def test_an_interval_as_long_as_the_video_has_one_place():
    table = cause_table([Known("a", frames=10)], found(("a", "me", 0, 9)))
    assert numbers(table) == {"nothing known": 1}
    assert table["by chance"].sum() == 1


def test_nothing_happened():
    assert lies_on(np.array([[0, 5]]), np.zeros((0, 2), np.int64), []) == ["nothing known"]
    empty = cause_table([Known("a")], found())
    assert empty["number"].sum() == 0
    assert list(empty["cause"]) == 2 * list(CAUSES)


def test_every_false_alarm_of_real_videos_is_counted_once():
    """Random intervals in synthetic videos: as many causes as false alarms, and chance adds up to those it is about."""
    videos = synthetic(SyntheticSettings(subjects=3, videos=2)).videos
    rng = np.random.default_rng(0)
    rows = []
    for video in videos:
        for label in ("me", "mae"):
            for start in rng.integers(0, len(video) - 40, 12):
                rows.append((video.name, label, int(start), int(start + rng.integers(5, 40))))
    table = cause_table(videos, found(*rows))
    truth = found(*((v.name, e.label, e.onset, e.offset) for v in videos for e in v.expressions))
    spotted, _ = outcomes(found(*rows), truth)
    for label in ("me", "mae"):
        own, mine = table[table["class"] == label], spotted[spotted["class"] == label]
        assert own["number"].sum() == (mine["outcome"] != "hit").sum()
        assert own["by chance"].sum() == pytest.approx(
            mine["outcome"].isin(["nothing there", "other class"]).sum()
        )
