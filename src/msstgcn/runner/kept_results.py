"""Results kept for a run of record that takes several goes, or several machines: under ``benchmarks/kept/``.

There is a folder for each record to be. A result lies in it as it does in the store, under the same key of all that
decides it: it counts as long as settings, data, code and versions are the same, and no longer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msstgcn.counted import counted
from msstgcn.files import sweep
from msstgcn.paths import records_dir
from msstgcn.report.log import warn
from msstgcn.runner.feature_stages import data_store
from msstgcn.runner.store import ENTRY, Store

Place = tuple[str, str]


def keep(record: str, places: Iterable[Place]) -> None:
    """Keep results of the store for the record of that name."""
    _copy(places, data_store(), Store(_folder() / record))


def use(places: Iterable[Place]) -> None:
    """Put what is kept, for whichever record, into the store where it lacks it."""
    for folder in sorted(_folder().glob("*")):
        _copy(places, Store(folder), data_store())


def tell_others(record: str, places: Iterable[Place]) -> None:
    """Warn of results that are kept for a record and are none of its own: they were made otherwise, or of less."""
    kept = Store(_folder() / record)
    others = {path.parent for path in kept.root.rglob(ENTRY)} - {kept.folder(*place) for place in places}
    if others:
        warn(
            f"{counted(len(others), 'result')} kept in {kept.root} do not count for this record: settings, data, code "
            "or versions were others; what is missing is made, and they stay"
        )


def drop(record: str, places: Iterable[Place]) -> None:
    """Remove results that were kept for a record, once it holds them."""
    kept = Store(_folder() / record)
    sweep(kept.root)
    for place in places:
        folder = kept.folder(*place)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others are kept, or none were
            for parent in (folder.parent, kept.root, _folder()):
                parent.rmdir()


def _folder() -> Path:
    return records_dir() / "kept"


def _copy(places: Iterable[Place], source: Store, target: Store) -> None:
    """Copy results that are whole; those without some of the videos would be made again. What is damaged stays."""
    for place in places:
        entry, there = source.sound(*place), target.entry(*place)
        if not entry or entry.get("left_out") or (there and not there.get("left_out")):
            continue
        with target.writing(*place, about=entry) as folder:
            shutil.copytree(
                source.folder(*place), folder, ignore=shutil.ignore_patterns(ENTRY), dirs_exist_ok=True
            )
