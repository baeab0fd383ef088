"""CAS(ME)^2 as it lies on disk: a workbook of three sheets, and pictures or films at 30 fps.

::

    CAS(ME)^2code_final.xlsx
    rawpic/s15/15_0101disgustingteeth/img001.jpg, ...            or
    longVideoFaceCropped/s15/15_0101disgustingteeth/img_1.jpg    or
    rawvideo/s15/15_0101disgustingteeth.avi

The first of the three that is there is read. Pictures count from 1; frame x of the workbook is frame x - 1 here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msstgcn.datasets.files import VIDEO_SUFFIXES, FileVideo, video_at
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.reading import (
    RealDataset,
    assembled,
    by_name,
    dangling,
    labels,
    left_out,
    nearby,
    numbered_problem,
    odd_names,
    plain,
    raw_event,
    workbook_note,
)
from msstgcn.datasets.repair import RawEvent
from msstgcn.datasets.workbooks import Rows, number, read_sheets
from msstgcn.errors import InputError
from msstgcn.timeline import CASME2_FPS

WORKBOOK = "CAS(ME)^2code_final.xlsx"
#: Events; subjects by index; stimuli by code.
SHEETS = ("CASFEcode_final", "naming rule1", "naming rule2")
#: Folders that may hold the videos, the first found is read.
HOMES = ("rawpic", "longVideoFaceCropped", "rawvideo")
#: Class of each entry in the column of types.
TYPES = {"macro-expression": "mae", "micro-expression": "me"}
_WORKBOOK = re.compile(r"^cas\(me\)\^2code_final.*\.xlsx$")
_SUBJECT = re.compile(r"^s(\d+)$")
_VIDEO = re.compile(r"^(\d+)_(\d{4})")
_CODE = re.compile(r"^(.*?)_(\d+)$")


def read_casme2(root: Path, repair: str) -> RealDataset:
    """Read everything there is; what cannot be used is among the findings, nothing is raised for it."""
    findings: list[Finding] = []
    events = labels(lambda: read_workbook(workbook_of(root, findings)), root, findings)
    return assembled("casme2", _videos(root, findings), events, repair, findings)


def workbook_of(root: Path, findings: list[Finding]) -> Path:
    """The workbook, in the root or the folder above it; else one with an addition to its name, as ``(Updated)``.

    Raises
    ------
    InputError
        If there is none.
    """
    for entries in nearby(root):
        exact = entries.get(plain(WORKBOOK), [])
        found = exact or [p for name, paths in entries.items() if _WORKBOOK.match(name) for p in paths]
        if found:
            if len(found) > 1:
                findings.append(
                    Finding("note", str(root), f"{len(found)} workbooks", f"{found[0].name} is read")
                )
            elif not exact:
                findings.append(Finding("note", str(found[0]), f"not named {WORKBOOK}", "read all the same"))
            findings += workbook_note(found[0])
            return found[0]
    raise InputError(f"no workbook {WORKBOOK}", where=root)


def read_workbook(path: Path) -> tuple[list[RawEvent], list[Finding]]:
    """Events of a workbook as they stand, and the rows that cannot be read.

    Raises
    ------
    InputError
        If it is no workbook or lacks one of the three sheets.
    """
    sheets = {plain(" ".join(name.split())): rows for name, rows in read_sheets(path).items()}
    missing = [name for name in SHEETS if plain(name) not in sheets]
    if missing:
        raise InputError(f"no sheet {' or '.join(missing)}; sheets: {', '.join(sheets)}", where=path)
    coded, people, stimuli = (sheets[plain(name)] for name in SHEETS)
    findings: list[Finding] = []
    subjects = _keyed(people, 2, 1, f"{path}, {SHEETS[1]}", findings)
    codes = {plain(str(s)): c for c, s in _keyed(stimuli, 0, 1, f"{path}, {SHEETS[2]}", findings).items()}
    events: list[RawEvent] = []
    for row, cells in enumerate(coded, start=1):
        if all(value is None for value in cells):
            continue
        where = f"{path}, {SHEETS[0]}, row {row}"
        try:
            event, notes = _event(cells, where, row, subjects, codes)
        except InputError as error:
            findings.append(left_out(where, error))
            continue
        events.append(event)
        findings += notes
    return events, findings


def _keyed(rows: Rows, key: int, value: int, where: str, findings: list[Finding]) -> dict[int, Any]:
    """One column of a sheet by the number in another; rows repeat, and must not disagree."""
    found: dict[int, Any] = {}
    for row, cells in enumerate(rows, start=1):
        if all(cell is None for cell in cells):
            continue
        try:
            if len(cells) <= max(key, value) or cells[value] is None:
                raise InputError("too few cells")
            index = int(number(cells[key], "number"))
        except InputError as error:
            findings.append(Finding("error", f"{where}, row {row}", error.what, "row left out"))
            continue
        if plain(str(found.setdefault(index, cells[value]))) != plain(str(cells[value])):
            what = f"{index} is {cells[value]} and, in an earlier row, {found[index]}"
            findings.append(Finding("error", f"{where}, row {row}", what, "row left out"))
    return found


def _event(
    cells: list[Any], where: str, row: int, subjects: dict[int, Any], codes: dict[str, int]
) -> tuple[RawEvent, list[Finding]]:
    if len(cells) < 8:
        raise InputError(f"{len(cells)} cells", expected="nine")
    index = int(number(cells[0], "subject index"))
    if index not in subjects:
        raise InputError(f"unknown subject index {index}", expected=f"one of the sheet {SHEETS[1]}")
    match = _CODE.match(str(cells[1]))
    stimulus = plain(match[1].strip()) if match else ""
    if stimulus not in codes:
        raise InputError(
            f"code is {cells[1]!r}", expected=f"a stimulus of the sheet {SHEETS[2]} and a number"
        )
    label = TYPES.get(plain(str(cells[7])))
    if label is None:
        raise InputError(f"type is {cells[7]!r}", expected=" or ".join(TYPES))
    times = {"onset": cells[2], "apex": cells[3], "offset": cells[4], "units": cells[5]}
    return raw_event(times, where, row, f"{plain(str(subjects[index]))}_{codes[stimulus]:04d}", label, 1)


def _videos(root: Path, findings: list[Finding]) -> list[NumberedVideo | FileVideo]:
    home = _home(root, findings)
    videos: dict[str, NumberedVideo | FileVideo] = {}
    entries = [p for paths in by_name(home).values() for p in paths] if home else []
    people = [p for p in entries if p.is_dir()]
    findings += dangling(p for p in entries if _SUBJECT.match(plain(p.name)))
    seen: list[Path] = []
    for person in people:
        match = _SUBJECT.match(plain(person.name))
        if match is None:
            findings.append(Finding("note", str(person), "not named as s15", "folder left out"))
            continue
        try:
            inside = [path for paths in by_name(person).values() for path in paths]
        except InputError as error:
            findings.append(Finding("error", str(person), error.what, "videos left out"))
            continue
        findings += dangling(p for p in inside if _VIDEO.match(p.name))
        inside = [path for path in inside if path.exists()]
        seen += [person, *inside]
        for path in inside:
            _add(path, int(match[1]), videos, findings)
    findings += odd_names(root, seen)
    if not videos:
        findings.append(Finding("fatal", str(home or root), f"no videos in {', '.join(HOMES)}"))
    return list(videos.values())


def _home(root: Path, findings: list[Finding]) -> Path | None:
    entries = by_name(root)
    found = [path for name in HOMES for path in entries.get(plain(name), []) if path.is_dir()]
    if not found:
        return root if root.name in HOMES else None
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        findings.append(
            Finding("note", str(root), f"several copies of the videos: {names}", f"{found[0].name} is read")
        )
    if found[0].name not in HOMES:
        findings.append(
            Finding("note", str(found[0]), "other letter case than in the release", "read all the same")
        )
    return found[0]


def _add(
    path: Path, subject: int, videos: dict[str, NumberedVideo | FileVideo], findings: list[Finding]
) -> None:
    """Take up one folder or film, or say why not."""
    match = _VIDEO.match(path.name)
    is_film = path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES
    if match is None or not (is_film or path.is_dir()):
        findings.append(Finding("note", str(path), "not named as 15_0101disgustingteeth", "left out"))
        return
    name = f"s{subject}_{match[2]}"
    if int(match[1]) != subject:
        findings.append(
            Finding("error", str(path), f"subject {match[1]} in the folder of s{subject}", "left out")
        )
    elif name in videos:
        findings.append(Finding("error", str(path), f"a second copy of video {name}", "left out"))
    elif is_film:
        try:
            film = video_at(path, name, f"s{subject}", CASME2_FPS)
            len(film)  # reads to the end if need be
            videos[name] = film  # type: ignore[assignment]
        except InputError as error:
            findings.append(Finding("error", str(path), error.what, "video left out"))
    else:
        problem, notes = numbered_problem(path, 1)
        findings += notes
        if problem is None:
            videos[name] = NumberedVideo(path, name, f"s{subject}", CASME2_FPS)
        else:
            findings.append(problem)
