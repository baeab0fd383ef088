"""Look a data set on disk over before anything is computed from it, and say all that is wrong in one go.

Labels and folders are read by the very readers that will be used later. Of every picture that is worked on only the
header and the ending are read, a thousand times faster than decoding it: that finds empty, foreign, cut-off and
differing pictures, though not a flipped bit inside one. The first, the middle and the last picture of each video are
decoded too.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from msstgcn.counted import counted
from msstgcn.datasets.files import FileVideo, PictureVideo
from msstgcn.datasets.findings import LEVELS, Finding
from msstgcn.datasets.layouts import read_dataset
from msstgcn.datasets.lenient import film_notes
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.pictures import decoded, frame_at, oddities
from msstgcn.datasets.protocol import Video
from msstgcn.datasets.reading import RealDataset, missing_pictures
from msstgcn.errors import InputError

#: What a check does not look at.
NOT_CHECKED = (
    "the inside of pictures other than the first, the middle and the last of a video; "
    "pictures between the working frames; whether a face is to be seen"
)
_HEAD, _LONG_HEAD = 4096, 65536  # bytes; in a long one a preview stands before the size
_REGULAR = 0.9  # share of equal steps from which on another step is a gap
_NO_SIZE = b"\xc4\xc8\xcc"  # markers between C0 and CF that are no start of a frame


@dataclass(frozen=True)
class Report:
    """What a check found.

    Parameters
    ----------
    layout, root, repair : str
    findings : tuple of Finding
        Worst first.
    videos : tuple of str
        Those that can be used.
    events : int
        Labels of these videos.
    pictures : int
        Pictures whose header was read.
    """

    layout: str
    root: str
    repair: str
    findings: tuple[Finding, ...]
    videos: tuple[str, ...]
    events: int
    pictures: int

    @property
    def count(self) -> dict[str, int]:
        """Number of findings of each level."""
        found = Counter(finding.level for finding in self.findings)
        return {level: found[level] for level in LEVELS}

    @property
    def sound(self) -> bool:
        """True if there are videos and nothing is left out; repairs and notes do not count against it."""
        return bool(self.videos) and not self.count["fatal"] and not self.count["error"]

    def to_dict(self) -> dict[str, Any]:
        """The report for programs."""
        return {**asdict(self), "count": self.count, "sound": self.sound, "not_checked": NOT_CHECKED}

    def text(self) -> str:
        """The report for people."""
        lines = [str(finding) for finding in self.findings]
        levels = ", ".join(f"{n} {level}" for level, n in self.count.items())
        lines.append(f"{self.root} as {self.layout}, repair {self.repair}: {levels}")
        lines.append(
            f"usable: {counted(len(self.videos), 'video')} with {counted(self.events, 'event')}; "
            f"{counted(self.pictures, 'picture')} looked at"
        )
        lines.append(f"not checked: {NOT_CHECKED}")
        return "\n".join(lines)


def check(
    root: str | Path,
    layout: str,
    *,
    repair: str = "authors",
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Find every problem of a data set on disk.

    Parameters
    ----------
    root : path
    layout : str
        A name in `layouts.LAYOUTS_ON_DISK`.
    repair : str
        A name in `repair.REPAIRS`.
    progress : callable, optional
        Called with the number of videos done since the last call.

    Raises
    ------
    InputError
        On an unknown name or a missing folder; everything else is in the report.
    """
    return look_over(read_dataset(layout, root, repair=repair), layout, root, progress)


def look_over(
    found: RealDataset, layout: str, root: str | Path, progress: Callable[[int], None] | None = None
) -> Report:
    """Look over what `read_dataset` has read: the second, longer part of `check`."""
    findings, good, pictures = list(found.findings), [], 0
    for video in found.videos:
        problems, looked_at = _video(video, Path(root))
        pictures += looked_at
        findings += problems
        if not any(problem.level == "error" for problem in problems):
            good.append(video)
        if progress:
            progress(1)
    if found.videos and not good:
        findings.append(Finding("fatal", str(root), "no video can be used"))
    findings.sort(key=lambda f: LEVELS.index(f.level))  # stable: otherwise in the order of reading
    events = sum(len(video.expressions) for video in good)
    names = tuple(video.name for video in good)
    return Report(layout, str(root), found.repair, tuple(findings), names, events, pictures)


def sound_part(
    found: RealDataset, root: str | Path, progress: Callable[[int], None] | None = None
) -> RealDataset:
    """The data set without the videos that have a picture that cannot be used; the findings tell of each.

    `progress` is called with the number of videos done since the last call.
    """
    findings, good = list(found.findings), []
    for video in found.videos:
        problems, _ = _video(video, Path(root))
        findings += problems
        if not any(problem.level == "error" for problem in problems):
            good.append(video)
        if progress:
            progress(1)
    return replace(found, videos=tuple(good), findings=tuple(findings))


def _video(video: Video, root: Path) -> tuple[list[Finding], int]:
    """What is wrong with one video, and how many of its pictures were looked at."""
    if isinstance(video, FileVideo):
        return list(_film(video)), 0
    numbers: list[Finding] = []
    if isinstance(video, NumberedVideo):
        paths = [video.picture(i) for i in range(len(video))]
        if video.odd_start:
            numbers = [Finding("error", str(video.path), video.odd_start, "video left out")]
    elif isinstance(video, PictureVideo):
        paths = list(video.pictures)
        numbers = [replace(f, where=str(video.path)) for f in _numbers([path.name for path in paths])]
    else:
        return [], 0
    findings = [*numbers, *_pictures(paths, root.resolve())]
    if not any(finding.level == "error" for finding in findings):
        findings += _decoded(video)
    return findings, len(paths)


