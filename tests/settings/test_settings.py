"""Settings are strict, and say what would have been right."""

import pytest

from msstgcn.errors import InputError
from msstgcn.settings import (
    PROFILES,
    LearningSettings,
    MotionSettings,
    NetworkSettings,
    SyntheticSettings,
    profile,
)


def test_an_unknown_setting_lists_the_valid_ones_and_the_nearest():
    with pytest.raises(InputError, match=r"unknown setting 'epoch'.*epochs.*did you mean 'epochs'\?"):
        LearningSettings.make({"epoch": 3})


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (LearningSettings, {"epochs": "3"}, "epochs = '3'.*valid integer"),
        (LearningSettings, {"epochs": 0}, "epochs = 0.*greater than or equal to 1"),
        (LearningSettings, {"sampling": "some"}, "'expression' or 'all'"),
        (MotionSettings, {"window": 4}, "odd number"),
        (SyntheticSettings, {"subjects": 1}, "subjects = 1"),
        (NetworkSettings, {"kernels": [3, 5]}, "kernels"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(kind, values, message):
    with pytest.raises(InputError, match=message):
        kind.make(values)


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
    with pytest.raises(InputError, match="unknown profile 'huge'.*smoke, cpu, gpu"):
        profile("huge")
