"""The command line: thin commands over the functions that notebooks and tests call too."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msstgcn.counted import counted
from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.paths import data_root, writable
from msstgcn.runner import typed
from msstgcn.runner.garbage import collect_rarely

if TYPE_CHECKING:
    from msstgcn.studies import Study

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
study_app = typer.Typer(
    help="Experiments: variants side by side, on the same subjects. For instance: msstgcn study run lambda",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(study_app, name="study")

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
JobsOption = Annotated[
    int,
    typer.Option(
        "--jobs",
        min=1,
        help="Chapters to execute at once; each takes 2 GB, and times that they measure get longer.",
    ),
]
RecordOption = Annotated[
    bool, typer.Option("--record", help="Keep the figures in benchmarks/, with date, commit and versions.")
]


@app.callback()
def _options(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bars; plain lines, for logs.")
    ] = False,
) -> None:
    if quiet:
        os.environ["MSSTGCN_PROGRESS"] = "lines"


def _must_be_writable(
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


def _source(dataset: str, root: Path | None, repair: str) -> dict[str, object]:
    """The parameters that say which data set on disk to work on; none for synthetic videos."""
    if (dataset, root) == ("synthetic", None):
        return {}
    from msstgcn.runner.sources import on_disk

    chosen = on_disk(dataset, root, repair)
    return chosen.model_dump() if chosen else {}


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
    given = {"profile": profile, **_source(dataset, root, repair), **typed.assignments(parameter or [])}
    html = make_book(given, jobs)
    typer.echo(summary(html, started, given))


@app.command()
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
    given = {"profile": profile, **_source(dataset, root, repair), **typed.assignments(parameter or [])}
    for executed, ran in run_chapters(chapters, given, jobs).items():
        typer.echo(f"{executed}{'' if ran else ' (nothing had changed: taken from the ledger)'}")


@data_app.command("synth")
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


@data_app.command("check")
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

    _must_be_writable(files=[plot])
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


@data_app.command("fit")
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
    regions: Annotated[
        str | None,
        typer.Option(help="Regions: 6, 10, 12, 14 or 22; or a CSV file: name,landmark and dx,dy,depth."),
    ] = None,
    window: Annotated[int | None, typer.Option(help="Frames of a window, odd; 17 fit the network.")] = None,
    window_seconds: Annotated[float | None, typer.Option(help="Or its length in seconds.")] = None,
    stride: Annotated[int | None, typer.Option(help="Every how many frames a window looks.")] = None,
    predictor: Annotated[Path | None, typer.Option(help="68-point predictor file of your own.")] = None,
    dataset: DatasetOption = "synthetic",
    root: RootOption = None,
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
    """Motion features (T, K, R, 2) of every video, in percent of the inter-ocular distance.

    T frames, K frames of a window (17), R regions (10), right and down.

    Give a SOURCE, or --dataset and --root for a data set as it was released. Stopped half-way, the same command goes
    on with the first video that is not finished.

    What was odd about a video (no face, a cut, several faces, damaged frames, uneven times) is told, and kept in its
    file.
    """
    from msstgcn.runner import stages
    from msstgcn.runner.feature_stages import must_change

    if describe:
        from msstgcn.motion.describe import as_text, describe_file

        if source is None:
            raise InputError("--describe needs a file of features", do="msstgcn features FILE.npz --describe")
        if source.is_file() and source.suffix != ".npz":
            raise InputError(
                "this is no file of features", where=source, expected="FILE.npz of `msstgcn features`"
            )
        found = describe_file(source)
        typer.echo(json.dumps(found) if as_json else as_text(found))
        return
    if predictor is not None:
        os.environ["MSSTGCN_PREDICTOR"] = str(predictor)
    given = {
        "flow": flow, "head": head, "regions": _regions(regions), "window": window, "window_seconds": window_seconds,
        "stride": stride,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value is not None}
    must_change(changes, "features")
    if window is not None and window_seconds is not None:
        raise InputError(f"--window {window} and --window-seconds {window_seconds:g}", expected="one of them")
    chosen = stages.profile(profile, seed=seed, dataset=dataset, root=root or "", repair=repair, **changes)
    if source is not None and chosen.source is not None:
        raise InputError(f"both {source} and --root {root}", expected="one of them")
    _must_be_writable(folders=[out], files=[look], read=[source])
    if look is not None:
        stages.filmable(source, look)  # before anything is measured
    paths = stages.features_to(source, out, chosen, executor=executor)
    typer.echo(json.dumps([str(path) for path in paths]) if as_json else "\n".join(map(str, paths)))
    if look is not None:
        typer.echo(stages.look(source, paths, look, chosen))


def _regions(text: str | None) -> str | list[dict[str, Any]] | None:
    """A named set of regions as it is; those of a CSV file, read."""
    if text is None or not text.endswith(".csv"):
        return text
    from msstgcn.motion import read_regions

    return [region.model_dump() for region in read_regions(text)]


@app.command()
def train(
    profile: ProfileOption = "cpu",
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    shuffled: Annotated[bool, typer.Option("--shuffled-labels", help="Train the control instead.")] = False,
    selection: Annotated[
        str,
        typer.Option(
            "--selection",
            help="Who chooses epoch and thresholds: fixed-epoch, inner-fold, or, to see what it would be worth, "
            "oracle-epoch-per-subject or oracle-epoch-global.",
        ),
    ] = "fixed-epoch",
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            help="Folder for predictions.csv, truth.csv and videos.csv, as `msstgcn score` reads them.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder: also train one network on all subjects and write it there with its card."
        ),
    ] = None,
    dataset: DatasetOption = "synthetic",
    root: RootOption = None,
    repair: RepairOption = "authors",
) -> None:
    """Train leave-one-subject-out and print the scores of the held-out subjects.

    On the profile's synthetic videos, or with --dataset and --root on a data set on disk. `msstgcn spot` uses
    what --out writes, `msstgcn score` what --tables writes.
    """
    from msstgcn.errors import lookup
    from msstgcn.runner import models, stages
    from msstgcn.spotting import SELECTIONS

    if shuffled and out is not None:
        raise InputError("--out with --shuffled-labels", expected="one of them: a control is of no use")
    lookup(SELECTIONS, selection, "selection protocol")
    _must_be_writable(folders=[out, tables])
    chosen = stages.profile(
        profile, seed=seed, selection=selection, dataset=dataset, root=root or "", repair=repair
    )
    outcome = stages.loso(chosen, device=device, control="shuffled-labels" if shuffled else None)
    inner = stages.inner(chosen, device=device) if selection == "inner-fold" else None
    scores = stages.scores(outcome, chosen, inner).table()
    typer.echo(scores.to_string(float_format="%.4f"))
    if selection != "fixed-epoch":
        typer.echo(f"epochs and thresholds: {selection}")
    for path in stages.results_to(outcome, chosen, tables, inner) if tables else ():
        typer.echo(path)
    if out is not None:
        typer.echo(models.export(chosen, out, scores, device=device))


@app.command()
def spot(
    source: Annotated[Path, typer.Argument(help="A video, a folder of images, or a data set folder.")],
    model: Annotated[
        Path, typer.Option("--model", help="Weights: model.safetensors of `msstgcn train --out`.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="CSV to write instead of printing it.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="PNG: the first video's apex scores, and what was spotted.")
    ] = None,
    device: DeviceOption = "auto",
) -> None:
    """Spot expressions in a video of your own: a CSV of video,class,onset,apex,offset,score, frames from 0."""
    from msstgcn.runner import models

    _must_be_writable(files=[out, plot], read=[source, model])
    table = models.spot(source, model, out=out, plot=plot, device=device)
    typer.echo(table.to_csv(index=False) if out is None else f"{out}: {counted(len(table), 'expression')}")


@app.command()
def score(
    pred: Annotated[Path, typer.Argument(metavar="PRED.csv", help="Spotted intervals.")],
    truth: Annotated[Path, typer.Argument(metavar="TRUTH.csv", help="Annotated intervals.")],
    iou: Annotated[float, typer.Option("--iou", help="Least IoU of a hit, above 0, at most 1.")] = 0.5,
    videos: Annotated[
        Path | None,
        typer.Option(
            "--videos",
            help="CSV with a column video, perhaps subject: all videos, also those without events.",
        ),
    ] = None,
    matching: Annotated[
        str,
        typer.Option(
            "--matching",
            help="one-to-one (the challenge), many-to-one, or class-agnostic; the last two flatter.",
        ),
    ] = "one-to-one",
    rows: Annotated[
        str,
        typer.Option(
            "--rows",
            help="keep-all (the challenge), drop-onset-0 (no true events that begin with the video), or "
            "only-videos-with-the-class (no false positives in videos without the class).",
        ),
    ] = "keep-all",
    plus_one: Annotated[
        bool,
        typer.Option(
            "--plus-one/--no-plus-one", help="IoU counts both end frames (the challenge), or offset - onset."
        ),
    ] = True,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="OTHER.csv", help="Predictions of another run: test the difference."
        ),
    ] = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Score any method's predictions as the MEGC challenge does, or as a named protocol.

    All files are CSV with the columns video,class,onset,offset: class me or mae (micro and macro are understood),
    frames counted from 0, both ends included. Further columns do no harm. Counts are added over all videos, then
    F1 = 2 TP / (2 TP + FP + FN).

    With a column subject in TRUTH or in the --videos file, F1 comes with a 95 % interval from resampling subjects,
    and --compare tests whether this run and another one differ on the same subjects:

    msstgcn score ours.csv truth.csv --videos videos.csv --compare theirs.csv
    """
    from msstgcn.spotting.files import Counting, score_files

    if not 0 < iou <= 1:
        raise InputError(f"--iou {iou:g}", expected="a number above 0 and at most 1")
    counting = Counting(iou, plus_one, matching, rows)
    result = score_files(pred, truth, videos=videos, other=compare, counting=counting, seed=seed)
    typer.echo(json.dumps(result.to_dict()) if as_json else result.text())
    if result.warning:
        typer.echo(f"msstgcn: warning: {result.warning}", err=True)


