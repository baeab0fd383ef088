"""A data set on disk in the project's own layout: ``videos.csv``, ``events.csv`` and one file or folder a video.

``videos.csv`` has the columns ``video,subject,fps,file``, the file relative to the folder; ``events.csv`` has
``video,class,onset,apex,offset,action_units``, frames 0-based and inclusive, units joined by ``+``. What else a cell
of units may hold tells `workbooks.action_units`; what that does not understand is refused here.
"""

from __future__ import annotations

import errno
import json
import math
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import cv2
import joblib
import pandas as pd

from msstgcn.datasets.files import Frame, video_at
from msstgcn.datasets.protocol import Dataset, Video
from msstgcn.datasets.reading import plain
from msstgcn.datasets.releases import RELEASES, PictureNames
from msstgcn.datasets.workbooks import action_units
from msstgcn.errors import InputError, lookup
from msstgcn.files import digest_file, sweep, unfinished, written_whole
from msstgcn.timeline import FRAME, Expression, read_events, read_videos, write_csv

VIDEO_COLUMNS = ("video", "subject", "fps", "file")
Progress = Callable[[int], None]
Writer = Callable[[Video, Path, Progress], None]
Say = Callable[[InputError], None]
_ROW = re.compile(r", row (\d+)$")


def write_dataset(
    dataset: Dataset,
    out: str | Path,
    *,
    layout: str = "lossless",
    progress: Progress | None = None,
    jobs: int = 1,
) -> Path:
    """Write videos and labels to a folder; what an earlier, interrupted call finished is kept.

    Parameters
    ----------
    dataset : Dataset
    out : path
        The folder; made if missing.
    layout : {"lossless", "mp4", "png", "samm-lv", "casme2"}
        FFV1 in AVI, exact; MPEG-4 part 2, small but lossy (labels stay exact); or folders of PNG files, exact. The
        last two write folders of JPEG files and a workbook as the real data sets have them, see `releases`.
    progress : callable, optional
        Called with the number of frames done since the last call.
    jobs : int
        Processes that write videos side by side; with more than one, progress comes video by video.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        Unknown layout, two videos of one name, a folder that cannot be written or that holds another data set, no space
        left; a real layout that does not take the videos' rate or number.
    """
    lookup({**LAYOUTS, **RELEASES}, layout, "layout")
    out = Path(out)
    names = [video.name for video in dataset.videos]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"two videos of the name {sorted(twice)[0]!r}", where=dataset.name)
    release = RELEASES.get(layout)
    if release:
        writer = _written_as_pictures(".jpg", release.pictures)
        targets = [out / folder for folder in release.folders(dataset)]
    else:
        writer, suffix = LAYOUTS[layout]
        targets = [out / "videos" / f"{video.name}{suffix}" for video in dataset.videos]
    _must_hold_nothing_else(out, targets)
    sweep(out)
    _write_videos(dataset, targets, writer, layout, progress, jobs)
    if release:
        release.workbook(dataset, out)
    else:
        write_csv(_videos_table(dataset, suffix), out / "videos.csv")
        write_csv(_events_table(dataset), out / "events.csv")
    return out


def _must_hold_nothing_else(out: Path, targets: list[Path]) -> None:
    """Raise if a folder holds videos or labels that are not of an earlier call for the same videos."""
    places = {target.parent for target in targets}
    noted = {note.with_name(note.name[1:-5]) for place in places for note in place.glob(".*.json")}
    others = [target for target in targets if target.exists() and target not in noted]
    others += sorted(target for target in noted - {*targets} if target.exists())
    if not noted:
        others += [out / name for name in ("videos.csv", "events.csv") if (out / name).exists()]
        others += sorted(out.glob("*.xlsx"))
    if others:
        raise InputError(
            "this is not of the data set that is to be written",
            where=others[0],
            expected="an empty folder, or what an earlier call for the same videos has left",
            do="give another folder",
        )


def _write_videos(
    dataset: Dataset,
    targets: list[Path],
    writer: Writer,
    layout: str,
    progress: Progress | None,
    jobs: int,
) -> None:
    """Write those videos that an earlier call did not finish."""
    advance = progress or (lambda steps: None)
    missing = []
    for video, target in zip(dataset.videos, targets, strict=True):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the folder cannot be made ({error.strerror})", where=target.parent) from None
        if _finished(video, target, layout):
            advance(len(video))
        else:
            missing.append((video, target))
    if jobs == 1 or len(missing) < 2:
        for video, target in missing:
            _write(video, target, writer, layout, advance)
        return
    work = (joblib.delayed(_write)(video, target, writer, layout) for video, target in missing)
    for frames in joblib.Parallel(n_jobs=min(jobs, len(missing)), return_as="generator_unordered")(work):
        advance(frames)


def _write(
    video: Video, target: Path, writer: Writer, layout: str, progress: Progress = lambda steps: None
) -> int:
    """Write one video; give its number of frames."""
    writer(video, target, progress)
    _note(video, target, layout)
    return len(video)


