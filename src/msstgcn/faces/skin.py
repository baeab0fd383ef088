"""Paint a person's face: skin, brows, lips, ears and hair, lit once, as one texture with opacity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter

from msstgcn.faces.anatomy import EYES, FADED, Array, bump, depth, pair, step
from msstgcn.faces.hair import Canvas, hair
from msstgcn.faces.identity import SKIN_TONES, Identity

#: The canvas, in IOD: x from LEFT to RIGHT, y from TOP to BOTTOM.
LEFT, RIGHT, TOP, BOTTOM = -1.5, 1.5, -1.8, 2.1
#: Texture pixels per IOD.
RESOLUTION = 200
#: Directions towards the lights (x right, y down, z to the camera) and the share of each.
KEY, FILL = np.array([-0.42, -0.50, 0.76]), np.array([0.55, -0.15, 0.82])
KEY_SHARE, FILL_SHARE, SKY_SHARE, AMBIENT = 0.50, 0.32, 0.20, 0.06
#: How blunt the lids' arch is at the corners: the power of t (1 - t), t along the eye.
ROUND = 0.6


def grid(per_iod: float) -> tuple[Array, Array]:
    """Positions (x, y) on the canvas, each (ny, nx), `per_iod` points per IOD."""
    nx, ny = round((RIGHT - LEFT) * per_iod) + 1, round((BOTTOM - TOP) * per_iod) + 1
    x, y = np.meshgrid(LEFT + np.arange(nx) / per_iod, TOP + np.arange(ny) / per_iod)
    return x, y


def normals(z: Array, per_iod: float) -> Array:
    """Unit normals (ny, nx, 3) of the height field z."""
    down, right = np.gradient(z, 1 / per_iod)
    n = np.stack([-right, -down, np.ones_like(z)], -1)
    return np.asarray(n / np.linalg.norm(n, axis=-1, keepdims=True))


def light(n: Array) -> Array:
    """Light that a surface with unit normals n (..., 3) receives; 1 where it faces the camera."""
    key, fill = KEY / np.linalg.norm(KEY), FILL / np.linalg.norm(FILL)

    def total(m: Array) -> Array:
        sky = SKY_SHARE * (0.5 - 0.5 * m[..., 1])
        return np.asarray(
            AMBIENT + sky + KEY_SHARE * np.maximum(m @ key, 0) + FILL_SHARE * np.maximum(m @ fill, 0)
        )

    return np.asarray(total(n) / total(np.array([0.0, 0.0, 1.0])))


@dataclass(frozen=True)
class EyeLines:
    """The lids of one eye as functions of x on `n` equidistant points from x0 to x1, all in IOD."""

    x0: float
    x1: float
    upper: Array
    lower: Array
    crease: Array
    profile: Array  # how far a lid's shift reaches: 1 in the middle, 0 at the corners

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the opening."""
        return (self.x0 + self.x1) / 2, float((self.upper.min() + self.lower.max()) / 2)


def eye_lines(points: Array, side: int, fold: float = 1.0, n: int = 65) -> EyeLines:
    """Lid lines through the landmarks of the eye on side 0 (image left) or 1; `fold` as in `Identity.lid_fold`."""
    outer, up1, up2, inner, low2, low1 = (points[i] for i in EYES[side])
    flip = 1.0 if outer[0] < inner[0] else -1.0
    x0, x1 = sorted((float(outer[0]), float(inner[0])))
    x = np.linspace(x0, x1, n)

    def line(*knots: Array) -> Array:
        k = np.array(sorted((float(p[0]), float(p[1])) for p in knots))
        return np.asarray(PchipInterpolator(k[:, 0], k[:, 1])(x))

    def round_line(a: Array, b: Array) -> Array:
        t = (x - x0) / (x1 - x0) if flip > 0 else (x1 - x) / (x1 - x0)  # 0 outer, 1 inner
        ends = outer[1] + (inner[1] - outer[1]) * t
        ta, tb = (abs(float(p[0]) - float(outer[0])) / (x1 - x0) for p in (a, b))
        ha, hb = (float(p[1]) - (outer[1] + (inner[1] - outer[1]) * q) for p, q in ((a, ta), (b, tb)))
        basis = np.array([[1.0, q - 0.5] for q in (ta, tb)]) * [[(q * (1 - q)) ** ROUND] for q in (ta, tb)]
        c = np.linalg.solve(basis, np.array([ha, hb]))
        arch = (t * (1 - t)) ** ROUND * (c[0] + c[1] * (t - 0.5))
        return np.asarray(ends + np.sign(ha) * np.abs(arch))

    upper, lower = round_line(up1, up2), round_line(low1, low2)
    t = (x - x0) / (x1 - x0)
    profile = 1 - (2 * t - 1) ** 4
    return EyeLines(
        x0, x1, upper, np.maximum(lower, upper), upper - 0.104 * fold * np.sqrt(t * (1 - t)), profile
    )


