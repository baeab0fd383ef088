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
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from msstgcn import settings
from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.paths import records_dir
from msstgcn.report import counted
from msstgcn.runner.provenance import commit, versions
from msstgcn.studies import METHOD, Study, StudyResult, study
from msstgcn.studies.packing import unpacked


def write_record(name: str, result: Any, *, seconds: float, **about: Any) -> Path:
    """Write ``benchmarks/<name>-<date>.json``; a second record of one day takes the first one's place.

    Parameters
    ----------
    name : str
        What was measured: small letters, digits and hyphens.
    result : JSON-like
        The figures.
    seconds : float
        Wall time of the run.
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
    path = _latest(name)
    with _readable(path):
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or "result" not in record:
            raise ValueError("no object with a result")
        return record


@contextmanager
def _readable(path: Path, again: str = "") -> Iterator[None]:
    """Say of a damaged record which file it is, and how to make it again, where that is known."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(
            f"the record cannot be read ({type(error).__name__}: {error})",
            where=path,
            do=f"make it again{': ' if again else ''}{again}",
        ) from None


def _latest(name: str) -> Path:
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


def study_record(name: str) -> StudyResult | None:
    """Return what the newest run of record of a study found; None if there is none.

    Raises
    ------
    InputError
        If no study has that name, or the record cannot be read.
    """
    study(name)
    if not has_record(f"study-{name}"):
        return None
    path = _latest(f"study-{name}")
    return _unpacked(name, path, path.stat().st_mtime_ns)


@lru_cache(
    maxsize=64
)  # a section, its figure and the chapter's last page ask for the same, and its table takes time
def _unpacked(name: str, path: Path, _changed: int) -> StudyResult:
    held = latest_record(f"study-{name}")
    with _readable(path, f"msstgcn study run {name} --record"):
        result = unpacked(held["result"], study(name))
        for variant, own in result.counts.groupby("variant"):
            if own["seed"].nunique() != held["seeds"]:
                raise ValueError(f"variant {variant!r} does not have {held['seeds']} seeds")
        return result


#: What says how much a run rests on.
SIZE = ("subjects", "seeds", "seconds a subject", "folds", "epochs")
#: Settings of a record that its size or its note says in other words.
_SAID = ("device", "only", "subjects", "videos", "seconds", "folds", "epochs", "watch")


def must_not_be_less(name: str, new: Mapping[str, Any], *, variants: Collection[str]) -> None:
    """Raise if a run is not to take the place of a study's run of record: a trial, smaller, or of something else.

    Parameters
    ----------
    name : str
        Of the record, as `write_record` has it.
    new : mapping
        What the new record will say of the run: ``profile``, ``settings``, ``data``, ``size`` (`SIZE`) and, of a data
        set on disk, ``on_disk``.
    variants : collection of str
        Those it has.
    """
    if new["profile"] == "smoke":
        raise InputError(
            "a run of record in the profile smoke", expected="cpu or gpu", do="leave --record out"
        )
    if not has_record(name):
        return
    path = _latest(name)
    with _readable(path):
        held = latest_record(name)
        there = _size_of(held)
        less = [f"{there[what]:g} {what}" for what in SIZE if there[what] > new["size"][what]]
        less += [f"the variant {one!r}" for one in held["result"]["variants"] if one not in variants]
        others = _others(held["settings"], new["settings"])
        if new.get("on_disk") and held["data"] != new["data"]:
            others.append(held["data"])
    for what, parts in (("smaller", less), ("of something else", others)):
        if parts:
            raise InputError(
                f"a run of record that is {what}: the one there has {', '.join(parts)}",
                where=path,
                do="make the run alike, or remove that file first",
            )


def _others(held: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Settings, but for the size, that a record has and a new run does not, or the other way round."""
    names = [name for name in {**held, **new} if name not in _SAID]
    return [
        f"{name} {'as the profile has it' if name not in held else f'= {held[name]}'}"
        for name in names
        if held.get(name) != new.get(name)
    ]


def _size_of(held: Mapping[str, Any]) -> dict[str, Any]:
    """How much a record rests on; where it does not say so, by its settings: -1 there is what the profile has."""
    if "size" in held:
        return dict(held["size"])
    usual, set_to = settings.profile(held["profile"]), held["settings"]
    has = {name: getattr(usual.data, name) for name in ("videos", "seconds")}
    has |= {name: getattr(usual.learning, name) for name in ("folds", "epochs")}
    has |= {name: set_to[name] for name in has if set_to.get(name, -1) >= 0}
    people = _people(held)
    return {
        "subjects": people,
        "seeds": held["seeds"],
        "seconds a subject": has["videos"] * has["seconds"],
        "folds": has["folds"] or people,
        "epochs": has["epochs"],
    }


def study_note(name: str) -> str:
    """Say in a sentence where a study's figures of record come from, or that there are none."""
    chosen = study(name)
    if not has_record(f"study-{name}"):
        return f"There is no run of record of the study {chosen.name} yet."
    path = _latest(f"study-{name}")
    with _readable(path, f"msstgcn study run {name} --record"):
        return _note(chosen, latest_record(f"study-{name}"))


def _note(chosen: Study, held: Mapping[str, Any]) -> str:
    usual = chosen.size(held["profile"])
    set_to = [f"{k} = {v}" for k, v in held["settings"].items() if k not in _SAID and usual.get(k) != v]
    missing = [name for name in chosen.variants if name not in held["result"]["variants"]]
    profile = f"profile {held['profile']}{' with ' + ', '.join(set_to) if set_to else ''}"
    return (
        f"The run of record is of {held['date']} (commit {held['commit']}): {profile}, {_size(chosen, held)}, "
        f"{held['data']}, on {held['device']}{'; it leaves out ' + ' and '.join(missing) if missing else ''}."
    )


def _size(chosen: Study, held: Mapping[str, Any]) -> str:
    """How much a study's record rests on, in words."""
    size, variants = _size_of(held), held["result"]["variants"].values()
    alone, seen = size["folds"] == size["subjects"], f"{size['seconds a subject']:g} s of video"
    parts = [
        counted(size["subjects"], "subject"),
        f"asked about {seen} of each" if chosen.trained == "once" else f"{seen} each",
        counted(size["seeds"], "seed"),
        "one subject left out at a time" if alone else counted(size["folds"], "fold"),
    ]
    epochs = {own.get("epochs", size["epochs"]) for own in variants if METHOD not in own}
    if epochs:
        least = "" if len(epochs) == 1 else f"{min(epochs)} to "
        parts.append(least + counted(max(epochs), "epoch"))
    return ", ".join(parts)


def _people(held: Mapping[str, Any]) -> int:
    """How many subjects a study's record rests on."""
    return len({owner.split(" ", 1)[1] for owner in held["result"]["owners"]})


def machine() -> str:
    """Processor kind, number of usable cores and system, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine()}, {cores} cores, {platform.system()}"
