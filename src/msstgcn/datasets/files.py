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

from msstgcn.datasets.protocol import Video
from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, digest_file
from msstgcn.timeline import Expression

Frame = NDArray[np.uint8]

#: Endings by which a folder of pictures and a video file are known.
IMAGE_SUFFIXES: tuple[str, ...] = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
VIDEO_SUFFIXES: tuple[str, ...] = (".mkv", ".avi", ".mp4", ".mov", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv")
#: Rate of a folder of pictures that tells none.
FOLDER_FPS = 30.0
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
        capture = open_capture(self.path)
        try:
            grey = is_grey(capture)
            if start:
                capture.set(cv2.CAP_PROP_POS_FRAMES, start)
            for i in range(start, stop):
                good, picture = capture.read()
                if not good:
                    raise InputError(
                        f"frame {i} cannot be read",
                        where=self.path,
                        do="the file is damaged or cut short: copy it again",
                    )
                yield to_frame(picture, grey)
        finally:
            capture.release()


@dataclass(frozen=True)
class PictureVideo:
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

    def __len__(self) -> int:
        return len(self._names)

    @property
    def digest(self) -> str:
        """Digest of the pictures' content, the rate, the subject and the labels."""
        return _digest(_folder_digest(self.path, stamp(self.path)), self)

    def frame(self, i: int) -> Frame:
        """Frame i, uint8, (height, width) or (height, width, 3) RGB, as the picture is.

        Raises
        ------
        InputError
            If there is no such frame, the picture cannot be read or differs in size from the first.
        """
        names = self._names
        if not 0 <= i < len(names):
            raise InputError(f"no frame {i}", where=self.path, expected=f"0 to {len(names) - 1}")
        picture = read_picture(self.path / names[i], self.path / names[0])
        shape = _shape(self.path / names[0])
        if picture.shape != shape:
            raise InputError(
                f"picture of {shape_text(picture.shape)}",
                where=self.path / names[i],
                expected=f"{shape_text(shape)} as the first of the folder, {names[0]}",
            )
        return picture

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1, one after the other."""
        for i in range(start, len(self) if stop is None else stop):
            yield self.frame(i)


def open_video(path: str | Path) -> Video:
    """Open one video file, or a folder of pictures, of one's own: no labels, the subject is the file's name.

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
    return video_at(path, path.stem, path.stem)


def video_at(
    path: Path, name: str, subject: str, fps: float | None = None, expressions: tuple[Expression, ...] = ()
) -> FileVideo | PictureVideo:
    """Video at a path, with what is known of it; a missing rate is taken from the file."""
    if path.is_dir():
        if not _pictures(path, stamp(path)):
            raise InputError(
                "no pictures in the folder",
                where=path,
                expected="files ending in " + ", ".join(IMAGE_SUFFIXES),
            )
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


@lru_cache(maxsize=64)
def frame_times(path: Path, seen: tuple[int, int]) -> Times | None:
    """Times of all frames from the container's packets, without decoding one; None where they cannot be relied on.

    They can where there are as many packets as the container tells of frames, and no two at the same time.
    """
    capture = open_capture(path, [cv2.CAP_PROP_FORMAT, -1])
    found = []
    try:
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        while capture.grab():
            key = capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME) > 0
            found.append((capture.get(cv2.CAP_PROP_POS_MSEC), key))
    finally:
        capture.release()
    found.sort()
    shown = np.array([time for time, _ in found])
    if len(shown) != count or not (np.diff(shown) > 0).all():
        return None
    return Times(shown, np.array([key for _, key in found]))


@lru_cache(maxsize=4096)
def _length(path: Path, seen: tuple[int, int]) -> int:
    """Number of frames; the container's word for it is not trusted unless the packets, or the last frame, are there."""
    times = frame_times(path, seen)
    if times is not None and len(times.shown):
        return len(times.shown)
    capture = open_capture(path)
    try:
        told = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if told > 0:
            capture.set(cv2.CAP_PROP_POS_FRAMES, told - 1)
            if capture.grab() and not capture.grab():
                return told
    finally:
        capture.release()
    capture, count = open_capture(path), 0
    try:
        while capture.grab():
            count += 1
    finally:
        capture.release()
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


def read_picture(path: Path, first: Path | None = None) -> Frame:
    """One picture, uint8, (height, width) or (height, width, 3) RGB; an `InputError` names one that is damaged.

    Parameters
    ----------
    path : Path
    first : Path, optional
        The first picture of the video: the bits that its values take up are those of all. Cameras of 10, 12 or 14
        bits write files of 16. The highest eight bits are kept; an alpha channel is left out.
    """
    picture = _decoded(path)
    deep = picture.dtype == np.uint16
    if picture.dtype not in (np.uint8, np.uint16) or (first is not None and deep != (bit_depth(first) > 8)):
        raise InputError(
            f"a picture of {picture.dtype}", where=path, expected="8 bits a channel, or 16 in all pictures"
        )
    if deep:
        picture = np.minimum(picture >> (bit_depth(first or path) - 8), 255).astype(np.uint8)
    if picture.ndim == 2:
        return np.asarray(picture)
    return np.ascontiguousarray(picture[..., 2::-1])  # BGR(A) to RGB


def _decoded(path: Path) -> NDArray[Any]:
    data = np.fromfile(path, np.uint8)  # not cv2.imread: it fails on names beyond ASCII on some systems
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if picture is None:
        raise InputError("the picture cannot be read", where=path, do="copy it again")
    return np.asarray(picture)


@lru_cache(maxsize=1024)
def bit_depth(path: Path) -> int:
    """Bits that the values of a picture take up: 8, or in a file of 16 bits the fewest of 10, 12, 14, 16."""
    picture = _decoded(path)
    if picture.dtype == np.uint8:
        return 8
    return next(bits for bits in (10, 12, 14, 16) if bits == 16 or picture.max() < 2**bits)


def picture_kind(path: Path) -> tuple[str, str] | None:
    """What is odd about the kind of a picture and what `read_picture` makes of it, None for an ordinary one."""
    picture = _decoded(path)
    told = []
    if picture.dtype == np.uint16:
        depth = bit_depth(path)
        told.append((f"pictures of 16 bits, {depth} of them in use", "brought to 8 bits"))
    if picture.ndim == 3 and picture.shape[2] == 4:
        told.append(("pictures with an alpha channel", "alpha left out"))
    return (", ".join(what for what, _ in told), ", ".join(done for _, done in told)) if told else None


@lru_cache(maxsize=1024)
def _shape(path: Path) -> tuple[int, ...]:
    return tuple(read_picture(path).shape)


def shape_text(shape: tuple[int, ...]) -> str:
    """Size and kind of a picture in words."""
    return f"{shape[1]} x {shape[0]} pixels, {'grey' if len(shape) == 2 else 'colour'}"


@lru_cache(maxsize=4096)
def _file_digest(path: Path, seen: tuple[int, int]) -> str:
    return digest_file(path)


@lru_cache(maxsize=4096)
def _folder_digest(path: Path, seen: tuple[int, int]) -> str:
    return digest_bytes(
        *(part.encode() for name in _pictures(path, seen) for part in (name, digest_file(path / name)))
    )


def _digest(content: str, video: FileVideo | PictureVideo) -> str:
    about = repr((video.fps, video.subject, video.expressions))
    return digest_bytes(content.encode(), about.encode())
