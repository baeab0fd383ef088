"""How fast a video file becomes features on one core, stage by stage, and how much memory that takes.

A face as in the standard benchmark is filmed for some seconds and written to a video file of 640 x 480 pixels, forth
and back as often as it takes. Everything is measured in a process of its own, on one core, so that its peak memory
is that of the path and nothing else.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Video, open_video
from msstgcn.faces import Camera, Face, identity
from msstgcn.motion.bench import FPS, one_core, scene
from msstgcn.motion.detector import predictor_path
from msstgcn.motion.extract import as_grey, extract
from msstgcn.motion.flow import STARTS
from msstgcn.motion.measure import make_chunk, measure
from msstgcn.motion.store import load_features, save_features
from msstgcn.motion.tracker import FaceTracker
from msstgcn.settings import MotionSettings

SIZE = (640, 480)  #: pixels, width and height of the video
PERSON = 9001  #: seed of a person that no setting was chosen on
_MIB = 1024 if sys.platform != "darwin" else 1024**2  # of what the system tells of memory, in a MiB


def bench_path(seconds: float = 12.0, minutes: float = 0.0) -> dict[str, Any]:
    """Measure the whole path from a video file to stored features on one core.

    Parameters
    ----------
    seconds : float
        Length of the clip that is rendered, and of the video that is timed; at least 4.
    minutes : float
        Length of a second video, made of the same clip, of which the memory is measured; 0 for none.

    Returns
    -------
    dict
        ``frames_per_second`` of the whole path; ``cpu_frames_per_second``, the same by the time on the core, which
        other work on the machine does not lengthen; ``ms_per_frame`` on the core by stage: ``decode`` (and turn grey),
        ``detect``, ``landmarks``, ``follow`` (the rest of the tracker), ``working pictures``, ``flow and head``;
        ``peak_mib``, most memory of the process, and ``start_mib``, before the first frame. ``rounding``: what half
        precision costs, in percent of the IOD: root mean square of the displacements and of their error, largest
        error of displacements up to .4 and of all. With `minutes`, ``long``: frames, frames a second and peak.
    """
    with tempfile.TemporaryDirectory(prefix="msstgcn-bench-") as folder:
        clip = film(round(seconds * FPS))
        result = _alone(_timed, write_video(clip, Path(folder) / "clip.mp4", len(clip)))
        if minutes:
            path = write_video(clip, Path(folder) / "long.mp4", round(60 * minutes * FPS))
            result["long"] = _alone(_remembered, path)
    return result


def film(frames: int) -> list[NDArray[np.uint8]]:
    """Grey frames (480, 640) of a face at rest: head drift, gaze, blinks."""
    face, states = Face(identity(PERSON), Camera(size=SIZE[1])), scene(frames, PERSON)
    side = (SIZE[0] - SIZE[1]) // 2
    shots = (face.render(state, seed=PERSON, frame=i) for i, state in enumerate(states))
    return [np.pad(shot, ((0, 0), (side, side)), mode="edge") for shot in shots]


def write_video(clip: list[NDArray[np.uint8]], path: Path, frames: int) -> Path:
    """Write a clip forth and back until there are enough frames; MPEG-4, in colour."""
    sink = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE)
    try:
        for i in range(frames):
            place = i % (2 * len(clip))
            grey = clip[min(place, 2 * len(clip) - 1 - place)]
            sink.write(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR))
    finally:
        sink.release()
    return path


def _alone(function: Any, path: Path) -> dict[str, Any]:
    """Call a function in a process of its own that runs on one core."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found: dict[str, Any] = pool.submit(function, path).result()
    return found


