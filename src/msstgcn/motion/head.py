"""Head-motion models: what of a region's displacement is only the head's.

An expression moves the skin against the skull; the camera sees skull and skin move together. What the skull
did is estimated from regions that hardly move of themselves, and taken out of the ten nodes.

=========  ==================================================================  =======================
name       what is taken out                                                   cost a 17-frame window
=========  ==================================================================  =======================
none       nothing                                                             none
nose       the mean displacement of the nose region (the paper's way): right   3 more patches
           for a shift in the picture plane, blind to every turn of the head
rigid10    shift, roll, change of size and two turns in depth, fitted to ten   10 more patches, .05 ms
           rigid regions
rigid15    the same, fitted to fifteen regions                                 15 more patches, .07 ms
=========  ==================================================================  =======================

A turn in depth moves a point in proportion to its depth z: by a small yaw angle p, u grows by p z; by a
small pitch q, v grows by q z. Together with the similarity of the plane, for points (x, y, z) in
inter-ocular distances,

    u = a x - b y + t_x + p z,        v = b x + a y + t_y + q z:

six numbers a frame, linear, solved by least squares with a ridge on p and q. The depths are those of a
generic head.

A patch that turns or grows sees part of that as a shift (`patches`); where it does so is taken into account by
placing it where it would see the same without turning (`levers`).

No region is always rigid: a blink pulls at the temples, a frown at the bridge of the nose. The fit is
therefore repeated with weights 1 / (1 + (misfit / SPREAD)^2) (Cauchy's; Holland & Welsch 1977), so that a
region that disagrees with the others counts little. On a face at rest that blinks this lowers the noise at
the mouth by a third. A patch that does not look like its template any more counts little from the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from msstgcn.motion.regions import NOSE, RIGID10, RIGID15, Region

RIDGE = 0.01  #: on the two turns in depth; the sum of squared depths of the ten rigid regions is about .5
TINY = 1e-6  #: on the other four, so that there is a solution (zero) even where all patches are lost
ROUNDS = 4  #: of reweighting
TRUST = 8  #: power of a patch's quality that it counts by: a likeness of .9 counts .43, one of .8 counts .17
SPREAD = 0.1  #: percent of IOD: a region that disagrees by this much counts half; three times a patch's usual error

Flow = NDArray[np.float64]
#: (own (B, K, R, 2), head's (B, K, Q, 2), quality of the head's (B, K, Q), levers of own (B, R, 5), of
#: head's (B, Q, 5))
Correct = Callable[[Flow, Flow, NDArray[np.floating], Flow, Flow], Flow]


class HeadModel(NamedTuple):
    """A head-motion model: the regions it looks at, and what it does with them.

    Parameters
    ----------
    regions : tuple of Region, length Q
        Tracked beside the nodes.
    correct : callable
        ``correct(own, rigid, quality, places, rigid_places)`` returns the nodes' displacements (B, K, R, 2)
        without the head's. Displacements are in percent of the inter-ocular distance, places are `levers`.
    motion : callable, optional
        ``motion(rigid, quality, rigid_places)`` returns what the head did, as `rigid_motion`; None where the model
        knows no growth and turn.
    """

    regions: tuple[Region, ...]
    correct: Correct
    motion: Callable[[Flow, NDArray[np.floating], Flow], Flow] | None = None


def nothing(own: Flow, rigid: Flow, quality: NDArray[np.floating], places: Flow, rigid_places: Flow) -> Flow:
    """Leave the displacements as they are."""
    return own


def nose_mean(
    own: Flow, rigid: Flow, quality: NDArray[np.floating], places: Flow, rigid_places: Flow
) -> Flow:
    """Subtract the mean displacement of the nose region (the paper's model)."""
    return own - rigid.mean(axis=2, keepdims=True)


def rigid_fit(
    own: Flow, rigid: Flow, quality: NDArray[np.floating], places: Flow, rigid_places: Flow
) -> Flow:
    """Subtract what a rigid head does: similarity and two turns in depth; lost patches do not count."""
    motion = rigid_motion(rigid, quality, rigid_places)
    design = _design(places).reshape(len(places), -1, 6).swapaxes(1, 2)  # (B, 6, 2 R)
    return own - (motion @ design).reshape(own.shape)


def rigid_motion(rigid: Flow, quality: NDArray[np.floating], rigid_places: Flow) -> Flow:
    """What a rigid head does, from its regions.

    Parameters
    ----------
    rigid : ndarray of float64, shape (B, K, Q, 2)
        Displacement of the rigid regions, percent of IOD.
    quality : ndarray, shape (B, K, Q)
    rigid_places : ndarray of float64, shape (B, Q, 5)
        See `levers`.

    Returns
    -------
    ndarray of float64, shape (B, K, 6)
        a, b, t_x, t_y, p, q of the model in the module's text, in percent.
    """
    motion = np.zeros((*rigid.shape[:2], 6))
    _fit(rigid, quality, rigid_places, motion)
    return motion


def levers(places: Flow, depths: NDArray[np.floating], response: NDArray[np.floating]) -> Flow:
    """Where each region sits for the linear model, as its flow method sees it.

    A method that follows a patch sees part of its growth and turn as a shift (`working.Tracks.response`), as if
    the patch sat elsewhere; what it sees in u and in v may be two different places.

    Parameters
    ----------
    places : ndarray, shape (B, R, 2)
        (x, y), IOD.
    depths : ndarray, shape (R,)
        IOD.
    response : ndarray, shape (B, R, 2, 2)
        IOD per unit of growth and turn.

    Returns
    -------
    ndarray of float64, shape (B, R, 5)
        x and y for u, x and y for v, depth: the model is then u = a x_u - b y_u + t_x + p z, v = b x_v + a y_v +
        t_y + q z.
    """
    x, y = places[..., 0], places[..., 1]
    (ua, ub), (va, vb) = np.moveaxis(np.asarray(response, dtype=np.float64), (-2, -1), (0, 1))
    return np.stack([x + ua, y - ub, x + vb, y + va, np.broadcast_to(depths, x.shape)], axis=-1)


def _design(places: Flow) -> Flow:
    """Rows of the linear model, shape (B, R, 2, 6), for the unknowns a, b, t_x, t_y, p, q."""
    xu, yu, xv, yv, z = np.moveaxis(places, -1, 0)
    one, nil = np.ones_like(z), np.zeros_like(z)
    across = np.stack([xu, -yu, one, nil, z, nil], axis=-1)
    down = np.stack([yv, xv, nil, one, nil, z], axis=-1)
    return np.stack([across, down], axis=-2)


@njit(cache=True)
def _fit(rigid, quality, places, motion):  # type: ignore[no-untyped-def]
    """Fill `motion` (B, K, 6) with the reweighted ridge fit to `rigid` (B, K, Q, 2) at `places` (B, Q, 5)."""
    regions = places.shape[1]
    trust, weights = np.empty(regions), np.empty(regions)
    system = np.empty((6, 7))
    for b in range(rigid.shape[0]):
        for k in range(rigid.shape[1]):
            for r in range(regions):
                trust[r] = weights[r] = quality[b, k, r] ** TRUST
            for turn in range(ROUNDS + 1):
                _normal(rigid[b, k], weights, places[b], system)
                _solve(system, motion[b, k])
                if turn < ROUNDS:
                    _reweight(rigid[b, k], trust, places[b], motion[b, k], weights)


@njit(cache=True)
def _normal(rigid, weights, places, system):  # type: ignore[no-untyped-def]
    """Weighted normal equations: matrix and right side, (6, 7)."""
    system[:] = 0
    for i in range(6):
        system[i, i] = TINY if i < 4 else RIDGE
    for r in range(len(weights)):
        w = weights[r]
        xu, yu, xv, yv, z = places[r]
        u, v = rigid[r, 0], rigid[r, 1]
        system[0, 0] += w * (xu * xu + yv * yv)
        system[0, 1] += w * (yv * xv - xu * yu)
        system[0, 2] += w * xu
        system[0, 3] += w * yv
        system[0, 4] += w * xu * z
        system[0, 5] += w * yv * z
        system[1, 1] += w * (yu * yu + xv * xv)
        system[1, 2] -= w * yu
        system[1, 3] += w * xv
        system[1, 4] -= w * yu * z
        system[1, 5] += w * xv * z
        system[2, 2] += w
        system[2, 4] += w * z
        system[4, 4] += w * z * z
        system[0, 6] += w * (xu * u + yv * v)
        system[1, 6] += w * (xv * v - yu * u)
        system[2, 6] += w * u
        system[3, 6] += w * v
        system[4, 6] += w * z * u
        system[5, 6] += w * z * v
    system[3, 3], system[3, 5] = system[2, 2], system[2, 4]  # what u says of t_x and p, v says of t_y and q
    system[5, 5] = system[4, 4]
    for i in range(6):
        for j in range(i):
            system[i, j] = system[j, i]


@njit(cache=True)
def _solve(system, out):  # type: ignore[no-untyped-def]
    """Gaussian elimination; the matrix is positive definite, so no pivot is looked for."""
    for i in range(6):
        for j in range(i + 1, 6):
            factor = system[j, i] / system[i, i]
            for c in range(i + 1, 7):
                system[j, c] -= factor * system[i, c]
    for i in range(5, -1, -1):
        total = system[i, 6]
        for c in range(i + 1, 6):
            total -= system[i, c] * out[c]
        out[i] = total / system[i, i]


@njit(cache=True)
def _reweight(rigid, trust, places, motion, weights):  # type: ignore[no-untyped-def]
    """Cauchy weights from the misfit of each region, times how far it is trusted."""
    a, b, tx, ty, p, q = motion
    for r in range(len(weights)):
        xu, yu, xv, yv, z = places[r]
        u = rigid[r, 0] - (a * xu - b * yu + tx + p * z)
        v = rigid[r, 1] - (b * xv + a * yv + ty + q * z)
        weights[r] = trust[r] / (1 + (u * u + v * v) / SPREAD**2)


#: Head-motion models by name.
HEADS: dict[str, HeadModel] = {
    "none": HeadModel((), nothing),
    "nose": HeadModel(NOSE, nose_mean),
    "rigid10": HeadModel(RIGID10, rigid_fit, rigid_motion),
    "rigid15": HeadModel(RIGID15, rigid_fit, rigid_motion),
}
