"""The box at the foot of every chapter: what made these figures and numbers."""

from __future__ import annotations

import datetime
import html
import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from msstgcn import paths
from msstgcn.report.log import warnings

if TYPE_CHECKING:
    from IPython.display import HTML

#: Packages whose versions decide results.
PACKAGES = (
    "msstgcn",
    "numpy",
    "scipy",
    "numba",
    "opencv-python-headless",
    "dlib-bin",
    "torch",
    "torch-geometric",
)


#: Those that decide what is measured in a video, and what a training comes to: part of the keys of both.
MEASURING = ("numpy", "scipy", "numba", "opencv-python-headless", "dlib-bin")
LEARNING = ("numpy", "numba", "torch")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide results; ``missing`` for one that is not installed."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


@cache
def version(package: str) -> str:
    """Version of a package that is installed, else ``missing``."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def commit() -> str:
    """Short commit of the project, with ``+ changes`` if tracked files differ from it; ``none`` outside git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(paths.project_root()), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + (" + changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "none"


def _rows(values: Mapping[str, Any]) -> str:
    texts = {
        name: re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(str(v))) for name, v in values.items()
    }
    return "".join(f"<tr><th>{html.escape(name)}</th><td>{text}</td></tr>" for name, text in texts.items())


def box(chapter: str, parameters: Mapping[str, Any], *, started: str) -> HTML:
    """Return the provenance box of the chapter that this process runs.

    Parameters
    ----------
    chapter : str
        ``NN_name``.
    parameters : mapping
        The values the chapter was run with.
    started : str
        When the run began, ISO 8601 with time zone.
    """
    from IPython.display import HTML

    from msstgcn.runner import stages

    begin = datetime.datetime.fromisoformat(started)
    seconds = (datetime.datetime.now(datetime.UTC) - begin).total_seconds()
    facts = {
        "chapter": chapter,
        "commit": commit(),
        "profile": parameters.get("profile", "none"),
        "parameters": ", ".join(f"{name} = {value}" for name, value in parameters.items()),
        "seed": parameters.get("seed", "none"),
        "data": "; ".join(stages.used_data()) or "none",
        "device": "; ".join(stages.used_devices()) or "cpu",
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
        "run": f"{begin:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s",
        "warnings": "; ".join(warnings()) or "none",
    }
    return HTML(
        '<details class="provenance"><summary>How this page was made</summary>'
        f'<div class="provenance-table"><table>{_rows(facts)}</table></div></details>'
    )
