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
#: What a cell may show beside skin; bits.
_MOUTH, _EYE, _EYES, _GLASSES = 1, 2, 6, 8  # one of the eyes lies left in the picture
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
    """Fill nodes (8, gy, gx) at every CELL-th pixel.

    Upper branch X, Y; lower branch X, Y; light relative to the neutral pose; upper branch X, Y after the skin's
    motion; 1 where the head may be seen.
    """
    left, top, per_iod = frame
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    ny, nx = height.shape
    det = m00 * m11 - m01 * m10
    for r in range(nodes.shape[1]):
        py = r * CELL
        for c in range(nodes.shape[2]):
            px = c * CELL
            f0, f1 = px - t0 - 0.6 * k0, py - t1 - 0.6 * k1
            sx, sy = (m11 * f0 - m01 * f1) / det, (m00 * f1 - m10 * f0) / det
            x, y, gx, gy = invert(moved[0], height, frame, pose, px, py, sx, sy)
            nodes[0, r, c], nodes[1, r, c] = x, y
            if y > mouth_top:
                lx, ly, _, _ = invert(moved[1], height, frame, pose, px, py, x, y)
                nodes[2, r, c], nodes[3, r, c] = lx, ly
            else:
                nodes[2, r, c], nodes[3, r, c] = x, y
            i = int(_clamp((x - left) * per_iod + 0.5, 0.0, nx - 1.0))
            j = int(_clamp((y - top) * per_iod + 0.5, 0.0, ny - 1.0))
            n0, n1, n2 = normal[j, i, 0], normal[j, i, 1], normal[j, i, 2]
            nodes[5, r, c], nodes[6, r, c] = gx, gy
            li = int(_clamp((nodes[2, r, c] - left) * per_iod + 0.5, 0.0, nx - 1.0))
            lj = int(_clamp((nodes[3, r, c] - top) * per_iod + 0.5, 0.0, ny - 1.0))
            nodes[7, r, c] = max(solid[j, i], solid[lj, li])
            o0 = turn[0, 0] * n0 + turn[0, 1] * n1 + turn[0, 2] * n2
            o1 = turn[1, 0] * n0 + turn[1, 1] * n1 + turn[1, 2] * n2
            o2 = turn[2, 0] * n0 + turn[2, 1] * n1 + turn[2, 2] * n2
            nodes[4, r, c] = _lit(o0, o1, o2, lights) / _lit(n0, n1, n2, lights)


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


@njit(cache=True, inline="always")
def _lines(tables, side, x0, x1, x):
    """Values at x of four lines (side, 4, n), as `_line` has them of one."""
    n = tables.shape[2]
    u = _clamp((x - x0) / (x1 - x0) * (n - 1), 0.0, n - 1.001)
    i = int(u)
    a = u - i
    return (
        tables[side, 0, i] * (1 - a) + tables[side, 0, i + 1] * a,
        tables[side, 1, i] * (1 - a) + tables[side, 1, i + 1] * a,
        tables[side, 2, i] * (1 - a) + tables[side, 2, i + 1] * a,
        tables[side, 3, i] * (1 - a) + tables[side, 3, i + 1] * a,
    )


@njit(cache=True)
def _put_on(glasses, x, y, sharp, colour):
    """Paint the frame of spectacles at (x, y), and what a lens reflects, over a colour."""
    frame, lens = _glasses(x, y, glasses, sharp)
    frame *= colour[colour.size - 1]
    for k in range(colour.size - 1):
        colour[k] = (colour[k] + 5.0 * lens) * (1 - frame) + glasses[5] * frame


@njit(cache=True)
def _eye_region(texture, place, x, y, side, eyes, lids, look, sharp, eye_colours, other, colour):
    """Lids, lashes and eyeball at (x, y); the lids' skin stretches between crease and lid edge."""
    up, low, shut, crease = _lines(lids, side, eyes[side, 0], eyes[side, 1], x)
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
        _eyeball(x, y, up, look[side], sharp, eye_colours, other)
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
def _seen(nodes, r):
    """Cells between rows r and r + 1 of nodes that may show some of the head."""
    shown = np.empty(nodes.shape[2] - 1, np.int64)
    count = 0
    for c in range(shown.size):
        if nodes[7, r, c] + nodes[7, r, c + 1] + nodes[7, r + 1, c] + nodes[7, r + 1, c + 1] != 0.0:
            shown[count] = c
            count += 1
    return shown[:count]


