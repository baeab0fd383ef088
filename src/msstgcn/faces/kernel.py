"""The compiled heart of the renderer: invert the motion of the skin, then sample, light and add noise.

Plain IEEE arithmetic in a fixed order (no fastmath, no threads), so that the same input gives the same bits. Many nodes
or cells go through a loop, and each loop does one thing to rows of numbers: so the compiler takes several at once. (It
does not where the rows of an array are unpacked in one assignment: then it no longer knows that they are contiguous.)
No array is assigned to a slice of another: to compile the message for shapes that differ takes a fifth of all the time.
"""

# mypy: allow-untyped-defs
from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

#: Output pixels between two nodes of the grid on which the inverse map is solved.
CELL = 4
#: Nodes that are solved, and cells that are painted, together: enough that the start of a loop costs little, and
#: few enough for a processor's cache.
_AT_ONCE = 1024
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
def _scaled(x, start, scale, end, u):
    """Places x (n,) in units of a grid that begins at `start`, held within it: u."""
    for c in range(u.size):
        u[c] = _clamp((x[c] - start) * scale, 0.0, end)


@njit(cache=True)
def _texel(u, v, nx, depth, at):
    """Where in a flat grid (ny, nx, depth) the point left of and above (u, v) begins."""
    for c in range(at.size):
        at[c] = (int(v[c]) * nx + int(u[c])) * depth


@njit(cache=True)
def _fetch(flat, at, row, depth, texels):
    """One channel of the four points around each place: texels (4, n)."""
    t00, t01, t10, t11 = texels[0], texels[1], texels[2], texels[3]
    for c in range(at.size):
        n00 = at[c]
        n10 = n00 + row
        t00[c], t01[c] = flat[np.uint64(n00)], flat[np.uint64(n00 + depth)]
        t10[c], t11[c] = flat[np.uint64(n10)], flat[np.uint64(n10 + depth)]


@njit(cache=True)
def _surface(u, v, texels, out):
    """Bilinear values between four points, along the rows first."""
    t00, t01, t10, t11 = texels[0], texels[1], texels[2], texels[3]
    for c in range(out.size):
        a, b = u[c] - int(u[c]), v[c] - int(v[c])
        out[c] = (t00[c] * (1 - a) + t01[c] * a) * (1 - b) + (t10[c] * (1 - a) + t11[c] * a) * b


@njit(cache=True)
def _slope(across, t00, t01, t10, t11, scale, out):
    """Slope of bilinear values from t00 and t10 towards t01 and t11, at the place `across` between the pairs."""
    for c in range(out.size):
        b = across[c] - int(across[c])
        out[c] = ((t01[c] - t00[c]) * (1 - b) + (t11[c] - t10[c]) * b) * scale


@njit(cache=True)
def _field(grid, u, v, per_iod):
    """Channels of a grid (ny, nx, depth), each with its slopes along x and y: (depth, 3, n)."""
    _, nx, depth = grid.shape
    at, texels = np.empty(u.size, np.int64), np.empty((4, u.size), grid.dtype)
    out = np.empty((depth, 3, u.size))
    _texel(u, v, nx, depth, at)
    for k in range(depth):
        _fetch(grid.reshape(-1)[k:], at, nx * depth, depth, texels)
        _surface(u, v, texels, out[k, 0])
        _slope(v, texels[0], texels[1], texels[2], texels[3], per_iod, out[k, 1])
        _slope(u, texels[0], texels[2], texels[1], texels[3], per_iod, out[k, 2])
    return out


