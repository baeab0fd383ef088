"""The average adult face: where its 68 landmarks lie, and how far each part stands out.

Coordinates are in units of the distance between the outer eye corners (inter-ocular distance, IOD); x runs to
the right of the picture, y down, z towards the camera; the origin lies midway between the outer eye corners.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Distances of an average adult's face in millimetres, women and men together. They are **our own choice** of round
#: figures, in the points and terms of L. G. Farkas, *Anthropometry of the Head and Face* (Raven Press 1994), whose
#: tables were not at hand to be copied from or checked against. What could be checked: the distance of the inner eye
#: corners lies within the means of six populations, 31.2 to 38.5 (pooled from 67 studies by Bouhadana et al. 2022,
#: doi:10.1097/GOX.0000000000004268); face, jaw, mouth and inner eye corners of a published sample of adults have, its
#: two groups averaged, 132, 102, 54 and 32 (doi:10.1186/s40902-019-0191-7, table 9). The same sample has a shorter and
#: broader nose (49 and 42), outer eye corners farther apart (96) and fuller lips: populations differ by as much.
#: `Identity` varies most of these lengths by 5 to 10 %, and the nose's width and the lips by a quarter.
MILLIMETRES: dict[str, float] = {
    "ex-ex": 89.0,  # between the outer eye corners: the unit
    "en-en": 32.5,  # between the inner eye corners
    "zy-zy": 132.0,  # face width at the cheekbones
    "go-go": 101.0,  # jaw width at its angles, with the soft tissue a picture shows
    "n-sn": 52.5,  # nose height
    "sn-sto": 20.8,  # upper lip, nose to mouth line
    "sto-gn": 44.5,  # mouth line to chin
    "al-al": 33.2,  # nose width
    "ch-ch": 52.4,  # mouth width
    "ls-sto": 8.6,  # red of the upper lip
    "sto-li": 10.0,  # red of the lower lip
    "ps-pi": 10.9,  # eye opening
}
#: How far the nasion lies above the line through the outer eye corners, in IOD: our choice.
NASION = -0.065
#: Height of the head's rim, below which the surface levels off, in IOD.
HANGING = 0.15
#: Landmarks that move with the lower lip and the jaw.
LOWER: tuple[int, ...] = (*range(3, 14), *range(55, 60), 65, 66, 67)
#: Landmarks of the right (image-left) and left eye's upper and lower lid, outer to inner corner.
EYES: tuple[tuple[int, ...], tuple[int, ...]] = ((36, 37, 38, 39, 40, 41), (45, 44, 43, 42, 47, 46))


def _mm(name: str) -> float:
    return MILLIMETRES[name] / MILLIMETRES["ex-ex"]


def _mirrored(
    left: list[tuple[float, float]], middle: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    return left + middle + [(-x, y) for x, y in reversed(left)]


def mean_landmarks() -> Array:
    """Landmarks of the average face in the order of the 68-point scheme, float64 (68, 2), in IOD.

    What `MILLIMETRES` does not fix is our drawing, by the usual rules of proportion: brows begin above the inner eye
    corners, the landmarks of the nose's bridge are evenly spaced, those of a lid divide it in thirds.
    """
    subnasal = NASION + _mm("n-sn")
    mouth = subnasal + _mm("sn-sto")
    chin = mouth + _mm("sto-gn")
    cheek, angle = _mm("zy-zy") / 2, _mm("go-go") / 2
    inner, lip = _mm("en-en") / 2, _mm("ch-ch") / 2
    wing = _mm("al-al") / 2
    up, low = mouth - _mm("ls-sto"), mouth + _mm("sto-li")
    opening = _mm("ps-pi") / 2
    jaw = [
        (-cheek, 0.01),
        (-cheek * 0.99, 0.20),
        (-cheek * 0.965, 0.40),
        (-cheek * 0.91, 0.60),
        (-angle * 1.05, mouth + 0.04),
        (-angle * 0.86, chin - 0.27),
        (-angle * 0.62, chin - 0.125),
        (-angle * 0.325, chin - 0.035),
    ]
    brow = [(-0.570, -0.165), (-0.490, -0.240), (-0.382, -0.270), (-0.272, -0.252), (-inner, -0.208)]
    top, tip = NASION + 0.035, subnasal - 0.115
    bridge = [(0.0, top + (tip - top) * share) for share in (0.0, 1 / 3, 2 / 3, 1.0)]
    nostrils = [(-wing * 0.83, subnasal - 0.035), (-wing * 0.42, subnasal - 0.008)]
    eye = [
        (-0.5, 0.0),
        (-0.398, -opening * 0.86),
        (-0.285, -opening * 0.93),
        (-inner, 0.014),
        (-0.283, opening * 0.76),
        (-0.394, opening * 0.80),
    ]
    other = [(-eye[i][0], eye[i][1]) for i in (3, 2, 1, 0, 5, 4)]
    upper = [(-lip, mouth - 0.006), (-lip * 0.60, up + 0.036), (-lip * 0.24, up - 0.004)]
    lower = [(lip * 0.60, low - 0.027), (lip * 0.25, low - 0.001)]
    inside = [(-lip * 0.87, mouth), (-lip * 0.29, mouth - 0.008)]
    inside_low = [(lip * 0.29, mouth + 0.010), (0.0, mouth + 0.012), (-lip * 0.29, mouth + 0.010)]
    points = [
        *_mirrored(jaw, [(0.0, chin)]),
        *_mirrored(brow, []),
        *bridge,
        *_mirrored(nostrils, [(0.0, subnasal)]),
        *eye,
        *other,
        *_mirrored(upper, [(0.0, up + 0.008)]),
        *lower,
        (0.0, low),
        *[(-x, y) for x, y in reversed(lower)],
        *_mirrored(inside, [(0.0, mouth - 0.004)]),
        *inside_low,
    ]
    return np.array(points, dtype=np.float64)


#: Standard deviations from its middle at which a Gaussian hill has faded: what is left, 1e-31, changes no float64 that
#: a painter adds it to.
FADED = 12.0


def bump(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float | None = None) -> Array:
    """A Gaussian hill of height 1 at (cx, cy) with standard deviations sx and sy (sy = sx if None).

    `x` and `y` are a mesh grid, (ny, nx) each: the hill is the product of a row and a column.
    """
    row = np.exp(-0.5 * ((x[0] - cx) / sx) ** 2)
    column = np.exp(-0.5 * ((y[:, 0] - cy) / (sx if sy is None else sy)) ** 2)
    return np.asarray(column[:, None] * row, dtype=np.float64)


def pair(x: Array, y: Array, cx: float, cy: float, sx: float, sy: float | None = None) -> Array:
    """Two mirrored Gaussian hills, at (-cx, cy) and (cx, cy)."""
    return bump(x, y, -cx, cy, sx, sy) + bump(x, y, cx, cy, sx, sy)


def step(t: Any) -> Array:
    """Smooth step from 0 at t <= 0 to 1 at t >= 1."""
    t = np.clip(np.asarray(t, dtype=np.float64), 0.0, 1.0)
    rise = t * t
    t *= -2
    t += 3
    rise *= t
    return np.asarray(rise)


def depth(x: Array, y: Array, points: Array, nose: float) -> Array:
    """Smooth height of the head at (x, y), in IOD: what the projection uses.

    An ellipsoid, continued by its tangent near the rim so that every pose up to some 25 degrees can be inverted,
    and levelled off below `HANGING`: there is hair only, which hangs down and does not bend back under the head.
    On it lie a nose of height `nose`, brow ridge, eye sockets, cheekbones, mouth and chin.
    """
    r2 = (x / 0.99) ** 2 + ((y - 0.22) / 1.6) ** 2
    edge = 0.8
    inside = np.sqrt(1 - np.minimum(r2, edge))
    z = 0.92 * (inside - np.maximum(r2 - edge, 0) / (2 * np.sqrt(1 - edge)))
    z = np.where(z < HANGING, HANGING - 0.3 * np.tanh((HANGING - z) / 0.3), z)
    base, mouth, chin = points[33, 1], points[62, 1], points[8, 1]
    wing = points[35, 0]
    along = (y - NASION) / (base - NASION)
    rise = np.where(along < 0.86, 0.22 + 0.78 * step(along / 0.86), step((1.16 - along) / 0.30))
    rise = rise * step((along + 0.45) / 0.5)
    width = 0.055 + (0.55 * wing - 0.02) * step((along - 0.1) / 0.8)
    z += nose * rise * np.exp(-0.5 * (x / width) ** 2)
    z += 0.045 * pair(x, y, 0.30, -0.20, 0.17, 0.07) - 0.075 * pair(x, y, 0.33, -0.01, 0.13, 0.085)
    z += 0.045 * pair(x, y, 0.46, 0.27, 0.17, 0.13) + 0.075 * bump(x, y, 0, mouth, 0.24, 0.17)
    z += 0.06 * bump(x, y, 0, chin - 0.16, 0.15, 0.11)
    return np.asarray(z, dtype=np.float64)
