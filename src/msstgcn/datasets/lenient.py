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
    FileVideo,
    Frame,
    PictureVideo,
    Times,
    frame_times,
    is_grey,
    open_capture,
    picture_kind,
    stamp,
    to_frame,
)
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.protocol import Video
from msstgcn.errors import InputError

Say = Callable[[Finding], None]

UNEVEN = 0.25  #: of the median step: a step between two frames that differs by more is uneven
_SHOWN = 5  # ranges of frames that a finding names one by one
_PATIENCE = 16  # reads that may fail in a row before the rest of a file counts as lost


def frames_of(video: Video, say: Say) -> Iterator[Frame | None]:
    """Frames of a video in order, None in the place of one that cannot be read.

    Parameters
    ----------
    video : Video
    say : callable
        Called with a `Finding` for everything odd: frames that cannot be read (when the end is reached), uneven
        times, pictures of 16 bits or with an alpha channel.

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
    told = False
    for i in range(len(video)):
        try:
            if not told:
                kind = picture_kind(
                    video.pictures[i] if isinstance(video, PictureVideo) else video.picture(i)
                )
                if kind:
                    say(Finding("note", video.name, *kind))
                told = True
            frame: Frame | None = video.frame(i)
        except InputError as error:
            say(Finding("repair", f"{video.name}, frame {i}", f"{error.where}: {error.what}", "left out"))
            frame = None
        yield frame


def _from_file(video: FileVideo, say: Say) -> Iterator[Frame | None]:
    times = frame_times(video.path, stamp(video.path))
    if times is not None:
        _tell_uneven(video, times.shown, say)
    capture = open_capture(video.path)
    grey, place, sound = is_grey(capture), 0, True
    try:
        while (read := _next(capture)) is not None:
            failed, picture, at = read
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
    elif place < len(video):
        what = f"{place} frames where {len(video)} were told"
        say(Finding("repair", video.name, what, "used as far as they go; labels may lie off"))


def _next(capture: cv2.VideoCapture) -> tuple[int, Frame, float] | None:
    """Reads that failed, the next picture that can be read, and its time; None at the end."""
    for failed in range(_PATIENCE):
        good, picture = capture.read()
        if good:
            return failed, np.asarray(picture), float(capture.get(cv2.CAP_PROP_POS_MSEC))
    return None


def _slot(times: Times, at: float, least: int) -> int:
    """Number of the frame that is shown at a time; never one that has been passed."""
    nearest = int(np.searchsorted(times.shown, at - 1e-3))
    return min(max(nearest, least), len(times.shown) - 1)


def _tell_uneven(video: FileVideo, shown: NDArray[np.float64], say: Say) -> None:
    steps = np.diff(shown)
    if len(steps) < 2:
        return
    usual = float(np.median(steps))
    odd = np.abs(steps - usual) > UNEVEN * usual
    if odd.any():
        mean = 1000 * len(steps) / float(shown[-1] - shown[0])
        what = (
            f"a variable frame rate: {odd.mean():.0%} of the steps are not near {usual:.1f} ms "
            f"(longest {steps.max():.0f} ms); {mean:.2f} frames a second in the mean"
        )
        say(Finding("note", video.name, what, f"frames taken one by one, at {video.fps:.2f} a second"))
