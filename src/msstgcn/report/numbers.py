"""Numbers in the prose: taken from the run, never typed."""

from __future__ import annotations

#: Start of the kinds of output that a page does not show, where MyST-NB looks for what a notebook glues.
_GLUED = "application/papermill.record/"


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
    from IPython.display import publish_display_data  # as myst_nb.glue does, which takes a second to load

    publish_display_data(
        {f"{_GLUED}text/plain": format(value, spec)},
        {"scrapbook": {"name": name, "mime_prefix": _GLUED}},
    )


def interval(value: float, low: float, high: float, digits: int = 3) -> str:
    """Write a value with its interval, as in ``0.341 [0.302, 0.377]``."""
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
