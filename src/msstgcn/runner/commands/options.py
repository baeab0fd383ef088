"""Options that several commands take, and what is refused before any of them runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from msstgcn.errors import InputError
from msstgcn.paths import writable

ProfileOption = Annotated[
    str, typer.Option("--profile", help="smoke (seconds), cpu (minutes) or gpu (full size).")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Everything random follows from it.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
LayoutOption = Annotated[str, typer.Option("--layout", help="samm-lv, casme2 or folder.")]
RepairOption = Annotated[
    str,
    typer.Option(
        "--repair",
        help="How to mend annotations: authors, offset-at-apex, mirrored, apex-plus-20 or drop.",
    ),
]
DatasetOption = Annotated[
    str,
    typer.Option(
        "--dataset", help="synthetic, or the layout of a data set on disk: samm-lv, casme2 or folder."
    ),
]
RootOption = Annotated[Path | None, typer.Option("--root", help="Folder of the data set on disk.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
RecordOption = Annotated[
    bool, typer.Option("--record", help="Keep the figures in benchmarks/, with date, commit and versions.")
]


def must_be_writable(
    *,
    folders: Iterable[Path | None] = (),
    files: Iterable[Path | None] = (),
    read: Iterable[Path | None] = (),
) -> None:
    """Refuse, before anything runs, places that results cannot be written to; None is one not asked for.

    Files must differ from each other, and from those that are `read`.
    """
    taken = {path.resolve() for path in filter(None, read)}
    for folder in filter(None, folders):
        writable(folder)
    for file in filter(None, files):
        if file.is_dir():
            raise InputError("this is a folder", where=file, expected="the name of a file to write")
        if file.resolve() in taken:
            raise InputError("this file is read, or written twice", where=file, do="give another name")
        taken.add(file.resolve())
        writable(file.parent)


def source_of(dataset: str, root: Path | None, repair: str) -> dict[str, object]:
    """The parameters that say which data set on disk to work on; none for synthetic videos."""
    if (dataset, root) == ("synthetic", None):
        return {}
    from msstgcn.runner.sources import on_disk

    chosen = on_disk(dataset, root, repair)
    return chosen.model_dump() if chosen else {}
