"""The rules of the house that a tool can check."""

import re
import subprocess
import sys

import pytest


def _tool(project, *arguments):
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


@pytest.mark.parametrize(
    "command", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=" ".join
)
def test_lint_format_and_types_are_clean(project, command):
    done = _tool(project, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def _texts(project):
    """Files of the project that people write, with their text."""
    folders = ("src", "tests", "notebooks", "book", "benchmarks", ".ci", ".github")
    files = [path for folder in folders for path in sorted((project / folder).rglob("*"))]
    files += [path for path in sorted(project.iterdir()) if path.is_file()]
    made = {"__pycache__", "chapters", "tables"}
    for path in files:
        if path.is_file() and not made & set(path.relative_to(project).parts[:-1]):
            try:
                yield path.relative_to(project), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture


def test_no_file_names_a_package_registry(project):
    address = re.compile(r"://\S*/simpl[e]\b|https?://\S*[.](whl)|(index|extra)-(url)\b")
    for path, text in _texts(project):
        found = [line for line in text.splitlines() if address.search(line)]
        assert not found, f"{path}: {found[0]}"


def test_importing_does_no_work_and_touches_no_network(project):
    program = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise RuntimeError('network at import')\n"
        "socket.socket.connect = refuse\n"
        "import pkgutil, importlib, msstgcn\n"
        "for m in pkgutil.walk_packages(msstgcn.__path__, 'msstgcn.'): importlib.import_module(m.name)\n"
        "import matplotlib.pyplot as plt; assert not plt.get_fignums()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_makefile_sets_up_once(project):
    """With the stamp newer than lock and pyproject, neither command sets anything up."""
    stamp = project / ".venv" / ".ready"
    if not stamp.is_file():
        pytest.skip("this environment was not made by the Makefile")
    shown = subprocess.run(
        ["make", "-n", "book"], cwd=project, capture_output=True, text=True, check=True
    ).stdout
    newer = all(
        stamp.stat().st_mtime >= (project / n).stat().st_mtime
        for n in ("requirements.lock", "pyproject.toml")
    )
    assert ("pip install" in shown) is not newer
    assert "msstgcn book --profile cpu" in shown