def mouth_line(points: Array, n: int = 65) -> tuple[float, float, Array]:
    """Line between the closed lips: x0, x1 and y on `n` equidistant points."""
    knots = points[[48, 60, 61, 62, 63, 64, 54]].copy()
    knots[2:5, 1] += 0.006
    x = np.linspace(knots[0, 0], knots[-1, 0], n)
    return float(x[0]), float(x[-1]), np.asarray(PchipInterpolator(knots[:, 0], knots[:, 1])(x))


def outline(points: Array) -> CubicSpline:
    """Radius of the head without hair around (0, 0.1), as a periodic function of the angle (0 right, pi/2 down)."""
    jaw = points[:17]
    skull = [(0.795, -0.25), (0.80, -0.50), (0.745, -0.80), (0.60, -1.06), (0.33, -1.245), (0.0, -1.30)]
    skull += [(-x, y) for x, y in reversed(skull[:-1])]
    width = points[16, 0] / 0.742
    ring = np.vstack([jaw[::-1], np.array(skull)[::-1] * [width, 1.0]])
    angle = np.unwrap(np.arctan2(ring[:, 1] - 0.1, ring[:, 0]))
    order = np.argsort(angle)
    angle, radius = angle[order], np.hypot(ring[:, 0], ring[:, 1] - 0.1)[order]
    return CubicSpline(
        np.append(angle, angle[0] + 2 * np.pi), np.append(radius, radius[0]), bc_type="periodic"
    )


def canvas(who: Identity, per_iod: float = RESOLUTION) -> Canvas:
    """Positions and head outline for the painters."""
    x, y = grid(per_iod)
    points = who.landmarks()
    around = outline(points)
    angle = np.arctan2(y - 0.1, x)
    return Canvas(x, y, around(angle) - np.hypot(x, y - 0.1), points, per_iod)


@lru_cache(maxsize=2)
def texture(who: Identity) -> Array:
    """The lit neutral face, float64 (ny, nx, 4): display RGB 0-255 and opacity 0-1; read-only.

    The last two are held: the videos of a person are often made one after the other.
    """
    c = canvas(who)
    rng = np.random.default_rng(np.random.SeedSequence([who.seed, 0]))
    face = step(c.inside / 0.015 + 0.5)
    ears, ear_light = _ears(c)
    skin = _albedo(c, who, rng)
    shade = _shade(c, who)
    _lips(c, who, skin, rng)
    skin *= np.where(face > ears, shade, ear_light)[..., None]
    _lines(c, who, skin)
    _nostrils(c, skin)
    _brows(c, who, skin, rng)
    alpha = np.maximum(face, ears)
    cover, colour = hair(c, who)
    shadow = gaussian_filter(cover, 0.05 * c.scale, mode="nearest")
    skin = skin * (1 - 0.40 * np.clip(shadow * 1.6, 0, 1) * (1 - cover))[..., None]
    rgb = skin * (1 - cover)[..., None] + colour * cover[..., None]
    painted = np.concatenate([np.clip(rgb, 0, 255), np.maximum(alpha, cover)[..., None]], -1)
    painted.flags.writeable = False  # the next caller gets the same array
    return painted


