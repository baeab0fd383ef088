"""SAMM Long Videos as they lie on disk: a workbook of events and one folder of pictures a video, at 200 fps.

::

    SAMM_LongVideos_V2_Release.xlsx
    SAMM_longvideos/006_1/006_1_0001.jpg, ...

Pictures count from 1. Work is done on every seventh one, 28.57 a second: frame x of the workbook becomes working
frame ``round((round(x) - 1) / 7)``. The pictures in between need not be there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msstgcn.datasets.files import FileVideo
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
from msstgcn.timeline import SAMM_EVERY, SAMM_FPS

#: The folder of the videos, and the workbook's only sheet.
FRAMES, SHEET = "SAMM_longvideos", "FACS_Movement_Only"
#: The columns, in the workbook's order.
COLUMNS = (
    "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units", "Notes",
)  # fmt: skip
#: Class of each entry in the column Type.
TYPES = {"macro": "mae", "micro - 1/2": "me"}
_NEEDED = ("Subject", "Filename", "Onset", "Apex", "Offset", "Type", "Action Units")
_WORKBOOK = re.compile(r"^samm_?longvideos_v(\d+)_release\.xlsx$")
_EVENT = re.compile(r"^(\d+)_(\d+)_(\d+)$")
_VIDEO = re.compile(r"^(\d+)_(\d+)$")


def read_samm_lv(root: Path, repair: str) -> RealDataset:
    """Read everything there is; what cannot be used is among the findings, nothing is raised for it."""
    findings: list[Finding] = []
    events = labels(lambda: read_workbook(workbook_of(root, findings)), root, findings)
    return assembled("samm-lv", _videos(root, findings), events, repair, findings)


def workbook_of(root: Path, findings: list[Finding]) -> Path:
    """The newest of the workbooks in the root or the folder above it.

    Raises
    ------
    InputError
        If there is none.
    """
    for entries in nearby(root):
        found = [
            (int(match[1]), path)
            for name, paths in entries.items()
            for path in paths
            if (match := _WORKBOOK.match(name))
        ]
        if found:
            version, newest = max(found)
            if len(found) > 1:
                findings.append(
                    Finding("note", str(newest.parent), f"{len(found)} workbooks", f"V{version} is read")
                )
            findings += workbook_note(newest)
            return newest
    raise InputError("no workbook SAMM_LongVideos_V1, V2 or V3_Release.xlsx", where=root)


def read_workbook(path: Path, step: int = SAMM_EVERY) -> tuple[list[RawEvent], list[Finding]]:
    """Events of a workbook as they stand, and the rows that cannot be read.

    Raises
    ------
    InputError
        If it is no workbook, or none of its sheets has the columns.
    """
    sheets = read_sheets(path)
    for rows in sheets.values():
        header = _header(rows)
        if header is not None:
            break
    else:
        raise InputError(
            _no_header(sheets),
            where=path,
            expected=f"a row with {', '.join(_NEEDED)}",
            do="is it V1, V2 or V3?",
        )
    row, columns = header
    events: list[RawEvent] = []
    findings: list[Finding] = []
    for number_of_row, cells in enumerate(rows[row + 1 :], start=row + 2):
        if all(value is None for value in cells):
            continue
        where = f"{path}, row {number_of_row}"
        try:
            event, notes = _event(
                {name: cells[at] for name, at in columns.items()}, where, number_of_row, step
            )
        except InputError as error:
            findings.append(left_out(where, error))
            continue
        events.append(event)
        findings += notes
    return events, findings


def _header(rows: Rows) -> tuple[int, dict[str, int]] | None:
    """Index of the header row (below some title rows) and of the needed columns in it."""
    for index, cells in enumerate(rows[:40]):
        names = [plain(" ".join(str(value).split())) for value in cells]
        if all(plain(name) in names for name in _NEEDED):
            return index, {name: names.index(plain(name)) for name in _NEEDED}
    return None


def _no_header(sheets: dict[str, Rows]) -> str:
    """What is wrong with the row that comes nearest to a header."""
    best, where = 0, ""
    missing: tuple[str, ...] = _NEEDED
    for sheet, rows in sheets.items():
        for index, cells in enumerate(rows[:40], start=1):
            names = {plain(" ".join(str(value).split())) for value in cells}
            found = [name for name in _NEEDED if plain(name) in names]
            if len(found) > best:
                best, where = len(found), f"sheet {sheet}, row {index}"
                missing = tuple(name for name in _NEEDED if name not in found)
    if not best:
        return f"no sheet with the columns of SAMM-LV; sheets: {', '.join(sheets)}"
    return f"no column {', '.join(missing)} ({where})"


def _event(cells: dict[str, Any], where: str, row: int, step: int) -> tuple[RawEvent, list[Finding]]:
    match = _EVENT.match(str(cells["Filename"]))
    if match is None:
        raise InputError(f"Filename is {cells['Filename']!r}", expected="subject_video_event")
    if int(number(cells["Subject"], "Subject")) != int(match[1]):
        raise InputError(f"subject {cells['Subject']} with the file name {cells['Filename']}")
    label = TYPES.get(plain(" ".join(str(cells["Type"]).split())))
    if label is None:
        raise InputError(f"Type is {cells['Type']!r}", expected="Macro or Micro - 1/2")
    times = {"onset": cells["Onset"], "apex": cells["Apex"], "offset": cells["Offset"]}
    video = _name(match[1], match[2])
    return raw_event({**times, "units": cells["Action Units"]}, where, row, video, label, step)


def _name(subject: str, video: str) -> str:
    return f"{int(subject):03d}_{int(video)}"


def _videos(root: Path, findings: list[Finding]) -> list[NumberedVideo | FileVideo]:
    homes = by_name(root).get(plain(FRAMES), [])
    home = homes[0] if homes else root
    if homes and home.name != FRAMES:
        findings.append(Finding("note", str(home), f"not {FRAMES} letter by letter", "read all the same"))
    inside = [p for paths in by_name(home).values() for p in paths] if home.is_dir() else []
    folders = [p for p in inside if p.is_dir()]
    findings += dangling(p for p in inside if _VIDEO.match(p.name))
    videos: dict[str, NumberedVideo | FileVideo] = {}
    findings += odd_names(root, folders)
    for folder in folders:
        match = _VIDEO.match(folder.name)
        if match is None:
            findings.append(Finding("note", str(folder), "not named subject_video", "folder left out"))
            continue
        problem, notes = numbered_problem(folder, SAMM_EVERY)
        findings += notes
        name = _name(match[1], match[2])
        if problem is None and name in videos:
            problem = Finding("error", str(folder), f"a second folder of video {name}", "folder left out")
        if problem is not None:
            findings.append(problem)
            continue
        videos[name] = NumberedVideo(folder, name, name.split("_")[0], SAMM_FPS, SAMM_EVERY)
    if not videos:
        findings.append(Finding("fatal", str(home), "no folder with a video, as 006_1"))
    return list(videos.values())
