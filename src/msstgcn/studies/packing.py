"""A study's result as a small JSON object, and back: what is committed so that its tables can be made again.

Counts and events are the same for many variants and seeds but for a few numbers. So subjects and labelled expressions
are written once, and each variant and seed adds lines of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from msstgcn.errors import InputError
from msstgcn.spotting import FATE_COLUMNS
from msstgcn.studies.outcome import COUNT_COLUMNS, EVENT_COLUMNS, FOUND_COLUMNS, StudyResult
from msstgcn.studies.study import Study

_OWNERS = ["class", "subject"]
_EVENT = list(FATE_COLUMNS[:7])  # what a labelled expression is; the rest says what became of it
_ERRORS = ["onset_error", "offset_error"]


def packed(result: StudyResult) -> dict[str, Any]:
    """Return a result without what was spotted, ready for `json`.

    Returns
    -------
    dict
        ``variants``: their settings; ``owners``: class and subject of each count; ``truths``: the different sets of
        labelled expressions, by column; ``runs``: for each variant and seed its counts in the order of the owners, the
        number of its set, a 1 or 0 for each expression (hit or not), and the errors of the hits, one after the other;
        ``costs``: their rows, and ``causes``, where there are any. The table is not held: it follows from the counts.
    """
    owners: list[str] = []
    truths: list[dict[str, Any]] = []
    runs = []
    known = result.counts[["variant", "seed"]].drop_duplicates()
    for variant, seed in known.itertuples(index=False):
        counts = result.counts[(result.counts["variant"] == variant) & (result.counts["seed"] == seed)]
        own = result.events[(result.events["variant"] == variant) & (result.events["seed"] == seed)]
        counts = counts.sort_values(_OWNERS)
        mine = [f"{label} {subject}" for label, subject in counts[_OWNERS].to_numpy()]
        if owners and mine != owners:
            raise InputError(
                "variants with different subjects", where=result.study.name, expected="the same in all"
            )
        owners, truth = mine, {name: own[name].tolist() for name in _EVENT}
        if truth not in truths:
            truths.append(truth)
        hits = own[own["hit"].astype(bool)]
        runs.append(
            {"variant": variant, "seed": int(seed)}
            | {name: _line(counts[name]) for name in ("tp", "fp", "fn")}
            | {"truth": truths.index(truth), "hit": "".join("1" if hit else "0" for hit in own["hit"])}
            | {name: _line(hits[name]) for name in _ERRORS}
        )
    return {
        "variants": {name: dict(own) for name, own in result.study.variants.items()},
        "owners": owners,
        "truths": [{name: _text(values) for name, values in truth.items()} for truth in truths],
        "runs": runs,
        "costs": _rows(result.costs),
        **({} if result.causes is None else {"causes": _rows(result.causes)}),
    }


def unpacked(held: Mapping[str, Any], study: Study) -> StudyResult:
    """Return the result that `packed` was given, with the variants that it had then."""
    return StudyResult(
        study.having(held["variants"]),
        _counts(held["runs"], [owner.split(" ", 1) for owner in held["owners"]]),
        _events(held["runs"], [_table(truth) for truth in held["truths"]]),
        _floats(held["costs"]),
        pd.DataFrame(columns=list(FOUND_COLUMNS)),
        _floats(held["causes"]) if "causes" in held else None,
    )


def _counts(runs: list[Any], owners: list[list[str]]) -> pd.DataFrame:
    """Counts of all runs; there are as many in each as owners."""
    numbers = {name: [_numbers(run[name]) for run in runs] for name in ("tp", "fp", "fn")}
    for run, *own in zip(runs, *numbers.values(), strict=True):
        if any(len(one) != len(owners) for one in own):
            raise ValueError(
                f"not a count for each of {len(owners)} subjects and classes in {run['variant']!r}"
            )
        if min(map(min, own), default=0) < 0:
            raise ValueError(f"a count below zero in {run['variant']!r}")
    columns = _about(runs, [len(owners)] * len(runs))
    columns |= dict(zip(_OWNERS, np.tile(np.array(owners, dtype=object), (len(runs), 1)).T, strict=True))
    columns |= {name: np.concatenate(own) for name, own in numbers.items()}
    return pd.DataFrame(columns)[list(COUNT_COLUMNS)]


def _events(runs: list[Any], truths: list[pd.DataFrame]) -> pd.DataFrame:
    """What became of the labelled expressions in all runs: each has a set of them, hit or not."""
    sets = [truths[run["truth"]] for run in runs]
    hits = [np.array([mark == "1" for mark in run["hit"]], dtype=bool) for run in runs]
    errors = {name: [_numbers(run[name]) for run in runs] for name in _ERRORS}
    for run, own, hit, *late in zip(runs, sets, hits, *errors.values(), strict=True):
        if len(hit) != len(own) or any(len(one) != hit.sum() for one in late):
            raise ValueError(
                f"not a mark for each of {len(own)} expressions, or errors of each hit, in {run['variant']!r}"
            )
    columns = _about(runs, [len(own) for own in sets]) | {"hit": np.concatenate(hits)}
    for name, own in errors.items():
        columns[name] = np.full(len(columns["hit"]), np.nan)
        columns[name][columns["hit"]] = np.concatenate(own)
    events = pd.concat(sets, ignore_index=True).assign(**columns)
    return events[list(EVENT_COLUMNS)]


def _about(runs: list[Any], rows: list[int]) -> dict[str, np.ndarray]:
    """Variant and seed of each row of runs that have so many."""
    return {
        "variant": np.repeat(np.array([run["variant"] for run in runs], dtype=object), rows),
        "seed": np.repeat([run["seed"] for run in runs], rows),
    }


def _line(values: pd.Series) -> str:
    return " ".join(str(int(value)) for value in values)


def _numbers(line: str) -> list[int]:
    return [int(number) for number in line.split()]


def _text(values: list[Any]) -> str | list[Any]:
    """Whole numbers and truth values on one line; texts as a list."""
    return values if values and isinstance(values[0], str) else " ".join(str(int(value)) for value in values)


def _table(truth: Mapping[str, Any]) -> pd.DataFrame:
    columns = {name: v if isinstance(v, list) else _numbers(v) for name, v in truth.items()}
    return pd.DataFrame(columns, columns=_EVENT).astype({"eye_only": bool})


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table, ready for `json`, with None for what is no number."""
    rows = table.to_dict(orient="records")
    return [{str(name): None if _is_nan(v) else v for name, v in row.items()} for row in rows]


def _floats(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the table of `_rows`: a column that is None all over holds numbers too."""
    table = pd.DataFrame(rows)
    return table.astype({name: float for name in table if table[name].isna().all()})


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
