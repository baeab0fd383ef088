"""Keep what studies find: runs of record, under ``benchmarks/``, in one go or in several."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msstgcn.files import sweep
from msstgcn.paths import records_dir, writable
from msstgcn.runner import feature_stages, kept_results
from msstgcn.runner.false_alarms import causes_of
from msstgcn.runner.provenance import commit
from msstgcn.runner.records import write_record
from msstgcn.runner.study_records import must_not_be_less
from msstgcn.runner.study_runs import Plan, budgets, carried_out, plan, prepare
from msstgcn.studies import Study, StudyResult
from msstgcn.studies.packing import packed


def weigh(
    several: Sequence[Study], profile: str, *, record: bool = False, keep: bool = False, **given: Any
) -> str:
    """Check studies as `run_and_record` does, and say what they will take, without running them."""
    needed = budgets(_plans(several, profile, record, keep, given))
    lines = [f"{title}: {what}" for title, what in needed.items()]
    return "\n".join(lines) or "nothing is left to make"


def run_and_record(
    several: Sequence[Study], profile: str, *, record: bool = False, keep: bool = False, **given: Any
) -> Iterator[tuple[StudyResult, Path | None]]:
    """Run studies as `run_study` does, all measured first, and keep what each found under ``benchmarks/``.

    Parameters
    ----------
    several : sequence of Study
    profile : str
    record : bool, default False
        Whether to write runs of record; what was kept for them is not made again.
    keep : bool, default False
        Whether to keep each variant's results for a run of record, as soon as they are there.
    given
        As `run_study` takes it.

    Yields
    ------
    (StudyResult, Path or None)
        What a study found, and the record if one was asked for.
    """
    sweep(feature_stages.data_store().root)
    began = commit()
    plans = _plans(several, profile, record, keep, given)
    prepare(plans)
    for one in plans:
        started = time.monotonic()
        result, path = carried_out(one, keep_for=_record_name(one) if keep else ""), None
        if record:
            _must_be_worth_a_record(one, profile, given)  # another run may have ended meanwhile
            about = {**_about_run(one, profile, given), "commit": began, **_made(one)}
            path = _recorded(one, result, time.monotonic() - started, about)
            kept_results.drop(_record_name(one), one.all_places)
        yield result, path


def _plans(
    several: Sequence[Study], profile: str, record: bool, keep: bool, given: Mapping[str, Any]
) -> list[Plan]:
    """Studies checked, those to be recorded for that, too; what is kept for records is put into the store."""
    plans = [plan(which, profile, **given) for which in several]
    if record or keep:
        writable(records_dir())
    for one in plans:
        if record:
            _must_be_worth_a_record(one, profile, given)
            kept_results.tell_others(_record_name(one), one.all_places)
        if record or keep:
            kept_results.use(one.all_places)
    return plans


def _recorded(one: Plan, result: StudyResult, seconds: float, about: Mapping[str, Any]) -> Path:
    """Write what a study found under ``benchmarks/``."""
    if one.study.causes and one.parts[0].chosen.source is None:  # of recordings nobody knows the causes
        result = replace(result, causes=causes_of(result, one.parts))
    return write_record(_record_name(one), packed(result), seconds=seconds, **about)


def _about_run(one: Plan, profile: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of a run, known before it begins."""
    unsaid = ("seed", "seeds", "add", "dataset", "root")  # in the record otherwise, or of nobody's concern
    changes = {
        name: value
        for name, value in given.items()
        if name not in unsaid and value is not None and not feature_stages.keeps_profile(name, value)
    }
    return {
        "profile": profile,
        "seed": one.seeds.start,
        "seeds": len(one.seeds),
        "settings": {**one.study.size(profile), **changes},
        "size": _size(one),
        "data": feature_stages.data_of(one.parts[0].chosen),
    }


def _size(one: Plan) -> dict[str, float]:
    """How much a run rests on, by what `study_records.SIZE` names; that of the base where variants differ."""
    chosen = one.parts[0].chosen
    data = feature_stages.dataset(chosen)
    people = len(data.subjects)
    seconds = sum(len(video) / video.fps for video in data.videos) / people
    return {
        "subjects": people,
        "seeds": len(one.seeds),
        "seconds a subject": round(seconds),
        "folds": chosen.learning.folds or people,
        "epochs": chosen.learning.epochs,
    }


def _made(one: Plan) -> dict[str, Any]:
    """How many of the results were made on which day with which commit, and on which devices."""
    store = feature_stages.data_store()
    entries = [entry for place in one.all_places if (entry := store.entry(*place))]
    devices = dict.fromkeys(entry["device"] for entry in entries if entry.get("device"))
    return {
        "made": dict(Counter(f"{entry['made'][:10]} {entry['commit']}" for entry in entries)),
        "device": "; ".join(devices) or "cpu",
    }


def _record_name(one: Plan) -> str:
    """Records of a data set on disk have names of their own; the book shows those of synthetic videos."""
    source = one.parts[0].chosen.source
    return f"study-{one.study.name}{f'-{source.dataset}' if source else ''}"


def _must_be_worth_a_record(one: Plan, profile: str, given: Mapping[str, Any]) -> None:
    """Raise if a run is to take the place of a larger one, or of one of something else."""
    new = {**_about_run(one, profile, given), "on_disk": bool(one.parts[0].chosen.source)}
    must_not_be_less(_record_name(one), new, one.study)
