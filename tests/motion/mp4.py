"""Boxes of an MP4 file, changed by hand: what a phone writes and OpenCV's writer does not."""

from __future__ import annotations

import struct
from pathlib import Path

_HOLDERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts")
#: Display matrices (ISO 14496-12): a, b, u, c, d, v, x, y, w; 16.16 and, in the last column, 2.30.
_ONE, _LAST = 1 << 16, 1 << 30
UPRIGHT_PHONE = struct.pack(">9i", 0, _ONE, 0, -_ONE, 0, 0, 0, 0, _LAST)  # turn by 90 degrees, clockwise


def _edit(data: bytes, name: bytes, change) -> bytes:
    """Put every box of a name through `change` (of its content), and mend the sizes around it."""
    out, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:  # a length of 64 bits: the samples; copied as they are
            size = struct.unpack(">Q", data[at + 8 : at + 16])[0]
            out += data[at : at + size]
        else:
            body = data[at + 8 : at + size]
            if kind == name:
                body = change(body)
            elif kind in _HOLDERS:
                body = _edit(body, name, change)
            out += struct.pack(">I4s", len(body) + 8, kind) + body
        at += size
    return out


def turn(path: Path, matrix: bytes = UPRIGHT_PHONE) -> None:
    """Write a display matrix into the track's header (tkhd, version 0: 40 bytes before the matrix)."""
    path.write_bytes(_edit(path.read_bytes(), b"tkhd", lambda body: body[:40] + matrix + body[76:]))


def uneven(path: Path, runs: list[tuple[int, int]]) -> None:
    """Give the frames other durations: (frames, ticks of a frame) one after the other, in the box stts.

    The edit list, which would cut the video at its old length, is made a box without meaning.
    """

    def change(body: bytes) -> bytes:
        return body[:4] + struct.pack(">I", len(runs)) + b"".join(struct.pack(">II", *run) for run in runs)

    path.write_bytes(_edit(path.read_bytes(), b"stts", change).replace(b"edts", b"free"))


def trim(path: Path, start: int, frames: int) -> None:
    """Let the list of edits (elst, version 0) show only some frames, all of one duration, of those that are there."""
    ((count, ticks),) = durations(path)

    def change(body: bytes) -> bytes:
        length = struct.unpack(">I", body[8:12])[0]
        return body[:8] + struct.pack(">Ii", length * frames // count, start * ticks) + body[16:]

    path.write_bytes(_edit(path.read_bytes(), b"elst", change))


def durations(path: Path) -> list[tuple[int, int]]:
    """Frames and ticks of a frame, as the file tells them."""
    found: list[tuple[int, int]] = []

    def look(body: bytes) -> bytes:
        found.extend(struct.iter_unpack(">II", body[8:]))
        return body

    _edit(path.read_bytes(), b"stts", look)
    return found
