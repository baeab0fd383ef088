"""How sentences and tables about studies put names, lists, differences and p values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: p below which a difference is claimed.
LEVEL = 0.05
_LEAST = 0.001  # p below which it is not written out


def quoted(name: str) -> str:
    """A variant's name as sentences have it."""
    return f"“{name}”"


def joined(parts: Sequence[str]) -> str:
    """A list as sentences have it: ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def names_of(rows: pd.DataFrame) -> str:
    """The variants of some rows of a table, as sentences have them."""
    return joined([quoted(name) for name in rows["variant"]])


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[0].upper() + text[1:]


def are(rows: pd.DataFrame) -> str:
    """What follows the names of some rows: ``is`` or ``are``."""
    return "are" if len(rows) > 1 else "is"


def points(value: float) -> str:
    """A difference of F1 in points, hundredths, with its sign: ``+1.2``, ``-0.4``, ``0.0``."""
    shown = f"{100 * value:+.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown


def points_between(low: float, high: float) -> str:
    """An interval of differences in points: ``[-2.9, -0.4]``.

    An end that would be rounded to zero has its first digit instead, so that it shows on which side of zero it lies.
    """
    return f"[{_end(low)}, {_end(high)}]"


def _end(value: float) -> str:
    shown = f"{100 * value:.1f}"
    if value and not float(shown):
        return np.format_float_positional(100 * value, precision=1, fractional=False)
    return "0.0" if shown == "-0.0" else shown


def probability(p: float) -> str:
    """A p value with three decimals, ``< 0.001`` below; never rounded up to the .05 it lies below."""
    if p < _LEAST:
        return f"< {_LEAST}"
    return f"{min(p, LEVEL - _LEAST) if p < LEVEL else p:.3f}"


def points_told(row: pd.Series) -> str:
    """The difference of a row of a table in points, with interval and p, as sentences have it."""
    p = probability(row["p"])
    p = f"p {p}" if p.startswith("<") else f"p = {p}"
    return f"{points(row['difference'])} points {points_between(row['diff low'], row['diff high'])}, {p}"
