"""Measure, side by side, in one run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from msstgcn.runner import typed
from msstgcn.runner.commands.options import DeviceOption, JsonOption, RecordOption

app = typer.Typer(help="Measure, side by side, in one run.", no_args_is_help=True, rich_markup_mode=None)


@app.command("motion")
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


@app.command("path")
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


@app.command("render")
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


@app.command("detector")
def bench_detector(as_json: JsonOption = False, record: RecordOption = False) -> None:
    """Do the faces pass for faces? dlib finds and fits 60 persons nobody tuned on, in nine poses each (a minute).

    Bars: exactly one face in 98 % of the pictures, mean error of the 68 points at most .04 inter-ocular distances.
    """
    from msstgcn.motion.bench_detector import bench_detector as measure

    _measured("detector", measure, as_json, record)


@app.command("train")
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


def _measured(name: str, measure: Callable[[], dict[str, Any]], as_json: bool, record: bool) -> None:
    """Run a bench, show what it found, and keep it if asked to."""
    started = time.monotonic()
    result = measure()
    _show(result, as_json)
    if record:
        from msstgcn.runner.records import write_record

        typer.echo(write_record(name, result, seconds=time.monotonic() - started), err=True)


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
