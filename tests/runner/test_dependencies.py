"""Digests follow the code that a result depends on, and no other."""

import importlib
import subprocess
import sys
import textwrap
import threading

import pytest

from msstgcn import learning, motion
from msstgcn.runner import dependencies, score_stages, stages, variant_results
from msstgcn.runner.study_parts import Part


def _as_in_a_new_process():
    dependencies._sources.cache_clear()
    dependencies.code_digest.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of the same name in a temporary folder."""
    files = {
        "__init__.py": "",
        "errors.py": "",
        "low/__init__.py": "from msstgcn.low.a import x\nfrom msstgcn.low.c import c, y as z\n__all__ = ['x']\n",
        "low/c.py": "",
        "low/a.py": "from msstgcn.errors import E\n",
        "low/figures.json": "{}",
        "high/__init__.py": "",
        "high/b.py": "def f():\n    import msstgcn.low.a\n",
        "busy/__init__.py": "from msstgcn.low.a import x\nx.change()\n",
        "busy/d.py": "",
        "other.py": "import numpy\n",
    }
    for name, text in files.items():
        path = tmp_path / "msstgcn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(dependencies, "PACKAGE", tmp_path / "msstgcn")
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    _as_in_a_new_process()
    yield tmp_path / "msstgcn"
    _as_in_a_new_process()


def test_the_closure_follows_imports_even_inside_functions(package):
    assert set(dependencies.closure(["msstgcn.high.b"])) - {"msstgcn", "msstgcn.low", "msstgcn.high"} == {
        "msstgcn.errors", "msstgcn.high.b", "msstgcn.low.a",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from msstgcn.low import x", "low.a"),
        ("from msstgcn.low import z", "low.c"),
        ("from msstgcn.low import c", "low.c"),  # the module, or what is called so in it
        ("from msstgcn.low import nosuch", "low"),
        ("from msstgcn import low", "low"),
        ("import msstgcn.low", "low"),
        ("from msstgcn.busy import x", "busy"),  # it does more than hand on
        ("import msstgcn.busy.d", "busy busy.d"),
    ],
)
def test_a_name_counts_for_the_module_that_defines_it(package, line, names):
    found = {name.removeprefix("msstgcn.") for name in dependencies.imported_modules(line)} - {"msstgcn"}
    assert found == set(names.split())
    everything = {"msstgcn.low", "msstgcn.low.a", "msstgcn.low.c", "msstgcn.errors"}
    assert everything <= set(dependencies.closure(["msstgcn.low"]))


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("low/a.py", True),
        ("errors.py", True),
        ("low/figures.json", True),
        ("low/c.py", False),
        ("other.py", False),
        ("low/new.py", False),
    ],
)
def test_the_digest_changes_with_what_it_depends_on(package, file, changes):
    before = dependencies.code_digest("msstgcn.high.b")
    (package / file).write_text("y = 1\n")
    _as_in_a_new_process()
    assert (dependencies.code_digest("msstgcn.high.b") != before) is changes


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ('"""Other words."""\n\n\ndef f(x):\n    """Other words."""\n    return x + 1  # why\n', False),
        ('"""Words."""\n\ndef f(x):\n    """Words."""\n    return x + 2\n', True),
        ("def f(x):\n    return x + 1\n", False),
        ("# Why.\n\n\ndef f(x):\n    # how\n\n    return x + 1  # what\n", False),
        ('"""Words."""; y = 1\n\ndef f(x):\n    return x + 1\n', True),
        ('"""Words."""\n\nW = "Words."\n\ndef f(x):\n    """Words."""\n    return x + 1\n', True),
    ],
)
def test_words_about_the_code_are_no_part_of_the_digest(package, text, changes):
    (package / "low/a.py").write_text('"""Words."""\n\ndef f(x):\n    """Words."""\n    return x + 1\n')
    _as_in_a_new_process()
    before = dependencies.code_digest("msstgcn.high.b")
    (package / "low/a.py").write_text(text)
    _as_in_a_new_process()
    assert (dependencies.code_digest("msstgcn.high.b") != before) is changes


def test_what_was_read_of_the_sources_is_kept_until_one_of_them_changes(package, monkeypatch):
    before = dependencies.code_digest("msstgcn.high.b"), dependencies.closure(["msstgcn.high.b"])
    read = []
    parse = dependencies._read
    monkeypatch.setattr(dependencies, "_read", lambda text: read.append(text) or parse(text))
    _as_in_a_new_process()
    assert (dependencies.code_digest("msstgcn.high.b"), dependencies.closure(["msstgcn.high.b"])) == before
    assert read == []
    (package / "low/a.py").write_text("y = 1\n")
    _as_in_a_new_process()
    assert dependencies.code_digest("msstgcn.high.b") != before[0]
    assert "y = 1\n" in read


def test_where_nothing_can_be_written_the_digest_is_the_same(package, tmp_path, monkeypatch):
    before = dependencies.code_digest("msstgcn.high.b")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "file" / "data"))
    _as_in_a_new_process()
    assert dependencies.code_digest("msstgcn.high.b") == before


def test_a_blank_line_within_a_text_counts(package):
    digests = set()
    for text in ("T = '''a\n\nb'''\n", "T = '''a\nb'''\n", "T = '''a\n# b'''\n", "T = '''a \n# b'''\n"):
        (package / "low/a.py").write_text(text)
        _as_in_a_new_process()
        digests.add(dependencies.code_digest("msstgcn.high.b"))
    assert len(digests) == 4


def test_imports_are_read_from_source():
    source = textwrap.dedent("""
        import numpy, msstgcn.timeline.tables
        from msstgcn import report
        from msstgcn.settings import profile
        from . import x
    """)
    assert dependencies.imported_modules(source) - {"msstgcn"} == {
        "msstgcn.timeline.tables", "msstgcn.report", "msstgcn.settings.profiles",
    }  # fmt: skip


def test_no_import_that_python_makes_is_missed():
    """Python's own record of what `msstgcn.timeline` loads is the oracle; what packages only hand on is loaded, too."""
    program = "import sys, msstgcn.timeline; print(*[m for m in sys.modules if m.split('.')[0] == 'msstgcn'])"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert set(loaded.split()) - {"msstgcn"} == set(dependencies.closure(["msstgcn.timeline"])) - {"msstgcn"}


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


