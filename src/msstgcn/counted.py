"""Things and how many there are, in words."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """A number of things, as in ``1 seed`` and ``5 seeds``."""
    return f"{number} {what}{'' if number == 1 else 's'}"
