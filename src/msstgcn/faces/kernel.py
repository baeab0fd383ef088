"""The compiled heart of the renderer: invert the motion of the skin, then sample, light and add noise, in one pass.

Plain IEEE arithmetic in a fixed order (no fastmath, no threads), so that the same input gives the same bits.
"""

# mypy: allow-untyped-defs
from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

#: Output pixels between two nodes of the grid on which the inverse map is solved.
CELL = 4
#: How far the skin of the lower lid reaches down from the lid's edge, in IOD.
LOWER_LID = 0.07
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S8, _S16, _S48 = np.uint64(8), np.uint64(16), np.uint64(48)
_EVEN, _ONES = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001)
_BYTE_SD = 209.01674576  # of the sum of eight uniform bytes; their mean is 1020


@njit(cache=True, inline="always")
def mix(value):
    """Scramble 64 bits (the finaliser of SplitMix64: Steele, Lea & Flood 2014)."""
    value = (value ^ (value >> _S30)) * _M1
    value = (value ^ (value >> _S27)) * _M2
    return value ^ (value >> _S31)


@njit(cache=True, inline="always")
def noise_key(seed, frame):
    """Key of one frame's noise."""
    return mix(mix(np.uint64(seed) + _GOLDEN) ^ (np.uint64(frame) * _GOLDEN))


@njit(cache=True, inline="always")
def _noise(key, index):
    """Nearly normal noise of mean 0 and standard deviation 1: eight hashed bytes summed."""
    h = mix(key + np.uint64(index) * _GOLDEN)
    pairs = (h & _EVEN) + ((h >> _S8) & _EVEN)
    return (np.float64(np.int64((pairs * _ONES) >> _S48)) - 1020.0) / _BYTE_SD


@njit(cache=True)
def combine(branches, amounts, out):
    """Sum of displacement fields (2, H, ny, nx, 2) weighted by amounts (H,) into out (2, ny, nx, 2)."""
    out[:] = 0.0
    flat = out.reshape(2, -1)
    for branch in range(2):
        target = flat[branch]
        for half in range(amounts.size):
            if amounts[half] != 0.0:
                weight = np.float32(amounts[half])
                source = branches[branch, half].reshape(-1)
                for i in range(target.size):
                    target[i] += weight * source[i]


@njit(cache=True, inline="always")
def _clamp(value, low, high):
    return min(max(value, low), high)


@njit(cache=True)
def invert(moved, height, frame, pose, px, py, sx, sy):
    """Face position that the pose puts on pixel (px, py), before and after the skin's motion: X, Y, X + D, Y + E.

    Newton's method on the bilinear forward map, from (sx, sy).
    """
    left, top, per_iod = frame
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    ny, nx = height.shape
    x, y = sx, sy
    d = e = 0.0
    for _ in range(6):
        u = _clamp((x - left) * per_iod, 0.0, nx - 1.001)
        v = _clamp((y - top) * per_iod, 0.0, ny - 1.001)
        i, j = int(u), int(v)
        a, b = u - i, v - j
        z00, z01, z10, z11 = height[j, i], height[j, i + 1], height[j + 1, i], height[j + 1, i + 1]
        z = (z00 * (1 - a) + z01 * a) * (1 - b) + (z10 * (1 - a) + z11 * a) * b
        zx = ((z01 - z00) * (1 - b) + (z11 - z10) * b) * per_iod
        zy = ((z10 - z00) * (1 - a) + (z11 - z01) * a) * per_iod
        p00, p01, p10, p11 = moved[j, i, 0], moved[j, i + 1, 0], moved[j + 1, i, 0], moved[j + 1, i + 1, 0]
        q00, q01, q10, q11 = moved[j, i, 1], moved[j, i + 1, 1], moved[j + 1, i, 1], moved[j + 1, i + 1, 1]
        d = (p00 * (1 - a) + p01 * a) * (1 - b) + (p10 * (1 - a) + p11 * a) * b
        e = (q00 * (1 - a) + q01 * a) * (1 - b) + (q10 * (1 - a) + q11 * a) * b
        dx = ((p01 - p00) * (1 - b) + (p11 - p10) * b) * per_iod
        dy = ((p10 - p00) * (1 - a) + (p11 - p01) * a) * per_iod
        ex = ((q01 - q00) * (1 - b) + (q11 - q10) * b) * per_iod
        ey = ((q10 - q00) * (1 - a) + (q11 - q01) * a) * per_iod
        f0 = m00 * (x + d) + m01 * (y + e) + k0 * z + t0 - px
        f1 = m10 * (x + d) + m11 * (y + e) + k1 * z + t1 - py
        if abs(f0) + abs(f1) < 1e-3:  # pixels
            break
        j00 = m00 * (1 + dx) + m01 * ex + k0 * zx
        j01 = m00 * dy + m01 * (1 + ey) + k0 * zy
        j10 = m10 * (1 + dx) + m11 * ex + k1 * zx
        j11 = m10 * dy + m11 * (1 + ey) + k1 * zy
        det = j00 * j11 - j01 * j10
        det = max(det, 0.15 * (m00 * m11 - m01 * m10))
        x -= _clamp((j11 * f0 - j01 * f1) / det, -0.4, 0.4)
        y -= _clamp((j00 * f1 - j10 * f0) / det, -0.4, 0.4)
    return x, y, x + d, y + e


