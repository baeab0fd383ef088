"""Pictures on disk that are the frames of a video: decoded, of one kind, brought to eight bits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, digest_file

Frame = NDArray[np.uint8]

_DEPTHS = (8, 10, 12, 14, 16)  # bits that the values of a file of 16 may take up
_PART = 4096  # bytes
_SAMPLE = 9  # pictures of a video that tell the kind of all
_TURNED = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR  # unlike IMREAD_UNCHANGED: turned as EXIF says, no alpha


class PictureKind(NamedTuple):
    """What most pictures of a video are like.

    Parameters
    ----------
    shape : tuple of int
        Of a frame: (height, width) or (height, width, 3).
    deep : bool
        Whether the files have 16 bits a channel; else 8.
    bits : int
        Bits that the values take up: 8, 10, 12, 14 or 16. Cameras of 10, 12 or 14 bits write files of 16.
    """

    shape: tuple[int, ...]
    deep: bool
    bits: int

    def __str__(self) -> str:
        return f"{shape_text(self.shape)}, {16 if self.deep else 8} bits"


class PictureFrames(ABC):
    """A video whose frames are pictures on disk: how they are read, whatever decides which picture is which frame."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames."""

    @abstractmethod
    def picture(self, i: int) -> Path:
        """File of frame i; an `InputError` if there is no such frame, or it is missing."""

    @property
    @abstractmethod
    def kind(self) -> PictureKind:
        """What the frames are like, judged by some of the pictures."""

    def frame(self, i: int) -> Frame:
        """Frame i, uint8, (height, width) or (height, width, 3) RGB, as the picture is.

        Raises
        ------
        InputError
            If there is no such frame, or its picture is missing, cannot be read or is of another kind than most.
        """
        return frame_at(self.picture(i), self.kind)[0]

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """Frames start to stop - 1, one after the other."""
        kind = self.kind
        for i in range(start, len(self) if stop is None else stop):
            yield frame_at(self.picture(i), kind)[0]


def spread(count: int) -> list[int]:
    """Numbers of the pictures that are looked at for the kind of all: the first, the last, some evenly between."""
    return sorted({round(k * (count - 1) / (_SAMPLE - 1)) for k in range(_SAMPLE)}) if count else []


def kind_of(paths: Sequence[Path]) -> PictureKind:
    """The commonest kind among pictures, those left aside that cannot be read; the earliest of equally common ones.

    Raises
    ------
    InputError
        If none of them can be read.
    """
    return _kind(tuple(paths), tuple(_state(path) for path in paths))


@lru_cache(maxsize=256)
def _kind(paths: tuple[Path, ...], seen: tuple[str, ...]) -> PictureKind:
    found: list[tuple[tuple[int, ...], bool, int]] = []
    errors = []
    for path in paths:
        try:
            picture = decoded(path)
        except InputError as error:
            errors.append(error)
            continue
        found.append((picture.shape, picture.dtype == np.uint16, int(picture.max())))
    if not found:
        raise errors[0] if errors else InputError("none of the pictures that tell their kind is there")
    (shape, deep), _ = Counter((shape, deep) for shape, deep, _ in found).most_common(1)[0]
    most = max(value for *kind, value in found if kind == [shape, deep])
    return PictureKind(shape, deep, next(bits for bits in _DEPTHS if most < 2**bits))


def decoded(path: Path) -> NDArray[Any]:
    """One picture as its file has it, uint8 or uint16, (height, width) or (height, width, 3) BGR, the right way up.

    It is turned as its EXIF data say; an alpha channel is left out.

    Raises
    ------
    InputError
        If it cannot be read or has another type.
    """
    picture = _decode(path, _TURNED)
    if picture.dtype not in (np.uint8, np.uint16):
        raise InputError(f"a picture of {picture.dtype}", where=path, expected="8 or 16 bits a channel")
    return picture


def _decode(path: Path, how: int) -> NDArray[Any]:
    try:
        data = np.fromfile(path, np.uint8)  # not cv2.imread: it fails on names beyond ASCII on some systems
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path, do="copy it again") from None
    picture = cv2.imdecode(data, how) if data.size else None
    if picture is None:
        raise InputError("the picture cannot be read", where=path, do="copy it again")
    return np.asarray(picture)


def frame_at(path: Path, kind: PictureKind) -> tuple[Frame, bool]:
    """A picture as a frame of a video, and whether values beyond the bits of the video were cut off at white.

    Parameters
    ----------
    path : Path
    kind : PictureKind
        Of the video. Of more than 8 bits the highest 8 are kept.

    Returns
    -------
    frame : ndarray of uint8, shape (height, width) or (height, width, 3) RGB
    cut_off : bool

    Raises
    ------
    InputError
        If the picture cannot be read or is of another kind.
    """
    picture = decoded(path)
    cut_off = kind.deep and bool(picture.max() >= 2**kind.bits)
    own = PictureKind(picture.shape, picture.dtype == np.uint16, kind.bits)
    if own != kind:
        raise InputError(f"picture of {own}", where=path, expected=f"{kind} as most of the video")
    if kind.deep:
        picture = np.minimum(picture >> (kind.bits - 8), 255).astype(np.uint8)
    return np.ascontiguousarray(picture if picture.ndim == 2 else picture[..., ::-1]), cut_off


def oddities(path: Path, kind: PictureKind) -> tuple[str, str] | None:
    """What is odd about the pictures of a video and what is made of it, judged by one of them; None if nothing is."""
    told = []
    if kind.deep:
        told.append((f"pictures of 16 bits, {kind.bits} of them in use", "brought to 8 bits"))
    whole = _decode(path, cv2.IMREAD_UNCHANGED)
    if whole.ndim == 3 and whole.shape[2] == 4:
        told.append(("pictures with an alpha channel", "alpha left out"))
    pages = cv2.imcount(str(path)) if path.suffix.lower() in (".tif", ".tiff") else 1
    if pages > 1:
        told.append(
            (f"{pages} pages in one file, {path.name}", "only the first is a frame: save each as a file")
        )
    return (", ".join(what for what, _ in told), ", ".join(done for _, done in told)) if told else None


def shape_text(shape: tuple[int, ...]) -> str:
    """Size and kind of a picture in words."""
    return f"{shape[1]} x {shape[0]} pixels, {'grey' if len(shape) == 2 else 'colour'}"


def _state(path: Path) -> str:
    """What changes with a file, by its listing alone: name, size and time; no size and time if there are none."""
    try:
        status = path.stat()
    except OSError:
        return path.name
    return f"{path.name} {status.st_size} {status.st_mtime_ns}"


def digest_states(paths: Sequence[Path]) -> str:
    """Digest of name, size and time of change of files: what is remembered about them holds as long as it stays."""
    return digest_bytes(*(_state(path).encode() for path in paths))


def digest_content(path: Path, whole: bool = True) -> str:
    """Digest of a picture's bytes, or of its size and 4 KiB from its middle; a word in place of one not there."""
    try:
        if whole:
            return digest_file(path)
        with path.open("rb") as stream:
            size = path.stat().st_size
            stream.seek(max(0, (size - _PART) // 2))
            return digest_bytes(str(size).encode(), stream.read(_PART))
    except OSError:
        return "cannot be read"
