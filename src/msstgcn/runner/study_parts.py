"""A study's variants ready to run, each checked: a wrong one is told before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from msstgcn import learning, settings, spotting
from msstgcn.errors import InputError, lookup, unknown_name
from msstgcn.graph import cooccurrence_graph
from msstgcn.learning.inner import inner_groups
from msstgcn.learning.training import watched_epochs
from msstgcn.motion import FLOWS, HEADS
from msstgcn.motion.regions import region_set
from msstgcn.network import check_window
from msstgcn.network.model import is_counted, region_graph
from msstgcn.report.log import warn
from msstgcn.runner import feature_stages, training_stages
from msstgcn.runner.training_stages import with_training_seed
from msstgcn.settings import Profile
from msstgcn.studies import CONTROL, METHOD, METHODS, Study, peaks


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


def parts_of(which: Study, profile: str, *, seed: int = 0, seeds: int = 1, **changes: Any) -> list[Part]:
    """The variants of a study, each checked: a wrong one raises before anything runs.

    Parameters
    ----------
    which : Study
    profile : str
        smoke, cpu or gpu.
    seed : int
        Of the data, and the first seed of training.
    seeds : int
        Trainings, with seeds ``seed, seed + 1, ...``: each may leave out other groups of people.
    changes
        Settings of every variant that does not set them itself, as for `stages.profile`; -1 keeps the study's.

    Raises
    ------
    InputError
        On a setting that does not exist or cannot have that value, a window or a set of regions that the network
        cannot take, other subjects than the base's, an unknown control, method, flow, head model or protocol; says
        which variant.
    """
    settings.profile(profile)
    common = {name: value for name, value in changes.items() if not feature_stages.keeps_profile(name, value)}

    def settled(own: Mapping[str, Any], **more: Any) -> Profile:
        values = {**which.size(profile), **more, **common, **_settings_of(own)}
        return feature_stages.profile(profile, seed=seed, **values)

    base, taught = which.variants[which.base], which.taught.get(profile, {})
    parts: list[Part] = []
    for name, own in which.variants.items():
        try:
            _must_be_settings(own)
            chosen, donor = _for_so_many(settled(own), name, own), None
            if which.trained == "once" and METHOD not in own:
                teacher = settled(base, **taught)
                donor = teacher if teacher != chosen or CONTROL in own else None
            elif which.trained == "longest" and not {METHOD, CONTROL} & set(own):
                # The epochs of that training win over those asked for, as a variant's do.
                teacher = settled({**base, **taught})
                donor = teacher if _passes(teacher, chosen) else None
            _must_not_change_recordings(chosen, {**common, **own})
            _must_show_the_same_people(chosen, parts[0].chosen if parts else chosen)
            parts.append(Part(name, chosen, own.get(CONTROL), own.get(METHOD), donor))
            _check(parts[-1], range(seed, seed + seeds))
        except InputError as error:
            raise InputError(
                error.what,
                where=": ".join(filter(None, (f"study {which.name}, variant {name!r}", error.where))),
                expected=error.expected,
                do=error.do,
            ) from None
    return parts


def _for_so_many(chosen: Profile, name: str, own: Mapping[str, Any]) -> Profile:
    """A variant that leaves out groups of people leaves out one at a time where there are more groups than people."""
    groups, people = own.get("folds") or 0, len(feature_stages.dataset(chosen).subjects)
    if groups <= people:
        return chosen
    warn(f"variant {name!r} asks for {groups} groups of {people} people; one is left out at a time")
    return chosen.but(learning={"folds": 0})


def _must_be_settings(own: Mapping[str, Any]) -> None:
    """Raise if a variant sets what is no setting of a stage: other videos than the base's, for instance."""
    known = feature_stages.setting_names()
    for name in _settings_of(own):
        if name not in known:
            raise unknown_name("setting", name, known)


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


def _of_recordings(own: Mapping[str, Any]) -> list[str]:
    """Settings among a variant's that change the videos."""
    return sorted(set(own) & set(settings.SyntheticSettings.model_fields))


def changes_recordings(which: Study) -> bool:
    """Whether a variant of a study changes the videos, or must know the truth of them: synthetic ones only can that."""
    return any(_of_recordings(own) or own.get("flow") == "truth" for own in which.variants.values())


def _must_not_change_recordings(chosen: Profile, own: Mapping[str, Any]) -> None:
    """Raise if a variant changes the synthetic videos while a data set on disk is worked on."""
    synthetic = _of_recordings(own)
    if chosen.source and synthetic:
        raise InputError(
            f"{', '.join(synthetic)} can be changed in synthetic videos only",
            where=chosen.source.root,
            do="leave it out, or leave --dataset and --root out, or run only variants that change no video",
        )
    if chosen.source and chosen.motion.flow == "truth":
        raise InputError("flow 'truth' is known of synthetic videos only", where=chosen.source.root)


def _must_show_the_same_people(chosen: Profile, base: Profile) -> None:
    """Raise if a variant has other subjects than the base, for the two are compared person by person."""
    own, wanted = (feature_stages.dataset(one).subjects for one in (chosen, base))
    if set(own) != set(wanted):
        raise InputError(
            f"{len(own)} subjects",
            expected=f"the base's {len(wanted)}: the two are compared person by person",
        )


def _check(part: Part, seeds: range) -> None:
    """Raise unless a variant can run, with each seed of training."""
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
    windows = {chosen.motion.at(fps).window for fps in {video.fps for video in data.videos}}
    if part.method is not None:
        lookup(METHODS, part.method, "method")
        if part.control is not None:
            raise InputError(
                f"both control = {part.control!r} and method = {part.method!r}", expected="one of them"
            )
        if part.method == "flow-peaks":
            peaks.must_start_first(chosen.motion.pairs)
        return
    if part.control and chooses(chosen):
        raise InputError(
            "a control whose epoch and thresholds are chosen by networks that know the true labels",
            expected="another selection than inner-fold",
        )
    trained = part.donor or chosen
    for seed in seeds:
        _must_have_something_to_train_on(with_training_seed(trained, seed))
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
    for window in sorted(windows):
        check_window(trained.network, (1, 2, window, len(regions)))


def chooses(chosen: Profile) -> bool:
    """Whether epoch and thresholds are chosen by other networks, trained without two groups of people at a time."""
    return chosen.spotting.selection == "inner-fold"


def _must_have_something_to_train_on(chosen: Profile) -> None:
    """Raise unless every fold keeps an expression to train on, and a graph where it is counted in them."""
    data, learned, network = training_stages.must_be_trainable(chosen), chosen.learning, chosen.network
    if network.spatial == "graph" and not is_counted(network):
        region_graph(network)
    folds = learning.left_out(data.subjects, learned.folds, seed=learned.seed)
    if chooses(chosen):
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
