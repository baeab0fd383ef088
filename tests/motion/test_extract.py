"""From frames to features, against motion that is known because it was made."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from clips import Clip, moved

from msstgcn import motion
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, FaceState, identity
from msstgcn.motion.extract import as_grey
from msstgcn.motion.flow import STARTS
from msstgcn.motion.regions import region_set
from msstgcn.settings import MotionSettings

PLAIN = MotionSettings(head="none")


def in_pixels(features: motion.VideoFeatures) -> np.ndarray:
    first = motion.window_frames(len(features), 17)[:, 0]
    return features.flow * features.iod[first, None, None, None] / 100


def known(shift: np.ndarray) -> np.ndarray:
    """Displacement from the first frame of every window to each of its frames, (T, K, 1, 2)."""
    frames = motion.window_frames(len(shift), 17)
    return (shift[frames] - shift[frames[:, :1]])[:, :, None]


@pytest.mark.parametrize("flow", ["patch-lk", "farneback"])
def test_a_shifted_photograph_is_measured_to_a_twentieth_of_a_pixel(shifted, path_of_motion, flow):
    clip = shifted if flow == "patch-lk" else Clip(shifted.pictures[:20])
    found = motion.extract(clip, PLAIN.but(flow=flow))
    error = np.linalg.norm(in_pixels(found) - known(path_of_motion[0][: len(clip)]), axis=-1)
    assert found.mask.all()
    assert found.flow.shape == (len(clip), 17, 10, 2)
    assert np.abs(known(path_of_motion[0])).max() > 5  # there was something to measure
    assert np.median(error) < 0.02
    # Bilinear sampling of a rounded 8-bit picture leaves a few hundredths; dense flow smooths over edges and
    # leaves more where a region lies next to a plain one.
    assert np.percentile(error, 95) < (0.05 if flow == "patch-lk" else 0.08)
    assert (error < (0.1 if flow == "patch-lk" else 0.15)).all()


def test_a_head_that_only_shifts_leaves_nothing_after_its_motion_is_taken_out(shifted):
    for head in ("nose", "rigid10", "rigid15"):
        left = in_pixels(motion.extract(shifted, MotionSettings(head=head)))
        assert np.median(np.abs(left)) < 0.02, head
        assert np.abs(left).max() < 0.12, head  # the sum of the errors of node and nose


def test_rigid_fit_takes_out_a_roll_that_the_nose_cannot(turned):
    left = {
        head: np.abs(in_pixels(motion.extract(turned, MotionSettings(head=head))))
        for head in ("nose", "rigid10")
    }
    assert left["nose"].max() > 1  # a degree at an arm of sixty pixels
    assert left["rigid10"].max() < 0.25  # patches only shift, they do not turn: what that costs


def test_colour_and_grey_give_the_same(astronaut, shifted):
    few = shifted.pictures[:3]
    colour = Clip([np.repeat(picture[..., None], 3, axis=2) for picture in few])
    np.testing.assert_array_equal(motion.extract(colour).flow, motion.extract(Clip(few)).flow)


def test_light_that_gains_and_brightens_is_not_motion(astronaut):
    still = moved(astronaut)
    lit = [
        np.clip(still * gain + plus, 0, 255).astype(np.uint8) for gain, plus in [(1, 0), (0.9, 6), (0.8, 20)]
    ]
    left = in_pixels(motion.extract(Clip([lit[0]] * 9 + lit[1:]), PLAIN))
    assert np.abs(left).max() < 0.06  # clipping and rounding are not linear in the light


def test_a_still_face_moves_nowhere(astronaut):
    still = moved(astronaut)
    found = motion.extract(Clip([still] * 4))
    assert np.abs(found.flow).max() < 1e-4  # the dot products' rounding in single precision
    assert (found.quality > 0.999).all()


def test_video_of_one_frame(astronaut):
    found = motion.extract(Clip([moved(astronaut)]))
    assert found.flow.shape == (1, 17, 10, 2)
    assert not found.flow.any()
    assert found.mask.all()


def test_longer_than_a_chunk_reads_each_frame_once_and_hides_the_seams(astronaut):
    t = np.arange(STARTS + 30)
    places = np.round(3 * np.sin(t / 7))
    ready = {place: moved(astronaut, (place, 0)) for place in np.unique(places)}
    clip = Clip([ready[place] for place in places])
    seen = []
    found = motion.extract(clip, PLAIN, progress=seen.append)
    assert clip.served == len(clip)
    assert seen == [STARTS, len(clip)]
    error = in_pixels(found) - known(np.stack([places, 0 * places], axis=1))
    assert np.abs(error).max() < 0.1


def test_memory_does_not_grow_with_the_video(astronaut):
    from msstgcn.motion.extract import _Watcher, _Worker

    still = moved(astronaut)
    clip = Clip([still] * 200)
    watcher = _Watcher(clip, motion.predictor_path(), 256)
    worker = _Worker(clip, MotionSettings(detect_every=256), watcher)
    most = 0
    for _ in range(200):
        worker.add(*watcher.step(still))
        most = max(most, len(worker.greys))
    assert most < STARTS + 17


def test_several_ways_in_one_pass_give_what_each_gives_alone(shifted):
    clip = Clip(shifted.pictures[:40])
    ways = [PLAIN, PLAIN.but(window=5), PLAIN.but(detect_every=4), PLAIN.but(head="nose")]
    clip.served = 0
    together = motion.extract_each(clip, ways)
    assert clip.served == len(clip)  # each frame once for all
    for way, (features, seconds) in zip(ways, together, strict=True):
        alone = motion.extract(clip, way)
        np.testing.assert_array_equal(features.flow, alone.flow)
        np.testing.assert_array_equal(features.quality, alone.quality)
        assert features.settings == alone.settings
        assert seconds > 0


def test_face_that_leaves_and_returns_is_masked_meanwhile(astronaut):
    face, empty = moved(astronaut), np.full((480, 640), 90, np.uint8)
    found = motion.extract(Clip([face] * 20 + [empty] * 3 + [face] * 20))
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found.iod)), [20, 21, 22])
    # windows reach eight frames to each side
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(12, 31))
    assert not found.flow[~found.mask].any()
    assert not found.quality[~found.mask].any()


def test_no_window_crosses_a_cut(astronaut):
    before = moved(astronaut)
    after = moved(astronaut, (150, 60))
    found = motion.extract(Clip([before] * 15 + [after] * 15))
    assert not np.isnan(found.iod).any()
    np.testing.assert_array_equal(np.flatnonzero(~found.mask), np.arange(7, 23))


def test_a_smile_after_a_close_up_is_measured_at_the_size_of_its_own_face():
    face = Face(identity(1), Camera(size=240, iod=70.0))
    smiles = [FaceState(action_units={"12": 4 * max(0.0, 1 - abs(i - 12) / 8)}) for i in range(24)]
    near = cv2.resize(face.render(FaceState(), frame=0), (960, 960), interpolation=cv2.INTER_CUBIC)
    far = [np.pad(face.render(smile, frame=i), 360, constant_values=96) for i, smile in enumerate(smiles)]
    found = motion.extract(Clip([near] * 40 + far))
    assert np.nanmedian(found.iod[:40]) > 3.5 * np.nanmedian(found.iod[40:])
    rows = slice(8, 16)  # of the far shot: windows that reach neither over the cut nor over the end
    assert found.mask[40:][rows].all()
    where = [region.landmark for region in region_set("10")]
    places = np.array([face.landmarks(smile)[where] for smile in smiles])
    frames = motion.window_frames(24, 17)[rows]
    true = 100 * (places[frames] - places[frames[:, :1]]) / 70
    error = np.abs(found.flow[40:][rows] - true)
    assert np.abs(true).max() > 2.5 and np.percentile(error, 99) < 0.6, "percent of the inter-ocular distance"


def test_grey_picture_has_no_face():
    with pytest.raises(InputError, match="clip: no face in any frame"):
        motion.extract(Clip([np.full((240, 320), 128, np.uint8)] * 2))


def test_two_faces_are_refused_with_frame_and_number(astronaut):
    with pytest.raises(InputError, match=r"clip, frame 0: 2 faces .* crop the video"):
        motion.extract(Clip([np.hstack([astronaut, astronaut])]))


def test_second_face_that_joins_later_is_ignored(astronaut):
    alone, company = np.hstack([astronaut, astronaut * 0]), np.hstack([astronaut, astronaut])
    found = motion.extract(Clip([alone] * 4 + [company] * 12))
    assert found.mask.all()
    assert np.abs(found.flow).max() < 0.1


def test_small_face_is_refused_with_its_size(astronaut):
    small = cv2.resize(astronaut, (220, 220), interpolation=cv2.INTER_AREA)  # 26 pixels between the eyes
    with pytest.raises(InputError, match=r"too small: 2\d pixels .* at least 30"):
        motion.extract(Clip([small]))


def test_large_face_is_averaged_down(astronaut):
    frames = [moved(astronaut, (3.0 * i, 0), zoom=4.5, size=(2000, 1200)) for i in range(3)]
    found = motion.extract(Clip(frames), PLAIN)
    assert found.iod[0] > 250
    error = in_pixels(found) - known(np.array([[0, 0], [3, 0], [6, 0]]))
    assert np.abs(error).max() < 0.35  # of 270 pixels: .13 percent


def test_empty_video_and_strange_frames():
    with pytest.raises(InputError, match="no frame"):
        motion.extract(Clip([]))
    with pytest.raises(InputError, match=r"clip, frame 0: a frame of shape \(4, 4\) and type uint16"):
        motion.extract(Clip([np.zeros((4, 4), np.uint16)]))
    with pytest.raises(InputError, match="H, W, 3"):
        as_grey(np.zeros((4, 4, 4), np.uint8))


def test_wrong_names_list_the_right_ones(shifted):
    with pytest.raises(InputError, match=r"unknown flow method 'lk'.*patch-lk, patch-lk-torch, farneback"):
        motion.extract(shifted, MotionSettings(flow="lk"))
    with pytest.raises(InputError, match=r"unknown head-motion model 'tip'.*none, nose, rigid10"):
        motion.extract(shifted, MotionSettings(head="tip"))


def test_truth_of_a_photograph_is_not_known(shifted):
    with pytest.raises(InputError, match="needs a synthetic video"):
        motion.extract(shifted, MotionSettings(flow="truth"))


def test_same_video_gives_the_same_bytes(shifted):
    one, two = motion.extract(shifted), motion.extract(shifted)
    assert one.flow.tobytes() == two.flow.tobytes()
    assert one.quality.tobytes() == two.quality.tobytes()
