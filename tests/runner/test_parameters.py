"""A chapter's parameters are checked by name, type and range before anything runs."""

import pytest

from msstgcn.errors import InputError
from msstgcn.runner.parameters import checked, declared

CELL = """
# knobs
profile: str = "cpu"  # smoke | cpu | gpu; size of data
epochs: int = 20  # 1..1000; passes over the data
rate: float = 1e-3  # 1e-5..1; step
still: bool = False  # true | false; whether the head keeps still
"""


def test_a_cell_declares_name_type_default_range_and_meaning():
    parameters = declared(CELL, "x")
    assert list(parameters) == ["profile", "epochs", "rate", "still"]
    assert parameters["epochs"].low == 1 and parameters["epochs"].high == 1000
    assert parameters["profile"].choices == ("smoke", "cpu", "gpu")
    assert parameters["rate"].meaning == "step"
    assert parameters["rate"].default == 1e-3


def test_a_text_may_be_anything():
    parameters = declared('root: str = ""  # text; a folder', "x")
    assert parameters["root"].expected == "text" and parameters["root"].meaning == "a folder"
    assert checked(parameters, {"root": "/a folder|b"}, "chapter 1") == {"root": "/a folder|b"}
    with pytest.raises(InputError, match="not a parameter"):
        declared("epochs: int = 1  # text; a number", "x")


def test_values_come_from_text_or_as_they_are():
    values = checked(declared(CELL, "x"), {"epochs": "3", "rate": 1, "still": "true"}, "chapter 1")
    assert values == {"profile": "cpu", "epochs": 3, "rate": 1.0, "still": True}
    assert type(values["rate"]) is float


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epoch": "3"}, r"chapter 1: unknown parameter 'epoch'.*profile, epochs.*did you mean 'epochs'\?"),
        ({"epochs": "three"}, "epochs = 'three'.*whole number from 1 to 1000"),
        ({"epochs": "0"}, "epochs = 0.*whole number from 1 to 1000"),
        ({"epochs": 2.0}, "epochs = 2.0"),
        ({"epochs": True}, "epochs = True"),
        ({"rate": "nan"}, "rate = nan"),
        ({"still": "maybe"}, "true or false|one of true, false"),
        ({"profile": "huge"}, "profile = 'huge'.*one of smoke, cpu, gpu"),
    ],
)
def test_a_wrong_one_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        checked(declared(CELL, "x"), given, "chapter 1")


@pytest.mark.parametrize(
    "line",
    [
        "epochs = 3  # 1..5; no type",
        "epochs: int = 3",
        "epochs: int = 3  # 1..5",
        "epochs: int = 3 + n  # 1..5; no literal",
        "epochs: list = []  # a | b; no such type",
        "epochs: int = 9  # 1..5; default out of range",
        'name: str = "a"  # any; no choices',
        "print(3)  # 1..2; a call",
    ],
)
def test_a_cell_with_anything_else_is_refused(line):
    with pytest.raises(InputError):
        declared(line, "08, parameters cell")