@njit(cache=True)
def locate(moved, height, frame, pose, pixels, found):
    """Face positions that pixels (N, 2) show on the upper and on the lower branch: found (N, 4)."""
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    det = m00 * m11 - m01 * m10
    for n in range(pixels.shape[0]):
        px, py = pixels[n, 0], pixels[n, 1]
        f0, f1 = px - t0 - 0.6 * k0, py - t1 - 0.6 * k1
        sx, sy = (m11 * f0 - m01 * f1) / det, (m00 * f1 - m10 * f0) / det
        x, y, _, _ = invert(moved[0], height, frame, pose, px, py, sx, sy)
        lx, ly, _, _ = invert(moved[1], height, frame, pose, px, py, x, y)
        found[n, 0], found[n, 1], found[n, 2], found[n, 3] = x, y, lx, ly


@njit(cache=True)
def solve(moved, height, normal, solid, lights, turn, frame, pose, mouth_top, nodes):
    """Fill nodes (gy, gx, 8) at every CELL-th pixel.

    Upper branch X, Y; lower branch X, Y; light relative to the neutral pose; upper branch X, Y after the skin's
    motion; 1 where the head may be seen.
    """
    left, top, per_iod = frame
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    ny, nx = height.shape
    det = m00 * m11 - m01 * m10
    for r in range(nodes.shape[0]):
        py = r * CELL
        for c in range(nodes.shape[1]):
            px = c * CELL
            f0, f1 = px - t0 - 0.6 * k0, py - t1 - 0.6 * k1
            sx, sy = (m11 * f0 - m01 * f1) / det, (m00 * f1 - m10 * f0) / det
            x, y, gx, gy = invert(moved[0], height, frame, pose, px, py, sx, sy)
            nodes[r, c, 0], nodes[r, c, 1] = x, y
            if y > mouth_top:
                lx, ly, _, _ = invert(moved[1], height, frame, pose, px, py, x, y)
                nodes[r, c, 2], nodes[r, c, 3] = lx, ly
            else:
                nodes[r, c, 2], nodes[r, c, 3] = x, y
            i = int(_clamp((x - left) * per_iod + 0.5, 0.0, nx - 1.0))
            j = int(_clamp((y - top) * per_iod + 0.5, 0.0, ny - 1.0))
            n0, n1, n2 = normal[j, i, 0], normal[j, i, 1], normal[j, i, 2]
            nodes[r, c, 5], nodes[r, c, 6] = gx, gy
            li = int(_clamp((nodes[r, c, 2] - left) * per_iod + 0.5, 0.0, nx - 1.0))
            lj = int(_clamp((nodes[r, c, 3] - top) * per_iod + 0.5, 0.0, ny - 1.0))
            nodes[r, c, 7] = max(solid[j, i], solid[lj, li])
            o0 = turn[0, 0] * n0 + turn[0, 1] * n1 + turn[0, 2] * n2
            o1 = turn[1, 0] * n0 + turn[1, 1] * n1 + turn[1, 2] * n2
            o2 = turn[2, 0] * n0 + turn[2, 1] * n1 + turn[2, 2] * n2
            nodes[r, c, 4] = _lit(o0, o1, o2, lights) / _lit(n0, n1, n2, lights)


