"""Folders of pictures as they are found: a bad one costs itself alone, and what is made of an odd one is told."""

import os
import shutil
import struct

import cv2
import numpy as np
import pytest

from msstgcn.datasets import open_video, pictures
from msstgcn.datasets.check import look_over, picture_header
from msstgcn.datasets.lenient import frames_of
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.reading import RealDataset
from msstgcn.errors import InputError

PLAIN = np.arange(48, dtype=np.uint8).reshape(6, 8)


def folder(path, pictures, first=1, suffix=".png"):
    path.mkdir()
    for number, picture in enumerate(pictures, start=first):
        assert cv2.imwrite(str(path / f"img{number:03d}{suffix}"), picture)
    return path


def as_numbered(path):
    return NumberedVideo(path, path.name, "s", 30.0)


def read(video):
    findings = []
    return list(frames_of(video, findings.append)), "\n".join(map(str, findings))


def checked(video):
    return look_over(RealDataset("one", (video,)), "folder", video.path).text()


def empty(path):
    path.write_bytes(b"")


def smaller(path):
    cv2.imwrite(str(path), PLAIN[:3])


def deeper(path):
    cv2.imwrite(str(path), PLAIN.astype(np.uint16))


def gone(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere.png"))


@pytest.mark.parametrize("opened", [open_video, as_numbered])
@pytest.mark.parametrize("harm", [empty, smaller, deeper, gone])
@pytest.mark.parametrize("bad", [1, 6, 12])
def test_one_bad_picture_costs_itself_alone(tmp_path, opened, harm, bad):
    """Also the first: it is not what the others are measured by."""
    path = folder(tmp_path / "v", [PLAIN + i for i in range(12)])
    harm(path / f"img{bad:03d}.png")
    frames, told = read(opened(path))
    assert [i + 1 for i, frame in enumerate(frames) if frame is None] == [bad]
    for i, frame in enumerate(frames):
        if frame is not None:
            np.testing.assert_array_equal(frame, PLAIN + i)
    assert f"img{bad:03d}.png" in told
    assert len(opened(path).digest) == 64
    assert checked(opened(path)).count("error: ") == 1


def test_the_bits_of_deep_pictures_are_those_of_the_brightest_of_some(tmp_path):
    """A dark first picture of a 12-bit camera does not make it one of 10 bits."""
    pictures = [np.full((4, 5), 900, np.uint16)] + [
        np.full((4, 5), 1000 * i, np.uint16) for i in (1, 2, 3, 4)
    ]
    frames, told = read(open_video(folder(tmp_path / "v", pictures)))
    assert [int(frame[0, 0]) for frame in frames] == [900 >> 4, 62, 125, 187, 250]
    assert "12 of them in use" in told


def test_eight_bits_in_files_of_sixteen(tmp_path):
    frames, told = read(open_video(folder(tmp_path / "v", [PLAIN.astype(np.uint16) + 200])))
    np.testing.assert_array_equal(frames[0], PLAIN + 200)
    assert "pictures of 16 bits, 8 of them in use" in told


def test_brighter_pictures_than_those_looked_at_are_told(tmp_path):
    pictures = [np.full((4, 5), 1000, np.uint16) for _ in range(40)]
    pictures[1] = pictures[2] = np.full((4, 5), 1200, np.uint16)
    frames, told = read(open_video(folder(tmp_path / "v", pictures)))
    assert int(frames[1][0, 0]) == 255 and int(frames[0][0, 0]) == 250
    assert (
        "repair: v, frames 1-2: values beyond the 10 bits of the pictures looked at first; cut off at white"
        in told
    )


def jpeg(picture, orientation=None):
    data = cv2.imencode(".jpg", picture)[1].tobytes()
    if orientation is None:
        return data
    entry = b"\x01\x12\0\x03\0\0\0\x01" + struct.pack(">H", orientation) + b"\0\0"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def test_pictures_of_a_phone_held_upright_are_turned(tmp_path):
    lying = np.zeros((40, 60), np.uint8)
    lying[:, :30] = 255
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "1.jpg").write_bytes(jpeg(lying, 6))  # 6: to be turned clockwise
    frame = open_video(tmp_path / "v").frame(0)
    assert frame.shape == (60, 40)
    assert frame[:25].min() > 250 and frame[35:].max() < 5


@pytest.mark.parametrize("padding", [100, 70_000])
def test_bytes_behind_the_end_of_a_picture_do_no_harm(tmp_path, padding):
    (tmp_path / "1.jpg").write_bytes(jpeg(PLAIN) + bytes(padding))
    assert picture_header(tmp_path / "1.jpg") == (8, 6, False, 8)
    (tmp_path / "2.jpg").write_bytes(jpeg(PLAIN)[:-20] + bytes(padding))
    with pytest.raises(InputError, match="cut short"):
        picture_header(tmp_path / "2.jpg")


def overwrite(path, data):
    """In place: neither the folder nor the length of the file changes."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.write(data)
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))  # as a clock of coarse steps may not show the change
    assert path.stat().st_size == size


@pytest.mark.parametrize("opened", [open_video, as_numbered])
def test_the_digest_follows_any_picture_and_survives_copying(tmp_path, opened):
    path = folder(tmp_path / "v", [PLAIN] * 70, suffix=".bmp")
    video = opened(path)
    before = video.digest
    (tmp_path / "copy").mkdir()
    copy = shutil.copytree(path, tmp_path / "copy" / "v", copy_function=shutil.copy)
    assert opened(copy).digest == before
    overwrite(path / "img030.bmp", cv2.imencode(".bmp", PLAIN + 1)[1].tobytes())
    assert video.digest != before != opened(path).digest


def test_of_many_pictures_the_digest_reads_every_64th_whole(tmp_path, calls):
    path = folder(tmp_path / "v", [PLAIN])
    for i in range(2, 5001):
        (path / f"img{i}.png").hardlink_to(path / "img001.png")
    whole = calls(pictures, "digest_file")
    assert as_numbered(path).digest
    assert len(whole) == -(-5000 // 64)


def test_names_of_folders(tmp_path, monkeypatch):
    path = folder(tmp_path / "take.1", [PLAIN])
    (path / "inner").mkdir()
    assert open_video(path).name == open_video(path).subject == "take.1"
    monkeypatch.chdir(path)
    assert open_video(".").name == "take.1"
    monkeypatch.chdir(path / "inner")
    assert open_video("..").name == "take.1"


def test_pictures_numbered_from_0_are_told(tmp_path):
    video = as_numbered(folder(tmp_path / "v", [PLAIN + i for i in range(5)], first=0))
    frames, told = read(video)
    assert len(frames) == 4
    assert "repair: v: a picture of number 0, while labels count from 1" in told
    assert "a picture of number 0" in checked(video) and "video left out" in checked(video)


def test_pages_of_a_file_are_told(tmp_path):
    (tmp_path / "v").mkdir()
    assert cv2.imwritemulti(str(tmp_path / "v" / "stack.tif"), [PLAIN + i for i in range(20)])
    video = open_video(tmp_path / "v")
    for told in (read(video)[1], checked(video)):
        assert "20 pages in one file, stack.tif; only the first is a frame" in told


def test_a_folder_of_films_is_no_video_and_the_message_names_one(tmp_path):
    for name in ("b.mp4", "a.MOV", ".hidden.mp4", "notes.txt"):
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"no pictures in the folder.*a film is named by itself: .*a\.MOV$"):
        open_video(tmp_path)
