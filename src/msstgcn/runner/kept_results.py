"""Results kept for a run of record that takes several goes, or several machines: under ``benchmarks/kept/``.

A result lies there as it does in the store, under the same key of all that decides it: it counts as long as settings,
data, code and versions are the same, and no longer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress

from msstgcn.paths import records_dir
from msstgcn.runner.feature_stages import data_store
from msstgcn.runner.store import ENTRY, Store

Place = tuple[str, str]


def keep(places: Iterable[Place]) -> None:
    """Keep results of the store."""
    _copy(places, data_store(), _kept())


def use(places: Iterable[Place]) -> None:
    """Put what is kept into the store, where it lacks it."""
    _copy(places, _kept(), data_store())


def drop(places: Iterable[Place]) -> None:
    """Remove results that were kept, once a record holds them."""
    for place in places:
        folder = _kept().folder(*place)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # others are kept, or none were
            folder.parent.rmdir()
            folder.parent.parent.rmdir()


def _kept() -> Store:
    return Store(records_dir() / "kept")


def _copy(places: Iterable[Place], source: Store, target: Store) -> None:
    for place in places:
        if target.entry(*place) or not (entry := source.entry(*place)):
            continue
        with target.writing(*place, about=entry) as folder:
            shutil.copytree(
                source.folder(*place), folder, ignore=shutil.ignore_patterns(ENTRY), dirs_exist_ok=True
            )
