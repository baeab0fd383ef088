"""When the samples of an MP4 file are shown, by its own tables (ISO 14496-12).

OpenCV counts the samples, too, that are not shown: a phone that trims a film, or a copy of a part without compressing
anew, keeps the pictures from the key frame before on, and a list of edits says from when to when the film is shown.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MP4_SUFFIXES: tuple[str, ...] = (".mp4", ".m4v", ".mov")
_MOST = 2**26  # samples of a track; a table that tells of more is damaged


def sample_times(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Times and key frames of the samples of the first video track that are shown.

    Parameters
    ----------
    path : Path

    Returns
    -------
    shown : ndarray of float64, shape (T,)
        Milliseconds from the first one on, in order.
    keys : ndarray of bool, shape (T,)
        Samples that can be decoded without any before them.

    None if this is no MP4 file or has no tables, as one written in fragments.
    """
    if path.suffix.lower() not in MP4_SUFFIXES:
        return None
    try:
        movie = _movie(path)
        for track in _boxes(movie, b"trak"):
            if next(_boxes(track, b"mdia", b"hdlr"))[8:12] == b"vide":
                return _shown(track, _scale(next(_boxes(movie, b"mvhd"))))
    except (struct.error, StopIteration, ValueError, LookupError, ArithmeticError):
        pass  # not laid out as the standard says: FFmpeg finds its own way
    return None


def _movie(path: Path) -> bytes:
    """Content of the box that holds the tables; the pictures are skipped."""
    with path.open("rb") as stream:
        while len(head := stream.read(8)) == 8:
            size, kind, extra = *struct.unpack(">I4s", head), 8
            if size == 1:
                size, extra = struct.unpack(">Q", stream.read(8))[0], 16
            if kind == b"moov":
                return stream.read(size - extra if size else -1)  # a size of 0: up to the end of the file
            if size < extra:
                break
            stream.seek(size - extra, 1)
    return b""


def _boxes(data: bytes, name: bytes, *inner: bytes) -> Iterator[bytes]:
    """Contents of the boxes of a name, or of those inside it."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            return
        body = data[at + 8 : at + size]
        if kind == name:
            yield from _boxes(body, *inner) if inner else (body,)
        at += size


def _scale(header: bytes) -> int:
    """Units of time a second, from the header of the movie or of a medium."""
    return int(struct.unpack(">I", header[20:24] if header[0] else header[12:16])[0])


def _runs(box: bytes, signed: bool = False) -> NDArray[np.int64]:
    """The second column of a table of runs, each as often as the first tells."""
    count = struct.unpack(">I", box[4:8])[0]
    pairs = np.frombuffer(box[8 : 8 + 8 * count], ">i4" if signed else ">u4").reshape(-1, 2).astype(np.int64)
    if pairs[:, 0].sum() > _MOST:
        raise ValueError("no film is as long")
    return np.repeat(pairs[:, 1], pairs[:, 0])


def _shown(track: bytes, movie_scale: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    scale = _scale(next(_boxes(track, b"mdia", b"mdhd")))
    table = (b"mdia", b"minf", b"stbl")
    steps = _runs(next(_boxes(track, *table, b"stts")))
    times = np.cumsum(steps) - steps  # units of the medium, in the order of decoding
    for box in _boxes(track, *table, b"ctts"):
        times = times + _runs(box, signed=True)
    keys = np.ones(len(times), bool)
    for box in _boxes(track, *table, b"stss"):
        keys[:] = False
        keys[np.frombuffer(box[8:], ">u4").astype(np.int64) - 1] = True
    inside = np.ones(len(times), bool)
    for box in _boxes(track, b"edts", b"elst"):
        inside[:] = False
        for length, start in _edits(box):
            end = start + (2 * length * scale + movie_scale) // (2 * movie_scale)  # rounded, as FFmpeg does
            inside |= (times >= start) & ((times < end) | (length == 0))
    order = np.argsort(times, kind="stable")
    order = order[inside[order]]
    return (times[order] - times[order[0]]) * 1000 / scale, keys[order]


def _edits(box: bytes) -> list[tuple[int, int]]:
    """Length, in units of the movie, and start, in those of the medium, of every edit that shows something."""
    form = ">Qqi" if box[0] else ">Iii"
    count, size = struct.unpack(">I", box[4:8])[0], struct.calcsize(form)
    found = [struct.unpack_from(form, box, 8 + i * size)[:2] for i in range(count)]
    return [(length, start) for length, start in found if start >= 0]
