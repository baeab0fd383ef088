"""What a perfect measurement would give: the skin's own motion in a synthetic video, without the head's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import SyntheticVideo
from msstgcn.faces import Pose
from msstgcn.motion.regions import NODES
from msstgcn.motion.windows import window_frames


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
