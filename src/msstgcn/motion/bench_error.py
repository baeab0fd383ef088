"""How far off the motion features are, held against exact truth: by condition, and on a photograph.

**By condition.** One person is filmed under each condition of `CONDITIONS`; where the skin under every patch really
went is known, point by point (`Face.locate`, `Face.displacement`). The truth of a region is the mean of its patch's
points, weighted as the flow method weighs them. Where a strong expression bends and turns the skin, the points of a
patch move apart by several percent of the IOD and no single displacement is right. So what a patch found is also held
against each of its points: it has *slipped* where it is off from all of them by more than `SLIPPED`, and is *lost*, on
something else altogether, where by more than `LOST`. The quality flag has *caught* a slip where it is below `DOUBT`.

**On a photograph.** A photograph is shifted and turned by known amounts in the course of one window, so what is held
against the truth is measurement alone: no renderer, no model of a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from msstgcn.datasets import DIFFICULTIES
from msstgcn.datasets.script import minimum_jerk, write_script
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, FaceState, Pose, identity
from msstgcn.motion.bench import FPS, IDENTITIES, OURS, REFERENCE
from msstgcn.motion.detector import predictor_path
from msstgcn.motion.measure import displacement, follow, make_chunk, measure, tracked
from msstgcn.motion.patches import AT_CROP, DOUBT, FINE
from msstgcn.motion.regions import iod, region_points
from msstgcn.motion.tracker import FaceTracker
from msstgcn.motion.working import CROP_IOD
from msstgcn.settings import MotionSettings

SLIPPED = 1.0  #: percent of IOD; about a pixel of the crop
LOST = 4.0  #: percent of IOD; half a sigma of a patch's weight
LAGS = (4, 8, 16)  #: frames
_EVERY = 7  # frames between two starts that are measured
_GRID = np.linspace(-2, 2, 9)  # points of a patch, in sigmas of its weight


@dataclass(frozen=True)
class Condition:
    """What is different from a face at rest whose head drifts.

    Parameters
    ----------
    meaning : str
    script : dict
        Strengths of `datasets.script.Difficulty` that are not zero; "every" is seconds.
    rise : int
        Frames in which action units 4 and 12 rise to 8 % of the IOD and, after a hold, fall again; 0 for not at all.
    camera : dict
        Fields of `faces.Camera`.
    smooth : bool
        Whether the grain is taken out of the skin before the sensor's noise is added.
    """

    meaning: str
    script: dict[str, Any] = field(default_factory=dict)
    rise: int = 0
    camera: dict[str, Any] = field(default_factory=dict)
    smooth: bool = False


#: Conditions by name. In all but the first the head drifts as in the standard benchmark; light and sensor are its own.
CONDITIONS: dict[str, Condition] = {
    "still": Condition("nothing moves", {"drift": (0.0, 0.0, 0.0)}),
    "drift": Condition("the head drifts, as it does below too"),
    "speech": Condition("words nearly all the time, the jaw opens by 1 to 3 %", {"speech_every": 2.0}),
    "8 % slow": Condition("brows and mouth corners move by 8 % in .7 s", rise=20),
    "8 % fast": Condition("brows and mouth corners move by 8 % in .14 s", rise=4),
    "jerk": Condition("the head jerks by one to two degrees every 2 s", {"jerk_every": 2.0}),
    "blink": Condition("a blink every 1.5 s", {"blink_every": 1.5}),
    "noise": Condition("sensor noise of 4 grey levels instead of 2", camera={"noise": 4.0}),
    "smooth skin": Condition("no freckle, no stubble, no wrinkle, no grain", smooth=True),
    "compression": Condition("every frame through a JPEG file of quality 50", camera={"jpeg": 50}),
}


class _Film:
    """One person under one condition."""

    def __init__(self, name: str, seed: int, frames: int) -> None:
        chosen = CONDITIONS[name]
        who = identity(seed)
        if chosen.smooth:
            who = replace(who, age=0.0, freckles=0.0, stubble=0.0, beard=0.0)
        noise = 0.0 if chosen.smooth else DIFFICULTIES["standard"].noise
        self.face = Face(who, Camera(**{"noise": noise, **chosen.camera}))
        self.states = _states(chosen, frames, seed)
        self.greys = [self.face.render(state, seed=seed, frame=i) for i, state in enumerate(self.states)]
        if chosen.smooth:
            rng = np.random.default_rng(np.random.SeedSequence([seed, len(name)]))
            self.greys = [_without_grain(grey, rng) for grey in self.greys]
        tracker = FaceTracker(predictor_path())
        found = [tracker.step(grey) for grey in self.greys]
        none = np.full((68, 2), np.nan)
        self.landmarks = np.array([none if face is None else face.landmarks for face in found], np.float64)


def _states(chosen: Condition, frames: int, seed: int) -> list[FaceState]:
    standard = DIFFICULTIES["standard"]
    off = {
        name: 0.0
        for name in (
            "blink_every",
            "gaze_every",
            "jerk_every",
            "speech_every",
            "swallow_every",
            "twitch_every",
        )
    }
    script = write_script("samm-lv", replace(standard, **{**off, **chosen.script}), frames, FPS, seed, 0, 0)
    script = replace(script, expression_units=np.zeros_like(script.expression_units))
    states = [script.state(i) for i in range(frames)]
    if not chosen.rise:
        return states
    t = np.arange(frames) % (2 * chosen.rise + 24)  # rise, hold 8 frames, fall, rest 16
    level = 8 * minimum_jerk(t / chosen.rise) * minimum_jerk((2 * chosen.rise + 8 - t) / chosen.rise)
    return [
        replace(s, action_units={"4": float(a), "12": float(a)}) for s, a in zip(states, level, strict=True)
    ]


def _without_grain(grey: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Smooth what is faint and leave the edges, then add the sensor's noise."""
    smooth = cv2.bilateralFilter(grey, 9, 14, 5).astype(np.float64)
    noisy = smooth + rng.normal(0, DIFFICULTIES["standard"].noise, grey.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def bench_conditions(
    identities: Sequence[int] = IDENTITIES,
    seconds: float = 6.0,
    methods: Sequence[MotionSettings] = (REFERENCE, OURS),
    conditions: Sequence[str] = tuple(CONDITIONS),
) -> pd.DataFrame:
    """Hold the flow against the exact displacement of the skin under each patch, condition by condition.

    Parameters
    ----------
    identities : sequence of int
        Seeds of the persons. The usual ones were not used for choosing any setting.
    seconds : float
        How long each is filmed under each condition; at least 1.
    methods : sequence of MotionSettings
    conditions : sequence of str
        Names in `CONDITIONS`.

    Returns
    -------
    DataFrame
        A row a condition and method, over all persons, patches (nodes and those of the head-motion model) and lags of
        4, 8 and 16 frames: ``median`` and ``p95``, error of the displacement in the picture, percent of IOD;
        ``feature``, root mean square error of what is left without the head at the ten nodes, percent of IOD;
        ``slipped`` and ``lost``, percent of the patches that are off from each of their points by more than 1 %, and
        by more than 4 % of IOD; ``caught``, percent of the slipped ones with a quality below .8 (NaN where none has
        slipped); ``flagged``, percent of all patches with such a quality.
    """
    rows = []
    for name in conditions:
        found: list[list[_Errors]] = [[] for _ in methods]
        for seed in identities:
            film = _Film(name, seed, round(seconds * FPS))
            for errors, settings in zip(found, methods, strict=True):
                errors.append(_errors(film, settings))
        for errors, settings in zip(found, methods, strict=True):
            rows.append({"condition": name, "method": f"{settings.flow}+{settings.head}", **_summary(errors)})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Errors:
    patches: NDArray[np.float64]  # error of each patch's displacement, percent of IOD; NaN where nobody knows
    nearest: NDArray[np.float64]  # the same, from the point of the patch that it fits best
    quality: NDArray[np.float64]  # of the same
    features: NDArray[np.float64]  # error of each node's feature, percent of IOD


def _summary(errors: list[_Errors]) -> dict[str, float]:
    patches = np.concatenate([one.patches.ravel() for one in errors])
    nearest = np.concatenate([one.nearest.ravel() for one in errors])
    quality = np.concatenate([one.quality.ravel() for one in errors])
    features = np.concatenate([one.features.ravel() for one in errors])
    known = ~np.isnan(patches)
    patches, quality = patches[known], quality[known]
    off, doubted = nearest[known], quality < DOUBT
    slipped = off > SLIPPED
    return {
        "median": float(np.median(patches)),
        "p95": float(np.percentile(patches, 95)),
        "feature": float(np.sqrt(np.nanmean(features**2))),
        "slipped": 100 * float(slipped.mean()),
        "lost": 100 * float((off > LOST).mean()),
        "caught": 100 * float(doubted[slipped].mean()) if slipped.any() else float("nan"),
        "flagged": 100 * float(doubted.mean()),
    }


def _errors(film: _Film, settings: MotionSettings) -> _Errors:
    """Errors of one person, for starts some frames apart; each array has the shape (B, lags, regions)."""
    last = max(LAGS)
    settings = settings.but(window=last + 1)
    count = len(film.greys) - last
    marks = film.landmarks[:count].copy()
    marks[np.arange(count) % _EVERY != 0] = np.nan
    chunk = make_chunk(film.greys, film.landmarks, count, settings)
    skipped = np.isnan(marks[:, 0, 0])
    chunk.points[skipped], chunk.centres[skipped] = np.nan, np.nan
    tracks = follow(chunk, settings)
    moved = displacement(chunk, marks, settings, tracks)
    flow, _ = measure(chunk, marks, settings, tracks)
    starts = np.flatnonzero(~skipped)
    patches, nearest, features = [], [], []
    for b in starts.tolist():
        to_percent = 100 / float(iod(marks[b]))
        truth = _truth(film, marks[b], b, settings)
        found = moved[b, LAGS, :]
        patches.append(to_percent * np.linalg.norm(found - truth.mean, axis=-1))
        apart = np.linalg.norm(found[:, :, None] - truth.points, axis=-1)  # (lags, P, points)
        nearest.append(to_percent * np.where(np.isnan(apart), np.inf, apart).min(axis=-1))
        features.append(np.linalg.norm(flow[b, LAGS, :] - truth.skin[:, : flow.shape[2]], axis=-1))
    quality = tracks.quality[starts][:, LAGS].astype(np.float64)
    return _Errors(np.array(patches), np.array(nearest), quality, np.array(features))


class _Truth(NamedTuple):
    """What the points of every patch truly do from one frame to those at the lags."""

    points: NDArray[
        np.float64
    ]  # (lags, P, points, 2) displacement in the picture, pixels; NaN: not of the head
    mean: NDArray[np.float64]  # (lags, P, 2) their weighted mean; NaN where less than half of a patch is head
    skin: NDArray[np.float64]  # (lags, P, 2) the same with the head held still, percent of IOD


def _truth(film: _Film, landmarks: NDArray[np.float64], start: int, settings: MotionSettings) -> _Truth:
    sigma = FINE[1] * CROP_IOD / AT_CROP * float(iod(landmarks))
    x, y = np.meshgrid(_GRID, _GRID)
    weights = np.exp(-0.5 * (x**2 + y**2)).ravel()
    pixels = region_points(landmarks, tracked(settings))[:, None] + sigma * np.stack([x, y], -1).reshape(
        -1, 2
    )
    before = film.states[start]
    located = film.face.locate(pixels, before)
    still = replace(before, pose=Pose())
    later = [film.states[start + lag] for lag in LAGS]
    points = np.array([film.face.displacement(before, after, located) for after in later])
    skin = np.array([film.face.displacement(still, replace(after, pose=Pose()), located) for after in later])
    return _Truth(points, _mean(points, weights), 100 / film.face.camera.iod * _mean(skin, weights))


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values[..., 0])
    held = known * weights
    share = held.sum(axis=-1)
    mean = (held[..., None] * np.nan_to_num(values)).sum(axis=-2) / np.maximum(share, 1e-12)[..., None]
    mean[share < 0.5 * weights.sum()] = np.nan
    return np.asarray(mean)


