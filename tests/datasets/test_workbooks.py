"""Cells of workbooks: action units in all the ways coders write them, and numbers."""

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
        (None, ()),
        ("", ()),
    ],
)
def test_action_units(cell, units):
    assert action_units(cell) == (units, ())


def test_what_is_no_action_unit_is_given_back():
    assert action_units("4 + smile + 123") == (("4",), ("smile", "123"))


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
