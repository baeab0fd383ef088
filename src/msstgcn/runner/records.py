"""Figures of record: what a long run or a bench measured, committed under ``benchmarks/`` with date and commit.

A record is written by the command that measured it, never by hand, so that everyone can make it again.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.paths import records_dir
from msstgcn.runner.provenance import commit, versions


def write_record(name: str, result: Any, *, seconds: float, **about: Any) -> Path:
    """Write ``benchmarks/<name>-<date>.json``; a second record of one day takes the first one's place.

    Parameters
    ----------
    name : str
        What was measured: small letters, digits and hyphens.
    result : JSON-like
        The figures.
    seconds : float
        Wall time of what the record measured; of a study that of the last go, without what was there already: what
        its variants took, its costs say.
    about
        What else decides the figures: profile, seeds, settings; ``commit``, where that at the beginning is known.

    Returns
    -------
    Path
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise InputError(f"record name {name!r}", expected="small letters, digits and hyphens")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    record = {
        "name": name,
        "date": today,
        "commit": commit(),
        "command": _command(),
        **about,
        "machine": machine(),
        "versions": versions(),
        "seconds": round(seconds, 1),
        "result": result,
    }
    path = records_dir() / f"{name}-{today}.json"
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path


def _command() -> str:
    """What was typed, without the folders of whoever typed it."""
    words = ["msstgcn", *sys.argv[1:]]
    for place, word in enumerate(words):
        option, equals, _ = word.partition("=")
        if option not in ("--root", "--out"):
            continue
        if equals:
            words[place] = f"{option}=FOLDER"
        elif place + 1 < len(words):
            words[place + 1] = "FOLDER"
    return shlex.join(words)


def latest_record(name: str) -> Mapping[str, Any]:
    """Read the newest record of that name.

    Raises
    ------
    InputError
        If there is none, or it cannot be read.
    """
    return read_record(latest_path(name))


def read_record(path: Path) -> Mapping[str, Any]:
    """Read one record; an `InputError` if that cannot be done."""
    with readable(path):
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "result" not in record:
            raise ValueError("no object with a result")
        return record


@contextmanager
def readable(path: Path, again: str = "") -> Iterator[None]:
    """Say of a damaged record which file it is, and how to make it again, where that is known."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(
            f"the record cannot be read ({type(error).__name__}: {error})",
            where=path,
            do=f"make it again{': ' if again else ''}{again}",
        ) from None


def latest_path(name: str) -> Path:
    """File of the newest record of that name; raises `InputError` if there is none."""
    found = sorted(records_dir().glob(f"{name}-????-??-??.json"))
    if not found:
        raise InputError(
            f"no record {name!r}",
            where=records_dir(),
            expected=f"a file {name}-<date>.json",
            do="see `msstgcn bench`",
        )
    return found[-1]


def has_record(name: str) -> bool:
    """Whether there is a record of that name."""
    return any(records_dir().glob(f"{name}-????-??-??.json"))


def machine() -> str:
    """Processor kind, number of usable cores and system, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine()}, {cores} cores, {platform.system()}"
