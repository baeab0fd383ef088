"""What a perfect measurement would give in a synthetic video: dense flow at the regions, motion of the skin alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import SyntheticVideo
from msstgcn.faces import Pose
from msstgcn.motion.regions import NODES, Region, region_points
from msstgcn.motion.windows import window_frames
from msstgcn.timeline import Expression

#: Disturbances that move no skin of brows and mouth.
_ELSEWHERE = ("blink", "gaze", "jerk")


def skin_motion(video: SyntheticVideo, window: int = 17) -> NDArray[np.float64]:
    """True displacement of the ten nodes' landmarks with the head held still.

    Parameters
    ----------
    video : SyntheticVideo
    window : int
        K, frames.

    Returns
    -------
    ndarray of float64, shape (T, K, 10, 2)
        Percent of the inter-ocular distance, from the first frame of each window to each of its frames: what
        `VideoFeatures.flow` would be if flow method and head-motion model made no error and a region were a point.
    """
    numbers = [region.landmark for region in NODES]
    states = [replace(video.script.state(i), pose=Pose()) for i in range(len(video))]
    places = np.array([video.face.landmarks(state)[numbers] for state in states])
    frames = window_frames(len(video), window)
    return 100 * (places[frames] - places[frames[:, :1]]) / video.settings.iod


def undisturbed(video: SyntheticVideo, reach: int) -> list[Expression]:
    """Expressions around which nothing else moves the skin of brows and mouth.

    Parameters
    ----------
    video : SyntheticVideo
    reach : int
        Frames before onset and after offset in which there is no other expression, speech, swallowing or twitch.
    """
    moving = [(one.onset, one.offset) for one in video.expressions]
    moving += [(one.onset, one.offset) for one in video.nuisances if one.kind not in _ELSEWHERE]
    spans = [(onset - reach, offset + reach) for onset, offset in moving]

    def meets(one: Expression) -> int:
        return sum(start <= one.offset and one.onset <= end for start, end in spans)

    return [one for one in video.expressions if meets(one) == 1]  # itself


def region_flow(
    video: SyntheticVideo, first: int, later: int, regions: Sequence[Region] = NODES, half: int = 16
) -> NDArray[np.float64]:
    """True dense optical flow around regions of the face, the head's motion included.

    Parameters
    ----------
    video : SyntheticVideo
    first, later : int
        Frames from which and to which the flow leads.
    regions : sequence of Region, length R
    half : int
        A patch reaches this many pixels from the pixel nearest to its region's true centre.

    Returns
    -------
    ndarray of float64, shape (R, 2 half + 1, 2 half + 1, 2)
        Pixels, (right, down), for each pixel of the patches in frame `first`, row by row; NaN where no skin or hair
        of the head is seen.
    """
    centres = np.round(region_points(video.truth(first).landmarks, regions))
    reach = np.arange(-half, half + 1, dtype=np.float64)
    around = np.stack(np.meshgrid(reach, reach), axis=-1)
    return video.flow(first, later, centres[:, None, None] + around)
