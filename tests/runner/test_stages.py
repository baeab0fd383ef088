"""Stages are computed once, stored whole, and made again when something they depend on has changed."""

import cv2
import numpy as np
import pytest

from msstgcn import datasets, motion
from msstgcn.errors import InputError
from msstgcn.runner import feature_stages, stages
from msstgcn.settings import MotionSettings, SyntheticSettings

SMALL = SyntheticSettings(subjects=2, videos=1, seconds=2.0, size=240, iod=60.0)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    return tmp_path / "data"


def test_a_profile_takes_one_seed_and_single_settings_by_name():
    changed = stages.profile("smoke", seed=7, epochs=3, flow="farneback", threshold=stages.AS_PROFILE)
    assert changed.data.seed == changed.learning.seed == 7
    assert changed.learning.epochs == 3 and changed.motion.flow == "farneback"
    assert changed.spotting == stages.profile("smoke").spotting
    with pytest.raises(InputError, match="unknown setting 'epoch'.*did you mean 'epochs'"):
        stages.profile("smoke", epoch=3)
    with pytest.raises(InputError, match="epochs = 0 cannot be used"):
        stages.profile("smoke", epochs=0)


def test_features_are_those_of_a_direct_call_and_are_made_once(data, monkeypatch):
    source = datasets.synthetic(SMALL)
    first = stages.features_of(source, MotionSettings())
    direct = [motion.extract(video, MotionSettings()) for video in source.videos]
    for stored, made in zip(first, direct, strict=True):
        assert (stored.video, stored.subject, stored.fps) == (made.video, made.subject, made.fps)
        np.testing.assert_array_equal(stored.flow, made.flow)
        assert stored.expressions == made.expressions
    monkeypatch.setattr(feature_stages, "_make_features", lambda *_: pytest.fail("made again"))
    assert [f.video for f in stages.features_of(source, MotionSettings())] == ["s001_1", "s002_1"]


def test_what_was_finished_before_a_stop_is_not_made_again(data, monkeypatch):
    source = datasets.synthetic(SMALL)
    stages.features_of(source, MotionSettings())
    place = stages.feature_places(source, MotionSettings())[1]
    damaged = stages.data_store().folder(*place) / stages.FEATURES
    damaged.write_bytes(damaged.read_bytes()[:-100])
    made = []

    def here(function, calls, executor):
        for number, given in enumerate(calls):
            made.append(given[0].name)
            yield number, function(*given)

    monkeypatch.setattr(feature_stages.executors, "run", here)
    stages.features_of(source, MotionSettings())
    assert made == ["s002_1"]
    assert damaged.is_file()


def test_a_way_that_cannot_be_measured_costs_the_others_nothing(data, monkeypatch):
    extract = feature_stages.extract_each

    def picky(video, ways, **more):
        if any(way.landmark_offset for way in ways):
            raise InputError("no face")
        return extract(video, ways, **more)

    monkeypatch.setattr(feature_stages, "extract_each", picky)
    source = datasets.synthetic(SMALL)
    video, store = source.videos[0], stages.data_store()
    ways = [MotionSettings(landmark_offset=3.0), MotionSettings()]
    places = [stages.feature_places(source, way)[0] for way in ways]
    with feature_stages.executors.counted(store.root, "features", [2 * len(video)], "frame") as (counter,):
        told = feature_stages._make_features(video, dict(zip(places, ways, strict=True)), store, counter)
    assert told == {places[0]: "no face", places[1]: ""}
    assert store.entry(*places[0]) is None and store.entry(*places[1]) is not None


