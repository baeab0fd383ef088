"""Features on disk: what is read is what was written, or a refusal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msstgcn import motion
from msstgcn.datasets import Finding
from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures, load_features, save_features
from msstgcn.timeline import Expression


@pytest.fixture
def features() -> VideoFeatures:
    rng = np.random.default_rng(0)
    flow = rng.normal(size=(5, 3, 10, 2)).astype(np.float16).astype(np.float32)
    return VideoFeatures(
        "v", "s", 28.57, flow, np.array([True] * 4 + [False]),
        (Expression(1, 2, 3, "me", ("L12", "4")),), rng.random((5, 3, 10)).astype(np.float16),
        np.array([87, 88, np.nan, 87, 87], np.float32), "ab", tuple("abcdefghij"), {"crop": 192},
        (Finding("repair", "v, frame 2", "no face", "masked"),),
    )  # fmt: skip


def test_round_trip(features, tmp_path):
    save_features(features, tmp_path / "v.npz", "key")
    back = load_features(tmp_path / "v.npz", "key")
    for name in ("flow", "mask", "quality", "iod"):
        np.testing.assert_array_equal(getattr(back, name), getattr(features, name))
        assert getattr(back, name).dtype == getattr(features, name).dtype
    for name in ("video", "subject", "fps", "expressions", "predictor", "regions", "settings", "notes"):
        assert getattr(back, name) == getattr(features, name)


def test_features_without_quality(features, tmp_path):
    bare = VideoFeatures("v", "s", 30.0, features.flow, features.mask, ())
    save_features(bare, tmp_path / "v.npz")
    back = load_features(tmp_path / "v.npz")
    assert back.quality is None
    assert back.iod is None


def test_same_features_give_the_same_file(features, tmp_path):
    for name in ("a.npz", "b.npz"):
        save_features(features, tmp_path / name, "key")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("where", [0.05, 0.3, 0.6, 0.97])
def test_one_changed_byte_is_noticed(features, tmp_path, where):
    path = tmp_path / "v.npz"
    save_features(features, path)
    raw = bytearray(path.read_bytes())
    raw[int(where * len(raw))] ^= 0x40
    path.write_bytes(raw)
    try:
        back = load_features(path)
    except InputError as error:
        assert "damaged" in str(error)
        assert "make the features again" in str(error)
    else:  # a byte of the archive's own padding or dates: the content is untouched
        np.testing.assert_array_equal(back.flow, features.flow)


def test_changed_content_under_a_valid_archive_is_noticed(features, tmp_path):
    path = tmp_path / "v.npz"
    save_features(features, path)
    with np.load(path) as held:
        arrays = dict(held)
    arrays["flow"][0, 0, 0, 0] += 1
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="another digest"):
        load_features(path)


@pytest.mark.parametrize("content", [b"", b"half a file", b"PK\x03\x04 cut"])
def test_half_a_file(tmp_path, content):
    path = tmp_path / "v.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        load_features(path)


def test_missing_file_and_other_origin(features, tmp_path):
    with pytest.raises(InputError, match="no features there"):
        load_features(tmp_path / "none.npz")
    save_features(features, tmp_path / "v.npz", "key")
    with pytest.raises(InputError, match="other settings"):
        load_features(tmp_path / "v.npz", "another")


def test_mapped_features_are_the_same_and_take_no_memory(features, tmp_path):
    save_features(features, tmp_path / "v.npz")
    back = load_features(tmp_path / "v.npz", mapped=True)
    assert back.flow.dtype == np.float16
    for name in ("flow", "mask", "quality", "iod"):
        array = getattr(back, name)
        np.testing.assert_array_equal(array, getattr(features, name))
        assert not array.flags.owndata and not array.flags.writeable and array.flags.aligned
    with np.load(tmp_path / "v.npz") as held:  # an ordinary archive for everyone else
        np.testing.assert_array_equal(held["flow"], features.flow)


def test_half_precision_rounds_the_faintest_expression_by_far_less_than_the_noise(features, tmp_path):
    faint = np.random.default_rng(1).uniform(-0.4, 0.4, features.flow.shape).astype(np.float32)
    save_features(replace(features, flow=faint), tmp_path / "v.npz")
    error = np.abs(load_features(tmp_path / "v.npz").flow - faint).max()
    assert 0 < error <= 2.0**-13  # half of the step between two numbers of half precision below .5


def test_features_that_grow_on_disk_are_those_that_grow_in_memory(shifted, tmp_path):
    held, grown = motion.extract(shifted), motion.extract(shifted, scratch=tmp_path)
    assert isinstance(grown.flow, np.memmap)
    for name in ("flow", "quality", "mask"):
        np.testing.assert_array_equal(getattr(held, name), getattr(grown, name))
    assert not list(tmp_path.iterdir())
