"""Run a study: every variant with every seed, through the same cached stages as everything else.

What came out of a variant with one seed is an entry of the store, under a key of all that decides it. So a study that
was killed goes on where it was, a variant that was changed or added is computed alone, and studies share what is the
same in them.
"""

from __future__ import annotations

import json
import textwrap
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msstgcn import learning
from msstgcn.errors import InputError
from msstgcn.paths import records_dir, writable
from msstgcn.report import TERMINAL, outcome_text
from msstgcn.report.log import say, tracked, warn
from msstgcn.runner import (
    budget,
    feature_stages,
    kept_results,
    score_stages,
    training_stages,
    variant_results,
)
from msstgcn.runner.dependencies import code_digest, own_digest
from msstgcn.runner.false_alarms import causes_of
from msstgcn.runner.provenance import LEARNING, commit, version
from msstgcn.runner.records import must_not_be_less, write_record
from msstgcn.runner.store import key_of
from msstgcn.runner.study_parts import Part, changes_recordings, chooses, parts_of
from msstgcn.runner.training_stages import with_training_seed
from msstgcn.settings import Profile
from msstgcn.studies import (
    COST_COLUMNS,
    COUNT_COLUMNS,
    EVENT_COLUMNS,
    FOUND_COLUMNS,
    METHODS,
    Study,
    StudyResult,
    answer,
    study,
)
from msstgcn.studies.answers import NOTHING_RESOLVED
from msstgcn.studies.packing import packed

_TABLES = {"counts": COUNT_COLUMNS, "events": EVENT_COLUMNS, "found": FOUND_COLUMNS}


def run_study(which: str | Study, profile: str, **given: Any) -> StudyResult:
    """Train and score every variant with every seed; what is in the store is not made again.

    Parameters
    ----------
    which : str or Study
        A study, or the name of one.
    profile : str
        smoke, cpu or gpu; in smoke only the first variant, the last and those added are run.
    seed : int, default 0
        Of the data, and the first seed of training.
    seeds : int, default 1
        Trainings of each variant, with seeds ``seed, seed + 1, ...``.
    device : str, default "auto"
        auto, cpu or cuda.
    add : mapping of str to mapping, optional
        More variants, as a study has them.
    only : sequence of str, optional
        Which variants to run beside the first, which the others are compared with, and those added.
    given
        All others: settings of every variant that does not set them itself.

    Returns
    -------
    StudyResult

    Raises
    ------
    InputError
        As `parts_of`, or if a name is no study's or variant's, or `seeds` is below 1.
    """
    return _run([_planned(which, profile, **given)])[0]


def run_studies(calls: Sequence[Mapping[str, Any]]) -> list[StudyResult]:
    """Run several studies, all of them checked first.

    Parameters
    ----------
    calls : sequence of mapping
        What `run_study` takes, by name.
    """
    return _run([_planned(**call) for call in calls])


@dataclass(frozen=True)
class _Planned:
    """A study whose variants have been checked."""

    study: Study
    parts: list[Part]
    seeds: range
    device: str

    @cached_property
    def missing(self) -> dict[Part, list[int]]:
        """Variants whose results are not in the store, with the seeds that are missing."""
        todo = {part: _missing(part, self.seeds, self.device) for part in self.parts}
        return {part: seeds for part, seeds in todo.items() if seeds}

    def places(self, part: Part) -> list[tuple[str, str]]:
        """Names in the store of a variant's results, one a seed."""
        return [_place(part, seed, self.device) for seed in self.seeds]

    @property
    def all_places(self) -> list[tuple[str, str]]:
        """Names in the store of all results."""
        return [place for part in self.parts for place in self.places(part)]


def _planned(
    which: str | Study,
    profile: str,
    *,
    seed: int = 0,
    seeds: int = 1,
    device: str = "auto",
    add: Mapping[str, Mapping[str, Any]] | None = None,
    only: Sequence[str] | None = None,
    **changes: Any,
) -> _Planned:
    """Check what `run_study` is given."""
    chosen = study(which) if isinstance(which, str) else which
    if seeds < 1:
        raise InputError(f"{seeds} seeds", expected="at least one")
    if only is None and profile == "smoke":
        only = list(chosen.variants)[-1:]
        if len(chosen.variants) > 2:
            say(
                f"study {chosen.name}: in smoke the first and the last of {len(chosen.variants)} variants only"
            )
    chosen = chosen.with_variants(add, only)
    _must_not_be_varied(chosen, changes)
    parts = parts_of(chosen, profile, seed=seed, seeds=seeds, **changes)
    return _Planned(chosen, parts, range(seed, seed + seeds), device)


