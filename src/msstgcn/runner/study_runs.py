"""Run a study: every variant with every seed, through the same cached stages as everything else.

What came out of a variant with one seed is an entry of the store, under a key of all that decides it. So a study that
was killed goes on where it was, a variant that was changed or added is computed alone, and studies share what is the
same in them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msstgcn import learning, settings, spotting
from msstgcn.errors import InputError, lookup, unknown_name
from msstgcn.graph import cooccurrence_graph
from msstgcn.learning.inner import inner_groups
from msstgcn.learning.training import watched_epochs
from msstgcn.motion import FLOWS, HEADS, VideoFeatures
from msstgcn.motion.regions import region_set
from msstgcn.network import check_window
from msstgcn.network.model import is_counted, region_graph
from msstgcn.network.stacked import is_trained
from msstgcn.report import outcome_text
from msstgcn.report.log import say, tracked, warn
from msstgcn.runner import budget, feature_stages, score_stages, training_stages
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.records import write_record
from msstgcn.runner.store import key_of
from msstgcn.runner.training_stages import with_training_seed
from msstgcn.settings import Profile
from msstgcn.studies import (
    CONTROL,
    COST_COLUMNS,
    COUNT_COLUMNS,
    EVENT_COLUMNS,
    FOUND_COLUMNS,
    METHOD,
    METHODS,
    WITHOUT_MOTION,
    Study,
    StudyResult,
    answer,
    peaks,
    study,
)
from msstgcn.studies.packing import packed

_TABLES = {"counts": COUNT_COLUMNS, "events": EVENT_COLUMNS, "found": FOUND_COLUMNS}


@dataclass(frozen=True)
class Part:
    """A variant ready to run.

    Parameters
    ----------
    name : str
    chosen : Profile
        Its settings.
    control : str, optional
        How its labels are changed.
    method : str, optional
        What spots in the place of the network.
    donor : Profile, optional
        Whose networks are asked about its videos, or looked at while they train; None where it trains its own, or
        needs none.
    """

    name: str
    chosen: Profile
    control: str | None = None
    method: str | None = None
    donor: Profile | None = None

    @property
    def trained(self) -> Profile | None:
        """Settings of the networks it needs."""
        return None if self.method else self.donor or self.chosen

    @property
    def looks(self) -> bool:
        """Whether it looks at its donor's training before that has ended, or when it ends."""
        return self.donor is not None and _passes(self.donor, self.chosen)


def parts_of(which: Study, profile: str, *, seed: int = 0, **changes: Any) -> list[Part]:
    """The variants of a study, each checked: a wrong one raises before anything runs.

    Parameters
    ----------
    which : Study
    profile : str
        smoke, cpu or gpu.
    seed : int
        Of the data; training has seeds of its own.
    changes
        Settings of every variant that does not set them itself, as for `stages.profile`; -1 keeps the study's.

    Raises
    ------
    InputError
        On a setting that does not exist or cannot have that value, a window or a set of regions that the network
        cannot take, an unknown control, method, flow, head model or protocol; says which variant.
    """
    settings.profile(profile)
    common = {name: value for name, value in changes.items() if value != feature_stages.AS_PROFILE}

    def settled(own: Mapping[str, Any], **more: Any) -> Profile:
        values = {**which.size(profile), **more, **common, **_settings_of(own)}
        return feature_stages.profile(profile, seed=seed, **values)

    base, taught = which.variants[which.base], which.taught.get(profile, {})
    parts: list[Part] = []
    for name, own in which.variants.items():
        try:
            chosen, donor = settled(own), None
            if which.trained == "once" and METHOD not in own:
                teacher = settled(base, **taught)
                donor = teacher if teacher != chosen or CONTROL in own else None
            elif which.trained == "longest" and not {METHOD, CONTROL} & set(own):
                teacher = settled(
                    {**base, **taught}
                )  # its epochs win over those asked for, as a variant's do
                donor = teacher if _passes(teacher, chosen) else None
            _must_not_change_recordings(chosen, {**common, **own})
            parts.append(Part(name, chosen, own.get(CONTROL), own.get(METHOD), donor))
            _check(parts[-1])
        except InputError as error:
            raise InputError(
                error.what,
                where=": ".join(filter(None, (f"study {which.name}, variant {name!r}", error.where))),
                expected=error.expected,
                do=error.do,
            ) from None
    return parts


