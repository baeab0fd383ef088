"""The whole book, made once in the smoke profile, for the tests of chapters and site; the command line."""

import os
import shutil
import sys

import pytest

from msstgcn.paths import PACKAGE
from msstgcn.runner.book import make_book

PROJECT = PACKAGE.parents[1]
FOLDERS, FILES = ("book", "notebooks"), ("_config.yml", "requirements.lock", "pyproject.toml")


@pytest.fixture(scope="session")
def project():
    """Folder of this checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    """Folder of a copy of the project in which the book was made, in the smoke profile, from nothing."""
    root = tmp_path_factory.mktemp("smoke")
    made = shutil.ignore_patterns("chapters", "tables", "__pycache__", ".ipynb_checkpoints")
    for name in FOLDERS:
        shutil.copytree(PROJECT / name, root / name, ignore=made)
    for name in FILES:
        shutil.copy(PROJECT / name, root / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSSTGCN_ROOT", str(root))
        patch.delenv("MSSTGCN_DATA", raising=False)
        patch.delenv("MSSTGCN_TABLES", raising=False)
        patch.setenv("MSSTGCN_PROGRESS", "lines")
        make_book({"profile": "smoke"})
    return root


@pytest.fixture
def msstgcn(monkeypatch, capsys):
    """Run a command in this process; give status, standard output and standard error."""
    from msstgcn.runner import cli

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["msstgcn", *map(str, arguments)])
        shown_as = os.environ.get("MSSTGCN_PROGRESS", "")
        monkeypatch.setenv("MSSTGCN_PROGRESS", shown_as)  # put back after the test, whatever --quiet did
        with pytest.raises(SystemExit) as caught:
            cli.main()
        shown = capsys.readouterr()
        return caught.value.code or 0, shown.out, shown.err

    return command


@pytest.fixture(scope="session")
def site(smoke):
    """Folder of the HTML of that book."""
    return smoke / "_build" / "html"