@njit(cache=True)
def _corners(nodes, r, cells):
    """What nodes have at the corners of cells between rows r and r + 1: (7, 4, cells)."""
    corners = np.empty((7, 4, cells.size))
    for p in range(7):
        for n, c in enumerate(cells):
            corners[p, 0, n], corners[p, 1, n] = nodes[p, r, c], nodes[p, r, c + 1]
            corners[p, 2, n], corners[p, 3, n] = nodes[p, r + 1, c], nodes[p, r + 1, c + 1]
    return corners


@njit(cache=True, inline="always")
def _range(values, c):
    n00, n01, n10, n11 = values[0, c], values[1, c], values[2, c], values[3, c]
    return min(n00, n01, n10, n11), max(n00, n01, n10, n11)


@njit(cache=True)
def _features(corners, eyes, mouth_box, glasses):
    """Tell what cells may show beside skin; where they lie on its lower branch, put that in the upper one's place."""
    x0, x1, line_top, line_low = mouth_box
    found = np.zeros(corners.shape[2], np.int64)
    for c in range(found.size):
        low_x, high_x = _range(corners[0], c)
        low_y, high_y = _range(corners[1], c)
        lower_low, _ = _range(corners[3], c)
        at_mouth = high_y > line_top - 0.02 and lower_low < line_low + 0.02 and high_x > x0 and low_x < x1
        if low_y > 0.5 * (line_top + line_low) and not at_mouth:
            for i in range(4):
                corners[0, i, c], corners[1, i, c] = corners[2, i, c], corners[3, i, c]
        if at_mouth:
            found[c] |= _MOUTH
        for side in range(2):
            if high_x > eyes[side, 0] and low_x < eyes[side, 1] and high_y > -0.25 and low_y < 0.25:
                found[c] |= _EYE << side
        if glasses[4] > 0.0 and low_y > -0.5 and high_y < 0.6:
            found[c] |= _GLASSES
    return found


@njit(cache=True)
def _mix(weights, corners, out):
    """Bilinear values (cells,) at one place within every cell from what is at the corners (4, cells)."""
    w00, w01, w10, w11 = weights
    n00, n01, n10, n11 = corners[0], corners[1], corners[2], corners[3]
    for c in range(out.size):
        out[c] = w00 * n00[c] + w01 * n01[c] + w10 * n10[c] + w11 * n11[c]


@njit(cache=True)
def _scaled(x, start, scale, end, u):
    """Places x (cells,) in units of a grid that begins at `start`, held within it: u."""
    for c in range(u.size):
        u[c] = _clamp((x[c] - start) * scale, 0.0, end)


@njit(cache=True)
def _texel(u, v, nx, depth, at):
    """Where in a flat texture the texel left of and above (u, v) begins."""
    for c in range(at.size):
        at[c] = (int(v[c]) * nx + int(u[c])) * depth


@njit(cache=True)
def _fetch(flat, at, row, depth, texels):
    """One channel of the four texels around each place: texels (4, cells)."""
    t00, t01, t10, t11 = texels[0], texels[1], texels[2], texels[3]
    for c in range(at.size):
        n00 = at[c]
        n10 = n00 + row
        t00[c], t01[c] = flat[np.uint64(n00)], flat[np.uint64(n00 + depth)]
        t10[c], t11[c] = flat[np.uint64(n10)], flat[np.uint64(n10 + depth)]


@njit(cache=True)
def _between(u, v, texels, out):
    """Bilinear values between four texels."""
    t00, t01, t10, t11 = texels[0], texels[1], texels[2], texels[3]
    for c in range(out.size):
        a, b = u[c] - int(u[c]), v[c] - int(v[c])
        w00, w01, w10, w11 = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
        out[c] = w00 * t00[c] + w01 * t01[c] + w10 * t10[c] + w11 * t11[c]


@njit(cache=True)
def _light(colour, light):
    for c in range(colour.size):
        colour[c] *= light[c]