def _settings_of(own: Mapping[str, Any]) -> dict[str, Any]:
    """A variant without what is no setting."""
    return {name: value for name, value in own.items() if name not in (CONTROL, METHOD)}


def _passes(teacher: Profile, chosen: Profile) -> bool:
    """Whether training as `teacher` says comes by what `chosen` wants, and looks: they differ in epochs alone."""
    epochs = {name: getattr(chosen.learning, name) for name in ("epochs", "watch")}
    alike = teacher.learning.model_copy(update=epochs) == chosen.learning
    shared = all(
        getattr(teacher, stage) == getattr(chosen, stage) for stage in ("data", "source", "motion", "network")
    )
    there = epochs["epochs"] in watched_epochs(teacher.learning)
    return alike and shared and there and chosen.spotting.selection == "fixed-epoch"


def _must_not_change_recordings(chosen: Profile, own: Mapping[str, Any]) -> None:
    """Raise if a variant changes the synthetic videos while a data set on disk is worked on."""
    synthetic = sorted(set(own) & set(settings.SyntheticSettings.model_fields))
    if chosen.source and synthetic:
        raise InputError(
            f"{', '.join(synthetic)} can be changed in synthetic videos only",
            where=chosen.source.root,
            do="leave it out, or leave --dataset and --root out, or run only the other variants",
        )
    if chosen.source and chosen.motion.flow == "truth":
        raise InputError("flow 'truth' is known of synthetic videos only", where=chosen.source.root)


def _check(part: Part) -> None:
    """Raise unless a variant can run."""
    chosen = part.chosen
    data = feature_stages.dataset(chosen)
    lookup(FLOWS, chosen.motion.flow, "flow method")
    lookup(HEADS, chosen.motion.head, "head model")
    lookup(spotting.SELECTIONS, chosen.spotting.selection, "selection protocol")
    lookup(spotting.MATCHINGS, chosen.spotting.matching, "matching")
    lookup(spotting.ROWS, chosen.spotting.rows, "rows")
    if part.control is not None and part.control not in learning.CONTROLS:
        raise unknown_name("control", part.control, learning.CONTROLS)
    regions = region_set(chosen.motion.regions)
    if part.method is not None:
        lookup(METHODS, part.method, "method")
        if part.method == "flow-peaks":
            peaks.must_start_first(chosen.motion.pairs)
        return
    if part.control and _chooses(chosen):
        raise InputError(
            "a control whose epoch and thresholds are chosen by networks that know the true labels",
            expected="another selection than inner-fold",
        )
    trained = part.donor or chosen
    _must_have_something_to_train_on(trained)
    otherwise = (trained.network, trained.learning) != (chosen.network, chosen.learning)
    if (otherwise and not part.looks) or (part.donor and part.control):
        raise InputError(
            "a variant that trains otherwise than the base",
            expected="only other videos, motion or spotting: the base's networks are asked about them",
            do='leave its settings of network and learning out, or make the study one that trains "each"',
        )
    if part.donor and chosen.spotting.selection != "fixed-epoch":
        raise InputError(
            f"selection = {chosen.spotting.selection!r}",
            expected="fixed-epoch: the base's networks are asked once, when they are trained",
        )
    for fps in sorted({video.fps for video in data.videos}):
        check_window(trained.network, (1, 2, chosen.motion.at(fps).window, len(regions)))


def _chooses(chosen: Profile) -> bool:
    """Whether epoch and thresholds are chosen by other networks, trained without two groups of people at a time."""
    return chosen.spotting.selection == "inner-fold"


