"""Hair: where it grows and how its strands run, one function a style.

A style returns two opacities on the texture canvas: hair in front of the skin, and how curly its strands are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from msstgcn.errors import lookup
from msstgcn.faces.anatomy import Array, bump, step
from msstgcn.faces.identity import Identity


@dataclass(frozen=True)
class Canvas:
    """Positions that every painter needs, each (ny, nx): where, in IOD, and how far inside the head's outline."""

    x: Array
    y: Array
    inside: Array  # signed distance to the outline of head without hair, IOD, positive inside
    points: Array  # the person's landmarks
    scale: float  # texture pixels per IOD
    where: tuple[slice, slice] = (slice(None), slice(None))  # rows and columns of the whole canvas

    def part(self, left: float, right: float, top: float, bottom: float) -> Canvas:
        """The positions of a rectangle, in IOD: a painter that leaves the rest as it is needs no more."""
        columns = slice(*np.searchsorted(self.x[0], (left, right)))
        rows = slice(*np.searchsorted(self.y[:, 0], (top, bottom)))
        at = (rows, columns)
        return replace(self, x=self.x[at], y=self.y[at], inside=self.inside[at], where=at)


def _soft(signed: Array, width: float = 0.03) -> Array:
    """Opacity of a region from its signed distance."""
    return step(signed / width + 0.5)


def _hairline(c: Canvas, peak: float, temple: float, drop: float = 0.0) -> Array:
    """Signed height above the hairline: `peak` at the middle, `temple` where it turns down to the ears."""
    a = np.abs(c.x)
    line = peak + 0.10 * (a / 0.5) ** 2 + drop * np.exp(-(((a - 0.34) / 0.16) ** 2))
    sideburn = 10.0 * np.maximum(a - temple, 0) ** 1.5
    return np.asarray(line + sideburn - c.y)


def _cap(c: Canvas, thick: float, sides: float | None = None) -> Array:
    """Signed distance inside the head's outline grown by `thick` on top and `sides` beside the ears."""
    sides = thick if sides is None else sides
    top = step((-0.35 - c.y) / 0.5)
    return c.inside + thick * top + sides * (1 - top)


def _above(c: Canvas, line: float, width: float = 0.06) -> Array:
    return step((line - c.y) / width + 0.5)


def bald(c: Canvas, rng: np.random.Generator) -> Array:
    """No hair to be seen."""
    return np.zeros_like(c.x)


def buzz(c: Canvas, rng: np.random.Generator) -> Array:
    """Shaved to a shadow."""
    return 0.62 * _soft(_cap(c, 0.015), 0.02) * _soft(_hairline(c, -0.80, 0.57), 0.12) * _above(c, 0.08, 0.3)


def short(c: Canvas, rng: np.random.Generator) -> Array:
    """A few centimetres on top, shorter at the sides."""
    line = _hairline(c, -0.78 + rng.uniform(-0.05, 0.08), 0.58)
    fade = np.clip(1.1 - 0.5 * step((c.y + 0.45) / 0.5), 0, 1)
    return _soft(_cap(c, 0.11, 0.035)) * _soft(line, 0.08) * _above(c, 0.16, 0.2) * fade


def side_part(c: Canvas, rng: np.random.Generator) -> Array:
    """Combed to one side from a parting."""
    sign = 1.0 if rng.uniform() < 0.5 else -1.0
    sweep = -0.76 - 0.12 * np.sin(2.6 * (sign * c.x + 0.25)) + 0.10 * (np.abs(c.x) / 0.5) ** 2
    line = sweep + 10.0 * np.maximum(np.abs(c.x) - 0.58, 0) ** 1.5 - c.y
    top = _cap(c, 0.15, 0.05) + 0.05 * np.sin(2 * sign * c.x)
    return _soft(top) * _soft(line, 0.05) * _above(c, 0.22, 0.15)


def receding(c: Canvas, rng: np.random.Generator) -> Array:
    """Gone from the temples and thin on top."""
    line = _hairline(c, -0.93, 0.62, drop=-0.26)
    thin = 0.45 + 0.5 * step((np.abs(c.x) - 0.35) / 0.3)
    return _soft(_cap(c, 0.04, 0.05)) * _soft(line, 0.16) * _above(c, 0.2, 0.2) * thin