@njit(cache=True, inline="always")
def _lit(n0, n1, n2, lights):
    total = lights[0, 3] + lights[2, 3] * (0.5 - 0.5 * n1)
    for i in range(2):
        total += lights[i, 4] * max(n0 * lights[i, 0] + n1 * lights[i, 1] + n2 * lights[i, 2], 0.0)
    return total


@njit(cache=True, inline="always")
def _line(table, x0, x1, x):
    """Value at x of a line given on equidistant points from x0 to x1."""
    n = table.size
    u = _clamp((x - x0) / (x1 - x0) * (n - 1), 0.0, n - 1.001)
    i = int(u)
    a = u - i
    return table[i] * (1 - a) + table[i + 1] * a


@njit(cache=True, inline="always")
def _soft(t):
    t = _clamp(t, 0.0, 1.0)
    return t * t * (3 - 2 * t)


@njit(cache=True, inline="always")
def _sample(texture, place, x, y, alpha, colour):
    """Add alpha times the texture at (x, y) to colour (C + 1,)."""
    left, top, per_iod = place
    ny, nx = texture.shape[0], texture.shape[1]
    u = _clamp((x - left) * per_iod, 0.0, nx - 1.001)
    v = _clamp((y - top) * per_iod, 0.0, ny - 1.001)
    i, j = int(u), int(v)
    a, b = u - i, v - j
    w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
    for k in range(texture.shape[2]):
        colour[k] += alpha * (
            w00 * texture[j, i, k]
            + w01 * texture[j, i + 1, k]
            + w10 * texture[j + 1, i, k]
            + w11 * texture[j + 1, i + 1, k]
        )


@njit(cache=True)
def _eyeball(x, y, up, look, sharp, colours, out):
    """Colour of the eyeball at (x, y), below the lid at y = up.

    look = (x, y of the eye's centre, x, y of the iris, radius of the iris, of the pupil).
    """
    dx, dy = x - look[2], y - look[3]
    r = sqrt(dx * dx + dy * dy)
    ball = 1.0 - 0.14 * ((x - look[0]) / 0.17) ** 2
    lid = 0.62 + 0.38 * _soft((y - up) / 0.05)  # the upper lid's shadow
    in_iris = _soft((look[4] - r) * sharp + 0.5)
    limbus = 1.0 - 0.45 * _soft((r - 0.72 * look[4]) / (0.28 * look[4]))
    inner = 1.0 + 0.35 * _soft((0.75 * look[4] - r) / (0.4 * look[4])) * _soft((dy + 0.01) / 0.05)
    in_pupil = _soft((look[5] - r) * sharp + 0.5)
    hx, hy = dx + 0.36 * look[4], dy + 0.42 * look[4]
    spark = 0.85 * _soft((0.019 - sqrt(hx * hx + hy * hy)) * sharp * 0.8 + 0.5) * in_iris
    for k in range(out.size - 1):
        eye = colours[0, k] * ball * (1 - in_iris) + colours[1, k] * limbus * inner * in_iris
        eye = (eye * (1 - in_pupil) + 14.0 * in_pupil) * lid
        out[k] = eye * (1 - spark) + 245.0 * spark


@njit(cache=True)
def _glasses(x, y, shape, sharp):
    """Opacity of a spectacle frame at (x, y), and 1 inside a lens.

    shape = (half distance of the lenses, y, half width and height of a lens, half thickness of the rim, its grey).
    """
    away, middle, wide, high, rim, _ = shape
    dx, dy = abs(x) - away, y - middle
    u, v = dx / wide, dy / high
    r = sqrt(sqrt((u * u) * (u * u) + (v * v) * (v * v)))
    edge = abs(r - 1.0) * min(wide, high)
    frame = _clamp((rim - edge) * sharp + 0.5, 0.0, 1.0)
    if r > 1.0:
        bar = abs(dy + 0.35 * high + 0.25 * abs(x)) if dx < 0 else abs(dy + 0.45 * high)
        ends = _clamp((0.72 - abs(x)) * 20.0, 0.0, 1.0)
        frame = max(frame, _clamp((rim - bar) * sharp + 0.5, 0.0, 1.0) * ends)
    return frame, 1.0 if r < 1.0 else 0.0


