"""From frames to features: one pass over a video, with no more than a few dozen frames in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets import Finding, Video
from msstgcn.datasets.lenient import frames_of
from msstgcn.errors import InputError, lookup
from msstgcn.motion.alignment import misplaced
from msstgcn.motion.detector import predictor_digest, predictor_path
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.flow import FLOWS, STARTS, starts_at_once
from msstgcn.motion.measure import make_chunk, measure, steps_measured, tracked
from msstgcn.motion.notes import findings, refusal, repeated
from msstgcn.motion.regions import iod, region_set
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.windows import gather, usable
from msstgcn.settings import MotionSettings

Grey = NDArray[np.uint8]


def extract(
    video: Video,
    settings: MotionSettings | None = None,
    *,
    predictor: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    scratch: Path | None = None,
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
        Called now and then, and at the end, with the number of frames done so far.
    scratch : Path, optional
        A folder with room for the result: it then grows there, in a file without a name, and is mapped from it,
        so that memory does not grow with the video. None keeps it in memory: 1.7 kB a frame for ten regions.

    Returns
    -------
    VideoFeatures
        Windows without a usable face throughout have mask False and zero flow. What was odd about the video
        stands in `notes`.

    Raises
    ------
    InputError
        Unknown flow method, head-motion model or set of regions; a window in seconds that is too long; no frame with
        a face that can be used, with the reason; no usable predictor; no frames.
    """
    settings = settings or MotionSettings()
    path = predictor_path(predictor)
    worker = _Worker(video, settings, path, scratch)
    done = 0
    for done, frame in enumerate(frames_of(video, worker.notes.append), start=1):
        worker.add(frame)
        if progress is not None and done % STARTS == 0:
            progress(done)
    features = worker.finish(predictor_digest(path))
    if progress is not None:
        progress(done)
    return features


