"""What chapter 10 varies, against the exact truth of the generator: one thing changes, everything else stays."""

import numpy as np
import pytest

from msstgcn.datasets import synthetic
from msstgcn.errors import InputError
from msstgcn.faces import halves_of
from msstgcn.settings import SyntheticSettings

LONG = SyntheticSettings(subjects=6, videos=1, seconds=30.0)
SMALL = SyntheticSettings(subjects=2, videos=1, seconds=2.0, size=240, iod=60.0)


def scripts(**changes):
    return [video.script for video in synthetic(LONG.but(**changes)).videos]


@pytest.mark.parametrize("preset", ["samm-lv", "casme2"])
def test_at_twice_the_rate_every_second_frame_is_the_one_there_was(preset):
    """Light is left out: flicker from frame to frame belongs to the camera."""
    once = synthetic(LONG.but(preset=preset)).videos
    twice = synthetic(LONG.but(preset=preset, fps=2 * once[0].fps)).videos
    for slow, fast in zip(once, twice, strict=True):
        assert len(fast) == 2 * len(slow)
        a, b = slow.script, fast.script
        assert b.fps == fast.fps == 2 * slow.fps
        for part in ("expression_units", "other_units", "blink", "gaze", "pose"):
            np.testing.assert_array_equal(getattr(b, part)[::2], getattr(a, part))
        assert a.intensities == b.intensities
        for one, other in zip(a.expressions, b.expressions, strict=True):
            doubled = (2 * one.onset, 2 * one.apex, 2 * one.offset)
            assert (other.onset, other.apex, other.offset) == doubled
            assert (other.label, other.action_units) == (one.label, one.action_units)
        assert [n.kind for n in a.nuisances] == [n.kind for n in b.nuisances]


@pytest.mark.parametrize("fps", [15.0, 20.0, 60.0, 100.0])
def test_the_rate_changes_nothing_but_when_one_looks(fps):
    """Poses beside straight lines between those of the preset's frames; labels beside its labels, in seconds."""
    for slow, other in zip(scripts(), scripts(fps=fps), strict=True):
        seconds, known = np.arange(len(other)) / fps, np.arange(len(slow)) / slow.fps
        assert abs(len(other) / fps - len(slow) / slow.fps) < 1 / fps
        within = seconds <= known[-1]
        # Slow parts: the drift in 35 ms is far below .1 degrees, a jerk turns by at most 5 degrees in .2 s.
        for column in range(3):
            straight = np.interp(seconds[within], known, slow.pose[:, column])
            assert np.abs(other.pose[within, column] - straight).max() < 0.15
        assert len(other.expressions) == len(slow.expressions)
        for a, b in zip(slow.expressions, other.expressions, strict=True):
            # Whole frames within the movement: no earlier and no later, and less than a frame lost on either side.
            assert 0 <= b.onset / fps - a.onset / slow.fps + 1e-9 < 1 / fps + 1e-9
            assert 0 <= a.offset / slow.fps - b.offset / fps + 1e-9 < 1 / fps + 1e-9
            assert abs(b.apex / fps - a.apex / slow.fps) <= 1 / fps


def test_the_label_is_what_is_seen_at_that_rate():
    """Onset and offset of a lone movement are read off its amplitudes, without knowing how they were made."""
    checked = 0
    for script in scripts(fps=43.0):
        for event in script.expressions:
            near = [
                o for o in script.expressions if o.onset <= event.offset + 20 and event.onset <= o.offset + 20
            ]
            if len(near) > 1:
                continue
            start = max(0, event.onset - 10)
            wave = script.expression_units[start : event.offset + 11, halves_of(event.action_units[0])[0]]
            seen = start + np.flatnonzero(wave >= 0.05 * wave.max())
            # The peak lies between two frames: 5 % of what is seen can be a frame wider than 5 % of the movement.
            assert 0 <= event.onset - seen[0] <= 1
            assert 0 <= seen[-1] - event.offset <= 1
            assert start + int(wave.argmax()) == event.apex
            checked += 1
    assert checked > 5


@pytest.mark.parametrize("fps", [5.0, 240.0])
def test_rates_that_make_no_sense_are_refused(fps):
    with pytest.raises(InputError, match="fps"):
        SyntheticSettings.make({"fps": fps})


def test_a_still_head_keeps_its_pose_and_others_go_with_the_factor():
    for still, once, thrice in zip(
        scripts(head_motion=0.0), scripts(), scripts(head_motion=3.0), strict=True
    ):
        assert not still.pose.any()
        assert "jerk" not in {n.kind for n in still.nuisances}
        np.testing.assert_allclose(thrice.pose, 3 * once.pose, atol=2**-21)  # both are multiples of 2^-24
        np.testing.assert_array_equal(thrice.expression_units, once.expression_units)
        np.testing.assert_array_equal(thrice.other_units, once.other_units)


def test_a_turned_head_is_turned_by_that_much():
    for front, turned in zip(scripts(), scripts(yaw=20.0), strict=True):
        np.testing.assert_allclose(turned.pose[:, 0] - front.pose[:, 0], 20.0, atol=2**-20)
        np.testing.assert_array_equal(turned.pose[:, 1:], front.pose[:, 1:])


