"""Python's garbage collector, told to look less often."""

from __future__ import annotations

import atexit
import gc

_OBJECTS = 10_000  # new ones between two looks; Python itself takes 700 or 2000


def collect_rarely() -> None:
    """Let the collector look less often from now on, and not at all when the process ends.

    Loading the packages makes hundreds of thousands of objects that are never garbage. To look through them again
    and again, and once more at the end, takes a second of every process.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)