def open_folder(path: str | Path) -> Dataset:
    """Open a data set in the project's own layout; frames are read when asked for.

    Parameters
    ----------
    path : path
        The folder with ``videos.csv`` and, if anything is labelled, ``events.csv``.

    Raises
    ------
    InputError
        Missing file, folder or column, a rate that is no positive number, an event of an unknown video or beyond
        its end, an apex outside its event, an action unit that is none; with file and row.
    """

    def refuse(error: InputError) -> None:
        raise error

    return read_folder(Path(path), refuse)


def read_folder(path: Path, say: Say) -> Dataset:
    """Read what there is in a folder in the project's own layout.

    Parameters
    ----------
    path : Path
    say : callable
        Called with the error of each video and each event that cannot be used; they are left out, unless it raises.

    Raises
    ------
    InputError
        If there is no such folder, or one of the tables is none.
    """
    if not path.is_dir():
        raise InputError("no such folder", where=path, expected="a folder with videos.csv and events.csv")
    listed = _read_videos_table(path / "videos.csv", say)
    labels = _expressions(path / "events.csv", {name for name, *_ in listed}, say)
    videos: list[Video] = []
    for name, subject, fps, file, where in listed:
        try:
            place = _on_disk(path, file)
            if not place.exists():
                raise InputError(f"no file {file}", where=where, do="check the column file")
            video = video_at(place, name, subject, fps)
            last = len(video) - 1
        except InputError as error:
            say(error)
            for _, row in labels.get(name, []):
                say(InputError(f"video {name} cannot be used", where=f"{path / 'events.csv'}, row {row}"))
            continue
        fitting = []
        for expression, row in labels.get(name, []):
            if expression.offset <= last:
                fitting.append((expression, row))
                continue
            say(
                InputError(
                    f"offset {expression.offset} beyond the video",
                    where=f"{path / 'events.csv'}, row {row}",
                    expected=f"frames 0 to {last} of {name}",
                )
            )
        fitting.sort()
        videos.append(
            replace(video, expressions=tuple(e for e, _ in fitting), rows=tuple(r for _, r in fitting))
        )
    return Dataset(path.resolve().name, tuple(videos))


def _on_disk(folder: Path, file: str) -> Path:
    """Path of a file that a table names: a disk may compose accents in another way than the table, read as NFC."""
    found = folder
    for part in PurePath(file).parts:
        others = () if (found / part).exists() or not found.is_dir() else found.iterdir()
        found = next((one for one in others if unicodedata.normalize("NFC", one.name) == part), found / part)
    return found


def _videos_table(dataset: Dataset, suffix: str) -> pd.DataFrame:
    rows = [(v.name, v.subject, v.fps, f"videos/{v.name}{suffix}") for v in dataset.videos]
    return pd.DataFrame(rows, columns=list(VIDEO_COLUMNS))


def _events_table(dataset: Dataset) -> pd.DataFrame:
    rows = [
        (v.name, e.label, e.onset, e.apex, e.offset, "+".join(e.action_units))
        for v in dataset.videos
        for e in v.expressions
    ]
    return pd.DataFrame(rows, columns=["video", "class", "onset", "apex", "offset", "action_units"])


# --- writing one video ---------------------------------------------------------------------------------------


def _written_by_opencv(codec: str) -> Writer:
    def write(video: Video, target: Path, progress: Progress) -> None:
        frames = video.frames()
        first = next(frames)
        with written_whole(target) as temporary:
            size, colour = (first.shape[1], first.shape[0]), first.ndim == 3
            sink = cv2.VideoWriter(
                str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), video.fps, size, colour
            )
            if not sink.isOpened():
                raise InputError(f"OpenCV cannot write {codec}", where=target, do="take another layout: png")
            try:
                for frame in _with(first, frames):
                    sink.write(frame[..., ::-1] if colour else frame)
                    progress(1)
            finally:
                sink.release()
            _check_written(temporary, target, len(video))

    return write


def _with(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _check_written(temporary: Path, target: Path, frames: int) -> None:
    """OpenCV does not tell when the disk is full: look at what arrived."""
    try:
        arrived = len(video_at(temporary, "", ""))
    except InputError:
        arrived = 0
    if arrived != frames:
        raise InputError(
            f"only {arrived} of {frames} frames arrived on the disk",
            where=target,
            do="free some space and run the same command again",
        )


def _written_as_pictures(suffix: str, names: PictureNames) -> Writer:
    def write(video: Video, target: Path, progress: Progress) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=unfinished()) as folder:
            inside = Path(folder) / "frames"
            inside.mkdir()
            for i, frame in enumerate(video.frames()):
                good, data = cv2.imencode(suffix, frame if frame.ndim == 2 else frame[..., ::-1])
                if not good:
                    raise InputError(f"frame {i} cannot be written as {suffix}", where=target)
                first, *others = (inside / name for name in names(target.name, i, len(video)))
                first.write_bytes(data.tobytes())
                for other in others:
                    _link(other, first)
                progress(1)
            shutil.rmtree(target, ignore_errors=True)
            inside.rename(target)

    return write


