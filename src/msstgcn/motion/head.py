"""Head-motion models: what of a region's displacement is only the head's.

An expression moves the skin against the skull; the camera sees skull and skin move together. What the skull
did is estimated from regions that hardly move of themselves, and taken out of the ten nodes.

=========  ========================================================================================
name       what is taken out
=========  ========================================================================================
none       nothing
nose       the mean displacement of the nose region (the paper's way): right for a shift in the
           picture plane, blind to every turn of the head
rigid10    shift, roll, change of size and two turns in depth, fitted to ten rigid regions
rigid15    the same, fitted to fifteen regions with those that disagree weighted down
=========  ========================================================================================

A turn in depth moves a point in proportion to its depth z: by a small yaw angle p, u grows by p z; by a
small pitch q, v grows by q z. Together with the similarity of the plane, for points (x, y, z) in
inter-ocular distances,

    u = a x - b y + t_x + p z,        v = b x + a y + t_y + q z:

six numbers a frame, linear, solved by least squares with a ridge on p and q. The depths are those of a
generic head. Cost: microseconds a window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.regions import NOSE, RIGID10, RIGID15, Region

RIDGE = 0.01  #: on the two turns in depth; the sum of squared depths of the ten rigid regions is about .5
TINY = 1e-6  #: on the other four, so that there is a solution (zero) even where all patches are lost
ROUNDS = 4  #: of reweighting in the robust fit
SPREAD = 0.3  #: percent of IOD: a region that disagrees by this much counts half

Flow = NDArray[np.float64]
#: (own (B, K, R, 2), head's (B, K, Q, 2), quality of the head's (B, K, Q), places of own (B, R, 3), of
#: head's (B, Q, 3))
Correct = Callable[[Flow, Flow, NDArray[np.floating], Flow, Flow], Flow]


class HeadModel(NamedTuple):
    """A head-motion model: the regions it looks at, and what it does with them.

    Parameters
    ----------
    regions : tuple of Region, length Q
        Tracked beside the nodes.
    correct : callable
        ``correct(own, rigid, quality, places, rigid_places)`` returns the nodes' displacements (B, K, R, 2)
        without the head's. Displacements are in percent of the inter-ocular distance, places (x, y, depth)
        in IOD.
    """

    regions: tuple[Region, ...]
    correct: Correct


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
    return own - _predict(_fit(rigid, (quality > 0).astype(float), rigid_places), places)


def robust_fit(
    own: Flow, rigid: Flow, quality: NDArray[np.floating], places: Flow, rigid_places: Flow
) -> Flow:
    """As `rigid_fit`, reweighted by 1 / (1 + (misfit / SPREAD)^2) (Cauchy weights), four rounds."""
    found = (quality > 0).astype(float)
    weights = found
    for _ in range(ROUNDS):
        misfit = rigid - _predict(_fit(rigid, weights, rigid_places), rigid_places)
        weights = found / (1 + (misfit**2).sum(axis=-1) / SPREAD**2)
    return own - _predict(_fit(rigid, weights, rigid_places), places)


def _design(places: Flow) -> Flow:
    """Rows of the linear model, shape (B, Q, 2, 6), for the unknowns a, b, t_x, t_y, p, q."""
    x, y, z = places[..., 0], places[..., 1], places[..., 2]
    one, nil = np.ones_like(x), np.zeros_like(x)
    across = np.stack([x, -y, one, nil, z, nil], axis=-1)
    down = np.stack([y, x, nil, one, nil, z], axis=-1)
    return np.stack([across, down], axis=-2)


def _fit(rigid: Flow, weights: Flow, places: Flow) -> Flow:
    """Weighted ridge fit, shape (B, K, 6)."""
    batch, count, regions = weights.shape
    rows = _design(places)  # (B, Q, 2, 6)
    outer = (rows[..., :, None] * rows[..., None, :]).sum(axis=2).reshape(batch, regions, 36)
    matrix = (weights @ outer).reshape(batch, count, 6, 6)
    matrix += np.diag([TINY, TINY, TINY, TINY, RIDGE, RIDGE])
    right = (weights[..., None] * rigid).reshape(batch, count, -1) @ rows.reshape(batch, -1, 6)
    return np.linalg.solve(matrix, right[..., None])[..., 0]


def _predict(head: Flow, places: Flow) -> Flow:
    """Displacement that the fitted head gives to some places, shape (B, K, R, 2)."""
    batch, regions = places.shape[:2]
    moved = head @ _design(places).reshape(batch, 2 * regions, 6).swapaxes(1, 2)  # (B, K, 2 R)
    return moved.reshape(batch, -1, regions, 2)


#: Head-motion models by name.
HEADS: dict[str, HeadModel] = {
    "none": HeadModel((), nothing),
    "nose": HeadModel(NOSE, nose_mean),
    "rigid10": HeadModel(RIGID10, rigid_fit),
    "rigid15": HeadModel(RIGID15, robust_fit),
}
