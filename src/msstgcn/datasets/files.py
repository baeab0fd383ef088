"""Videos on disk: a file that FFmpeg reads, or a folder of pictures. Frames are read one by one, by index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.mp4 import sample_times
from msstgcn.datasets.pictures import (
    Frame,
    PictureFrames,
    PictureKind,
    digest_content,
    digest_states,
    kind_of,
    spread,
)
from msstgcn.datasets.protocol import Video
from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, digest_file
from msstgcn.timeline import Expression

#: Endings by which a folder of pictures and a video file are known.
IMAGE_SUFFIXES: tuple[str, ...] = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES: tuple[str, ...] = (".mkv", ".avi", ".mp4", ".mov", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv")
#: Rate of a folder of pictures that tells none.
FOLDER_FPS = 30.0
#: Reads that may fail in a row before the rest of a file counts as lost.
PATIENCE = 16
_SAME_TIME = 0.05  # ms
_NEAR = 16  # frames that are sooner counted from the first than gone to
_DIGITS = re.compile(r"\d+")
_GREY_FORMATS = {b"Y800", b"GREY", b"GRAY", b"Y8  "}


@dataclass(frozen=True)
class FileVideo:
    """A video file, read through OpenCV."""

    path: Path
    name: str
    subject: str
    fps: float
    expressions: tuple[Expression, ...] = ()
    rows: tuple[int, ...] = ()  # of the table, where each expression stands

    def __len__(self) -> int:
        return _length(self.path, stamp(self.path))

    @property
    def digest(self) -> str:
        """Digest of the file's content, the rate, the subject and the labels."""
        return _digest(_file_digest(self.path, stamp(self.path)), self)

    def frame(self, i: int) -> Frame:
        """Frame i, uint8, (height, width) if the file is grey, else (height, width, 3) RGB."""
        if not 0 <= i < len(self):
            raise InputError(f"no frame {i}", where=self.path, expected=f"0 to {len(self) - 1}")
        return next(self._read(i, i + 1))

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1, one after the other."""
        return self._read(start, len(self) if stop is None else stop)

    def _read(self, start: int, stop: int) -> Iterator[Frame]:
        times = frame_times(self.path, stamp(self.path))
        capture, place = _gone_to(self.path, times, start)
        try:
            grey = is_grey(capture)
            for i in range(start, stop):
                while place < i:
                    place += 1
                    self._grab(capture, place, times)
                yield to_frame(capture.retrieve()[1], grey)
        finally:
            capture.release()

    def _grab(self, capture: Any, place: int, times: Times | None) -> None:
        """Decode the next frame, and make sure that it is the one of that number."""
        if not capture.grab() or (times is not None and times.number(time_of(capture)) != place):
            raise InputError(
                f"frame {place} cannot be read",
                where=self.path,
                do="the file is damaged or cut short: copy it again",
            )


@dataclass(frozen=True)
class PictureVideo(PictureFrames):
    """A folder of pictures, one a frame, in the natural order of their names (2 before 10)."""

    path: Path
    name: str
    subject: str
    fps: float
    expressions: tuple[Expression, ...] = ()
    rows: tuple[int, ...] = ()  # of the table, where each expression stands

    @property
    def pictures(self) -> tuple[Path, ...]:
        """The files, in order."""
        return tuple(self.path / name for name in self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return _pictures(self.path, stamp(self.path))

    @property
    def kind(self) -> PictureKind:
        """What the frames are like, judged by some of the pictures."""
        return kind_of([self.path / self._names[i] for i in spread(len(self))])

    def __len__(self) -> int:
        return len(self._names)

    def picture(self, i: int) -> Path:
        """File of frame i; an `InputError` if there is no such frame."""
        if not 0 <= i < len(self):
            raise InputError(f"no frame {i}", where=self.path, expected=f"0 to {len(self) - 1}")
        return self.path / self._names[i]

    @property
    def digest(self) -> str:
        """Digest of the pictures' names and content, the rate, the subject and the labels."""
        return _digest(_folder_digest(self.path, digest_states(self.pictures)), self)


def open_video(path: str | Path) -> Video:
    """Open one video file, or a folder of pictures, of one's own: no labels, the subject is its name.

    Parameters
    ----------
    path : path
        A file that OpenCV's FFmpeg reads, or a folder with pictures.

    Raises
    ------
    InputError
        If there is no such file, it is empty or no video, or the folder holds no pictures.
    """
    path = Path(path)
    name = _own_name(path)
    return video_at(path, name, name)


