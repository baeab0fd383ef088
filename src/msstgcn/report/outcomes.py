"""A study's table as people read it: intervals in one cell each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msstgcn.report.numbers import interval

if TYPE_CHECKING:
    import pandas as pd

_LEAST = 0.001  # the smallest p that is written out


def outcome_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Turn `studies.study_table` into a table to show.

    Returns
    -------
    DataFrame
        Columns ``variant, class, TP, FP, FN``, then as text ``F1, 95 % interval``, ``difference from <base>``, ``p``
        (adjusted for the number of variants) and ``resolvable``: the smallest difference that this run would have
        found four times in five. A dash stands in the rows of the base.
    """
    base = table["variant"].iloc[0]
    shown = table[["variant", "class", "TP", "FP", "FN"]].copy()
    shown["F1, 95 % interval"] = [interval(*row) for row in table[["F1", "low", "high"]].to_numpy()]
    columns = ["difference", "diff low", "diff high"]
    shown[f"difference from {base}"] = [
        "–" if row[0] != row[0] else interval(*row) for row in table[columns].to_numpy()
    ]
    shown["p"] = ["–" if p != p else "< 0.001" if p < _LEAST else f"{p:.3f}" for p in table["p"]]
    shown["resolvable"] = ["–" if value != value else f"{value:.3f}" for value in table["resolvable"]]
    return shown


def runs_shown(own: pd.DataFrame, record: pd.DataFrame | None = None) -> pd.DataFrame:
    """A reader's own run and the run of record, one under the other as `outcome_shown` has them, with a column ``run``.

    Parameters
    ----------
    own, record : DataFrame
        As `studies.study_table` gives them. Without a record, the reader's own alone.
    """
    import pandas as pd

    runs = {"this run": own} if record is None else {"this run": own, "of record": record}
    parts = []
    for name, table in runs.items():
        shown = outcome_shown(table)
        shown = shown.rename(columns={f"difference from {table['variant'].iloc[0]}": "difference"})
        parts.append(shown.assign(run=name))
    found = pd.concat(parts, ignore_index=True)
    return found[["run", *(column for column in found.columns if column != "run")]]


def outcome_text(table: pd.DataFrame) -> str:
    """The same as plain text, for a terminal."""
    return outcome_shown(table).to_string(index=False)
