"""The studies of chapter 10 as they stand: every variant is one of its own, and says no more than it should."""

import numpy as np
import pytest

from msstgcn.datasets import synthetic
from msstgcn.runner import stages
from msstgcn.runner.study_parts import parts_of
from msstgcn.settings import MotionSettings, NetworkSettings
from msstgcn.studies import STUDIES
from msstgcn.studies.robustness import ROBUSTNESS, WINDOWS
from msstgcn.timeline.rates import SAMM_FPS

BY_NAME = {study.name: study for study in ROBUSTNESS}


@pytest.mark.parametrize("profile", ["smoke", "cpu", "gpu"])
@pytest.mark.parametrize("study", ROBUSTNESS, ids=lambda study: study.name)
def test_no_variant_is_another_one_under_a_second_name(study, profile):
    keys = [part.chosen.model_dump_json() for part in parts_of(study, profile)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("study", ROBUSTNESS, ids=lambda study: study.name)
def test_the_base_is_the_method_as_it_stands(study):
    assert study.chapter == 10
    assert not study.variants[study.base]


@pytest.mark.parametrize("profile", ["smoke", "cpu", "gpu"])
@pytest.mark.parametrize("study", ROBUSTNESS, ids=lambda study: study.name)
def test_networks_that_are_asked_only_have_been_trained_for_something_else_too(study, profile):
    parts = parts_of(study, profile)
    base = parts_of(STUDIES["lambda"], profile)[0].chosen
    full = stages.profile(profile) if profile == "cpu" else base
    if study.trained == "once":
        assert all(part.trained == full for part in parts)
    else:
        assert all(part.donor is None for part in parts)


def test_what_is_asked_about_is_no_larger_than_the_full_run():
    """Videos of the same people, by name: a network is asked about the person it was trained without."""
    for study in ROBUSTNESS:
        for part in parts_of(study, "cpu") if study.trained == "once" else []:
            assert part.chosen.data.subjects == part.donor.data.subjects
            assert part.chosen.data.videos <= part.donor.data.videos
            assert (part.chosen.learning, part.chosen.network) == (part.donor.learning, part.donor.network)


def test_in_full_size_networks_are_asked_about_as_much_as_they_are_trained_on():
    full = parts_of(STUDIES["lambda"], "gpu")[0].chosen.data
    for study in ROBUSTNESS:
        for part in parts_of(study, "gpu"):
            data = part.chosen.data
            assert (data.subjects, data.videos, data.seconds) == (full.subjects, full.videos, full.seconds)


def test_the_same_people_do_the_same_whatever_is_changed():
    """Labels in seconds stay, except where the study is about how strong expressions are or how they are seen."""
    for name in ("head-motion", "blinks-and-gaze", "alignment", "yaw", "picture", "resolution", "intensity"):
        parts = parts_of(BY_NAME[name], "smoke")
        first, *others = (synthetic(part.chosen.data).videos for part in parts)
        for videos in others:
            assert [v.expressions for v in videos] == [v.expressions for v in first], name


def test_windows_in_seconds_last_as_long_and_networks_see_all_of_them():
    long = MotionSettings(window_seconds=17 / SAMM_FPS)
    for fps, (window, kernels) in WINDOWS.items():
        assert window == long.at(fps).window
        assert NetworkSettings(kernels=kernels).receptive_field == window
        reach = np.array([kernel - 1 for kernel in kernels])
        np.testing.assert_allclose(
            reach / reach.sum(), np.array([2, 4, 4, 6]) / 16, atol=0.13
        )  # whole frames


def test_the_decoder_looks_as_many_seconds_far_at_every_rate():
    for name, part in zip(
        BY_NAME["frame-rate"].variants, parts_of(BY_NAME["frame-rate"], "cpu"), strict=True
    ):
        fps = part.chosen.data.fps or SAMM_FPS
        how = part.chosen.spotting
        for own, frames in ((how.me_near, 2), (how.me_far, 8), (how.mae_near, 8), (how.mae_far, 29)):
            assert abs(own / fps - frames / SAMM_FPS) <= 0.5 / fps + 1e-9, name


def test_a_window_in_frames_stays_and_one_in_seconds_follows():
    parts = {part.name: part.chosen for part in parts_of(BY_NAME["frame-rate"], "cpu")}
    assert {one.motion.window for name, one in parts.items() if name.endswith("frames")} == {17}
    assert parts["100 fps, window in seconds"].motion.window == 59
