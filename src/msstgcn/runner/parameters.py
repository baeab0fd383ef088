"""The parameters of a chapter: read from its ``parameters`` cell, and checked before anything runs.

Papermill only logs an unknown parameter and checks no type, so this does. A parameter is declared as ::

    epochs: int = 20  # 1..1000; passes over the training windows
    device: str = "auto"  # auto | cpu | cuda; where the network runs
    root: str = ""  # text; folder of a data set on disk

that is: a name, a type (int, float, bool or str), a literal, then the range or the choices (``text`` for any text),
then what it means.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from msstgcn.errors import InputError, unknown_name

Value = int | float | bool | str

_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "str": str}
_LINE = re.compile(r"^(?P<code>[^#]*?(?:\"[^\"]*\"|'[^']*')?[^#]*?)\s*#\s*(?P<comment>.+)$")
_RANGE = re.compile(r"^(?P<low>-?[\d.e+-]+?)\.\.(?P<high>-?[\d.e+-]+)$")


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a chapter."""

    name: str
    type: type
    default: Value
    choices: tuple[str, ...]
    low: float | None
    high: float | None
    meaning: str

    @property
    def expected(self) -> str:
        """What values are allowed, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        within = f" from {self.low:g} to {self.high:g}" if self.low is not None else ""
        return {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}[
            self.type.__name__
        ] + within

    def check(self, value: object, where: str) -> Value:
        """Return `value` as this parameter's type, or raise an `InputError` that says what is allowed."""
        wrong = InputError(
            f"parameter {self.name} = {value!r} cannot be used", where=where, expected=self.expected
        )
        if self.type is float and type(value) is int:
            value = float(value)
        if type(value) is not self.type:
            raise wrong
        if self.choices and self.type is str and value not in self.choices:
            raise wrong
        if self.low is not None and self.high is not None:
            assert isinstance(value, int | float)  # only numbers are declared with a range
            if not self.low <= value <= self.high:
                raise wrong
        return value  # type: ignore[return-value]

    def parse(self, text: str, where: str) -> Value:
        """Read the value from the text of ``-p name=text`` and check it."""
        value: object = text
        try:
            if self.type is bool:
                value = {"true": True, "false": False}[text.lower()]
            elif self.type is not str:
                value = self.type(text)
        except (KeyError, ValueError):
            pass  # `check` refuses the text, since it is not of the type
        return self.check(value, where)


def _declared(line: str, where: str) -> Parameter:
    bad = InputError(
        f"not a parameter: {line.strip()!r}",
        where=where,
        expected="name: type = literal  # range or choices; meaning",
    )
    match = _LINE.match(line)
    if match is None:
        raise bad
    try:
        (node,) = ast.parse(match["code"].strip()).body
        assert (
            isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
        )
        kind = _TYPES[ast.unparse(node.annotation)]
        default = ast.literal_eval(node.value)
    except (AssertionError, KeyError, SyntaxError, ValueError):
        raise bad from None
    limits, _, meaning = (part.strip() for part in match["comment"].partition(";"))
    span = _RANGE.match(limits.replace(" ", ""))
    choices = tuple(part.strip() for part in limits.split("|")) if "|" in limits else ()
    free = kind is str and limits == "text"
    if not meaning or not (span if kind in (int, float) else choices or free):
        raise bad
    low, high = (float(span["low"]), float(span["high"])) if span else (None, None)
    parameter = Parameter(node.target.id, kind, default, choices, low, high, meaning)
    parameter.check(default, where)
    return parameter


def declared(source: str, where: str) -> dict[str, Parameter]:
    """Read the parameters that a ``parameters`` cell declares, in order.

    Raises
    ------
    InputError
        If a line is not of the form that this module describes, or a default is out of its own range.
    """
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    parameters = [_declared(line, where) for line in lines]
    return {parameter.name: parameter for parameter in parameters}


def checked(parameters: Mapping[str, Parameter], given: Mapping[str, object], where: str) -> dict[str, Value]:
    """Return all parameters' values: those given, checked by name, type and range, and the defaults of the others.

    A given text is read as the parameter's type.
    """
    values = {name: parameter.default for name, parameter in parameters.items()}
    for name, value in given.items():
        if name not in parameters:
            raise unknown_name("parameter", name, parameters, where=where)
        parameter = parameters[name]
        values[name] = (
            parameter.parse(value, where) if isinstance(value, str) else parameter.check(value, where)
        )
    return values


class Named(NamedTuple):
    """A keyword whose value is that of a variable."""

    name: str


#: A keyword whose value follows from something else.
UNKNOWN = object()


def read_value(value: ast.expr) -> Any:
    """What can be known of a value before it is computed."""
    if isinstance(value, ast.Name):
        return Named(value.id)
    try:
        return ast.literal_eval(value)
    except ValueError:
        return UNKNOWN