@njit(cache=True)
def invert(moved, height, frame, pose, pixels, places):
    """Face positions that the pose puts on pixels (2, n), before and after the skin's motion: X, Y, X + D, Y + E.

    Newton's method on the bilinear forward map, from the first two rows of places (4, n), which it fills. All pixels
    take a step together; those that have arrived take no more.
    """
    left, top, per_iod = frame
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    ny, nx = height.shape
    relief = height.reshape(ny, nx, 1)
    going = np.arange(pixels.shape[1])
    for _ in range(6):
        u, v = np.empty(going.size), np.empty(going.size)
        x, y = places[0][going], places[1][going]
        _scaled(x, left, per_iod, nx - 1.001, u)
        _scaled(y, top, per_iod, ny - 1.001, v)
        z, shift = _field(relief, u, v, per_iod)[0], _field(moved, u, v, per_iod)
        d, e = shift[0], shift[1]
        count = 0
        for n in range(going.size):
            c = going[n]
            f0 = m00 * (x[n] + d[0, n]) + m01 * (y[n] + e[0, n]) + k0 * z[0, n] + t0 - pixels[0, c]
            f1 = m10 * (x[n] + d[0, n]) + m11 * (y[n] + e[0, n]) + k1 * z[0, n] + t1 - pixels[1, c]
            if abs(f0) + abs(f1) >= 1e-3:  # pixels
                j00 = m00 * (1 + d[1, n]) + m01 * e[1, n] + k0 * z[1, n]
                j01 = m00 * d[2, n] + m01 * (1 + e[2, n]) + k0 * z[2, n]
                j10 = m10 * (1 + d[1, n]) + m11 * e[1, n] + k1 * z[1, n]
                j11 = m10 * d[2, n] + m11 * (1 + e[2, n]) + k1 * z[2, n]
                det = j00 * j11 - j01 * j10
                det = max(det, 0.15 * (m00 * m11 - m01 * m10))
                x[n] -= _clamp((j11 * f0 - j01 * f1) / det, -0.4, 0.4)
                y[n] -= _clamp((j00 * f1 - j10 * f0) / det, -0.4, 0.4)
                going[count] = c
                count += 1
            places[0, c], places[1, c] = x[n], y[n]
            places[2, c], places[3, c] = x[n] + d[0, n], y[n] + e[0, n]
        going = going[:count]
        if not count:
            break


@njit(cache=True)
def _guess(pose, pixels, places):
    """Where pixels (2, n) would lie on a flat face at rest: the first two rows of places."""
    m00, m01, m10, m11, k0, k1, t0, t1 = pose
    det = m00 * m11 - m01 * m10
    for c in range(pixels.shape[1]):
        f0, f1 = pixels[0, c] - t0 - 0.6 * k0, pixels[1, c] - t1 - 0.6 * k1
        places[0, c], places[1, c] = (m11 * f0 - m01 * f1) / det, (m00 * f1 - m10 * f0) / det


@njit(cache=True)
def locate(moved, height, frame, pose, pixels, upper, lower):
    """Face positions that pixels (2, n) show on the upper and on the lower branch, as `invert` has them: (4, n)."""
    _guess(pose, pixels, upper)
    invert(moved[0], height, frame, pose, pixels, upper)
    for c in range(pixels.shape[1]):
        lower[0, c], lower[1, c] = upper[0, c], upper[1, c]
    invert(moved[1], height, frame, pose, pixels, lower)


@njit(cache=True)
def solve(moved, height, normal, solid, lights, turn, frame, pose, mouth_top, nodes):
    """Fill nodes (8, gy, gx) at every CELL-th pixel.

    Upper branch X, Y; lower branch X, Y; light relative to the neutral pose; upper branch X, Y after the skin's
    motion; 1 where the head may be seen.
    """
    columns = nodes.shape[2]
    flat = nodes.reshape(8, -1)
    for start in range(0, flat.shape[1], _AT_ONCE):
        part = flat[:, start : start + _AT_ONCE]
        size = part.shape[1]
        pixels, upper = np.empty((2, size)), np.empty((4, size))
        for n in range(size):
            pixels[0, n], pixels[1, n] = (start + n) % columns * CELL, (start + n) // columns * CELL
        _guess(pose, pixels, upper)
        invert(moved[0], height, frame, pose, pixels, upper)
        for n in range(size):
            part[0, n], part[1, n] = upper[0, n], upper[1, n]
            part[2, n], part[3, n] = upper[0, n], upper[1, n]
            part[5, n], part[6, n] = upper[2, n], upper[3, n]
        below = np.flatnonzero(upper[1] > mouth_top)
        lower = upper[:, below]
        invert(moved[1], height, frame, pose, pixels[:, below], lower)
        for n, c in enumerate(below):
            part[2, c], part[3, c] = lower[0, n], lower[1, n]
        _shine(normal, solid, lights, turn, frame, part)


