"""One call writes a table as CSV, Markdown and LaTeX and gives it back for display."""

from __future__ import annotations

import re
from collections.abc import Hashable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msstgcn import paths
from msstgcn.errors import InputError
from msstgcn.files import digest_bytes, written_whole

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
     "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}",
     "|": r"\textbar{}"}
)  # fmt: skip

#: What Markdown would read as more than text, tables and formulas of GitHub's included.
_MARKDOWN = str.maketrans({sign: rf"\{sign}" for sign in "\\`*_|<>&$~#"})
_LINK = re.compile(r"\](?=[(\[])")  # brackets alone, as those of intervals, stay as they are
_LIST = re.compile(r"^(\d*)([-+.)])(?= )")  # what makes a list of a paragraph that starts with it

_OPTION = re.compile(r"^[\[*]")  # what a row may not start with: \\ and \midrule would take it for their own
_INTERVAL = re.compile(r"\S+ \[[^\]]*\]")


def _line(text: object) -> str:
    """Anything as text on one line, words one space apart."""
    return " ".join(str(text).split())


def _cell(value: Any, digits: int) -> str:
    from pandas import isna

    if isna(value):
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else _line(value)


def _unbroken(text: str) -> str:
    """Keep a value and its interval, ``.5 [.4, .6]``, on one line."""
    return _INTERVAL.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _LINK.sub(r"\]", text.translate(_MARKDOWN))


def _as_markdown(cells: list[list[str]], numeric: list[bool], caption: str) -> str:
    header, *rows = [[_plain(cell) for cell in row] for row in cells]
    rule = ["---:" if right else ":---" for right in numeric]
    lines = ["| " + " | ".join(row) + " |" for row in [header, rule, *rows]]
    return "\n".join([_LIST.sub(r"\1\\\2", _plain(caption)), "", *lines, ""])


def _as_latex(cells: list[list[str]], numeric: list[bool], caption: str, name: str) -> str:
    texts = [" & ".join(cell.translate(_LATEX) for cell in row) for row in cells]
    header, *rows = [_OPTION.sub(r"{\g<0>}", text) + r" \\" for text in texts]
    columns = "".join("r" if right else "l" for right in numeric)
    label = name.replace("_", "-")
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}", rf"\caption{{{caption.translate(_LATEX)}}}", rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule", *rows, r"\bottomrule",
        r"\end{tabular}", r"\end{table}", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def table(
    frame: pd.DataFrame, *, caption: str, name: str = "", digits: int = 3, folder: Path | None = None
) -> Styler:
    """Write a table to ``book/tables/<name>.{csv,md,tex}``, if it has a name, and return it for display.

    Parameters
    ----------
    frame : DataFrame
        One row a line, columns as they shall be headed; the index is not written.
    caption : str
        What the table shows, in a sentence. This, headers and cells are plain text, whatever signs they hold: in all
        three files and on the page they are shown as they are, on one line.
    name : str, optional
        File name without ending: small letters, digits and underscores. A table without one is shown alone: one of
        seconds, say, which are others in every run.
    digits : int, default 3
        Decimals of floating-point numbers, in Markdown, LaTeX and on the page; the CSV keeps all of them.
    folder : Path, optional
        Where to write it instead.

    Returns
    -------
    pandas Styler
        The last expression of a cell, so that the page shows the table.

    Raises
    ------
    InputError
        If the name is not of that form.
    """
    if name and not re.fullmatch(r"[a-z0-9_]+", name):
        raise InputError(f"table name {name!r}", expected="small letters, digits and underscores")
    from pandas.api.types import is_numeric_dtype

    caption = _line(caption)
    numeric = [bool(is_numeric_dtype(dtype)) for dtype in frame.dtypes]
    if name:
        cells = [[_line(column) for column in frame.columns]]
        cells += [[_cell(value, digits) for value in row] for row in frame.itertuples(index=False)]
        folder = folder or paths.tables_dir()
        _write(folder / f"{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
        _write(folder / f"{name}.md", _as_markdown(cells, numeric, caption))
        _write(folder / f"{name}.tex", _as_latex(cells, numeric, caption, name))
    shown = (
        frame.style.hide(axis="index")
        .set_caption(escape(caption))
        .format(lambda value: escape(_unbroken(_cell(value, digits))))
        .format_index(lambda name: escape(_line(name)), axis="columns")
    )
    # A name of our own instead of a random one: the same run gives the same page.
    shown.set_uuid(name or digest_bytes(caption.encode())[:10])
    right: list[Hashable] = [
        name for name, is_number in zip(frame.columns, numeric, strict=True) if is_number
    ]
    return shown.set_properties(subset=right, **{"text-align": "right"})
