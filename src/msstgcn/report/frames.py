"""Pictures made of pictures: what the frames of a clip are put together from. All are uint8, grey or RGB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture = NDArray[np.uint8]


def beside(*pictures: Picture, gap: int = 4) -> Picture:
    """Pictures from left to right on white, upper edges in one line."""
    height = max(len(picture) for picture in pictures)
    parts = [_padded(picture, height - len(picture), gap * (i > 0)) for i, picture in enumerate(pictures)]
    return np.concatenate(parts, axis=1)


def below(*pictures: Picture, gap: int = 4) -> Picture:
    """Pictures from top to bottom on white, left edges in one line."""
    turned = [np.swapaxes(picture, 0, 1) for picture in pictures]
    return np.ascontiguousarray(np.swapaxes(beside(*turned, gap=gap), 0, 1))


def cut(picture: Picture, centre: tuple[float, float], half: float, size: int) -> Picture:
    """The square around a place, as a picture of size x size.

    Parameters
    ----------
    picture : ndarray of uint8
    centre : (float, float)
        x and y of the middle, pixels; moved inwards where the square would stick out.
    half : float
        Half the square's side, pixels; made smaller where the picture is.
    size : int
        Side of the result, pixels.

    Raises
    ------
    InputError
        If the square or the result has no pixel.
    """
    side = min(2 * round(half), *picture.shape[:2])
    if min(side, size) < 1:
        raise InputError(
            f"a square of {side} x {side} pixels as a picture of {size} x {size}",
            expected="at least 1 x 1 (half a side is rounded to whole pixels)",
        )
    rows, columns = picture.shape[:2]
    x = int(np.clip(round(centre[0] - side / 2), 0, columns - side))
    y = int(np.clip(round(centre[1] - side / 2), 0, rows - side))
    way = cv2.INTER_AREA if side >= size else cv2.INTER_CUBIC
    part = np.ascontiguousarray(picture[y : y + side, x : x + side])
    return np.asarray(cv2.resize(part, (size, size), interpolation=way), dtype=np.uint8)


def framed(picture: Picture, shade: str | None = None, width: int = 5) -> Picture:
    """A picture in a frame of a colour such as ``"#D55E00"``; white without one. The size stays the same.

    Raises
    ------
    InputError
        If the frame has no width, or covers the whole picture.
    """
    from matplotlib.colors import to_rgb

    if not 1 <= width <= (min(picture.shape[:2]) - 1) // 2:
        raise InputError(
            f"a frame {width} pixels wide around {picture.shape[1]} x {picture.shape[0]}",
            expected="at least 1, and less than half the picture",
        )
    inside = _rgb(picture)[width:-width, width:-width]
    edge = np.round(255 * np.array(to_rgb(shade or "white"))).astype(np.uint8)
    result = np.empty((*picture.shape[:2], 3), np.uint8)
    result[:] = edge
    result[width:-width, width:-width] = inside
    return result


def drawn(figure: Figure) -> Picture:
    """A matplotlib figure as a picture (height, width, 3), at the figure's own resolution."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def header(texts: Sequence[str], width: int, height: int = 24) -> Picture:
    """A white strip with texts, each in the middle of its equal share of the width."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    figure.set_layout_engine("none")
    for number, text in enumerate(texts):
        figure.text((number + 0.5) / len(texts), 0.5, text, ha="center", va="center", fontsize=10)
    return drawn(figure)


def with_cursor(figure: Figure, axes: Axes, places: Iterable[float]) -> Iterator[Picture]:
    """A figure drawn once, then with an upright black line across `axes` at each place on its x axis."""
    picture = drawn(figure)
    left, bottom, right, top = axes.get_window_extent().extents
    rows = slice(max(0, round(len(picture) - top)), round(len(picture) - bottom))
    low, high = axes.get_xlim()
    for place in places:
        column = int(np.clip(round(left + (place - low) / (high - low) * (right - left)), left, right - 1))
        result = picture.copy()
        result[rows, max(0, column - 1) : column + 1] = 0
        yield result


def _rgb(picture: Picture) -> Picture:
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def _padded(picture: Picture, rows: int, columns: int) -> Picture:
    """Bring to RGB, with white rows below and white columns to the left."""
    return np.pad(_rgb(picture), ((0, rows), (columns, 0), (0, 0)), constant_values=255)
