"""A study as data: a question, and variants that differ from a base by named settings and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from msstgcn.errors import InputError, unknown_name
from msstgcn.settings import LearningSettings, SpottingSettings

#: What stands among a variant's settings to name a control: a way of breaking the link between motion and label.
CONTROL = "control"
#: What stands there to name a method that does not learn as the network does: a name in `methods.METHODS`.
METHOD = "method"

#: Size of a study by profile: settings of every variant, over the profile's own. A study has many variants, so each
#: is smaller than the book's one full run: fewer videos and epochs, and groups of subjects left out in turn instead
#: of one subject at a time.
SIZES: dict[str, Mapping[str, Any]] = {
    "smoke": {
        "subjects": 5,
        "videos": 1,
        "seconds": 3.0,
        "epochs": 1,
        "folds": 2,
        "watch": 0,
    },
    "cpu": {"videos": 2, "epochs": 8, "folds": 2, "watch": 0},
    "gpu": {"folds": 6, "epochs": 8, "watch": 0},
}


def as_many_steps(segments: float) -> dict[str, Any]:
    """Settings for as many steps as in full size, with `segments` times as many segments in an epoch.

    The epochs are rounded, and at least one; the learning rate falls as far in them. They are a variant's own, so a
    profile of fewer epochs (smoke has one) does not shorten them.
    """
    usual = SIZES["gpu"]["epochs"]
    epochs = max(1, round(usual / segments))
    return {"epochs": epochs, "lr_decay": round(LearningSettings().lr_decay ** (usual / epochs), 4)}


#: How a variant's F1 should stand to the base's.
Foreseen = Literal["better", "worse", "alike"]
#: Whose networks a study's variants ask, see `Study`.
Training = Literal["each", "once", "longest"]


@dataclass(frozen=True)
class Study:
    """A question that training and scoring can answer.

    Parameters
    ----------
    name : str
        What the command line calls it: small letters and hyphens.
    chapter : int
        Where the book tells it.
    question : str
        One sentence.
    expected : str
        The answer one would expect, and why, in one sentence; written before the first run.
    variants : mapping of str to mapping
        Settings of any stage by name that differ from the profile's, `CONTROL` and `METHOD` beside them; the first
        variant is the base that the others are compared with.
    sweep : str
        Title of the axis if the variants are points of a sweep.
    places : mapping of str to float
        Where on that axis the variants lie.
    trained : str
        ``each``: every variant trains networks of its own. ``once``: the base's networks are asked about the videos of
        every variant. ``longest``: variants that differ in their epochs alone look at one training while it goes on;
        others train networks of their own.
    sizes : mapping of str to mapping
        By profile, settings of all variants, over those of `SIZES`; `AS_PROFILE` keeps the profile's own value.
    taught : mapping of str to mapping
        By profile, settings of that one training over those of all variants. For ``once`` of its videos, which may be
        more, or longer, than those that the networks are asked about; for ``longest`` its epochs, and how many lie
        between two looks.
    paper : str
        What the paper holds about the base, as the end of a sentence; empty where it says nothing.
    beaten : tuple of str
        Variants that the base should do better than if that is so.
    foreseen : mapping of str to mapping
        What `expected` says of F1, for a rule to check, put down from that sentence after the first runs: by metric
        (``overall``, ``ME``, ``MaE``), which variants should be ``better`` than the base, ``worse``, or ``alike``.
    causes : bool
        Whether it asks what false alarms lie on; then its run of record holds that, too.

    Raises
    ------
    InputError
        If there is no variant, places do not belong to the variants, or `trained` is none of these.
    """

    name: str
    chapter: int
    question: str
    expected: str
    variants: Mapping[str, Mapping[str, Any]]
    sweep: str = ""
    places: Mapping[str, float] = field(default_factory=dict)
    trained: Training = "each"
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    taught: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    paper: str = ""
    beaten: tuple[str, ...] = ()
    foreseen: Mapping[str, Mapping[Foreseen, Sequence[str]]] = field(default_factory=dict)
    causes: bool = False

    def __post_init__(self) -> None:
        if not self.variants:
            raise InputError("no variant", where=f"study {self.name}", expected="at least one, the base")
        if self.sweep and not self.places:
            raise InputError(
                "a sweep without a point", where=f"study {self.name}", expected="a place for each variant"
            )
        if self.trained not in get_args(Training):
            raise unknown_name("training", self.trained, get_args(Training), where=f"study {self.name}")
        for name in self.places:
            if name not in self.variants:
                raise unknown_name("variant", name, self.variants, where=f"study {self.name}, places")

    @property
    def key(self) -> str:
        """Its name as files and glued numbers have it."""
        return self.name.replace("-", "_")

    @property
    def base(self) -> str:
        """The variant that the others are compared with."""
        return next(iter(self.variants))

    def shares_networks(self, name: str) -> bool:
        """Whether a variant's networks are those of the base: only what is asked of them or counted is different.

        Networks that differ in when training stopped, or whose thresholds were chosen with others, are not the same.
        """
        own, base = self.variants[name], self.variants[self.base]
        if {CONTROL, METHOD} & {*own, *base}:
            return False
        changed = {setting for setting in {*own, *base} if own.get(setting) != base.get(setting)}
        return self.trained == "once" or changed <= set(SpottingSettings.model_fields) - {"selection"}

    def with_variants(
        self, add: Mapping[str, Mapping[str, Any]] | None = None, only: Sequence[str] | None = None
    ) -> Study:
        """The same question with more variants, or with fewer.

        Parameters
        ----------
        add : mapping of str to mapping, optional
            More variants, with names of their own. One that sets nothing but what a sweep varies lies on its axis.
        only : sequence of str, optional
            Which variants to keep, besides the base and those added.

        Raises
        ------
        InputError
            If a name in `only` is no variant's, or one in `add` already is.
        """
        taken = [name for name in add or {} if name in self.variants]
        if taken:
            raise InputError(
                f"there is a variant {taken[0]!r}",
                where=f"study {self.name}",
                do="give yours another name",
            )
        known = {**self.variants, **(add or {})}
        for name in only or ():
            if name not in known:
                raise unknown_name("variant", name, known, where=f"study {self.name}")
        kept = known if only is None else {self.base, *(add or {}), *only}
        places = {name: place for name, place in self.places.items() if name in kept}
        for name, own in (add or {}).items():
            place = self._place_of(own)
            if place is not None and place not in places.values():
                places[name] = place
        everything = replace(self, variants=known, places=places)
        return everything.having({name: own for name, own in known.items() if name in kept})

    def _place_of(self, own: Mapping[str, Any]) -> float | None:
        """The value of the one setting that a variant sets, if that is what places on the axis are."""
        others = {name: self.variants[name] for name in self.places if self.variants[name]}
        if len(own) != 1 or not others or any(other.keys() != own.keys() for other in others.values()):
            return None
        ((setting, value),) = own.items()
        told = all(self.places[name] == _number(other[setting]) for name, other in others.items())
        return _number(value) if told else None

    def having(self, variants: Mapping[str, Mapping[str, Any]]) -> Study:
        """The same question with these variants, the base first; of the places theirs are kept."""
        places = {name: place for name, place in self.places.items() if name in variants}
        return replace(self, variants=variants, places=places, sweep=self.sweep if places else "")

    def size(self, profile: str) -> dict[str, Any]:
        """Settings of all variants in a profile."""
        return {**SIZES.get(profile, {}), **self.sizes.get(profile, {})}


def _number(value: object) -> float | None:
    """A setting's value as a place on an axis; None if it is no number."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
