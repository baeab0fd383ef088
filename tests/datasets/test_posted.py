"""Posted features: the right ten regions, and files that are not what they should be."""

import numpy as np
import pytest

from msstgcn.datasets.posted import LABELS, read_posted_segment, read_posted_segments, read_posted_video
from msstgcn.errors import InputError

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("regions", [13, 15])
def test_the_ten_nodes_of_a_video(tmp_path, regions):
    array = RNG.normal(size=(30, 17, regions, 2))
    np.save(tmp_path / "006_1.npy", array)
    video = read_posted_video(tmp_path / "006_1.npy")
    assert video.name == "006_1"
    assert video.flow.shape == (30, 17, 10, 2) and video.flow.dtype == np.float32
    for node, region in enumerate([1, 2, 3, 5, 6, 7, 9, 10, 11, 12]):
        np.testing.assert_array_equal(video.flow[:, :, node], array[:, :, region].astype(np.float32))


def test_a_training_segment(tmp_path):
    feature, label = RNG.normal(size=(16, 17, 12, 2)), RNG.uniform(size=(16, 8))
    np.savez(tmp_path / "a.npz", feature=feature, label=label)
    segment = read_posted_segment(tmp_path / "a.npz")
    np.testing.assert_array_equal(segment.flow, feature[:, :, :10].astype(np.float32))
    np.testing.assert_array_equal(segment.labels, label.astype(np.float32))
    assert LABELS[0] == "me start" and LABELS[7] == "mae action"


def test_bad_videos(tmp_path):
    path = tmp_path / "a.npy"
    with pytest.raises(InputError, match="no such file"):
        read_posted_video(path)
    path.write_text("hello")
    with pytest.raises(InputError, match="cannot be read"):
        read_posted_video(path)
    for shape in ((30, 16, 13, 2), (30, 17, 12, 2), (30, 17, 13), (0, 17, 13, 2)):
        np.save(path, np.zeros(shape))
        with pytest.raises(InputError, match=r"expected \(T, 17, 13 or more, 2\)"):
            read_posted_video(path)
    array = np.zeros((30, 17, 13, 2))
    array[7, 0, 0, 0] = np.nan
    np.save(path, array)
    with pytest.raises(InputError, match="frame 7"):
        read_posted_video(path)
    np.save(path, np.full((30, 17, 13, 2), "x"))
    with pytest.raises(InputError, match="expected numbers"):
        read_posted_video(path)
    np.save(path, np.full((30, 17, 13, 2), None), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_posted_video(path)
    np.savez(tmp_path / "a.npz", a=array)
    with pytest.raises(InputError, match="several arrays"):
        read_posted_video(tmp_path / "a.npz")


def test_bad_segments(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, feature=np.zeros((16, 17, 10, 2)))
    with pytest.raises(InputError, match="feature and label"):
        read_posted_segment(path)
    np.savez(path, feature=np.zeros((16, 17, 10, 2)), label=np.zeros((16, 7)))
    with pytest.raises(InputError, match=r"expected \(16, 8\)"):
        read_posted_segment(path)
    np.savez(path, feature=np.zeros((15, 17, 10, 2)), label=np.zeros((16, 8)))
    with pytest.raises(InputError, match=r"expected \(16, 17, 10 or more, 2\)"):
        read_posted_segment(path)
    np.savez(path, feature=np.zeros((16, 17, 10, 2)), label=np.zeros((16, 8)))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        read_posted_segment(path)


def test_damaged_files_are_named(tmp_path):
    """Bytes overwritten anywhere in an archive, and a header whose brackets do not close."""
    path = tmp_path / "a.npz"
    rng = np.random.default_rng(0)
    np.savez_compressed(path, feature=rng.normal(size=(16, 17, 10, 2)), label=np.zeros((16, 8)))
    whole, refused = path.read_bytes(), 0
    for at in [*range(0, 120, 3), *rng.integers(0, len(whole) - 8, 80)]:
        path.write_bytes(whole[:at] + rng.bytes(8) + whole[at + 8 :])
        try:
            read_posted_segment(path)
        except InputError as error:
            assert error.where == str(path)
            refused += 1
    assert refused > 60
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((1, 17, 13, 2)))
    path.write_bytes(path.read_bytes().replace(b"), }", b"(, }"))
    with pytest.raises(InputError, match="cannot be read"):
        read_posted_video(path)


def test_all_segments_of_a_folder(tmp_path):
    (tmp_path / "s15").mkdir()
    arrays = {}
    for name in ("s15/2", "s15/10", "1"):
        arrays[name] = (RNG.normal(size=(16, 17, 10, 2)), RNG.uniform(size=(16, 8)))
        np.savez(tmp_path / f"{name}.npz", feature=arrays[name][0], label=arrays[name][1])
    (tmp_path / "notes.txt").write_text("x")
    steps = []
    segments = read_posted_segments(tmp_path, steps.append)
    assert [segment.name for segment in segments] == ["1", "s15/2", "s15/10"]
    assert sum(steps) == 3
    for segment in segments:
        np.testing.assert_array_equal(segment.flow, arrays[segment.name][0].astype(np.float32))
        np.testing.assert_array_equal(segment.labels, arrays[segment.name][1].astype(np.float32))
    np.savez(tmp_path / "s15" / "3.npz", feature=np.zeros((16, 17, 9, 2)), label=np.zeros((16, 8)))
    with pytest.raises(InputError, match=r"s15/3\.npz: features of shape \(16, 17, 9, 2\)"):
        read_posted_segments(tmp_path)


def test_folders_without_segments(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_posted_segments(tmp_path / "none")
    with pytest.raises(InputError, match="no training segments"):
        read_posted_segments(tmp_path)
