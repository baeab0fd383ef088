"""From chapters to the published book: stages, chapters, site. Every step is skipped where its result is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from msstgcn import paths
from msstgcn.errors import InputError
from msstgcn.files import digest_file, sweep, written_whole
from msstgcn.report.log import bar
from msstgcn.runner import executors
from msstgcn.runner.chapters import Chapter, chapters, execute, find, publish, tables_of
from msstgcn.runner.parameters import Value
from msstgcn.runner.store import Store, key_of


def toc_entries(toc: Path) -> list[str]:
    """Documents of a Jupyter Book table of contents, in order, without ending."""

    def walk(node: Any) -> list[str]:
        if isinstance(node, list):
            return [entry for item in node for entry in walk(item)]
        if isinstance(node, dict):
            own = [str(node[key]) for key in ("root", "file") if key in node]
            return own + [entry for value in node.values() for entry in walk(value)]
        return []

    return walk(yaml.safe_load(toc.read_text(encoding="utf-8")))


def _check_toc(root: Path, known: list[Chapter]) -> None:
    listed = {
        entry.split("/")[-1]
        for entry in toc_entries(root / "book" / "_toc.yml")
        if entry.startswith("chapters/")
    }
    for difference, problem in (
        (listed - {chapter.name for chapter in known}, "lists a chapter that does not exist"),
        ({chapter.name for chapter in known} - listed, "leaves a chapter out"),
    ):
        if difference:
            raise InputError(f"{problem}: {', '.join(sorted(difference))}", where=root / "book" / "_toc.yml")


def run_chapters(which: Sequence[str], given: Mapping[str, object], jobs: int = 1) -> dict[Path, bool]:
    """Run chapters with their stages, and publish their notebooks and tables.

    Parameters
    ----------
    which : sequence of str
        Number or name of each.
    given : mapping
        Parameters for every one of them that has them.
    jobs : int
        Chapters to execute at once.

    Returns
    -------
    dict of Path to bool
        Where each notebook lies, in the order of `which`, and whether it ran.

    Raises
    ------
    InputError
        On an unknown chapter, a wrong parameter or a failed chapter.
    """
    wanted = _wanted([find(one) for one in which], given)
    _, ran = _run(wanted, jobs)
    folder = paths.project_root() / "book" / "chapters"
    return {folder / f"{chapter.name}.ipynb": chapter in ran for chapter in wanted}


def make_book(given: Mapping[str, object], jobs: int = 1) -> Path:
    """Run what has to be run, build the site, and return the folder of its HTML.

    Parameters
    ----------
    given : mapping
        Parameters for every chapter that has them, ``profile`` first of all.
    jobs : int
        Chapters to execute at once.

    Raises
    ------
    InputError
        On a wrong parameter, a failed chapter or a site that does not build cleanly.
    """
    root = paths.project_root()
    known = chapters()
    _check_toc(root, known)
    made, _ = _run(_wanted(known, given), jobs)
    _remove_others(root / "book" / "chapters", {f"{chapter.name}.ipynb" for chapter in known})
    _remove_others(paths.tables_dir(), {table.name for folder in made for table in tables_of(folder)})
    return _build_site(root)


def _wanted(known: Sequence[Chapter], given: Mapping[str, object]) -> dict[Chapter, dict[str, Value]]:
    """All parameters of chapters, those that are given to whom has them; one that nobody has is refused."""
    for name in given:
        if not any(name in chapter.parameters for chapter in known):
            known[0].values({name: given[name]})  # refuses the name and lists the right ones
    return {
        chapter: chapter.values({k: v for k, v in given.items() if k in chapter.parameters})
        for chapter in known
    }


def _run(wanted: Mapping[Chapter, Mapping[str, Value]], jobs: int) -> tuple[list[Path], list[Chapter]]:
    """Make the stages that chapters need, execute those that are not in the store, publish all.

    With nothing to do, not even the packages are loaded.

    Returns
    -------
    folders : list of Path
        Where each chapter lies in the store.
    ran : list of Chapter
        Those that were not there.
    """
    store = Store(paths.data_root())
    sweep(store.root)
    places = {chapter: chapter.place(values) for chapter, values in wanted.items()}
    there = {chapter: store.folder(*place) for chapter, place in places.items() if store.entry(*place)}
    missing = [chapter for chapter in wanted if chapter not in there]
    if missing:
        from msstgcn.runner import stages

        stages.prepare((chapter.stages, wanted[chapter]) for chapter in missing)
    for chapter, folder in there.items():
        publish(chapter, folder)
    made = list(there.values())
    calls = [(chapter, wanted[chapter], store) for chapter in missing]
    with bar("chapters", len(missing), "chapter") as advance:
        for number, folder in executors.run(execute, calls, f"local://{jobs}"):  # one: in this process
            publish(missing[number], folder)
            made.append(folder)
            advance(1)
    return made, missing


def _remove_others(folder: Path, keep: set[str]) -> None:
    """Remove what an earlier or a killed run left in a folder that only runs write to."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name not in keep and path.is_file():
                path.unlink()