@njit(cache=True)
def _skin(texture, place, x, y, light):
    """Sample and light the texture at many places, as `_sample` does at one; returns (C + 1, cells)."""
    left, top, per_iod = place
    ny, nx, depth = texture.shape
    flat = texture.reshape(-1)
    u, v, at = np.empty(x.size), np.empty(x.size), np.empty(x.size, np.int64)
    texels, colours = np.empty((4, x.size), np.float32), np.empty((depth, x.size), np.float32)
    _scaled(x, left, per_iod, nx - 1.001, u)
    _scaled(y, top, per_iod, ny - 1.001, v)
    _texel(u, v, nx, depth, at)
    for k in range(depth):
        _fetch(flat[k:], at, nx * depth, depth, texels)
        _between(u, v, texels, colours[k])
        if k < depth - 1:
            _light(colours[k], light)
    return colours


@njit(cache=True)
def paint(
    texture, place, nodes, eyes, lids, look, eye_colours, mouth, mouth_box, teeth, glasses, sharp, colours
):
    """Paint the head without noise.

    Cells are taken a row at a time, and all pixels that lie alike in their cells at once.

    Parameters
    ----------
    texture : float32 (ny, nx, C + 1), premultiplied by its last channel; place : left, top, points per IOD.
    nodes : float64 (8, gy, gx), from `solve`.
    eyes : float64 (2, 2), x0 and x1 of each eye.
    lids : float64 (2, 4, n), upper and lower lid now, where they meet when closed, and the crease.
    look : float64 (2, 6), see `_eyeball`; eye_colours : float64 (2, C), white and iris.
    mouth : float64 (n,), the line between the lips; mouth_box : x0, x1, highest and lowest y of it.
    teeth : float64 (2, C), teeth and throat.
    glasses : see `_glasses`; a half thickness of 0 means none.
    sharp : pixels per IOD.
    colours : float32 (CELL * (gy - 1), CELL * (gx - 1), C + 1), all 0: filled, the last channel with the opacity.
    """
    depth = colours.shape[2]
    other, colour = np.zeros(depth), np.zeros(depth, np.float32)
    x0, x1, _, _ = mouth_box
    for r in range(nodes.shape[1] - 1):
        cells = _seen(nodes, r)
        corners = _corners(nodes, r, cells)
        shown = _features(corners, eyes, mouth_box, glasses)
        rich = shown.any()
        mixed = np.empty((7, cells.size))
        for sub in range(CELL * CELL if cells.size else 0):
            down, right = sub // CELL, sub % CELL
            a, b = right / CELL, down / CELL
            weights = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
            for p in range(7):
                if rich or p in (0, 1, 4):
                    _mix(weights, corners[p], mixed[p])
            skin = _skin(texture, place, mixed[0], mixed[1], mixed[4])
            row = colours[r * CELL + down]
            for n in range(cells.size):
                for k in range(depth):
                    row[cells[n] * CELL + right, k] = skin[k, n]
            for n in range(cells.size if rich else 0):
                if not shown[n]:
                    continue
                x, y, light, side = mixed[0, n], mixed[1, n], mixed[4, n], 0 if shown[n] & _EYE else 1
                if shown[n] & _EYES and eyes[side, 0] < x < eyes[side, 1]:
                    colour[:] = 0.0
                    _eye_region(
                        texture, place, x, y, side, eyes, lids, look, sharp, eye_colours, other, colour
                    )
                    for k in range(depth - 1):
                        colour[k] *= light
                elif shown[n] & _MOUTH:
                    colour[:] = 0.0
                    lx, ly = mixed[2, n], mixed[3, n]
                    _mouth_region(texture, place, x, y, lx, ly, mouth, x0, x1, sharp, teeth, colour)
                    for k in range(depth - 1):
                        colour[k] *= light
                else:
                    colour[:] = skin[:, n]
                if shown[n] & _GLASSES:
                    _put_on(glasses, mixed[5, n], mixed[6, n], sharp, colour)
                row[cells[n] * CELL + right] = colour


@njit(cache=True)
def expose(colours, backdrop, gain, sigma, seed, frame, image):
    """Put the head before the backdrop, light and sensor noise on it: colours (rows, columns, C + 1) to image."""
    rows, columns, channels = image.shape
    key = noise_key(seed, frame)
    for py in range(rows):
        for k in range(channels):
            for px in range(columns):
                clear = 1.0 - colours[py, px, channels]
                value = (colours[py, px, k] + clear * backdrop[py, px, k]) * gain
                value += sigma * _noise(key, (py * columns + px) * channels + k) + 0.5
                image[py, px, k] = np.uint8(_clamp(value, 0.0, 255.0))
