"""Cells of annotation workbooks: sheets read as they lie, numbers and action units understood or refused."""

from __future__ import annotations

import lzma
import math
import re
import tokenize
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from msstgcn.errors import InputError
from msstgcn.files import written_whole

Rows = list[list[Any]]

#: What the readers of workbooks and of NumPy's files raise on a damaged one; they say so nowhere. Found by damaging
#: some thousands: the archive (zip, zlib, lzma; RuntimeError where a flag says encrypted), the XML or header in it,
#: and what openpyxl meets when a name in the XML is not the one it looks for.
DAMAGED = (
    OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
    ParseError, tokenize.TokenError, ValueError, LookupError, TypeError, AttributeError,
)  # fmt: skip
_UNIT = re.compile(
    r"\s*(?:AU)?\s*(?P<side>[LRA])?\s*(?:AU)?\s*0*(?P<unit>[1-9]\d?)(?:\.0+)?\s*[A-E]?\s*", re.IGNORECASE
)
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
    except DAMAGED as error:
        raise InputError(
            f"not a workbook that can be read ({error})",
            where=path,
            expected=".xlsx",
            do="copy the file again",
        ) from None
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
    ``ref(10)`` counts as 10. Spaces do no harm, but for those between digits: ``4 7`` could be two units or one.

    Returns
    -------
    units : tuple of str
        As ``("L2", "12")``, in the cell's order, each once.
    unknown : tuple of str
    """
    if cell is None:
        return (), ()
    text = _PARENTHESIS.sub("", _REF.sub(r"\1", str(cell)))
    units: list[str] = []
    unknown: list[str] = []
    for part in re.split(r"[+,;&]", text):
        if not part.strip():
            continue
        match = _UNIT.fullmatch(part.split("/")[0])
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
