"""The authors' posted features of a video, in the form in which all others are handed on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from msstgcn.datasets.posted import read_posted_video
from msstgcn.motion.features import VideoFeatures
from msstgcn.timeline import Expression


def posted_features(
    path: str | Path, *, subject: str, fps: float, expressions: tuple[Expression, ...] = ()
) -> VideoFeatures:
    """Features of one video from its posted ``.npy`` file; who, how fast and the labels come from the workbook.

    Parameters
    ----------
    path : path
        The video's name is that of the file without its ending.
    subject : str
    fps : float
        Frames a second.
    expressions : tuple of Expression, optional
        The labels.

    Returns
    -------
    VideoFeatures
        All frames count as usable, since the file tells of none that is not.

    Raises
    ------
    InputError
        If the file is not as `datasets.posted` describes it.
    """
    video = read_posted_video(path)
    return VideoFeatures(video.name, subject, fps, video.flow, np.ones(len(video.flow), bool), expressions)
