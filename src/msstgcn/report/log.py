"""What a run has to say while it works: warnings, kept for its report, and one progress bar."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from msstgcn.errors import unknown_name

T = TypeVar("T")
#: Told how many more steps are done.
Advance = Callable[[int], None]

_WAYS = ("bars", "lines", "silent")
_MINUTE = 60.0
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

    As ``lines``, one line at the start, one at the end and one a minute between instead; ``silent``, nothing. No steps,
    no bar.
    """
    from tqdm import tqdm

    shown_as = progress() if total else "silent"
    if shown_as == "bars":
        with tqdm(total=total, desc=what, unit=unit, smoothing=0.1, dynamic_ncols=True) as shown:

            def advance(steps: int) -> None:
                shown.update(steps)

            yield advance
    elif shown_as == "lines":
        say(f"{what}: {total} {unit}")
        yield _lines(what, total)
        say(f"{what}: done")
    else:
        yield lambda _: None


def _lines(what: str, total: int) -> Advance:
    """Count steps; say once a minute how many are done, and how long the others take if they go as fast as those."""
    from tqdm import tqdm

    done = told = 0
    when = time.monotonic()

    def advance(steps: int) -> None:
        nonlocal done, told, when
        done, passed = done + steps, time.monotonic() - when
        if passed >= _MINUTE and told < done < total:
            left = tqdm.format_interval(passed * (total - done) / (done - told))
            say(f"{what}: {done / total:.0%}, {left} left")
            told, when = done, when + passed

    return advance


def tracked(items: Iterable[T], what: str, total: int, unit: str) -> Iterator[T]:
    """Pass the items on, moving a progress bar by one for each."""
    with bar(what, total, unit) as advance:
        for item in items:
            yield item
            advance(1)
