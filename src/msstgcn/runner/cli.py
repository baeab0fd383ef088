"""The command line: thin commands over the functions that notebooks and tests call too."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msstgcn.errors import InputError
from msstgcn.files import written_whole

if TYPE_CHECKING:
    from msstgcn.spotting import Scores

app = typer.Typer(
    name="msstgcn",
    help="Find every micro- and macro-expression in long face videos, and make the book that explains how.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Make and look at data sets.", no_args_is_help=True, rich_markup_mode=None)
bench_app = typer.Typer(
    help="Measure, side by side, in one run.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")
app.add_typer(bench_app, name="bench")

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
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.callback()
def _options(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bars; plain lines, for logs.")
    ] = False,
) -> None:
    if quiet:
        os.environ["MSSTGCN_PROGRESS"] = "lines"


def _assignments(items: list[str]) -> dict[str, object]:
    """Read ``name=value`` items."""
    values: dict[str, object] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name:
            raise InputError(f"-p {item}", expected="-p name=value")
        if name in values:
            raise InputError(f"parameter {name} is given twice", expected="each parameter once")
        values[name] = text
    return values


ParameterOption = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A chapter's parameter; repeatable."),
]


@app.command()
def doctor() -> None:
    """Say what this machine has, what is missing, and how to get it. Status 1 if something needed is missing."""
    from msstgcn.runner import doctor as examiner

    checks = examiner.examine()
    typer.echo(examiner.report(checks))
    if any(check.needed and not check.good for check in checks):
        raise typer.Exit(1)


@app.command()
def book(
    profile: ProfileOption = "cpu",
    parameter: ParameterOption = None,
) -> None:
    """Run every chapter that is not up to date and build the site in _build/html.

    Stopped half-way, the same command goes on where it was.
    """
    from msstgcn.runner.book import make_book, summary

    started = time.monotonic()
    html = make_book({"profile": profile, **_assignments(parameter or [])})
    typer.echo(summary(html, started))


@app.command()
def run(
    chapter: Annotated[
        str, typer.Argument(help="Number or name of a chapter: 08, or 08_spotting_and_scoring.")
    ],
    parameter: ParameterOption = None,
    profile: ProfileOption = "cpu",
    describe: Annotated[
        bool, typer.Option("--parameters", help="List the chapter's parameters and stop.")
    ] = False,
) -> None:
    """Run one chapter, for instance: msstgcn run 08 --profile smoke -p seed=3."""
    from msstgcn.runner.book import run_chapter
    from msstgcn.runner.chapters import find

    if describe:
        for item in find(chapter).parameters.values():
            typer.echo(f"{item.name} = {item.default!r}: {item.expected}; {item.meaning}")
        return
    executed, ran = run_chapter(chapter, {"profile": profile, **_assignments(parameter or [])})
    typer.echo(f"{executed}{'' if ran else ' (nothing had changed: taken from the ledger)'}")


@data_app.command("synth")
def data_synth(
    out: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    preset: Annotated[str, typer.Option(help="Whose statistics: samm-lv or casme2.")] = "samm-lv",
    difficulty: Annotated[str, typer.Option(help="easy, standard or hard.")] = "standard",
    subjects: Annotated[int, typer.Option(help="Number of people.")] = 12,
    videos: Annotated[int, typer.Option(help="Videos of each.")] = 4,
    seconds: Annotated[float, typer.Option(help="Length of a video.")] = 16.0,
    seed: SeedOption = 0,
    layout: Annotated[
        str, typer.Option(help="lossless, mp4 or png; or samm-lv or casme2, as those are released.")
    ] = "lossless",
) -> None:
    """Write a synthetic data set: videos, videos.csv and events.csv. Finished videos are not written again."""
    from msstgcn.datasets import synthetic, write_dataset
    from msstgcn.report.log import bar
    from msstgcn.settings import SyntheticSettings

    settings = SyntheticSettings.make(
        {
            "preset": preset, "difficulty": difficulty, "subjects": subjects, "videos": videos,
            "seconds": seconds, "seed": seed,
        },
        where="data synth",
    )  # fmt: skip
    dataset = synthetic(settings)
    with bar("videos", sum(len(video) for video in dataset.videos), "frame") as advance:
        write_dataset(dataset, out, layout=layout, progress=advance)
    typer.echo(out)


@data_app.command("check")
def data_check(
    root: Annotated[Path, typer.Argument(help="Folder with the workbook and the videos.")],
    layout: LayoutOption = "folder",
    repair: RepairOption = "authors",
    as_json: JsonOption = False,
) -> None:
    """List every problem of a data set on disk, with file and row.

    Status 1 if nothing can be used or a video or an event is left out; repairs and notes leave it at 0.
    """
    from msstgcn.datasets import check

    report = check(root, layout, repair=repair)
    typer.echo(json.dumps(report.to_dict()) if as_json else report.text())
    if not report.sound:
        raise typer.Exit(1)


@data_app.command("describe")
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

    data = stages.labelled(root, layout, repair, stages.profile(profile, seed=seed))
    against = against or nearest_preset(data.videos)
    statistics(against)
    tables = {"statistics": describe(data.videos, against)}
    if with_fit:
        tables["fit"] = fit(data.videos, against)
    if plot is not None:
        with written_whole(plot) as temporary:
            annotation_figure(data.videos, against).savefig(temporary, format="png")
    if as_json:
        typer.echo(json.dumps({name: json.loads(t.to_json(orient="records")) for name, t in tables.items()}))
        return
    typer.echo(f"{data.name} beside {against}")
    for table in tables.values():
        typer.echo(table.to_string(index=False, float_format="{:.4g}".format))


@app.command()
def features(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="A video, a folder of images, or a data set folder; none: the profile's data. "
            "With --describe, a file of features."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to copy the feature files to.")] = None,
    look: Annotated[
        Path | None,
        typer.Option(
            "--look",
            metavar="OUT.mp4",
            help="Also film face, patches, arrows, quality and motion of one video.",
        ),
    ] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Say what lies in the file of features SOURCE, and stop.")
    ] = False,
    profile: ProfileOption = "cpu",
    seed: SeedOption = 0,
    flow: Annotated[str | None, typer.Option(help="Flow method (see chapter 3).")] = None,
    head: Annotated[str | None, typer.Option(help="Head-motion model (see chapter 3).")] = None,
    predictor: Annotated[Path | None, typer.Option(help="68-point predictor file of your own.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="samm-lv, casme2 or folder, if SOURCE holds such a data set.")
    ] = None,
    repair: RepairOption = "authors",
    executor: Annotated[
        str,
        typer.Option(
            help="Where to work: local, local://4 (so many processes) or dask://host:port; "
            "on a cluster MSSTGCN_DATA must name a folder that all workers see."
        ),
    ] = "local",
    as_json: JsonOption = False,
) -> None:
    """Motion features (T, 17, 10, 2) of every video, in percent of the inter-ocular distance.

    Stopped half-way, the same command goes on with the first video that is not finished. What was odd about a video
    (no face, a cut, several faces, damaged frames, uneven times) is told, and kept in its file.
    """
    from msstgcn.runner import stages

    if describe:
        from msstgcn.motion.describe import as_text, describe_file

        if source is None:
            raise InputError("--describe needs a file of features", do="msstgcn features FILE.npz --describe")
        found = describe_file(source)
        typer.echo(json.dumps(found) if as_json else as_text(found))
        return
    if predictor is not None:
        os.environ["MSSTGCN_PREDICTOR"] = str(predictor)
    changes = {name: value for name, value in {"flow": flow, "head": head}.items() if value is not None}
    chosen = stages.profile(profile, seed=seed, **changes)
    paths = stages.features_to(source, out, chosen, layout=layout, repair=repair, executor=executor)
    typer.echo(json.dumps([str(path) for path in paths]) if as_json else "\n".join(map(str, paths)))
    if look is not None:
        typer.echo(stages.look(source, paths, look))


@app.command()
def train(
    profile: ProfileOption = "cpu",
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    shuffled: Annotated[bool, typer.Option("--shuffled-labels", help="Train the control instead.")] = False,
) -> None:
    """Train leave-one-subject-out on the profile's data and print the scores of the held-out subjects."""
    from msstgcn.runner import stages

    chosen = stages.profile(profile, seed=seed)
    outcome = stages.loso(chosen, device=device, control="shuffled-labels" if shuffled else None)
    typer.echo(_score_text(stages.scores(outcome, chosen)))


