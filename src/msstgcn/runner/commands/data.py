"""Make and look at data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from msstgcn.files import written_whole
from msstgcn.runner.commands.options import (
    JsonOption,
    LayoutOption,
    ProfileOption,
    RepairOption,
    SeedOption,
    must_be_writable,
)

app = typer.Typer(help="Make and look at data sets.", no_args_is_help=True, rich_markup_mode=None)


@app.command("synth")
def data_synth(
    out: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    preset: Annotated[
        str | None, typer.Option(help="Whose statistics: samm-lv or casme2; none: the layout's, or samm-lv.")
    ] = None,
    difficulty: Annotated[str, typer.Option(help="easy, standard or hard.")] = "standard",
    subjects: Annotated[int, typer.Option(help="Number of people.")] = 12,
    videos: Annotated[
        int, typer.Option(help="Videos of each; 0: as many as people of the preset's data set have.")
    ] = 0,
    seconds: Annotated[
        float, typer.Option(help="Length of every video; 0: lengths as in the preset's data set.")
    ] = 0.0,
    seed: SeedOption = 0,
    layout: Annotated[
        str, typer.Option(help="lossless, mp4 or png; or samm-lv or casme2, as those are released.")
    ] = "lossless",
) -> None:
    """Write a synthetic data set: videos with labels, or folders and workbook as a real data set has them.

    Its videos are as long and as many as those of the real data set, unless --seconds and --videos say otherwise.
    Stopped half-way, the same command goes on where it was: finished videos are not written again.
    """
    import joblib

    from msstgcn.datasets import synthetic, write_dataset
    from msstgcn.datasets.statistics import PRESETS
    from msstgcn.report.log import bar
    from msstgcn.settings import SyntheticSettings

    preset = preset or (layout if layout in PRESETS else PRESETS[0])
    settings = SyntheticSettings.make(
        {
            "preset": preset, "difficulty": difficulty, "subjects": subjects, "videos": videos,
            "seconds": seconds, "seed": seed,
        },
        where="data synth",
    )  # fmt: skip
    dataset = synthetic(settings)
    with bar("videos", sum(len(video) for video in dataset.videos), "frame") as advance:
        write_dataset(dataset, out, layout=layout, progress=advance, jobs=joblib.cpu_count())
    typer.echo(out)


@app.command("check")
def data_check(
    root: Annotated[Path, typer.Argument(help="Folder with the workbook and the videos.")],
    layout: LayoutOption = "folder",
    repair: RepairOption = "authors",
    as_json: JsonOption = False,
) -> None:
    """List every problem of a data set on disk, with file and row.

    Status 0 if all of it can be used, 1 if a video or an event is left out, 2 if nothing can be used. Repairs and notes
    leave it at 0.
    """
    from msstgcn.datasets import read_dataset
    from msstgcn.datasets.check import look_over
    from msstgcn.report.log import bar

    found = read_dataset(layout, root, repair=repair)
    with bar("looking data over", len(found.videos), "video") as advance:
        report = look_over(found, layout, root, advance)
    typer.echo(json.dumps(report.to_dict()) if as_json else report.text())
    if not report.sound:
        raise typer.Exit(1 if report.videos and not report.count["fatal"] else 2)


@app.command("describe")
def data_describe(
    root: Annotated[
        Path | None, typer.Argument(help="A data set on disk; none: the profile's synthetic data.")
    ] = None,
    layout: LayoutOption = "folder",
    repair: RepairOption = "authors",
    profile: ProfileOption = "cpu",
    seed: SeedOption = 0,
    against: Annotated[
        str | None,
        typer.Option(
            help="Real data to compare with: samm-lv or casme2; none: that of the nearest frame rate."
        ),
    ] = None,
    with_fit: Annotated[bool, typer.Option("--fit", help="Test each quantity too: p of a good fit.")] = False,
    plot: Annotated[Path | None, typer.Option(help="PNG file to draw the figures into.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the annotations' statistics beside those of the real data. Nothing is rendered and no frame is read."""
    from msstgcn.datasets import statistics
    from msstgcn.datasets.describe import describe, nearest_preset
    from msstgcn.datasets.fit import fit
    from msstgcn.report.annotations import annotation_figure
    from msstgcn.runner import stages

    must_be_writable(files=[plot])
    data = stages.labelled(root, layout, repair, stages.profile(profile, seed=seed))
    for finding in getattr(data, "findings", ()):
        if finding.level == "error":
            typer.echo(str(finding), err=True)
    against = against or nearest_preset(data.videos)
    statistics(against)
    tables = {"statistics": describe(data.videos, against)}
    if with_fit:
        tables["fit"] = fit(data.videos, against)
    if plot is not None:
        with written_whole(plot) as temporary:
            annotation_figure(data.videos, against, filming=True).savefig(temporary, format="png")
    if as_json:
        typer.echo(json.dumps({name: json.loads(t.to_json(orient="records")) for name, t in tables.items()}))
        return
    typer.echo(f"{data.name} beside {against}")
    for table in tables.values():
        typer.echo(table.to_string(index=False, float_format="{:.4g}".format))


@app.command("fit")
def data_fit(
    preset: Annotated[
        str | None, typer.Option(help="Whose statistics: samm-lv or casme2; none: both, one after the other.")
    ] = None,
    subjects: Annotated[int, typer.Option(min=3, help="Number of people.")] = 30,
    seeds: Annotated[int, typer.Option(min=1, help="Number of seeds, from 0.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Test the benchmark's annotations against the real ones: p of a good fit for each quantity.

    Status 1 if a quantity is rejected: p of all seeds together, Holm-corrected for the number of quantities, below .01.
    """
    from msstgcn.datasets.fit import LEVEL, fit_over_seeds
    from msstgcn.datasets.statistics import PRESETS

    names = PRESETS if preset is None else (preset,)
    tables = {name: fit_over_seeds(name, subjects=subjects, seeds=range(seeds)) for name in names}
    if as_json:
        typer.echo(json.dumps({name: json.loads(t.to_json(orient="records")) for name, t in tables.items()}))
    rejected = []
    for name, table in tables.items():
        if not as_json:
            typer.echo(f"{name}, {subjects} people, {seeds} seeds")
            typer.echo(table.to_string(index=False, float_format="{:.3f}".format))
        rejected += [
            f"{name} {c} {q}" for c, q in table.loc[table["p, Holm"] < LEVEL, ["class", "quantity"]].values
        ]
    if not as_json:
        typer.echo(f"rejected at p < {LEVEL:g}: {', '.join(rejected) or 'none'}")
    if rejected:
        raise typer.Exit(1)