def _called(work):
    """Modules of this package of which something was called, in whatever thread; what imports do does not count."""
    seen = set()

    def look(frame, event, _):
        if event == "call" and frame.f_code.co_name != "<module>":
            seen.add(frame.f_globals.get("__name__", ""))

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return {name for name in seen if name.split(".")[0] == "msstgcn"}


#: What gives a count the videos, which are in its key themselves.
HANDING_OVER = {"msstgcn.runner.feature_stages"}


def test_nothing_takes_part_in_a_result_that_is_not_in_its_key():
    """What is called while features are made, networks trained and intervals counted is the oracle."""
    chosen = stages.profile("smoke", subjects=3, videos=1, seconds=12, epochs=1, channels=6)
    data, part, made = stages.dataset(chosen), Part("a", chosen), {}

    def measure():
        made["features"] = [motion.extract(video, chosen.motion) for video in data.videos]

    def train():
        made["run"] = learning.train_loso(made["features"], chosen.network, chosen.learning)

    def count():
        variant_results.tables_of(part, score_stages.predictions(made["run"], chosen))

    counting = {score_stages.__name__, variant_results.__name__}
    for work, roots, more in (
        (measure, ("msstgcn.motion", type(data.videos[0]).__module__), set()),
        (train, ("msstgcn.learning",), set()),
        (count, ("msstgcn.spotting", "msstgcn.learning"), counting | HANDING_OVER),
    ):
        called = _called(work)
        assert len(called) > 3 and called - set(dependencies.closure(roots)) <= more, work.__name__
