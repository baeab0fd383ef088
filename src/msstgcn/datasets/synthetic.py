"""The synthetic benchmark: videos of procedural faces, rendered when asked for, with exact ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.clock import Clock
from msstgcn.datasets.lengths import draw_number, draw_seconds
from msstgcn.datasets.protocol import Dataset
from msstgcn.datasets.script import Nuisance, Script, disturbances, draw_expressions, write_script
from msstgcn.datasets.statistics import statistics
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, Truth, identity
from msstgcn.files import digest_bytes
from msstgcn.settings import SyntheticSettings
from msstgcn.timeline import Expression, seconds_to_frames

#: Raised whenever the same settings would give other pictures or labels than before.
EDITION = 2


@dataclass(frozen=True)
class SyntheticVideo:
    """Video number `video_number` of person number `subject_number` of a synthetic data set.

    Holds nothing but numbers, so that it can be sent to another process; face and script are made when needed.
    """

    settings: SyntheticSettings
    subject_number: int
    video_number: int

    @property
    def name(self) -> str:
        """Subject and number, from 1."""
        return f"{self.subject}_{self.video_number + 1}"

    @property
    def subject(self) -> str:
        """``s001``, ``s002``, ..."""
        return f"s{self.subject_number + 1:03d}"

    @property
    def fps(self) -> float:
        """Frame rate of the settings, or of the data set that the preset mirrors."""
        return self.settings.fps or float(statistics(self.settings.preset)["fps"])

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The labels: exact, or off by up to ``label_jitter`` frames as a coder's are."""
        true = _expressions(self.settings, self.subject_number, self.video_number)
        if not self.settings.label_jitter:
            return true
        entropy = [self.settings.seed, self.subject_number, self.video_number, 0x1A]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        return tuple(sorted(_jittered(e, self.settings.label_jitter, len(self), rng) for e in true))

    @property
    def nuisances(self) -> tuple[Nuisance, ...]:
        """Blinks, jerks, speech, swallows and twitches, by onset."""
        return self.script.nuisances

    @property
    def digest(self) -> str:
        """Digest of all numbers that the video follows from; how many other videos there are is none of them."""
        parts = self.settings.model_dump_json(exclude={"subjects", "videos"})
        return digest_bytes(parts.encode(), f"{EDITION} {self.subject_number} {self.video_number}".encode())

    @property
    def script(self) -> Script:
        """What happens, frame by frame."""
        return _script(self.settings, self.subject_number, self.video_number)

    @property
    def face(self) -> Face:
        """The person before the camera."""
        s = self.settings
        strength = disturbances(s)
        colour = bool(statistics(s.preset)["colour"])
        camera = Camera(s.size, s.iod, colour, strength.noise, strength.compression)
        return _face(camera, s.seed, self.subject_number)

    def __len__(self) -> int:
        drawn = _frames(self.settings, self.subject_number, self.video_number)
        return Clock(drawn, float(statistics(self.settings.preset)["fps"]), self.fps).frames

    def frame(self, i: int) -> NDArray[np.uint8]:
        """Frame i, uint8 (size, size), or (size, size, 3) RGB where the preset's data set is in colour.

        It is the same whether frames before it were rendered or not.

        Raises
        ------
        InputError
            If there is no such frame.
        """
        if not 0 <= i < len(self):
            raise InputError(f"no frame {i}", where=self.name, expected=f"0 to {len(self) - 1}")
        key = (self.settings.seed * 1_000_003 + self.subject_number) * 1_009 + self.video_number
        return self.face.render(self.script.state(i), seed=key % 2**63, frame=i)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Frames start to stop - 1, one after the other."""
        for i in range(start, len(self) if stop is None else stop):
            yield self.frame(i)

    def truth(self, i: int) -> Truth:
        """Landmarks, action units and pose of frame i."""
        return self.face.truth(self.script.state(i))

    def flow(self, first: int, later: int, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """True optical flow from frame `first` to frame `later` at pixels (..., 2) of the first; see `Face.flow`."""
        return self.face.flow(self.script.state(first), self.script.state(later), pixels)

    def landmarks(self) -> NDArray[np.float64]:
        """True landmarks of every frame in pixels, float64 (T, 68, 2); nothing is rendered."""
        face, script = self.face, self.script
        return np.stack([face.landmarks(script.state(i)) for i in range(len(self))])


def synthetic(settings: SyntheticSettings) -> Dataset:
    """The synthetic data set of these settings; nothing is rendered before a frame is asked for."""
    videos = tuple(
        SyntheticVideo(settings, subject, video)
        for subject in range(settings.subjects)
        for video in range(settings.videos or draw_number(settings.preset, settings.seed, subject))
    )
    return Dataset(f"synthetic-{settings.preset}", videos)


def _frames(settings: SyntheticSettings, subject: int, video: int) -> int:
    """Frames of the preset's data set that a video lasts: as the settings say, or as a real one does."""
    seconds = settings.seconds or draw_seconds(settings.preset, settings.seed, subject, video)
    return seconds_to_frames(seconds, float(statistics(settings.preset)["fps"]))


@lru_cache(maxsize=4096)
def _expressions(settings: SyntheticSettings, subject: int, video: int) -> tuple[Expression, ...]:
    """The expressions of the script, without all the rest."""
    fps = float(statistics(settings.preset)["fps"])
    return draw_expressions(
        settings.preset,
        _frames(settings, subject, video),
        fps,
        settings.seed,
        subject,
        video,
        real_length=not settings.seconds,
        camera_fps=settings.fps,
    )


@lru_cache(maxsize=512)
def _script(settings: SyntheticSettings, subject: int, video: int) -> Script:
    fps = float(statistics(settings.preset)["fps"])
    return write_script(
        settings.preset,
        disturbances(settings),
        _frames(settings, subject, video),
        fps,
        settings.seed,
        subject,
        video,
        real_length=not settings.seconds,
        me_intensity=settings.me_intensity,
        yaw=settings.yaw,
        camera_fps=settings.fps,
    )


@lru_cache(maxsize=8)  # some 20 MB each
def _face(camera: Camera, seed: int, subject: int) -> Face:
    return Face(identity(seed, subject), camera)


def _jittered(true: Expression, most: int, frames: int, rng: np.random.Generator) -> Expression:
    """The label of a coder whose onset and offset are off by up to `most` frames, each as likely."""
    early, late = (int(v) for v in rng.integers(-most, most + 1, 2))
    onset = min(max(true.onset + early, 0), true.apex)
    offset = max(min(true.offset + late, frames - 1), true.apex)
    return Expression(onset, true.apex, offset, true.label, true.action_units)
