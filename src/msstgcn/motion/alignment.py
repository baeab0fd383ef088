"""Landmarks that are off on purpose, to see how much everything that follows depends on where they lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from msstgcn.motion.regions import LEFT_EYE, RIGHT_EYE, iod
from msstgcn.settings import MotionSettings


def misplaced(
    landmarks: NDArray[np.float32], settings: MotionSettings, video: str, frame: int
) -> NDArray[np.float32]:
    """Move landmarks as `landmark_noise` and `landmark_offset` say.

    Parameters
    ----------
    landmarks : ndarray of float32, shape (68, 2)
        (x, y), pixels.
    settings : MotionSettings
        Noise: standard deviation of what is added to x and to y of each landmark, anew in each frame. Offset: all
        landmarks are moved by as much down the face, from the brows towards the mouth. Both in percent of the
        inter-ocular distance.
    video : str
        Digest of the video, hexadecimal: with `frame` the seed of the noise.
    frame : int

    Returns
    -------
    ndarray of float32, shape (68, 2)
        The same array where both are 0.
    """
    noise, offset = settings.landmark_noise / 100, settings.landmark_offset / 100
    if not noise and not offset:
        return landmarks
    right = landmarks[RIGHT_EYE] - landmarks[LEFT_EYE]
    moved = landmarks + offset * np.array([-right[1], right[0]])
    if noise:
        rng = np.random.default_rng(np.random.SeedSequence([int(video[:16], 16), frame]))
        moved += noise * iod(landmarks) * rng.standard_normal((len(landmarks), 2))
    return moved.astype(np.float32)
