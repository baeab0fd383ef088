"""How fast and how clean the motion features are, measured against exact truth on one core.

A face that shows no expression is filmed while its head drifts, blinks and the light flickers: whatever a
node then seems to do is *noise*. The same seconds are filmed again, everything equal, with action units 4
(brow) and 12 (mouth corner) switched on and off: what changes is *signal*. Their ratio at a lag of 4 and of
8 frames says how faint an expression can be and still be seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.datasets import DIFFICULTIES
from msstgcn.datasets.script import write_script
from msstgcn.devices import device as computes_on
from msstgcn.errors import InputError
from msstgcn.faces import Camera, Face, FaceState, identity
from msstgcn.motion.detector import predictor_path
from msstgcn.motion.flow import FLOWS, starts_at_once
from msstgcn.motion.measure import follow, make_chunk, measure
from msstgcn.motion.tracker import FaceTracker
from msstgcn.motion.windows import gather
from msstgcn.settings import MotionSettings
from msstgcn.timeline import SAMM_FPS

REFERENCE = MotionSettings(flow="farneback", head="nose")  #: the paper's family
OURS = MotionSettings()
AMPLITUDES = (0.5, 1.0, 2.0)  #: percent of IOD at the landmark that moves most
LAGS = (4, 8)  #: frames
NODES_OF = {"brow": ("4", 0), "mouth": ("12", 6)}  #: region: action unit, node
FPS = SAMM_FPS
IDENTITIES = range(9001, 9005)  #: seeds of persons that no setting was chosen on
_STRIDE = 4  # frames between two starts that are measured
_ACTED = 17 * max(LAGS)  # frames in which the action units go on and off


def scene(frames: int, seed: int) -> list[FaceState]:
    """A face at rest as in the standard benchmark: head drift, gaze, blinks, flicker; no jerk, no speech."""
    calm = replace(
        DIFFICULTIES["standard"], jerk_every=0.0, speech_every=0.0, swallow_every=0.0, twitch_every=0.0
    )
    script = write_script("samm-lv", calm, frames, FPS, seed, 0, 0)
    return [replace(script.state(i), action_units={}) for i in range(frames)]


def bench_motion(identities: int = 4, seconds: float = 16.0, *, conditions: bool = False) -> dict[str, Any]:
    """Compare direct patch flow with a rigid head against dense Farneback flow with the nose's mean.

    Parameters
    ----------
    identities : int
        How many persons, 1 to 4; none of them was used for choosing a setting.
    seconds : float
        How long each is filmed at rest; at least 5.
    conditions : bool
        Also measure the error against exact truth: `bench_error.bench_conditions` and `bench_error.bench_photograph`.

    Returns
    -------
    dict
        ``reference_ms_per_frame`` and ``ours_ms_per_frame``: working pictures, flow to 16 frames and head
        model of one window, on one core. ``speedup``: their ratio. ``snr``: signal to noise as
        ``[method][region][lag][amplitude in percent of IOD]``, the median over the persons. ``ms_per_frame``: cost
        of every flow method that is installed, with the default head model. ``torch``: windows a second of
        ``patch-lk-torch`` on ``device``. With `conditions` also the two tables, as lists of rows.
    """
    from msstgcn.motion.bench_error import bench_conditions, bench_photograph  # which looks things up here

    with one_core():
        films = [Film(seed, round(seconds * FPS)) for seed in IDENTITIES[:identities]]
        rest, marks = films[0].rest, films[0].landmarks
        reference, ours = cost(rest, marks, REFERENCE, starts=8), cost(rest, marks, OURS, starts=64)
        snr = {f"{s.flow}+{s.head}": signal_to_noise(films, s) for s in (REFERENCE, OURS)}
        result = {
            "speedup": reference / ours,
            "reference_ms_per_frame": reference,
            "ours_ms_per_frame": ours,
            "snr": snr,
            "ms_per_frame": costs(rest, marks),
            "torch": throughput(rest, marks),
        }
        if conditions:
            result["conditions"] = _rows(bench_conditions(IDENTITIES[:identities]))
            result["photograph"] = _rows(bench_photograph())
    return result


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON knows them: None for what is not a number."""
    return list(json.loads(table.to_json(orient="records", double_precision=15)))