def _own_name(path: Path) -> str:
    """Name of a folder, whatever dots are in it, or of a file without its ending; ``.`` and ``..`` have one too."""
    if path.is_dir():
        return path.name if path.name not in ("", "..") else path.resolve().name
    return path.stem


def video_at(
    path: Path, name: str, subject: str, fps: float | None = None, expressions: tuple[Expression, ...] = ()
) -> FileVideo | PictureVideo:
    """Video at a path, with what is known of it; a missing rate is taken from the file."""
    if path.is_dir():
        if not _pictures(path, stamp(path)):
            raise _no_pictures(path)
        return PictureVideo(path, name, subject, fps or FOLDER_FPS, expressions)
    if not path.exists():
        raise InputError("no such file or folder", where=path, do="check the path")
    capture = open_capture(path)
    told = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    if fps is None and not 1 <= told <= 1000:
        raise InputError(
            "the file tells no frame rate", where=path, do="write it again with one, e.g. by ffmpeg -r 30"
        )
    return FileVideo(path, name, subject, fps or told, expressions)


def _no_pictures(folder: Path) -> InputError:
    """A folder of films holds no pictures either, and is no video: one of the films is."""
    films = sorted(
        p.name for p in folder.iterdir() if p.suffix.lower() in VIDEO_SUFFIXES and p.name[0] != "."
    )
    do = f"a film is named by itself: {folder / films[0]}" if films else ""
    endings = "files ending in " + ", ".join(IMAGE_SUFFIXES)
    return InputError("no pictures in the folder", where=folder, expected=endings, do=do)


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change: what is remembered about a file holds as long as they stay."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, do="check the path") from None
    return status.st_size, status.st_mtime_ns


def open_capture(path: Path, options: list[int] | None = None) -> Any:
    """Open a file through FFmpeg, with OpenCV's capture properties and their values in turn.

    A display matrix in the container (a phone held upright) is honoured: frames come out the right way up.
    """
    if path.stat().st_size == 0:
        raise InputError("the file is empty", where=path, do="copy it again")
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, options or [])
    if not capture.isOpened():
        raise InputError("not a video that can be read", where=path, expected="a file that FFmpeg reads")
    return capture


def to_frame(picture: NDArray[Any], grey: bool) -> Frame:
    """A decoded picture, (H, W, 3) BGR, as a frame: its grey levels if the file is grey, else RGB."""
    code = cv2.COLOR_BGR2RGB
    return (
        np.ascontiguousarray(picture[..., 0]) if grey else np.asarray(cv2.cvtColor(picture, code), np.uint8)
    )


def is_grey(capture: Any) -> bool:
    """Whether a file's own pictures are grey."""
    code = int(capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT))
    return code.to_bytes(8, "little", signed=True)[:4] in _GREY_FORMATS


def time_of(capture: Any) -> float:
    """Milliseconds at which the frame that was grabbed last is shown."""
    return float(capture.get(cv2.CAP_PROP_POS_MSEC))


def pixel_aspect(capture: Any) -> float:
    """Width of a file's pixels over their height; 1 if it tells none."""
    wide, high = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    return float(wide / high) if wide > 0 and high > 0 else 1.0


class Times(NamedTuple):
    """When the frames of a file are shown, as its container tells.

    Parameters
    ----------
    shown : ndarray of float64, shape (T,)
        Milliseconds, rising.
    keys : ndarray of bool, shape (T,)
        Frames that can be decoded without any before them.
    """

    shown: NDArray[np.float64]
    keys: NDArray[np.bool_]

    def number(self, time: float) -> int | None:
        """Number of the frame of a time, None if none is shown then."""
        found = int(np.searchsorted(self.shown, time - _SAME_TIME))
        return found if found < len(self.shown) and self.shown[found] <= time + _SAME_TIME else None

    def hold(self, times: NDArray[np.float64]) -> bool:
        """Whether all of some times are among these."""
        return all(self.number(time) is not None for time in times)


@lru_cache(maxsize=64)
def frame_times(path: Path, seen: tuple[int, int]) -> Times | None:
    """Times of all frames as the container tells them; None where they cannot be relied on.

    No two may be at the same time. Those of an MP4 file's tables are right if packets, or else the frames that are
    decoded, come at such times. Elsewhere there must be as many packets as the container counts or as can be decoded:
    Matroska counts none, so OpenCV guesses from length and rate. A frame that is damaged keeps its time.
    """
    found = packets(path, seen)
    table = sample_times(path)
    if table is not None and (np.diff(table[0]) > 0).all():
        times = Times(*table)
        if times.hold(found.shown) or times.hold(_decoded(path, seen)):
            return times
    if not (np.diff(found.shown) > 0).all():
        return None
    told, first = _first_look(path)
    if len(found.shown) == told and found.number(first) == 0:
        return found
    decoded = _decoded(path, seen)
    same = len(found.shown) in (told, len(decoded))
    return found if same and (np.diff(decoded) > 0).all() else None


