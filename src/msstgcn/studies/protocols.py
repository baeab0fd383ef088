"""One trained run under every protocol: what each is worth in F1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from msstgcn.errors import lookup, unknown_name
from msstgcn.spotting import Choice, Estimate, Scores, bootstrap_difference, bootstrap_f1, subject_counts
from msstgcn.studies.wording import points, points_between

#: Kinds of protocol, from what a user of the method will see to what nobody will.
KINDS: tuple[str, ...] = ("honest", "lenient", "oracle")


@dataclass(frozen=True)
class Protocol:
    """A protocol: what it changes in the settings of spotting, and whether its score can be had in use.

    Parameters
    ----------
    kind : str
        ``honest``: nothing is chosen on the test subjects, and the count is the challenge's. ``lenient``: the same
        intervals, counted in a way that flatters or that another count could not be compared with. ``oracle``:
        something is chosen by looking at the test subjects.
    changes : mapping
        Settings of `settings.SpottingSettings` that differ from the challenge's protocol.

    Raises
    ------
    InputError
        If there is no such kind.
    """

    kind: str
    changes: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown_name("kind of protocol", self.kind, KINDS)


#: What a protocol that can never lower F1 changes: it looks for the best, allows more pairs, or only takes away misses
#: or false alarms.
_ONLY_ADDS: tuple[tuple[str, str], ...] = (
    ("selection", "oracle-epoch-global"),
    ("matching", "many-to-one"),
    ("matching", "class-agnostic"),
    ("rows", "only-videos-with-the-class"),
)
#: What one changes that can never raise it: without the +1 every overlap counts for less, so fewer pairs are allowed.
_ONLY_TAKES: tuple[tuple[str, bool], ...] = (("inclusive", False),)
#: The protocol that all others are compared with.
BASE = "fixed epoch, one-to-one"
#: Protocols by the name that tables print.
PROTOCOLS: dict[str, Protocol] = {
    BASE: Protocol("honest", {}),
    "inner folds choose": Protocol("honest", {"selection": "inner-fold"}),
    "IoU without the +1": Protocol("lenient", {"inclusive": False}),
    "drop onset 0": Protocol("lenient", {"rows": "drop-onset-0"}),
    "only videos with the class": Protocol("lenient", {"rows": "only-videos-with-the-class"}),
    "many-to-one": Protocol("lenient", {"matching": "many-to-one"}),
    "class-agnostic": Protocol("lenient", {"matching": "class-agnostic"}),
    "oracle epoch, one for all": Protocol("oracle", {"selection": "oracle-epoch-global"}),
    "oracle epoch of each subject": Protocol("oracle", {"selection": "oracle-epoch-per-subject"}),
    "oracle epoch, most lenient count": Protocol(
        "oracle",
        {
            "selection": "oracle-epoch-per-subject",
            "matching": "many-to-one",
            "rows": "only-videos-with-the-class",
        },
    ),
}


def inflation(
    scores: Mapping[str, Scores], subjects: Mapping[str, str], *, base: str = BASE, seed: int = 0
) -> dict[str, Estimate]:
    """F1 that each protocol adds to the base, with an interval from resampling subjects together.

    Each interval stands for itself: none is widened for there being several.

    Parameters
    ----------
    scores : mapping of str to Scores
        Of one trained run, by protocol.
    subjects : mapping of str to str
        Subject of each video.
    base : str
        Name of the protocol to compare with.
    seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If the base is not among the scores.
    """
    counts = {name: subject_counts(one, subjects) for name, one in scores.items()}
    beside = lookup(counts, base, "protocol")
    return {name: bootstrap_difference(one, beside, seed=seed) for name, one in counts.items()}


def protocol_table(
    scores: Mapping[str, Scores], subjects: Mapping[str, str], *, base: str = BASE, seed: int = 0
) -> pd.DataFrame:
    """One row a protocol: its kind, F1 of both classes and overall, and what it adds; parameters of `inflation`.

    Returns
    -------
    DataFrame
        Columns ``protocol, kind, ME F1, MaE F1, F1, low, high, points, points low, points high``; F1 from 0
        to 1, points in hundredths of it.

    Raises
    ------
    InputError
        If a protocol is not in `PROTOCOLS`, or the base not among the scores.
    """
    gains = inflation(scores, subjects, base=base, seed=seed)
    rows = []
    for name, one in scores.items():
        f1, gain = bootstrap_f1(subject_counts(one, subjects), seed=seed), gains[name]
        kind = lookup(PROTOCOLS, name, "protocol").kind
        added = (100 * value for value in (gain.value, gain.low, gain.high))
        rows.append((name, kind, one.me.f1, one.mae.f1, f1.value, f1.low, f1.high, *added))
    columns = ["ME F1", "MaE F1", "F1", "low", "high", "points", "points low", "points high"]
    return pd.DataFrame(rows, columns=["protocol", "kind", *columns])


def verdict(name: str, gain: Estimate) -> str:
    """Say what a protocol does to F1, as the end of a sentence of which it is the subject.

    Parameters
    ----------
    name : str
        In `PROTOCOLS`.
    gain : Estimate
        What it adds.

    Raises
    ------
    InputError
        If there is no such protocol.
    """
    shown = f"{points(gain.value)} {points_between(gain.low, gain.high)} points"
    changes = lookup(PROTOCOLS, name, "protocol").changes
    if gain.value == gain.low == gain.high == 0:
        return "changes nothing here"
    if set(changes.items()) <= set(_ONLY_ADDS):
        return f"adds {shown}, and can never take anything away"
    if set(changes.items()) <= set(_ONLY_TAKES):
        return f"changes F1 by {shown}, and can never add anything"
    if gain.low > 0:
        return f"adds something: {shown}"
    if gain.high < 0:
        return f"takes something away: {shown}"
    return f"changes F1 by {shown}, which these subjects cannot tell from nothing"


def epoch_verdict(gain: Estimate, fixed: int, chosen: Mapping[str, Choice]) -> str:
    """Say what picking an epoch for each subject did, as a sentence: how many left the fixed one, and for what."""
    moved = sum(choice.epoch != fixed for choice in chosen.values())
    if not moved:
        return (
            "No subject has an epoch that is better for it than the last, so this oracle has nothing to pick"
        )
    what = verdict("oracle epoch of each subject", gain)
    return f"{moved} of {len(chosen)} subjects leave the last epoch, and that {what}"
