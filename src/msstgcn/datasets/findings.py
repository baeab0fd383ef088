"""What readers have to say about data on disk: one finding for each thing mended, left out or odd."""

from __future__ import annotations

from dataclasses import dataclass

#: From worst to mildest: nothing can be used; a video or an event is left out; a value was mended; only odd.
LEVELS: tuple[str, ...] = ("fatal", "error", "repair", "note")


@dataclass(frozen=True)
class Finding:
    """One thing found in a data set.

    Parameters
    ----------
    level : str
        ``fatal`` (no video can be used), ``error`` (a video or an event is left out), ``repair`` (a value was
        mended) or ``note`` (nothing is lost).
    where : str
        File, and row (as a spreadsheet counts, from 1) or frame.
    what : str
        What is there.
    done : str
        What was made of it.
    """

    level: str
    where: str
    what: str
    done: str = ""

    def __str__(self) -> str:
        tail = f"; {self.done}" if self.done else ""
        return f"{self.level}: {self.where}: {self.what}{tail}"