@njit(cache=True)
def _shine(normal, solid, lights, turn, frame, nodes):
    """Light and whether the head may be seen, of nodes (8, n) whose positions are known."""
    left, top, per_iod = frame
    ny, nx = solid.shape
    for c in range(nodes.shape[1]):
        i = int(_clamp((nodes[0, c] - left) * per_iod + 0.5, 0.0, nx - 1.0))
        j = int(_clamp((nodes[1, c] - top) * per_iod + 0.5, 0.0, ny - 1.0))
        li = int(_clamp((nodes[2, c] - left) * per_iod + 0.5, 0.0, nx - 1.0))
        lj = int(_clamp((nodes[3, c] - top) * per_iod + 0.5, 0.0, ny - 1.0))
        nodes[7, c] = max(solid[j, i], solid[lj, li])
        n0, n1, n2 = normal[j, i, 0], normal[j, i, 1], normal[j, i, 2]
        o0 = turn[0, 0] * n0 + turn[0, 1] * n1 + turn[0, 2] * n2
        o1 = turn[1, 0] * n0 + turn[1, 1] * n1 + turn[1, 2] * n2
        o2 = turn[2, 0] * n0 + turn[2, 1] * n1 + turn[2, 2] * n2
        nodes[4, c] = _lit(o0, o1, o2, lights) / _lit(n0, n1, n2, lights)


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
def _seen(nodes):
    """Row and column of all cells between nodes that may show some of the head: (2, cells)."""
    rows, columns = nodes.shape[1] - 1, nodes.shape[2] - 1
    cells = np.empty((2, rows * columns), np.int64)
    count = 0
    for r in range(rows):
        for c in range(columns):
            if nodes[7, r, c] + nodes[7, r, c + 1] + nodes[7, r + 1, c] + nodes[7, r + 1, c + 1] != 0.0:
                cells[0, count], cells[1, count] = r, c
                count += 1
    return cells[:, :count]


@njit(cache=True)
def _corners(nodes, cells):
    """What nodes have at the corners of cells: (7, 4, cells)."""
    corners = np.empty((7, 4, cells.shape[1]))
    for p in range(7):
        for n in range(cells.shape[1]):
            r, c = cells[0, n], cells[1, n]
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

    Many cells are taken at once, and of all of them the pixels that lie alike in their cells.

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
    seen = _seen(nodes)
    for start in range(0, seen.shape[1], _AT_ONCE):
        cells = seen[:, start : start + _AT_ONCE]
        corners = _corners(nodes, cells)
        shown = _features(corners, eyes, mouth_box, glasses)
        rich = np.flatnonzero(shown)
        mixed = np.empty((7, shown.size))
        for sub in range(CELL * CELL):
            down, right = sub // CELL, sub % CELL
            a, b = right / CELL, down / CELL
            weights = (1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b
            for p in range(7):
                if rich.size or p in (0, 1, 4):
                    _mix(weights, corners[p], mixed[p])
            skin = _skin(texture, place, mixed[0], mixed[1], mixed[4])
            for n in range(shown.size):
                for k in range(depth):
                    colours[cells[0, n] * CELL + down, cells[1, n] * CELL + right, k] = skin[k, n]
            for i in rich:
                x, y, side = mixed[0, i], mixed[1, i], 0 if shown[i] & _EYE else 1
                in_eye = shown[i] & _EYES and eyes[side, 0] < x < eyes[side, 1]
                if in_eye or shown[i] & _MOUTH:
                    colour[:] = 0.0
                    if in_eye:
                        _eye_region(
                            texture, place, x, y, side, eyes, lids, look, sharp, eye_colours, other, colour
                        )
                    else:
                        lx, ly = mixed[2, i], mixed[3, i]
                        _mouth_region(texture, place, x, y, lx, ly, mouth, x0, x1, sharp, teeth, colour)
                    for k in range(depth - 1):
                        colour[k] *= mixed[4, i]
                else:
                    for k in range(depth):
                        colour[k] = skin[k, i]
                if shown[i] & _GLASSES:
                    _put_on(glasses, mixed[5, i], mixed[6, i], sharp, colour)
                for k in range(depth):
                    colours[cells[0, i] * CELL + down, cells[1, i] * CELL + right, k] = colour[k]


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
