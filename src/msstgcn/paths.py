"""Where things lie: the project's folder, and under it the data, the tables and the chapters."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from msstgcn.errors import InputError

#: The folder of the package's own source files.
PACKAGE = Path(__file__).resolve().parent


def project_root() -> Path:
    """Folder that holds ``notebooks/`` and ``book/``.

    ``MSSTGCN_ROOT`` if set; else the nearest folder above the working folder that has both; else the checkout
    that this package is installed from.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    named = os.environ.get("MSSTGCN_ROOT")
    here = Path.cwd().resolve()
    candidates = [Path(named).resolve()] if named else [here, *here.parents, PACKAGE.parents[1]]
    for folder in candidates:
        if (folder / "notebooks").is_dir() and (folder / "book").is_dir():
            return folder
    raise InputError(
        "no project folder",
        where=candidates[0],
        expected="a folder with notebooks/ and book/",
        do="run the command inside the project, or set MSSTGCN_ROOT to its folder",
    )


def data_root() -> Path:
    """Folder of features, runs and other results that may be made again: ``MSSTGCN_DATA``, else ``data/``."""
    named = os.environ.get("MSSTGCN_DATA")
    return Path(named).resolve() if named else project_root() / "data"


def records_dir() -> Path:
    """Folder of the committed figures of record: ``benchmarks/``."""
    return project_root() / "benchmarks"


def tables_dir() -> Path:
    """Folder that tables are written to: ``MSSTGCN_TABLES`` (set while a chapter is run), else ``book/tables/``."""
    named = os.environ.get("MSSTGCN_TABLES")
    return Path(named).resolve() if named else project_root() / "book" / "tables"


def writable(folder: Path) -> None:
    """Look whether files can be written into a folder, or one of that name be made; nothing is left behind.

    Raises
    ------
    InputError
        If not.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return
    except OSError as error:
        raise InputError(
            f"nothing can be written there ({error.strerror})", where=folder, do="choose another folder"
        ) from None
