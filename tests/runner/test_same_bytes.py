"""The first run, which compiles, and later ones, which find compiled code in the cache, give the same bytes."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib
from dataclasses import replace
from msstgcn import datasets, learning, motion
from msstgcn.settings import LearningSettings, MotionSettings, NetworkSettings, SyntheticSettings
from msstgcn.timeline import Expression

small = SyntheticSettings(subjects=2, videos=1, seconds=3.0, size=240, iod=60.0)
videos = [motion.extract(video, MotionSettings()) for video in datasets.synthetic(small).videos]
videos = [replace(video, expressions=(Expression(20, 25, 31, "me"),)) for video in videos]
run = learning.train_loso(videos, NetworkSettings(), LearningSettings(epochs=1, segments=2, sampling="all"))
state = hashlib.sha256()
for video in videos:
    state.update(video.flow.tobytes())
print(state.hexdigest())
for fold in run.folds.values():
    for name in sorted(fold.weights):
        state.update(fold.weights[name].numpy().tobytes())
print(state.hexdigest())
"""


@pytest.mark.slow
def test_compiled_now_or_read_from_the_cache_is_the_same(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert any(tmp_path.rglob("*.nbi")), "nothing was cached"
    assert outputs[0] == outputs[1]
