"""Runs of record of studies: read for the book, told in words, and kept from being replaced by smaller ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from msstgcn.counted import counted
from msstgcn.errors import InputError
from msstgcn.runner.records import has_record, latest_path, latest_record, read_record, readable
from msstgcn.studies import METHOD, Study, StudyResult, study
from msstgcn.studies.packing import unpacked


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
    path = latest_path(f"study-{name}")
    return _unpacked(name, path, path.stat().st_mtime_ns)


@lru_cache(
    maxsize=64
)  # a section, its figure and the chapter's last page ask for the same, and its table takes time
def _unpacked(name: str, path: Path, _changed: int) -> StudyResult:
    held = read_record(path)
    with readable(path, f"msstgcn study run {name} --record"):
        result = unpacked(held["result"], study(name))
        for variant, own in result.counts.groupby("variant"):
            if own["seed"].nunique() != held["seeds"]:
                raise ValueError(f"variant {variant!r} does not have {held['seeds']} seeds")
        return result


#: What says how much a run rests on.
SIZE = ("subjects", "seeds", "seconds a subject", "folds", "epochs")
#: Settings of a record that its size or its note says in other words.
_SAID = ("device", "only", "subjects", "videos", "seconds", "folds", "epochs")


def must_not_be_less(name: str, new: Mapping[str, Any], chosen: Study) -> None:
    """Raise if a run is not to take the place of a study's run of record: a trial, smaller, or of something else.

    Parameters
    ----------
    name : str
        Of the record, as `write_record` has it.
    new : mapping
        What the new record will say of the run: ``profile``, ``settings``, ``data``, ``size`` (`SIZE`) and, of a data
        set on disk, ``on_disk``.
    chosen : Study
        What it is of, with the variants that it has.
    """
    if new["profile"] == "smoke":
        raise InputError(
            "a run of record in the profile smoke", expected="cpu or gpu", do="leave --record out"
        )
    if not has_record(name):
        return
    path = latest_path(name)
    with readable(path):
        held = read_record(path)
        there = held["size"]
        less = [f"{there[what]:g} {what}" for what in SIZE if there[what] > new["size"][what]]
        less += [f"the variant {one!r}" for one in held["result"]["variants"] if one not in chosen.variants]
        others = _others(*(_changed(chosen, one) for one in (held, new)))
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
    """What was changed for a record and not for a new run, or the other way round."""
    return [
        f"{name} {'as the profile has it' if name not in held else f'= {held[name]}'}"
        for name in {**held, **new}
        if held.get(name) != new.get(name)
    ]


def _changed(chosen: Study, held: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a record, but for its size, that are not those of the study in its profile."""
    usual = chosen.size(held["profile"])
    settings = held["settings"].items()
    return {name: value for name, value in settings if name not in _SAID and usual.get(name) != value}


def trained_for(name: str) -> int:
    """Epochs that the networks of a study's run of record were trained for, the base's where they differ."""
    return int(latest_record(f"study-{name}")["size"]["epochs"])


def study_note(name: str) -> str:
    """Say in a sentence where a study's figures of record come from, or that there are none."""
    chosen = study(name)
    if not has_record(f"study-{name}"):
        return f"There is no run of record of the study {chosen.name} yet."
    path = latest_path(f"study-{name}")
    with readable(path, f"msstgcn study run {name} --record"):
        return _note(chosen, read_record(path))


def _note(chosen: Study, held: Mapping[str, Any]) -> str:
    set_to = [f"{name} = {value}" for name, value in _changed(chosen, held).items()]
    missing = [name for name in chosen.variants if name not in held["result"]["variants"]]
    profile = f"profile {held['profile']}{' with ' + ', '.join(set_to) if set_to else ''}"
    profile = f"in full size ({profile})" if held["profile"] == "gpu" else profile
    device = "a CPU" if held["device"] == "cpu" else held["device"]
    return (
        f"The run of record is of {held['date']} (commit {held['commit']}): {profile}, {_size(chosen, held)}, "
        f"{held['data']}, computed on {device}{'; it leaves out ' + ' and '.join(missing) if missing else ''}."
    )


def _size(chosen: Study, held: Mapping[str, Any]) -> str:
    """How much a study's record rests on, in words."""
    size, variants = held["size"], held["result"]["variants"].values()
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
