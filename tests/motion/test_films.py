"""Films as cameras, phones and browsers write them: the number of frames, each frame and its time are told alike."""

import re
import struct

import cv2
import mp4
import numpy as np
import pytest

from msstgcn.datasets import open_video
from msstgcn.datasets.check import look_over
from msstgcn.datasets.files import frame_times, stamp
from msstgcn.datasets.lenient import frames_of
from msstgcn.datasets.mp4 import sample_times
from msstgcn.datasets.reading import RealDataset
from msstgcn.errors import InputError
from msstgcn.report import webm as writer

FRAMES = 60
WIDTH, HEIGHT = 256, 64


def picture(i):
    """The number of the frame in eight bars."""
    bars = [220 if i >> bit & 1 else 40 for bit in range(8)]
    return np.tile(np.repeat(np.array(bars, np.uint8), WIDTH // 8), (HEIGHT, 1))


def number(frame):
    grey = frame if frame is None or frame.ndim == 2 else frame[..., 1]
    return (
        None
        if grey is None
        else sum(int(grey[16:48, 32 * b + 8 : 32 * b + 24].mean() > 128) << b for b in range(8))
    )


def written(path, code):
    sink = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), 25.0, (WIDTH, HEIGHT))
    for i in range(FRAMES):
        sink.write(cv2.cvtColor(picture(i), cv2.COLOR_GRAY2BGR))
    sink.release()
    return path


def browser(path, times, told_ms=None, display=None):
    """A WebM file with frames at any times, in ms, which tells a rate of 30 a second and, if given, a length."""
    element, count = writer._element, writer._number
    head = element(
        "EBML", count("EBMLReadVersion", 1), element("DocType", b"webm"), count("DocTypeReadVersion", 2)
    )
    length = [] if told_ms is None else [element("Duration", struct.pack(">d", told_ms))]
    info = element("Info", count("TimestampScale", 1_000_000), *length)
    # DisplayWidth and DisplayHeight
    shown = (
        b"" if display is None else struct.pack(">HBHHBH", 0x54B0, 0x82, display[0], 0x54BA, 0x82, display[1])
    )
    track = element(
        "TrackEntry",
        *(count(name, 1) for name in ("TrackNumber", "TrackUID", "TrackType")),
        element("CodecID", b"V_VP8"),
        count("DefaultDuration", 33_333_333),
        element("Video", count("PixelWidth", WIDTH), count("PixelHeight", HEIGHT), shown),
    )
    clusters = [
        element(
            "Cluster",
            count("Timestamp", time),
            element("SimpleBlock", b"\x81\0\0\x80" + writer.vp8_key_frame(picture(i), 90)),
        )
        for i, time in enumerate(times)
    ]
    path.write_bytes(head + element("Segment", info, element("Tracks", track), *clusters))
    return path


UNEVEN = np.cumsum([0, *(33 if i % 3 else 100 for i in range(FRAMES - 1))]).tolist()


def uneven_webm(path):
    return browser(path.with_suffix(".webm"), UNEVEN, UNEVEN[-1] + 33.0)


def live_webm(path):
    """As a browser records it: without a length."""
    return browser(path.with_suffix(".webm"), UNEVEN)


def webm_with_sound(path):
    return browser(path.with_suffix(".webm"), range(0, 33 * FRAMES, 33), 33.0 * FRAMES + 600)


def mpeg1(path):
    """Its container tells too small a number, and two packets of one time."""
    return written(path.with_suffix(".mpg"), "PIM1")


def matroska(path):
    return written(path.with_suffix(".mkv"), "FFV1")


def even(path):
    return written(path, "mp4v")


def uneven(path):
    mp4.uneven(written(path, "mp4v"), [(20, 512), (20, 4 * 512), (20, 512)])
    return path


def trimmed(start, frames):
    def film(path):
        mp4.trim(written(path, "mp4v"), start, frames)
        return path

    film.__name__ = f"trimmed to {frames} from {start}"
    return film


WHOLE = (even, uneven, matroska, mpeg1, uneven_webm, live_webm, webm_with_sound)
# within the first group of pictures, on a key frame, behind it; at the end; on both sides
PARTS = {
    trimmed(start, n): range(start, start + n) for start, n in ((5, 55), (12, 48), (17, 43), (0, 30), (5, 40))
}
FILMS = dict.fromkeys(WHOLE, range(FRAMES)) | PARTS


def checked(video):
    return look_over(RealDataset("one", (video,)), "folder", video.path)