@njit(cache=True)
def _eye_region(texture, place, x, y, ends, lids, look, sharp, eye_colours, other, colour):
    """Lids, lashes and eyeball at (x, y); the lids' skin stretches between crease and lid edge."""
    e0, e1 = ends[0], ends[1]
    up, low = _line(lids[0], e0, e1, x), _line(lids[1], e0, e1, x)
    shut, crease = _line(lids[2], e0, e1, x), _line(lids[3], e0, e1, x)
    ty = y
    if crease < y <= up:
        ty = crease + (y - crease) / (up - crease) * (shut - crease)
    elif up < y <= low:
        ty = shut
    elif low < y < shut + LOWER_LID:
        ty = shut + (y - low) / (shut + LOWER_LID - low) * LOWER_LID
    _sample(texture, place, x, ty, 1.0, colour)
    opening = _clamp((y - up) * sharp + 0.5, 0.0, 1.0) * _clamp((low - y) * sharp + 0.5, 0.0, 1.0)
    if opening > 0.0:
        _eyeball(x, y, up, look, sharp, eye_colours, other)
        for k in range(colour.size - 1):
            colour[k] = colour[k] * (1 - opening) + other[k] * opening
    lash = 0.80 * _soft(1.0 - abs(y - up + 0.008) / 0.022)
    lash = max(lash, 0.22 * _soft(1.0 - abs(y - low - 0.004) / 0.014))
    for k in range(colour.size - 1):
        colour[k] *= 1 - lash


@njit(cache=True)
def _mouth_region(texture, place, x, y, lx, ly, line, x0, x1, sharp, teeth, colour):
    """Upper lip, lower lip and what lies between, where they are (x, y) and (lx, ly) on the neutral face."""
    if not x0 < x < x1:
        _sample(texture, place, lx, ly, 1.0, colour)
        return
    above = _line(line, x0, x1, x) - y
    under = ly - _line(line, x0, x1, lx)
    upper = _clamp(above * sharp + 0.5, 0.0, 1.0)
    lower = min(_clamp(under * sharp + 0.5, 0.0, 1.0), 1 - upper)
    inside = 1 - upper - lower
    if upper > 0:
        _sample(texture, place, x, min(y, y + above), upper, colour)
    if lower > 0:
        _sample(texture, place, lx, max(ly, ly - under), lower, colour)
    if inside > 0:
        dim = _clamp(1.15 - abs(2 * x - x0 - x1) / (x1 - x0), 0.15, 1.0)
        tooth = _soft((0.085 + above) * sharp * 0.35) * _soft(-above / 0.02 + 0.25)
        for k in range(colour.size - 1):
            colour[k] += inside * dim * (teeth[0, k] * tooth + teeth[1, k] * (1 - tooth))
        colour[colour.size - 1] += inside