#: Shift (x, y) in pixels and turn in degrees of the photograph in the course of a window.
MOVES: tuple[tuple[tuple[float, float], float], ...] = (
    ((6.0, 4.0), 0.0), ((-5.3, 2.2), 0.0), ((3.0, 3.0), 1.0), ((-3.0, 1.0), -1.0), ((4.0, -3.0), 2.0),
    ((-4.0, 3.0), -2.0), ((0.0, 0.0), 3.0), ((0.0, 0.0), -3.0),
)  # fmt: skip


def bench_photograph(
    picture: NDArray[np.uint8] | None = None,
    moves: Sequence[tuple[tuple[float, float], float]] = MOVES,
    settings: MotionSettings = OURS,
) -> pd.DataFrame:
    """Shift and turn a photograph by known amounts and hold the measured displacements against them.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W), optional
        Grey, with one face of at least 40 pixels between the outer eye corners; none: the portrait of an astronaut
        (NASA, public domain) that scikit-image carries.
    moves : sequence of ((x, y), degrees)
        In the course of a window of 17 frames, steadily.
    settings : MotionSettings

    Returns
    -------
    DataFrame
        A row a move: ``shift`` and ``turn``; error of the displacement of all patches between any two frames,
        pixels of the picture: ``median``, ``p99`` and ``worst``.

    Raises
    ------
    InputError
        If scikit-image is needed and not installed, or there is no face in the picture.
    """
    picture = astronaut() if picture is None else picture
    tracker = FaceTracker(predictor_path())
    face = tracker.step(picture)
    if face is None:
        raise InputError("no face in the photograph", expected="one face, seen from the front")
    marks = face.landmarks.astype(np.float64)
    return pd.DataFrame([_moved_photograph(picture, marks, *move, settings) for move in moves])


