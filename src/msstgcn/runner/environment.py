"""The three files that say which versions are used, and how they are kept in step.

``pyproject.toml`` holds ranges, ``requirements.lock`` exact versions with hashes, ``environment.yml`` the same
versions for conda users. ``python -m msstgcn.runner.environment`` writes the last from the second.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from msstgcn import paths
from msstgcn.files import written_whole

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$")


def torch_pin(root: Path) -> str:
    """The one requirement that is installed first and without a hash, as ``torch==2.13.0``."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(entry for entry in project["dependencies"] if entry.startswith("torch=="))


def locked(root: Path) -> list[tuple[str, str, str]]:
    """Name, exact version and marker (may be empty) of every package in ``requirements.lock``, in its order."""
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [match for match in map(_PIN.match, lines) if match]
    return [(pin["name"], pin["version"], (pin["marker"] or "").strip()) for pin in pins]


def environment_yml(root: Path) -> str:
    """The text of ``environment.yml``: conda gives Python and ffmpeg, pip the locked versions and this project."""
    pins = [
        f"{name}=={version}" + (f" ; {marker}" if marker else "") for name, version, marker in locked(root)
    ]
    lines = [
        "# Made from requirements.lock by `python -m msstgcn.runner.environment`; do not edit.",
        "name: msstgcn",
        "channels: [conda-forge]",
        "dependencies:",
        "  - python=3.12",
        "  - ffmpeg",
        "  - pip",
        "  - pip:",
        *(f'      - "{pin}"' for pin in [torch_pin(root), *pins]),
        '      - "-e ."',
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write ``environment.yml``."""
    root = paths.project_root()
    with written_whole(root / "environment.yml") as temporary:
        temporary.write_text(environment_yml(root), encoding="utf-8")


if __name__ == "__main__":
    main()