@bench_app.command("motion")
def bench_motion(
    as_json: JsonOption = False,
    conditions: Annotated[
        bool,
        typer.Option("--conditions", help="Also the error against exact truth, by condition; minutes more."),
    ] = False,
    record: RecordOption = False,
) -> None:
    """Direct patch flow with a rigid head model against dense Farneback with the nose mean, on one core."""
    from msstgcn.motion.bench import bench_motion as measure

    _measured("motion", lambda: measure(conditions=conditions), as_json, record)


@bench_app.command("path")
def bench_path(
    as_json: JsonOption = False,
    minutes: Annotated[
        float, typer.Option(min=0, help="Also measure the memory that a video of so many minutes takes.")
    ] = 0.0,
    record: RecordOption = False,
) -> None:
    """Video file to stored features on one core: frames a second by stage, memory, what half precision costs."""
    from msstgcn.motion.bench_path import bench_path as measure

    _measured("path", lambda: measure(minutes=minutes), as_json, record)


@bench_app.command("render")
def bench_render(
    minutes: Annotated[
        float,
        typer.Option("--minutes", min=0.05, max=60, help="Length of the video whose memory is watched."),
    ] = 0.25,
    as_json: JsonOption = False,
    record: RecordOption = False,
) -> None:
    """Frames a second of the procedural face, on one core; memory while a long video is rendered."""
    from msstgcn.faces.bench import bench_render as measure

    _measured("render", lambda: measure(minutes=minutes), as_json, record)