@contextmanager
def _pinned() -> Iterator[None]:
    """All threads of this process on one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with one_core():
        yield


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


def _timed(path: Path) -> dict[str, Any]:
    """Speed and memory of the path, and the time of each stage alone."""
    with _pinned(), tempfile.TemporaryDirectory() as scratch:
        video, out = open_video(path), Path(scratch) / "features.npz"
        extract(_Beginning(video), MotionSettings(detect_every=4))  # compile
        start = _peak()
        runs = [_run(video, out) for _ in range(3)]
        peak = _peak()
        features = load_features(out)
        stages = _stages(video)
    wall, busy = (min(run[i] for run in runs) for i in (0, 1))
    return {
        "frames_per_second": len(features) / wall,
        "cpu_frames_per_second": len(features) / busy,
        "ms_per_frame": {name: 1000 * spent / len(features) for name, spent in stages.items()},
        "start_mib": start,
        "peak_mib": peak,
        "rounding": _rounding(video),
    }


def _remembered(path: Path) -> dict[str, Any]:
    """Memory of a long video, mapped from the disk as it grows."""
    with _pinned(), tempfile.TemporaryDirectory() as scratch:
        video, out = open_video(path), Path(scratch) / "features.npz"
        wall, _ = _run(video, out)
        held = load_features(out, mapped=True)
        return {
            "frames": len(held),
            "frames_per_second": len(held) / wall,
            "peak_mib": _peak(),
            "file_mib": out.stat().st_size / 2**20,
        }


def _run(video: Video, out: Path) -> tuple[float, float]:
    """Seconds, by the clock and on the core, from a video file to stored features."""
    clock, core = time.perf_counter(), time.process_time()
    save_features(extract(video, scratch=out.parent), out)
    return time.perf_counter() - clock, time.process_time() - core


class _Beginning:
    """The first frames of a video, as a video."""

    def __init__(self, video: Video, frames: int = STARTS + 20) -> None:
        self._video, self._frames = video, frames
        self.name, self.subject, self.fps, self.digest = video.name, video.subject, video.fps, ""
        self.expressions = ()

    def __len__(self) -> int:
        return self._frames

    def frame(self, i: int) -> NDArray[np.uint8]:
        return self._video.frame(i)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        return self._video.frames(start, self._frames if stop is None else stop)


class _Watched(FaceTracker):
    """A tracker that counts the seconds of its parts."""

    def __init__(self, predictor: Path, every: int) -> None:
        super().__init__(predictor, every)
        self.spent = {"detect": 0.0, "landmarks": 0.0}

    def _counted(self, what: str, part: Any, *given: Any) -> Any:
        began = time.process_time()
        found = part(*given)
        self.spent[what] += time.process_time() - began
        return found

    def _landmarks(self, *given: Any) -> Any:
        return self._counted("landmarks", super()._landmarks, *given)

    def _around(self, *given: Any) -> Any:
        return self._counted("detect", super()._around, *given)

    def _everywhere(self, *given: Any) -> Any:
        return self._counted("detect", super()._everywhere, *given)


def _stages(video: Video) -> dict[str, float]:
    """Seconds on the core that each stage takes alone."""
    settings, spent = MotionSettings(), {}
    began = time.process_time()
    greys = [as_grey(frame) for frame in video.frames()]
    spent["decode"] = time.process_time() - began
    tracker = _Watched(predictor_path(), settings.detect_every)
    began = time.process_time()
    faces = [tracker.step(grey) for grey in greys]
    spent |= tracker.spent
    spent["follow"] = time.process_time() - began - sum(tracker.spent.values())
    marks = np.array([np.full((68, 2), np.nan) if face is None else face.landmarks for face in faces])
    spent["working pictures"] = spent["flow and head"] = 0.0
    for start in range(0, len(greys), STARTS):
        part = slice(start, start + STARTS + settings.window - 1)
        count = min(STARTS, len(greys) - start)
        began = time.process_time()
        chunk = make_chunk(greys[part], marks[part], count, settings)
        middle = time.process_time()
        measure(chunk, marks[part][:count], settings)
        spent["working pictures"] += middle - began
        spent["flow and head"] += time.process_time() - middle
    return spent


def _rounding(video: Video) -> dict[str, float]:
    """What half precision does to a first chunk of windows."""
    settings = MotionSettings()
    greys = [as_grey(frame) for frame in _Beginning(video).frames()]
    tracker = FaceTracker(predictor_path(), settings.detect_every)
    marks = np.array([face.landmarks for face in map(tracker.step, greys) if face is not None])
    flow, _ = measure(make_chunk(greys, marks, STARTS, settings), marks[:STARTS], settings)
    error = np.abs(flow - flow.astype(np.float16))
    return {
        "flow_rms": float(np.sqrt((flow**2).mean())),
        "error_rms": float(np.sqrt((error**2).mean())),
        "largest_error_up_to_.4": float(error[np.abs(flow) <= 0.4].max()),
        "largest_error": float(error.max()),
    }
