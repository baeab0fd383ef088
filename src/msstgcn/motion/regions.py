"""Regions as data: a landmark of the 68-point scheme, an offset from it, and a generic depth.

Offsets and depths are in inter-ocular distances (IOD, landmarks 36 to 45). An offset is given in the face's
own axes: x from landmark 36 to 45, y down the face. Depth points from the face to the camera and is zero at
the outer eye corners. The depths are those of an average adult head to about a tenth of an IOD; the
head-motion models need no better, because they only take out what a *turning rigid head* does to each
region.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEFT_EYE, RIGHT_EYE = 36, 45  #: outer eye corners, left and right in the picture
LANDMARKS = 68


class Region(NamedTuple):
    """Where a patch of the face lies.

    Parameters
    ----------
    name : str
        What a reader calls it.
    landmark : int
        0-based number in the 68-point scheme.
    dx, dy : float
        Offset in the face's axes, IOD.
    depth : float
        Towards the camera, IOD; 0 at the outer eye corners.
    """

    name: str
    landmark: int
    dx: float = 0.0
    dy: float = 0.0
    depth: float = 0.0


#: The ten nodes of the facial graph, in the order the network and its weights depend on. Left and right are
#: the picture's. In the 68-point scheme the left brow is numbered from the temple inwards (17 to 21) and
#: the right one from the nose outwards (22 to 26): the nodes run from the nose outwards on both sides.
NODES: tuple[Region, ...] = (
    Region("inner brow L", 20, depth=0.15),
    Region("mid brow L", 19, depth=0.11),
    Region("outer brow L", 18, depth=0.05),
    Region("inner brow R", 23, depth=0.15),
    Region("mid brow R", 24, depth=0.11),
    Region("outer brow R", 25, depth=0.05),
    Region("mouth corner L", 48, depth=0.12),
    Region("mouth corner R", 54, depth=0.12),
    Region("upper lip", 51, depth=0.24),
    Region("lower lip", 57, depth=0.20),
)

#: The nose region of the paper's head-motion model: its tip and its two wings.
NOSE: tuple[Region, ...] = (
    Region("nose tip", 30, depth=0.47),
    Region("nose wing L", 31, depth=0.28),
    Region("nose wing R", 35, depth=0.28),
)

#: Regions that hardly move but with the head: nose bridge, nose wings, four temples. The temples lie far
#: enough beside the eyes that a blink does not pull at them.
RIGID10: tuple[Region, ...] = (
    Region("nose bridge 27", 27, depth=0.21),
    Region("nose bridge 28", 28, depth=0.28),
    Region("nose bridge 29", 29, depth=0.38),
    Region("nose tip", 30, depth=0.47),
    Region("nose wing L", 31, depth=0.28),
    Region("nose wing R", 35, depth=0.28),
    Region("upper temple L", 36, dx=-0.20, depth=-0.07),
    Region("lower temple L", 36, dx=-0.20, dy=0.24, depth=-0.07),
    Region("upper temple R", 45, dx=0.20, depth=-0.07),
    Region("lower temple R", 45, dx=0.20, dy=0.24, depth=-0.07),
)

#: RIGID10, the four eye corners and the forehead. Eyelids pull at the corners, and AU4 at the forehead.
RIGID15: tuple[Region, ...] = (
    *RIGID10,
    Region("outer eye corner L", 36, depth=0.0),
    Region("inner eye corner L", 39, depth=0.10),
    Region("inner eye corner R", 42, depth=0.10),
    Region("outer eye corner R", 45, depth=0.0),
    Region("forehead", 27, dy=-0.50, depth=0.12),
)


def iod(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Inter-ocular distance, pixels: between landmarks 36 and 45, of shape ``landmarks.shape[:-2]``."""
    across = landmarks[..., RIGHT_EYE, :] - landmarks[..., LEFT_EYE, :]
    return np.hypot(across[..., 0], across[..., 1]).astype(np.float64)


def region_points(landmarks: NDArray[np.floating], regions: Sequence[Region]) -> NDArray[np.float64]:
    """Centres of regions on faces.

    Parameters
    ----------
    landmarks : ndarray, shape (..., 68, 2)
        (x, y), pixels.
    regions : sequence of Region, length P

    Returns
    -------
    ndarray of float64, shape (..., P, 2)
        (x, y), pixels: the landmark plus the offset along the face's axes.
    """
    landmarks = np.asarray(landmarks, dtype=np.float64)
    right = landmarks[..., RIGHT_EYE, :] - landmarks[..., LEFT_EYE, :]  # one IOD long
    down = np.stack([-right[..., 1], right[..., 0]], axis=-1)
    numbers = [region.landmark for region in regions]
    dx = np.array([region.dx for region in regions])[:, None]
    dy = np.array([region.dy for region in regions])[:, None]
    return landmarks[..., numbers, :] + right[..., None, :] * dx + down[..., None, :] * dy
