"""Chapters run strictly, once, and whole."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from msstgcn.errors import InputError
from msstgcn.runner.book import make_book, run_chapters, toc_entries
from msstgcn.runner.chapters import Chapter, find
from msstgcn.runner.parameters import UNKNOWN, Named


def _outputs(path):
    notebook = nbformat.read(path, as_version=4)
    return "".join(str(cell.get("outputs", "")) for cell in notebook.cells)


def test_a_chapter_is_found_by_number_or_name(tiny):
    assert find("1").name == find("01").name == find("01_tiny").name == "01_tiny"
    with pytest.raises(InputError, match="unknown chapter '9'.*01_tiny"):
        find("9")


def test_a_run_publishes_notebook_and_tables_and_a_second_takes_the_ledger(tiny):
    ((path, ran),) = run_chapters(["1"], {"first": "3"}).items()
    assert ran and path == tiny / "book" / "chapters" / "01_tiny.ipynb"
    assert (tiny / "book" / "tables" / "sums.csv").read_text() == "sum\n3.5\n"
    assert "provenance" in _outputs(path) and "first = 3" in _outputs(path)
    assert run_chapters(["1"], {"first": 3}) == {path: False}


def test_chapters_run_beside_each_other_as_they_do_one_after_the_other(tiny):
    """In a process of its own, because those that work for it keep its first environment.

    The first two to be executed wait for each other.
    """
    meet = f"""
# %%
import pathlib, time
here = pathlib.Path({str(tiny)!r})
(here / f"met-{{time.time_ns()}}").touch()
until = time.monotonic() + 120
while len(list(here.glob("met-*"))) < 2 and time.monotonic() < until:
    time.sleep(0.05)