def test_the_turn_is_seen_in_the_landmarks():
    """The eyes move closer together as the cosine of the angle: their depth is the same on both sides."""
    still = SMALL.but(head_motion=0.0)
    front, turned = (synthetic(still.but(yaw=yaw)).videos[0].landmarks()[0] for yaw in (0.0, 25.0))
    across = [places[45, 0] - places[36, 0] for places in (front, turned)]
    assert across[1] / across[0] == pytest.approx(np.cos(np.deg2rad(25)), abs=0.01)
    assert turned[30, 0] - turned[27, 0] > front[30, 0] - front[27, 0] + 5  # the nose points to the right


@pytest.mark.parametrize(
    ("setting", "part", "every"), [("blink_rate", "blink", 4.0), ("gaze_rate", "gaze", 1.6)]
)
def test_blinks_and_gaze_come_as_often_as_asked(setting, part, every):
    never, once, twice = (scripts(**{setting: rate}) for rate in (0.0, 1.0, 2.0))
    for none, usual in zip(never, once, strict=True):
        assert not getattr(none, part).any()
        for other in {"blink", "gaze", "pose", "other_units", "expression_units", "light"} - {part}:
            np.testing.assert_array_equal(getattr(none, other), getattr(usual, other))

    def events(made):  # lids that begin to close, eyes that begin to turn
        moving = [np.abs(np.diff(getattr(s, part)[:, 0])) > 1e-3 for s in made]
        return sum(int((m[1:] & ~m[:-1]).sum()) for m in moving)

    if part == "blink":
        counts = [sum(n.kind == "blink" for s in made for n in s.nuisances) for made in (once, twice)]
    else:
        counts = [events(once), events(twice)]
    # 6 x 30 s hold 45 blinks or 112 shifts; a gamma law's counts have a relative sd below 12 %.
    assert counts[0] == pytest.approx(180 / every, rel=0.35)
    assert counts[1] / counts[0] == pytest.approx(2, rel=0.35)


@pytest.mark.parametrize("intensity", [0.25, 1.0, 2.0])
def test_every_micro_expression_reaches_the_intensity_at_its_apex(intensity):
    found = 0
    for usual, script in zip(scripts(), scripts(me_intensity=intensity), strict=True):
        assert script.expressions == usual.expressions
        for event, before, peak in zip(
            script.expressions, usual.intensities, script.intensities, strict=True
        ):
            if event.label == "mae":
                assert peak == before
                continue
            assert peak == intensity
            halves = [h for name in event.action_units for h in halves_of(name)]
            if any(name.endswith("43") for name in event.action_units):
                continue  # a closing of the eyes is as large whatever the class
            others = [o for o in script.expressions if o != event and o.onset <= event.apex <= o.offset]
            if not others:
                assert script.expression_units[event.apex, halves].max() == pytest.approx(intensity, abs=1e-6)
                found += 1
    assert found >= 3


@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_the_noise_of_the_sensor_is_as_strong_as_set(noise):
    """The same frame with and without noise; grey levels are rounded, which adds a variance of 1/12 on each side."""
    plain = {"jpeg_quality": 0}
    noisy, clear = (
        synthetic(SMALL.but(**plain, noise=sd)).videos[0].frame(3).astype(float) for sd in (noise, 0.0)
    )
    inside = (clear > 30) & (clear < 225)  # nothing is cut off at black or white
    difference = (noisy - clear)[inside]
    expected = np.sqrt(noise**2 + 2 / 12) if noise else 0.0
    assert difference.std() == pytest.approx(expected, rel=0.03)
    assert abs(difference.mean()) < 0.1


def test_compression_follows_the_quality_asked_for():
    frames = {
        quality: synthetic(SMALL.but(jpeg_quality=quality, noise=0.0)).videos[0].frame(0).astype(float)
        for quality in (0, 20, 60, 95)
    }
    lost = {quality: np.abs(frame - frames[0]).mean() for quality, frame in frames.items()}
    assert lost[20] > lost[60] > lost[95] > 0
    assert synthetic(SMALL.but(jpeg_quality=60, without=["compression"])).videos[0].face.camera.jpeg == 0


@pytest.mark.parametrize(
    "change",
    [
        {"fps": 30.0},
        {"head_motion": 0.5},
        {"yaw": 5.0},
        {"blink_rate": 0.0},
        {"noise": 3.0},
        {"me_intensity": 1.0},
    ],
    ids=str,
)
def test_the_digest_follows(change):
    assert synthetic(SMALL.but(**change)).digest != synthetic(SMALL).digest


def test_the_settings_that_are_the_defaults_change_nothing():
    written_out = SMALL.but(
        fps=200 / 7, noise=2.0, jpeg_quality=95, head_motion=1, yaw=0, blink_rate=1, gaze_rate=1
    )
    for usual, same in zip(synthetic(SMALL).videos, synthetic(written_out).videos, strict=True):
        assert usual.expressions == same.expressions
        np.testing.assert_array_equal(usual.frame(5), same.frame(5))
