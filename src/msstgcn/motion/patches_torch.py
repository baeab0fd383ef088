"""Direct patch flow for all windows and patches at once, in PyTorch.

The method, its formulas and its constants are those of `patches`; here each of its steps is taken by all
patches together, so that a GPU has something to do. Of the same chunk both agree to the rounding of single precision,
except where a patch stands just on this or that side of a threshold. Larger chunks lie on other grids, which moves what
is measured by less than the error of either.

What it costs: on a GPU the work itself is small, and the limit is the number of kernel launches, some thousand a
chunk however many windows it holds. So chunks are large (`BATCH` windows), and are worked off in slices that a
quarter of the free memory holds. On one core it is some twenty times slower than `patches`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msstgcn.devices import device
from msstgcn.motion.patches import (
    BEND,
    BENDS,
    CELLS,
    COARSE,
    DAMPING,
    DOUBT,
    FIRM,
    GAIN,
    LIMITS,
    STEPS,
    STIFF,
    TOLERANCE,
    WEARY,
    patch_weights,
)
from msstgcn.motion.working import Chunk, Tracks

BATCH = 1024  #: windows of a chunk that keep a GPU busy
_ON_CPU = 512  # patches of a slice on a CPU: what its caches hold
_BYTES = 96  # of memory that one pixel of a patch takes at most, all intermediates together
_LOOK = 3  # steps within a cell between two looks whether all have arrived


class _Level(NamedTuple):
    """Pictures of one level and what the templates of a slice's N patches tell, on the device."""

    images: Tensor  # (F, H, W)
    start: Tensor  # (N,) picture of the template
    off: Tensor  # (N, 2) from the region's centre to the template's first pixel
    x: Tensor  # (N,) left edge of the template
    y: Tensor  # (N,)
    patch: Tensor  # (N, n * n)
    steepest: Tensor  # (N, 2, n * n)
    blur: Tensor  # (N, 2, 4), what interpolation adds to r: second differences in x, y, then third
    usable: Tensor  # (N,) whether there is a template, with texture


def patch_lk_torch(chunk: Chunk) -> Tracks:
    """Direct patch flow of a chunk of windows on the chunk's device; `patches.patch_lk` tells the method.

    Returns
    -------
    Tracks
        As of `patches.patch_lk`.

    Raises
    ------
    InputError
        If the device is ``cuda`` and there is none.
    """
    where = device(chunk.device)
    tracks = chunk.blank()
    fine = torch.from_numpy(np.ascontiguousarray(chunk.images)).to(where).float()
    coarse = half(fine)
    crop = chunk.grid.crop
    weights = torch.from_numpy(patch_weights(crop)).to(where)
    wide = torch.from_numpy(patch_weights(crop, COARSE)).to(where)
    starts, regions = np.nonzero(~np.isnan(chunk.points[..., 0]))
    size = _slice(where, len(weights) ** 2)
    for first in range(0, len(starts), size):
        b, p = starts[first : first + size], regions[first : first + size]
        soft = p < chunk.points.shape[1] - chunk.rigid
        moved, quality, response = _follow(chunk, fine, coarse, weights, wide, b, chunk.points[b, p], soft)
        tracks.moved[b, :, p], tracks.quality[b, :, p], tracks.response[b, p] = moved, quality, response
    return tracks


def half(images: Tensor) -> Tensor:
    """Half the size: binomial filter [1 4 6 4 1] / 16 both ways, mirrored edges, rounded, as ``cv2.pyrDown``.

    Parameters
    ----------
    images : Tensor of float32, shape (F, H, W)
        Whole numbers.
    """
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=images.device)
    padded = torch.nn.functional.pad(images[:, None], (2, 2, 2, 2), mode="reflect")
    across = torch.nn.functional.conv2d(padded, line.view(1, 1, 1, 5), stride=(1, 2))
    both = torch.nn.functional.conv2d(across, line.view(1, 1, 5, 1), stride=(2, 1))
    return torch.floor((both[:, 0] + 128) / 256)


