"""Cells of annotation workbooks: sheets read as they lie, numbers and action units understood or refused."""

from __future__ import annotations

import math
import re
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from msstgcn.errors import InputError
from msstgcn.files import written_whole

Rows = list[list[Any]]

_UNIT = re.compile(r"^(?:AU)?(?P<side>[LRA])?(?:AU)?0*(?P<unit>[1-9]\d?)(?P<level>[A-E])?$", re.IGNORECASE)
_REF = re.compile(r"\bref\s*\(([^)]*)\)", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\([^)]*\)")
#: When every workbook that the project writes says it was written, so that the same data give the same bytes.
_MOMENT = (2020, 1, 1, 0, 0, 0)


def read_sheets(path: Path) -> dict[str, Rows]:
    """All sheets of a workbook, by name and in order, each a list of rows of plain values; None is an empty cell.

    Raises
    ------
    InputError
        If there is no such file or it is no workbook.
    """
    import pandas as pd

    if not path.is_file():
        raise InputError("no such file", where=path, do="check the path")
    try:
        sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object, engine="openpyxl")
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"not a workbook that can be read ({error})", where=path, expected=".xlsx") from None
    return {str(name): [[_cell(v) for v in row] for row in s.to_numpy()] for name, s in sheets.items()}


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return value.strip() or None
    return value


def number(value: Any, what: str) -> float:
    """The number in a cell; a text of digits counts as one.

    Raises
    ------
    InputError
        If the cell is empty or holds something else; says what the cell was for.
    """
    if not isinstance(value, bool):
        try:
            found = float(value)
            if math.isfinite(found):
                return found
        except (TypeError, ValueError):
            pass
    shown = "empty" if value is None else repr(value)
    raise InputError(f"{what} is {shown}", expected="a number")


def action_units(cell: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Action units that a cell names, and the parts of it that cannot be understood.

    ``4+7`` are two units; ``L2`` and ``R2`` one-sided ones; the A of ``A12`` says that the sides differ, and is left
    out as are intensities (``12E``, ``4(B/C)``). Two readings are ours: of alternatives (``4/9``) the first counts, and
    ``ref(10)`` counts as 10.

    Returns
    -------
    units : tuple of str
        As ``("L2", "12")``, in the cell's order, each once.
    unknown : tuple of str
    """
    if cell is None:
        return (), ()
    text = f"{cell:g}" if isinstance(cell, int | float) and not isinstance(cell, bool) else str(cell)
    text = _PARENTHESIS.sub("", _REF.sub(r"\1", text))
    units: list[str] = []
    unknown: list[str] = []
    for part in re.split(r"[+,;&]", text):
        first = part.split("/")[0].replace(" ", "")
        if not first:
            continue
        match = _UNIT.match(first)
        if match is None:
            unknown.append(part.strip())
            continue
        side = (match["side"] or "").upper()
        unit = ("" if side == "A" else side) + match["unit"]
        if unit not in units:
            units.append(unit)
    return tuple(units), tuple(unknown)


def write_sheets(sheets: dict[str, Rows], path: Path) -> Path:
    """Write a workbook, whole or not at all; the same sheets give the same bytes."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made = BytesIO()
    book.save(made)
    with written_whole(path) as temporary:
        _without_clock(made, temporary)
    return path


def _without_clock(made: BytesIO, path: Path) -> None:
    """Copy a workbook without the moment of its writing, which stands in two places."""
    moment = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*_MOMENT).encode()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment, content)
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