def _must_have_something_to_train_on(chosen: Profile) -> None:
    """Raise unless every fold keeps an expression to train on, and a graph where it is counted in them."""
    data, learned, network = training_stages.must_be_trainable(chosen), chosen.learning, chosen.network
    if network.spatial == "graph" and not is_counted(network):
        region_graph(network)
    folds = learning.left_out(data.subjects, learned.folds, seed=learned.seed)
    if _chooses(chosen):
        groups = inner_groups(data.subjects, learned.inner_groups, seed=learned.seed)
        folds |= {", ".join(one + other): one + other for one, other in combinations(groups, 2)}
    for name, out in folds.items():
        kept = [one for video in data.videos if video.subject not in out for one in video.expressions]
        if not kept:
            raise InputError(
                f"the fold without {name} has no expression to train on",
                expected="expressions of at least two subjects or groups",
                do="use longer videos, more of them or more subjects",
            )
        if is_counted(network):
            cooccurrence_graph(kept, region_set(network.regions))


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
        store = feature_stages.data_store()
        todo = {
            part: [seed for seed in self.seeds if not store.folder(*_place(part, seed, self.device)).is_dir()]
            for part in self.parts
        }
        return {part: seeds for part, seeds in todo.items() if seeds}


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
    """Check what `run_study` is given, and that there is enough memory for it; say what it will take."""
    chosen = study(which) if isinstance(which, str) else which
    if seeds < 1:
        raise InputError(f"{seeds} seeds", expected="at least one")
    if only is None and profile == "smoke":
        only = list(chosen.variants)[-1:]
    chosen = chosen.with_variants(add, only)
    planned = _Planned(
        chosen, parts_of(chosen, profile, seed=seed, **changes), range(seed, seed + seeds), device
    )
    _afford(planned)
    return planned


def _run(studies: Sequence[_Planned]) -> list[StudyResult]:
    """Run studies that have been checked; videos that several of them measure are rendered once."""
    feature_stages.make_features(chosen for one in studies for chosen in _measured(one.missing))
    return [_result(one) for one in studies]


def _measured(parts: Iterable[Part]) -> list[Profile]:
    """Whose videos' features parts need."""
    return [chosen for part in parts for chosen in (part.chosen, part.donor) if chosen]


def _result(planned: _Planned) -> StudyResult:
    """Train and score what is missing, and put everything together."""
    steps = tracked(planned.parts, f"study {planned.study.name}", len(planned.parts), "variant")
    found = [one for part in steps for one in _results(part, planned.seeds, planned.device)]
    tables = {name: _joined([one[name] for one in found])[list(columns)] for name, columns in _TABLES.items()}
    costs = pd.DataFrame([one["costs"] for one in found])
    costs = costs.groupby("variant", sort=False, as_index=False).mean()[list(COST_COLUMNS)]
    return StudyResult(planned.study, **tables, costs=costs.astype({"parameters": int}))


def run_and_record(
    several: Sequence[Study], profile: str, *, record: bool = False, **given: Any
) -> Iterator[tuple[StudyResult, Path | None]]:
    """Run studies as `run_study` does, all of them checked first, and keep what each found under ``benchmarks/``.

    Yields
    ------
    (StudyResult, Path or None)
        What a study found, and the record if one was asked for.
    """
    for planned in [_planned(one, profile, **given) for one in several]:
        started = time.monotonic()
        (result,) = _run([planned])
        path = _recorded(planned, result, profile, time.monotonic() - started, given) if record else None
        yield result, path


def _recorded(
    planned: _Planned, result: StudyResult, profile: str, seconds: float, given: Mapping[str, Any]
) -> Path:
    """Write what a study found under ``benchmarks/``."""
    unsaid = ("seed", "seeds", "add", "dataset", "root")  # in the record otherwise, or of nobody's concern
    changes = {
        name: value
        for name, value in given.items()
        if name not in unsaid and value is not None and value != feature_stages.AS_PROFILE
    }
    about = {
        "profile": profile,
        "seed": planned.seeds.start,
        "seeds": len(planned.seeds),
        "settings": {**planned.study.size(profile), **changes},
        "data": feature_stages.data_of(planned.parts[0].chosen),
        "device": "; ".join(training_stages.used_devices()) or "cpu",
    }
    return write_record(f"study-{planned.study.name}", packed(result), seconds=seconds, **about)


def as_text(result: StudyResult, table: pd.DataFrame) -> str:
    """A study's result for a terminal: the question, the table, what the run could have seen, the answer."""
    return f"{result.study.question}\n{outcome_text(table)}\n{answer(result.study, table)}"


