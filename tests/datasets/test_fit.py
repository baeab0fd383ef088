"""The generator's annotations fit the real ones, and annotations that do not are told from them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from msstgcn.datasets import statistics, synthetic
from msstgcn.datasets.describe import describe, gaps_of, nearest_preset
from msstgcn.datasets.fit import LEVEL, Drawn, combined, corrected, draw, fit, fit_over_seeds
from msstgcn.datasets.lengths import law
from msstgcn.datasets.script import DIFFICULTIES, draw_expressions, write_script
from msstgcn.errors import InputError
from msstgcn.settings import SyntheticSettings
from msstgcn.timeline import Expression


@pytest.mark.parametrize("preset", ["samm-lv", "casme2"])
def test_nothing_is_rejected_with_30_people_over_5_seeds(preset):
    """Among 21 quantities the smallest of honest p is below .01 in one case of six: hence Holm's correction."""
    table = fit_over_seeds(preset, subjects=30, seeds=range(5))
    assert table.filter(like="seed").shape == (21, 5)
    assert table["p"].notna().all()
    worst = table.loc[table["p, Holm"].idxmin()]
    assert worst["p, Holm"] >= LEVEL, worst.to_string()


@pytest.fixture(scope="module")
def drawn():
    return draw("samm-lv", subjects=30, seed=0)


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
    [
        (longer, "duration"),
        (late_apex, "apex position"),
        (same_units, "action units together"),
        (same_units, "action units alone"),
        (left, "one-sided"),
    ],
)
def test_what_does_not_fit_is_rejected(drawn, change, quantity):
    for label in ("me", "mae"):
        assert p_of(changed(drawn, change), label, quantity) < 1e-3


def test_wrong_counts_and_overlaps_are_rejected(drawn):
    twice = [replace(v, expressions=v.expressions + v.expressions) for v in drawn]
    assert p_of(twice, "mae", "events a video") < 1e-3
    assert p_of(twice, "all", "overlapping") < 1e-3


def test_wrong_lengths_gaps_people_and_rates_are_rejected(drawn):
    alike = [replace(v, frames=469) for v in drawn]
    assert p_of(alike, "all", "video length") < 1e-3
    slow = [
        replace(v, frames=3 * v.frames, expressions=tuple(moved(e, 3) for e in v.expressions)) for v in drawn
    ]
    assert p_of(slow, "all", "gap between events") < 1e-3
    for label in ("me", "mae"):
        assert p_of(slow, label, "events a minute") < 1e-3
        assert p_of(drawn, label, "events a minute") > 0.01
    strangers = [replace(v, subject=f"{v.subject} {i}") for i, v in enumerate(drawn)]
    assert p_of(strangers, "all", "videos a subject") < 1e-3
    assert p_of(strangers, "mae", "events a subject") < 1e-3


def moved(e, factor):
    """The same event at a later time, as long as it was."""
    by = (factor - 1) * e.onset
    return replace(e, onset=e.onset + by, apex=e.apex + by, offset=e.offset + by)


def test_what_is_drawn_is_what_the_data_set_holds(drawn):
    data = synthetic(SyntheticSettings(preset="samm-lv", subjects=30, videos=0, seconds=0, seed=0))
    assert [(v.subject, len(v)) for v in data.videos] == [(v.subject, len(v)) for v in drawn]
    for i in (0, 40, 120):
        assert data.videos[i].expressions == drawn[i].expressions


def test_holms_correction_by_hand():
    np.testing.assert_allclose(
        corrected(np.array([0.04, 0.001, np.nan, 0.03, 0.5])), [0.09, 0.004, np.nan, 0.09, 0.5]
    )


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


EARLY, INSIDE, LATE = (
    Expression(0, 9, 20, "mae", ("4",)),
    Expression(3, 5, 8, "me", ("12",)),
    Expression(36, 40, 45, "me", ("7",)),
)


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
    assert here["all", "videos a subject, mean"] == 1.5
    assert here["all", "videos without events, share"] == pytest.approx(1 / 3)
    assert here["all", "video length, 50 % are below (s)"] == pytest.approx(30.0)
    assert gaps_of(videos).tolist() == []  # the two events of the first video overlap
    assert gaps_of([Drawn("c", 10.0, 99, (EARLY, INSIDE, LATE))]).tolist() == [1.5]  # frames 21 to 35
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
            people = figures["events_per_subject"]
            assert sum(people.values()) == real["subjects"] == sum(real["videos_per_subject"].values())
            assert sum(int(n) * k for n, k in people.items()) == figures["count"]
            minutes = real["videos"] * real["video_seconds_mean"] / 60
            assert figures["count"] / minutes == pytest.approx(figures["per_minute"], rel=0.01)
            a, b = figures["apex"]
            assert 0.3 < stats.beta.mean(a, b) < 0.5
        share, seconds = law(real["video_seconds"])
        middle = np.interp(np.linspace(0, 1, 10_001), share, seconds).mean()
        assert middle == pytest.approx(real["video_seconds_mean"], rel=0.02)
        known = sum(int(n) * k for n, k in real["videos_per_subject"].items())
        assert real["videos"] - known in (0, 3)  # three videos without an event are nobody's
