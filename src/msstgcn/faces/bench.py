"""How fast the renderer is."""

from __future__ import annotations

import time

import numpy as np

from msstgcn.faces.face import Face
from msstgcn.faces.identity import identity
from msstgcn.faces.state import Camera, FaceState, Pose


def bench_render(frames: int = 150, repeats: int = 3) -> dict[str, float]:
    """Frames a second on one core at 480 x 480, inter-ocular distance 120 px, moving head and four action units.

    Returns
    -------
    dict
        ``grey_fps`` and ``colour_fps``, the median of `repeats` runs of `frames` frames each.
    """
    return {
        "grey_fps": _rate(Camera(), frames, repeats),
        "colour_fps": _rate(Camera(colour=True), frames, repeats),
    }


def _rate(camera: Camera, frames: int, repeats: int) -> float:
    face = Face(identity(0, 0), camera)
    states = [
        FaceState({"12": 5 * np.sin(i / 9) ** 2, "L4": 2.0}, pose=Pose(6 * np.sin(i / 20), 3, 1))
        for i in range(frames)
    ]
    face.render(states[0])
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        for i, state in enumerate(states):
            face.render(state, 0, i)
        rates.append(frames / (time.process_time() - start))
    return float(np.median(rates))