def _slice(where: torch.device, pixels: int) -> int:
    """Patches that are followed together."""
    if where.type != "cuda":
        return _ON_CPU
    free, _ = torch.cuda.mem_get_info(where)
    return max(_ON_CPU, free // 4 // (pixels * _BYTES))


def _follow(
    chunk: Chunk,
    fine: Tensor,
    coarse: Tensor,
    weights: Tensor,
    wide: Tensor,
    b: NDArray[np.intp],
    places: NDArray[np.float64],
    soft: NDArray[np.bool_],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Follow N patches, some of which may bend: displacements (N, K, 2), quality (N, K) and response (N, 2, 2)."""
    start = torch.from_numpy(b).to(fine.device)
    one, response = _template(fine, weights, start, places, np.floor(places - len(weights) / 2 + 1))
    two, _ = _template(coarse, wide, start, places, np.floor(0.5 * places - len(wide) / 2 + 1))
    flat = weights.flatten()
    moved = torch.zeros((len(b), chunk.window, 2), device=fine.device)
    quality = torch.zeros((len(b), chunk.window), device=fine.device)
    quality[:, 0] = one.usable.float()
    d = seen = torch.zeros((len(b), 2), device=fine.device)
    may_bend = torch.from_numpy(soft).to(fine.device)
    bent, form = torch.zeros_like(may_bend), torch.zeros_like(d)  # growth and turn
    least = torch.full((len(b),), BEND, device=fine.device)
    for k in range(1, chunk.window):
        frame = start + k * chunk.stride
        here = one.usable & (frame < len(fine))
        frame = frame.clamp(max=len(fine) - 1)
        new, like = _match(one, two, flat, frame, d, here)
        for again in (seen, torch.zeros_like(d)):
            doubt = (here & (like < DOUBT)).nonzero()[:, 0]
            if len(doubt):
                some, other = _match(_of(one, doubt), _of(two, doubt), flat, frame[doubt], again[doubt])
                better = other > like[doubt]
                new[doubt] = torch.where(better[:, None], some, new[doubt])
                like[doubt] = torch.where(better, other, like[doubt])
        ask = here & may_bend & ((like < least) | (bent & (like < BEND)))
        rows = ask.nonzero()[:, 0]
        before, bent = bent, torch.zeros_like(bent)
        if len(rows):
            kept = torch.where(before[:, None], form, 0)[rows]
            some, form[rows], other = _bend(_of(one, rows), weights, frame[rows], d[rows], kept)
            better = (other >= DOUBT) & (other > like[rows] + GAIN)
            least[rows] = torch.where(better, least[rows], like[rows] - WEARY)
            new[rows] = torch.where(better[:, None], some, new[rows])
            like[rows] = torch.where(better, other, like[rows])
            bent[rows] = better
        d = torch.where((here & (like > 0))[:, None], new, d)
        seen = torch.where((here & (like >= DOUBT))[:, None], d, seen)
        quality[:, k] = torch.where(here, like, 0)
        moved[:, k] = torch.where(here[:, None], d, 0)
    response = torch.where(one.usable[:, None, None], response, 0)
    return moved.cpu().numpy(), quality.cpu().numpy(), response.cpu().numpy()


def _of(level: _Level, rows: Tensor) -> _Level:
    return _Level(level.images, *(part[rows] for part in level[1:]))


def _cut(images: Tensor, frame: Tensor, x: Tensor, y: Tensor, side: int) -> Tensor:
    """Squares of some pictures, (N, side, side); they must lie within."""
    _, height, width = images.shape
    reach = torch.arange(side, device=images.device)
    first = (frame * height + y) * width + x
    return images.flatten()[first[:, None, None] + reach[:, None] * width + reach]


def _template(
    images: Tensor,
    weights: Tensor,
    start: Tensor,
    places: NDArray[np.float64],
    corners: NDArray[np.float64],
) -> tuple[_Level, Tensor]:
    """Templates of a level, and their response (N, 2, 2) to growth and turn about `places`."""
    n, where = len(weights), images.device
    height, width = images.shape[1:]
    limit = np.array([width, height]) - n - 1
    inside = ((corners > 1) & (corners < limit)).all(axis=1)
    x, y = torch.from_numpy(np.clip(corners, 2, np.maximum(limit - 1, 2)).astype(np.int64)).to(where).T
    cut = _cut(images, start, x - 2, y - 2, n + 4)  # (N, n + 4, n + 4)

    def beside(dx: int, dy: int) -> Tensor:
        return cut[:, 2 + dy : 2 + dy + n, 2 + dx : 2 + dx + n].flatten(1)

    w = weights.flatten()
    middle = beside(0, 0)
    patch = middle - (middle @ w)[:, None]
    energy = (patch * patch) @ w
    g = torch.stack([beside(1, 0) - beside(-1, 0), beside(0, 1) - beside(0, -1)], 1) / 2  # (N, 2, n * n)
    third = torch.stack([beside(2, 0) - beside(-2, 0), beside(0, 2) - beside(0, -2)], 1) / 2 - 2 * g
    second = (
        torch.stack([beside(1, 0) + beside(-1, 0), beside(0, 1) + beside(0, -1)], 1) - 2 * middle[:, None]
    )
    off = torch.from_numpy((corners - places).astype(np.float32)).to(where)
    across, down = _about(off, n)
    grow = g[:, 0] * across + g[:, 1] * down
    turn = g[:, 1] * across - g[:, 0] * down
    slope = (g * patch[:, None]) @ w / energy.clamp(min=1e-9)[:, None]
    left = (g - (g @ w)[..., None] - slope[..., None] * patch[:, None]) * w  # w g'
    hessian = left @ (left / w.clamp(min=1e-30)).mT  # (N, 2, 2)
    size = hessian.diagonal(dim1=1, dim2=2).mean(1)
    usable = torch.from_numpy(inside).to(where) & (energy >= 0.25)
    firm, det = _inverse(hessian, FIRM * size)
    usable &= det >= 1e-6
    response = firm @ (left @ torch.stack([grow, turn], 2))
    damped, _ = _inverse(hessian, DAMPING * size)
    steepest = damped @ left
    order = torch.tensor([1 / 2, 1 / 2, 1 / 6, 1 / 6], device=where)
    blur = steepest @ torch.cat([second, third], 1).mT * order  # (N, 2, 4)
    return _Level(images, start, off, x, y, patch, steepest, blur, usable), response


def _about(off: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Places of a template's pixels about the region's centre: across and down, each (N, n * n)."""
    line = torch.arange(n, device=off.device)
    return off[:, :1] + line.repeat(n), off[:, 1:] + line.repeat_interleave(n)


def _inverse(matrix: Tensor, plus: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse of symmetric 2x2 matrices with something added to the diagonal, and their determinants."""
    a, b, c = matrix[:, 0, 0] + plus, matrix[:, 0, 1], matrix[:, 1, 1] + plus
    det = a * c - b * b
    inverse = torch.stack([c, -b, -b, a], 1).view(-1, 2, 2) / det.clamp(min=1e-30)[:, None, None]
    return inverse, det


def _match(
    one: _Level, two: _Level, weights: Tensor, frame: Tensor, d: Tensor, here: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Coarse to fine from d (N, 2). Returns d, and the likeness (N,); 0 where a patch did not arrive."""
    here = one.usable if here is None else here
    wide, arrived = _solve(two, frame, 0.5 * d, here & two.usable)
    d, arrived = _solve(one, frame, torch.where(arrived[:, None], 2 * wide, d), here)
    return d, _likeness(one, weights, frame, d, arrived)


def _solve(level: _Level, frame: Tensor, start: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
    """Find d with r(d) = 0 near `start` (N, 2). Returns d, and which arrived."""
    n = round(level.patch.shape[1] ** 0.5)
    d, arrived = start.clone(), torch.zeros_like(active)
    rows = active.nonzero()[:, 0]
    for _ in range(CELLS):
        cell = torch.floor(d[rows])
        x, y = (level.x[rows] + cell[:, 0].long()), (level.y[rows] + cell[:, 1].long())
        inside = _within(level.images, x, y, n)
        rows, cell, x, y = rows[inside], cell[inside], x[inside], y[inside]
        if not len(rows):
            break
        cut = _cut(level.images, frame[rows], x, y, n + 1)
        corners = torch.stack(
            [cut[:, j : j + n, i : i + n].flatten(1) for j in (0, 1) for i in (0, 1)], 2
        )  # (M, n * n, 4)
        sums = level.steepest[rows] @ corners  # (M, 2, 4)
        d[rows], here, going = _steps(sums, level.blur[rows], cell, d[rows])
        arrived[rows] = here
        rows = rows[going]
    return d, arrived


def _steps(sums: Tensor, blur: Tensor, cell: Tensor, d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Steps within a cell. Returns d, which arrived, and which have to go on, here or in another cell."""
    form = torch.cat([sums, -blur], 2)  # (M, 2, 8)
    going = torch.ones(len(d), dtype=torch.bool, device=d.device)
    arrived = ~going
    for step in range(STEPS):
        f = d - cell
        g = 1 - f
        fx, fy, gx, gy = f[:, 0], f[:, 1], g[:, 0], g[:, 1]
        over = f * g
        basis = torch.cat([torch.stack([gy * gx, gy * fx, fy * gx, fy * fx], 1), over, over * (g - f)], 1)
        r = (form @ basis[..., None])[..., 0]
        long = r.abs().amax(1)
        r = r / long.clamp(min=1)[:, None]
        d = torch.where(going[:, None], d - r, d)
        arrived |= going & (long < TOLERANCE)
        f = d - cell
        going = going & ~arrived & ((f >= 0) & (f <= 1)).all(1)
        if step % _LOOK == _LOOK - 1 and not bool(going.any()):
            break
    return d, arrived, ~arrived


def _bend(
    level: _Level, weights: Tensor, frame: Tensor, d: Tensor, form: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Fit shift, growth and turn from d and `form`, each (N, 2). Returns them and the likeness (N,)."""
    n = len(weights)
    w = weights.flatten()
    across, down = _about(level.off, n)
    four = _bending(level, weights, across, down)
    _, height, width = level.images.shape
    flat, base = level.images.flatten(), (frame * height * width)[:, None]
    centre = torch.stack([level.x, level.y], 1) - level.off
    failed = torch.zeros(len(d), dtype=torch.bool, device=d.device)
    going = ~failed
    for step in range(BENDS + 1):
        place = centre + d
        reach = n * (1 + form.abs().sum(1, keepdim=True))
        limit = torch.tensor([width - 1, height - 1], device=d.device)
        inside = ((place - reach > 0) & (place + reach < limit)).all(1)
        failed |= going & ~(inside & (form[:, 0].abs() <= LIMITS[0]) & (form[:, 1].abs() <= LIMITS[1]))
        going &= ~failed
        grow, turn = 1 + form[:, :1], form[:, 1:]
        x = (place[:, :1] + grow * across - turn * down).clamp(0, width - 2)
        y = (place[:, 1:] + grow * down + turn * across).clamp(0, height - 2)
        left, top = x.long(), y.long()
        index = base + top * width + left
        fx, fy = x - left, y - top
        above = flat[index] + fx * (flat[index + 1] - flat[index])
        index += width
        below = flat[index] + fx * (flat[index + 1] - flat[index])
        warped = above + fy * (below - above)
        if step == BENDS:
            break
        r = (four @ warped[..., None])[..., 0]  # (N, 4)
        going = going & ~((r[:, :2].abs().amax(1) < 0.01) & (r[:, 2:].abs().amax(1) < 0.001))
        d = torch.where(going[:, None], d - r[:, :2].clamp(-1, 1), d)
        form = torch.where(going[:, None], form - r[:, 2:].clamp(-0.05, 0.05), form)
    warped = warped - (warped @ w)[:, None]
    cov = (level.patch * warped) @ w
    var = ((level.patch * level.patch) @ w) * ((warped * warped) @ w)
    like = torch.where(cov > 0, cov / var.clamp(min=1e-30).sqrt(), 0).clamp(max=1)
    return d, form, torch.where(failed, 0, like)


def _bending(level: _Level, weights: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """H^-1 w g' for shift, growth and turn, (N, 4, n * n)."""
    n, w = len(weights), weights.flatten()
    cut = _cut(level.images, level.start, level.x - 1, level.y - 1, n + 2)
    gx = (cut[:, 1:-1, 2:] - cut[:, 1:-1, :-2]).flatten(1) / 2
    gy = (cut[:, 2:, 1:-1] - cut[:, :-2, 1:-1]).flatten(1) / 2
    g = torch.stack([gx, gy, gx * across + gy * down, gy * across - gx * down], 1)
    energy = ((level.patch * level.patch) @ w).clamp(min=1e-9)[:, None]
    slope = (g * level.patch[:, None]) @ w / energy
    left = g - (g @ w)[..., None] - slope[..., None] * level.patch[:, None]
    hessian = ((left * w) @ left.mT).double()
    mean = hessian.diagonal(dim1=1, dim2=2).view(-1, 2, 2).mean(2)
    hessian += torch.diag_embed((STIFF * mean + 1e-9).repeat_interleave(2, 1))
    return torch.linalg.inv(hessian).float() @ (left * w)


def _within(images: Tensor, x: Tensor, y: Tensor, n: int) -> Tensor:
    height, width = images.shape[1:]
    return (x >= 0) & (y >= 0) & (x + n < width) & (y + n < height)


def _likeness(level: _Level, weights: Tensor, frame: Tensor, d: Tensor, arrived: Tensor) -> Tensor:
    """Weighted correlation of template and moved patch, on every second row; 0 where it is negative."""
    n = round(level.patch.shape[1] ** 0.5)
    cell = torch.floor(d)
    x, y = level.x + cell[:, 0].long(), level.y + cell[:, 1].long()
    arrived = arrived & _within(level.images, x, y, n)
    height, width = level.images.shape[1:]
    cut = _cut(level.images, frame, x.clamp(0, width - n - 1), y.clamp(0, height - n - 1), n + 1)
    fx, fy = (d - cell).T[..., None, None]
    value = (1 - fx) * (1 - fy) * cut[:, :n:2, :n] + fx * (1 - fy) * cut[:, :n:2, 1:]
    value += (1 - fx) * fy * cut[:, 1::2, :n] + fx * fy * cut[:, 1::2, 1:]
    value = value.flatten(1)
    w = weights.view(n, n)[::2].flatten()
    w = w / w.sum()
    t = level.patch.view(-1, n, n)[:, ::2].flatten(1)
    t, value = t - (t @ w)[:, None], value - (value @ w)[:, None]
    cov, var = (t * value) @ w, ((t * t) @ w) * ((value * value) @ w)
    like = torch.where(cov > 0, cov / var.clamp(min=1e-30).sqrt(), 0).clamp(max=1)
    return torch.where(arrived & (var > 0), like, 0)
