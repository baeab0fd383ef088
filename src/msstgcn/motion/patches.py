"""Direct patch flow: where did this patch of the face go, without asking the rest of the picture.

The network sees only the motion of some regions, so only their patches are matched. Each is matched by the
pyramidal, inverse-compositional Lucas-Kanade method (Lucas & Kanade 1981; Baker & Matthews 2004): the
gradients of the *template* (the window's first frame) are computed once and serve all other frames of the
window.

With template T, weights w (Gaussian), gradient g = (T_x, T_y), and the later picture I, the displacement d is
sought at which

    r(d) = H^-1 sum_x w(x) g'(x) I(x + d) = 0,        H = sum_x w g' g'^T,

where g' is what a weighted regression of g on [1, T] leaves over. Being blind to 1 and T, r(d) does not
change when the light adds a constant or scales the contrast, and it vanishes where I(x + d) = a + b T(x).
Each step is d <- d - r(d), with H damped so that a patch that holds an edge but no corner does not run
along it.

Between whole pixels I is bilinear in d, so within one pixel cell r is too: four pairs of dot products, one
pair for each corner of the cell, give r anywhere in it, and the steps inside a cell cost nothing. But straight
lines between pixels are not the picture: a fraction f beyond a whole pixel, I is too large by

    e(f) = f (1 - f) / 2 T_xx + f (1 - f) (1 - 2 f) / 6 T_xxx + ...

(Taylor series of (1 - f) T(x - f) + f T(x + 1 - f); the same in y), and r(d) takes that for a displacement of some
hundredths of a pixel. As it is known from the template alone, it is taken out: r(d) - H^-1 sum_x w g' e = 0.

A patch is followed coarse to fine on two levels, starting from where it was in the frame before. If it does not
look like its template there, because a blink or the dark of an open mouth led it astray, it is looked for
again from where it was last seen.

Where the patch does not only shift but turns by a small angle b (clockwise in the picture) and grows by the
factor 1 + a, its pixels x move by (a + b J)(x - c) beside its centre c, J a quarter turn; d then takes up what
of that looks like a shift. To first order this is linear in a and b,

    d = d_c + H^-1 sum_x w g' g^T [x - c, J (x - c)] (a, b)^T,

d_c being the displacement of the centre. The 2x2 matrix, the patch's *response*, is known from the template
alone; the head-motion models, which know a and b, use it.

A strong expression turns and stretches a patch so much that no shift fits: a frown turns the brows by ten degrees and
more, and their patches run off along the hair. Where the likeness falls below `BEND`, the patch is therefore fitted
anew from where it was a frame ago, with growth and turn as unknowns too (a similarity; the same step with four
columns), and that is taken where it looks more like the template by `GAIN`, and by `DOUBT` at least. This is rare and
costs ten times as much. Done for all patches it would only add noise, since growth and turn of a face at rest are too
small to be seen in one patch; and patches of the head-motion model are not asked, since what bends there (in a blink)
is not the head.
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from msstgcn.motion.working import Chunk, Tracks

#: At a 192-pixel crop: side of the patch and sigma of its Gaussian weight, pixels, on the fine and the
#: coarse level. They grow with the crop.
FINE, COARSE, AT_CROP = (32, 7.0), (16, 4.0), 192
DAMPING = 0.1  # of the Hessian, in units of its mean diagonal
CELLS = 4  # pixel cells tried on a level
STEPS = 12  # in a cell; they cost a few scalar operations each
DOUBT = 0.8  # likeness below which a patch is looked for again from where it was last seen, and from its first place
FIRM = 1e-3  # damping of the response, in the same unit
BEND, GAIN = 0.97, 0.01  # likeness below which growth and turn are fitted too; how much more is better
WEARY = 0.03  # after a fit of these in vain, the likeness has to fall by this much before the next
BENDS = 8  # steps of such a fit
STIFF = 0.02  # its damping, as that of H; for growth and turn in units of their own mean diagonal
LIMITS = 0.25, 0.5  # largest growth, and turn in radians
TOLERANCE = 2e-3  # pixels: a step shorter than this has arrived


def patch_weights(crop: int, level: tuple[int, float] = FINE) -> NDArray[np.float32]:
    """Gaussian weights of a patch, shape (n, n), sum 1; n is a multiple of 8 (whole vector registers)."""
    side, sigma = level
    n = max(8, round(side * crop / AT_CROP / 8) * 8)
    axis = np.arange(n) - (n - 1) / 2
    line = np.exp(-0.5 * (axis / (sigma * crop / AT_CROP)) ** 2)
    weights = np.outer(line, line)
    return (weights / weights.sum()).astype(np.float32)


# With `fastmath` sums may be taken in any order, so the same source must always become the same machine code. The parts
# are inlined into `_track` for that: called as functions, a freshly compiled part and one read from numba's cache are
# optimised differently, and the first run of all would differ from later ones by some 1e-3 % of the IOD.
@njit(cache=True, fastmath=True, inline="always")
def _template(image, x0, y0, off_x, off_y, weights, patch, steepest, blur, response):  # type: ignore[no-untyped-def]
    """Cut the template; False where there is no texture.

    Fills `steepest` (2, n, n) with H^-1 w g', `blur` (2, 4) with
    H^-1 sum w g' (T_xx / 2, T_yy / 2, T_xxx / 6, T_yyy / 6), and `response` (2, 2).
    """
    n = weights.shape[0]
    s_t = s_tt = np.float32(0)
    mean = np.float32(0)
    for y in range(n):
        for x in range(n):
            mean += weights[y, x] * image[y0 + y, x0 + x]
    for y in range(n):
        for x in range(n):
            t = image[y0 + y, x0 + x] - mean
            patch[y, x] = t
            s_tt += weights[y, x] * t * t
            s_t += weights[y, x] * t
    gx_1 = gx_t = gy_1 = gy_t = np.float32(0)
    half = np.float32(0.5)
    for y in range(n):
        for x in range(n):
            gx = half * (image[y0 + y, x0 + x + 1] - image[y0 + y, x0 + x - 1])
            gy = half * (image[y0 + y + 1, x0 + x] - image[y0 + y - 1, x0 + x])
            w = weights[y, x]
            gx_1 += w * gx
            gy_1 += w * gy
            gx_t += w * gx * patch[y, x]
            gy_t += w * gy * patch[y, x]
            steepest[0, y, x] = gx
            steepest[1, y, x] = gy
    if s_tt < np.float32(0.25):
        return False
    bx, by = gx_t / s_tt, gy_t / s_tt
    h_xx = h_xy = h_yy = np.float32(0)
    x_xx = x_yy = y_xx = y_yy = np.float32(0)  # sums of w g' with second and third differences,
    x_xxx = x_yyy = y_xxx = y_yyy = np.float32(0)
    x_a = x_b = y_a = y_b = np.float32(0)  # and with growth and turn
    for y in range(n):
        v = np.float32(y) + off_y
        for x in range(n):
            u = np.float32(x) + off_x
            gx, gy = steepest[0, y, x], steepest[1, y, x]
            twice = 2 * patch[y, x] + 2 * mean
            t_xxx = half * (image[y0 + y, x0 + x + 2] - image[y0 + y, x0 + x - 2]) - 2 * gx
            t_yyy = half * (image[y0 + y + 2, x0 + x] - image[y0 + y - 2, x0 + x]) - 2 * gy
            t_xx = image[y0 + y, x0 + x + 1] + image[y0 + y, x0 + x - 1] - twice
            t_yy = image[y0 + y + 1, x0 + x] + image[y0 + y - 1, x0 + x] - twice
            grow, turn = gx * u + gy * v, gy * u - gx * v
            gx -= gx_1 + bx * patch[y, x]
            gy -= gy_1 + by * patch[y, x]
            w = weights[y, x]
            wx, wy = w * gx, w * gy
            h_xx += wx * gx
            h_xy += wx * gy
            h_yy += wy * gy
            x_xx += wx * t_xx
            x_yy += wx * t_yy
            y_xx += wy * t_xx
            y_yy += wy * t_yy
            x_xxx += wx * t_xxx
            x_yyy += wx * t_yyy
            y_xxx += wy * t_xxx
            y_yyy += wy * t_yyy
            x_a += wx * grow
            x_b += wx * turn
            y_a += wy * grow
            y_b += wy * turn
            steepest[0, y, x] = wx
            steepest[1, y, x] = wy
    firm = np.float32(FIRM) * half * (h_xx + h_yy)
    det = (h_xx + firm) * (h_yy + firm) - h_xy * h_xy
    if det < np.float32(1e-6):
        return False
    response[0, 0] = ((h_yy + firm) * x_a - h_xy * y_a) / det
    response[0, 1] = ((h_yy + firm) * x_b - h_xy * y_b) / det
    response[1, 0] = ((h_xx + firm) * y_a - h_xy * x_a) / det
    response[1, 1] = ((h_xx + firm) * y_b - h_xy * x_b) / det
    damp = np.float32(DAMPING) * half * (h_xx + h_yy)
    h_xx += damp
    h_yy += damp
    det = h_xx * h_yy - h_xy * h_xy
    i_xx, i_xy, i_yy = h_yy / det, -h_xy / det, h_xx / det
    sixth = np.float32(1 / 6)
    blur[0, 0], blur[1, 0] = half * (i_xx * x_xx + i_xy * y_xx), half * (i_xy * x_xx + i_yy * y_xx)
    blur[0, 1], blur[1, 1] = half * (i_xx * x_yy + i_xy * y_yy), half * (i_xy * x_yy + i_yy * y_yy)
    blur[0, 2], blur[1, 2] = sixth * (i_xx * x_xxx + i_xy * y_xxx), sixth * (i_xy * x_xxx + i_yy * y_xxx)
    blur[0, 3], blur[1, 3] = sixth * (i_xx * x_yyy + i_xy * y_yyy), sixth * (i_xy * x_yyy + i_yy * y_yyy)
    for y in range(n):
        for x in range(n):
            gx, gy = steepest[0, y, x], steepest[1, y, x]
            steepest[0, y, x] = i_xx * gx + i_xy * gy
            steepest[1, y, x] = i_xy * gx + i_yy * gy
    return True


@njit(cache=True, fastmath=True, inline="always")
def _solve(image, x0, y0, steepest, blur, dx, dy):  # type: ignore[no-untyped-def]
    """Find d with r(d) = 0 near (dx, dy) on one level. Returns dx, dy, whether it arrived."""
    n = steepest.shape[1]
    height, width = image.shape
    xx_u, yy_u, xxx_u, yyy_u = blur[0]
    xx_v, yy_v, xxx_v, yyy_v = blur[1]
    for _ in range(CELLS):
        ix, iy = int(np.floor(dx)), int(np.floor(dy))
        left, top = x0 + ix, y0 + iy
        if left < 0 or top < 0 or left + n >= width or top + n >= height:
            return dx, dy, False
        u00 = u01 = u10 = u11 = np.float32(0)
        v00 = v01 = v10 = v11 = np.float32(0)
        for y in range(n):
            above = image[top + y, left : left + n + 1]
            below = image[top + y + 1, left : left + n + 1]
            sx, sy = steepest[0, y], steepest[1, y]
            for x in range(n):
                a, b, c, d = above[x], above[x + 1], below[x], below[x + 1]
                u00 += sx[x] * a
                u01 += sx[x] * b
                u10 += sx[x] * c
                u11 += sx[x] * d
                v00 += sy[x] * a
                v01 += sy[x] * b
                v10 += sy[x] * c
                v11 += sy[x] * d
        for _step in range(STEPS):
            fx, fy = np.float32(dx - ix), np.float32(dy - iy)
            gx, gy = np.float32(1) - fx, np.float32(1) - fy
            ru = gy * (gx * u00 + fx * u01) + fy * (gx * u10 + fx * u11)
            rv = gy * (gx * v00 + fx * v01) + fy * (gx * v10 + fx * v11)
            over_x, over_y = fx * gx, fy * gy
            ru -= over_x * (xx_u + (gx - fx) * xxx_u) + over_y * (yy_u + (gy - fy) * yyy_u)
            rv -= over_x * (xx_v + (gx - fx) * xxx_v) + over_y * (yy_v + (gy - fy) * yyy_v)
            long = max(abs(ru), abs(rv))
            if long > 1:  # a step is never longer than a pixel: beyond it the cell says nothing
                ru, rv = ru / long, rv / long
            dx -= ru
            dy -= rv
            if long < TOLERANCE:
                return dx, dy, True
            if dx < ix or dx > ix + 1 or dy < iy or dy > iy + 1:
                break
    return dx, dy, False


@njit(cache=True, fastmath=True, inline="always")
def _likeness(image, x0, y0, patch, weights, dx, dy):  # type: ignore[no-untyped-def]
    """Weighted correlation of template and moved patch, on every second row; 0 where it is negative."""
    n = patch.shape[0]
    ix, iy = int(np.floor(dx)), int(np.floor(dy))
    left, top = x0 + ix, y0 + iy
    height, width = image.shape
    if left < 0 or top < 0 or left + n >= width or top + n >= height:
        return np.float32(0)
    fx, fy = np.float32(dx - ix), np.float32(dy - iy)
    c00, c01 = (1 - fx) * (1 - fy), fx * (1 - fy)
    c10, c11 = (1 - fx) * fy, fx * fy
    s = s_t = s_tt = s_i = s_ii = s_ti = np.float32(0)
    for half in range(n // 2):
        y = 2 * half
        above = image[top + y, left : left + n + 1]
        below = image[top + y + 1, left : left + n + 1]
        row, line = weights[y], patch[y]
        for x in range(n):
            value = c00 * above[x] + c01 * above[x + 1] + c10 * below[x] + c11 * below[x + 1]
            w, t = row[x], line[x]
            s += w
            s_t += w * t
            s_tt += w * t * t
            s_i += w * value
            s_ii += w * value * value
            s_ti += w * t * value
    cov = s_ti - s_t * s_i / s
    var = (s_tt - s_t * s_t / s) * (s_ii - s_i * s_i / s)
    if var <= 0 or cov <= 0:
        return np.float32(0)
    return min(np.float32(1), np.float32(cov / np.sqrt(var)))


@njit(cache=True, fastmath=True, inline="always")
def _match(  # type: ignore[no-untyped-def]
    fine, coarse, x0, y0, x1, y1, two, patch, weights, steepest0, steepest1, blur0, blur1, dx, dy
):
    """Coarse to fine from (dx, dy) in one later frame. Returns dx, dy, likeness; 0 where it did not arrive."""
    if two:
        cx, cy, arrived = _solve(coarse, x1, y1, steepest1, blur1, 0.5 * dx, 0.5 * dy)
        if arrived:
            dx, dy = 2 * cx, 2 * cy
    dx, dy, arrived = _solve(fine, x0, y0, steepest0, blur0, dx, dy)
    if not arrived:
        return dx, dy, np.float32(0)
    return dx, dy, _likeness(fine, x0, y0, patch, weights, dx, dy)


@njit(cache=True, fastmath=True, inline="always")
def _bending(image, x0, y0, off_x, off_y, weights, patch, four):  # type: ignore[no-untyped-def]
    """Fill `four` (4, n, n) with H^-1 w g' for shift, growth and turn; False where these cannot be told apart."""
    n = weights.shape[0]
    half = np.float32(0.5)
    one, along = np.zeros(4), np.zeros(4)
    energy = 0.0
    for y in range(n):
        v = np.float32(y) + off_y
        for x in range(n):
            u = np.float32(x) + off_x
            gx = half * (image[y0 + y, x0 + x + 1] - image[y0 + y, x0 + x - 1])
            gy = half * (image[y0 + y + 1, x0 + x] - image[y0 + y - 1, x0 + x])
            four[0, y, x], four[1, y, x] = gx, gy
            four[2, y, x], four[3, y, x] = gx * u + gy * v, gy * u - gx * v
            w = weights[y, x]
            energy += w * patch[y, x] ** 2
            for i in range(4):
                one[i] += w * four[i, y, x]
                along[i] += w * four[i, y, x] * patch[y, x]
    system = np.zeros((4, 8))
    for y in range(n):
        for x in range(n):
            for i in range(4):
                four[i, y, x] -= one[i] + along[i] / energy * patch[y, x]
            for i in range(4):
                for j in range(4):
                    system[i, j] += weights[y, x] * four[i, y, x] * four[j, y, x]
    shift, turn = 0.5 * (system[0, 0] + system[1, 1]), 0.5 * (system[2, 2] + system[3, 3])
    for i in range(4):
        system[i, i] += STIFF * (shift if i < 2 else turn)
        system[i, 4 + i] = 1.0
    for i in range(4):  # Gauss-Jordan; the matrix is positive definite
        pivot = system[i, i]
        if pivot < 1e-9:
            return False
        for c in range(8):
            system[i, c] /= pivot
        for j in range(4):
            if j != i:
                factor = system[j, i]
                for c in range(8):
                    system[j, c] -= factor * system[i, c]
    for y in range(n):
        for x in range(n):
            a, b, c, d = four[0, y, x], four[1, y, x], four[2, y, x], four[3, y, x]
            for i in range(4):
                value = system[i, 4] * a + system[i, 5] * b + system[i, 6] * c + system[i, 7] * d
                four[i, y, x] = weights[y, x] * value
    return True