class _Worker:
    """Buffers frames, measures a chunk of windows whenever there are enough, and assembles the result."""

    def __init__(
        self, video: Video, settings: MotionSettings, predictor: Path, scratch: Path | None = None
    ) -> None:
        self.video, self.settings = video, settings.at(video.fps)
        lookup(FLOWS, settings.flow, "flow method")
        tracked(settings)  # no unknown region or head-motion model
        self.regions = region_set(settings.regions)
        self.ahead = (steps_measured(self.settings) - 1) * settings.stride  # frames a start looks ahead
        self.starts = starts_at_once(self.settings)
        self.reach = self.settings.window // 2 * settings.stride  # frames a window looks to each side
        self.truth = _true_landmarks(video) if settings.flow == "truth" else None
        self.tracker = FaceTracker(predictor, settings.detect_every)
        self.off = bool(settings.landmark_noise or settings.landmark_offset)
        self.notes: list[Finding] = []
        self.greys: list[Grey] = []
        self.faces: list[Face | None] = []  # of the buffered frames
        self.tracks: list[int] = []  # of all frames, -1 where there is no usable face
        self.sizes: list[float] = []  # of all frames, pixels
        self.same: list[int] = []  # frames equal to the one before
        self.readable = False
        self.done = 0  # starts measured
        self.first, self.rows = 0, 0  # start that `flow` and `quality` begin with; windows handed on
        self.flow = np.zeros((0, steps_measured(self.settings), len(self.regions), 2), np.float32)
        self.quality = np.zeros(self.flow.shape[:3], np.float16)
        self.result = _Growing(scratch), _Growing(scratch)

    def add(self, frame: NDArray[np.uint8] | None) -> None:
        """Take the next frame; None is one that cannot be read."""
        number = len(self.tracks)
        grey = None if frame is None else as_grey(frame, where=f"{self.video.name}, frame {number}")
        before = self.greys[-1] if self.greys else None
        if grey is not None and before is not None and _equal(grey, before):
            self.same.append(number)
        face = self.tracker.step(grey)
        if face is not None and self.off:
            face = Face(misplaced(face.landmarks, self.settings, self.video.digest, number), face.track)
        self.readable = self.readable or grey is not None
        if grey is None:
            grey = np.zeros((2, 2), np.uint8) if before is None else before  # masked: never looked at
        self.greys.append(grey)
        self.faces.append(face)
        self.tracks.append(-1 if face is None else face.track)
        self.sizes.append(np.nan if face is None else float(iod(face.landmarks)))
        if len(self.greys) == self.starts + self.ahead:
            self._measure(self.starts)
            self._hand_on(self.done - self.reach)

    def finish(self, predictor: str) -> VideoFeatures:
        """Measure what is left and put everything together."""
        video = self.video
        if not self.readable:
            reason = f": {self.notes[0].what}" if self.notes else ""
            raise InputError(
                f"the video holds no frame{' that can be read' if reason else ''}{reason}", where=video.name
            )
        if max(self.tracks) < 0:
            raise refusal(self.tracker.events, video.name)
        while self.greys:
            self._measure(min(self.starts, len(self.greys)))
        self._hand_on(self.done, last=True)
        return VideoFeatures(
            video.name,
            video.subject,
            video.fps,
            self.result[0].array(),
            usable(np.array(self.tracks), self.settings.window, self.settings.stride, self.settings.edges),
            tuple(video.expressions),
            self.result[1].array(),
            np.array(self.sizes, np.float32),
            predictor,
            tuple(region.name for region in self.regions),
            self.settings.model_dump(mode="json"),
            (*self.notes, *findings(self.tracker.events, video.name), *repeated(self.same, video.name)),
        )

    def _measure(self, count: int) -> None:
        """Measure the first `count` buffered starts, and let their frames go."""
        faces = self.faces
        flow = np.zeros((count, *self.flow.shape[1:]), np.float32)
        quality = np.zeros(flow.shape[:3], np.float16)
        if any(face is not None for face in faces[:count]):
            landmarks = np.full((len(faces), 68, 2), np.nan)
            for row, face in zip(landmarks, faces, strict=True):
                row[:] = np.nan if face is None else face.landmarks
            truth = None if self.truth is None else self.truth[self.done : self.done + len(faces)]
            chunk = make_chunk(self.greys, landmarks, count, self.settings, truth)
            flow, quality = measure(chunk, landmarks[:count], self.settings)
        self.flow, self.quality = np.concatenate([self.flow, flow]), np.concatenate([self.quality, quality])
        del self.greys[:count], self.faces[:count]
        self.done += count

    def _hand_on(self, stop: int, *, last: bool = False) -> None:
        """Write the windows up to `stop`, and let the starts go that no later window looks up.

        A window looks no further than its reach to each side, so the starts held here, from one reach before the
        first window written to one reach after the last, are as good as all of them.
        """
        if stop <= self.rows:
            return
        window, stride, first = self.settings.window, self.settings.stride, self.first
        rows = slice(self.rows - first, stop - first)
        mask = usable(np.array(self.tracks[first : self.done]), window, stride)[rows]
        if self.settings.edges == "mask":
            numbers = np.arange(self.rows, stop)
            mask &= numbers >= self.reach
            if last:
                mask &= numbers < self.done - self.reach
        for starts, result, left_out in zip((self.flow, self.quality), self.result, (0, 1), strict=True):
            windows = gather(starts, window, stride, self.settings.pairs, left_out=left_out)[rows]
            windows = windows.astype(np.float16).astype(starts.dtype)
            windows[~mask] = 0
            result.append(windows)
        self.rows, self.first = stop, max(0, stop - self.reach)
        kept = slice(self.first - first, None)
        self.flow, self.quality = self.flow[kept], self.quality[kept]


class _Growing:
    """Rows of an array, one part after the other: in memory, or in a file of a folder that has no name."""

    def __init__(self, scratch: Path | None) -> None:
        self._parts: list[NDArray[Any]] = []
        self._file = None if scratch is None else tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115
        self._rows = 0

    def append(self, rows: NDArray[Any]) -> None:
        self._rows += len(rows)
        if self._file is None:
            self._parts.append(rows)
        else:
            self._parts = [rows[:0]]
            self._file.write(np.ascontiguousarray(rows).data)

    def array(self) -> NDArray[Any]:
        """All rows; from a file they are mapped, and its space is free again when the array is."""
        if self._file is None:
            return np.concatenate(self._parts)
        self._file.flush()
        shape = (self._rows, *self._parts[0].shape[1:])
        with self._file as file:
            return np.memmap(file, self._parts[0].dtype, mode="r", shape=shape)


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


def _equal(one: Grey, other: Grey) -> bool:
    """Whether two frames are the same; a few rows tell most that are not."""
    return one.shape == other.shape and bool((one[::97] == other[::97]).all()) and np.array_equal(one, other)


def _true_landmarks(video: Video) -> NDArray[np.float64] | None:
    known = getattr(video, "landmarks", None)
    return None if known is None else np.asarray(known(), dtype=np.float64)