def _afford(planned: _Planned) -> None:
    """Say what is still to be done, and raise if there is not enough memory for it."""
    missing = planned.missing
    if not missing:
        return
    trained: dict[str, tuple[Profile, int]] = {}
    for part, seeds in missing.items():
        if part.trained:
            asked = training_stages.missing_folds(
                part.trained, seeds, device=planned.device, control=part.control
            )
            if _chooses(part.chosen):
                people = feature_stages.dataset(part.chosen).subjects
                asked += len(seeds) * len(learning.pair_names(people, part.chosen.learning))
            taught = part.trained.but(spotting={}).digest("name") + str(part.control)
            trained[taught] = part.trained, max(asked, trained.get(taught, (None, 0))[1])
    place = learning.device(planned.device).type
    needed = budget.estimate(_measured(missing), list(trained.values()), variants=len(missing), device=place)
    budget.afford(needed, where=f"study {planned.study.name}")
    say(f"study {planned.study.name}: {needed}")


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables under one another; empty ones must not decide the types of columns."""
    return pd.concat([table for table in tables if len(table)] or [tables[0]], ignore_index=True)


def _results(part: Part, seeds: Sequence[int], device: str) -> list[dict[str, Any]]:
    """What came out of a variant with each seed: counts, events, what was found, costs."""
    store = feature_stages.data_store()
    places = {seed: _place(part, seed, device) for seed in seeds}
    missing = [seed for seed in seeds if store.entry(*places[seed]) is None]
    if missing:
        for seed, (found, cost) in _computed(part, missing, device).items():
            with store.writing(*places[seed], about={**_about(part, seed), **cost}) as folder:
                for name, table in _tables(part, found).items():
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


def _about(part: Part, seed: int) -> dict[str, Any]:
    """What the ledger says of a variant's result."""
    chosen = with_training_seed(part.chosen, seed)
    about = {"settings": chosen.model_dump(mode="json"), "control": part.control, "method": part.method}
    if part.donor:
        about["trained_on"] = part.donor.model_dump(mode="json")
    return about


def _place(part: Part, seed: int, device: str) -> tuple[str, str]:
    """Name in the store of a variant's result: all that decides it, its own name not among that."""
    chosen = with_training_seed(part.chosen, seed)
    own = (_features_named(chosen), chosen.spotting.digest(), part.control, part.method)
    code = ["msstgcn.spotting"]
    if part.method:
        code.append(METHODS[part.method].__module__)
        return "studies", key_of(*own, seed, code_digest(*code))
    trained = with_training_seed(part.donor, seed) if part.donor else chosen
    taught = (_features_named(trained), trained.network.digest(), trained.learning.digest())
    code.append("msstgcn.learning")
    when = (chosen.learning.epochs,) if part.looks else ()
    return "studies", key_of(
        *own, *taught, *when, training_stages.used_device(device).type, code_digest(*code)
    )


def _features_named(chosen: Profile) -> list[tuple[str, ...]]:
    """Names in the store of the features of all videos."""
    return feature_stages.feature_places(feature_stages.dataset(chosen), chosen.motion)


def _computed(
    part: Part, seeds: Sequence[int], device: str
) -> dict[int, tuple[pd.DataFrame, dict[str, Any]]]:
    """What a variant spots with each seed, its cost, and the videos that it had no motion of."""
    videos = feature_stages.features(part.chosen)
    there = {video.video for video in videos}
    left_out = [video.name for video in feature_stages.dataset(part.chosen).videos if video.name not in there]
    features_s = 0.0 if part.method in WITHOUT_MOTION else feature_stages.features_seconds(part.chosen)
    common = {"left_out": left_out, "features_s": features_s}
    if part.method:
        truth, results = score_stages.truth(part.chosen), {}
        for seed in seeds:
            started = time.monotonic()
            found = METHODS[part.method](videos, truth, part.chosen.spotting, seed=seed)
            spotting_s = round(time.monotonic() - started, 2)  # it chooses while it spots
            results[seed] = found, {"parameters": 0, "training_s": spotting_s, **common}
        return results
    trained = part.trained or part.chosen
    taught = feature_stages.features(part.donor) if part.donor and not part.looks else videos
    runs = training_stages.loso_seeds(trained, seeds, device=device, control=part.control, videos=taught)
    made = {}
    for seed, run in runs.items():
        own = with_training_seed(part.chosen, seed)
        if part.looks:
            run = looked_at(run, own.learning.epochs)
        elif part.donor:
            run = transferred(run, with_training_seed(part.donor, seed), videos, device)
        found = score_stages.predictions(
            run, own, training_stages.inner(own, device=device) if _chooses(own) else None
        )
        seconds = training_stages.training_seconds(
            with_training_seed(trained, seed), taught, device=device, control=part.control
        )
        if part.looks:
            seconds *= own.learning.epochs / trained.learning.epochs
        made[seed] = found, {"parameters": _parameters(run), "training_s": seconds, **common}
    return made


