"""The command line: its groups of commands, and how it ends."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated

import typer

from msstgcn.errors import InputError
from msstgcn.paths import data_root
from msstgcn.runner.commands import bench, book, data, pipeline, study
from msstgcn.runner.garbage import collect_rarely

app = typer.Typer(
    name="msstgcn",
    help="Find every micro- and macro-expression in long face videos, and make the book that explains how.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    book.doctor,
    book.book,
    book.run,
    pipeline.features,
    pipeline.train,
    pipeline.spot,
    pipeline.score,
):
    app.command()(command)
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")
app.add_typer(study.app, name="study")

_INTERRUPTED = 130  # status with which typer ends after Ctrl-C
#: OpenCV says nothing of files that it cannot read or write: we do, in one line.
_QUIET = {"OPENCV_LOG_LEVEL": "ERROR", "OPENCV_FFMPEG_LOGLEVEL": "-8"}


@app.callback()
def _options(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress bars; plain lines, for logs.")
    ] = False,
) -> None:
    if quiet:
        os.environ["MSSTGCN_PROGRESS"] = "lines"


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
