"""Closed frame intervals and their overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from msstgcn.errors import InputError


@dataclass(frozen=True, order=True)
class Interval:
    """The frames ``onset, onset + 1, ..., offset``: both ends belong to it.

    Parameters
    ----------
    onset, offset : int
        First and last frame, 0-based, ``0 <= onset <= offset``.

    Raises
    ------
    InputError
        If an end is negative or the ends are in the wrong order.
    """

    onset: int
    offset: int

    def __post_init__(self) -> None:
        if self.onset < 0:
            raise InputError(f"negative frame {self.onset}", expected="0-based frames")
        if self.offset < self.onset:
            raise InputError(f"onset {self.onset} after offset {self.offset}", expected="onset <= offset")

    def __len__(self) -> int:
        return self.offset - self.onset + 1

    def iou(self, other: Interval) -> float:
        """Intersection over union, counted in frames with both ends included."""
        return float(iou_matrix([(self.onset, self.offset)], [(other.onset, other.offset)])[0, 0])


def overlaps(
    a: ArrayLike, b: ArrayLike, *, inclusive: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intersection and union, in frames, of every interval of `a` with every interval of `b`.

    Parameters
    ----------
    a, b : array_like of int, shape (A, 2) and (B, 2)
        Onset and offset of each interval, in frames.
    inclusive : bool, default True
        Count frames with both ends included, as MEGC does. False measures ``offset - onset`` instead, as
        some peers' code does.

    Returns
    -------
    intersection, union : ndarray of int64, shape (A, B)
    """
    first = np.asarray(a, dtype=np.int64).reshape(-1, 2)
    second = np.asarray(b, dtype=np.int64).reshape(-1, 2)
    extra = int(inclusive)
    onset = np.maximum(first[:, None, 0], second[None, :, 0])
    offset = np.minimum(first[:, None, 1], second[None, :, 1])
    intersection = np.maximum(offset - onset + extra, 0)
    lengths = (first[:, 1] - first[:, 0] + extra)[:, None] + (second[:, 1] - second[:, 0] + extra)[None, :]
    return intersection, lengths - intersection


def iou_matrix(a: ArrayLike, b: ArrayLike, *, inclusive: bool = True) -> NDArray[np.float64]:
    """Intersection over union of every interval of `a` with every interval of `b`; parameters as of `overlaps`.

    Returns
    -------
    ndarray of float64, shape (A, B)
        Values in [0, 1]; 0 where the union is empty.
    """
    intersection, union = overlaps(a, b, inclusive=inclusive)
    return np.divide(intersection, union, out=np.zeros(union.shape), where=union > 0)
