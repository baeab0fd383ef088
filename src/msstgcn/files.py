"""Files and folders written whole or not at all, what killed processes left of them, and digests of content."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname

from msstgcn.errors import InputError

_UNFINISHED = ".unfinished-"


def unfinished() -> str:
    """How the name of a file or folder begins that this process works on: what `sweep` removes if it is killed."""
    return f"{_UNFINISHED}{os.getpid()}-{gethostname()}-"


def sweep(root: Path) -> None:
    """Remove what killed processes of this machine left unfinished below a folder; those still at work keep theirs."""
    for place, folders, files in os.walk(root):  # passes over what others rename meanwhile
        for name in filter(_given_up, folders):
            shutil.rmtree(Path(place, name), ignore_errors=True)
        for name in filter(_given_up, files):
            Path(place, name).unlink(missing_ok=True)


def _given_up(name: str) -> bool:
    """Whether what is named as `unfinished` says is of a process of this machine that is no more."""
    if not name.startswith(_UNFINISHED):
        return False
    owner, _, rest = name.removeprefix(_UNFINISHED).partition("-")
    host, _, _ = rest.rpartition("-")  # of another machine the name may begin as this one's does
    return host == gethostname() and not _alive(int(owner))


def _alive(process: int) -> bool:
    """Whether this machine runs a process of that number, whoever's it is."""
    try:
        os.kill(process, 0)  # no signal: it only looks whether one could be sent
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; rename it to `path` only when the block ends well.

    The temporary name keeps the suffix of `path`, so that writers which look at it do the right thing.

    Raises
    ------
    InputError
        If the disk is full; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=unfinished(), suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(0o644)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InputError(
                "no space left on the disk", where=path, do="free some space and run the same command again"
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def digest_bytes(*parts: bytes) -> str:
    """SHA-256, in hexadecimal, of the parts; where one ends and the next begins counts."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


def digest_file(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal, as ``sha256sum`` prints it."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
