"""Action units of the Facial Action Coding System (FACS) as displacement fields of the face plane.

Every unit has a left and a right half. As in FACS, L and R are the *person's own* sides: R is the left half of
the picture. An amplitude is the displacement, in percent of the inter-ocular distance (IOD), of the landmark that
the unit moves most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from msstgcn.errors import unknown_name
from msstgcn.faces.anatomy import EYES, LOWER, Array, step


class Pull(NamedTuple):
    """A Gaussian pull on the skin at (x, y) of the average right half, moving it by (outward, down)."""

    x: float
    y: float
    outward: float
    down: float
    sigma: float
    lip: str = ""  # "upper" or "lower": only that lip; "" both


@dataclass(frozen=True)
class ActionUnit:
    """What one action unit does to one half of the face."""

    name: str
    pulls: tuple[Pull, ...] = ()
    upper_lid: float = 0.0  # down, in units of the amplitude
    lower_lid: float = 0.0  # down
    jaw: float = 0.0  # opening
    paired: bool = True  # left and right can act alone


#: The units the face can show; positions in IOD on the average face, image-left half (x < 0).
ACTION_UNITS: dict[str, ActionUnit] = {
    "1": ActionUnit(
        "inner brow raiser", (Pull(-0.18, -0.23, 0, -1, 0.12), Pull(-0.2, -0.42, 0, -0.35, 0.13))
    ),
    "2": ActionUnit(
        "outer brow raiser", (Pull(-0.50, -0.25, 0, -1, 0.13), Pull(-0.48, -0.42, 0, -0.3, 0.13))
    ),
    "4": ActionUnit(
        "brow lowerer", (Pull(-0.18, -0.21, -0.45, 0.9, 0.12), Pull(-0.34, -0.27, -0.2, 0.45, 0.12))
    ),
    "5": ActionUnit("upper lid raiser", upper_lid=-1.0),
    "6": ActionUnit(
        "cheek raiser",
        (Pull(-0.40, 0.22, -0.1, -1.0, 0.14), Pull(-0.55, 0.03, -0.35, 0.0, 0.10)),
        lower_lid=-0.35,
    ),
    "7": ActionUnit("lid tightener", (Pull(-0.36, 0.10, -0.1, -0.3, 0.09),), upper_lid=0.35, lower_lid=-1.0),
    "9": ActionUnit(
        "nose wrinkler",
        (
            Pull(-0.13, 0.40, 0.15, -1, 0.10),
            Pull(-0.17, -0.20, -0.2, 0.4, 0.11),
            Pull(-0.12, 0.62, 0, -0.4, 0.11, "upper"),
        ),
    ),
    "10": ActionUnit(
        "upper lip raiser",
        (Pull(-0.13, 0.66, 0, -1, 0.11, "upper"), Pull(-0.20, 0.50, 0.1, -0.5, 0.10)),
    ),
    "12": ActionUnit(
        "lip corner puller",
        (Pull(-0.29, 0.74, 0.70, -0.70, 0.14), Pull(-0.41, 0.45, 0.2, -0.45, 0.17)),
        lower_lid=-0.06,
    ),
    "13": ActionUnit("sharp lip puller", (Pull(-0.29, 0.73, 0.2, -1, 0.10),)),
    "14": ActionUnit("dimpler", (Pull(-0.30, 0.75, 1, 0.05, 0.10),)),
    "15": ActionUnit(
        "lip corner depressor", (Pull(-0.28, 0.77, 0.2, 1, 0.12), Pull(-0.24, 0.95, 0.1, 0.4, 0.12))
    ),
    "17": ActionUnit(
        "chin raiser",
        (
            Pull(-0.07, 1.06, 0, -1.0, 0.13),
            Pull(-0.10, 0.84, 0, -0.7, 0.12),
            Pull(-0.08, 0.70, 0, -0.3, 0.12),
        ),
        paired=False,
    ),
    "18": ActionUnit("lip pucker", (Pull(-0.28, 0.75, -1, 0, 0.12),), paired=False),
    "20": ActionUnit("lip stretcher", (Pull(-0.30, 0.76, 1, 0.2, 0.15), Pull(-0.42, 0.85, 0.35, 0.1, 0.16))),
    "23": ActionUnit(
        "lip tightener",
        (
            Pull(-0.09, 0.66, 0, 0.6, 0.10, "upper"),
            Pull(-0.09, 0.85, 0, -0.8, 0.10, "lower"),
            Pull(-0.28, 0.75, -0.5, 0, 0.09),
        ),
        paired=False,
    ),
    "24": ActionUnit(
        "lip pressor",
        (
            Pull(-0.10, 0.66, 0, 0.7, 0.11, "upper"),
            Pull(-0.10, 0.86, 0, -1.0, 0.12, "lower"),
            Pull(-0.07, 1.05, 0, -0.3, 0.12),
        ),
        paired=False,
    ),
    "25": ActionUnit("lips part", (Pull(-0.08, 0.66, 0, -0.25, 0.12, "upper"),), jaw=0.6, paired=False),
    "26": ActionUnit("jaw drop", jaw=1.0, paired=False),
    "38": ActionUnit("nostril dilator", (Pull(-0.17, 0.44, 1, -0.1, 0.07),)),
    "39": ActionUnit("nostril compressor", (Pull(-0.17, 0.44, -1, 0.1, 0.07),)),
    "43": ActionUnit("eyes closed", upper_lid=1.0, lower_lid=-0.08),
}
SIDES: tuple[str, str] = ("R", "L")
#: Names of the halves in the order of amplitude vectors: R1, L1, R2, L2, ...
HALVES: tuple[str, ...] = tuple(side + unit for unit in ACTION_UNITS for side in SIDES)
HALF_INDEX: dict[str, int] = {name: index for index, name in enumerate(HALVES)}


def amplitudes(units: dict[str, float]) -> Array:
    """Vector over `HALVES` of a dict such as ``{"12": 3.0, "L4": 1.0}`` (no prefix: both sides).

    Raises
    ------
    InputError
        If a name is no action unit that the face can show.
    """
    vector = np.zeros(len(HALVES))
    for name, value in units.items():
        for index in halves_of(name):
            vector[index] += value
    return vector


def halves_of(name: str) -> tuple[int, ...]:
    """Indices into `HALVES` of a unit such as ``"12"`` (both) or ``"L12"`` (one)."""
    if name in HALF_INDEX:
        return (HALF_INDEX[name],)
    if name in ACTION_UNITS:
        return tuple(HALF_INDEX[side + name] for side in SIDES)
    raise unknown_name("action unit", name, [*ACTION_UNITS, *HALVES])


@dataclass(frozen=True)
class Fields:
    """Displacements per percent amplitude of every half unit, for one person.

    `branches` is float32 (2, H, ny, nx, 2), in IOD; branch 0 is the face above the mouth line,
    branch 1 the face below it. `lids` is float64 (H, 2 eyes, 2 lids): downward shift of a lid's middle, in IOD.
    """

    branches: np.ndarray
    lids: Array


def fields(x: Array, y: Array, points: Array, mouth: Array) -> Fields:
    """Displacement fields on the grid (x, y), both (ny, nx), of a face with these landmarks.

    Parameters
    ----------
    x, y : ndarray, shape (ny, nx)
        Grid positions in IOD.
    points : ndarray, shape (68, 2)
        The person's neutral landmarks.
    mouth : ndarray, shape (2,)
        The person's mouth centre and half width as (y, half width).
    """
    branches = np.zeros((2, len(HALVES), *x.shape, 2), dtype=np.float32)
    lids = np.zeros((len(HALVES), 2, 2))
    opening = jaw_field(x, y, points, mouth)
    for name, unit in ACTION_UNITS.items():
        for side, sign in enumerate((1.0, -1.0)):  # R is the image's left half, x < 0
            index = HALF_INDEX[SIDES[side] + name]
            field = np.zeros((2, *x.shape, 2))
            for pull in unit.pulls:
                cx, cy = _on_person(pull.x, pull.y, points, mouth)
                hill = np.exp(-0.5 * (((x - sign * cx) ** 2 + (y - cy) ** 2) / pull.sigma**2))
                shift = np.stack([-sign * pull.outward * hill, pull.down * hill], -1)
                for branch, lip in enumerate(("upper", "lower")):
                    share = 1.0 if pull.lip in ("", lip) else _shared(x, y, mouth, branch)
                    field[branch] += shift * (share[..., None] if isinstance(share, np.ndarray) else share)
            half = step(0.5 - sign * x / 0.2)
            field[1, ..., 1] += unit.jaw * opening * half
            lids[index, side] = unit.upper_lid, unit.lower_lid
            scale = 0.01 / _largest(field, lids[index, side], side, x, y, points)
            branches[:, index] = field * scale
            lids[index] *= scale
    return Fields(np.round(branches * 2.0**24) / np.float32(2.0**24), lids)


def jaw_field(x: Array, y: Array, points: Array, mouth: Array) -> Array:
    """Downward displacement of the lower branch for a jaw opening of 1: nought at the lip corners and beyond."""
    centre, half = mouth
    chin = points[8, 1]
    at_lip = np.sqrt(np.maximum(1 - (x / half) ** 2, 0)) * 0.8
    broad = np.exp(-((np.abs(x) / 0.62) ** 4)) * (1 - 0.25 * (x / 0.6) ** 2)
    down = step((y - centre) / (0.8 * (chin - centre)))
    return np.asarray(at_lip * (1 - down) + np.maximum(broad, 0) * down)


def _shared(x: Array, y: Array, mouth: Array, branch: int) -> Array:
    """Share of one lip's pull in the other branch: whole beyond the corners, none between them."""
    return step((np.abs(x) / mouth[1] - 0.75) / 0.25)