def test_a_video_that_is_measured_in_two_ways_is_rendered_once_and_measured_as_alone(data, monkeypatch):
    ways = {"motion": MotionSettings(), "lower": MotionSettings(landmark_offset=3.0)}
    profiles = {
        name: stages.profile(
            "smoke", **SMALL.model_dump(exclude_defaults=True), landmark_offset=one.landmark_offset
        )
        for name, one in ways.items()
    }
    alone = {}
    for name, one in profiles.items():
        monkeypatch.setenv("MSSTGCN_DATA", str(data / name))
        alone[name] = stages.features(one)
    rendered = []
    frame = datasets.SyntheticVideo.frame
    monkeypatch.setattr(
        datasets.SyntheticVideo, "frame", lambda video, i: rendered.append((video.name, i)) or frame(video, i)
    )
    monkeypatch.setattr(
        feature_stages.executors,
        "run",
        lambda function, calls, _: ((n, function(*given)) for n, given in enumerate(calls)),
    )
    monkeypatch.setenv("MSSTGCN_DATA", str(data / "together"))
    feature_stages.make_features(profiles.values())
    videos = stages.dataset(profiles["motion"]).videos
    assert len(rendered) == sum(len(video) for video in videos)
    rendered.clear()
    for name, one in profiles.items():
        for made, before in zip(stages.features(one), alone[name], strict=True):
            np.testing.assert_array_equal(made.flow, before.flow)
        assert feature_stages.features_seconds(one) > 0
    assert rendered == []


def test_videos_of_one_person_are_measured_one_after_the_other(data, monkeypatch):
    """Whatever their settings: a face takes as long to make ready as a hundred frames take to render."""
    asked = []
    monkeypatch.setattr(feature_stages.executors, "run", lambda _, calls, __: asked.extend(calls) or iter(()))
    noises = (0.0, 4.0)
    small = SMALL.model_dump(exclude_defaults=True)
    feature_stages.make_features([stages.profile("smoke", **{**small, "noise": noise}) for noise in noises])
    found = [(video.subject, video.settings.noise) for video, *_ in asked]
    people = sorted({subject for subject, _ in found})
    assert len(people) > 1
    assert [subject for subject, _ in found] == sorted(subject for subject, _ in found)
    assert {noise for _, noise in found} == set(noises)


def test_other_settings_are_another_place(data):
    source = datasets.synthetic(SMALL)
    places = {
        stages.feature_places(source, settings)[0]
        for settings in (MotionSettings(), MotionSettings(head="nose"), MotionSettings(crop=128))
    }
    assert len(places) == 3


def test_features_of_a_video_of_ones_own_are_copied_out(data, tmp_path):
    video = datasets.synthetic(SMALL).videos[0]
    folder = tmp_path / "my video"
    folder.mkdir()
    for index, frame in enumerate(video.frames(0, 20)):
        cv2.imwrite(str(folder / f"{index:03d}.png"), frame)
    (path,) = stages.features_to(folder, tmp_path / "out", stages.profile("smoke"))
    assert path.parent == tmp_path / "out"
    features = motion.load_features(path)
    assert features.flow.shape == (20, 17, 10, 2)
    assert features.expressions == ()


def test_a_video_without_a_face_is_named(data, tmp_path):
    folder = tmp_path / "wall"
    folder.mkdir()
    for index in range(3):
        cv2.imwrite(str(folder / f"{index}.png"), np.full((200, 200), 128, np.uint8))
    with pytest.raises(InputError, match="wall.*no face in any frame"):
        stages.features_to(folder, None, stages.profile("smoke"))
    assert not [path for path in data.rglob("*") if path.is_file()]


def test_a_data_set_folder_is_read_as_one(data, tmp_path):
    source = datasets.synthetic(SMALL)
    datasets.write_dataset(source, tmp_path / "set")
    paths = stages.features_to(tmp_path / "set", None, stages.profile("smoke"))
    direct = stages.features_of(source, MotionSettings())
    for path, expected in zip(paths, direct, strict=True):
        read = motion.load_features(path)
        np.testing.assert_array_equal(read.flow, expected.flow)
        assert read.expressions == expected.expressions


def test_the_data_in_use_is_told(data):
    chosen = stages.profile("smoke")
    found = stages.dataset(chosen)
    other = stages.dataset(stages.profile("smoke", yaw=20.0))
    for one in (found, other):
        assert f"synthetic-samm-lv (SHA-256 {one.digest[:16]})" in stages.used_data()
