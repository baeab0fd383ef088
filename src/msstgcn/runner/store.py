"""The one cache: results under a key of everything that made them, written whole, checked when read.

An entry is a folder with the result's files and ``entry.json``, which lists each file's digest and says how the
result was made (settings, seeds, versions, commit, device, time): the run ledger. An entry whose files do not
match their digests is reported, removed and made again, never used. Two processes may make the same entry: where they
made the same files those of the first stay, else those of the last.
"""

from __future__ import annotations

import datetime
import errno
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, digest_file, unfinished
from msstgcn.report.log import warn
from msstgcn.runner.provenance import commit, versions

ENTRY = "entry.json"


def key_of(*parts: object) -> str:
    """Short key (24 hexadecimal digits) of everything that decides a result, each part by its text."""
    return digest_bytes(*(str(part).encode() for part in parts))[:24]


def _manifest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ENTRY)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def _read(folder: Path) -> dict[str, Any] | None:
    """What an entry's ledger says, or None where it is not sound."""
    try:
        entry: dict[str, Any] = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        return entry if entry["files"] == _manifest(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _renamed(old: Path, new: Path) -> bool:
    """Whether a folder could be given a new name; not where there is one of that name."""
    try:
        old.rename(new)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _circumstances() -> dict[str, Any]:
    """When and with what an entry is made."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"made": now, **_software()}


@cache
def _software() -> dict[str, Any]:
    """Commit and versions, asked for once: a process works with the code that it began with."""
    return {"commit": commit(), "versions": versions()}


class Store:
    """A folder of entries.

    Parameters
    ----------
    root : Path
        The data root; made when the first entry is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, *name: str) -> Path:
        """Where the entry of that name lies, or would lie."""
        return self.root.joinpath(*name)

    def entry(self, *name: str) -> dict[str, Any] | None:
        """Return what ``entry.json`` says, or None where there is no sound entry of that name.

        An entry with a missing or changed file is reported and removed.
        """
        found = self.sound(*name)
        folder = self.folder(*name)
        if found is None and folder.is_dir():
            self._remove(folder, if_damaged=True)
            return _read(folder)
        return found

    def sound(self, *name: str) -> dict[str, Any] | None:
        """As `entry`, but what is not sound is reported only, and stays."""
        folder = self.folder(*name)
        if not folder.is_dir():
            return None
        found = _read(folder) or _read(folder)  # once more: another process may have moved it just then
        if found is None and folder.is_dir():
            warn(f"{folder}: a file is missing or was changed since it was written; the result is made again")
        return found

    def _remove(self, folder: Path, *, if_damaged: bool = False) -> None:
        """Take an entry away at once, so that nobody finds half of it."""
        aside = self._temporary(folder)
        with suppress(FileNotFoundError):  # another process has removed it
            folder.rename(aside / "removed")
        if if_damaged and _read(aside / "removed"):  # another process has made it anew meanwhile
            _renamed(aside / "removed", folder)
        shutil.rmtree(aside, ignore_errors=True)

    def _temporary(self, folder: Path) -> Path:
        """A new folder beside an entry; its name says which process of which machine works on it."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=folder.parent, prefix=unfinished()))

    @contextmanager
    def writing(self, *name: str, about: Mapping[str, Any]) -> Iterator[Path]:
        """Give a temporary folder to write to; it becomes the entry only when the block ends well.

        Parameters
        ----------
        name : str
            Parts of the entry's name.
        about : mapping
            What the ledger shall say of the result; may be added to until the block ends.

        Raises
        ------
        InputError
            If the disk is full; nothing is left behind.
        """
        folder = self.folder(*name)
        try:
            temporary = self._temporary(folder)
            temporary.chmod(0o755)
            try:
                yield temporary
                entry = {**_circumstances(), **about, "files": _manifest(temporary)}
                (temporary / ENTRY).write_text(json.dumps(entry, indent=1, default=str), encoding="utf-8")
                while not _renamed(temporary, folder):
                    there = _read(folder)
                    if there and all(there.get(what) == entry.get(what) for what in ("files", "left_out")):
                        break  # another process was first
                    self._remove(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise InputError(
                    "no space left on the disk",
                    where=folder,
                    do="free some space, or set MSSTGCN_DATA to a larger disk, and run the same command again",
                ) from error
            raise