def looked_at(run: learning.LosoRun, epochs: int) -> learning.LosoRun:
    """What a run said of its held-out videos after so many epochs, as if it had ended there; its weights stay.

    Parameters
    ----------
    run : LosoRun
        It looked at its videos after that many epochs, among others.
    epochs : int
    """
    folds = {}
    for name, fold in run.folds.items():
        last = fold.epochs.index(epochs)
        watched = {video: looks[: last + 1] for video, looks in fold.watched.items()}
        said = {video: looks[last].astype(np.float32) for video, looks in watched.items()}
        ended = epochs == fold.epochs[-1]  # what it said then is not rounded
        folds[name] = replace(
            fold,
            history=fold.history.head(epochs),
            probabilities=fold.probabilities if ended else said,
            epochs=fold.epochs[: last + 1],
            watched=watched,
        )
    return learning.LosoRun(folds, run.notes)


def transferred(
    run: learning.LosoRun, chosen: Profile, videos: Sequence[VideoFeatures], device: str
) -> learning.LosoRun:
    """Ask the networks of a run about other videos of the same people, each by a network that never saw its subject.

    Parameters
    ----------
    run : LosoRun
        Its networks.
    chosen : Profile
        Settings of that run.
    videos : sequence of VideoFeatures
        The other videos.
    device : str
        auto, cpu or cuda.

    Returns
    -------
    LosoRun
        The same networks, with what they say of the other videos.

    Raises
    ------
    InputError
        If a video shows somebody whom no network was trained without.
    """
    owner = {video.name: video.subject for video in feature_stages.dataset(chosen).videos}
    left_out = {name: {owner[video] for video in fold.probabilities} for name, fold in run.folds.items()}
    known = set().union(*left_out.values())
    strangers = {video.subject for video in videos} - known
    if strangers:
        raise InputError(
            f"no network was trained without {', '.join(sorted(strangers))}",
            expected="the people that the networks were trained on: " + ", ".join(sorted(known)),
        )
    place, folds = learning.device(device), {}
    for name, fold in run.folds.items():
        own = [video for video in videos if video.subject in left_out[name]]
        said = learning.predict_each(fold.weights, own, network=chosen.network, device=place)
        looks = {video: one[None].astype(np.float16) for video, one in said.items()}
        folds[name] = replace(fold, probabilities=said, epochs=fold.epochs[-1:], watched=looks)
    return learning.LosoRun(folds, run.notes)


def _parameters(run: learning.LosoRun) -> int:
    """Trained parameters of one network of a run."""
    weights = next(iter(run.folds.values())).weights
    return sum(value.numel() for name, value in weights.items() if is_trained(name))


def _tables(part: Part, found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Counts, events and what was found, as they are kept: without variant and seed."""
    how, videos = part.chosen.spotting, feature_stages.dataset(part.chosen).videos
    scores = score_stages.score(found, part.chosen)
    owners = {video.name: video.subject for video in videos}
    rows = [
        (subject, label, *map(int, counts))
        for label in ("me", "mae")
        for subject, counts in spotting.subject_counts(scores, owners, label).iterrows()
    ]
    counts = pd.DataFrame(rows, columns=list(COUNT_COLUMNS[2:]))
    events = spotting.fate_table(videos, found, iou=how.match_iou, inclusive=how.inclusive)
    return {"counts": counts, "events": events, "found": found}
