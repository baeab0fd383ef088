"""Regions as data: a landmark of the 68-point scheme, an offset from it, and a generic depth.

Offsets and depths are in inter-ocular distances (IOD, landmarks 36 to 45). An offset is given in the face's
own axes: x from landmark 36 to 45, y down the face. Depth points from the face to the camera and is zero at
the outer eye corners. The depths are those of an average adult head to about a tenth of an IOD; the
head-motion models need no better, because they only take out what a *turning rigid head* does to each
region.

Which regions are measured is a setting: one of the sets below, or regions of the user's own.

====  =====================================================================================================
set   regions
====  =====================================================================================================
6     the middle of each brow, both mouth corners, both lips: the least that tells the sides apart
10    three on each brow, four on the mouth: the nodes of the facial graph, as in the paper
12    10 and both nose wings, which action units 9 and 10 raise
14    12 and the middle of both upper eyelids: what a blink looks like
22    14 and the ends of the brows and four more places on the lips
====  =====================================================================================================

The ten are the paper's. Which landmarks the others take is our own choice: the counts are those in use, their
places are rarely told. Each larger set begins with the smaller ones from ten on, so a region keeps its number.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError, lookup
from msstgcn.settings import MotionSettings, RegionSettings
from msstgcn.timeline import read_csv

LEFT_EYE, RIGHT_EYE = 36, 45  #: outer eye corners, left and right in the picture


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

#: The middle of the upper eyelids, where a blink moves most.
EYELIDS: tuple[Region, ...] = (
    Region("upper eyelid L", 37, dx=0.05, depth=0.09),
    Region("upper eyelid R", 44, dx=-0.05, depth=0.09),
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


#: Named sets of regions; see the module's text.
REGION_SETS: dict[str, tuple[Region, ...]] = {
    "6": (
        Region("mid brow L", 19, depth=0.11),
        Region("mid brow R", 24, depth=0.11),
        *NODES[6:],
    ),
    "10": NODES,
    "12": (*NODES, *NOSE[1:]),
    "14": (*NODES, *NOSE[1:], *EYELIDS),
    "22": (
        *NODES,
        *NOSE[1:],
        *EYELIDS,
        Region("brow end L", 17, depth=-0.03),
        Region("brow head L", 21, depth=0.17),
        Region("brow head R", 22, depth=0.17),
        Region("brow end R", 26, depth=-0.03),
        Region("upper lip L", 50, depth=0.23),
        Region("upper lip R", 52, depth=0.23),
        Region("lower lip R", 56, depth=0.20),
        Region("lower lip L", 58, depth=0.20),
    ),
}

#: Depth of the 68 landmarks on a generic head, IOD: jaw from ear to ear, brows, nose, eyes, outer and inner lips.
DEPTHS: tuple[float, ...] = (
    -0.60, -0.55, -0.48, -0.38, -0.25, -0.12, 0.00, 0.08, 0.12, 0.08, 0.00, -0.12, -0.25, -0.38, -0.48, -0.55,
    -0.60, -0.03, 0.05, 0.11, 0.15, 0.17, 0.17, 0.15, 0.11, 0.05, -0.03, 0.21, 0.28, 0.38, 0.47, 0.28, 0.31, 0.34,
    0.31, 0.28, 0.00, 0.08, 0.10, 0.10, 0.08, 0.07, 0.10, 0.10, 0.08, 0.00, 0.07, 0.08, 0.12, 0.19, 0.23, 0.24,
    0.23, 0.19, 0.12, 0.17, 0.20, 0.20, 0.20, 0.17, 0.13, 0.21, 0.22, 0.21, 0.13, 0.20, 0.20, 0.20,
)  # fmt: skip


def region_set(chosen: str | tuple[RegionSettings, ...]) -> tuple[Region, ...]:
    """Return the regions that a setting means.

    Parameters
    ----------
    chosen : str or tuple of RegionSettings
        A name in `REGION_SETS`, or regions of the user's own; where one tells no depth, it gets that of its
        landmark on a generic head.

    Raises
    ------
    InputError
        If there is no set of that name.
    """
    if isinstance(chosen, str):
        return lookup(REGION_SETS, chosen, "set of regions")
    return tuple(
        Region(
            own.name, own.landmark, own.dx, own.dy, DEPTHS[own.landmark] if own.depth is None else own.depth
        )
        for own in chosen
    )


def read_regions(path: str | Path) -> tuple[RegionSettings, ...]:
    """Read regions of one's own from a CSV file, for the setting `regions`.

    Parameters
    ----------
    path : str or Path
        Columns ``name`` and ``landmark`` (0 to 67); if wanted ``dx``, ``dy`` and ``depth`` (inter-ocular
        distances; see the module's text). An empty cell stands for the usual value.

    Raises
    ------
    InputError
        No such file, a column that is missing or unknown, no row, one with too many or too few fields, a landmark
        that does not exist, a number out of range, or a name that stands twice; with the row.
    """
    path = Path(path)
    columns = list(RegionSettings.model_fields)
    table = read_csv(path, ("name", "landmark"))
    unknown = [name for name in table.columns if name not in columns]
    if unknown:
        raise InputError(
            f"column {unknown[0]!r} is unknown",
            where=path,
            expected="name,landmark and, if wanted, dx,dy,depth",
        )
    rows = zip(table.index, table.to_dict("records"), strict=True)
    found = tuple(_one_region(row, f"{path}, row {index + 2}") for index, row in rows)
    MotionSettings.make({"regions": [own.model_dump(mode="json") for own in found]}, where=str(path))
    return found


def _one_region(row: dict[Hashable, str], where: str) -> RegionSettings:
    values: dict[str, str | float] = {"name": row.pop("name")}
    for column, text in row.items():
        if text == "":
            continue
        try:
            values[str(column)] = int(text) if column == "landmark" else float(text)
        except ValueError:
            raise InputError(f"{column} = {text!r}", where=where, expected="a number") from None
    return RegionSettings.make(values, where=where)


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
