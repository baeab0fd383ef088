"""The figures of the real annotations that the synthetic videos follow."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from msstgcn.errors import lookup

#: The real data sets whose figures are known.
PRESETS: tuple[str, ...] = ("samm-lv", "casme2")


@cache
def _all() -> dict[str, Any]:
    return dict(json.loads(files(__package__).joinpath("statistics.json").read_text(encoding="utf-8")))


def statistics(preset: str) -> dict[str, Any]:
    """Figures of the data set that a preset mirrors, as in `statistics.json`; durations in seconds."""
    figures = {name: value for name, value in _all().items() if name != "about"}
    return dict(lookup(figures, preset, "preset"))
