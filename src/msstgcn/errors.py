"""The one kind of error a user can cause, and look-up in registries with a helpful refusal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class InputError(ValueError):
    """Something the user gave cannot be used; says what, where, what was expected and what to do.

    Parameters
    ----------
    what : str
        What is wrong, as a clause without a full stop.
    where : str or Path, optional
        File, row, frame, cell or option at fault.
    expected : str, optional
        What would have been right.
    do : str, optional
        What the user can do about it.
    """

    def __init__(self, what: str, *, where: str | Path = "", expected: str = "", do: str = "") -> None:
        self.what, self.where, self.expected, self.do = what, str(where), expected, do
        parts = [f"{where}: {what}" if str(where) else what]
        if expected:
            parts.append(f"expected {expected}")
        if do:
            parts.append(do)
        super().__init__("; ".join(parts))


def unknown_name(kind: str, name: object, valid: Iterable[str], *, where: str | Path = "") -> InputError:
    """Build the error for a name that is in no list, with the list and the nearest entry."""
    names = list(valid)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else ""
    return InputError(
        f"unknown {kind} {name!r}",
        where=where,
        expected="one of " + ", ".join(names) if names else "",
        do=hint,
    )


def lookup(registry: Mapping[str, T], name: object, kind: str) -> T:
    """Return ``registry[name]``, or raise an `InputError` that lists the names there are."""
    if not isinstance(name, str) or name not in registry:
        raise unknown_name(kind, name, registry)
    return registry[name]
