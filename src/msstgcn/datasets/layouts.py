"""One way in to data on disk, whatever layout they lie in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msstgcn.datasets import casme2, samm_lv
from msstgcn.datasets.casme2 import read_casme2
from msstgcn.datasets.files import FileVideo, PictureVideo
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.folder import read_folder
from msstgcn.datasets.reading import Labels, RealDataset, labels_of, odd_names, usable
from msstgcn.datasets.repair import REPAIRS, RawEvent
from msstgcn.datasets.samm_lv import read_samm_lv
from msstgcn.errors import InputError, lookup


def _read_folder(root: Path, repair: str) -> RealDataset:
    """What can be used of a data set in the project's own layout; nothing in it is mended."""
    findings: list[Finding] = []

    def say(error: InputError, level: str = "error") -> None:
        what = f"{error.what}, expected {error.expected}" if error.expected else error.what
        lost = "event" if error.where.startswith(f"{root / 'events.csv'},") else "video"
        findings.append(
            Finding(level, error.where, what, error.do if level == "fatal" else f"{lost} left out")
        )

    try:
        videos = read_folder(root, say).videos
    except InputError as error:
        videos = ()
        say(error, "fatal")
    if not videos and not any(finding.level == "fatal" for finding in findings):
        findings.append(Finding("fatal", str(root), "no video can be used"))
    findings += odd_names(root, [v.path for v in videos if isinstance(v, FileVideo | PictureVideo)])
    return RealDataset(root.resolve().name, videos, repair, tuple(findings))


#: Readers by layout; each lists what it finds instead of raising.
LAYOUTS_ON_DISK: dict[str, Callable[[Path, str], RealDataset]] = {
    "samm-lv": read_samm_lv,
    "casme2": read_casme2,
    "folder": _read_folder,
}


#: Readers of the annotations alone.
WORKBOOKS: dict[str, Callable[[Path], tuple[list[RawEvent], list[Finding]]]] = {
    "samm-lv": lambda root: samm_lv.read_workbook(samm_lv.workbook_of(root, [])),
    "casme2": lambda root: casme2.read_workbook(casme2.workbook_of(root, [])),
}


def read_labels(
    layout: str, root: str | Path, *, repair: str = "authors", lengths: Mapping[str, int] | None = None
) -> tuple[Labels, tuple[Finding, ...]]:
    """Annotations alone, for whoever has the workbook and no videos.

    Parameters
    ----------
    layout : {"samm-lv", "casme2"}
    root : path
        Folder with the workbook.
    repair : str
        A name in `repair.REPAIRS`.
    lengths : mapping of str to int, optional
        Working frames of each video, where they are known: events are cut off where it ends, and those of other
        videos left out. Without it nothing is known of where a video ends.

    Returns
    -------
    labels : dict of str to list of (Expression, int)
        Of each video that has any, with the row of the workbook that each stands in.
    findings : tuple of Finding
        What was mended, left out or odd.

    Raises
    ------
    InputError
        On an unknown name, or a workbook that is missing or cannot be read.
    """
    events, notes = lookup(WORKBOOKS, layout, "layout with a workbook")(Path(root))
    lookup(REPAIRS, repair, "repair policy")
    every = events[0].step if events else 1
    lasts = None if lengths is None else {name: length * every for name, length in lengths.items()}
    labels, mended = labels_of(events, lasts, repair)
    return labels, (*notes, *mended)


def read_dataset(layout: str, root: str | Path, *, repair: str = "authors") -> RealDataset:
    """Read what there is in a folder, however little: `open_dataset` without its last check.

    Raises
    ------
    InputError
        On an unknown layout or repair policy, or if there is no such folder.
    """
    reader = lookup(LAYOUTS_ON_DISK, layout, "layout")
    lookup(REPAIRS, repair, "repair policy")
    root = Path(root)
    if not root.is_dir():
        what = "this is a file" if root.exists() else "no such folder"
        raise InputError(what, where=root, expected="the folder of a data set", do="check the path")
    return reader(root, repair)


def open_dataset(layout: str, root: str | Path, *, repair: str = "authors") -> RealDataset:
    """Open a data set on disk; frames are read when asked for.

    Parameters
    ----------
    layout : {"samm-lv", "casme2", "folder"}
    root : path
        Folder with the workbook and the videos (or ``videos.csv``).
    repair : str
        How to mend annotations that cannot be true: a name in `repair.REPAIRS`. The layout ``folder`` needs none.

    Returns
    -------
    RealDataset
        Videos that can be used; its `findings` list what was mended, left out or odd.

    Raises
    ------
    InputError
        On an unknown name, a missing folder or workbook, or if no video can be used.
    """
    return usable(read_dataset(layout, root, repair=repair), Path(root))
