"""Numbers in the prose: taken from the run, never typed."""

from __future__ import annotations


class _Text(str):
    """Text that shows itself without quotation marks."""

    def __repr__(self) -> str:
        return str(self)


def glue(name: str, value: object, spec: str = "") -> None:
    """Register a number for the prose of this chapter.

    Parameters
    ----------
    name : str
        What the prose calls it: ``{glue}`name```; it starts with the chapter, as in ``ch8_f1``.
    value : object
        The number, or a text.
    spec : str, optional
        Format specification, for instance ``".2f"``.
    """
    from myst_nb import glue as myst_glue

    myst_glue(name, _Text(format(value, spec)), display=False)


def interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """Write a value with its interval, as in ``0.341 [0.302, 0.377]``."""
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