@pytest.mark.parametrize(("film", "numbers"), FILMS.items(), ids=lambda v: getattr(v, "__name__", ""))
def test_all_ways_to_read_a_film_agree(tmp_path, film, numbers):
    """One by one in any order, in a row, from somewhere on, leniently; and there are as many as the check finds."""
    path = film(tmp_path / "film.mp4")
    video, findings = open_video(path), []
    numbers = list(numbers)
    assert len(video) == len(numbers)
    assert [number(frame) for frame in video.frames()] == numbers
    for i in (*range(0, len(video), 7), len(video) - 1, len(video) // 2):
        assert number(video.frame(i)) == numbers[i]
    assert [number(frame) for frame in video.frames(25, 29)] == numbers[25:29]
    assert [number(frame) for frame in frames_of(video, findings.append)] == numbers
    assert not [f for f in findings if f.level != "note"]
    times = frame_times(path, stamp(path))
    assert times is None if film is mpeg1 else len(times.shown) == len(numbers)
    assert checked(video).sound


@pytest.mark.parametrize("film", [uneven_webm, live_webm])
def test_uneven_times_of_a_browsers_recording_are_told(tmp_path, film):
    video, findings = open_video(film(tmp_path / "film.mp4")), []
    list(frames_of(video, findings.append))
    for told in ("\n".join(map(str, findings)), checked(video).text()):
        assert (
            "a variable frame rate" in told
            and "(longest 100 ms); 17.95" in told
            and "at 30.00 a second" in told
        )


def test_another_rate_than_the_one_that_is_told(tmp_path):
    video, findings = (
        open_video(browser(tmp_path / "film.webm", range(0, 40 * FRAMES, 40), 40.0 * FRAMES)),
        [],
    )
    assert video.fps == pytest.approx(30, abs=0.01)
    list(frames_of(video, findings.append))
    assert "the frames are shown at 25.00 a second; taken one by one, at 30.00 a second" in str(findings[0])


@pytest.mark.parametrize("film", [even, uneven_webm, matroska])
def test_a_film_of_a_data_set_that_is_cut_short_is_left_out_and_one_of_ones_own_says_so(tmp_path, film):
    path = film(tmp_path / "film.mp4")
    data = path.read_bytes()
    if film is even:  # the pictures of the second half are gone
        start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
        middle = (start + end) // 2
        path.write_bytes(data[:middle] + bytes(end - middle) + data[end:])
    else:
        path.write_bytes(data[: len(data) // 3])
    report, findings = checked(open_video(path)), []
    assert not report.sound and report.count["error"] == 1
    list(frames_of(open_video(path), findings.append))
    if film is even:
        for told in (report.text(), str(findings)):
            assert "cannot be read" in told
    else:
        assert re.search(r"the pictures end after .* s, the file tells of .*: it is cut short", report.text())
        assert re.fullmatch(r"repair: film: the pictures end .*; used as far as they go", str(findings[0]))


def test_a_damaged_place_of_a_trimmed_film_keeps_the_numbers_of_the_others(tmp_path):
    path = trimmed(5, 55)(tmp_path / "film.mp4")
    data = bytearray(path.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    place = start + (end - start) * 9 // 20
    data[place : place + 400] = bytes(400)
    path.write_bytes(data)
    video, findings = open_video(path), []
    read = [number(frame) for frame in frames_of(video, findings.append)]
    lost = [i for i, found in enumerate(read) if found is None]
    assert lost and read[-1] == 59
    half = lost[0] - 1  # its data end in the damage: FFmpeg fills in what it lacks
    assert all(found == i + 5 for i, found in enumerate(read) if found is not None and i != half)
    with pytest.raises(InputError, match=f"frame {lost[0]} cannot be read"):
        video.frame(lost[0])


def test_sound_may_go_on_for_a_while(tmp_path):
    report = checked(open_video(webm_with_sound(tmp_path / "film")))
    assert report.sound
    assert "the pictures end after 2.0 s, the file tells of 2.6 s" in report.text()


def test_pixels_that_are_not_square_are_told(tmp_path):
    path = browser(tmp_path / "film.webm", range(0, 330, 33), 330.0, display=(2 * WIDTH, HEIGHT))
    video, findings = open_video(path), []
    list(frames_of(video, findings.append))
    for told in (str(findings[0]), checked(video).text()):
        assert "pixels 2 times as wide as they are high" in told and "setsar=1" in told


def test_tables_of_a_damaged_file_are_left_to_ffmpeg(tmp_path):
    path = written(tmp_path / "film.mp4", "mp4v")
    data = path.read_bytes()
    assert len(sample_times(path)[0]) == FRAMES
    for name in (b"stts", b"mvhd", b"mdhd", b"hdlr"):
        path.write_bytes(data.replace(name, b"free"))
        assert sample_times(path) is None
    for place in range(data.index(b"moov"), len(data), 3):
        path.write_bytes(data[:place] + b"\xff\xff\xff\xff" + data[place + 4 :])
        sample_times(path)  # finds something or not, but neither fails nor takes all memory
    assert sample_times(tmp_path / "film.mkv") is None