def astronaut() -> NDArray[np.uint8]:
    """The face of scikit-image's portrait of an astronaut, grey, enlarged to 84 pixels between the eye corners.

    Raises
    ------
    InputError
        If scikit-image is not installed.
    """
    try:
        from skimage import data
    except ImportError:
        raise InputError(
            "the photograph comes with scikit-image, which is not installed",
            do="pip install scikit-image, or give a photograph of your own",
        ) from None
    grey = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)[:260, 60:400]
    large = ndimage.zoom(grey.astype(np.float64), 1.4, order=3, grid_mode=True, mode="nearest")
    return np.clip(np.round(large), 0, 255).astype(np.uint8)


def _moved_photograph(
    picture: NDArray[np.uint8],
    landmarks: NDArray[np.float64],
    shift: tuple[float, float],
    degrees: float,
    settings: MotionSettings,
) -> dict[str, Any]:
    """Errors in all pairs of frames of one move; the regions lie where they lie in the unmoved picture."""
    share = np.linspace(0, 1, 17)
    centre = landmarks[27]
    frames, places = [], []
    for part in share:
        turn, there = _turn(degrees * part), centre + np.array(shift) * part
        places.append((landmarks - centre) @ turn.T + there)
        back = turn.T  # picture (x, y) -> unmoved (x, y)
        offset = centre - back @ there
        image = ndimage.affine_transform(
            picture.astype(np.float64), back[::-1, ::-1], offset[::-1], order=3, mode="nearest"
        )
        frames.append(np.clip(np.round(image), 0, 255).astype(np.uint8))
    settings, marks = settings.but(window=17), np.array(places)
    moved = displacement(make_chunk(frames, marks, 17, settings), marks, settings)
    where = region_points(marks, tracked(settings))
    errors = [
        np.linalg.norm(moved[b, k] - (where[b + k] - where[b]), axis=1)
        for b in range(16)
        for k in range(1, 17 - b)
    ]
    return {
        "shift": f"({shift[0]:g}, {shift[1]:g})",
        "turn": degrees,
        "median": float(np.median(errors)),
        "p99": float(np.percentile(errors, 99)),
        "worst": float(np.max(errors)),
    }


def _turn(degrees: float) -> NDArray[np.float64]:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
