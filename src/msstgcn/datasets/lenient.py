"""Frames of a video that may be damaged or odd: what can be read is handed on, and everything odd is told.

The readers themselves are strict: they raise where a frame cannot be read. One bad frame must not cost a video of
half an hour, though, and must not move the frames after it to other numbers either, because labels count frames.
So the place of a frame that cannot be read stays, and is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.files import (
    PATIENCE,
    FileVideo,
    PictureVideo,
    Times,
    counted,
    frame_times,
    is_grey,
    open_capture,
    packets,
    pixel_aspect,
    stamp,
    to_frame,
    told_length,
)
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.pictures import Frame, frame_at, oddities
from msstgcn.datasets.protocol import Video
from msstgcn.errors import InputError

Say = Callable[[Finding], None]

UNEVEN = 0.25  #: of the median step: a step between two frames that differs by more is uneven
_OTHER_RATE = 0.01  # share by which the rate may differ
_ROUNDED = 2.0  # ms: containers round the first and the last time
_SQUARE = 0.01  # share by which the sides of a pixel may differ
_SOUND = 1.0  # seconds for which sound may go on after the last picture
_SLACK = 0.2  # seconds that are no more than the time for which the last picture is shown
_SHOWN = 5  # ranges of frames that a finding names one by one


def frames_of(video: Video, say: Say) -> Iterator[Frame | None]:
    """Frames of a video in order, None in the place of one that cannot be read.

    Parameters
    ----------
    video : Video
    say : callable
        Called with a `Finding` for everything odd: frames that cannot be read (when the end is reached), uneven
        times or another rate, pixels that are not square, pictures of 16 bits or with an alpha channel, values beyond
        the bits of most pictures.

    Yields
    ------
    ndarray of uint8, shape (H, W) or (H, W, 3), or None
    """
    if isinstance(video, FileVideo):
        return _told(_from_file(video, say), video.name, say)
    if isinstance(video, PictureVideo | NumberedVideo):
        return _told(_from_pictures(video, say), video.name, say)
    return iter(video.frames())


def _told(frames: Iterator[Frame | None], name: str, say: Say) -> Iterator[Frame | None]:
    """Pass frames on; at the end tell which places are empty."""
    empty = []
    for index, frame in enumerate(frames):
        if frame is None:
            empty.append(index)
        yield frame
    if empty:
        what = f"{len(empty)} frames cannot be read" if len(empty) > 1 else "a frame cannot be read"
        say(Finding("repair", f"{name}, {ranges(empty)}", what, "no window that holds one of them is used"))


def ranges(numbers: list[int]) -> str:
    """Frame numbers in words, runs together: ``frames 3-5, 9``; from the sixth run on only their count."""
    edges = [0, *(i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1] + 1), len(numbers)]
    runs = [(numbers[a], numbers[b - 1]) for a, b in pairwise(edges) if b > a]
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:_SHOWN]]
    more = f" and {len(runs) - _SHOWN} more places" if len(runs) > _SHOWN else ""
    return ("frame " if len(numbers) == 1 else "frames ") + ", ".join(shown) + more


def _from_pictures(video: PictureVideo | NumberedVideo, say: Say) -> Iterator[Frame | None]:
    kind, told, cut_off = None, False, []
    if isinstance(video, NumberedVideo) and video.odd_start:
        say(Finding("repair", video.name, video.odd_start, "left out; labels may lie one frame off"))
    for i in range(len(video)):
        frame: Frame | None = None
        try:
            path, kind = video.picture(i), kind or video.kind
            frame, beyond = frame_at(path, kind)
            cut_off += [i] * beyond
            if not told and (odd := oddities(path, kind)):
                say(Finding("note", video.name, *odd))
            told = True
        except InputError as error:
            say(Finding("repair", f"{video.name}, frame {i}", f"{error.where}: {error.what}", "left out"))
        yield frame
    if kind and cut_off:
        what = f"values beyond the {kind.bits} bits of the pictures looked at first"
        say(Finding("repair", f"{video.name}, {ranges(cut_off)}", what, "cut off at white"))


def _from_file(video: FileVideo, say: Say) -> Iterator[Frame | None]:
    times = frame_times(video.path, stamp(video.path))
    for finding in film_notes(video):
        say(finding)
    capture, shown = open_capture(video.path), []
    grey, place, sound = is_grey(capture), 0, True
    try:
        while (read := _next(capture)) is not None:
            failed, picture, at = read
            shown.append(at)
            # where the times are not known, what failed counts as one frame: there is no better guess
            slot = place + min(failed, 1) if times is None else _slot(times, at, place)
            sound = sound and slot == place and not failed
            yield from [None] * (slot - place)
            if not sound and times is not None:
                sound = bool(times.keys[slot])  # until then pictures build on one that is not there
            yield to_frame(picture, grey) if sound or times is None else None
            place = slot + 1
    finally:
        capture.release()
    if times is not None:
        yield from [None] * (len(times.shown) - place)
        return
    for finding in (*_pace(video, np.array(shown)), *_hidden(video, place)):
        say(finding)


def film_notes(video: FileVideo) -> list[Finding]:
    """What is odd about a file as far as can be told without decoding it.

    A ``repair`` if pictures are missing at its end; notes on an end that may be early, uneven times, and pixels
    that are not square.
    """
    times = frame_times(video.path, stamp(video.path))
    found = [*_early_end(video, times), *(() if times is None else _pace(video, times.shown))]
    capture = open_capture(video.path)
    aspect = pixel_aspect(capture)
    capture.release()
    if abs(aspect - 1) > _SQUARE:
        what = f"pixels {aspect:.3g} times as wide as they are high; taken as square"
        do = "movement across is measured wrong by as much: write it again, e.g. by ffmpeg -vf scale=iw*sar:ih,setsar=1"
        found.append(Finding("note", video.name, what, do))
    return found


def _early_end(video: FileVideo, times: Times | None) -> Iterator[Finding]:
    """Whether fewer frames can be read than the container counts, or shows.

    A container that counts none tells how long it lasts, its sound included, which may go on after the last picture.
    """
    count, done = counted(video.path), "used as far as they go"
    if count is not None:
        if len(video) < count:
            yield Finding("repair", video.name, f"{len(video)} of {count} frames can be read", done)
        return
    end = (len(video) if times is None else times.shown[-1] * video.fps / 1000 + 1) / video.fps
    seconds = told_length(video.path)
    what = f"the pictures end after {end:.1f} s, the file tells of {seconds:.1f} s"
    if seconds - end > _SOUND:
        yield Finding("repair", video.name, f"{what}: it is cut short, or its sound goes on", done)
    elif seconds - end > _SLACK:
        yield Finding("note", video.name, what, done)


def _hidden(video: FileVideo, pictures: int) -> Iterator[Finding]:
    """Where times are not known, a damaged frame leaves no gap: all that shows is the number of packets."""
    count = len(packets(video.path, stamp(video.path)).shown)
    if count != pictures:
        what = f"{pictures} pictures from {count} packets: some are hidden, or damaged"
        yield Finding("note", video.name, what, "taken as following each other; labels may lie off")


def _next(capture: cv2.VideoCapture) -> tuple[int, Frame, float] | None:
    """Reads that failed, the next picture that can be read, and its time; None at the end."""
    for failed in range(PATIENCE):
        good, picture = capture.read()
        if good:
            return failed, np.asarray(picture), float(capture.get(cv2.CAP_PROP_POS_MSEC))
    return None


def _slot(times: Times, at: float, least: int) -> int:
    """Number of the frame that is shown at a time; never one that has been passed."""
    nearest = int(np.searchsorted(times.shown, at - 1e-3))
    return min(max(nearest, least), len(times.shown) - 1)


def _pace(video: FileVideo, shown: NDArray[np.float64]) -> Iterator[Finding]:
    """Whether the times of frames, in milliseconds, are uneven or another rate than the video's."""
    steps = np.diff(shown)
    steps = steps[steps > 0]  # some containers tell no times of the first or last frames
    if len(steps) < 2:
        return
    usual, span = float(np.median(steps)), float(steps.sum())
    odd = np.abs(steps - usual) > UNEVEN * usual
    mean = 1000 * len(steps) / span
    if odd.any():
        what = (
            f"a variable frame rate: {odd.mean():.0%} of the steps are not near {usual:.1f} ms "
            f"(longest {steps.max():.0f} ms); {mean:.2f} frames a second in the mean"
        )
        yield Finding("note", video.name, what, f"frames taken one by one, at {video.fps:.2f} a second")
    elif abs(span - 1000 * len(steps) / video.fps) > _OTHER_RATE * span + _ROUNDED:
        what = f"the frames are shown at {mean:.2f} a second"
        yield Finding("note", video.name, what, f"taken one by one, at {video.fps:.2f} a second")
