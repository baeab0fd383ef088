import numpy as np
import pytest
from scipy import stats

from msstgcn.datasets import DIFFICULTIES, statistics, synthetic
from msstgcn.datasets.script import INTENSITY, _units, course, draw_expressions, minimum_jerk, write_script
from msstgcn.faces import HALVES, halves_of
from msstgcn.settings import SyntheticSettings

REAL = statistics("samm-lv")
FPS = REAL["fps"]
FRAMES = 469  # 16.4 s, the real mean


@pytest.fixture(scope="module")
def scripts():
    """48 people with five videos each: scripts only, without what gets in the way."""
    quiet = DIFFICULTIES["easy"]
    return [[write_script("samm-lv", quiet, FRAMES, FPS, 11, s, v) for v in range(5)] for s in range(48)]


def events(scripts, label):
    return [e for person in scripts for script in person for e in script.expressions if e.label == label]


def test_minimum_jerk_starts_and_ends_at_rest():
    t = np.linspace(-0.5, 1.5, 2001)
    rise = minimum_jerk(t)
    assert rise[t <= 0].max() == 0
    assert rise[t >= 1].min() == 1
    assert (np.diff(rise) >= 0).all()
    inside = (t > 0.01) & (t < 0.99)
    sixth = np.gradient(np.gradient(np.gradient(rise, t), t), t)[inside]
    np.testing.assert_allclose(
        sixth, (60 - 360 * t + 360 * t**2)[inside], atol=2
    )  # third derivative of the polynomial


@pytest.mark.parametrize(("onset", "apex", "offset"), [(10, 16, 21), (50, 51, 52), (30, 80, 140)])
def test_onset_and_offset_are_where_five_percent_is_passed(onset, apex, offset):
    wave = course(200, onset, apex, offset)
    seen = np.flatnonzero(wave >= 0.05 - 1e-4)
    assert (seen[0], seen[-1]) == (onset, offset)
    assert (np.diff(seen) == 1).all()
    assert wave.argmax() == apex
    assert wave[apex] == 1


def test_the_movement_of_a_lone_expression_is_its_label(scripts):
    """The true amplitudes, read without knowing how they were made, give onset, apex and offset back."""
    checked = 0
    for script in (s for person in scripts[:15] for s in person):
        for expression in script.expressions:
            others = [o for o in script.expressions if o is not expression]
            if any(o.onset <= expression.offset + 15 and expression.onset <= o.offset + 15 for o in others):
                continue
            half = halves_of(expression.action_units[0])[0]
            around = slice(max(0, expression.onset - 8), expression.offset + 9)
            wave = script.expression_units[around, half]
            seen = np.flatnonzero(wave >= 0.0499 * wave.max()) + around.start
            assert (seen[0], seen[-1]) == (expression.onset, expression.offset)
            assert wave.argmax() + around.start == expression.apex
            checked += 1
    assert checked > 50


@pytest.mark.parametrize("label", ["me", "mae"])
def test_durations_and_apexes_follow_the_real_ones(scripts, label):
    """Means within four standard errors (real and generated); long macro-expressions do not fit 16 s videos."""
    found, real = events(scripts, label), REAL[label]
    seconds = np.array([e.offset - e.onset for e in found]) / FPS
    kept = 1.0 if label == "me" else 0.82  # mean of the real durations up to .8 x 16.4 s, by their quantiles
    error = np.hypot(seconds.std() / np.sqrt(len(seconds)), real["duration_sd"] / np.sqrt(real["count"]))
    assert abs(seconds.mean() - kept * real["duration_mean"]) < 4 * error
    quantiles = real["duration_quantiles"]
    for percent in ("10", "25", "50", "75", "90"):
        below, upto = (np.mean(seconds <= quantiles[percent] + half / FPS) for half in (-0.5, 0.5))
        assert below - 0.07 < float(percent) / 100 < upto + 0.07  # a duration is a whole number of frames
    apex = np.array([(e.apex - e.onset) / (e.offset - e.onset) for e in found])
    a, b = real["apex"]
    assert apex.mean() == pytest.approx(a / (a + b), abs=4 * 0.17 / np.sqrt(len(apex)) + 0.01)


@pytest.mark.parametrize("label", ["me", "mae"])
def test_counts_follow_the_real_ones(scripts, label):
    """People differ, so the rate of 48 of them has a relative standard error of about 10 %."""
    real = REAL[label]
    counts = np.array([[sum(e.label == label for e in s.expressions) for s in person] for person in scripts])
    assert counts.mean() == pytest.approx(real["per_minute"] * FRAMES / FPS / 60, rel=0.35)
    assert counts.var() > 1.15 * counts.mean()  # over-dispersed, as the real ones
    between = counts.sum(1)
    assert between.var() / between.mean() > 1.5  # people differ


def test_combinations_sides_and_overlaps_follow_the_real_ones(scripts):
    for label in ("me", "mae"):
        found, real = events(scripts, label), REAL[label]
        one_sided = np.mean([any(unit[0] in "LR" for unit in e.action_units) for e in found])
        assert one_sided == pytest.approx(real["unilateral_share"], abs=0.08)
        listed = real["combinations"]
        names = ["+".join(unit.lstrip("LR") for unit in e.action_units) for e in found]
        top = sorted(listed, key=listed.get, reverse=True)[:6]
        observed = [sum(name == one for name in names) for one in top]
        expected = np.array([listed[one] for one in top]) / real["count"]
        observed.append(len(found) - sum(observed))
        test = stats.chisquare(observed, np.append(expected, 1 - expected.sum()) * len(found))
        assert test.pvalue > 0.001
    overlapping = [
        any(o is not e and o.onset <= e.offset and e.onset <= o.offset for o in s.expressions)
        for person in scripts
        for s in person
        for e in s.expressions
    ]
    assert np.mean(overlapping) == pytest.approx(REAL["overlapping_events_share"], abs=0.07)