def fringe(c: Canvas, rng: np.random.Generator) -> Array:
    """Cut straight above the brows, sides to the jaw."""
    wave = np.interp(c.x, np.linspace(-1.5, 1.5, 61), rng.normal(0, 0.018, 61))
    line = -0.43 + wave + 0.04 * c.x**2 + 30.0 * np.maximum(np.abs(c.x) - 0.62, 0) ** 1.4 - c.y
    length = rng.uniform(0.3, 0.8)
    return _soft(_cap(c, 0.16, 0.13)) * _soft(line, 0.05) * _above(c, length, 0.12)


def _curtain(c: Canvas, rng: np.random.Generator, length: float, volume: float, turned: float = 0.0) -> Array:
    """Loose hair from a parting down both sides of the face, inner edge along the cheek and the neck.

    `turned` is how far the tips turn in towards the neck.
    """
    part = rng.uniform(-0.22, 0.22)
    side = np.abs(c.x - part * step((-0.3 - c.y) / 0.5))
    edge = 0.07 + 0.57 * np.clip((c.y + 0.86) / 0.62, 0, 1) ** 0.55 + 0.07 * step((c.y - 0.1) / 0.5)
    edge = edge - rng.uniform(0.08, 0.20) * step((c.y - 0.35) / 0.7)
    wave = 0.015 * np.sin(6 * c.y + rng.uniform(0, 6))
    inner = side - edge - wave
    grown = _cap(c, 0.13, volume)
    half = 0.80 * c.points[16, 0] / 0.742 - 0.05 * (
        1 - step((c.y + 0.5) / 0.7)
    )  # leaves the head at the temples
    below = volume + half - np.abs(c.x) - turned * step((c.y - length + 0.5) / 0.5) ** 2
    outer = np.where(c.y > -0.45, np.maximum(grown, below), grown)
    tips = length + np.interp(c.x, np.linspace(-1.5, 1.5, 81), rng.normal(0, 0.02, 81))
    return _soft(outer) * np.where(c.y < -0.86, 1.0, _soft(inner, 0.05)) * step((tips - c.y) / 0.10)


def bob(c: Canvas, rng: np.random.Generator) -> Array:
    """Parted, to the chin."""
    return _curtain(c, rng, rng.uniform(0.75, 1.15), 0.15, turned=rng.uniform(0.0, 0.14))


def long(c: Canvas, rng: np.random.Generator) -> Array:
    """Parted, to the shoulders or below."""
    return _curtain(c, rng, rng.uniform(1.4, 2.4), rng.uniform(0.12, 0.2))


def tied_back(c: Canvas, rng: np.random.Generator) -> Array:
    """Drawn back tightly; some with a bun on top."""
    drawn = _soft(_cap(c, 0.035, 0.01), 0.02) * _soft(_hairline(c, -0.80, 0.60), 0.10) * _above(c, 0.0, 0.25)
    bun = _soft(0.30 - np.hypot(c.x, (c.y + 1.52) * 1.15)) if rng.uniform() < 0.5 else 0.0
    return np.maximum(drawn, bun)


def _rough(c: Canvas, rng: np.random.Generator, size: float, strength: float) -> Array:
    noise = gaussian_filter(rng.standard_normal(c.x.shape), size * c.scale, mode="nearest")
    return np.asarray(strength * noise / noise.std())


def curly(c: Canvas, rng: np.random.Generator) -> Array:
    """Curls to the jaw."""
    rough = _rough(c, rng, 0.035, 0.03)
    volume = rng.uniform(0.22, 0.34)
    line = _hairline(c, -0.66, 0.56) + rough
    length = rng.uniform(0.25, 0.85)
    outer = _cap(c, volume, volume) - 0.5 * volume * step((c.y - length + 0.3) / 0.4) ** 2 + rough
    return _soft(outer, 0.05) * _soft(line, 0.08) * step((length - c.y + 2 * rough) / 0.15)


def afro(c: Canvas, rng: np.random.Generator) -> Array:
    """Tight curls standing off the head."""
    rough = _rough(c, rng, 0.02, 0.015)
    volume = rng.uniform(0.14, 0.36)
    return (
        _soft(_cap(c, volume, 0.75 * volume) + rough, 0.05)
        * _soft(_hairline(c, -0.74, 0.60) + rough, 0.09)
        * (_above(c, 0.15, 0.2))
    )


