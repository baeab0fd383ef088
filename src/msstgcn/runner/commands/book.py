"""Look at the machine, run chapters, build the book."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from msstgcn.runner import typed
from msstgcn.runner.commands.options import (
    DatasetOption,
    ProfileOption,
    RepairOption,
    RootOption,
    source_of,
)

JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=1,
        help="Chapters to execute at once; each takes 2 GB, and times that they measure get longer.",
    ),
]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A chapter's parameter; repeatable."),
]


def doctor() -> None:
    """Say what this machine has, what is missing, and how to get it. Status 1 if something needed is missing."""
    from msstgcn.runner import doctor as examiner

    checks = examiner.examine()
    typer.echo(examiner.report(checks))
    if any(check.needed and not check.good for check in checks):
        raise typer.Exit(1)


def book(
    profile: ProfileOption = "cpu",
    parameter: ParameterOption = None,
    dataset: DatasetOption = "synthetic",
    root: RootOption = None,
    repair: RepairOption = "authors",
    jobs: JobsOption = 1,
) -> None:
    """Run every chapter that is not up to date and build the site in _build/html.

    Stopped half-way, the same command goes on where it was. With --dataset and --root chapters 7, 8 and 13 work on
    that data set, for instance: msstgcn book --dataset samm-lv --root /data/SAMM; all others stay synthetic.
    """
    from msstgcn.runner.book import make_book, summary

    started = time.monotonic()
    given = {"profile": profile, **source_of(dataset, root, repair), **typed.assignments(parameter or [])}
    html = make_book(given, jobs)
    typer.echo(summary(html, started, given))


def run(
    chapters: Annotated[
        list[str],
        typer.Argument(
            metavar="CHAPTER...", help="Numbers or names of chapters: 08, or 08_spotting_and_scoring."
        ),
    ],
    parameter: ParameterOption = None,
    profile: ProfileOption = "cpu",
    dataset: DatasetOption = "synthetic",
    root: RootOption = None,
    repair: RepairOption = "authors",
    jobs: JobsOption = 1,
    describe: Annotated[
        bool, typer.Option("--parameters", help="List the chapters' parameters and stop.")
    ] = False,
) -> None:
    """Run chapters, for instance: msstgcn run 08 --profile smoke -p seed=3, or msstgcn run 09 10 11 --jobs 2."""
    from msstgcn.runner.book import run_chapters
    from msstgcn.runner.chapters import find

    if describe:
        for one in map(find, chapters):
            if len(chapters) > 1:
                typer.echo(f"# {one.name}")
            for item in one.parameters.values():
                typer.echo(f"{item.name} = {item.default!r}: {item.expected}; {item.meaning}")
        return
    given = {"profile": profile, **source_of(dataset, root, repair), **typed.assignments(parameter or [])}
    for executed, ran in run_chapters(chapters, given, jobs).items():
        typer.echo(f"{executed}{'' if ran else ' (nothing had changed: taken from the ledger)'}")
