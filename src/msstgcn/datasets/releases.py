"""Any data set written as SAMM-LV and CAS(ME)^2 are released: folders, file names, workbook, and its oddities.

The oddities stand at the rates counted on the real workbooks, in rows drawn from a seed that is the data set's own
digest. Every other row gives the generator's truth back exactly when it is read.

SAMM-LV is filmed at 200 pictures a second and worked on at every seventh. The seventh pictures, with the numbers 1, 8,
15, ... that they have there, are the data set's frames; the six pictures behind each are further names of the same file
(hard links), so that a program that reads all of them, or others, finds them. The times in the workbook are frames of
the 200, up to three away from the working frame that they stand for.

Action units are written in the ways the coders have: with intensities (``12E``, ``4(B/C)``), as asymmetric (``A12``),
as inferred (``ref(10)``), with an alternative (``12/14``); all of them read back as the plain unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msstgcn.datasets import casme2, samm_lv
from msstgcn.datasets.protocol import Dataset, Video
from msstgcn.datasets.workbooks import Rows, write_sheets
from msstgcn.errors import InputError
from msstgcn.timeline import CASME2_FPS, SAMM_EVERY, SAMM_FPS, Expression

#: Gives a picture's file names (nearly always one) from the folder's name, the frame's index and the number of frames.
PictureNames = Callable[[str, int, int], list[str]]


@dataclass(frozen=True)
class WrittenRow:
    """One row of a workbook and what it stands for.

    Parameters
    ----------
    cells : list
        As they are written.
    video : str
        Name of the video when it is read back.
    truth : Expression
        The event as the data set has it.
    quirk : str
        What is odd about the row; empty where it reads back exactly.
    """

    cells: list[Any]
    video: str
    truth: Expression
    quirk: str


@dataclass(frozen=True)
class Release:
    """How one data set is laid out.

    Parameters
    ----------
    folders : callable
        Folder of each video, relative, in the order of the data set.
    pictures : callable
        Names of a picture.
    workbook : callable
        Writes the workbook into a folder.
    """

    folders: Callable[[Dataset], list[str]]
    pictures: PictureNames
    workbook: Callable[[Dataset, Path], Path]


def _numbers(dataset: Dataset, fps: float) -> list[tuple[int, int]]:
    """Subject and video of each video, both from 0 in the order of their appearance."""
    people: dict[str, int] = {}
    films: Counter[str] = Counter()
    found = []
    for video in dataset.videos:
        if abs(video.fps - fps) > 1e-6:
            raise InputError(
                f"{video.fps:.4g} frames a second",
                where=video.name,
                expected=f"{fps:.4g} for this layout",
                do="take the preset of that data set",
            )
        found.append((people.setdefault(video.subject, len(people)), films[video.subject]))
        films[video.subject] += 1
    return found


def _generator(dataset: Dataset) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(int(dataset.digest[:32], 16)))


def _quirks(
    events: Sequence[tuple[Video, Expression]],
    wanted: dict[str, tuple[float, str]],
    rng: np.random.Generator,
) -> list[str]:
    """Give out quirks: of those events that may have one, the wanted share, each event at most one.

    An onset of 0 goes to the events nearest to the video's begin, an offset beyond the video to those nearest to its
    end, since that is where they come from; all others go anywhere.
    """
    found = [""] * len(events)
    for quirk, (share, label) in wanted.items():
        able = [i for i, (_, event) in enumerate(events) if label in ("", event.label)]
        number = round(share * len(able))
        able = [able[i] for i in rng.permutation(len(able))]
        if quirk == "onset 0":
            able.sort(key=lambda i: events[i][1].onset)
        elif quirk == "offset beyond":
            able.sort(key=lambda i: len(events[i][0]) - events[i][1].offset)
        for i in [i for i in able if not found[i]][:number]:
            found[i] = quirk
    return found


# --- SAMM-LV -------------------------------------------------------------------------------------------------

#: Share of rows (of one class, where one is named) with each oddity, as counted on the real workbook.
SAMM_QUIRKS: dict[str, tuple[float, str]] = {
    "onset 0": (10 / 343, "mae"),
    "offset beyond": (3 / 502, ""),
    "apex -1": (6 / 502, ""),
    "fraction": (140 / 502, ""),
}
#: Share of action units written in each way, by class; guessed by eye from the workbook's rows, the rest are plain.
SAMM_UNITS: dict[str, dict[str, float]] = {
    "mae": {
        "{}{level}": 0.5,
        "{}({level}/{next})": 0.05,
        "{}{level}/{next}": 0.02,
        "A{}": 0.08,
        "ref({})": 0.07,
        "{}/14": 0.02,
    },
    "me": {"{}{level}": 0.25, "{}({level}/{next})": 0.01, "A{}": 0.06, "ref({})": 0.02, "{}/14": 0.01},
}
_TYPE = {"mae": "Macro", "me": "Micro - 1/2"}
_TITLES = 9


def samm_rows(dataset: Dataset) -> list[WrittenRow]:
    """The rows of a SAMM-LV workbook for a data set.

    Raises
    ------
    InputError
        If a video has another rate than 200/7.
    """
    rng = _generator(dataset)
    names = _samm_names(dataset)
    events = [(video, event) for video in dataset.videos for event in video.expressions]
    quirks = _quirks(events, SAMM_QUIRKS, rng)
    count: Counter[str] = Counter()
    rows = []
    for (video, event), quirk in zip(events, quirks, strict=True):
        name = names[video.name]
        count[name] += 1
        onset, apex, offset = _samm_times(event, len(video), quirk, rng)
        subject, film = (int(part) for part in name.split("_"))
        cells = [
            subject, f"{name}_{count[name]}", film, onset, apex, offset, offset - onset + 1, _TYPE[event.label],
            "+".join(_samm_unit(unit, event.label, rng) for unit in event.action_units) or None, None,
        ]  # fmt: skip
        # a fraction is rounded away when it is read: such a row is no less exact than others
        rows.append(WrittenRow(cells, name, event, "" if quirk == "fraction" else quirk))
    return rows


def _samm_unit(unit: str, label: str, rng: np.random.Generator) -> str:
    """A unit as a coder writes it; one-sided ones plainly."""
    ways = SAMM_UNITS[label]
    drawn, level = float(rng.uniform()), int(rng.integers(4))
    if unit[0] in "LR":
        return unit
    for way, share in ways.items():
        drawn -= share
        if drawn < 0:
            return way.format(unit, level="ABCD"[level], next="BCDE"[level])
    return unit


def _samm_names(dataset: Dataset) -> dict[str, str]:
    numbers = _numbers(dataset, SAMM_FPS)
    return {v.name: f"{s + 1:03d}_{n + 1}" for v, (s, n) in zip(dataset.videos, numbers, strict=True)}


def _samm_times(
    event: Expression, frames: int, quirk: str, rng: np.random.Generator
) -> tuple[float, float, float]:
    every = SAMM_EVERY
    last = 1 + every * (frames - 1)
    away = rng.integers(-(every // 2), every // 2 + 1, 3)
    exact = [1 + every * frame for frame in (event.onset, event.apex, event.offset)]
    times: list[float] = sorted(min(max(int(x + a), 1), last) for x, a in zip(exact, away, strict=True))
    if quirk == "fraction":
        which, tenths = int(rng.integers(3)), int(rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]))
        times[which] = round(times[which] + tenths / 10, 1)
    elif quirk == "onset 0":
        times[0] = 0
    elif quirk == "apex -1":
        times[1] = -1
    elif quirk == "offset beyond":
        times[2] = last + int(rng.integers(1, 40))
    return times[0], times[1], times[2]


def samm_workbook(dataset: Dataset, folder: Path) -> Path:
    """Write ``SAMM_LongVideos_V2_Release.xlsx``: nine rows of titles, the header, the events."""
    titles: Rows = [[None] * len(samm_lv.COLUMNS) for _ in range(_TITLES)]
    titles[0][0] = f"Long videos, {dataset.name}"
    titles[1][0] = "Frames are counted from 1, at 200 a second"
    rows: Rows = [*titles, list(samm_lv.COLUMNS), *(row.cells for row in samm_rows(dataset))]
    return write_sheets({samm_lv.SHEET: rows}, folder / "SAMM_LongVideos_V2_Release.xlsx")


def _samm_folders(dataset: Dataset) -> list[str]:
    return [f"{samm_lv.FRAMES}/{name}" for name in _samm_names(dataset).values()]


def _samm_pictures(folder: str, frame: int, frames: int) -> list[str]:
    last = 1 + SAMM_EVERY * (frames - 1)
    first, digits = 1 + SAMM_EVERY * frame, 5 if last > 9999 else 4
    return [f"{folder}_{n:0{digits}d}.jpg" for n in range(first, min(first + SAMM_EVERY, last + 1))]


# --- CAS(ME)^2 -----------------------------------------------------------------------------------------------

CASME2_QUIRKS: dict[str, tuple[float, str]] = {
    "offset 0": (44 / 300, "mae"),
    "apex 0": (1 / 357, ""),
    "apex beyond": (3 / 357, ""),
}
#: Subjects by index, from 1; those of the data set, and further ones after them.
SUBJECTS = (15, 16, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40)
#: Code, name and folder of each film that was shown.
STIMULI: tuple[tuple[int, str, str], ...] = (
    (101, "disgust1", "disgustingteeth"),
    (102, "disgust2", "eatingworms"),
    (401, "anger1", "girlcrashing"),
    (402, "anger2", "beatingpregnantwoman"),
    (502, "happy1", "funnyerrors"),
    (503, "happy2", "unnyfarting"),  # so it is spelt
    (505, "happy3", "funnyinnovations"),
    (507, "happy4", "climbingthewall"),
    (508, "happy5", "funnydunkey"),
)
_KIND = {"mae": "macro-expression", "me": "micro-expression"}
_FELT = {"disgust": "disgust", "anger": "anger", "happy": "happiness"}


def casme2_rows(dataset: Dataset) -> list[WrittenRow]:
    """The rows of the first sheet of a CAS(ME)^2 workbook for a data set.

    Raises
    ------
    InputError
        If a video has another rate than 30, or a subject more videos than films were shown.
    """
    rng = _generator(dataset)
    places = dict(zip((v.name for v in dataset.videos), _casme2_places(dataset), strict=True))
    events = [(video, event) for video in dataset.videos for event in video.expressions]
    quirks = _quirks(events, CASME2_QUIRKS, rng)
    count: Counter[str] = Counter()
    rows = []
    for (video, event), quirk in zip(events, quirks, strict=True):
        index, (code, stimulus, _) = places[video.name]
        count[video.name] += 1
        onset, apex, offset = event.onset + 1, event.apex + 1, event.offset + 1
        if quirk == "offset 0":
            offset = 0
        elif quirk == "apex 0":
            apex = 0
        elif quirk == "apex beyond":
            apex = offset + int(rng.integers(1, 6))
        felt = _FELT[stimulus[:-1]]
        cells = [
            index, f"{stimulus}_{count[video.name]}", onset, apex, offset, "+".join(event.action_units) or None,
            "positive" if felt == "happiness" else "negative", _KIND[event.label], felt,
        ]  # fmt: skip
        rows.append(WrittenRow(cells, f"s{_subject(index)}_{code:04d}", event, quirk))
    return rows


def _subject(index: int) -> int:
    """Number of the subject of an index, from 1."""
    return SUBJECTS[index - 1] if index <= len(SUBJECTS) else SUBJECTS[-1] + index - len(SUBJECTS)


def _casme2_places(dataset: Dataset) -> list[tuple[int, tuple[int, str, str]]]:
    """Subject index and stimulus of each video."""
    found = []
    for video, (subject, number) in zip(dataset.videos, _numbers(dataset, CASME2_FPS), strict=True):
        if number >= len(STIMULI):
            raise InputError(
                f"more than {len(STIMULI)} videos of {video.subject}",
                where=video.name,
                expected=f"at most {len(STIMULI)}, the films that were shown",
            )
        found.append((subject + 1, STIMULI[number]))
    return found


def casme2_workbook(dataset: Dataset, folder: Path) -> Path:
    """Write ``CAS(ME)^2code_final.xlsx``: three sheets without headers."""
    rows = [row.cells for row in casme2_rows(dataset)]
    indices = [cells[0] for cells in rows]
    indices += sorted({index for index, _ in _casme2_places(dataset)} - set(indices))
    people = [[_subject(index), f"s{_subject(index)}", index] for index in indices]
    stimuli = [[code, name] for code, name, _ in STIMULI]
    return write_sheets(
        dict(zip(casme2.SHEETS, (rows, people, stimuli), strict=True)), folder / casme2.WORKBOOK
    )


def _casme2_folders(dataset: Dataset) -> list[str]:
    return [
        f"{casme2.HOMES[0]}/s{_subject(index)}/{_subject(index)}_{code:04d}{name}"
        for index, (code, _, name) in _casme2_places(dataset)
    ]


def _casme2_pictures(folder: str, frame: int, frames: int) -> list[str]:
    return [f"img{frame + 1:03d}.jpg"]


#: The real layouts that can be written.
RELEASES: dict[str, Release] = {
    "samm-lv": Release(_samm_folders, _samm_pictures, samm_workbook),
    "casme2": Release(_casme2_folders, _casme2_pictures, casme2_workbook),
}
