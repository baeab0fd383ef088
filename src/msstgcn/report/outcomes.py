"""A study's table as people read it: long for files and terminals, a row a variant for a page."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from msstgcn.files import digest_bytes
from msstgcn.report.numbers import interval
from msstgcn.report.tables import table as write_table

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

#: Columns of a terminal.
TERMINAL = 80


def outcome_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Turn `studies.study_table` into a table to show.

    Returns
    -------
    DataFrame
        Columns ``variant, class, TP, FP, FN``, then as text ``F1, 95 % interval``, ``points from <base>`` (hundredths
        of F1), ``p`` (adjusted for the number of variants) and ``resolvable points``: the smallest true difference
        that this run would have found four times in five, ``none`` where none, however large, can be told apart, a
        dash where F1 differs for nobody. A dash stands in the rows of the base.
    """
    from msstgcn.studies import probability, resolved

    base = table["variant"].iloc[0]
    shown = table[["variant", "class", "TP", "FP", "FN"]].copy()
    shown["F1, 95 % interval"] = [interval(*row) for row in table[["F1", "low", "high"]].to_numpy()]
    rows = table.to_dict("records")
    shown[f"points from {base}"] = [
        "–" if row["difference"] != row["difference"] else _difference(row) for row in rows
    ]
    shown["p"] = ["–" if p != p else probability(p) for p in table["p"]]
    least = table["resolvable"]
    shown["resolvable points"] = [resolved(least.iloc[n : n + 1]) for n in range(len(table))]
    return shown


def runs_shown(runs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tables of several runs, one under the other as `outcome_shown` has them, with a column ``run``.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        By name of the run, what `studies.study_table` gives.
    """
    import pandas as pd

    parts = []
    for name, table in runs.items():
        shown = outcome_shown(table)
        shown = shown.rename(columns={f"points from {table['variant'].iloc[0]}": "points"})
        parts.append(shown.assign(run=name))
    found = pd.concat(parts, ignore_index=True)
    return found[["run", *(column for column in found.columns if column != "run")]]


def outcomes(
    own: pd.DataFrame | None, record: pd.DataFrame | None = None, *, name: str = "", caption: str = ""
) -> Styler:
    """Show a study on a page: one row a variant, one column a class, the run of record under the reader's own.

    A cell holds F1 with its interval and below it, in small type, the difference from the base in points of F1 (a
    hundredth) with interval and p; it is bold where variant and base are told apart (`studies.told_apart`). The last
    row of a run says which differences its comparisons could have resolved: ``none`` where none can be told apart, a
    dash where F1 differs for nobody.

    Parameters
    ----------
    own, record : DataFrame
        As `studies.study_table` gives them; one of the two may be missing.
    name : str, optional
        If given, the long table of `runs_shown` is written by `report.table` under this name.
    caption : str, optional
        What the table shows, in a sentence.
    """
    import pandas as pd

    runs = {run: found for run, found in (("this run", own), ("of record", record)) if found is not None}
    if name:
        write_table(runs_shown(runs), name=name, caption=caption)
    rows = []
    for run, found in runs.items():
        rows += [{"variant": f"<em>{run}</em>"}] if len(runs) > 1 else []
        rows += _rows(found)
    frame = pd.DataFrame(rows).fillna("")
    shown = frame.style.hide(axis="index").set_table_attributes('class="dataframe outcomes"')
    shown = shown.set_caption(escape(caption)) if caption else shown
    return shown.set_uuid(digest_bytes(frame.to_csv().encode(), caption.encode())[:10])


def _rows(table: pd.DataFrame) -> list[dict[str, str]]:
    """Cells of one run by column: its variants, and what it could have resolved."""
    from msstgcn.studies import resolved, told_apart

    rows: dict[str, dict[str, str]] = {}
    for row, apart in zip(table.to_dict("records"), told_apart(table), strict=True):
        variant = str(row["variant"])
        rows.setdefault(variant, {"variant": escape(variant)})[row["class"]] = _cell(row, apart)
    if len(rows) < 2:
        return list(rows.values())
    classes = table.groupby("class")
    least = {str(label): f"<small>{resolved(part['resolvable'])}</small>" for label, part in classes}
    return [*rows.values(), {"variant": "<small>could be resolved, points</small>", **least}]


def _cell(row: dict[Any, Any], apart: bool) -> str:
    """F1 with interval, and under it the difference from the base."""
    first = f"<span>{interval(row['F1'], row['low'], row['high'])}</span>"
    if row["difference"] != row["difference"]:
        return first
    second = f"<span>{_difference(row)},</span> <span>{_p(row)}</span>"
    second = f"<strong>{second}</strong>" if apart else second
    return f"{first}<br><small>{second}</small>"


def difference_text(row: dict[Any, Any]) -> str:
    """A difference in points with interval and p, as in ``+2.1 [0.4, 3.8], p .012``.

    Parameters
    ----------
    row : dict
        Of `studies.study_table` or `studies.pair_table`.
    """
    return f"{_difference(row)}, {_p(row)}"


def _p(row: dict[Any, Any]) -> str:
    from msstgcn.studies import probability

    return f"p {probability(row['p'])}".replace("0.", ".")


def _difference(row: dict[Any, Any]) -> str:
    """The difference from the base with its interval, in points."""
    from msstgcn.studies import points, points_between

    return f"{points(row['difference'])} {points_between(row['diff low'], row['diff high'])}"


def outcome_text(table: pd.DataFrame) -> str:
    """The same for a terminal of 80 columns: a variant and its three rows; differences in points of F1."""
    from msstgcn.studies import probability, resolved

    base = table["variant"].iloc[0]
    lines = [
        textwrap.fill(
            f"Differences from “{base}” in points of F1, with p; last, what could be resolved.", TERMINAL
        ),
        f"{'':9}{'TP':>5}{'FP':>5}{'FN':>5}  {'F1, 95 % interval':22}{'difference':20}{'p':>7}{'':5}".rstrip(),
    ]
    for variant, rows in table.groupby("variant", sort=False):
        lines.append(str(variant))
        for number, row in enumerate(rows.to_dict("records")):
            counts = "".join(f"{row[name]:5}" for name in ("TP", "FP", "FN"))
            line = f"  {row['class']:7}{counts}  {interval(row['F1'], row['low'], row['high']):22}"
            if variant != base:
                p = probability(row["p"]).replace(" ", "")
                line += (
                    f"{_difference(row):20}{p:>7}{resolved(rows['resolvable'].iloc[number : number + 1]):>5}"
                )
            lines.append(line.rstrip())
    return "\n".join(lines)


def recall_text(table: pd.DataFrame) -> str:
    """`studies.recall_table` for a terminal: a variant, and a line for what its expressions move."""
    lines = ["Expressions found, those that move nothing but eyelids apart:"]
    for variant, rows in table.groupby("variant", sort=False):
        lines.append(str(variant))
        for moves, own in rows.groupby("moves", sort=False):
            found = [
                f"{row['found']} of {row['expressions']} {row['class']}" for row in own.to_dict("records")
            ]
            lines.append(f"  {moves:19}{', '.join(found)}")
    return "\n".join(lines)