@njit(cache=True, fastmath=True, inline="always")
def _bend(image, x0, y0, off_x, off_y, weights, patch, four, warped, dx, dy, grow, turn):  # type: ignore[no-untyped-def]
    """Fit shift, growth and turn. Returns them and the likeness; 0 where the patch leaves the picture or all bounds."""
    n = weights.shape[0]
    height, width = image.shape
    for step in range(BENDS + 1):
        px, py = np.float32(x0) - off_x + dx, np.float32(y0) - off_y + dy
        reach = np.float32(n) * (1 + abs(grow) + abs(turn))
        inside = px - reach > 0 and py - reach > 0 and px + reach < width - 1 and py + reach < height - 1
        if not inside or abs(grow) > LIMITS[0] or abs(turn) > LIMITS[1]:
            return dx, dy, grow, turn, np.float32(0)
        for y in range(n):
            v = np.float32(y) + off_y
            for x in range(n):
                u = np.float32(x) + off_x
                sx, sy = px + (1 + grow) * u - turn * v, py + (1 + grow) * v + turn * u
                left, top = int(sx), int(sy)
                fx, fy = sx - np.float32(left), sy - np.float32(top)
                above = image[top, left] + fx * (image[top, left + 1] - image[top, left])
                below = image[top + 1, left] + fx * (image[top + 1, left + 1] - image[top + 1, left])
                warped[y, x] = above + fy * (below - above)
        if step == BENDS:
            break
        ru = rv = ra = rb = np.float32(0)
        for y in range(n):
            for x in range(n):
                value = warped[y, x]
                ru += four[0, y, x] * value
                rv += four[1, y, x] * value
                ra += four[2, y, x] * value
                rb += four[3, y, x] * value
        if max(abs(ru), abs(rv)) < 0.01 and max(abs(ra), abs(rb)) < 0.001:
            break
        dx -= min(max(ru, np.float32(-1)), np.float32(1))
        dy -= min(max(rv, np.float32(-1)), np.float32(1))
        grow -= min(max(ra, np.float32(-0.05)), np.float32(0.05))
        turn -= min(max(rb, np.float32(-0.05)), np.float32(0.05))
    s_i = s_ii = s_ti = s_tt = np.float32(0)
    for y in range(n):
        for x in range(n):
            w, t, value = weights[y, x], patch[y, x], warped[y, x]
            s_tt += w * t * t
            s_i += w * value
            s_ii += w * value * value
            s_ti += w * t * value
    var = s_tt * (s_ii - s_i * s_i)  # the template has mean 0, the weights sum 1
    if var <= 0 or s_ti <= 0:
        return dx, dy, grow, turn, np.float32(0)
    return dx, dy, grow, turn, min(np.float32(1), np.float32(s_ti / np.sqrt(var)))