def _pictures(paths: list[Path], home: Path) -> Iterator[Finding]:
    headers = {}
    for path in paths:
        try:
            headers[path] = picture_header(path)
        except (InputError, OSError) as error:
            what = error.what if isinstance(error, InputError) else f"cannot be read ({error.strerror})"
            yield Finding("error", str(path), what, "video left out")
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            yield Finding("note", str(path), f"a link out of the root, to {path.resolve()}", "followed")
    for usual, _ in Counter(headers.values()).most_common(1):
        for path, header in headers.items():
            if header != usual:
                yield Finding("error", str(path), f"{header}, most have {usual}", "video left out")


def _numbers(names: list[str]) -> Iterator[Finding]:
    """Gaps in the numbers of pictures that are taken in the order of their names: labels behind one would be off."""
    found = [re.search(r"(\d+)\.[^.]+$", name) for name in names]
    numbers = [int(match[1]) for match in found if match]
    if len(numbers) != len(names) or len(numbers) < 3:
        return
    steps = Counter(b - a for a, b in pairwise(numbers))
    step, often = steps.most_common(1)[0]
    if often == len(numbers) - 1:
        return
    if step < 1 or often < _REGULAR * (len(numbers) - 1):
        yield Finding("note", names[0], "numbers of pictures follow no step", "taken as equally spaced")
        return
    there = set(numbers)
    missing = [n for n in range(numbers[0], numbers[-1], step) if n not in there]
    what = missing_pictures(missing) if missing else "a picture whose number is out of step"
    yield Finding("error", names[0], what, "video left out")


def _decoded(video: PictureVideo | NumberedVideo) -> Iterator[Finding]:
    try:
        kind = video.kind
        odd = oddities(video.picture(0), kind)
        if odd:
            yield Finding("note", str(video.path), *odd)
        for i in sorted({0, len(video) // 2, len(video) - 1}):
            frame_at(video.picture(i), kind)
    except InputError as error:
        yield Finding("error", error.where, error.what, "video left out")


def _film(video: FileVideo) -> Iterator[Finding]:
    """What is wrong or odd about a film; three of its frames are decoded."""
    capture = cv2.VideoCapture(str(video.path), cv2.CAP_FFMPEG)
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    try:
        if abs(rate - video.fps) > 0.01 * video.fps:
            what = f"the file tells {rate:.4g} frames a second"
            yield Finding("note", str(video.path), what, f"taken as {video.fps:.4g}")
        for note in film_notes(video):
            if note.level == "repair":  # labels may lie behind the end of a film that lacks a part
                note = replace(note, level="error", done="video left out")
            yield replace(note, where=str(video.path))
        for i in sorted({0, len(video) // 2, len(video) - 1}):
            video.frame(i)
    except InputError as error:
        yield Finding("error", str(video.path), error.what, "video left out")


class Header(NamedTuple):
    """What the header of a picture tells.

    Parameters
    ----------
    width, height : int
    colour : bool
        Whether it becomes an RGB frame; else a grey one.
    bits : int
        Of a channel.
    """

    width: int
    height: int
    colour: bool
    bits: int

    def __str__(self) -> str:
        kind = "colour" if self.colour else "grey"
        return f"{self.width} x {self.height} pixels, {kind}, {self.bits} bits"


def picture_header(path: Path) -> Header:
    """Size and kind of a picture, from its header (JPEG and PNG; others are decoded).

    Raises
    ------
    InputError
        If the file is empty, no picture, or has no end.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if not head:
            raise InputError("the picture is empty", where=path)
        found, end = None, b""
        if head[:2] == b"\xff\xd8":
            found, end = _jpeg_header(head), b"\xff\xd9"
            if found is None and len(head) == _HEAD:
                found = _jpeg_header(head + stream.read(_LONG_HEAD - _HEAD))
        elif head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 26:
            width, height, bits, colour = struct.unpack(">IIBB", head[16:26])
            found, end = Header(width, height, colour != 0, max(bits, 8)), b"IEND"
        if end:
            if len(head) == _HEAD:
                stream.seek(-64, 2)
                head = stream.read()
            if end not in head[-64:]:
                _has_an_end(path)
    if found is not None:
        return found
    picture = decoded(path)
    return Header(picture.shape[1], picture.shape[0], picture.ndim == 3, 8 * picture.itemsize)


def _has_an_end(path: Path) -> None:
    """Decode a picture that does not end as its kind does: some programs write on behind the end."""
    try:
        decoded(path)
    except InputError:
        raise InputError("the picture is cut short", where=path) from None


def _jpeg_header(head: bytes) -> Header | None:
    """From the start-of-frame segment; None if the beginning of the file does not hold it."""
    at = 2
    while at + 10 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack(">H", head[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            bits, height, width, channels = struct.unpack(">BHHB", head[at + 4 : at + 10])
            return Header(width, height, channels > 1, bits)
        at += 2 + length
    return None
