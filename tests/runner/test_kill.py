"""A killed run loses nothing that was finished, and ends with the same tables."""

import os
import signal
import subprocess
import sys
import time

import pytest


def _book(root, *, until=None):
    program = "from msstgcn.runner.book import make_book; make_book({})"
    _run("-c", program, MSSTGCN_ROOT=str(root), until=until)


def _run(*command, until=None, **environment):
    """Run Python in a process group of its own; kill it as soon as `until()` is true, and still is when it holds."""
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, "MSSTGCN_PROGRESS": "lines", **environment},
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while until is not None and process.poll() is None:
        if until():
            os.killpg(process.pid, signal.SIGSTOP)
            if until():
                os.killpg(process.pid, signal.SIGKILL)
                break
            os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.05)
    _, error = process.communicate()
    assert process.returncode == (0 if until is None else -signal.SIGKILL), error


@pytest.mark.slow
def test_killed_anywhere_it_goes_on_and_ends_the_same(tiny):
    second = (tiny / "notebooks" / "01_tiny.py").read_text().replace("first + second", "first * second")
    second = second.replace("ch1_sum", "ch2_sum").replace("sums", "products")
    (tiny / "notebooks" / "02_next.py").write_text(second)
    with (tiny / "book" / "_toc.yml").open("a") as toc:
        toc.write("- file: chapters/02_next\n")
    ledger, tables, build = tiny / "data" / "chapters", tiny / "book" / "tables", tiny / "_build"

    _book(tiny, until=lambda: any(ledger.glob(".unfinished-*/input.ipynb")))
    assert not tables.exists()
    _book(tiny, until=lambda: any(ledger.glob("01_tiny-*")) and any(ledger.glob(".unfinished-*/input.ipynb")))
    (first,) = ledger.glob("01_tiny-*")
    finished = (first / "entry.json").stat().st_mtime_ns
    _book(tiny, until=lambda: (build / ".next" / "_build").exists())
    assert not (build / "html").exists(), "half a site"

    _book(tiny)
    assert (first / "entry.json").stat().st_mtime_ns == finished, "a finished chapter was run again"
    assert (build / "html" / "chapters" / "02_next.html").is_file()
    found = {path.name: path.read_text() for path in tables.glob("*.csv")}
    assert found == {"sums.csv": "sum\n2.5\n", "products.csv": "sum\n1.0\n"}
    assert not [path for path in tiny.rglob(".*") if "unfinished" in path.name]


@pytest.mark.slow
def test_a_study_killed_while_it_measures_trains_or_counts_goes_on_and_ends_the_same(tmp_path):
    def study(data, **more):
        out = tmp_path / f"of {data}"
        command = (
            "study",
            "run",
            "lambda",
            "--profile",
            "smoke",
            "--device",
            "cpu",
            "--set",
            "epochs=8",
            "--out",
        )
        _run("-m", "msstgcn.runner.cli", *command, str(out), MSSTGCN_DATA=str(tmp_path / data), **more)
        return out

    data = tmp_path / "killed"

    study("killed", until=lambda: len([*data.glob("features/*/*/s*")]) > 1)
    measured = {path: path.stat().st_mtime_ns for path in data.glob("features/*/*/s*/entry.json")}
    assert 1 < len(measured) < 5 and not (data / "runs").exists()
    study("killed", until=lambda: any(data.glob("runs/*/.checkpoints/*")))
    assert not (data / "studies").exists()
    study("killed", until=lambda: any(data.glob("studies/*")))
    kept, whole = study("killed"), study("whole")
    assert {path: path.stat().st_mtime_ns for path in measured} == measured, "measured again"
    assert not [*data.rglob(".unfinished*"), *data.rglob(".checkpoints")]
    tables = [path.name for path in sorted(whole.iterdir()) if path.suffix != ".png"]
    assert tables == ["study_lambda.csv", "study_lambda.md", "study_lambda.tex"]
    assert [(kept / name).read_bytes() for name in tables] == [(whole / name).read_bytes() for name in tables]
