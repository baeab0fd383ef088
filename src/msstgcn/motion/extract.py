"""From frames to features: one pass over a video, with no more than a few dozen frames in memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
    (found,) = extract_each(
        video, [settings or MotionSettings()], predictor=predictor, progress=progress, scratch=scratch
    )
    return found.features


class Extracted(NamedTuple):
    """Features, and the seconds that measuring them alone would have taken."""

    features: VideoFeatures
    seconds: float


def extract_each(
    video: Video,
    several: Sequence[MotionSettings],
    *,
    predictor: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    scratch: Path | None = None,
) -> list[Extracted]:
    """Measure the motion in one video in several ways, in one pass: frames are read and faces found once for all.

    Parameters
    ----------
    several : sequence of MotionSettings
    video, predictor, progress, scratch
        As for `extract`.

    Returns
    -------
    list of Extracted
        In the order of the settings; each has the features that `extract` gives.

    Raises
    ------
    InputError
        As `extract`, if any of them cannot be measured.
    """
    started, path = time.monotonic(), predictor_path(predictor)
    watchers = {every: _Watcher(video, path, every) for every in {one.detect_every for one in several}}
    workers = [_Worker(video, settings, watchers[settings.detect_every], scratch) for settings in several]
    unreadable: list[Finding] = []
    done = 0
    for done, frame in enumerate(frames_of(video, unreadable.append), start=1):
        seen = {every: watcher.step(frame) for every, watcher in watchers.items()}
        for worker in workers:
            worker.add(*seen[worker.settings.detect_every])
        if progress is not None and done % STARTS == 0:
            progress(done)
    found = [worker.finish(unreadable, predictor_digest(path)) for worker in workers]
    if progress is not None:
        progress(done)
    own = [worker.seconds for worker in workers]
    shared = time.monotonic() - started - sum(own)
    return [Extracted(features, shared + spent) for features, spent in zip(found, own, strict=True)]


class _Watcher:
    """Takes the frames of a video in order and finds the face in each."""

    def __init__(self, video: Video, predictor: Path, detect_every: int) -> None:
        self.video, self.tracker = video, FaceTracker(predictor, detect_every)
        self.number = 0  # of the next frame
        self.before: Grey | None = None
        self.same: list[int] = []  # frames equal to the one before
        self.readable = False

    def step(self, frame: NDArray[np.uint8] | None) -> tuple[Grey, Face | None]:
        """Return the next frame in grey and its face; None is a frame that cannot be read."""
        grey = None if frame is None else as_grey(frame, where=f"{self.video.name}, frame {self.number}")
        if grey is not None and self.before is not None and _equal(grey, self.before):
            self.same.append(self.number)
        face = self.tracker.step(grey)
        self.readable = self.readable or grey is not None
        if grey is None:
            # It is masked: before the first face it is never looked at, and later whatever it shows counts for nothing.
            grey = np.zeros((2, 2), np.uint8) if self.before is None else self.before
        self.number, self.before = self.number + 1, grey
        return grey, face


class _Worker:
    """Buffers frames, measures a chunk of windows whenever there are enough, and assembles the result."""

    def __init__(
        self, video: Video, settings: MotionSettings, watcher: _Watcher, scratch: Path | None = None
    ) -> None:
        self.video, self.settings, self.watcher = video, settings.at(video.fps), watcher
        lookup(FLOWS, settings.flow, "flow method")
        tracked(settings)  # no unknown region or head-motion model
        self.regions = region_set(settings.regions)
        self.ahead = (steps_measured(self.settings) - 1) * settings.stride  # frames a start looks ahead
        self.starts = starts_at_once(self.settings)
        self.reach = self.settings.window // 2 * settings.stride  # frames a window looks to each side
        self.truth = _true_landmarks(video) if settings.flow == "truth" else None
        self.off = bool(settings.landmark_noise or settings.landmark_offset)
        self.greys: list[Grey] = []
        self.faces: list[Face | None] = []  # of the buffered frames
        self.tracks: list[int] = []  # of all frames, -1 where there is no usable face
        self.sizes: list[float] = []  # of all frames, pixels
        self.seconds = 0.0  # spent here
        self.done = 0  # starts measured
        self.first, self.rows = 0, 0  # start that `flow` and `quality` begin with; windows handed on
        self.flow = np.zeros((0, steps_measured(self.settings), len(self.regions), 2), np.float32)
        self.quality = np.zeros(self.flow.shape[:3], np.float16)
        self.result = _Growing(scratch), _Growing(scratch)

    def add(self, grey: Grey, face: Face | None) -> None:
        """Take the next frame and its face."""
        started = time.monotonic()
        if face is not None and self.off:
            wrong = misplaced(face.landmarks, self.settings, self.video.digest, len(self.tracks))
            face = Face(wrong, face.track)
        self.greys.append(grey)
        self.faces.append(face)
        self.tracks.append(-1 if face is None else face.track)
        self.sizes.append(np.nan if face is None else float(iod(face.landmarks)))
        if len(self.greys) == self.starts + self.ahead:
            self._measure(self.starts)
            self._hand_on(self.done - self.reach)
        self.seconds += time.monotonic() - started

    def finish(self, unreadable: Sequence[Finding], predictor: str) -> VideoFeatures:
        """Measure what is left and put everything together."""
        started, video, watcher = time.monotonic(), self.video, self.watcher
        if not watcher.readable:
            reason = f": {unreadable[0].what}" if unreadable else ""
            raise InputError(
                f"the video holds no frame{' that can be read' if reason else ''}{reason}", where=video.name
            )
        if max(self.tracks) < 0:
            raise refusal(watcher.tracker.events, video.name)
        while self.greys:
            self._measure(min(self.starts, len(self.greys)))
        self._hand_on(self.done, last=True)
        found = findings(watcher.tracker.events, video.name), repeated(watcher.same, video.name)
        features = VideoFeatures(
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
            (*unreadable, *found[0], *found[1]),
        )
        self.seconds += time.monotonic() - started
        return features

    def _measure(self, count: int) -> None:
        """Measure the first `count` buffered starts, and let their frames go.

        What comes after a cut may be another size, so every track is measured alone, on a grid of its own.
        """
        flow = np.zeros((count, *self.flow.shape[1:]), np.float32)
        quality = np.zeros(flow.shape[:3], np.float16)
        tracks = np.array(self.tracks[self.done :])
        for track in np.unique(tracks[:count][tracks[:count] >= 0]):
            (there,) = np.nonzero(tracks == track)
            frames = slice(there[0], there[-1] + 1)
            starts = slice(there[0], min(there[-1] + 1, count))
            flow[starts], quality[starts] = self._measured(frames, starts.stop - starts.start)
        self.flow, self.quality = np.concatenate([self.flow, flow]), np.concatenate([self.quality, quality])
        del self.greys[:count], self.faces[:count]
        self.done += count

    def _measured(self, frames: slice, count: int) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        """Flow and quality of the first `count` starts of some buffered frames that show one track."""
        faces = self.faces[frames]
        landmarks = np.full((len(faces), 68, 2), np.nan)
        for row, face in zip(landmarks, faces, strict=True):
            row[:] = np.nan if face is None else face.landmarks
        truth = None if self.truth is None else self.truth[self.done :][frames]
        chunk = make_chunk(self.greys[frames], landmarks, count, self.settings, truth)
        return measure(chunk, landmarks[:count], self.settings)

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
