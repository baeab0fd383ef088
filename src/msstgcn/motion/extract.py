"""From frames to features: one pass over a video, with no more than a few dozen frames in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Video
from msstgcn.errors import InputError, lookup
from msstgcn.motion.detector import predictor_digest, predictor_path
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.measure import make_chunk, measure, steps_measured, tracked
from msstgcn.motion.regions import iod, region_set
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.windows import gather, usable
from msstgcn.settings import MotionSettings

STARTS = 64  #: windows measured together
Grey = NDArray[np.uint8]


def extract(
    video: Video,
    settings: MotionSettings | None = None,
    *,
    predictor: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VideoFeatures:
    """Measure the motion of the regions in every window of a video.

    Parameters
    ----------
    video : Video
        Frames uint8, (H, W) grey or (H, W, 3) RGB.
    settings : MotionSettings, optional
    predictor : str or Path, optional
        A landmark predictor of the user's own; see `predictor_path`.
    progress : callable, optional
        Called with (frames done, frames in all) now and then.

    Returns
    -------
    VideoFeatures
        Windows without a usable face throughout have mask False and zero flow.

    Raises
    ------
    InputError
        Unknown flow method, head-motion model or set of regions; a window in seconds that is too long; no frame with
        a face; several faces and none to follow; a face too small to measure; no usable predictor; no frames.
    """
    settings = settings or MotionSettings()
    path = predictor_path(predictor)
    worker = _Worker(video, settings, path)
    for index, frame in enumerate(video.frames()):
        worker.add(frame)
        if progress is not None and (index + 1) % STARTS == 0:
            progress(index + 1, len(video))
    features = worker.finish(predictor_digest(path))
    if progress is not None:
        progress(len(features), len(features))
    return features


class _Worker:
    """Buffers frames, measures a chunk of windows whenever there are enough, and assembles the result."""

    def __init__(self, video: Video, settings: MotionSettings, predictor: Path) -> None:
        self.video, self.settings = video, settings.at(video.fps)
        lookup(FLOWS, settings.flow, "flow method")
        tracked(settings)  # no unknown region or head-motion model
        self.regions = region_set(settings.regions)
        self.ahead = (steps_measured(self.settings) - 1) * settings.stride  # frames a start looks ahead
        self.truth = _true_landmarks(video) if settings.flow == "truth" else None
        self.tracker = FaceTracker(predictor, settings.detect_every, video.name)
        self.greys: list[Grey] = []
        self.faces: list[Face | None] = []  # of all frames
        self.parts: list[tuple[NDArray[np.float32], NDArray[np.float16]]] = []
        self.done = 0  # starts measured

    def add(self, frame: NDArray[np.uint8]) -> None:
        grey = as_grey(frame, where=f"{self.video.name}, frame {len(self.faces)}")
        self.greys.append(grey)
        self.faces.append(self.tracker.step(grey))
        if len(self.greys) == STARTS + self.ahead:
            self._measure(STARTS)

    def finish(self, predictor: str) -> VideoFeatures:
        if not self.faces:
            raise InputError("the video holds no frame", where=self.video.name)
        while self.greys:
            self._measure(min(STARTS, len(self.greys)))
        if all(face is None for face in self.faces):
            raise InputError(
                "no face in any frame",
                where=self.video.name,
                expected="one face, seen from the front, eyes and mouth in the picture",
                do="look at the video; turn it upright or crop it to the face",
            )
        tracks = np.array([-1 if face is None else face.track for face in self.faces])
        window, stride, pairs = self.settings.window, self.settings.stride, self.settings.pairs
        mask = usable(tracks, window, stride, self.settings.edges)
        flow = gather(np.concatenate([part[0] for part in self.parts]), window, stride, pairs)
        quality = gather(np.concatenate([part[1] for part in self.parts]), window, stride, pairs, left_out=1)
        flow[~mask], quality[~mask] = 0, 0
        sizes = np.array([np.nan if face is None else iod(face.landmarks) for face in self.faces], np.float32)
        video = self.video
        return VideoFeatures(
            video.name,
            video.subject,
            video.fps,
            flow,
            mask,
            tuple(video.expressions),
            quality,
            sizes,
            predictor,
            tuple(region.name for region in self.regions),
        )

    def _measure(self, count: int) -> None:
        """Measure the first `count` buffered starts, and let their frames go."""
        faces = self.faces[self.done : self.done + len(self.greys)]
        flow = np.zeros((count, steps_measured(self.settings), len(self.regions), 2), np.float32)
        quality = np.zeros(flow.shape[:3], np.float16)
        if any(face is not None for face in faces[:count]):
            landmarks = np.full((len(faces), 68, 2), np.nan)
            for row, face in zip(landmarks, faces, strict=True):
                row[:] = np.nan if face is None else face.landmarks
            truth = None if self.truth is None else self.truth[self.done : self.done + len(faces)]
            chunk = make_chunk(self.greys, landmarks, count, self.settings, truth)
            flow, quality = measure(chunk, landmarks[:count], self.settings)
        self.parts.append((flow, quality))
        del self.greys[:count]
        self.done += count


def as_grey(frame: NDArray[Any], *, where: str = "frame") -> Grey:
    """Return a frame as grey levels, uint8 (H, W).

    Raises
    ------
    InputError
        If it is neither uint8 (H, W) nor uint8 (H, W, 3).
    """
    if frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    if frame.dtype == np.uint8 and frame.ndim == 2:
        return np.ascontiguousarray(frame)
    raise InputError(
        f"a frame of shape {frame.shape} and type {frame.dtype}",
        where=where,
        expected="uint8, (H, W) or (H, W, 3) RGB",
    )


def _true_landmarks(video: Video) -> NDArray[np.float64] | None:
    known = getattr(video, "landmarks", None)
    return None if known is None else np.asarray(known(), dtype=np.float64)
