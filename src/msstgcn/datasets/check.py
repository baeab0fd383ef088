"""Look a data set on disk over before anything is computed from it, and say all that is wrong in one go.

Labels and folders are read by the very readers that will be used later. Of every picture that is worked on only the
header and the ending are read, a thousand times faster than decoding it: that finds empty, foreign, cut-off and
differing pictures, though not a flipped bit inside one. The first, the middle and the last picture of each video are
decoded too.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2

from msstgcn.datasets.files import FileVideo, PictureVideo, read_picture
from msstgcn.datasets.findings import LEVELS, Finding
from msstgcn.datasets.layouts import read_dataset
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.protocol import Video
from msstgcn.datasets.reading import RealDataset
from msstgcn.errors import InputError

#: What a check does not look at.
NOT_CHECKED = (
    "the inside of pictures other than the first, the middle and the last of a video; "
    "pictures between the working frames; whether a face is to be seen"
)
_HEAD = 65536
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
        counted = ", ".join(f"{n} {level}" for level, n in self.count.items())
        lines.append(f"{self.root} as {self.layout}, repair {self.repair}: {counted}")
        lines.append(
            f"usable: {len(self.videos)} videos with {self.events} events; {self.pictures} pictures looked at"
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
    found = read_dataset(layout, root, repair=repair)
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
    return Report(layout, str(root), repair, tuple(findings), names, events, pictures)


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
    if isinstance(video, NumberedVideo):
        paths = [video.picture(i) for i in range(len(video))]
    elif isinstance(video, PictureVideo):
        paths = list(video.pictures)
    else:
        return [], 0
    findings = list(_pictures(paths, root.resolve()))
    if not any(finding.level == "error" for finding in findings):
        findings += _decoded({paths[0], paths[len(paths) // 2], paths[-1]})
    return findings, len(paths)


def _pictures(paths: list[Path], home: Path) -> Iterator[Finding]:
    first: tuple[int, int] | None = None
    for path in paths:
        try:
            size = picture_size(path)
        except (InputError, OSError) as error:
            what = error.what if isinstance(error, InputError) else f"cannot be read ({error.strerror})"
            yield Finding("error", str(path), what, "video left out")
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            yield Finding("note", str(path), f"a link out of the root, to {path.resolve()}", "followed")
        if first is None:
            first = size
        elif size != first:
            what = f"{size[0]} x {size[1]} pixels, the first has {first[0]} x {first[1]}"
            yield Finding("error", str(path), what, "video left out")


def _decoded(paths: set[Path]) -> Iterator[Finding]:
    for path in sorted(paths):
        try:
            read_picture(path)
        except InputError as error:
            yield Finding("error", str(path), error.what, "video left out")


def _film(video: FileVideo) -> Iterator[Finding]:
    """A film is cut short if fewer frames can be read than it tells."""
    capture = cv2.VideoCapture(str(video.path), cv2.CAP_FFMPEG)
    told, rate = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    try:
        if len(video) < told:
            yield Finding(
                "error", str(video.path), f"{len(video)} of {told} frames can be read", "video left out"
            )
        if abs(rate - video.fps) > 0.01 * video.fps:
            what = f"the file tells {rate:.4g} frames a second"
            yield Finding("note", str(video.path), what, f"taken as {video.fps:.4g}")
        for i in sorted({0, len(video) // 2, len(video) - 1}):
            video.frame(i)
    except InputError as error:
        yield Finding("error", str(video.path), error.what, "video left out")


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture, from its header (JPEG and PNG; others are decoded).

    Raises
    ------
    InputError
        If the file is empty, no picture, or has no end.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if not head:
            raise InputError("the picture is empty", where=path)
        if head[:2] == b"\xff\xd8":
            size = _jpeg_size(head)
            if len(head) == _HEAD:
                stream.seek(-64, 2)
                head = stream.read()
            if b"\xff\xd9" not in head[-64:]:
                raise InputError("the picture is cut short", where=path)
        elif head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
            size = struct.unpack(">II", head[16:24])
            if len(head) == _HEAD:
                stream.seek(-64, 2)
                head = stream.read()
            if b"IEND" not in head[-64:]:
                raise InputError("the picture is cut short", where=path)
        else:
            size = None
    if size is not None:
        return int(size[0]), int(size[1])
    height, width = read_picture(path).shape[:2]
    return width, height


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Size from the start-of-frame segment; None if the beginning of the file does not hold it."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack(">H", head[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None
