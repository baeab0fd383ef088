"""Tables of a study, made by hand."""

from __future__ import annotations

import pandas as pd

#: Columns of `studies.study_table` that answers and figures read.
COLUMNS = (
    "variant", "class", "F1", "low", "high", "difference", "diff low", "diff high", "p", "resolvable", "few trainings",
    "seeds",
)  # fmt: skip
_NONE = float("nan")


def table(base: tuple, *others: tuple) -> pd.DataFrame:
    """A table with the same figures for all classes; five trainings stand behind them.

    The base is (name, F1, low, high), another variant (name, F1, low, high, difference low and high, p, resolvable).
    """
    rows = []
    for name, f1, low, high, *rest in (base, *others):
        beside = (f1 - base[1], *rest) if rest else (_NONE,) * 5
        rows += [(name, label, f1, low, high, *beside, False, 5) for label in ("overall", "ME", "MaE")]
    return pd.DataFrame(rows, columns=list(COLUMNS))
