"""Cells of workbooks: action units in all the ways coders write them, and numbers."""

import zipfile

import numpy as np
import pytest

from msstgcn.datasets.workbooks import action_units, number, read_sheets, write_sheets
from msstgcn.errors import InputError


@pytest.mark.parametrize(
    ("cell", "units"),
    [
        ("4+7", ("4", "7")),
        ("L2", ("L2",)),
        ("R2 + r12", ("R2", "R12")),
        ("A12", ("12",)),
        ("4(B/C)", ("4",)),
        ("12E", ("12",)),
        ("4/9", ("4",)),
        ("4B/C+7", ("4", "7")),
        ("ref(10)", ("10",)),
        ("AU4, AU07", ("4", "7")),
        (4, ("4",)),
        (12.0, ("12",)),
        ("4+4", ("4",)),
        ("L 12 + AU 4\n+ 7 E", ("L12", "4", "7")),
        ("4.0", ("4",)),
        (None, ()),
        ("", ()),
    ],
)
def test_action_units(cell, units):
    assert action_units(cell) == (units, ())


def test_what_is_no_action_unit_is_given_back():
    assert action_units("4 + smile + 123") == (("4",), ("smile", "123"))
    assert action_units("4.5 + /9") == ((), ("4.5", "/9"))


@pytest.mark.parametrize("cell", ["4 7", "1  2", "4\n7", "0 4"])
def test_digits_apart_could_be_two_units_or_one(cell):
    assert action_units(f"12 + {cell}") == (("12",), (cell,))


@pytest.mark.parametrize(("cell", "value"), [(3, 3.0), ("3", 3.0), (" 566.4 ", 566.4), (-1, -1.0)])
def test_numbers(cell, value):
    assert number(cell, "onset") == value


@pytest.mark.parametrize("cell", [None, "soon", True, float("inf"), "nan"])
def test_no_numbers(cell):
    with pytest.raises(InputError, match="onset is"):
        number(cell, "onset")


def test_sheets_keep_their_places(tmp_path):
    path = tmp_path / "ä b.xlsx"
    sheets = {"one": [[None, None], [1, "x "], [None, 2.5]], "two": [["CAS(ME)^2"]]}
    write_sheets(sheets, path)
    assert read_sheets(path) == {"one": [[None, None], [1, "x"], [None, 2.5]], "two": [["CAS(ME)^2"]]}


@pytest.fixture
def book(tmp_path):
    return write_sheets({"a": [[i, f"anger{i}_1", 3 * i] for i in range(40)]}, tmp_path / "book.xlsx")


def _read_or_refused(path):
    """Whether a file is read; any error but the one with its name and what to do fails the test."""
    try:
        read_sheets(path)
    except InputError as error:
        assert error.where == str(path) and error.do == "copy the file again"
        return False
    return True


def test_a_damaged_workbook_is_named(book):
    """Bytes overwritten anywhere, and files cut short."""
    rng, whole = np.random.default_rng(0), book.read_bytes()
    outcomes = []
    for at in rng.integers(0, len(whole) - 8, 120):
        content = whole[:at] + rng.bytes(8) + whole[at + 8 :]
        book.write_bytes(content if at % 5 else whole[:at])
        outcomes.append(_read_or_refused(book))
    assert outcomes.count(False) > 60


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b""),
        ("xl/worksheets/sheet1.xml", b"workbookViewId", b"workbookViewIx"),
        ("xl/workbook.xml", b"calcId", b"calcIx"),
        ("[Content_Types].xml", b"<", b""),
    ],
)
def test_a_workbook_that_is_damaged_inside_is_named(book, part, old, new):
    with zipfile.ZipFile(book) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(book, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert not _read_or_refused(book)


def test_a_workbook_under_a_password_is_named(book):
    whole = bytearray(book.read_bytes())
    at = whole.index(b"PK\x01\x02")
    while at >= 0:  # the flag in the directory and in the file's own header
        whole[at + 8] |= 1
        at = whole.find(b"PK\x01\x02", at + 4)
    book.write_bytes(whole)
    assert not _read_or_refused(book)