@njit(cache=True, fastmath=True)
def _track(fine, coarse, points, soft, window, stride, weights, wide, moved, quality, response):  # type: ignore[no-untyped-def]
    """Follow the patches of all windows of a chunk.

    Fills `moved` (B, K, P, 2), `quality` (B, K, P) and `response` (B, P, 2, 2). The first `soft` patches may bend.
    """
    frames = fine.shape[0]
    n, m = weights.shape[0], wide.shape[0]
    patch0, patch1 = np.empty((n, n), np.float32), np.empty((m, m), np.float32)
    steep0, steep1 = np.empty((2, n, n), np.float32), np.empty((2, m, m), np.float32)
    blur0, blur1 = np.zeros((2, 4), np.float32), np.zeros((2, 4), np.float32)
    unused = np.empty((2, 2), np.float32)
    four, warped = np.empty((4, n, n), np.float32), np.empty((n, n), np.float32)
    for b in range(points.shape[0]):
        for p in range(points.shape[1]):
            px, py = points[b, p, 0], points[b, p, 1]
            if np.isnan(px):
                continue
            x0, y0 = int(np.floor(px - 0.5 * n + 1.0)), int(np.floor(py - 0.5 * n + 1.0))
            x1, y1 = int(np.floor(0.5 * px - 0.5 * m + 1.0)), int(np.floor(0.5 * py - 0.5 * m + 1.0))
            inside = x0 > 1 and y0 > 1 and x0 + n + 1 < fine.shape[2] and y0 + n + 1 < fine.shape[1]
            off_x, off_y = np.float32(x0 - px), np.float32(y0 - py)
            if not inside or not _template(
                fine[b], x0, y0, off_x, off_y, weights, patch0, steep0, blur0, response[b, p]
            ):
                continue
            two = x1 > 1 and y1 > 1 and x1 + m + 1 < coarse.shape[2] and y1 + m + 1 < coarse.shape[1]
            two = two and _template(coarse[b], x1, y1, off_x, off_y, wide, patch1, steep1, blur1, unused)
            quality[b, 0, p] = 1
            # where it was a frame ago, and when it was last seen clearly
            dx = dy = good_x = good_y = np.float32(0)
            ready = bent = (
                False  # whether `four` is filled; whether the frame before was fitted with growth and turn
            )
            grow = turn = np.float32(0)
            least = np.float32(BEND)
            for k in range(1, min(window, (frames - 1 - b) // stride + 1)):
                one, half = fine[b + k * stride], coarse[b + k * stride]
                nx, ny, like = dx, dy, np.float32(-1)
                for attempt in range(3):
                    sx, sy = dx, dy
                    if attempt == 1:
                        sx, sy = good_x, good_y
                    elif attempt == 2:
                        sx = sy = np.float32(0)
                    ax, ay, other = _match(
                        one, half, x0, y0, x1, y1, two, patch0, weights, steep0, steep1, blur0, blur1, sx, sy
                    )
                    if other > like:
                        nx, ny, like = ax, ay, other
                    if like >= DOUBT:
                        break
                if p < soft and (like < least or (bent and like < BEND)):
                    if not ready:
                        ready = _bending(fine[b], x0, y0, off_x, off_y, weights, patch0, four)
                    if not bent:
                        grow = turn = np.float32(0)
                    ax, ay, grow, turn, other = _bend(
                        one, x0, y0, off_x, off_y, weights, patch0, four, warped, dx, dy, grow, turn
                    )
                    bent = ready and other >= DOUBT and other > like + GAIN
                    if bent:
                        nx, ny, like = ax, ay, other
                    else:
                        least = like - WEARY
                else:
                    bent = False
                if like > 0:
                    dx, dy = nx, ny
                if like >= DOUBT:
                    good_x, good_y = dx, dy
                quality[b, k, p] = like
                moved[b, k, p, 0] = dx
                moved[b, k, p, 1] = dy


def pyramid(images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two levels of working pictures, float32: (F, H, W) and (F, H / 2, W / 2)."""
    small = np.stack([cv2.pyrDown(image) for image in images])
    return images.astype(np.float32), small.astype(np.float32)


def patch_lk(chunk: Chunk) -> Tracks:
    """Direct patch flow of a chunk of windows; see the module's text for the formula.

    Returns
    -------
    Tracks
        The quality is the correlation with the template after the move, 0 where the patch was lost (it then keeps
        its last displacement).

    Notes
    -----
    Cost: about half a millisecond a window of 17 frames for 13 patches on one core.
    """
    tracks = chunk.blank()
    fine, coarse = pyramid(chunk.images)
    crop = chunk.grid.crop
    weights, wide = patch_weights(crop), patch_weights(crop, COARSE)
    soft = chunk.points.shape[1] - chunk.rigid
    _track(fine, coarse, chunk.points, soft, chunk.window, chunk.stride, weights, wide, *tracks)
    return tracks
