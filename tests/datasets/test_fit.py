"""The generator's annotations fit the real ones, and annotations that do not are told from them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from msstgcn.datasets import statistics
from msstgcn.datasets.describe import describe, nearest_preset
from msstgcn.datasets.fit import Drawn, combined, draw, fit, fit_over_seeds
from msstgcn.datasets.script import DIFFICULTIES, draw_expressions, write_script
from msstgcn.errors import InputError
from msstgcn.timeline import Expression


@pytest.mark.parametrize("preset", ["samm-lv", "casme2"])
def test_nothing_is_rejected_with_30_people_over_5_seeds(preset):
    table = fit_over_seeds(preset, subjects=30, seeds=range(5))
    assert len(table) == 11
    assert table["p"].notna().all()
    worst = table.loc[table["p"].idxmin()]
    assert worst["p"] >= 0.01, worst.to_string()


@pytest.fixture(scope="module")
def drawn():
    return draw("samm-lv", subjects=30, videos=5, seed=0)


def p_of(videos, label, quantity, against="samm-lv"):
    table = fit(videos, against).set_index(["class", "quantity"])
    return table.loc[(label, quantity), "p"]


def changed(videos, change):
    return [replace(v, expressions=tuple(change(v, e) for e in v.expressions)) for v in videos]


def longer(video, e):
    offset = min(round(e.onset + 1.4 * (e.offset - e.onset)), video.frames - 1)
    return replace(e, offset=offset)


def late_apex(video, e):
    return replace(e, apex=e.offset - 1 if e.offset - e.onset > 1 else e.apex)


def same_units(video, e):
    return replace(e, action_units=("4",))


def left(video, e):
    return replace(e, action_units=tuple("L" + unit.lstrip("LR") for unit in e.action_units))


@pytest.mark.parametrize(
    ("change", "quantity"),
    [(longer, "duration"), (late_apex, "apex position"), (same_units, "action units"), (left, "one-sided")],
)
def test_what_does_not_fit_is_rejected(drawn, change, quantity):
    for label in ("me", "mae"):
        assert p_of(changed(drawn, change), label, quantity) < 1e-3


def test_wrong_counts_and_overlaps_are_rejected(drawn):
    twice = [replace(v, expressions=v.expressions + v.expressions) for v in drawn]
    assert p_of(twice, "mae", "events a video") < 1e-3
    assert p_of(twice, "all", "overlapping") < 1e-3


def test_clustered_counts_are_not_rejected_too_often():
    """Counts drawn from the real histogram, all videos of a person equal: their number is not taken at its word."""
    real = statistics("samm-lv")["mae"]["events_per_video"]
    values, weights = [int(n) for n in real], np.array(list(real.values())) / sum(real.values())
    rng = np.random.default_rng(0)
    rejected = 0
    for _ in range(60):
        videos = []
        for person in range(30):
            number = int(rng.choice(values, p=weights))
            events = tuple(Expression(20 * i, 20 * i + 8, 20 * i + 17, "mae", ("4",)) for i in range(number))
            videos += [Drawn(f"s{person}", 30.0, 500, events)] * 5
        rejected += p_of(videos, "mae", "events a video") < 0.05
    assert rejected <= 60 * 0.2  # an uncorrected chi-square rejects most of them


def test_too_little_to_test_is_no_number():
    table = fit([Drawn("a", 30.0, 300, (Expression(1, 4, 9, "me", ("4",)),))], "samm-lv")
    assert table["p"].isna().sum() >= 8
    empty = fit([Drawn("a", 30.0, 300, ())], "casme2")
    assert empty["p"].isna().all()
    assert np.isnan(combined(np.array([np.nan])))


def test_several_p_become_one():
    rng = np.random.default_rng(1)
    many = [combined(rng.uniform(size=5)) for _ in range(2000)]
    for level in (0.01, 0.05, 0.2):  # uniform under the null: three standard errors of 2000 draws
        assert np.mean(np.array(many) < level) == pytest.approx(level, abs=3 * np.sqrt(level / 2000))
    assert combined(np.array([1e-6, 0.5, 0.5])) < 1e-4
    assert combined(np.array([0.3] * 5)) == pytest.approx(0.3)


def test_expressions_alone_are_those_of_the_script():
    script = write_script("casme2", DIFFICULTIES["hard"], 900, 30.0, 4, 2, 1)
    assert draw_expressions("casme2", 900, 30.0, 4, 2, 1) == script.expressions


# --- the table -----------------------------------------------------------------------------------------------


def test_figures_of_a_set_counted_by_hand():
    videos = [
        Drawn(
            "a", 30.0, 900, (Expression(0, 4, 8, "me", ("L4", "7")), Expression(5, 35, 64, "mae", ("12",)))
        ),
        Drawn("b", 30.0, 900, (Expression(30, 36, 42, "me", ("7",)),)),
        Drawn("b", 30.0, 1800, ()),
    ]
    table = describe(videos, "casme2").set_index(["class", "quantity"])
    here = table["here"]
    assert here["all", "subjects"] == 2
    assert here["all", "video length, mean (s)"] == pytest.approx(40.0)
    assert here["all", "overlapping events, share"] == pytest.approx(2 / 3)
    assert here["me", "events"] == 2
    assert here["me", "events a minute"] == pytest.approx(1.0)
    assert here["me", "duration, mean (s)"] == pytest.approx((9 + 13) / 2 / 30)
    assert here["me", "apex position, mean"] == pytest.approx(0.5)
    assert here["me", "one-sided, share"] == pytest.approx(0.5)
    assert here["me", "most frequent action units"] == "7, 4"
    assert here["mae", "duration, 50 % are below (s)"] == pytest.approx(2.0)
    assert table["real"]["mae", "events"] == 300
    assert table["real"]["me", "events a video, mean"] == pytest.approx(57 / 98)
    assert nearest_preset(videos) == "casme2"


def test_a_set_without_labels():
    table = describe([Drawn("a", 200 / 7, 300, ())])
    assert table["real"].iloc[0] == 30
    assert pd.isna(table.set_index(["class", "quantity"])["here"]["me", "duration, mean (s)"])
    with pytest.raises(InputError, match="unknown preset"):
        describe([], "mine")


def test_real_figures_agree_with_one_another():
    """Counts, histograms and rates in the file of statistics tell the same story."""
    for preset in ("samm-lv", "casme2"):
        real = statistics(preset)
        for label in ("me", "mae"):
            figures = real[label]
            per_video = figures["events_per_video"]
            assert sum(per_video.values()) == real["videos"]
            assert sum(int(n) * k for n, k in per_video.items()) == figures["count"]
            minutes = real["videos"] * real["video_seconds_mean"] / 60
            assert figures["count"] / minutes == pytest.approx(figures["per_minute"], rel=0.01)
            a, b = figures["apex"]
            assert 0.3 < stats.beta.mean(a, b) < 0.5