assert len(list(here.glob("met-*"))) >= 2, "nobody works beside this one"
"""
    source = (tiny / "notebooks" / "01_tiny.py").read_text()
    for number, name in ((1, "tiny"), (2, "next"), (3, "last")):
        own = source.replace("ch1_sum", f"ch{number}_sum").replace("sums", f"sums{number}")
        (tiny / "notebooks" / f"0{number}_{name}.py").write_text(own + (meet if number != 2 else ""))

    def run(given, jobs):
        program = "from msstgcn.runner.book import run_chapters\n"
        program += f"print([*run_chapters(['3', '1', '2', '1'], {given}, {jobs}).items()])"
        environment = {**os.environ, "MSSTGCN_PROGRESS": "silent"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        return done.stdout, done.stderr

    tables = {"sums1.csv": "sum\n3.5\n", "sums2.csv": "sum\n3.5\n", "sums3.csv": "sum\n3.5\n"}
    paths = [tiny / "book" / "chapters" / f"{name}.ipynb" for name in ("03_last", "01_tiny", "02_next")]
    assert run({"first": 3}, 2) == (f"{[(path, True) for path in paths]}\n", "")
    assert {path.name: path.read_text() for path in (tiny / "book" / "tables").glob("*.csv")} == tables
    assert all("first = 3" in _outputs(path) for path in paths)
    assert run({"first": 3}, 1) == (f"{[(path, False) for path in paths]}\n", ""), "the same results"
    _, error = run({"mode": "fail"}, 2)
    assert re.search(r"InputError: chapter 0\d_\w+, code cell 4: RuntimeError: the sky fell", error)
    run({"first": 3}, 1)
    assert not list((tiny / "data").rglob(".unfinished*")), "what a process left that was stopped is swept"


def test_a_change_of_chapter_parameter_or_lock_runs_it_again(tiny):
    chapter = find("1")
    keys = {chapter.key(chapter.values({})), chapter.key(chapter.values({"first": 4}))}
    (tiny / "requirements.lock").write_text("a==2\n")
    keys.add(chapter.key(chapter.values({})))
    source = tiny / "notebooks" / "01_tiny.py"
    source.write_text(source.read_text() + "\n# %%\n1 + 1\n")
    changed = Chapter(source)
    keys.add(changed.key(changed.values({})))
    assert len(keys) == 4


def test_a_new_record_or_another_landmark_predictor_runs_what_reads_them_again(tiny, tmp_path, monkeypatch):
    """Records are read by a module that the chapter imports, not by the chapter."""
    plain, source = find("1"), tiny / "notebooks" / "01_tiny.py"
    reads = Chapter(source.with_name("02_reads.py"))
    reads.source.write_text(
        source.read_text().replace("import pandas", "from msstgcn.runner import sections\nimport pandas")
    )
    before = [one.key(one.values({})) for one in (plain, reads)]
    (tiny / "benchmarks").mkdir()
    (tiny / "benchmarks" / "study-main-2026-01-01.json").write_text("{}")
    after = [one.key(one.values({})) for one in (plain, reads)]
    assert before[0] == after[0] and before[1] != after[1]
    predictor = tmp_path / "own.dat"
    monkeypatch.setenv("MSSTGCN_PREDICTOR", str(predictor))
    keys = set(after[:1])
    for content in ("one", "two"):
        predictor.write_text(content)
        keys.add(plain.key(plain.values({})))
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"third": 1}, r"chapter 01_tiny: unknown parameter 'third'; expected one of first, second, mode"),
        ({"first": "many"}, "first = 'many'.*whole number from 0 to 100"),
        ({"second": 7.0}, "second = 7.0.*number from 0 to 1"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(tiny, given, message):
    for call in (lambda: run_chapters(["1"], given), lambda: make_book(given)):
        with pytest.raises(InputError, match=message):
            call()
    assert not (tiny / "data" / "chapters").exists()


@pytest.mark.parametrize(
    ("mode", "message"),
    [("fail", "RuntimeError: the sky fell"), ("refuse", "video a, frame 12: two faces")],
)
def test_a_failing_cell_is_one_message_and_keeps_the_last_good_result(tiny, mode, message):
    run_chapters(["1"], {})
    published = tiny / "book" / "chapters" / "01_tiny.ipynb"
    before = published.read_bytes()
    with pytest.raises(InputError, match=f"chapter 01_tiny, code cell 4: {message}") as caught:
        run_chapters(["1"], {"mode": mode})
    log = tiny / "data" / "logs" / "01_tiny.log"
    assert str(log) in str(caught.value)
    assert "Traceback" in log.read_text()
    assert published.read_bytes() == before
    assert not list((tiny / "data").rglob(".unfinished*"))


def test_a_kernel_that_is_killed_is_one_message(tiny):
    source = tiny / "notebooks" / "01_tiny.py"
    killed = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    source.write_text(
        source.read_text().replace('raise RuntimeError("the sky fell")', killed.replace("\n", "; "))
    )
    with pytest.raises(
        InputError, match=r"chapter 01_tiny: the process .* was killed, most likely because memory"
    ):
        run_chapters(["1"], {"mode": "fail"})
    assert not list((tiny / "data").rglob(".unfinished*"))


def test_a_chapter_needs_one_parameters_cell(tiny):
    source = tiny / "notebooks" / "01_tiny.py"
    source.write_text(source.read_text().replace('tags=["parameters"]', ""))
    with pytest.raises(InputError, match="0 cells tagged parameters.*exactly one"):
        run_chapters(["1"], {})


def test_stages_and_what_they_are_given_are_read_from_the_code(tiny):
    source = tiny / "notebooks" / "01_tiny.py"
    source.write_text(
        source.read_text() + '\n# %%\nstages.features(p)\nstages.loso(p, device=d, control="x")\n'
        'stages.study("window", profile, only=["a", "b"], seeds=1 + 1)\n'
    )
    assert Chapter(source).stages == [
        ("features", {"which": Named("p")}),
        ("loso", {"which": Named("p"), "device": Named("d"), "control": "x"}),
        (
            "study",
            {"which": "window", "profile": Named("profile"), "only": ["a", "b"], "seeds": UNKNOWN},
        ),
    ]


def test_a_table_of_contents_is_read_in_order(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text(
        "format: jb-book\nroot: index\n"
        "parts:\n- chapters:\n  - file: a\n    sections:\n    - file: b\n- chapters:\n  - file: c\n"
    )
    assert toc_entries(toc) == ["index", "a", "b", "c"]


def test_the_book_is_built_once_and_again_after_a_change(tiny):
    html = make_book({"first": "5"})
    assert html == tiny / "_build" / "html"
    assert "5.5" in (html / "chapters" / "01_tiny.html").read_text()
    marker = html / "marker"
    marker.touch()
    make_book({"first": "5"})
    assert marker.exists(), "a second run must not build again"
    (tiny / "book" / "index.md").write_text("# Tiny\n\nAnother book.\n")
    make_book({"first": "5"})
    assert not marker.exists()
    assert "Another book" in (html / "index.html").read_text()


def test_an_unclean_site_is_refused_and_the_old_one_stays(tiny):
    make_book({})
    index = tiny / "book" / "index.md"
    index.write_text("# Tiny\n\n[nowhere](nowhere.md)\n")
    with pytest.raises(InputError, match=r"does not build cleanly.*nowhere.*site\.log"):
        make_book({})
    assert (tiny / "_build" / "html" / "index.html").is_file()


def test_a_toc_that_lists_what_is_not_there_is_refused(tiny):
    toc = tiny / "book" / "_toc.yml"
    toc.write_text(toc.read_text().replace("01_tiny", "02_other"))
    with pytest.raises(InputError, match="lists a chapter that does not exist: 02_other"):
        make_book({})


def test_what_earlier_runs_left_is_removed(tiny):
    make_book({})
    for name in ("chapters/07_old.ipynb", "tables/old.csv", "chapters/.01_tiny.x.tmp.ipynb"):
        (tiny / "book" / name).write_text("{}")
    make_book({})
    assert sorted(path.name for path in (tiny / "book" / "chapters").iterdir()) == ["01_tiny.ipynb"]
    assert sorted(path.name for path in (tiny / "book" / "tables").iterdir()) == [
        "sums.csv",
        "sums.md",
        "sums.tex",
    ]
