"""Videos that lie on disk as numbered pictures, of which every n-th is worked on."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from msstgcn.datasets.files import IMAGE_SUFFIXES, stamp
from msstgcn.datasets.pictures import (
    PictureFrames,
    PictureKind,
    digest_content,
    digest_states,
    kind_of,
    spread,
)
from msstgcn.errors import InputError
from msstgcn.files import digest_bytes
from msstgcn.timeline import Expression

_NUMBER = re.compile(r"(\d+)\.[^.]+$")
#: The digest of a folder reads the whole of every so many-th picture, and size and 4 KiB of each other: 10,000 pictures
#: of SAMM-LV would take minutes.
_DIGEST_EVERY = 64


@dataclass(frozen=True)
class Listing:
    """The numbered pictures of a folder.

    Parameters
    ----------
    names : dict of int to str
        File of each number; the first by name where two files bear one number.
    twice : tuple of str
        Files whose number another file has too.
    others : tuple of str
        Pictures without a number.
    """

    names: dict[int, str]
    twice: tuple[str, ...]
    others: tuple[str, ...]

    @cached_property
    def last(self) -> int:
        """Largest number, 0 in an empty folder."""
        return max(self.names, default=0)


def listing(path: Path) -> Listing:
    """Numbered pictures of a folder, from one look at it; hidden files do not count."""
    return _listing(path, stamp(path))


@lru_cache(maxsize=64)
def _listing(path: Path, seen: tuple[int, int]) -> Listing:
    names: dict[int, str] = {}
    twice, others = [], []
    for name in sorted(os.listdir(path)):  # noqa: PTH208 - names alone come much faster
        if name[0] == "." or not name.lower().endswith(IMAGE_SUFFIXES):
            continue
        match = _NUMBER.search(name)
        if match is None:
            others.append(name)
        elif int(match[1]) in names:
            twice.append(name)
        else:
            names[int(match[1])] = name
    return Listing(names, tuple(twice), tuple(others))


@dataclass(frozen=True)
class NumberedVideo(PictureFrames):
    """A folder of pictures numbered from 1; working frame i is picture ``1 + every * i``.

    However many digits a number is written with, it counts as a number; pictures between the working frames need
    not be there.

    Parameters
    ----------
    path : Path
    name, subject : str
    fps : float
        Working frames a second.
    every : int
        Pictures from one working frame to the next.
    expressions : tuple of Expression
    rows : tuple of int
        Row of the workbook that each expression stands in.
    """

    path: Path
    name: str
    subject: str
    fps: float
    every: int = 1
    expressions: tuple[Expression, ...] = ()
    rows: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """Number of the last picture, as the workbook counts."""
        return listing(self.path).last

    def __len__(self) -> int:
        return working_frames(self.last, self.every)

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the pictures that working frames need and that are not there."""
        names = listing(self.path).names
        return tuple(n for n in range(1, self.last + 1, self.every) if n not in names)

    @property
    def odd_start(self) -> str | None:
        """What speaks against counting the pictures from 1: there is one of number 0."""
        if 0 not in listing(self.path).names:
            return None
        return "a picture of number 0, while labels count from 1: number the pictures from 1, or remove it"

    def picture(self, i: int) -> Path:
        """File of working frame i.

        Raises
        ------
        InputError
            If there is no such frame or its picture is missing.
        """
        if not 0 <= i < len(self):
            raise InputError(f"no frame {i}", where=self.path, expected=f"0 to {len(self) - 1}")
        number = 1 + self.every * i
        name = listing(self.path).names.get(number)
        if name is None:
            raise InputError(f"picture {number} of frame {i} is missing", where=self.path, do="copy it again")
        return self.path / name

    @property
    def kind(self) -> PictureKind:
        """What the frames are like, judged by some of the pictures.

        Raises
        ------
        InputError
            If none of these is there or can be read.
        """
        names = listing(self.path).names
        numbers = [1 + self.every * i for i in spread(len(self))]
        return kind_of([self.path / names[n] for n in numbers if n in names])

    @property
    def digest(self) -> str:
        """Digest of the working frames, the rate, the subject and the labels; the same for a copy.

        Every 64th picture is read whole, of the others the size and 4 KiB from the middle: a change elsewhere that
        keeps a picture's size goes unseen.
        """
        content = _digest(self.path, self.every, digest_states(_working(self.path, self.every)))
        about = repr((self.fps, self.every, self.subject, self.expressions))
        return digest_bytes(content.encode(), about.encode())


def working_frames(last: int, every: int) -> int:
    """Number of working frames among pictures 1 to `last`."""
    return 0 if last < 1 else (last - 1) // every + 1


def _working(path: Path, every: int) -> list[Path]:
    """Files of the working frames that are there, in order."""
    found = listing(path)
    return [path / found.names[n] for n in range(1, found.last + 1, every) if n in found.names]


@lru_cache(maxsize=1024)
def _digest(path: Path, every: int, seen: str) -> str:
    parts = []
    for place, file in enumerate(_working(path, every)):
        parts.append(f"{file.name} {digest_content(file, whole=place % _DIGEST_EVERY == 0)}".encode())
    return digest_bytes(*parts)
