"""Films in the form that browsers play: WebM with VP8 pictures, each complete in itself.

A lossy WebP picture *is* one VP8 key frame, so OpenCV's picture encoder does all the compressing and only the
container is written here (RFC 6386, RFC 9559, RFC 9649). That has three advantages over a video encoder: every frame
can be gone to at once, the same frames give the same bytes, and no codec has to be installed.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

#: Numbers of the elements of a WebM file (RFC 9559, section 5), in hexadecimal.
_IDS = {
    "EBML": "1A45DFA3", "EBMLVersion": "4286", "EBMLReadVersion": "42F7", "EBMLMaxIDLength": "42F2",
    "EBMLMaxSizeLength": "42F3", "DocType": "4282", "DocTypeVersion": "4287", "DocTypeReadVersion": "4285",
    "Segment": "18538067", "Info": "1549A966", "TimestampScale": "2AD7B1", "Duration": "4489", "MuxingApp": "4D80",
    "WritingApp": "5741", "Tracks": "1654AE6B", "TrackEntry": "AE", "TrackNumber": "D7", "TrackUID": "73C5",
    "TrackType": "83", "FlagLacing": "9C", "DefaultDuration": "23E383", "CodecID": "86", "Video": "E0",
    "PixelWidth": "B0", "PixelHeight": "BA", "Cues": "1C53BB6B", "CuePoint": "BB", "CueTime": "B3",
    "CueTrackPositions": "B7", "CueTrack": "F7", "CueClusterPosition": "F1", "Cluster": "1F43B675",
    "Timestamp": "E7", "SimpleBlock": "A3",
}  # fmt: skip


def as_bgr(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture, grey or RGB, in the order of colours that OpenCV writes."""
    return picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1])


def vp8_key_frame(picture: NDArray[np.uint8], quality: int) -> bytes:
    """One picture, grey or RGB, as a VP8 key frame; quality 1 to 99 as of WebP."""
    done, encoded = cv2.imencode(".webp", as_bgr(picture), [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done, "OpenCV is built with WebP"
    riff, place = encoded.tobytes(), 12  # after "RIFF", size, "WEBP"
    while riff[place : place + 4] != b"VP8 ":
        place += 8 + -(-struct.unpack_from("<I", riff, place + 4)[0] // 2) * 2  # chunks have even lengths
    return riff[place + 8 : place + 8 + struct.unpack_from("<I", riff, place + 4)[0]]


def webm(key_frames: Sequence[bytes], width: int, height: int, fps: float) -> bytes:
    """Put VP8 key frames into a WebM file.

    Parameters
    ----------
    key_frames : sequence of bytes
        One a picture, see `vp8_key_frame`.
    width, height : int
        Of every picture, pixels.
    fps : float
        Frames a second.
    """
    times = [round(1000 * number / fps) for number in range(len(key_frames))]  # milliseconds
    head = _element(
        "EBML",
        _number("EBMLVersion", 1), _number("EBMLReadVersion", 1), _number("EBMLMaxIDLength", 4),
        _number("EBMLMaxSizeLength", 8), _element("DocType", b"webm"), _number("DocTypeVersion", 2),
        _number("DocTypeReadVersion", 2),
    )  # fmt: skip
    about = _element(
        "Info",
        _number("TimestampScale", 1_000_000),
        _element("Duration", struct.pack(">d", 1000 * len(key_frames) / fps)),
        _element("MuxingApp", b"msstgcn"),
        _element("WritingApp", b"msstgcn"),
    )
    track = _element(
        "TrackEntry",
        _number("TrackNumber", 1), _number("TrackUID", 1), _number("FlagLacing", 0), _number("TrackType", 1),
        _element("CodecID", b"V_VP8"), _number("DefaultDuration", round(1e9 / fps)),
        _element("Video", _number("PixelWidth", width), _number("PixelHeight", height)),
    )  # fmt: skip
    clusters = [
        _element("Cluster", _number("Timestamp", time), _element("SimpleBlock", b"\x81\x00\x00\x80" + frame))
        for time, frame in zip(times, key_frames, strict=True)
    ]
    before = about + _element("Tracks", track)
    first = len(before) + len(_index(times, [0] * len(times)))
    places = [first + sum(map(len, clusters[:number])) for number in range(len(clusters))]
    return head + _element("Segment", before, _index(times, places), *clusters)


def _index(times: Sequence[int], places: Sequence[int]) -> bytes:
    """Where each frame lies, counted from the segment's first byte; as long whatever the places are."""
    return _element(
        "Cues",
        *(
            _element(
                "CuePoint",
                _number("CueTime", time),
                _element("CueTrackPositions", _number("CueTrack", 1), _number("CueClusterPosition", place)),
            )
            for time, place in zip(times, places, strict=True)
        ),
    )


def _number(name: str, value: int) -> bytes:
    return _element(name, struct.pack(">Q", value))


def _element(name: str, *parts: bytes) -> bytes:
    """Number, length, content; the length is written in eight bytes, of which the first only says so."""
    content = b"".join(parts)
    return bytes.fromhex(_IDS[name]) + b"\x01" + struct.pack(">Q", len(content))[1:] + content