def _link(name: Path, file: Path) -> None:
    """Give a file a further name; a copy, where the disk knows no such thing."""
    try:
        name.hardlink_to(file)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        shutil.copyfile(file, name)


#: How to write a video, and the ending of its name (a folder has none).
LAYOUTS: dict[str, tuple[Writer, str]] = {
    "lossless": (_written_by_opencv("FFV1"), ".avi"),
    "mp4": (_written_by_opencv("mp4v"), ".mp4"),
    "png": (_written_as_pictures(".png", lambda _, i, frames: [f"{i:06d}.png"]), ""),
}


def _note_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.json")


def _content(video: Video, target: Path, layout: str) -> dict[str, Any]:
    size = target.stat().st_size if target.is_file() else len(list(target.iterdir()))
    return {"source": video.digest, "layout": layout, "size": size}


def _finished(video: Video, target: Path, layout: str) -> bool:
    """True if an earlier call wrote this very video; its note tells."""
    try:
        note = json.loads(_note_path(target).read_text(encoding="utf-8"))
        content = note.pop("content")
        if note != _content(video, target, layout):
            return False
        return target.is_dir() or digest_file(target) == content
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def _note(video: Video, target: Path, layout: str) -> None:
    note = _content(video, target, layout)
    note["content"] = digest_file(target) if target.is_file() else ""
    with written_whole(_note_path(target)) as temporary:
        temporary.write_text(json.dumps(note) + "\n", encoding="utf-8")


# --- reading the tables --------------------------------------------------------------------------------------


def _rows(read: Callable[..., pd.DataFrame], path: Path, say: Say) -> pd.DataFrame:
    """A table without the rows that cannot be read."""
    skip: set[int] = set()
    while True:
        try:
            return read(path, skip=skip)
        except InputError as error:
            row = _ROW.search(error.where)
            if row is None:
                raise
            say(error)
            skip.add(int(row[1]))


def _read_videos_table(path: Path, say: Say) -> list[tuple[str, str, float, str, str]]:
    """Name, subject, rate, file, and file and row of each video."""
    table = _rows(read_videos, path, say)
    missing = [name for name in VIDEO_COLUMNS if name not in table.columns]
    if missing:
        raise InputError(f"missing column {', '.join(missing)}", where=path, expected=",".join(VIDEO_COLUMNS))
    found, spelt = [], dict[str, str]()
    for index, row in zip(table.index, table[list(VIDEO_COLUMNS)].to_dict("records"), strict=True):
        where = f"{path}, row {index + 2}"
        try:
            for name, text in row.items():
                if not text:
                    raise InputError(f"empty {name}", where=where)
            for name in ("video", "subject"):  # both become names of folders
                if row[name] == ".." or PurePath(row[name]).name != row[name]:
                    expected = "a name without / in it, and not .."
                    raise InputError(f"{name} is {row[name]!r}", where=where, expected=expected)
            alike = spelt.setdefault(plain(row["subject"]), row["subject"])
            if alike != row["subject"]:
                raise InputError(
                    f"subject is {row['subject']!r}, and {alike!r} further up",
                    where=where,
                    expected="one spelling of a subject, or names that differ in more than letter case",
                )
            found.append((row["video"], row["subject"], _rate(row["fps"], where), row["file"], where))
        except InputError as error:
            say(error)
    return found


def _rate(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1 <= value <= 10_000:
        raise InputError(f"fps is {text!r}", where=where, expected="frames a second, from 1")
    return value


def _expressions(path: Path, known: set[str], say: Say) -> dict[str, list[tuple[Expression, int]]]:
    """Expressions of each video with their rows; a missing file means no labels."""
    if not path.exists():
        return {}
    table = _rows(read_events, path, say)
    found: dict[str, list[tuple[Expression, int]]] = {}
    for index, event in zip(table.index, table.to_dict("records"), strict=True):
        where = f"{path}, row {index + 2}"
        try:
            if event["video"] not in known:
                raise InputError(
                    f"unknown video {event['video']!r}", where=where, expected="a video of videos.csv"
                )
            onset, offset = int(event["onset"]), int(event["offset"])
            apex = _apex(str(event.get("apex", "")).strip(), onset, offset, where)
            units = _units(event.get("action_units"), where)
            expression = Expression(onset, apex, offset, event["class"], units)
            found.setdefault(event["video"], []).append((expression, index + 2))
        except InputError as error:
            say(error)
    return found


def _apex(text: str, onset: int, offset: int, where: str) -> int:
    """Apex frame; the middle where none is given."""
    if not text:
        return (onset + offset) // 2
    if not re.fullmatch(FRAME, text) or not onset <= float(text) <= offset:
        raise InputError(
            f"apex is {text!r}", where=where, expected=f"a frame from {onset} to {offset}, or nothing"
        )
    return int(float(text))


def _units(text: str | None, where: str) -> tuple[str, ...]:
    units, unknown = action_units(text)
    if unknown:
        raise InputError(
            f"action unit {unknown[0]!r} not understood", where=where, expected="units joined by +, as L12+4"
        )
    return units