def test_intensities_are_those_of_the_class(scripts):
    for person in scripts[:10]:
        for script in person:
            for expression, peak in zip(script.expressions, script.intensities, strict=True):
                low, high = INTENSITY[expression.label]
                assert low <= peak <= high
                half = halves_of(expression.action_units[0])[0]
                if "43" not in expression.action_units[0]:
                    assert script.expression_units[expression.apex, half] <= high + 1e-6
                    assert script.expression_units[expression.apex, half] >= 0.6 * low


def test_difficulty_changes_everything_but_the_expressions():
    easy, standard, hard = (
        write_script("samm-lv", DIFFICULTIES[name], FRAMES, FPS, 0, 1, 2)
        for name in ("easy", "standard", "hard")
    )
    assert easy.expressions == standard.expressions == hard.expressions
    np.testing.assert_array_equal(easy.expression_units, hard.expression_units)
    assert easy.pose[:, 0].std() < standard.pose[:, 0].std() < hard.pose[:, 0].std()
    assert {n.kind for n in easy.nuisances} <= {"blink"}
    assert not easy.other_units.any()


def test_nuisances_come_as_often_and_as_strong_as_said():
    made = [write_script("samm-lv", DIFFICULTIES["standard"], 3000, FPS, 5, s, 0) for s in range(30)]
    seconds = 30 * 3000 / FPS
    standard = DIFFICULTIES["standard"]
    for kind, every in (
        ("blink", standard.blink_every),
        ("jerk", standard.jerk_every),
        ("twitch", standard.twitch_every),
    ):
        times = sum(n.kind == kind for s in made for n in s.nuisances)
        assert times == pytest.approx(seconds / every, rel=0.25)
    assert {n.kind for s in made for n in s.nuisances} == {"blink", "jerk", "speech", "swallow", "twitch"}
    for script in made[:5]:
        for nuisance in script.nuisances:
            assert 0 <= nuisance.onset <= nuisance.offset < len(script)
            if nuisance.kind == "blink":
                assert script.blink[nuisance.onset : nuisance.offset + 1].max() > 0.3
    light = np.concatenate([s.light for s in made])
    assert light.std() == pytest.approx(np.hypot(0.006, 0.010 / np.sqrt(2)), rel=0.1)
    still = [write_script("samm-lv", DIFFICULTIES["easy"], 3000, FPS, 5, s, 0).pose[:, 0] for s in range(30)]
    assert np.std(still) == pytest.approx(DIFFICULTIES["easy"].drift[0], rel=0.2)


def test_states_hold_what_the_arrays_hold():
    script = write_script("samm-lv", DIFFICULTIES["hard"], FRAMES, FPS, 0, 0, 0)
    i = int(script.other_units.sum(1).argmax())
    state = script.state(i)
    units = script.expression_units[i] + script.other_units[i]
    assert sum(state.action_units.values()) == pytest.approx(units.sum())
    assert set(state.action_units) <= set(HALVES)
    assert state.pose.yaw == script.pose[i, 0]
    assert len(script) == FRAMES


def test_short_videos_hold_what_fits():
    for video in synthetic(SyntheticSettings(subjects=4, videos=3, seconds=2.0)).videos:
        assert all(e.offset < len(video) for e in video.expressions)


def test_sparse_videos_follow_their_own_statistics():
    """40 people with eight videos of 86 s: rates within what differs between people, durations by their median."""
    real = statistics("casme2")
    made = [draw_expressions("casme2", 2592, real["fps"], 2, s, v) for s in range(40) for v in range(8)]
    for label in ("me", "mae"):
        spans = [e.offset - e.onset for events in made for e in events if e.label == label]
        assert len(spans) / (len(made) * 86.4 / 60) == pytest.approx(real[label]["per_minute"], rel=0.5)
        assert np.median(spans) / 30 == pytest.approx(real[label]["duration_quantiles"]["50"], rel=0.2)
    overlapping = [
        any(o is not e and o.onset <= e.offset and e.onset <= o.offset for o in events)
        for events in made
        for e in events
    ]
    assert np.mean(overlapping) == pytest.approx(
        real["overlapping_events_share"], abs=0.06
    )  # short ones are missing


def test_rare_combinations_are_none_of_the_listed_ones():
    """Listed ones come as often as they should already: 40 data sets' worth of draws hold no more of them."""
    figures = REAL["mae"]
    rng = np.random.default_rng(0)
    names = ["+".join(unit.lstrip("LR") for unit in _units(figures, rng)) for _ in range(6000)]
    for unit, number in figures["units"].items():
        expected = 6000 * number / figures["count"]
        alone = sum(unit in name.split("+") for name in names)
        assert alone == pytest.approx(expected, abs=4 * np.sqrt(expected) + 0.15 * expected), (
            unit
        )  # nearly so
    for combination, number in figures["combinations"].items():
        expected = 6000 * number / figures["count"]
        assert names.count(combination) == pytest.approx(expected, abs=4 * np.sqrt(expected))
