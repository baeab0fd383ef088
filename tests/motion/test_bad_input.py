"""Videos as people really have them: each oddity is handled by a rule, told in the notes, and never spoils a window."""

from __future__ import annotations

import re
import shutil

import cv2
import mp4
import numpy as np
import pytest
from clips import Clip

from msstgcn import motion
from msstgcn.datasets import open_video
from msstgcn.datasets.lenient import frames_of, ranges
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, FaceState, Pose, identity

SIDE = 240
WALL = 96  # grey level of an empty place


@pytest.fixture(scope="module")
def people() -> list[list[np.ndarray]]:
    """Two people, four pictures of each in which the head sways a little."""
    faces = [Face(identity(seed), Camera(size=SIDE, iod=70.0)) for seed in (1, 3)]
    return [
        [face.render(FaceState(pose=Pose(yaw=yaw)), frame=i) for i, yaw in enumerate((0, 1, 2, 1))]
        for face in faces
    ]


@pytest.fixture(scope="module")
def filmed(people, tmp_path_factory):
    """An MPEG-4 file of 48 frames of the first person, every twelfth a key frame, 25 a second."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    sink = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (320, SIDE))
    for i in range(48):
        sink.write(
            cv2.cvtColor(np.pad(people[0][i % 4], ((0, 0), (40, 40)), mode="edge"), cv2.COLOR_GRAY2BGR)
        )
    sink.release()
    return path


def beside(*pictures: np.ndarray) -> np.ndarray:
    return np.hstack(pictures)


def told(found: motion.VideoFeatures) -> str:
    return "\n".join(str(note) for note in found.notes)


def test_sound_video_has_no_notes(people):
    found = motion.extract(Clip([people[0][i % 4] for i in range(20)]))
    assert found.notes == ()
    assert found.mask.all()


def test_no_face_in_some_frames_is_told_and_masked(people):
    empty = np.full((SIDE, SIDE), WALL, np.uint8)
    noise = np.random.default_rng(0).integers(80, 110, (3, SIDE, SIDE)).astype(np.uint8)
    a = [people[0][i % 4] for i in range(20)]
    found = motion.extract(Clip([empty, *a, *noise, *a]))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found.iod)), [0, 21, 22, 23])
    assert "repair: clip, frames 0, 21-23: no face; no window that holds one of them is used" in told(found)
    assert "clip, frame 24: the face is back; no window holds frames from before and after" in told(found)


def test_long_absence_costs_little_and_ends_within_a_few_frames(people, monkeypatch):
    a, empty = [people[0][i % 4] for i in range(12)], [np.full((SIDE, SIDE), WALL, np.uint8)] * 60
    looks = []
    inner = motion.FaceTracker._everywhere
    monkeypatch.setattr(
        motion.FaceTracker, "_everywhere", lambda self, grey: looks.append(0) or inner(self, grey)
    )
    found = motion.extract(Clip([*a, *empty, *a]))
    assert len(looks) < 30
    back = np.flatnonzero(~np.isnan(found.iod))
    assert back[:12].tolist() == list(range(12))
    assert 72 <= back[12] < 76


def test_two_faces_that_swap_places_at_once(people):
    one, two = people
    alone = [beside(one[i % 4], np.full_like(one[0], WALL)) for i in range(4)]
    before = [beside(one[i % 4], two[i % 4]) for i in range(4, 24)]
    after = [beside(two[i % 4], one[i % 4]) for i in range(24, 48)]
    clip = Clip(alone + before + after)
    places = followed(clip)
    assert (places[:24] < SIDE).all()
    assert (places[24:] > SIDE).all(), "the other person was followed"
    found = motion.extract(clip)
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(16, 32))
    assert "frame 24: a cut" in told(found)
    assert re.search(
        "note: clip, frame.*24: several faces; the one that was followed, or looked most like it", told(found)
    )
    assert np.abs(found.flow).max() < 8  # a window across the swap would show a displacement of 300 percent


def test_two_faces_that_walk_past_each_other(people):
    """The second person passes in front of the first: no window may hold both."""
    one, two = people
    frames, where = [], []
    for i in range(60):
        x1, x2 = 120 + 5 * i, 2 * SIDE - 120 - 5 * i
        picture = np.full((SIDE, 3 * SIDE), WALL, np.uint8)
        picture[:, x1 : x1 + SIDE] = one[i % 4]
        if i >= 3:
            picture[:, max(0, x2) : x2 + SIDE] = two[i % 4][:, max(0, -x2) :]
        frames.append(picture)
        where.append((x1 + SIDE / 2, x2 + SIDE / 2))
    found, places, centres = motion.extract(Clip(frames)), followed(Clip(frames)), np.array(where)
    apart = np.abs(centres[:, 0] - centres[:, 1]) > SIDE / 4
    on = apart[:, None] & (np.abs(places[:, None] - centres) < 25)  # which of the two was followed
    assert on[apart].any(axis=1).all()
    assert on[3:8, 0].all()
    windows = motion.window_frames(len(frames), 17)[found.mask]
    assert not on[windows].any(axis=1).all(axis=1).any()
    assert (~found.mask).any()
    assert "no window holds frames from before and after" in told(found)


def followed(clip: Clip) -> np.ndarray:
    """Horizontal place of the followed face in every frame, NaN where there is none."""
    tracker = motion.FaceTracker(motion.predictor_path())
    faces = [tracker.step(picture) for picture in clip.pictures]
    return np.array([np.nan if face is None else face.landmarks[27:, 0].mean() for face in faces])


def test_largest_of_several_faces_is_taken_at_the_start(people):
    small = cv2.resize(people[1][0], (SIDE * 3 // 5, SIDE * 3 // 5), interpolation=cv2.INTER_AREA)
    aside = np.pad(small, ((0, SIDE - len(small)), (0, 0)), constant_values=WALL)
    found = motion.extract(Clip([beside(aside, people[0][i % 4]) for i in range(6)]))
    assert found.mask.all()
    assert np.median(found.iod) == pytest.approx(70, rel=0.15)
    assert "clip, frame 0: several faces" in told(found)


def test_several_faces_at_the_start_are_masked_until_one_is_left(people):
    one, two = people
    both = [beside(one[i % 4], two[i % 4]) for i in range(10)]
    alone = [beside(one[i % 4], np.full_like(one[0], WALL)) for i in range(20)]
    found = motion.extract(Clip(both + alone))
    assert np.isnan(found.iod[:10]).all()
    assert not np.isnan(found.iod[12:]).any()  # after some frames without one, not every frame is looked at
    assert "several faces and no way to tell which one to follow" in told(found)


def test_a_cut_is_told(people):
    shifted = [np.roll(people[0][i % 4], 60, axis=1) for i in range(20)]
    found = motion.extract(Clip([people[0][i % 4] for i in range(20)] + shifted))
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(12, 28))
    assert "clip, frame 20: a cut" in told(found)


def test_another_face_after_a_cut_is_told():
    dark, fair = (Face(identity(seed), Camera(size=SIDE, iod=70.0)).render(FaceState()) for seed in (5, 14))
    found = motion.extract(Clip([dark] * 10 + [np.full_like(dark, WALL)] * 3 + [fair] * 10))
    assert re.search("clip, frame 13: (the face is back|a face unlike)", told(found))
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(2, 21))


def test_sixteen_frames_are_fewer_than_a_window(people):
    found = motion.extract(Clip([people[0][i % 4] for i in range(16)]))
    assert found.flow.shape == (16, 17, 10, 2)
    assert found.mask.all()
    np.testing.assert_array_equal(found.flow[15, 8], found.flow[15, 16])  # the last frame, repeated


def test_repeated_frames_are_told_and_kept(people):
    pictures = [people[0][i % 4] for i in range(20)]
    pictures[7] = pictures[8] = pictures[6]
    found = motion.extract(Clip(pictures))
    assert told(found) == (
        "note: clip, frames 7-8: the same pictures as the frames before; kept: nothing moves from one to the other"
    )
    assert found.mask.all()
    assert np.abs(found.flow[14, :3]).max() < 1e-4  # window 14 begins at frame 6: the dot products' rounding


def test_face_that_is_too_small_for_a_while(people):
    far = np.full((SIDE, SIDE), WALL, np.uint8)
    near = people[0]
    few = Face(identity(1), Camera(size=SIDE, iod=27.0)).render(FaceState())
    assert few.shape == far.shape
    found = motion.extract(Clip([few] * 3 + [near[i % 4] for i in range(20)]))
    assert np.isnan(found.iod[:3]).all()
    assert re.search(r"the face is too small: \d\d to \d\d pixels between the eyes", told(found))
    with pytest.raises(InputError, match=r"too small: 2\d pixels.*at least 30"):
        motion.extract(Clip([few] * 3))


def test_face_of_a_phone_held_upright(filmed, tmp_path):
    """The picture lies on its side in the file, and the display matrix says to turn it."""
    lying = tmp_path / "phone.mp4"
    sink = cv2.VideoWriter(str(lying), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (SIDE, 320))
    upright = [frame for frame in open_video(filmed).frames(0, 6)]
    for frame in upright:
        sink.write(np.rot90(frame, 1).copy())
    sink.release()
    with pytest.raises(InputError, match="no face in any frame"):
        motion.extract(open_video(lying))
    mp4.turn(lying)
    video = open_video(lying)
    assert video.frame(0).shape == upright[0].shape
    assert np.abs(video.frame(0).astype(int) - upright[0]).mean() < 3  # compressed twice
    assert motion.extract(video).mask.all()


def test_variable_frame_rate_is_told(filmed, tmp_path):
    path = tmp_path / "uneven.mp4"
    shutil.copy(filmed, path)
    ((count, ticks),) = mp4.durations(path)
    mp4.uneven(path, [(24, ticks), (12, 2 * ticks), (12, ticks)])
    found = motion.extract(open_video(path))
    assert len(found) == count == 48
    assert found.mask.all()
    assert re.search(
        r"a variable frame rate: 26% of the steps are not near 40\.0 ms \(longest 80 ms\)", told(found)
    )


def test_corrupt_frames_keep_their_place_and_the_rest_is_used(filmed, tmp_path):
    data = bytearray(filmed.read_bytes())
    middle = data.index(b"mdat") + (data.index(b"moov") - data.index(b"mdat")) * 9 // 20
    data[middle : middle + 3000] = bytes(3000)
    path = tmp_path / "corrupt.mp4"
    path.write_bytes(data)
    sound = list(open_video(filmed).frames())
    notes: list = []
    read = list(frames_of(open_video(path), notes.append))
    assert len(read) == len(sound) == 48
    gone = [i for i, frame in enumerate(read) if frame is None]
    assert 0 < len(gone) < 13  # up to the next key frame
    after = read[gone[-1] + 1 :]
    assert len(after) > 10
    for ours, theirs in zip(after, sound[gone[-1] + 1 :], strict=True):
        np.testing.assert_array_equal(ours, theirs)  # the same frames at the same numbers
    found = motion.extract(open_video(path))
    assert not found.mask[gone].any()
    assert found.mask[:8].all() and found.mask[-8:].all()
    assert f"{ranges(gone)}: " in told(found) and "cannot be read" in told(found)
    with pytest.raises(InputError, match="cannot be read"):
        list(open_video(path).frames())


def test_damaged_pictures_keep_their_place(people, tmp_path):
    for i in range(30):
        cv2.imwrite(str(tmp_path / f"{i:02d}.png"), people[0][i % 4])
    (tmp_path / "11.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "12.png"), people[0][0][:-10])
    found = motion.extract(open_video(tmp_path))
    assert len(found) == 30
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(3, 21))
    assert "11.png: the picture cannot be read" in told(found)
    assert "12.png: picture of 240 x 230 pixels" in told(found)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(InputError, match="holds no frame that can be read.*cannot be read"):
        motion.extract(open_video(tmp_path))


@pytest.mark.parametrize("bits", [12, 16])
def test_pictures_of_16_bits_are_those_of_8(people, tmp_path, bits):
    for i in range(6):
        deep = people[0][i % 4].astype(np.uint16) << (bits - 8)
        cv2.imwrite(str(tmp_path / f"{i}.png"), deep)
    found = motion.extract(open_video(tmp_path))
    np.testing.assert_array_equal(found.flow, motion.extract(Clip([people[0][i % 4] for i in range(6)])).flow)
    assert f"pictures of 16 bits, {bits} of them in use; brought to 8 bits" in told(found)


def test_alpha_is_left_out(people, tmp_path):
    for i in range(3):
        grey = people[0][i]
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.dstack([grey, grey, grey, 255 - grey]))
    found = motion.extract(open_video(tmp_path))
    np.testing.assert_array_equal(found.flow, motion.extract(Clip(people[0][:3])).flow)
    assert "pictures with an alpha channel; alpha left out" in told(found)


@pytest.mark.parametrize("size", [(241, 239), (333, 257)])
def test_odd_sizes(people, tmp_path, size):
    width, height = size
    path = tmp_path / "odd.avi"
    sink = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25.0, size)
    pictures = [cv2.resize(people[0][i % 4], size, interpolation=cv2.INTER_AREA) for i in range(6)]
    for picture in pictures:
        sink.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    sink.release()
    video = open_video(path)
    assert video.frame(0).shape[:2] == (height, width)
    found = motion.extract(video)
    assert found.mask.all()
    assert np.isfinite(found.flow).all()


def test_ranges_in_words():
    assert ranges([4]) == "frame 4"
    assert ranges([1, 2, 3, 7]) == "frames 1-3, 7"
    assert ranges(list(range(0, 20, 2))) == "frames 0, 2, 4, 6, 8 and 5 more places"