@bench_app.command("detector")
def bench_detector(as_json: JsonOption = False, record: RecordOption = False) -> None:
    """Do the faces pass for faces? dlib finds and fits 60 persons nobody tuned on, in nine poses each (a minute).

    Bars: exactly one face in 98 % of the pictures, mean error of the 68 points at most .04 inter-ocular distances.
    """
    from msstgcn.motion.bench_detector import bench_detector as measure

    _measured("detector", measure, as_json, record)


def _measured(name: str, measure: Callable[[], dict[str, Any]], as_json: bool, record: bool) -> None:
    """Run a bench, show what it found, and keep it if asked to."""
    started = time.monotonic()
    result = measure()
    _show(result, as_json)
    if record:
        from msstgcn.runner.records import write_record

        typer.echo(write_record(name, result, seconds=time.monotonic() - started), err=True)


@bench_app.command("train")
def bench_train(
    device: DeviceOption = "auto",
    kernels: Annotated[
        str | None,
        typer.Option(
            "--kernels",
            help="Frames of the temporal kernels, as 5,9,9,15; windows are as long as they see together.",
        ),
    ] = None,
    as_json: JsonOption = False,
    record: RecordOption = False,
) -> None:
    """Training of folds: one network a fold with a DataLoader against ours, on every core or the GPU; same result."""
    from msstgcn.learning.bench import bench_train as measure
    from msstgcn.settings import NetworkSettings

    own = typed.settings([f"kernels=[{kernels}]"], "--kernels") if kernels else {}
    network = NetworkSettings().but(**own)
    name = "-".join(["train", *map(str, network.kernels)]) if kernels else "train"
    _measured(name, lambda: measure(device, network=network), as_json, record)


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for name, value in result.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            import pandas as pd

            typer.echo(f"{name}:\n{pd.DataFrame(value).to_string(index=False, float_format='{:.3g}'.format)}")
            continue
        if isinstance(value, list):
            typer.echo("\n  ".join([f"{name}: {len(value)}", *map(str, value)]))
            continue
        typer.echo(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


@study_app.command("list")
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


@study_app.command("run")
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
    source = _source(dataset, root, repair)
    chosen = _studies(names, source)
    _must_be_writable(folders=[out])
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


_ALL = "all"  # in the place of studies' names
_INTERRUPTED = 130  # status with which typer ends after Ctrl-C
#: OpenCV says nothing of files that it cannot read or write: we do, in one line.
_QUIET = {"OPENCV_LOG_LEVEL": "ERROR", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and status 2."""
    collect_rarely()
    for name, level in _QUIET.items():
        os.environ.setdefault(name, level)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # no result is lost to a terminal that lacks a letter
    try:
        app()
    except InputError as error:
        sys.exit(_fail(str(error)))
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            typer.echo("msstgcn: stopped; the same command goes on from here", err=True)
        raise
    except OSError as error:
        message = f"{error.filename}: {error.strerror}; look whether the place is there and can be used"
        if error.errno == errno.ENOSPC:
            place = error.filename or data_root()
            message = f"no space left on the disk ({place}); free some and run the same command again"
        elif error.filename is None:
            raise
        sys.exit(_fail(message))


def _fail(message: str) -> int:
    typer.echo(f"msstgcn: {message}", err=True)
    return 2


if __name__ == "__main__":
    main()