@njit(cache=True)
def paint(
    texture, place, nodes, eyes, lids, look, eye_colours, mouth, mouth_box, teeth, glasses, sharp, colours
):
    """Paint the head without noise into colours (rows, columns, C + 1), the last channel its opacity.

    Parameters
    ----------
    texture : float32 (ny, nx, C + 1), premultiplied by its last channel; place : left, top, points per IOD.
    nodes : float64 (gy, gx, 8), from `solve`.
    eyes : float64 (2, 2), x0 and x1 of each eye.
    lids : float64 (2, 4, n), upper and lower lid now, where they meet when closed, and the crease.
    look : float64 (2, 6), see `_eyeball`; eye_colours : float64 (2, C), white and iris.
    mouth : float64 (n,), the line between the lips; mouth_box : x0, x1, highest and lowest y of it.
    teeth : float64 (2, C), teeth and throat.
    glasses : see `_glasses`; a half thickness of 0 means none.
    sharp : pixels per IOD.
    """
    rows, columns, depth = colours.shape
    other = np.zeros(depth)
    x0, x1, line_top, line_low = mouth_box
    inv = 1.0 / CELL
    for r in range(nodes.shape[0] - 1):
        for c in range(nodes.shape[1] - 1):
            n00, n01, n10, n11 = nodes[r, c], nodes[r, c + 1], nodes[r + 1, c], nodes[r + 1, c + 1]
            if n00[7] + n01[7] + n10[7] + n11[7] == 0.0:
                continue
            low_x, high_x = min(n00[0], n01[0], n10[0], n11[0]), max(n00[0], n01[0], n10[0], n11[0])
            low_y, high_y = min(n00[1], n01[1], n10[1], n11[1]), max(n00[1], n01[1], n10[1], n11[1])
            lower_low = min(n00[3], n01[3], n10[3], n11[3])
            at_mouth = high_y > line_top - 0.02 and lower_low < line_low + 0.02 and high_x > x0 and low_x < x1
            first = 2 if low_y > 0.5 * (line_top + line_low) and not at_mouth else 0
            framed = glasses[4] > 0.0 and low_y > -0.5 and high_y < 0.6
            eye = -1
            for side in range(2):
                if high_x > eyes[side, 0] and low_x < eyes[side, 1] and high_y > -0.25 and low_y < 0.25:
                    eye = side
            for py in range(r * CELL, min((r + 1) * CELL, rows)):
                b = (py - r * CELL) * inv
                for px in range(c * CELL, min((c + 1) * CELL, columns)):
                    a = (px - c * CELL) * inv
                    w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
                    colour = colours[py, px]
                    x = w00 * n00[first] + w01 * n01[first] + w10 * n10[first] + w11 * n11[first]
                    k = first + 1
                    y = w00 * n00[k] + w01 * n01[k] + w10 * n10[k] + w11 * n11[k]
                    if eye >= 0 and eyes[eye, 0] < x < eyes[eye, 1]:
                        _eye_region(
                            texture,
                            place,
                            x,
                            y,
                            eyes[eye],
                            lids[eye],
                            look[eye],
                            sharp,
                            eye_colours,
                            other,
                            colour,
                        )
                    elif at_mouth:
                        lx = w00 * n00[2] + w01 * n01[2] + w10 * n10[2] + w11 * n11[2]
                        ly = w00 * n00[3] + w01 * n01[3] + w10 * n10[3] + w11 * n11[3]
                        _mouth_region(texture, place, x, y, lx, ly, mouth, x0, x1, sharp, teeth, colour)
                    else:
                        _sample(texture, place, x, y, 1.0, colour)
                    light = w00 * n00[4] + w01 * n01[4] + w10 * n10[4] + w11 * n11[4]
                    for k in range(depth - 1):
                        colour[k] *= light
                    if framed:
                        gx = w00 * n00[5] + w01 * n01[5] + w10 * n10[5] + w11 * n11[5]
                        gy = w00 * n00[6] + w01 * n01[6] + w10 * n10[6] + w11 * n11[6]
                        frame, lens = _glasses(gx, gy, glasses, sharp)
                        frame *= colour[depth - 1]
                        for k in range(depth - 1):
                            colour[k] = (colour[k] + 5.0 * lens) * (1 - frame) + glasses[5] * frame


@njit(cache=True)
def expose(colours, backdrop, gain, sigma, seed, frame, image):
    """Put the head before the backdrop, light and sensor noise on it: colours (rows, columns, C + 1) to image."""
    rows, columns, channels = image.shape
    key = noise_key(seed, frame)
    for py in range(rows):
        for px in range(columns):
            clear = 1.0 - colours[py, px, channels]
            for k in range(channels):
                value = (colours[py, px, k] + clear * backdrop[py, px, k]) * gain
                value += sigma * _noise(key, (py * columns + px) * channels + k) + 0.5
                image[py, px, k] = np.uint8(_clamp(value, 0.0, 255.0))