#: Opacity of hair on the canvas, by style.
STYLES: dict[str, Callable[[Canvas, np.random.Generator], Array]] = {
    "bald": bald,
    "buzz": buzz,
    "short": short,
    "side part": side_part,
    "receding": receding,
    "fringe": fringe,
    "bob": bob,
    "long": long,
    "tied back": tied_back,
    "curly": curly,
    "afro": afro,
}
_CURLY = {"curly": 0.035, "afro": 0.012, "buzz": 0.006}


def hair(c: Canvas, who: Identity) -> tuple[Array, Array]:
    """Opacity (ny, nx) and colour (ny, nx, 3) of a person's hair."""
    rng = np.random.default_rng(np.random.SeedSequence([who.seed, 1]))
    opacity = np.clip(lookup(STYLES, who.hair_style, "hair style")(c, rng), 0, 1)
    curl = _CURLY.get(who.hair_style)
    if curl is None:
        strands = _strands(_COMBED.get(who.hair_style, _back)(c, opacity), rng)
        opacity = np.clip(opacity * (1 + 1.2 * strands * opacity * (1 - opacity)), 0, 1)
    else:
        strands = 0.5 - np.abs(_rough(c, rng, curl, 0.9)) + _rough(c, rng, 0.4 * curl, 0.3)
    rim = 0.55 + 0.45 * step(opacity * 1.2 - 0.1)
    gloss = (
        0.30
        * np.exp(-(((np.hypot(c.x + 0.2, c.y + 0.25) - 0.95) / 0.16) ** 2))
        * (1 if curl is None else 0.4)
    )
    light = 0.86 - 0.16 * step((c.y - 0.2) / 1.2) + 0.10 * bump(c.x, c.y, -0.3, -1.1, 0.5, 0.4)
    shade = rim * (light + gloss + 0.16 * strands)
    colour = np.array(who.hair_colour, float)
    lifted = colour + 14 * gloss[..., None]
    return opacity, np.clip(lifted * shade[..., None], 0, 255)


Combing = tuple[Array, Array]  #: along the strands and across them, each (ny, nx), IOD


def _back(c: Canvas, opacity: Array) -> Combing:
    """Swept back over the crown, straight down at the sides."""
    around = np.arctan2(c.x, -(c.y + 0.1)) * 1.1
    low = step((c.y + 0.1) / 0.4)
    return np.hypot(c.x, c.y + 0.1), around * (1 - low) + np.sign(c.x) * (np.abs(c.x) + 0.95) * low


def _forward(c: Canvas, opacity: Array) -> Combing:
    """From the crown over the forehead, and down the sides, as meridians run down a globe."""
    width = np.sqrt(np.maximum(1 - (np.minimum(c.y + 0.1, 0) / 1.5) ** 2, 0.05))
    return c.y, 1.6 * c.x / width


def _parted(c: Canvas, opacity: Array) -> Combing:
    """From the parting around the face: a strand keeps its place between the hair's inner and outer edge."""
    bare = opacity < 0.5
    below = c.y[:, 0] > 0.7  # where tips may end and strands hang straight
    bare[below] = bare[np.argmax(below)]
    face = bare & (np.abs(c.x) < 0.78 - 0.5 * np.maximum(-0.3 - c.y, 0)) & (c.y > -0.95)
    inner, outer = (distance_transform_edt(~edge) for edge in (face, bare & ~face))
    share = inner / np.maximum(inner + outer, 1e-9)
    part = float(c.x[0, face[np.argmax(face.any(axis=1))]].mean())  # above the highest bare point
    side = c.x - part * step((-0.3 - c.y) / 0.5)
    drop = 0.5 * (1 - np.exp(-np.abs(side) / 0.4))  # strands leave the parting at a slope
    return np.hypot(side, c.y + 0.86), np.sign(side) * (0.7 * share + drop)


_COMBED: dict[str, Callable[[Canvas, Array], Combing]] = {"fringe": _forward, "bob": _parted, "long": _parted}


def _strands(combing: Combing, rng: np.random.Generator) -> Array:
    """Noise drawn out along the strands."""
    along, across = combing
    noise = rng.standard_normal((64, 1024))
    fine = gaussian_filter(noise, (2.0, 0.7), mode="wrap")
    coarse = gaussian_filter(noise[::-1], (3.0, 4.0), mode="wrap")
    texture = fine / fine.std() * 0.6 + coarse / coarse.std() * 0.6
    where = np.stack([along * 14, (across + 4) * 120])
    return np.asarray(map_coordinates(texture, where, order=1, mode="grid-wrap"))