def _must_not_be_varied(which: Study, changes: Mapping[str, Any]) -> None:
    """Raise if a setting that is asked for of all variants is one that some of them set: names would no longer hold."""
    for name, value in changes.items():
        setting = [variant for variant, own in which.variants.items() if name in own]
        if setting and not feature_stages.keeps_profile(name, value):
            raise InputError(
                f"{name} is what this study varies, in {', '.join(map(repr, setting))}",
                where=f"study {which.name}",
                expected="a setting that no variant has",
                do="leave it out, or leave these variants out (`only`), or add a variant of your own",
            )


def _run(studies: Sequence[_Planned]) -> list[StudyResult]:
    """Run studies that have been checked."""
    _prepare(studies)
    return [_result(one) for one in studies]


def _prepare(studies: Sequence[_Planned]) -> None:
    """Say what studies will take, and measure their videos: those that several of them need are rendered once."""
    _afford(studies)
    feature_stages.make_features(chosen for one in studies for chosen in _measured(one.missing))


def _measured(parts: Iterable[Part]) -> list[Profile]:
    """Whose videos' features parts need."""
    return [chosen for part in parts for chosen in (part.chosen, part.donor) if chosen]


def _result(planned: _Planned, *, keep: bool = False) -> StudyResult:
    """Train and score what is missing, and put everything together; `keep` keeps it for a run of record."""
    found = []
    for part in tracked(planned.parts, f"study {planned.study.name}", len(planned.parts), "variant"):
        found += _results(part, planned.seeds, planned.device)
        if keep:
            kept_results.keep(_record_name(planned), planned.places(part))
    tables = {name: _joined([one[name] for one in found])[list(columns)] for name, columns in _TABLES.items()}
    costs = pd.DataFrame([one["costs"] for one in found])
    costs = costs.groupby("variant", sort=False, as_index=False).mean()[list(COST_COLUMNS)]
    return StudyResult(planned.study, **tables, costs=costs.astype({"parameters": int}))


def weigh(
    several: Sequence[Study], profile: str, *, record: bool = False, keep: bool = False, **given: Any
) -> str:
    """Check studies as `run_and_record` does, and say what they will take, without running them."""
    needed = _budgets(_all_planned(several, profile, record, keep, given))
    for title, what in needed.items():
        budget.afford(what, where=title)
    lines = [f"{title}: {what}" for title, what in needed.items()]
    return "\n".join(lines) or "nothing is left to make"


def run_and_record(
    several: Sequence[Study], profile: str, *, record: bool = False, keep: bool = False, **given: Any
) -> Iterator[tuple[StudyResult, Path | None]]:
    """Run studies as `run_studies` does, and keep what each found under ``benchmarks/``.

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
    feature_stages.data_store().sweep()
    began = commit()
    all_planned = _all_planned(several, profile, record, keep, given)
    _prepare(all_planned)
    for planned in all_planned:
        started = time.monotonic()
        result, path = _result(planned, keep=keep), None
        if record:
            _must_be_worth_a_record(planned, profile, given)  # another run may have ended meanwhile
            about = {**_about_run(planned, profile, given), "commit": began, "made": _made(planned)}
            path = _recorded(planned, result, time.monotonic() - started, about)
            kept_results.drop(_record_name(planned), planned.all_places)
        yield result, path


def _all_planned(
    several: Sequence[Study], profile: str, record: bool, keep: bool, given: Mapping[str, Any]
) -> list[_Planned]:
    """Studies checked, those to be recorded for that, too; what is kept for records is put into the store."""
    all_planned = [_planned(one, profile, **given) for one in several]
    if record or keep:
        writable(records_dir())
    for planned in all_planned:
        if record:
            _must_be_worth_a_record(planned, profile, given)
        if record or keep:
            kept_results.use(planned.all_places)
    return all_planned


def _recorded(planned: _Planned, result: StudyResult, seconds: float, about: Mapping[str, Any]) -> Path:
    """Write what a study found under ``benchmarks/``."""
    if planned.study.causes:
        result = replace(result, causes=causes_of(result, planned.parts))
    device = "; ".join(training_stages.used_devices()) or "cpu"
    return write_record(_record_name(planned), packed(result), seconds=seconds, **about, device=device)


def _about_run(planned: _Planned, profile: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of a run, known before it begins."""
    unsaid = ("seed", "seeds", "add", "dataset", "root")  # in the record otherwise, or of nobody's concern
    changes = {
        name: value
        for name, value in given.items()
        if name not in unsaid and value is not None and not feature_stages.keeps_profile(name, value)
    }
    return {
        "profile": profile,
        "seed": planned.seeds.start,
        "seeds": len(planned.seeds),
        "settings": {**planned.study.size(profile), **changes},
        "size": _size(planned),
        "data": feature_stages.data_of(planned.parts[0].chosen),
    }