def _on_person(x: float, y: float, points: Array, mouth: Array) -> tuple[float, float]:
    """Move a position on the average face to the same place on this person's."""
    average_mouth, average_half = 0.744, 0.294
    if y > 0.1:
        y = y * mouth[0] / average_mouth
        if y > 0.6 * mouth[0]:
            x = x * mouth[1] / average_half
    elif y < -0.1:
        y = y + (points[19, 1] + 0.272)
    return x, y


def _largest(field: Array, lids: Array, side: int, x: Array, y: Array, points: Array) -> float:
    """Largest displacement among the landmarks, to scale by."""
    lower = np.isin(np.arange(68), LOWER).astype(int)
    u, v = (points[:, 0] - x[0, 0]) / (x[0, 1] - x[0, 0]), (points[:, 1] - y[0, 0]) / (y[1, 0] - y[0, 0])
    column, row = u.astype(int), v.astype(int)
    a, b = (u - column)[:, None], (v - row)[:, None]
    moved = (field[lower, row, column] * (1 - a) + field[lower, row, column + 1] * a) * (1 - b) + (
        field[lower, row + 1, column] * (1 - a) + field[lower, row + 1, column + 1] * a
    ) * b
    _, up1, up2, _, low2, low1 = EYES[side]
    moved[[up1, up2], 1] += lids[0]
    moved[[low1, low2], 1] += lids[1]
    return float(np.hypot(moved[:, 0], moved[:, 1]).max())
