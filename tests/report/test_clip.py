"""Films for the page: whole in themselves, the same bytes each time, readable by an independent decoder."""

import base64
import re

import cv2
import numpy as np
import pytest

from msstgcn import report
from msstgcn.errors import InputError


def _frames(count=12, height=90, width=121, colour=False):
    """A bright disc that walks to the right by four pixels a frame, on a slope of grey."""
    y, x = np.mgrid[:height, :width]
    slope = 60 + x * 0.5
    pictures = [np.where(np.hypot(x - 20 - 4 * i, y - 45) < 12, 220, slope) for i in range(count)]
    grey = [picture.astype(np.uint8) for picture in pictures]
    return [np.stack([g, g // 2, 255 - g], axis=-1) for g in grey] if colour else grey


def _decoded(clip, path):
    """The frames as OpenCV's FFmpeg reads them, and the frame rate that it finds."""
    path.write_bytes(clip.film)
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames, capture.get(cv2.CAP_PROP_FPS)


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("fps", [7.5, 200 / 7, 30.0])
def test_another_decoder_finds_the_same_frames_in_their_order(tmp_path, colour, fps):
    frames = _frames(colour=colour)
    found, rate = _decoded(report.clip(frames, fps=fps, alt="a disc"), tmp_path / "film.webm")
    assert (len(found), rate) == (len(frames), pytest.approx(fps, rel=1e-6))
    for picture, wanted in zip(found, frames, strict=True):
        seen = picture[..., ::-1] if colour else picture[..., 0]
        # half the colour samples of VP8 are interpolated, so edges of colours may be off by more than those of grey
        assert np.abs(seen.astype(int) - wanted).mean() < (5 if colour else 2)


def test_every_frame_can_be_gone_to_at_once(tmp_path):
    """All frames are key frames: the frame asked for is the one that comes, not the one before it."""
    frames = _frames(24)
    path = tmp_path / "film.webm"
    path.write_bytes(report.clip(frames, fps=25, alt="a disc").film)
    capture = cv2.VideoCapture(str(path))
    for number in (21, 7, 23):
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * number / 25)
        picture = capture.read()[1][..., 0].astype(float)
        errors = [np.abs(picture - frame).mean() for frame in frames]
        assert int(np.argmin(errors)) == number


def test_the_same_frames_give_the_same_page():
    pages = [report.clip(_frames(), fps=20, alt="a disc").html() for _ in range(2)]
    assert pages[0] == pages[1]


def test_a_film_holds_everything_and_never_starts_by_itself():
    clip = report.clip(_frames(), fps=20, alt='a "disc" & its <way>')
    bundle = clip._repr_mimebundle_()
    html = bundle["text/html"]
    assert re.findall(r'(?:src|poster)="(?!data:)', html) == []
    assert " controls " in html and "autoplay" not in html
    assert 'aria-label="a &quot;disc&quot; &amp; its &lt;way&gt;"' in html
    assert base64.b64decode(re.search(r'src="data:video/webm;base64,([^"]+)"', html)[1]) == clip.film
    assert base64.b64decode(bundle["image/jpeg"]) == clip.poster
    assert clip.alt in bundle["text/plain"] and len(bundle["text/plain"]) < 100


def test_the_poster_is_the_frame_asked_for():
    frames = _frames()
    for number in (0, 5, -1):
        poster = report.clip(frames, fps=20, alt="a disc", poster=number).poster
        picture = cv2.imdecode(np.frombuffer(poster, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.abs(picture.astype(int) - frames[number]).mean() < 2


def test_better_quality_takes_more_room_and_is_nearer_to_the_frames(tmp_path):
    frames = _frames()
    clips = [report.clip(frames, fps=20, alt="a disc", quality=quality) for quality in (10, 90)]
    assert len(clips[0].film) < len(clips[1].film)
    worse, better = (
        np.mean([np.abs(p[..., 0].astype(int) - f).mean() for p, f in zip(found, frames, strict=True)])
        for found in (_decoded(c, tmp_path / "film.webm")[0] for c in clips)
    )
    assert better < worse


def test_nothing_is_said_on_standard_error(capfd):
    report.clip(_frames(), fps=20, alt="a disc")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frame 0 in a clip of 0"),
        ([*_frames(2), _frames(1, width=80)[0]], "frame 2 of a clip is 80 x 90.*121 x 90"),
        ([np.zeros((8, 8))], "frame 0.*float64"),
        ([np.zeros((8, 8, 4), np.uint8)], r"\(8, 8, 4\).*RGB"),
        ([np.zeros((0, 8), np.uint8)], r"\(0, 8\).*not empty"),
    ],
    ids=["none", "sizes", "type", "channels", "empty"],
)
def test_what_is_no_film_is_refused(frames, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        report.clip(frames, fps=20, alt="a disc")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fps": 0}, "0 frames a second.*more than 0"),
        ({"fps": -5}, "-5 frames a second"),
        ({"fps": float("nan")}, "nan frames a second"),
        ({"fps": 20, "quality": 101}, "quality 101.*1 to 99"),
        ({"fps": 20, "quality": 0}, "quality 0.*1 to 99"),
    ],
)
def test_a_rate_or_a_quality_that_is_none_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        report.clip(_frames(2), alt="a disc", **wrong)
