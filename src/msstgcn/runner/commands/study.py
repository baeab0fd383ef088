"""Run studies, and say which there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msstgcn.errors import InputError
from msstgcn.runner import typed
from msstgcn.runner.commands.options import (
    DatasetOption,
    DeviceOption,
    JsonOption,
    ProfileOption,
    RecordOption,
    RepairOption,
    RootOption,
    SeedOption,
    must_be_writable,
    source_of,
)

if TYPE_CHECKING:
    from msstgcn.studies import Study

app = typer.Typer(
    help="Experiments: variants side by side, on the same subjects. For instance: msstgcn study run lambda",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_ALL = "all"  # in the place of studies' names


@app.command("list")
def study_list(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A study whose variants are to be shown.")
    ] = None,
) -> None:
    """Every study, one a line: the chapter that tells it, its name, its question.

    With a name the variants of that study, one a line with what each sets; the first is the one that the others are
    compared with. For instance: msstgcn study list lambda
    """
    from msstgcn.studies import STUDIES, study

    if name is not None:
        for variant, own in study(name).variants.items():
            sets = " ".join(f"{key}={typed.compact(value)}" for key, value in own.items())
            typer.echo(f"{variant}: {sets or '(as the method has it)'}")
        return
    width = max(map(len, STUDIES))
    for one in STUDIES.values():
        typer.echo(f"{one.chapter:2}  {one.name:{width}}  {one.question}")


@app.command("run")
def study_run(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Studies, or `all`; see `msstgcn study list`.")
    ],
    profile: ProfileOption = "cpu",
    seed: SeedOption = 0,
    seeds: Annotated[
        int,
        typer.Option(
            min=1, max=1000, help="Trainings of each variant; fewer than three tell no two networks apart."
        ),
    ] = 1,
    device: DeviceOption = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="VARIANT", help="Of the variants this beside the first; repeatable."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of every variant, as epochs=5, but none that the study varies; repeatable.",
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add",
            metavar="'NAME: SETTING=VALUE ...'",
            help="A variant of your own, as 'mine: lambda_contrast=0.2 epochs=4'; repeatable.",
        ),
    ] = None,
    dataset: DatasetOption = "synthetic",
    root: RootOption = None,
    repair: RepairOption = "authors",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the table (CSV, Markdown, LaTeX) and the figure (PNG)."),
    ] = None,
    as_json: JsonOption = False,
    record: RecordOption = False,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep each result in benchmarks/kept/, from where --record takes it."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, say what it will take, and run nothing.")
    ] = False,
) -> None:
    """Train and score every variant of a study, and compare each with the first.

    What it will take is said before it begins. Stopped half-way, the same command goes on where it was; variants that
    were made before are not made again. Variants and what they set are told by msstgcn study list NAME; names, ranges
    and meanings of settings stand in src/msstgcn/settings/stages.py.

    A run of record may take several goes, or machines that keep nothing: with --keep what has been made
    of it is kept, by seeds or by variants, and --record makes the rest.

    For instance: msstgcn study run lambda --seeds 3 --only 0 --set epochs=4
    """
    from msstgcn.runner import runs_of_record
    from msstgcn.runner.study_output import as_json as json_of
    from msstgcn.runner.study_output import as_text, write_study

    changes, own = typed.settings(setting or [], "--set"), typed.variants(add or [])
    source = source_of(dataset, root, repair)
    chosen = _studies(names, source)
    must_be_writable(folders=[out])
    given: dict[str, Any] = {"seed": seed, "seeds": seeds, **source, **changes}
    given_all = {"device": device, "only": only or None, "add": own or None, **given}
    if dry_run and as_json:
        raise InputError("--dry-run with --json", expected="one of them")
    if dry_run:
        typer.echo(runs_of_record.weigh(chosen, profile, record=record, keep=keep, **given_all))
        return
    made = runs_of_record.run_and_record(chosen, profile, record=record, keep=keep, **given_all)
    about = {"profile": profile, **given}
    for result, record_path in made:
        table = result.table()
        typer.echo(json_of(result, table, about) if as_json else as_text(result, table))
        for path in (*(write_study(result, out) if out else ()), *filter(None, [record_path])):
            typer.echo(path, err=True)


def _studies(names: list[str], source: Mapping[str, object]) -> list[Study]:
    """The studies of these names, each once; ``all`` stands for those that can be run on the data."""
    from msstgcn.runner.study_runs import answerable
    from msstgcn.studies import STUDIES, study

    found = [study(name) for name in dict.fromkeys(names) if name != _ALL]
    if _ALL not in names:
        return found
    if found:
        raise InputError(f"{_ALL} and {found[0].name}", expected=f"{_ALL}, or names of studies")
    return answerable(STUDIES.values(), source)