def _size(planned: _Planned) -> dict[str, float]:
    """How much a run rests on, by what `records.SIZE` names; that of the base where variants differ."""
    chosen = planned.parts[0].chosen
    data = feature_stages.dataset(chosen)
    people = len(data.subjects)
    seconds = sum(len(video) / video.fps for video in data.videos) / people
    return {
        "subjects": people,
        "seeds": len(planned.seeds),
        "seconds a subject": round(seconds, 1),
        "folds": chosen.learning.folds or people,
        "epochs": chosen.learning.epochs,
    }


def _made(planned: _Planned) -> dict[str, int]:
    """How many of the results were made on which day with which commit."""
    entries = filter(None, (feature_stages.data_store().entry(*place) for place in planned.all_places))
    return dict(Counter(f"{entry['made'][:10]} {entry['commit']}" for entry in entries))


def _record_name(planned: _Planned) -> str:
    """Records of a data set on disk have names of their own; the book shows those of synthetic videos."""
    source = planned.parts[0].chosen.source
    return f"study-{planned.study.name}{f'-{source.dataset}' if source else ''}"


def _must_be_worth_a_record(planned: _Planned, profile: str, given: Mapping[str, Any]) -> None:
    """Raise if a run is to take the place of a larger one, or of one of something else."""
    new = {**_about_run(planned, profile, given), "on_disk": bool(planned.parts[0].chosen.source)}
    must_not_be_less(_record_name(planned), new, variants=planned.study.variants)


def as_text(result: StudyResult, table: pd.DataFrame) -> str:
    """A study's result for a terminal: the question, the table, what the run could have seen, the answer."""
    said = [textwrap.fill(text, TERMINAL) for text in (result.study.question, answer(result.study, table))]
    return f"{said[0]}\n\n{outcome_text(table)}\n\n{said[1]}"


