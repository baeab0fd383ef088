"""What came out of a study: counts of every variant, seed and subject, and the table made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.errors import InputError, unknown_name
from msstgcn.spotting import FATE_COLUMNS, SPOTTED_COLUMNS, bootstrap_f1, holm
from msstgcn.studies.paired import FEWEST_TRAININGS, paired_difference
from msstgcn.studies.study import Study

#: Columns of a study's counts.
COUNT_COLUMNS = ("variant", "seed", "subject", "class", "tp", "fp", "fn")
#: Columns of a study's events: every labelled expression, once for each variant and seed.
EVENT_COLUMNS = ("variant", "seed", *FATE_COLUMNS)
#: Columns of what was spotted.
FOUND_COLUMNS = ("variant", "seed", *SPOTTED_COLUMNS)
#: Columns of a study's costs.
COST_COLUMNS = ("variant", "parameters", "features_s", "training_s")
_CLASSES = {"overall": ("me", "mae"), "ME": ("me",), "MaE": ("mae",)}


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Parameters
    ----------
    study : Study
        The question, with the variants that were run.
    counts : DataFrame
        Columns `COUNT_COLUMNS`: hits, false alarms and misses of each subject and class.
    events : DataFrame
        Columns `EVENT_COLUMNS`. ``hit``: paired one to one with what was spotted, as the challenge does; then the
        errors say by how many frames onset and offset were spotted late (early if negative), else they are NaN.
        ``eye_only``: nothing but eyelids moved, see `spotting.EYE_UNITS`.
    costs : DataFrame
        Columns `COST_COLUMNS`, one row a variant: trained parameters of one network; seconds of work on features, of
        all videos; seconds of training, of one seed, without that of inner networks. Seconds are those of the machine
        that made the results, when it made them; NaN where they are not known.
    found : DataFrame
        Columns `FOUND_COLUMNS`: all that was spotted. Empty in a result that was read from a record.
    causes : DataFrame, optional
        What false alarms lie on, see `runner.false_alarms`: in a record of a study that asks for it, in the place of
        `found`.
    """

    study: Study
    counts: pd.DataFrame
    events: pd.DataFrame
    costs: pd.DataFrame
    found: pd.DataFrame
    causes: pd.DataFrame | None = None

    def table(self) -> pd.DataFrame:
        """Return `study_table` of the counts, made once, and the same wherever it is shown."""
        return self._table.copy()

    def pairs(self, pairs: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
        """Return `pair_table` of the counts."""
        return pair_table(self.counts, pairs, shared=self._shared)

    @cached_property
    def _table(self) -> pd.DataFrame:
        return study_table(self.counts, self.study.base, shared=self._shared)

    @property
    def _shared(self) -> list[str]:
        return [name for name in self.study.variants if self.study.shares_networks(name)]


def counts_array(counts: pd.DataFrame, variant: str, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Counts of one variant: hits, false alarms and misses of the classes added.

    Parameters
    ----------
    counts : DataFrame
        Columns `COUNT_COLUMNS`, of all variants.
    variant : str
    classes : tuple of str
        ``me``, ``mae`` or both.

    Returns
    -------
    array of int64, shape (seeds, subjects, 3)
        In the order of all seeds and subjects of the table, so that those of two variants belong together.

    Raises
    ------
    InputError
        If there is no such variant, or it lacks a subject or a seed that the table has.
    """
    own = (counts["variant"] == variant).to_numpy()
    if not own.any():
        raise unknown_name("variant", variant, counts["variant"].unique())
    (seed, seeds), (subject, subjects) = (pd.factorize(counts[of], sort=True) for of in ("seed", "subject"))
    rows = own & counts["class"].isin(classes).to_numpy()
    place = seed[rows], subject[rows]
    there = np.zeros((len(seeds), len(subjects)), bool)
    there[place] = True
    if not there.all():
        lacking, whose = np.argwhere(~there)[0]
        raise InputError(
            f"no counts of subject {subjects[whose]!r} with seed {seeds[lacking]}",
            where=f"variant {variant!r}",
            expected="the same subjects and seeds in all variants",
        )
    added = np.zeros((*there.shape, 3), np.int64)
    np.add.at(added, place, counts.loc[rows, ["tp", "fp", "fn"]].to_numpy(np.int64))
    return added


def study_table(
    counts: pd.DataFrame, base: str, *, shared: Collection[str] = (), seed: int = 0
) -> pd.DataFrame:
    """F1 of every variant and class with its interval, and its difference from the base.

    Intervals of F1 come from resampling subjects, and seeds where there are several; those of differences, and the p
    values, from `paired_difference`. These are adjusted by Holm's method for the number of variants compared with the
    base in one class; an interval stands for itself.

    Parameters
    ----------
    counts : DataFrame
        Columns `COUNT_COLUMNS`; every variant with the same seeds and subjects.
    base : str
        The variant that the others are compared with.
    shared : collection of str
        Variants whose networks are the base's.
    seed : int
        Of the resampling.

    Returns
    -------
    DataFrame
        Columns ``variant, class, seeds, TP, FP, FN`` (counts added over the seeds), ``F1, low, high``, then
        ``difference, diff low, diff high, p, resolvable``, which are NaN in the base's rows, and ``few trainings``:
        whether networks are compared that were trained less often than `paired.FEWEST_TRAININGS` times. Then interval
        and p say what other people would change, and little or nothing of another training, and no difference can be
        resolved (infinity).

    Raises
    ------
    InputError
        As `counts_array`.
    """
    others = [name for name in counts["variant"].unique() if name != base]
    rows = []
    for title, classes in _CLASSES.items():
        own = {name: counts_array(counts, name, classes) for name in (base, *others)}
        pairs = {name: (own[name], own[base]) for name in others}
        beside = {base: _ALONE, **_compared(pairs, alike={*shared} & {*others})}
        rows += [_row(name, title, own[name], seed) | beside[name] for name in (base, *others)]
    order = {name: place for place, name in enumerate((base, *others))}
    table = pd.DataFrame(rows)
    return table.sort_values("variant", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def pair_table(
    counts: pd.DataFrame, pairs: Mapping[str, tuple[str, str]], *, shared: Collection[str] = ()
) -> pd.DataFrame:
    """F1 of one variant minus F1 of another, for pairs of which neither is the base.

    Parameters
    ----------
    counts : DataFrame
        Columns `COUNT_COLUMNS`; every variant with the same seeds and subjects.
    pairs : mapping of str to (str, str)
        By a name of its own, the variant and the one that is taken off it.
    shared : collection of str
        Variants whose networks are the base's, the base among them.

    Returns
    -------
    DataFrame
        Columns ``pair, class``, then ``difference, diff low, diff high, p, resolvable`` (adjusted for the number of
        pairs) and ``few trainings``, as in `study_table`.

    Raises
    ------
    InputError
        As `counts_array`.
    """
    alike = {name for name, pair in pairs.items() if {*pair} <= {*shared}}
    rows = []
    for title, classes in _CLASSES.items():
        arrays = {
            name: (counts_array(counts, one, classes), counts_array(counts, other, classes))
            for name, (one, other) in pairs.items()
        }
        found = _compared(arrays, alike=alike)
        rows += [{"pair": name, "class": title, **row} for name, row in found.items()]
    return pd.DataFrame(rows, columns=["pair", "class", *_ALONE])


def _row(name: str, title: str, counts: NDArray[np.int64], seed: int) -> dict[str, object]:
    f1 = bootstrap_f1(counts, seed=seed)
    tp, fp, fn = counts.sum((0, 1)).tolist()
    return {
        "variant": name, "class": title, "seeds": len(counts), "TP": tp, "FP": fp, "FN": fn,
        "F1": f1.value, "low": f1.low, "high": f1.high,
    }  # fmt: skip


#: What stands in the base's row where others are compared with it.
_ALONE: dict[str, float | bool] = {
    **dict.fromkeys(("difference", "diff low", "diff high", "p", "resolvable"), np.nan),
    "few trainings": False,
}


def _compared(
    pairs: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]], *, alike: Collection[str]
) -> dict[str, dict[str, float | bool]]:
    """The part of a row that compares two variants, by name.

    Parameters
    ----------
    pairs : mapping of str to two arrays of int, shape (R, S, 3)
        Counts; the p values of all are corrected together.
    alike : collection of str
        Pairs whose two variants have the same networks.
    """
    found = {name: paired_difference(*pair) for name, pair in pairs.items()}
    rows = {}
    for (name, one), p in zip(found.items(), holm([one.p for one in found.values()]), strict=True):
        few = len(pairs[name][0]) < FEWEST_TRAININGS and name not in alike
        shown, least = one.estimate(), np.inf if few else one.resolvable(len(found))
        values = (shown.value, shown.low, shown.high, float(p), least, few)
        rows[name] = dict(zip(_ALONE, values, strict=True))
    return rows
