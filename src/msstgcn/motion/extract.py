"""From frames to features: one pass over a video, with no more than a few dozen frames in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from msstgcn.errors import InputError, lookup
from msstgcn.motion.detector import predictor_digest, predictor_path
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.head import HEADS, HeadModel
from msstgcn.motion.regions import NODES, Region, iod, region_points
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.windows import gather, usable
from msstgcn.motion.working import Chunk, Grid
from msstgcn.settings import MotionSettings
from msstgcn.timeline import Expression

STARTS = 64  #: windows measured together
Grey = NDArray[np.uint8]


class VideoLike(Protocol):
    """What `extract` needs of a video."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def fps(self) -> float: ...  # noqa: D102
    @property
    def expressions(self) -> tuple[Expression, ...]: ...  # noqa: D102
    def __len__(self) -> int: ...
    def frames(self) -> Iterator[NDArray[np.uint8]]: ...  # noqa: D102


def extract(
    video: VideoLike,
    settings: MotionSettings | None = None,
    *,
    predictor: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VideoFeatures:
    """Measure the motion of the ten regions in every window of a video.

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
        Unknown flow method or head-motion model; no frame with a face; several faces and none to follow; a
        face too small to measure; no usable predictor; no frames.
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

    def __init__(self, video: VideoLike, settings: MotionSettings, predictor: Path) -> None:
        self.video, self.window, self.crop = video, settings.window, settings.crop
        self.flow = lookup(FLOWS, settings.flow, "flow method")
        self.head: HeadModel = lookup(HEADS, settings.head, "head-motion model")
        self.regions: tuple[Region, ...] = (*NODES, *self.head.regions)
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
        if len(self.greys) == STARTS + self.window - 1:
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
        mask = usable(tracks, self.window)
        flow = gather(np.concatenate([part[0] for part in self.parts]), self.window)
        quality = gather(np.concatenate([part[1] for part in self.parts]), self.window)
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
        )

    def _measure(self, count: int) -> None:
        """Measure the first `count` buffered starts, and let their frames go."""
        faces = self.faces[self.done : self.done + len(self.greys)]
        flow = np.zeros((count, self.window, len(NODES), 2), np.float32)
        quality = np.zeros((count, self.window, len(NODES)), np.float16)
        if any(face is not None for face in faces[:count]):
            landmarks = np.full((len(faces), 68, 2), np.nan)
            for row, face in zip(landmarks, faces, strict=True):
                row[:] = np.nan if face is None else face.landmarks
            chunk = self._chunk(landmarks, count)
            flow, quality = self._nodes(chunk, landmarks[:count])
        self.parts.append((flow, quality))
        del self.greys[:count]
        self.done += count

    def _chunk(self, landmarks: NDArray[np.float64], count: int) -> Chunk:
        grid = Grid.over(landmarks[~np.isnan(landmarks[:, 0, 0])], self.crop)
        points = grid.to_grid(region_points(landmarks[:count], self.regions))
        centres = grid.to_grid(landmarks[:count, 17:].mean(axis=1))
        tips = [p for p, region in enumerate(self.regions) if region.landmark == 30]
        true = None
        if self.truth is not None:
            true = grid.to_grid(
                region_points(self.truth[self.done : self.done + len(landmarks)], self.regions)
            )
        anchor = tips[0] if tips else None
        return Chunk(grid.render(self.greys), points, centres, self.window, grid, anchor, true)

    def _nodes(
        self, chunk: Chunk, landmarks: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        """Flow and quality of the nodes, without the head's motion, in percent of IOD."""
        moved, quality = self.flow(chunk)
        seen = ~np.isnan(landmarks[:, 0, 0])
        size = iod(landmarks[seen])[:, None, None] * chunk.grid.scale  # grid pixels
        depth = np.broadcast_to([region.depth for region in self.regions], chunk.points[seen].shape[:2])
        places = np.concatenate(
            [(chunk.points[seen] - chunk.centres[seen, None]) / size, depth[..., None]], axis=-1
        )
        percent = 100 * moved[seen].astype(np.float64) / size[..., None]
        r = len(NODES)
        flow = np.zeros((*moved.shape[:2], r, 2), np.float32)
        flow[seen] = self.head.correct(
            percent[:, :, :r], percent[:, :, r:], quality[seen, :, r:], places[:, :r], places[:, r:]
        )
        return flow, quality[:, :, :r].astype(np.float16)


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


def _true_landmarks(video: VideoLike) -> NDArray[np.float64] | None:
    known = getattr(video, "landmarks", None)
    return None if known is None else np.asarray(known(), dtype=np.float64)