def as_json(result: StudyResult, table: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """A study's result on one line of JSON: ``study``, ``question``, what it was made with, ``rows``, ``answer``.

    A number that is none is null; ``resolvable`` is ``"none"`` where no difference, however large, can be told apart.
    """
    rows = json.loads(table.to_json(orient="records"))
    for row, least in zip(rows, table["resolvable"], strict=True):
        if np.isinf(least):
            row["resolvable"] = NOTHING_RESOLVED
    study = {"study": result.study.name, "question": result.study.question}
    return json.dumps({**study, **about, "rows": rows, "answer": answer(result.study, table)})


def answerable(studies: Iterable[Study], source: Mapping[str, Any]) -> list[Study]:
    """Studies that can be run on a data set on disk, if one is named; the others are told, and left out."""
    asked = list(studies)
    kept = [one for one in asked if not (source and changes_recordings(one))]
    if len(kept) < len(asked):
        names = ", ".join(one.name for one in asked if one not in kept)
        say(f"left out, because they change the videos, and only synthetic ones can be: {names}")
    return kept


def _afford(studies: Sequence[_Planned]) -> None:
    """Say what is still to be done, and raise if there is not enough memory for it."""
    for title, needed in _budgets(studies).items():
        budget.afford(needed, where=title)
        say(f"{title}: {needed}")


def _budgets(studies: Sequence[_Planned]) -> dict[str, budget.Budget]:
    """What is missing of studies, by what they are called; and of all together, where there are several."""
    waiting = [one for one in studies if one.missing]
    each = {f"study {one.study.name}": _budget([one]) for one in waiting}
    return each | ({f"all {len(waiting)} studies": _budget(waiting)} if len(waiting) > 1 else {})


def _budget(studies: Sequence[_Planned]) -> budget.Budget:
    """What is missing of studies; what several of them need is counted once."""
    trained: dict[str, tuple[Profile, int]] = {}
    for part, seeds, device in ((*item, one.device) for one in studies for item in one.missing.items()):
        if part.trained:
            asked = training_stages.missing_folds(part.trained, seeds, device=device, control=part.control)
            if chooses(part.chosen):
                asked += training_stages.missing_inner_folds(part.chosen, seeds, device=device)
            taught = part.trained.but(spotting={}).digest("name") + str(part.control)
            trained[taught] = part.trained, max(asked, trained.get(taught, (None, 0))[1])
    missing = {tuple(one.places(part)): part for one in studies for part in one.missing}
    place = learning.device(studies[0].device).type
    return budget.estimate(
        _measured(missing.values()), list(trained.values()), variants=len(missing), device=place
    )


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables under one another; empty ones must not decide the types of columns."""
    return pd.concat([table for table in tables if len(table)] or [tables[0]], ignore_index=True)


def _results(part: Part, seeds: Sequence[int], device: str) -> list[dict[str, Any]]:
    """What came out of a variant with each seed: counts, events, what was found, costs."""
    store = feature_stages.data_store()
    places = {seed: _place(part, seed, device) for seed in seeds}
    missing = _missing(part, seeds, device)
    if missing:
        for seed, (found, cost) in variant_results.computed(part, missing, device).items():
            with store.writing(*places[seed], about={**_about(part, seed, device), **cost}) as folder:
                for name, table in variant_results.tables_of(part, found).items():
                    table.to_csv(folder / f"{name}.csv", index=False)
    read = []
    for seed in seeds:
        entry = store.entry(*places[seed])
        assert entry is not None  # it was there, or has just been written
        if entry.get("left_out"):
            warn(
                f"variant {part.name!r} had no motion of {', '.join(entry['left_out'])}: missed in its counts"
            )
        tables = {
            name: pd.read_csv(
                store.folder(*places[seed]) / f"{name}.csv",
                dtype={"video": str, "subject": str},
                keep_default_na=False,  # a subject may be called NA
                na_values={"onset_error": [""], "offset_error": [""]},
            ).assign(variant=part.name, seed=seed)
            for name in _TABLES
        }
        cost = {name: entry.get(name, np.nan) for name in COST_COLUMNS}
        read.append({**tables, "costs": {**cost, "variant": part.name}})
    return read


def _missing(part: Part, seeds: Sequence[int], device: str) -> list[int]:
    """Seeds whose result is not in the store, or was made without some of the videos: they may be readable now."""
    store = feature_stages.data_store()
    entries = {seed: store.entry(*_place(part, seed, device)) for seed in seeds}
    return [seed for seed, entry in entries.items() if entry is None or entry.get("left_out")]


def _about(part: Part, seed: int, device: str) -> dict[str, Any]:
    """What the ledger says of a variant's result."""
    chosen = with_training_seed(part.chosen, seed)
    about = {
        "settings": chosen.model_dump(mode="json"),
        "control": part.control,
        "method": part.method,
        "data": feature_stages.dataset(part.chosen).digest,
        "device": training_stages.used_device(device).type if part.trained else None,
    }
    if part.donor:
        about["trained_on"] = part.donor.model_dump(mode="json")
    return about


def _place(part: Part, seed: int, device: str) -> tuple[str, str]:
    """Name in the store of a variant's result: all that decides it, its own name not among that."""
    chosen = with_training_seed(part.chosen, seed)
    own = (_features_named(chosen), chosen.spotting.digest(), part.control, part.method)
    here = own_digest(score_stages.__name__, variant_results.__name__)
    code = ["msstgcn.spotting"]
    if part.method:
        code.append(METHODS[part.method].__module__)
        return "studies", key_of(*own, seed, code_digest(*code), here)
    trained = with_training_seed(part.donor, seed) if part.donor else chosen
    taught = (_features_named(trained), trained.network.digest(), trained.learning.digest())
    code.append("msstgcn.learning")
    when = (chosen.learning.epochs,) if part.looks else ()
    packages = [*map(version, LEARNING)]
    return "studies", key_of(
        *own, *taught, *when, training_stages.used_device(device).type, packages, code_digest(*code), here
    )


def _features_named(chosen: Profile) -> list[tuple[str, ...]]:
    """Names in the store of the features of all videos."""
    return feature_stages.feature_places(feature_stages.dataset(chosen), chosen.motion)
