"""Which windows are seen together: segments of consecutive windows, drawn into batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def seed_of(*parts: str | int) -> int:
    """Seed of something that has a name: the same for the same parts, whatever else there is."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "little")


def segment_starts(mask: NDArray[np.bool_], length: int) -> NDArray[np.int64]:
    """First windows of the segments of one video.

    Each run of usable windows is tiled from its start; a last tile that would stick out is moved back to end with
    the run. A run shorter than a segment gives none.

    Parameters
    ----------
    mask : ndarray of bool, shape (T,)
        True where a window is usable.
    length : int
        Windows in a segment.

    Returns
    -------
    ndarray of int64, shape (S,)
        Increasing.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    starts: list[int] = []
    for first, end in edges.reshape(-1, 2):  # the run is first, ..., end - 1
        if end - first >= length:
            starts += range(first, end - length + 1, length)
            if starts[-1] + length < end:
                starts.append(end - length)
    return np.array(starts, dtype=np.int64)


def subject_groups(subjects: Sequence[str], count: int, *, seed: int) -> tuple[tuple[str, ...], ...]:
    """Put subjects into at most `count` groups of nearly equal size, shuffled by the seed."""
    order = np.random.default_rng(seed_of(seed, "inner groups")).permutation(sorted(subjects))
    return tuple(tuple(sorted(part.tolist())) for part in np.array_split(order, min(count, len(order))))


def drawn(
    starts: NDArray[np.int64], others: NDArray[np.int64], number: int, *, seed: int, epoch: int
) -> NDArray[np.int64]:
    """First windows of the segments of one epoch: all of some, and a number of others, drawn anew each epoch.

    Parameters
    ----------
    starts, others : ndarray of int64
        First windows of the segments that always take part, and of those that are drawn from.
    number : int
        How many others take part, each at most once; at most all there are.
    seed, epoch : int
        Together they decide which, so that training can resume at any epoch.

    Returns
    -------
    ndarray of int64, shape (S + min(number, O),)
    """
    if not number:
        return starts
    rng = np.random.default_rng([seed, epoch, 1])  # another stream than that of `batches`
    return np.concatenate([starts, rng.permutation(others)[:number]])


def batches(segments: int, size: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Draw the batches of one epoch.

    The segments are shuffled and cut into batches. What does not fill a batch waits for the next epoch's shuffle;
    fewer segments than one batch are repeated until they fill it. So every batch has the same size. (The method
    leaves this open; it is ours.)

    Parameters
    ----------
    segments : int
        Number of segments to draw from.
    size : int
        Segments a batch.
    seed, epoch : int
        Together they decide the order, so that training can resume at any epoch.

    Returns
    -------
    ndarray of int64, shape (B, size)
        Segment numbers.
    """
    order = np.random.default_rng([seed, epoch]).permutation(segments)
    if segments < size:
        order = np.resize(order, size)
    return order[: len(order) // size * size].reshape(-1, size)
