"""What the readers of the real layouts share: from rows and folders to a data set, with everything odd listed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msstgcn.counted import counted
from msstgcn.datasets.files import FileVideo
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.numbered import NumberedVideo, listing
from msstgcn.datasets.protocol import Dataset
from msstgcn.datasets.repair import RawEvent, expression_of
from msstgcn.datasets.workbooks import action_units, number
from msstgcn.errors import InputError
from msstgcn.timeline import Expression

_TIMES = ("onset", "apex", "offset")


@dataclass(frozen=True)
class RealDataset(Dataset):
    """A data set read from disk, with the repair policy it was read by and everything that was found.

    Parameters
    ----------
    repair : str
        A name in `repair.REPAIRS`.
    findings : tuple of Finding
        What was mended, left out or odd.
    """

    repair: str = "authors"
    findings: tuple[Finding, ...] = ()


def usable(found: RealDataset, root: Path) -> RealDataset:
    """Give the data set back, or raise if nothing of it can be used."""
    worst = [f for f in found.findings if f.level == "fatal"] or [
        f for f in found.findings if f.level == "error"
    ]
    if not found.videos or (worst and worst[0].level == "fatal"):
        what = f"{worst[0].what}" if worst else "no video"
        where = worst[0].where if worst else root
        advice = [worst[0].done] if worst and worst[0].level == "fatal" and worst[0].done else []
        raise InputError(
            what, where=where, do="; ".join([*advice, "see all findings with `msstgcn data check`"])
        )
    return found


def by_name(folder: Path) -> dict[str, list[Path]]:
    """Entries of a folder by their name without regard to letter case or the way accents are composed."""
    found: dict[str, list[Path]] = {}
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"the folder cannot be read ({error.strerror})", where=folder) from None
    for path in paths:
        if not path.name.startswith("."):
            found.setdefault(plain(path.name), []).append(path)
    return found


def nearby(root: Path) -> Iterator[dict[str, list[Path]]]:
    """Entries of the root, then those of the folder above it if one may look there."""
    yield by_name(root)
    with suppress(InputError):
        yield by_name(root.resolve().parent)


def plain(name: str) -> str:
    """A name in the form in which it is compared."""
    return unicodedata.normalize("NFC", name).casefold()


def odd_names(root: Path, paths: Iterable[Path]) -> list[Finding]:
    """Notes on names that other programs stumble over, and on links that lead out of the root."""
    home = root.resolve()
    found = []
    if " " in str(home):
        found.append(Finding("note", str(root), "a space in the path", "harmless here"))
    for path in paths:
        if not str(path.name).isascii():
            found.append(Finding("note", str(path), "a name beyond ASCII", "harmless here"))
        if not path.resolve().is_relative_to(home):
            found.append(
                Finding("note", str(path), f"a link out of the root, to {path.resolve()}", "followed")
            )
    return found


def dangling(paths: Iterable[Path]) -> list[Finding]:
    """Links among some paths that lead nowhere, as to a disk that is not there."""
    return [
        Finding("error", str(path), f"a link to {path.readlink()}, which is not there", "video left out")
        for path in paths
        if path.is_symlink() and not path.exists()
    ]


def workbook_note(path: Path) -> list[Finding]:
    """A note, if a workbook lies elsewhere."""
    if not path.is_symlink():
        return []
    return [Finding("note", str(path), f"a link to {path.resolve()}", "followed")]


def raw_event(
    cells: Mapping[str, Any], where: str, row: int, video: str, label: str, step: int
) -> tuple[RawEvent, list[Finding]]:
    """One row of a workbook as a `RawEvent`: fractional frames rounded, action units understood as far as can be.

    Parameters
    ----------
    cells : mapping
        Cells ``onset``, ``apex``, ``offset`` and ``units``.

    Raises
    ------
    InputError
        If a frame is no number.
    """
    findings = []
    times = []
    for name in _TIMES:
        value = number(cells[name], name)
        whole = round(value)
        if whole != value:
            findings.append(
                Finding("repair", where, f"{name} {value:g} is no whole frame", f"rounded to {whole}")
            )
        times.append(whole)
    units, unknown = action_units(cells["units"])
    findings += [
        Finding("note", where, f"action unit {part!r} not understood", "left out") for part in unknown
    ]
    return RawEvent(where, row, video, label, times[0], times[1], times[2], units, step), findings


def left_out(where: str, error: InputError) -> Finding:
    """The finding for a row that cannot be read."""
    what = f"{error.what}, not {error.expected}" if error.expected else error.what
    return Finding("error", where, what, "event left out")


def without_duplicates(events: list[RawEvent]) -> tuple[list[RawEvent], list[Finding]]:
    """Leave out rows that say what an earlier one said already."""
    first: dict[tuple[Any, ...], RawEvent] = {}
    findings = []
    for event in events:
        key = (event.video, event.label, event.onset, event.apex, event.offset, event.action_units)
        if key in first:
            same = f"the same event as row {first[key].row}"
            findings.append(Finding("error", event.where, same, "event left out"))
        else:
            first[key] = event
    return list(first.values()), findings


Labels = dict[str, list[tuple[Expression, int]]]


def labels_of(
    events: list[RawEvent], lasts: Mapping[str, int] | None, policy: str
) -> tuple[Labels, list[Finding]]:
    """Expressions of every video with their rows, after repair.

    Parameters
    ----------
    events : list of RawEvent
    lasts : mapping of str to int, optional
        Last frame of each video, as the workbook counts; events of other videos are left out. None takes every
        event as it is, for annotations without videos.
    policy : str
    """
    events, findings = without_duplicates(events)
    subjects = None if lasts is None else {name.split("_")[0] for name in lasts}
    found: Labels = {}
    for event in events:
        if lasts is not None and subjects is not None and event.video not in lasts:
            subject = event.video.split("_")[0]
            who = f" (nor any other of subject {subject} that can be used)" if subject not in subjects else ""
            findings.append(Finding("error", event.where, f"no video {event.video}{who}", "event left out"))
            continue
        expression, notes = expression_of(event, policy, lasts[event.video] if lasts is not None else None)
        findings += notes
        if expression is not None:
            found.setdefault(event.video, []).append((expression, event.row))
    return {name: sorted(pairs) for name, pairs in found.items()}, findings


def numbered_problem(path: Path, every: int) -> tuple[Finding | None, list[Finding]]:
    """Why a folder of pictures cannot be a video (None if it can), and what is odd about it."""
    try:
        found = listing(path)
    except (InputError, OSError) as error:
        return Finding("error", str(path), f"the folder cannot be read ({error})", "video left out"), []
    notes = [
        Finding("note", str(path / name), "a second picture of the same number", "left out")
        for name in found.twice
    ]
    notes += [
        Finding("note", str(path / name), "a picture without a number", "left out") for name in found.others
    ]
    if not found.names:
        return Finding("error", str(path), "no numbered pictures in the folder", "video left out"), notes
    missing = NumberedVideo(path, "", "", 1.0, every).missing
    if missing:
        what = missing_pictures(missing, "needed picture")
        return Finding("error", str(path), what, "video left out"), notes
    return None, notes


def missing_pictures(numbers: Sequence[int], what: str = "picture") -> str:
    """How many pictures are missing, and the first of them: ``2 pictures missing: 7, 9``."""
    shown = ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")
    return f"{counted(len(numbers), what)} missing: {shown}"


def _order(video: NumberedVideo | FileVideo) -> list[int]:
    """Subject, then video, as numbers."""
    return [int(digits) for digits in re.findall(r"\d+", video.name)]


def labels(
    read: Callable[[], tuple[list[RawEvent], list[Finding]]], root: Path, findings: list[Finding]
) -> list[RawEvent]:
    """Rows of a workbook; one that cannot be read gives none, and stands among the findings as fatal."""
    try:
        events, notes = read()
    except InputError as error:
        findings.append(Finding("fatal", error.where or str(root), error.what, error.do))
        return []
    findings += notes
    return events


def assembled(
    name: str,
    videos: list[NumberedVideo | FileVideo],
    events: list[RawEvent],
    policy: str,
    findings: list[Finding],
) -> RealDataset:
    """Put events to their videos, in the order of the videos' names.

    A video of every 7th picture ends with the step of its last working frame, whether or not the pictures behind that
    are there: labels must not depend on how a copy was made.
    """
    lasts = {v.name: len(v) * (v.every if isinstance(v, NumberedVideo) else 1) for v in videos}
    labels, notes = labels_of(events, lasts, policy)
    labelled = []
    for video in sorted(videos, key=_order):
        pairs = labels.get(video.name, [])
        expressions, rows = tuple(e for e, _ in pairs), tuple(r for _, r in pairs)
        labelled.append(replace(video, expressions=expressions, rows=rows))
    return RealDataset(name, tuple(labelled), policy, (*findings, *notes))