@contextmanager
def one_core() -> Iterator[None]:
    """OpenCV on one thread for the time of a measurement; the rest of the path has no others."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


class Film:
    """One person filmed several times: at rest, and with the action units on and off at every lag and amplitude."""

    def __init__(self, seed: int, frames: int) -> None:
        self.face, self.seed = Face(identity(seed), Camera()), seed
        self.states = scene(frames, seed)
        self.rest = [self.shot(i) for i in range(frames)]
        tracker = FaceTracker(predictor_path())
        found = [tracker.step(grey) for grey in self.rest]
        self.landmarks = np.array(
            [np.full((68, 2), np.nan) if one is None else one.landmarks for one in found]
        )

    def shot(self, frame: int, amplitude: float = 0.0) -> NDArray[np.uint8]:
        """One frame, with both action units at an amplitude."""
        return self.face.render(self.acting(frame, amplitude), seed=self.seed, frame=frame)

    def acting(self, frame: int, amplitude: float) -> FaceState:
        """What the face does in a frame."""
        units = {unit: amplitude for unit, _ in NODES_OF.values()} if amplitude else {}
        return replace(self.states[frame], action_units=units)


def cost(
    greys: list[NDArray[np.uint8]], landmarks: NDArray[np.floating], settings: MotionSettings, starts: int
) -> float:
    """Milliseconds a window takes, best of three: working pictures, flow to its later frames, head-motion model.

    Parameters
    ----------
    greys : list of ndarray of uint8, (H, W)
        At least ``starts + K - 1`` frames.
    landmarks : ndarray, shape (F, 68, 2)
    settings : MotionSettings
    starts : int
        Windows that are measured together; the preparation of the last K - 1 frames is shared out among them.
    """
    greys, marks = greys[: starts + settings.window - 1], landmarks[: starts + settings.window - 1]

    def once() -> float:
        began = time.process_time()  # of one core: what else the machine does is not counted
        measure(make_chunk(greys, marks, starts, settings), marks[:starts], settings)
        return time.process_time() - began

    once()
    return 1000 * min(once() for _ in range(3)) / starts


def costs(greys: list[NDArray[np.uint8]], landmarks: NDArray[np.floating]) -> dict[str, float]:
    """Milliseconds a window takes with each flow method that is installed, by name, on a CPU; see `cost`."""
    found = {}
    for name in FLOWS:
        starts = 32 if name.startswith("patch") else 2
        settings = MotionSettings(flow=name, flow_device="cpu")
        with suppress(InputError):  # truth is not for grey frames, and not every OpenCV has tvl1
            found[name] = cost(greys, landmarks, settings, starts)
    return found


def throughput(
    greys: list[NDArray[np.uint8]], landmarks: NDArray[np.floating], device: str = "auto"
) -> dict[str, Any]:
    """Windows a second of ``patch-lk-torch``, flow alone, by the clock.

    Parameters
    ----------
    greys : list of ndarray of uint8, (H, W)
        At least 80 frames; repeated until a chunk is full.
    landmarks : ndarray, shape (F, 68, 2)
    device : str
        auto, cpu or cuda.
    """
    settings = MotionSettings(flow="patch-lk-torch", flow_device=device)  # type: ignore[arg-type]
    starts = starts_at_once(settings)
    frames = [i % len(greys) for i in range(starts + settings.window - 1)]
    marks = np.asarray(landmarks)[frames]
    chunk = make_chunk([greys[i] for i in frames], marks, starts, settings)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        follow(chunk, settings)
        times.append(time.perf_counter() - began)
    return {"device": str(computes_on(device)), "windows_per_second": starts / min(times)}


def nodes(
    greys: list[NDArray[np.uint8]],
    landmarks: NDArray[np.floating],
    settings: MotionSettings,
    truth: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Flow of the regions in every window of a short clip; as `extract`, from landmarks that are known already.

    Parameters
    ----------
    greys : list of ndarray of uint8, (H, W), length F
    landmarks : ndarray, shape (F, 68, 2)
    settings : MotionSettings
    truth : ndarray, shape (F, 68, 2), optional
        True landmarks, for the flow method ``truth``.

    Returns
    -------
    ndarray of float32, shape (F, K, R, 2)
        Percent of the inter-ocular distance.
    """
    chunk = make_chunk(greys, landmarks, len(greys), settings, truth)
    return gather(measure(chunk, landmarks, settings)[0], settings.window, settings.stride, settings.pairs)


def _flow(film: Film, greys: list[NDArray[np.uint8]], settings: MotionSettings) -> NDArray[np.float32]:
    """Flow of every fourth start of some frames, (B, K, R, 2); the others are left out (NaN)."""
    window = settings.but(window=max(LAGS) + 1)
    marks = film.landmarks[: len(greys)]
    count = len(greys) - max(LAGS)
    starts = marks[:count].copy()
    starts[np.arange(count) % _STRIDE != 0] = np.nan
    chunk = make_chunk(greys, marks, count, window)
    chunk.points[np.isnan(starts[:, 0, 0])] = np.nan
    chunk.centres[np.isnan(starts[:, 0, 0])] = np.nan
    return measure(chunk, starts, window)[0][::_STRIDE]


def signal_to_noise(
    films: list[Film], settings: MotionSettings, amplitudes: Sequence[float] = AMPLITUDES
) -> dict[str, dict[str, dict[str, float]]]:
    """Signal over noise for each region, lag and amplitude (percent of IOD), median over the persons."""
    per_film = [_film_snr(film, settings, amplitudes) for film in films]
    return {
        region: {
            f"lag {lag}": {
                f"{amplitude:g}": float(np.median([one[region, lag, amplitude] for one in per_film]))
                for amplitude in amplitudes
            }
            for lag in LAGS
        }
        for region in NODES_OF
    }


def _film_snr(
    film: Film, settings: MotionSettings, amplitudes: Sequence[float]
) -> dict[tuple[str, int, float], float]:
    """Signal over noise of one person, for each region, lag and amplitude."""
    rest = _flow(film, film.rest, settings)
    found = {}
    for lag in LAGS:
        on = [(i // lag) % 2 == 1 for i in range(_ACTED)]
        begins = [
            b for b in range((_ACTED - max(LAGS)) // _STRIDE) if not on[b * _STRIDE] and on[b * _STRIDE + lag]
        ]
        for amplitude in amplitudes:
            flow = _flow(
                film, [film.shot(i, amplitude) if on[i] else film.rest[i] for i in range(_ACTED)], settings
            )
            for region, (_, node) in NODES_OF.items():
                change = (flow[begins, lag, node] - rest[begins, lag, node]).mean(axis=0)
                size = float(np.linalg.norm(change))
                found[region, lag, amplitude] = size / float((rest[:, lag, node] @ (change / size)).std())
    return found