def _site_key(root: Path) -> str:
    sources = [
        path
        for path in sorted((root / "book").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    sources += [path for path in (root / "_config.yml", root / "requirements.lock") if path.is_file()]
    return key_of(*(f"{path.relative_to(root)} {digest_file(path)}" for path in sources))


def _build_site(root: Path) -> Path:
    """Build beside the present site and swap, so that a reader never sees half of one."""
    html, stamp, key = root / "_build" / "html", root / "_build" / ".site-key", _site_key(root)
    if html.is_dir() and stamp.is_file() and stamp.read_text() == key:
        return html
    fresh = root / "_build" / ".next"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with bar("site", 1, "site") as advance:
        _jupyter_book(root, fresh)
        advance(1)
    built = fresh / "_build" / "html"
    _check_site(root, built)
    stamp.unlink(missing_ok=True)
    shutil.rmtree(html, ignore_errors=True)
    built.rename(html)
    shutil.rmtree(fresh)
    with written_whole(stamp) as temporary:
        temporary.write_text(key)
    return html


def _jupyter_book(root: Path, out: Path) -> None:
    program = "from jupyter_book.cli.main import main; main()"
    command = [
        sys.executable, "-c", program, "build", "book", "--config", "_config.yml",
        "--path-output", str(out), "-W", "-n", "--keep-going",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    log = root / "_build" / "site.log"
    with written_whole(log) as temporary:
        temporary.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        lines = [
            line
            for line in (done.stdout + done.stderr).splitlines()
            if re.search(r"WARNING|ERROR|rror:", line)
        ]
        first = re.sub(r"\x1b\[[0-9;]*m", "", lines[0]) if lines else f"status {done.returncode}"
        raise InputError(
            f"the site does not build cleanly: {first}", where=root / "book", do=f"all of it is in {log}"
        )


def _check_site(root: Path, html: Path) -> None:
    """A green exit code can hide an empty site: look at the pages themselves."""
    for entry in toc_entries(root / "book" / "_toc.yml"):
        page = html / f"{entry}.html"
        if not page.is_file():
            raise InputError(
                "the site lacks a page", where=page, expected="one page for each entry of _toc.yml"
            )
        if "Traceback (most recent call last)" in page.read_text(encoding="utf-8"):
            raise InputError("the page shows a traceback", where=page)


def summary(html: Path, started: float, given: Mapping[str, object] | None = None) -> str:
    """Say what a run made, from which data set on disk if from one, and how long it took."""
    known, given = chapters(), given or {}
    tables = len(list(paths.tables_dir().glob("*.csv"))) if paths.tables_dir().is_dir() else 0
    took = f"{time.monotonic() - started:.0f} s"
    lines = [
        str(html / "index.html"),
        f"{len(known)} chapters, {tables} tables in {paths.tables_dir()}, {took}",
    ]
    if "root" in given:
        numbers = ", ".join(chapter.number for chapter in known if "root" in chapter.parameters)
        lines.append(
            f"on {given['dataset']} in {given['root']}: chapters {numbers}; the others are synthetic"
        )
    return "\n".join(lines)
