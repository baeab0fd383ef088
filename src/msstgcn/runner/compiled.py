"""Compile the loops of all packages before they are wanted: ``python -m msstgcn.runner.compiled`` ends the set-up.

Numba compiles a loop when it is first called, and keeps the machine code beside the source. The processes of a first
run would each do all of it at the same time, for half a minute or more in which no frame is done. Here one process
compiles what follows patches and another the rest, on a tiny piece of the real work each.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from msstgcn.datasets import synthetic
from msstgcn.faces.anatomy import mean_landmarks
from msstgcn.learning import train_loso
from msstgcn.learning.bench import random_videos
from msstgcn.motion.measure import make_chunk, measure
from msstgcn.report.log import say
from msstgcn.runner import executors
from msstgcn.settings import LearningSettings, MotionSettings, NetworkSettings, SyntheticSettings


def draw() -> None:
    """Render one small frame."""
    synthetic(SyntheticSettings(subjects=2, videos=1, seconds=3.0, size=240, iod=60.0)).videos[0].frame(0)


def train() -> None:
    """Train one epoch on noise, leaving out each of two people in turn, and test."""
    train_loso(random_videos(2, 1, 130), NetworkSettings(), LearningSettings(epochs=1))


def follow() -> None:
    """Measure two windows of noise where the regions of a face would be."""
    settings = MotionSettings()
    greys = np.random.default_rng(0).integers(0, 256, (settings.window + 1, 240, 240), np.uint8)
    landmarks = np.tile(60 * mean_landmarks() + 120, (len(greys), 1, 1))
    measure(make_chunk(list(greys), landmarks, 2, settings), landmarks[:2], settings)


def _all_of(tasks: tuple[Callable[[], None], ...]) -> None:
    for task in tasks:
        task()


def main() -> None:
    """Compile what is not compiled yet, in two processes, and say how long it took."""
    start = time.perf_counter()
    list(executors.run(_all_of, [((follow,),), ((draw, train),)]))
    say(f"loops compiled in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
