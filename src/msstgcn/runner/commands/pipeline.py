"""From videos to scores, a step a command: features, networks, spotted intervals, their F1."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from msstgcn.counted import counted
from msstgcn.errors import InputError
from msstgcn.runner.commands.options import (
    DatasetOption,
    DeviceOption,
    JsonOption,
    ProfileOption,
    RepairOption,
    RootOption,
    SeedOption,
    must_be_writable,
)


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
    must_be_writable(folders=[out], files=[look], read=[source])
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
    must_be_writable(folders=[out, tables])
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

    must_be_writable(files=[out, plot], read=[source, model])
    table = models.spot(source, model, out=out, plot=plot, device=device)
    typer.echo(table.to_csv(index=False) if out is None else f"{out}: {counted(len(table), 'expression')}")


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
