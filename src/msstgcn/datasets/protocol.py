"""What every data set offers, wherever its videos come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from msstgcn.files import digest_bytes
from msstgcn.timeline import Expression


@runtime_checkable
class Video(Protocol):
    """One video with its labels; frames are read or rendered when asked for."""

    @property
    def name(self) -> str:
        """Name, unique within its data set."""

    @property
    def subject(self) -> str:
        """Who is to be seen."""

    @property
    def fps(self) -> float:
        """Frames a second."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The labels, by onset; empty where there are none."""

    @property
    def digest(self) -> str:
        """Hexadecimal digest that changes when frames, subject or labels do."""

    def __len__(self) -> int:
        """Number of frames."""

    def frame(self, i: int) -> NDArray[np.uint8]:
        """Frame i, uint8, (height, width) grey or (height, width, 3) RGB."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Frames start, start + 1, ..., stop - 1 (to the end if None)."""


@dataclass(frozen=True)
class Dataset:
    """Videos under a name, in a fixed order."""

    name: str
    videos: tuple[Video, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """All subjects, each once, sorted."""
        return tuple(sorted({video.subject for video in self.videos}))

    @property
    def digest(self) -> str:
        """Digest over the videos' names, subjects and digests."""
        parts = [part for v in self.videos for part in (v.name, v.subject, v.digest)]
        return digest_bytes(*(part.encode() for part in parts))
