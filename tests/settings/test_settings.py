"""Settings are strict, and say what would have been right."""

import pytest

from msstgcn.errors import InputError
from msstgcn.settings import (
    PROFILES,
    LearningSettings,
    MotionSettings,
    NetworkSettings,
    SpottingSettings,
    SyntheticSettings,
    profile,
)


def test_an_unknown_setting_lists_the_valid_ones_and_the_nearest():
    with pytest.raises(InputError, match=r"unknown setting 'epoch'.*epochs.*did you mean 'epochs'\?"):
        LearningSettings.make({"epoch": 3})


def regions(number):
    """As many regions of one's own."""
    return [{"name": f"r{n}", "landmark": n % 68, "dx": n // 68 / 10} for n in range(number)]


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (LearningSettings, {"epochs": "3"}, "epochs = '3'.*valid integer"),
        (LearningSettings, {"epochs": 0}, "epochs = 0.*greater than or equal to 1"),
        (LearningSettings, {"sampling": "some"}, "'expression' or 'all'"),
        (MotionSettings, {"window": 4}, "odd number"),
        (LearningSettings, {"lr": float("inf")}, "lr = inf.*finite number"),
        (SpottingSettings, {"mae_far": 10**13}, "mae_far = .*less than or equal to 100000"),
        (SyntheticSettings, {"subjects": 1}, "subjects = 1"),
        (NetworkSettings, {"kernels": [3, 5]}, "kernels"),
        (NetworkSettings, {"regions": regions(256)}, r"'landm.{0,200} \.\.\. cannot .*at most 255 items"),
        (MotionSettings, {"regions": regions(256)}, "at most 255 items"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(kind, values, message):
    with pytest.raises(InputError, match=message):
        kind.make(values)


@pytest.mark.parametrize(
    ("stage", "values", "message"),
    [
        ("network", {"spatial": "flat", "graph": "random"}, "graph must be left as it is, because"),
        ("motion", {"window": 4}, "window must be an odd number of frames, so that it has a middle"),
        ("learning", {"folds": 1}, "folds must be 0 or at least 2"),
    ],
)
def test_settings_that_do_not_go_together_are_named_without_the_rest_of_their_stage(stage, values, message):
    with pytest.raises(InputError) as told:
        profile("cpu").but(**{stage: values})
    assert str(told.value).startswith(f"Profile, {stage}: {message}")


def test_as_many_regions_as_a_byte_numbers_are_taken():
    assert len(NetworkSettings.make({"regions": regions(255)}).regions) == 255


def test_a_changed_copy_is_checked_too_and_leaves_the_original():
    base = LearningSettings()
    assert base.but(epochs=3).epochs == 3
    assert base.epochs == 100
    with pytest.raises(InputError):
        base.but(epochs=-1)


def test_the_window_is_the_receptive_field():
    assert NetworkSettings().receptive_field == MotionSettings().window == 17


def test_the_digest_follows_the_values():
    assert LearningSettings().digest() == LearningSettings(epochs=100).digest()
    assert LearningSettings().digest() != LearningSettings(epochs=99).digest()


def test_profiles_grow():
    smoke, cpu, gpu = (PROFILES[name].data for name in ("smoke", "cpu", "gpu"))
    assert smoke.subjects * smoke.videos < cpu.subjects * cpu.videos < gpu.subjects * gpu.videos
    assert smoke.size < cpu.size == gpu.size
    with pytest.raises(InputError, match="unknown profile 'huge'.*smoke, cpu, gpu"):
        profile("huge")


@pytest.mark.parametrize(
    ("seconds", "fps", "stride", "frames"),
    [
        (0.6, 28.57, 1, 17),
        (0.5, 30, 1, 15),
        (0.5, 200, 1, 101),
        (0.5, 200, 7, 15),
        (0.01, 30, 1, 3),
        (0.6, 30, 1, 17),
    ],
)
def test_a_window_in_seconds_is_the_nearest_odd_number_of_frames(seconds, fps, stride, frames):
    chosen = MotionSettings(window_seconds=seconds, stride=stride).at(fps)
    assert chosen.window == frames
    assert chosen.window_seconds is None
    odd = range(3, 102, 2)
    wanted = seconds * fps / stride
    assert abs(frames - wanted) == min(abs(k - wanted) for k in odd)


def test_a_window_in_frames_is_the_same_at_any_rate():
    assert MotionSettings(window=9).at(200.0) == MotionSettings(window=9)


def test_a_window_in_seconds_that_grows_too_long_is_refused():
    with pytest.raises(InputError, match=r"makes a window of 401 frames.*at most 101.*stride"):
        MotionSettings(window_seconds=2.0).at(200.0)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([], "at least one region"),
        ([{"name": "a", "landmark": 68}], r"landmark = 68.*less than or equal to 67"),
        ([{"name": "a", "landmark": -1}], r"landmark = -1.*greater than or equal to 0"),
        ([{"name": "", "landmark": 3}], "at least 1 character"),
        ([{"name": "a", "landmark": 3, "dx": 9.0}], r"dx = 9.*less than or equal to 1.5"),
        ([{"name": "a", "landmark": 3, "size": 1}], "size"),
        ([{"name": "a", "landmark": 3}, {"name": "a", "landmark": 4}], "'a' stands twice"),
        ([{"landmark": 3}], "regions.0.name is missing"),
        (22, """regions = 22 cannot be used; expected the name of a set in quotation marks, such as "22\""""),
    ],
)
def test_regions_of_ones_own_are_checked(regions, message):
    with pytest.raises(InputError, match=message):
        MotionSettings.make({"regions": regions})


def test_regions_of_ones_own_count_in_the_digest():
    one, other = ({"regions": [{"name": "chin", "landmark": 8, "dy": dy}]} for dy in (0.0, 0.1))
    assert MotionSettings.make(one).digest() != MotionSettings.make(other).digest()
    assert MotionSettings.make(one).but(stride=2).regions == MotionSettings.make(one).regions
