"""Digests follow the code that a result depends on, and no other."""

import importlib
import subprocess
import sys
import textwrap

import pytest

from msstgcn.runner import dependencies


def _as_in_a_new_process():
    dependencies._imports_of.cache_clear()
    dependencies.code_digest.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of the same name in a temporary folder."""
    files = {
        "__init__.py": "",
        "errors.py": "",
        "low/__init__.py": "from msstgcn.low.a import x\n",
        "low/a.py": "from msstgcn.errors import E\n",
        "low/figures.json": "{}",
        "high/__init__.py": "",
        "high/b.py": "def f():\n    import msstgcn.low.a\n",
        "other.py": "import numpy\n",
    }
    for name, text in files.items():
        path = tmp_path / "msstgcn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(dependencies, "PACKAGE", tmp_path / "msstgcn")
    _as_in_a_new_process()
    yield tmp_path / "msstgcn"
    _as_in_a_new_process()


def test_the_closure_follows_imports_even_inside_functions(package):
    assert dependencies.closure(["msstgcn.high.b"]) == [
        "msstgcn", "msstgcn.errors", "msstgcn.high", "msstgcn.high.b", "msstgcn.low", "msstgcn.low.a",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("low/a.py", True),
        ("errors.py", True),
        ("low/figures.json", True),
        ("other.py", False),
        ("low/new.py", False),
    ],
)
def test_the_digest_changes_with_what_it_depends_on(package, file, changes):
    before = dependencies.code_digest("msstgcn.high.b")
    (package / file).write_text("y = 1\n")
    _as_in_a_new_process()
    assert (dependencies.code_digest("msstgcn.high.b") != before) is changes


def test_imports_are_read_from_source():
    source = textwrap.dedent("""
        import numpy, msstgcn.timeline.tables
        from msstgcn import report
        from msstgcn.settings import profile
        from . import x
    """)
    assert dependencies.imported_modules(source) == {
        "msstgcn", "msstgcn.timeline", "msstgcn.timeline.tables", "msstgcn.report", "msstgcn.settings",
    }  # fmt: skip


def test_no_import_that_python_makes_is_missed():
    """Python's own record of what `msstgcn.timeline` loads is the oracle."""
    program = "import sys, msstgcn.timeline; print(*[m for m in sys.modules if m.split('.')[0] == 'msstgcn'])"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert set(loaded.split()) == set(dependencies.closure(["msstgcn.timeline"]))


#: Packages in the order of the chapters; each may import what stands before it.
ORDER = [
    "timeline", "settings", "faces", "datasets", "motion", "graph", "network", "learning", "spotting", "studies",
    "report", "runner",
]  # fmt: skip


@pytest.mark.parametrize("name", ORDER)
def test_data_flows_one_way_through_the_packages(name):
    for path in (dependencies.PACKAGE / name).rglob("*.py"):
        for module in dependencies.imported_modules(path.read_text(encoding="utf-8")):
            parts = module.split(".")
            if len(parts) > 1 and parts[1] in ORDER:
                assert ORDER.index(parts[1]) <= ORDER.index(name), f"{path} imports {module}"


@pytest.mark.parametrize("name", ORDER)
def test_every_package_can_be_imported_alone(name):
    assert importlib.import_module(f"msstgcn.{name}").__doc__