@lru_cache(maxsize=64)
def packets(path: Path, seen: tuple[int, int]) -> Times:
    """Times of the packets of a file, sorted, without decoding one; hidden ones are among them."""
    capture = open_capture(path, [cv2.CAP_PROP_FORMAT, -1])
    found = []
    try:
        while capture.grab():
            found.append((time_of(capture), capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME) > 0))
    finally:
        capture.release()
    found.sort()
    return Times(np.array([time for time, _ in found]), np.array([key for _, key in found], bool))


def _first_look(path: Path) -> tuple[int, float]:
    """Number of frames as OpenCV tells or guesses it, and the time of the first frame, NaN if there is none."""
    capture = open_capture(path)
    try:
        told = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        return told, time_of(capture) if capture.grab() else np.nan
    finally:
        capture.release()


@lru_cache(maxsize=64)
def _decoded(path: Path, seen: tuple[int, int]) -> NDArray[np.float64]:
    """Times, in milliseconds, of all frames that can be decoded, as they come."""
    capture = open_capture(path)
    found, failed = [], 0
    try:
        while failed < PATIENCE:
            if capture.grab():
                found.append(time_of(capture))
                failed = 0
            else:
                failed += 1
    finally:
        capture.release()
    return np.array(found)


def counted(path: Path) -> int | None:
    """Frames that the container counts and shows; None if it counts none and only tells a length."""
    table = sample_times(path)
    if table is not None:
        return len(table[0])
    return _first_look(path)[0] if path.suffix.lower() == ".avi" else None


def told_length(path: Path) -> float:
    """Seconds that a file says it lasts, its sound included; 0 if it tells none."""
    capture = open_capture(path)
    rate, frames = (float(capture.get(what)) for what in (cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return frames / rate if rate > 0 else 0.0


def _gone_to(path: Path, times: Times | None, start: int) -> tuple[Any, int]:
    """A file opened, and the number of the frame grabbed last: at most `start`, -1 if none.

    One goes to a time and looks which frame has come: OpenCV's numbers are wrong where steps are uneven.
    """
    capture = open_capture(path)
    if times is None or not _NEAR <= start <= len(times.shown):
        return capture, -1
    capture.set(cv2.CAP_PROP_POS_MSEC, float(times.shown[start - 1]))
    place = times.number(time_of(capture)) if capture.grab() else None
    if place is not None and place <= start:
        return capture, place
    capture.release()
    return open_capture(path), -1


@lru_cache(maxsize=4096)
def _length(path: Path, seen: tuple[int, int]) -> int:
    """Number of frames: those whose times are known, else those that can be decoded."""
    times = frame_times(path, seen)
    count = len(_decoded(path, seen) if times is None else times.shown)
    if not count:
        raise InputError("no frame in the video", where=path, do="copy it again")
    return count


@lru_cache(maxsize=64)
def _pictures(path: Path, seen: tuple[int, int]) -> tuple[str, ...]:
    names = os.listdir(path)  # noqa: PTH208 - names alone come much faster
    found = [name for name in names if name.lower().endswith(IMAGE_SUFFIXES) and name[0] != "."]
    return tuple(sorted(found, key=natural))


def natural(name: str) -> tuple[str, str]:
    """Order in which numbers inside a name count as numbers."""
    stem = name.rpartition(".")[0]
    return _DIGITS.sub(lambda digits: digits[0].lstrip("0").zfill(20), stem), name


@lru_cache(maxsize=4096)
def _file_digest(path: Path, seen: tuple[int, int]) -> str:
    return digest_file(path)


@lru_cache(maxsize=4096)
def _folder_digest(path: Path, seen: str) -> str:
    names = _pictures(path, stamp(path))
    return digest_bytes(*(part.encode() for name in names for part in (name, digest_content(path / name))))


def _digest(content: str, video: FileVideo | PictureVideo) -> str:
    about = repr((video.fps, video.subject, video.expressions))
    return digest_bytes(content.encode(), about.encode())
