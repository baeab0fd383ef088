"""Which videos a run works on: synthetic ones, or a data set that lies on disk, and what of it cannot be used.

A data set on disk is looked over once, before anything is computed from it: `datasets.check` leaves out videos and
annotations that cannot be used. What was left out or mended is said, and stands in the box of every chapter.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from pathlib import Path

from msstgcn import paths
from msstgcn.counted import counted
from msstgcn.datasets import (
    LAYOUTS_ON_DISK,
    REPAIRS,
    Dataset,
    RealDataset,
    open_dataset,
    open_folder,
    open_video,
    read_dataset,
    sound_part,
)
from msstgcn.datasets.files import stamp
from msstgcn.errors import InputError, lookup, unknown_name
from msstgcn.files import digest_bytes
from msstgcn.report.log import bar, warn
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import DiskSettings, Profile

#: The data set that lies on no disk: it is rendered when asked for.
SYNTHETIC = "synthetic"
#: How data sets are called in texts and in tables of published results.
TITLES: dict[str, str] = {"samm-lv": "SAMM-LV", "casme2": "CAS(ME)^2"}
#: Left-out videos that a warning names.
_NAMED = 8


def on_disk(
    dataset: str = SYNTHETIC, root: str | Path | None = None, repair: str = "authors"
) -> DiskSettings | None:
    """Settings of a data set on disk, or None for synthetic videos.

    Parameters
    ----------
    dataset : str
        ``"synthetic"``, or a name in `datasets.LAYOUTS_ON_DISK`.
    root : path, optional
        Its folder; made absolute.
    repair : str
        A name in `datasets.REPAIRS`.

    Raises
    ------
    InputError
        On an unknown name, or if only one of data set and folder is given.
    """
    names = (SYNTHETIC, *LAYOUTS_ON_DISK)
    if dataset not in names:
        raise unknown_name("data set", dataset, names)
    lookup(REPAIRS, repair, "repair policy")
    if dataset == SYNTHETIC:
        if root:
            layouts = ", ".join(LAYOUTS_ON_DISK)
            raise InputError(
                f"root {root} without a data set",
                expected=f"dataset one of {layouts}, as it lies in that folder",
            )
        return None
    if not root:
        raise InputError(f"dataset {dataset} without a root", expected="the folder that holds it, as root")
    return DiskSettings(dataset=dataset, root=str(Path(root).resolve()), repair=repair)


def open_on_disk(source: DiskSettings) -> RealDataset:
    """Open a data set on disk without what cannot be used, and say what that was.

    It is opened once a process, and again if a file or folder directly in its root has changed.

    Raises
    ------
    InputError
        On a missing folder or workbook, a folder that holds another data set, or if no video can be used.
    """
    return _opened(source, _seen(Path(source.root)), paths.data_root())


def content(source: DiskSettings) -> str:
    """SHA-256 of what a run can see of a data set on disk: videos, labels, and what was found wrong with it."""
    found = open_on_disk(source)
    return digest_bytes(found.digest.encode(), *(str(finding).encode() for finding in found.findings))


def open_source(source: Path) -> Dataset:
    """Open what a path names: a data set folder (with ``videos.csv``), or one video or folder of images.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    if (source / "videos.csv").is_file():
        return open_folder(source)
    return Dataset(source.stem, (open_video(source),))


def title(chosen: Profile) -> str:
    """What the data set of a profile is called in texts: ``SAMM-LV``, ``synthetic``, or its folder's name."""
    if chosen.source is None:
        return SYNTHETIC
    return TITLES.get(chosen.source.dataset, Path(chosen.source.root).name)


def videos_are(chosen: Profile) -> str:
    """What the videos of a profile are, for the prose.

    Whether recordings of people lie in a folder or a written-out synthetic set, no program can tell.
    """
    return "synthetic videos" if chosen.source is None else f"the videos of {title(chosen)} on this disk"


def _seen(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of what lies directly in a folder, and of the workbooks beside it."""
    if not root.is_dir():
        return ()
    found = [*root.iterdir(), *root.parent.glob("*.xlsx")]
    return tuple(
        (str(path), *stamp(path)) for path in sorted(found) if path.exists()
    )  # links may lead nowhere


@lru_cache(maxsize=4)
def _opened(source: DiskSettings, seen: tuple[tuple[str, int, int], ...], store: Path) -> RealDataset:
    opened = _read(source)
    found = _checked(opened, source, Store(store))
    if not found.videos:
        raise InputError(
            "no video can be used", where=source.root, do=f"`{_check_command(source)}` lists what is wrong"
        )
    _say(opened, found, source)
    return found


def _read(source: DiskSettings) -> RealDataset:
    try:
        return open_dataset(source.dataset, source.root, repair=source.repair)
    except InputError as error:
        others = [name for name in LAYOUTS_ON_DISK if name != source.dataset and _reads(name, source)]
        if not others:
            raise
        raise InputError(
            error.what, where=error.where, do=f"this folder looks like {others[0]}: dataset {others[0]}"
        ) from None


def _reads(layout: str, source: DiskSettings) -> bool:
    """Whether a folder can be read in a layout."""
    if not Path(source.root).is_dir():
        return False
    found = read_dataset(layout, source.root, repair=source.repair)
    return bool(found.videos) and not any(finding.level == "fatal" for finding in found.findings)


def _checked(opened: RealDataset, source: DiskSettings, store: Store) -> RealDataset:
    """The part that can be used. That all of it can is remembered; anything else is looked at again each time."""
    code = code_digest("msstgcn.datasets.check")
    name = ("checks", f"{opened.name}-{key_of(opened.digest, code)}")
    if store.entry(*name):
        return opened
    with bar("looking data over", len(opened.videos), "video") as advance:
        found = sound_part(opened, source.root, advance)
    if len(found.videos) == len(opened.videos):
        with store.writing(*name, about={"root": source.root, "videos": len(found.videos)}):
            pass
    return found


def _say(opened: RealDataset, found: RealDataset, source: DiskSettings) -> None:
    """Warn of what was left out and mended, by numbers, and by name where videos are concerned."""
    errors = [finding for finding in opened.findings if finding.level == "error"]
    events = [finding for finding in errors if finding.done.startswith("event")]
    rows = [finding for finding in errors if finding.done.startswith("row")]
    left = [Path(finding.where).name for finding in errors if finding not in (*events, *rows)]
    left += [video.name for video in opened.videos if video not in found.videos]
    mended = sum(finding.level == "repair" for finding in opened.findings)
    parts = []
    if left:
        shown = ", ".join(left[:_NAMED]) + (", ..." if len(left) > _NAMED else "")
        parts.append(f"{counted(len(left), 'video')} left out ({shown})")
    if events:
        parts.append(f"{counted(len(events), 'annotation')} left out")
    if rows:
        parts.append(f"{counted(len(rows), 'row')} of naming sheets left out")
    if mended:
        parts.append(f"{counted(mended, 'annotated frame')} mended (repair {source.repair})")
    if parts:
        warn(f"{source.root}: {'; '.join(parts)}; `{_check_command(source)}` lists each")


def _check_command(source: DiskSettings) -> str:
    return f"msstgcn data check {shlex.quote(source.root)} --layout {source.dataset} --repair {source.repair}"