@app.command()
def score(
    pred: Annotated[Path, typer.Argument(metavar="PRED.csv", help="Spotted intervals.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH.csv", help="Annotated intervals.")],
    iou: Annotated[float, typer.Option("--iou", help="Least IoU of a match, above 0, at most 1.")] = 0.5,
    videos: Annotated[
        Path | None,
        typer.Option("--videos", help="CSV with a column video: all videos, also those without events."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Score any method's predictions as MEGC does: one-to-one matches at IoU >= 0.5.

    Both files have the columns video,class,onset,offset: class me or mae, frames 0-based, both ends included.
    """
    from msstgcn.spotting import score as score_tables
    from msstgcn.timeline import read_events, read_videos

    if not 0 < iou <= 1:
        raise InputError(f"--iou {iou:g}", expected="a number above 0 and at most 1")
    names = read_videos(videos) if videos else None
    predicted, annotated = read_events(pred), read_events(truth)
    if names is not None:
        _check_known(pred, predicted, names)
        _check_known(truth, annotated, names)
    result = score_tables(predicted, annotated, iou=iou, videos=names)
    typer.echo(json.dumps(result.to_dict()) if as_json else _score_text(result))
    if result.unlisted:
        shown = ", ".join(result.unlisted[:5]) + (", ..." if len(result.unlisted) > 5 else "")
        typer.echo(
            f"msstgcn: warning: no events in {truth} for {len(result.unlisted)} of the predicted videos ({shown}); "
            "what was spotted there counts as false positives (--videos lists videos without events)",
            err=True,
        )


def _score_text(result: Scores) -> str:
    return result.table().to_string(float_format="%.4f")


def _check_known(path: Path, table: Any, names: list[str]) -> None:
    for row, video in enumerate(table["video"], start=2):
        if video not in names:
            raise InputError(f"video {video!r} is not in the videos file", where=f"{path}, row {row}")


@bench_app.command("motion")
def bench_motion(as_json: JsonOption = False) -> None:
    """Direct patch flow with a rigid head model against dense Farneback with the nose mean, on one core."""
    from msstgcn.motion.bench import bench_motion as measure

    _show(measure(), as_json)


@bench_app.command("path")
def bench_path(
    as_json: JsonOption = False,
    minutes: Annotated[
        float, typer.Option(min=0, help="Also measure the memory that a video of so many minutes takes.")
    ] = 0.0,
) -> None:
    """Video file to stored features on one core: frames a second by stage, memory, what half precision costs."""
    from msstgcn.motion.bench_path import bench_path as measure

    _show(measure(minutes=minutes), as_json)


@bench_app.command("render")
def bench_render(as_json: JsonOption = False) -> None:
    """Frames a second of the procedural face, on one core."""
    from msstgcn.faces.bench import bench_render as measure

    _show(measure(), as_json)


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for name, value in result.items():
        typer.echo(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


_INTERRUPTED = 130  # status with which typer ends after Ctrl-C


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and status 2."""
    try:
        app()
    except InputError as error:
        sys.exit(_fail(str(error)))
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            typer.echo("msstgcn: stopped; the same command goes on from here", err=True)
        raise
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(
            _fail(f"no space left on the disk ({error.filename}); free some and run the same command again")
        )


def _fail(message: str) -> int:
    typer.echo(f"msstgcn: {message}", err=True)
    return 2


if __name__ == "__main__":
    main()
