"""Short films in a page: they play offline, when the reader asks for it, and leave a picture on paper."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.report.webm import as_bgr, vp8_key_frame, webm

#: Quality of the compressed pictures, 1 to 99 as of WebP: what moves by half a pixel is still to be seen.
QUALITY = 60
#: Pixels left free below the picture: there a browser lays its controls, and hides nothing.
CONTROLS = 72


@dataclass(frozen=True)
class Clip:
    """A film for a page; the last expression of a cell shows it.

    Parameters
    ----------
    film : bytes
        A WebM file.
    poster : bytes
        The picture shown before the film is played, on paper, and where no film can be: a JPEG file.
    width, height : int
        Pixels.
    alt : str
        What is to be seen, for readers who do not see it.
    """

    film: bytes
    poster: bytes
    width: int
    height: int
    alt: str

    def html(self) -> str:
        """A ``video`` element that holds everything in itself. It starts when asked to, never by itself."""
        text = escape(self.alt)
        return (
            '<video class="clip" controls loop muted playsinline preload="metadata" '
            f'width="{self.width}" style="{self._shape()}" '
            f'aria-label="{text}" poster="data:image/jpeg;base64,{_text(self.poster)}" '
            f'src="data:video/webm;base64,{_text(self.film)}">{text}</video>'
        )

    def _shape(self) -> str:
        ratio = f"aspect-ratio: {self.width} / {self.height + CONTROLS}"
        return f"max-width: 100%; height: auto; {ratio}; object-fit: contain; object-position: top"

    def __repr__(self) -> str:
        return f"<film of {self.width} x {self.height} pixels: {self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "image/jpeg": _text(self.poster), "text/plain": repr(self)}


def clip(
    frames: Iterable[NDArray[np.uint8]], *, fps: float, alt: str, poster: int = 0, quality: int = QUALITY
) -> Clip:
    """Make a film of frames, for a page of the book.

    Caption, name and number come from the cell, as those of any other figure:
    ``mystnb={"figure": {"caption": "...", "name": "fig-..."}}``.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, (height, width) grey or (height, width, 3) RGB
        All of one size.
    fps : float
        Frames a second, more than 0; fewer than the video has show it slowed down.
    alt : str
        What is to be seen.
    poster : int
        The frame that stands for the film while it is not played; -1 is the last one.
    quality : int
        1 to 99; see `QUALITY`.

    Returns
    -------
    Clip
        The same frames give the same bytes.

    Raises
    ------
    InputError
        If there are no frames, they are no pictures of one size, there is no frame for the poster, or rate or quality
        are none.
    """
    if not 0 < fps < math.inf:
        raise InputError(f"a clip of {fps} frames a second", expected="more than 0")
    if not 1 <= quality <= 99:
        raise InputError(f"a clip of quality {quality}", expected="1 to 99")
    pictures: list[NDArray[np.uint8]] = []
    for number, frame in enumerate(frames):
        _must_be_picture(frame, number)
        if pictures and frame.shape[:2] != pictures[0].shape[:2]:
            raise InputError(
                f"frame {number} of a clip is {frame.shape[1]} x {frame.shape[0]}",
                expected=f"{pictures[0].shape[1]} x {pictures[0].shape[0]}, as the first one",
            )
        pictures.append(frame)
    if not -len(pictures) <= poster < len(pictures):
        raise InputError(f"no frame {poster} in a clip of {len(pictures)}", expected="a frame for the poster")
    height, width = pictures[0].shape[:2]
    film = webm([vp8_key_frame(picture, quality) for picture in pictures], width, height, fps)
    return Clip(film, _jpeg(pictures[poster]), width, height, alt)


def _must_be_picture(frame: NDArray[np.uint8], number: int) -> None:
    """Raise an `InputError` unless a frame is a picture, grey or RGB, with at least one pixel."""
    has_form = frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3)
    if frame.dtype != np.uint8 or not has_form or not frame.size:
        raise InputError(
            f"an array of {frame.dtype}, {frame.shape}",
            where=f"frame {number} of a clip",
            expected="uint8, (height, width) grey or (height, width, 3) RGB, not empty",
        )


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    done, encoded = cv2.imencode(".jpg", as_bgr(picture), [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done, "OpenCV is built with JPEG"
    return encoded.tobytes()


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
