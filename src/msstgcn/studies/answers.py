"""A study's answer in two sentences, made from its table and from nothing else.

A difference is claimed only if its interval excludes zero and its p value, after Holm's correction, is below .05.
Where nothing can be claimed, the text says so, and what the run could have found. Whether that agrees with what was
expected is left to the reader.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from msstgcn.errors import lookup
from msstgcn.spotting import Estimate
from msstgcn.studies.study import Study

#: Rows of a study's table that an answer can be about, and what their F1 is called.
METRICS: dict[str, str] = {
    "overall": "overall F1",
    "ME": "F1 of micro-expressions",
    "MaE": "F1 of macro-expressions",
}
_LEVEL = 0.05
_IN_FULL = 3  # variants of one kind whose figures are given; of the others the names


def told_apart(table: pd.DataFrame) -> pd.Series[bool]:
    """Whether each row of a study's table differs from the base: its interval excludes zero, and p is below .05.

    Parameters
    ----------
    table : DataFrame
        As `study_table` gives it.
    """
    apart = (table["diff low"] > 0) | (table["diff high"] < 0)
    return apart & (table["p"] < _LEVEL)


def answer(study: Study, table: pd.DataFrame, metric: str = "overall") -> str:
    """Say in two sentences what a study has shown.

    Parameters
    ----------
    study : Study
        Whether it is a sweep, and where its variants lie.
    table : DataFrame
        As `study_table` gives it; the base comes first.
    metric : str
        A name in `METRICS`.

    Returns
    -------
    str
        For a comparison: which variants are better or worse than the base, by how many points of F1 (hundredths);
        then what this run could have found. For a sweep: F1 at its base and its ends; then where, going away from
        the base, a difference is first seen, and where it breaks: the first place whose interval lies below the
        base's.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    what = lookup(METRICS, metric, "metric")
    rows = table[table["class"] == metric]
    base, others = rows.iloc[0], rows.iloc[1:]
    if others.empty:
        return f"There is nothing to compare: only {base['variant']} was run. Its {what} is {_f1(base)}."
    placed = others[others["variant"].isin(list(study.places))]
    if study.sweep and base["variant"] in study.places and len(placed):
        return f"{_ends(study, base, placed, what)} {_along(study, base, placed)}"
    return f"{_found(base, others, what)} {_not_found(others)}"


def _f1(row: pd.Series) -> str:
    return str(Estimate(row["F1"], row["low"], row["high"], 0.95))


def _by(row: pd.Series) -> str:
    """The difference of a row in points, with interval and p."""
    value, low, high = (100 * row[name] for name in ("difference", "diff low", "diff high"))
    p = f"p = {row['p']:.3f}" if row["p"] >= 0.001 else "p < 0.001"
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}], {p}"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _listed(rows: pd.DataFrame) -> str:
    """Variants with their differences, the largest first; of the fourth and later ones only the names."""
    order = rows["difference"].abs().sort_values(ascending=False, kind="stable").index
    full = [f"{row['variant']} ({_by(row)})" for _, row in rows.loc[order[:_IN_FULL]].iterrows()]
    return _joined([*full, *rows.loc[order[_IN_FULL:], "variant"]])


def _found(base: pd.Series, others: pd.DataFrame, what: str) -> str:
    apart = others[told_apart(others)]
    if apart.empty:
        return f"No difference was seen: {_nearness(base, others, what)}."
    parts = []
    for word, rows in (("better", apart[apart["difference"] > 0]), ("worse", apart[apart["difference"] < 0])):
        if len(rows):
            parts.append(f"{word} than {base['variant']} {'are' if len(rows) > 1 else 'is'} {_listed(rows)}")
    return f"In {what}, {'; '.join(parts)}."


def _nearness(base: pd.Series, others: pd.DataFrame, what: str) -> str:
    if len(others) == 1:
        row = others.iloc[0]
        return f"{what} of {row['variant']} differs from that of {base['variant']} by {_by(row)}"
    low, high = 100 * others["difference"].min(), 100 * others["difference"].max()
    return (
        f"{what} of the {len(others)} variants differs from that of {base['variant']} by {low:+.1f} to "
        f"{high:+.1f} points, and for none of these do interval and p both show a difference"
    )


def _not_found(others: pd.DataFrame) -> str:
    """The second sentence of a comparison: what is not told apart, and what could have been found."""
    rest = others[~told_apart(others)]
    could = _could(others if rest.empty or len(rest) == len(others) else rest)
    if rest.empty or len(rest) == len(others):
        return f"{could[0].upper()}{could[1:]}."
    return f"With {_joined(list(rest['variant']))} no difference was seen; {could}."


def _could(rows: pd.DataFrame) -> str:
    spread = rows.loc[rows["resolvable"] > 0, "resolvable"]
    if spread.empty:
        return "nobody's counts differ in this run, which shows nothing of what it could have found"
    low, high = 100 * spread.min(), 100 * spread.max()
    size = f"{low:.1f}" if f"{low:.1f}" == f"{high:.1f}" else f"{low:.1f} to {high:.1f}"
    return f"a single comparison in this run would have found a true difference of {size} points four times in five"


def _ends(study: Study, base: pd.Series, placed: pd.DataFrame, what: str) -> str:
    """The first sentence of a sweep: F1 at its ends and at the base."""
    ordered = pd.concat([base.to_frame().T, placed])
    ordered = ordered.iloc[ordered["variant"].map(study.places).argsort(kind="stable")]
    shown = [ordered.iloc[0], base, ordered.iloc[-1]]
    names: dict[str, str] = {}
    for row in shown:
        note = ", the base" if row["variant"] == base["variant"] else ""
        names.setdefault(row["variant"], f"{_f1(row)} at {row['variant']}{note}")
    return f"{what[0].upper()}{what[1:]} is {_joined(list(names.values()))}."


def _along(study: Study, base: pd.Series, placed: pd.DataFrame) -> str:
    """The second sentence of a sweep: where, on either side of the base, it changes and where it breaks."""
    away = placed["variant"].map(study.places) - study.places[base["variant"]]
    parts = []
    for side in (away[away <= 0].sort_values(ascending=False, kind="stable"), away[away > 0].sort_values()):
        parts += _side(base, placed.loc[side.index])
    if parts:
        return f"Going away from the base, {'; '.join(parts)}."
    return f"No difference from the base was seen at any place; {_could(placed)}."


def _side(base: pd.Series, rows: pd.DataFrame) -> list[str]:
    """What happens first among rows that go away from the base."""
    rows = rows[told_apart(rows)]
    better, worse = rows[rows["difference"] > 0], rows[rows["difference"] < 0]
    broken = worse[worse["high"] < base["low"]]
    parts = [f"it is better at {row['variant']} ({_by(row)})" for _, row in better.head(1).iterrows()]
    first = worse.head(1)
    if len(first) and (broken.empty or first.index[0] != broken.index[0]):
        parts.append(f"it is worse at {first['variant'].iloc[0]} ({_by(first.iloc[0])})")
    if len(broken):
        row = broken.iloc[0]
        parts.append(f"it breaks at {row['variant']}, whose interval lies below the base's ({_by(row)})")
    return parts
