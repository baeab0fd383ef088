"""What a run has to say while it works: warnings, kept for its report, and one progress bar."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from msstgcn.errors import unknown_name

T = TypeVar("T")
#: Told how many more steps are done.
Advance = Callable[[int], None]

_WAYS = ("bars", "lines", "silent")
_warnings: list[str] = []


def progress() -> str:
    """How progress is shown: ``bars``, ``lines`` (for logs) or ``silent`` (in a chapter), by ``MSSTGCN_PROGRESS``.

    Raises
    ------
    InputError
        If the variable holds anything else.
    """
    way = os.environ.get("MSSTGCN_PROGRESS") or "bars"
    if way not in _WAYS:
        raise unknown_name("MSSTGCN_PROGRESS", way, _WAYS)
    return way


def warn(message: str) -> None:
    """Keep a warning for the run's report, and say it on standard error unless a chapter is being executed."""
    if message not in _warnings:
        _warnings.append(message)
        say(f"warning: {message}")


def say(message: str) -> None:
    """Say something on standard error, unless a chapter is being executed."""
    if progress() != "silent":
        print(f"msstgcn: {message}", file=sys.stderr, flush=True)


def warnings() -> tuple[str, ...]:
    """The warnings said so far in this process."""
    return tuple(_warnings)


@contextmanager
def bar(what: str, total: int, unit: str) -> Iterator[Advance]:
    """Show one progress bar with an estimate of the time left; give a function that moves it on.

    As ``lines``, one line at the start and one at the end instead; ``silent``, nothing. No steps, no bar.
    """
    from tqdm import tqdm

    shown_as = progress() if total else "silent"
    if shown_as != "bars":
        if shown_as == "lines":
            print(f"msstgcn: {what}: {total} {unit}", file=sys.stderr, flush=True)
        yield lambda steps: None
        if shown_as == "lines":
            print(f"msstgcn: {what}: done", file=sys.stderr, flush=True)
        return
    with tqdm(total=total, desc=what, unit=unit, smoothing=0.1, dynamic_ncols=True) as shown:

        def advance(steps: int) -> None:
            shown.update(steps)

        yield advance


def tracked(items: Iterable[T], what: str, total: int, unit: str) -> Iterator[T]:
    """Pass the items on, moving a progress bar by one for each."""
    with bar(what, total, unit) as advance:
        for item in items:
            yield item
            advance(1)
