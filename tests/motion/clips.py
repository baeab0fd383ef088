"""A picture moved by known amounts, as a video."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage


@dataclass
class Clip:
    """The smallest thing that is a video."""

    pictures: list[np.ndarray]
    name: str = "clip"
    subject: str = "s01"
    fps: float = 30.0
    expressions: tuple = ()
    served: int = field(default=0)

    def __len__(self) -> int:
        return len(self.pictures)

    def frames(self):
        for picture in self.pictures:
            self.served += 1
            yield picture


def moved(grey, shift=(0.0, 0.0), degrees=0.0, about=(224.0, 110.0), zoom=1.4, size=(640, 480)):
    """Zoom, turn about a point and shift a picture (cubic splines in double precision, no rounding of places).

    A point p of the unturned, zoomed picture comes to R (p - about') + about' + shift.
    """
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # on (x, y)
    centre = zoom * np.asarray(about)
    back = turn.T / zoom  # picture (x, y) -> source (x, y)
    offset = (centre - turn.T @ (centre + np.asarray(shift))) / zoom
    swap = back[::-1, ::-1]
    out = ndimage.affine_transform(
        grey.astype(float), swap, offset[::-1], output_shape=size[::-1], order=3, mode="nearest"
    )
    return np.clip(np.round(out), 0, 255).astype(np.uint8)
