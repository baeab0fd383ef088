"""Run a study: every variant with every seed, through the same cached stages as everything else.

What came out of a variant with one seed is an entry of the store, under a key of all that decides it. So a study that
was killed goes on where it was, a variant that was changed or added is computed alone, and studies share what is the
same in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from msstgcn import learning
from msstgcn.errors import InputError
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
from msstgcn.runner.provenance import LEARNING, version
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
    study,
)

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
    chosen = plan(which, profile, **given)
    prepare([chosen])
    return carried_out(chosen)


@dataclass(frozen=True)
class Plan:
    """A study ready to be run: its variants have been checked.

    Parameters
    ----------
    study : Study
    parts : list of Part
        Its variants.
    seeds : range
        Of its trainings.
    device : str
        auto, cpu or cuda.
    """

    study: Study
    parts: list[Part]
    seeds: range
    device: str

    @cached_property
    def missing(self) -> dict[Part, list[int]]:
        """Variants whose results are not in the store, with the seeds that are missing."""
        todo = {part: _missing(part, self.seeds, self.device) for part in self.parts}
        return {part: seeds for part, seeds in todo.items() if seeds}

    @cached_property
    def places(self) -> dict[Part, list[tuple[str, str]]]:
        """Names in the store of each variant's results, one a seed."""
        return {part: [_place(part, seed, self.device) for seed in self.seeds] for part in self.parts}

    @property
    def all_places(self) -> list[tuple[str, str]]:
        """Names in the store of all results."""
        return [place for places in self.places.values() for place in places]


def plan(
    which: str | Study,
    profile: str,
    *,
    seed: int = 0,
    seeds: int = 1,
    device: str = "auto",
    add: Mapping[str, Mapping[str, Any]] | None = None,
    only: Sequence[str] | None = None,
    **changes: Any,
) -> Plan:
    """Check what `run_study` is given, which raises as that does; nothing is run."""
    chosen = study(which) if isinstance(which, str) else which
    if not isinstance(seeds, int) or seeds < 1:
        raise InputError(f"seeds = {seeds!r}", expected="a whole number, at least one")
    if only is None and profile == "smoke":
        only = list(chosen.variants)[-1:]
        if len(chosen.variants) > 2:
            say(
                f"study {chosen.name}: in smoke the first and the last of {len(chosen.variants)} variants only"
            )
    chosen = chosen.with_variants(_of_ones_own(chosen, add or {}), only)
    _must_not_be_varied(chosen, changes, added=add or {})
    parts = parts_of(chosen, profile, seed=seed, seeds=seeds, **changes)
    return Plan(chosen, parts, range(seed, seed + seeds), device)


def _of_ones_own(which: Study, add: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Variants that are added, checked for what a study's own cannot have wrong; NumPy's values as Python's."""
    found = {}
    for name, own in add.items():
        where = f"study {which.name}, variant {name!r}"
        if not name:
            raise InputError("a variant without a name", where=f"study {which.name}")
        if not isinstance(own, Mapping):
            raise InputError(f"{own!r}", where=where, expected="settings by their names, as {'epochs': 4}")
        if "seed" in own:
            raise InputError(
                "seed is no setting of one variant",
                where=where,
                expected="the same seeds for all, so that they can be compared",
                do="give the study `seed` or `seeds`",
            )
        plain = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in own.items()}
        feature_stages.must_change(plain, where)
        found[name] = plain
    return found


def _must_not_be_varied(which: Study, changes: Mapping[str, Any], *, added: Collection[str]) -> None:
    """Raise if a setting that is asked for of all variants is one that some of them set: names would no longer hold.

    A variant that was added has its own value, whatever the others get.
    """
    for name, value in changes.items():
        setting = [one for one, own in which.variants.items() if name in own and one not in added]
        if setting and not feature_stages.keeps_profile(name, value):
            raise InputError(
                f"{name} is what this study varies, in {', '.join(map(repr, setting))}",
                where=f"study {which.name}",
                expected="a setting that no variant has",
                do="leave it out, or leave these variants out (`only`), or add a variant of your own",
            )


def prepare(plans: Sequence[Plan], others: Iterable[Profile] = ()) -> None:
    """Say what studies will take, and measure their videos and those of other profiles, each rendered once for all."""
    for title, needed in budgets(plans).items():
        say(f"{title}: {needed}")
    feature_stages.make_features([*others, *(chosen for one in plans for chosen in _measured(one.missing))])


def _measured(parts: Iterable[Part]) -> list[Profile]:
    """Whose videos' features parts need."""
    return [chosen for part in parts for chosen in (part.chosen, part.donor) if chosen]


def carried_out(one: Plan, *, keep_for: str = "") -> StudyResult:
    """Train and score what is missing, and put everything together.

    Parameters
    ----------
    one : Plan
    keep_for : str, optional
        Name of the record that each variant's results are kept for, as soon as they are there.
    """
    found = []
    for part in tracked(one.parts, f"study {one.study.name}", len(one.parts), "variant"):
        found += _results(part, one.seeds, one.device)
        if keep_for:
            kept_results.keep(keep_for, one.places[part])
    tables = {name: _joined([own[name] for own in found])[list(columns)] for name, columns in _TABLES.items()}
    costs = pd.DataFrame([own["costs"] for own in found])
    costs = costs.groupby("variant", sort=False, as_index=False).mean()[list(COST_COLUMNS)]
    return StudyResult(one.study, **tables, costs=costs.astype({"parameters": int}))


def answerable(studies: Iterable[Study], source: Mapping[str, Any]) -> list[Study]:
    """Studies that can be run on a data set on disk, if one is named; the others are told, and left out."""
    asked = list(studies)
    kept = [one for one in asked if not (source and changes_recordings(one))]
    if len(kept) < len(asked):
        names = ", ".join(one.name for one in asked if one not in kept)
        say(f"left out, because they change the videos, and only synthetic ones can be: {names}")
    return kept


def budgets(plans: Sequence[Plan]) -> dict[str, budget.Budget]:
    """What is missing of studies, by what they are called; and of all together, where there are several.

    Raises
    ------
    InputError
        If there is not enough memory for one of them.
    """
    waiting = [one for one in plans if one.missing]
    needed = {f"study {one.study.name}": _budget([one]) for one in waiting}
    needed |= {f"all {len(waiting)} studies": _budget(waiting)} if len(waiting) > 1 else {}
    for title, what in needed.items():
        budget.afford(what, where=title)
    return needed


def _budget(plans: Sequence[Plan]) -> budget.Budget:
    """What is missing of studies; what several of them need is counted once."""
    trained: dict[str, tuple[Profile, int]] = {}
    for part, seeds, device in ((*item, one.device) for one in plans for item in one.missing.items()):
        if part.trained:
            asked = training_stages.missing_folds(part.trained, seeds, device=device, control=part.control)
            if chooses(part.chosen):
                asked += training_stages.missing_inner_folds(part.chosen, seeds, device=device)
            taught = part.trained.but(spotting={}).digest("name") + str(part.control)
            trained[taught] = part.trained, max(asked, trained.get(taught, (None, 0))[1])
    missing = {tuple(one.places[part]): part for one in plans for part in one.missing}
    place = learning.device(plans[0].device).type
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
    place = training_stages.used_device(device) if part.trained else None
    about = {
        "settings": chosen.model_dump(mode="json"),
        "control": part.control,
        "method": part.method,
        "data": feature_stages.dataset(part.chosen).digest,
        "device": training_stages.device_name(place) if place else None,
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
