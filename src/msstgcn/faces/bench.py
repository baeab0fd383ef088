"""How fast the renderer is, and whether a long video costs more memory than a short one."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

from msstgcn.faces.face import Face
from msstgcn.faces.identity import identity
from msstgcn.faces.state import Camera, FaceState, Pose
from msstgcn.timeline import SAMM_FPS

_LOOK_EVERY = 50  # frames between two looks at the memory
_MIB = 2**20


def bench_render(frames: int = 150, repeats: int = 3, minutes: float = 0.25) -> dict[str, float]:
    """Frames a second on one core at 480 x 480, inter-ocular distance 120 px, moving head and four action units.

    Parameters
    ----------
    frames, repeats : int
        The rates are medians of `repeats` runs of `frames` frames each.
    minutes : float
        Length of the video that is rendered to watch the memory.

    Returns
    -------
    dict
        ``grey_fps`` and ``colour_fps``: CPU time of the renderer, sensor noise included, JPEG files not.
        ``grey_jpeg_ms`` and ``colour_jpeg_ms``: what a JPEG file of quality 95, written and read, adds to a frame.
        ``video_frames``: frames of the long grey video, JPEG files included, ``memory_mib``: memory of the process
        once its first second is rendered, ``memory_growth_mib``: by how much more it was at its highest afterwards.
    """
    grey, grey_jpeg = _rate(Camera(), frames, repeats), _rate(Camera(jpeg=95), frames, repeats)
    colour = _rate(Camera(colour=True), frames, repeats)
    colour_jpeg = _rate(Camera(colour=True, jpeg=95), frames, repeats)
    return {
        "grey_fps": grey,
        "colour_fps": colour,
        "grey_jpeg_ms": 1000 * (1 / grey_jpeg - 1 / grey),
        "colour_jpeg_ms": 1000 * (1 / colour_jpeg - 1 / colour),
        **_memory(round(60 * minutes * SAMM_FPS)),
    }


def _state(i: int) -> FaceState:
    return FaceState({"12": 5 * np.sin(i / 9) ** 2, "L4": 2.0}, pose=Pose(6 * np.sin(i / 20), 3, 1))


def _rate(camera: Camera, frames: int, repeats: int) -> float:
    face = Face(identity(0, 0), camera)
    states = [_state(i) for i in range(frames)]
    face.render(states[0])
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        for i, state in enumerate(states):
            face.render(state, 0, i)
        rates.append(frames / (time.process_time() - start))
    return float(np.median(rates))


def _memory(frames: int) -> dict[str, float]:
    """Render a long video, throw every frame away, and look at the process's memory on the way."""
    face = Face(identity(0, 0), Camera(jpeg=95))
    first = round(SAMM_FPS)
    start = highest = 0.0
    for i in range(max(frames, first + 1)):
        face.render(_state(i), 0, i)
        if i == first:
            start = highest = _resident()
        elif i > first and (i % _LOOK_EVERY == 0 or i == frames - 1):
            highest = max(highest, _resident())
    return {
        "video_frames": float(frames),
        "memory_mib": start / _MIB,
        "memory_growth_mib": (highest - start) / _MIB,
    }


def _resident() -> float:
    """Bytes of memory the process occupies now; where the system does not tell, the most it ever occupied."""
    now = Path("/proc/self/statm")
    if now.exists():
        return float(now.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