def _noise(shape: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Array:
    """Smooth noise of mean 0 and standard deviation 1; wide noise is made on a coarser grid."""
    every = max(1, int(sigma / 3))
    coarse = shape if every == 1 else (-(-shape[0] // every) + 1, -(-shape[1] // every) + 1)
    field = gaussian_filter(rng.standard_normal(coarse), sigma / every, mode="wrap")
    if every > 1:
        rows, columns = (np.arange(n) / every for n in shape)
        field = np.stack([np.interp(columns, np.arange(coarse[1]), row) for row in field])
        low = np.minimum(rows.astype(int), coarse[0] - 2)
        field = field[low] + (rows - low)[:, None] * (field[low + 1] - field[low])
    return np.asarray(field / field.std())


def _albedo(c: Canvas, who: Identity, rng: np.random.Generator) -> Array:
    position = who.tone * (len(SKIN_TONES) - 1)
    tones = np.array(SKIN_TONES, float)
    lower = min(int(position), len(SKIN_TONES) - 2)
    base = tones[lower] + (position - lower) * (tones[lower + 1] - tones[lower])
    x, y, p = c.x, c.y, c.points
    red = 0.7 * pair(x, y, 0.44, 0.32, 0.17, 0.15) + 0.8 * bump(x, y, 0, 0.40, 0.13, 0.10)
    red = red + 0.5 * bump(x, y, 0, p[8, 1] - 0.1, 0.2, 0.12)
    blood = (0.9 - 0.5 * who.tone) * rng.uniform(0.5, 1.2)
    skin = base * (1 + blood * red[..., None] * np.array([0.02, -0.075, -0.06]))
    skin = skin * (1 - 0.06 * pair(x, y, 0.33, 0.05, 0.14, 0.06)[..., None] * np.array([1.0, 1.3, 1.0]))
    mottle = np.zeros_like(x)
    for sigma, strength in ((0.006, 0.025), (0.012, 0.022), (0.03, 0.020), (0.08, 0.020), (0.2, 0.020)):
        mottle += (0.65 + 0.5 * who.age) * strength * _noise(x.shape, sigma * c.scale, rng)
    skin = skin * (1 + mottle)[..., None]
    if who.freckles:
        spots = _noise(x.shape, 0.009 * c.scale, rng) > 2.3 - 0.5 * who.freckles
        where = np.clip(pair(x, y, 0.35, 0.25, 0.25, 0.2) + bump(x, y, 0, 0.3, 0.15, 0.15), 0, 1)
        dots = gaussian_filter(spots.astype(float), 0.7) * where
        skin = skin * (1 - 0.5 * dots[..., None] * np.array([0.5, 0.8, 1.0]))
    _moles(c, skin, rng)
    if who.stubble:
        skin = _stubble(c, who, skin, rng)
    return np.asarray(skin)


def _moles(c: Canvas, skin: Array, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(0, 5))):
        cx, cy, size = rng.uniform(-0.65, 0.65), rng.uniform(-0.6, 1.0), rng.uniform(0.007, 0.015)
        reach = FADED * size
        part = c.part(cx - reach, cx + reach, cy - reach, cy + reach)
        mole = bump(part.x, part.y, cx, cy, size)[..., None]
        skin[part.where] *= 1 - 0.45 * mole * np.array([0.75, 0.95, 1.0])


def _stubble(c: Canvas, who: Identity, skin: Array, rng: np.random.Generator) -> Array:
    x, y, p = c.x, c.y, c.points
    mouth, chin = p[62, 1], p[8, 1]
    jaw = step((y - (mouth - 0.32 + 0.25 * np.exp(-((x / 0.30) ** 2)))) / 0.25) * step(
        (np.abs(x) + y - 0.55) / 0.4
    )
    upper = bump(x, y, 0, mouth - 0.16, 0.24, 0.05)
    area = np.clip(jaw + upper, 0, 1) * (1 - bump(x, y, 0, mouth, 0.26, 0.075)) * step((chin + 0.2 - y) / 0.1)
    hairs = np.clip(0.55 + 0.4 * _noise(x.shape, 0.004 * c.scale, rng), 0, 1.5)
    beard = who.beard * np.clip(1.6 * area, 0, 1) * (0.6 + 0.3 * hairs)
    dark = np.clip(who.stubble * area * hairs * 0.42 + beard, 0, 0.95)[..., None]
    grown = 0.5 + 0.4 * min(1.0, 2 * who.beard)
    colour = grown * np.array(who.hair_colour, float) * np.array([0.82, 0.74, 0.70]) + (1 - grown) * np.array(
        [58, 58, 64]
    )
    return np.asarray(skin * (1 - dark) + colour * min(1.0, skin.mean() / 150) * dark)


def _shade(c: Canvas, who: Identity) -> Array:
    """Light on the neutral face from its detailed relief, and what hollows keep out."""
    x, y, p = c.x, c.y, c.points
    base, mouth, wing = p[33, 1], p[62, 1], p[35, 0]
    z = depth(x, y, p, who.nose_height)
    z = z + 0.055 * pair(x, y, 0.80 * wing, base - 0.075, 0.045, 0.055)
    z = z + 0.022 * bump(x, y, 0, base - 0.13, 0.06, 0.05)
    z = z - 0.020 * bump(x, y, 0, 0.5 * (base + mouth), 0.025, 0.07)
    lips = 0.5 * (p[51, 1] + mouth), 0.5 * (p[57, 1] + mouth)
    half = p[54, 0]
    z = (
        z
        + 0.030 * bump(x, y, 0, lips[0], 0.55 * half, 0.030)
        + 0.045 * bump(x, y, 0, lips[1], 0.5 * half, 0.042)
    )
    z = z - 0.035 * bump(x, y, 0, p[57, 1] + 0.07, 0.5 * half, 0.045)
    z = z - 0.025 * pair(x, y, half + 0.02, mouth + 0.005, 0.035, 0.03)
    z = z + 0.035 * pair(x, y, 0.33, 0.0, 0.14, 0.065)  # the eyeball behind the lids
    z = z - 0.02 * pair(x, y, 0.33, 0.115, 0.13, 0.03) * (0.6 + who.age)
    z = z - (0.012 + 0.028 * who.age) * _folds(c)
    n = normals(gaussian_filter(z, 1.5), c.scale)
    lit = np.maximum(light(n), 0.16) ** 0.70
    lit = lit + 0.6 * np.maximum(0.85 - lit, 0) * bump(x, y, 0, base + 0.05, 0.14, 0.05)
    hollow = 0.20 * pair(x, y, 0.20, 0.0, 0.07, 0.07) + 0.10 * pair(x, y, 0.34, -0.07, 0.14, 0.05)
    hollow = (
        hollow
        + 0.14 * bump(x, y, 0, base + 0.03, 0.11, 0.035)
        + 0.22 * bump(x, y, 0, p[57, 1] + 0.055, 0.12, 0.03)
    )
    hollow = hollow + 0.28 * pair(x, y, wing + 0.015, base - 0.07, 0.025, 0.05)
    hollow = hollow + 0.14 * pair(x, y, half + 0.015, mouth, 0.03, 0.03)
    rim = 0.20 * (1 - step(c.inside / 0.18)) * step((y + 0.5) / 0.8) + 0.10 * (1 - step(c.inside / 0.08))
    return np.asarray(lit * np.clip(1 - hollow, 0.3, 1) * (1 - np.clip(rim, 0, 0.7)))


def _folds(c: Canvas) -> Array:
    """Creases from the nose wings towards the mouth corners, 1 at their bottom."""
    p = c.points
    top, low = p[33, 1] - 0.10, p[48, 1] + 0.02
    t = np.clip((c.y[:, :1] - top) / (low - top), -0.2, 1.2)
    line = p[35, 0] + 0.02 + (p[54, 0] + 0.07 - p[35, 0]) * np.clip(t, 0, 1.2) ** 1.2
    inside = step((t + 0.1) / 0.3) * step((1.15 - t) / 0.4)
    rows = slice(*np.flatnonzero(inside)[[0, -1]] + [0, 1])
    folds = np.zeros_like(c.x)
    folds[rows] = np.exp(-0.5 * ((np.abs(c.x[:1]) - line[rows]) / 0.028) ** 2) * inside[rows]
    return folds


def _lips(c: Canvas, who: Identity, skin: Array, rng: np.random.Generator) -> None:
    p, pale = c.points, skin.mean((0, 1))
    noise = _noise(c.x.shape, 0.008 * c.scale, rng)
    part = c.part(p[48, 0] - 0.05, p[54, 0] + 0.05, p[48:60, 1].min() - 0.05, p[48:60, 1].max() + 0.05)
    x, y = part.x, part.y
    across = np.clip(x[:1], p[48, 0], p[54, 0])
    upper = PchipInterpolator(p[48:55, 0], p[48:55, 1])(across)
    low = p[[48, 59, 58, 57, 56, 55, 54]]
    lower = PchipInterpolator(low[:, 0], low[:, 1])(across)
    within = np.minimum(y - upper, lower - y)
    mask = step(within / 0.022 + 0.45) * step(
        (p[54, 0] + 0.004 - np.abs(x - 0.5 * (p[48, 0] + p[54, 0]))) / 0.03
    )
    natural = np.array([0.90, 0.67, 0.67]) + who.tone * np.array([-0.06, 0.10, 0.12])
    colour = pale * natural * (1 - who.lip_colour * np.array([0.10, 0.42, 0.32]))
    grain = 1 + 0.05 * noise[part.where] + 0.04 * np.sin(x * 170 + 3 * np.sin(x * 23))
    gloss = 1 + 0.12 * bump(x, y, -0.03, 0.5 * (p[57, 1] + p[62, 1]) + 0.005, 0.09, 0.018)
    mouth = 0.5 * (p[62, 1] + p[66, 1])
    dim = np.where(y < mouth, 0.90, 1.03)
    weight = (0.85 * mask)[..., None]
    bare = skin[part.where]
    bare[...] = bare * (1 - weight) + colour * (grain * gloss * dim)[..., None] * weight


def _lines(c: Canvas, who: Identity, skin: Array) -> None:
    """Lid creases, the mouth line, wrinkles of age."""
    dark = np.zeros_like(c.x)
    for side in (0, 1):
        _lid_lines(c, who, side, dark)
        _crows_feet(c, who, side, dark)
    x0, x1, line = mouth_line(c.points)
    part = _along(c, x0 - 0.02, x1 + 0.02, line, 0.011)
    x, y = part.x[:1], part.y
    at = np.interp(x, np.linspace(x0, x1, len(line)), line)
    ends = step((x - x0 + 0.02) / 0.05), step((x1 + 0.02 - x) / 0.05)
    dark[part.where] += 0.62 * (np.exp(-0.5 * ((y - at) / 0.011) ** 2) * ends[0] * ends[1])
    for level, strength in ((-0.46, 0.8), (-0.55, 1.0), (-0.65, 0.7)):
        part = _along(c, -0.5, 0.5, np.array([level - 0.04, level + 0.02]), 0.009)
        x, y = part.x[:1], part.y
        wave = level + 0.02 * np.sin(5 * x + 20 * level) - 0.05 * x**2
        deep = 0.16 * strength * max(0.0, who.age - 0.25)
        middle = 1 - step((np.abs(x) - 0.25) / 0.25)
        dark[part.where] += deep * np.exp(-0.5 * ((y - wave) / 0.009) ** 2) * middle
    dark += (0.05 + 0.20 * who.age) * _folds(c)
    skin *= 1 - np.clip(dark, 0, 0.9)[..., None] * np.array([0.9, 1.0, 1.03])


def _along(c: Canvas, left: float, right: float, line: Array, width: float) -> Canvas:
    """The part of the canvas where a line can be seen that is a Gaussian of standard deviation `width` across."""
    reach = FADED * width
    return c.part(left, right, line.min() - reach, line.max() + reach)


def _lid_lines(c: Canvas, who: Identity, side: int, dark: Array) -> None:
    """Crease above an eye, rim of its lower lid and the bag below."""
    eye = eye_lines(c.points, side, who.lid_fold)
    left, right = eye.x0 - 0.05, eye.x1 + 0.03
    at = np.linspace(eye.x0, eye.x1, len(eye.upper))
    lines = (
        (eye.crease, 0.0, 0.30 * min(1.0, who.lid_fold), 0.010),
        (eye.lower, 0.0, 0.16, 0.010),
        (eye.lower, 0.075, 0.05 + 0.14 * who.age, 0.014),
    )
    for line, below, deep, width in lines:
        part = _along(c, left, right, line + below, width)
        x, y = part.x[:1], part.y
        near = step((x - eye.x0 + 0.05) / 0.08) * step((eye.x1 + 0.03 - x) / 0.06)
        drop = y - (np.interp(x, at, line) + below)
        dark[part.where] += deep * near * np.exp(-0.5 * (drop / width) ** 2)


def _crows_feet(c: Canvas, who: Identity, side: int, dark: Array) -> None:
    """Three wrinkles that spread from the outer corner of an eye."""
    corner = 1.0 if side else -1.0
    left, right = sorted((corner * 0.55, corner * 0.69))
    for slope in (-0.35, 0.0, 0.35):
        part = _along(c, left, right, np.array([0.0, 0.14 * slope]) + 0.01, 0.007)
        along = corner * part.x[:1] - 0.55
        fan = (
            np.exp(-0.5 * ((part.y - slope * along - 0.01) / 0.007) ** 2)
            * step(along / 0.03)
            * step((0.14 - along) / 0.1)
        )
        dark[part.where] += 0.22 * max(0.0, who.age - 0.3) * fan


def _nostrils(c: Canvas, skin: Array) -> None:
    p = c.points
    wing, base = p[35, 0], p[33, 1]
    reach = 0.47 * wing + 0.2  # there both holes have faded
    part = c.part(p[33, 0] - reach, p[33, 0] + reach, base - 0.222, base + 0.178)
    hole = np.zeros_like(part.x)
    for sign in (-1.0, 1.0):
        dx, dy = part.x - p[33, 0] - sign * 0.47 * wing, part.y - base + 0.022
        across = ((dx * 0.95 + sign * dy * 0.5) / 0.043) ** 2
        down = ((dy - sign * dx * 0.25) / 0.016) ** 2
        hole += np.exp(-across * across - down * down)
    skin[part.where] *= 1 - np.clip(hole, 0, 1)[..., None] * np.array([0.66, 0.72, 0.72])


def _brows(c: Canvas, who: Identity, skin: Array, rng: np.random.Generator) -> None:
    colour = 0.75 * np.array(who.hair_colour, float) * (0.8 if sum(who.hair_colour) > 300 else 1.0)
    if who.hair_style == "bald":
        colour = np.minimum(colour, 95)
    for side, chain in ((-1.0, c.points[17:22]), (1.0, c.points[26:21:-1])):
        t = sorted((float(q[0] * side), float(q[1])) for q in chain)  # inner to outer
        knots = np.array(t)
        noise = _noise(c.x.shape, 0.006 * c.scale, rng)
        left, right = sorted((side * (knots[0, 0] - 0.1), side * (knots[-1, 0] + 0.1)))
        part = c.part(left, right, knots[:, 1].min() - 0.25, knots[:, 1].max() + 0.25)
        along, y = part.x[:1] * side, part.y
        s = np.clip((along - knots[0, 0] + 0.015) / (knots[-1, 0] - knots[0, 0] + 0.015), -0.2, 1.2)
        line = PchipInterpolator(knots[:, 0], knots[:, 1])(np.clip(along, knots[0, 0], knots[-1, 0]))
        thick = who.brow_weight * 0.036 * np.interp(s, [0, 0.12, 0.55, 1.0], [0.75, 1.0, 0.85, 0.35])
        body = (
            np.exp(-(np.abs((y - line - 0.5 * thick) / thick) ** 3))
            * step(s / 0.06)
            * step((1.03 - s) / 0.15)
        )
        u = along + 0.55 * (y - line)
        strand = np.sin(u * 330 + 9 * np.sin(y * 23)) * 0.5 + noise[part.where]
        weight = np.clip(body * (0.70 + 0.22 * strand), 0, 0.93)[..., None]
        bare = skin[part.where]
        bare[...] = bare * (1 - weight) + colour * weight


def _ears(c: Canvas) -> tuple[Array, Array]:
    """Opacity and light of the ears."""
    reach = c.points[16, 0]
    alpha, lit = np.zeros_like(c.x), np.full_like(c.x, 0.72)
    faded = 0.3 * FADED  # the radius at which nothing is left of the wider of the two hills
    tall, broad = 0.335 * faded, 0.105 * faded + 0.12 * 0.335 * faded
    for sign in (-1.0, 1.0):
        left, right = sorted(sign * (reach + 0.035 + by) for by in (-broad, broad))
        part = c.part(left, right, 0.17 - tall, 0.17 + tall)
        dx, dy = sign * part.x - reach - 0.035, part.y - 0.17
        dx = dx + 0.12 * dy
        r = np.hypot(dx / 0.105, dy / 0.335)
        ear, light_here = alpha[part.where], lit[part.where]
        np.maximum(ear, step((1 - r) / 0.12), out=ear)
        light_here -= 0.22 * np.exp(-0.5 * (((r - 0.62) / 0.13) ** 2))
        light_here -= 0.18 * np.exp(-0.5 * ((r / 0.3) ** 2))
    return alpha, lit
