"""What is typed on a command line: values by name, settings of stages, variants of a study."""

from __future__ import annotations

import json
import re

from msstgcn.errors import InputError, unknown_name


def assignments(items: list[str], option: str = "-p") -> dict[str, object]:
    """Read ``name=value`` items of an option."""
    values: dict[str, object] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise InputError(f"{option} {item}", expected=f"{option} name=value")
        if name in values:
            raise InputError(f"{option} {name} is given twice", expected="each name once")
        values[name] = text
    return values


def settings(items: list[str], option: str, *more: str) -> dict[str, object]:
    """Read settings of stages, ``name=value``, and of whatever else may be named."""
    from msstgcn.runner.feature_stages import must_change, setting_names

    found = {name: _literal(name, str(value)) for name, value in assignments(items, option).items()}
    known = [*setting_names(), *more]
    for name in found:
        if name not in known:
            raise unknown_name("setting", name, known, where=option)
    must_change(found, option)
    return found


def variants(items: list[str]) -> dict[str, dict[str, object]]:
    """Read variants, each of another name."""
    found: dict[str, dict[str, object]] = {}
    for name, own in map(_variant, items):
        if name in found:
            raise InputError(f"--add names {name!r} twice", expected="another name for each variant")
        found[name] = own
    return found


def _variant(text: str) -> tuple[str, dict[str, object]]:
    """Read a variant, ``name: setting=value ...``; there may be colons in the name, and spaces in values."""
    found = re.fullmatch(r"(.+?)\s*:\s*(\w+=.*)", text.strip(), re.DOTALL)
    if found is None:
        raise InputError(f"--add {text!r}", expected="--add 'NAME: SETTING=VALUE ...'")
    name, items = found.groups()
    return name, settings(re.split(r"\s+(?=\w+=)", items), f"--add {name!r}", "control", "method")


def _literal(name: str, text: str) -> object:
    """What a setting's value is: JSON where the text is that, otherwise the text; regions have numbers for names."""
    if name == "regions" and not text.startswith("["):
        return text.strip('"')
    try:
        return json.loads(text)
    except ValueError:
        return text


def compact(value: object) -> str:
    """A setting's value as the command line takes it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
