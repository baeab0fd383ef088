"""Who moves when: expressions and everything that gets in their way, drawn before a single frame is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msstgcn.datasets.clock import Clock
from msstgcn.datasets.lengths import relative_rate
from msstgcn.datasets.statistics import statistics
from msstgcn.errors import lookup
from msstgcn.faces import ACTION_UNITS, HALVES, FaceState, Pose, halves_of
from msstgcn.settings import SyntheticSettings
from msstgcn.timeline import CLASSES, Expression

Array = NDArray[np.float64]

#: A coder sees a movement from 5 % of its own peak on.
VISIBLE = 0.05
#: Where the minimum-jerk rise 10 t^3 - 15 t^4 + 6 t^5 passes `VISIBLE`.
_VISIBLE_AT = 0.18926
#: Largest displacement of an expression, percent of the inter-ocular distance, least and most.
INTENSITY: dict[str, tuple[float, float]] = {"me": (0.4, 2.0), "mae": (3.0, 10.0)}
#: AU 43 is a closing of the eyes, whatever the class: most of the lid's 11 % way.
EYE_CLOSURE = (5.0, 11.0)


@dataclass(frozen=True)
class Difficulty:
    """Strength of everything that is not an expression; 0 switches a part off.

    Head angles are standard deviations in degrees (yaw, pitch, roll); "every" is a mean time in seconds;
    amplitudes are percent of the inter-ocular distance.
    """

    blink_every: float = 4.0
    gaze_every: float = 1.6
    drift: tuple[float, float, float] = (1.6, 1.2, 0.8)
    jerk_every: float = 8.0
    jerk: tuple[float, float, float] = (1.5, 1.2, 0.8)
    speech_every: float = 24.0
    speech: tuple[float, float] = (1.0, 3.0)
    swallow_every: float = 25.0
    nod: float = 0.3  # degrees down while swallowing, for each percent of amplitude
    twitch_every: float = 6.0
    twitch: tuple[float, float] = (0.08, 0.25)
    noise: float = 2.0  # grey levels
    flicker: tuple[float, float] = (0.006, 0.010)  # from frame to frame, and slow
    compression: int = 95  # quality of the JPEG files; 0: none


#: Fixed from the literature and the real data's statistics before any model was trained; see chapter 2. Both real
#: data sets are released as JPEG frames, of unstated quality: standard takes OpenCV's own quality for such files (95,
#: an archive meant to be measured on), hard that of libjpeg (75, whatever a program does unasked), easy none.
DIFFICULTIES: dict[str, Difficulty] = {
    "easy": Difficulty(
        drift=(0.6, 0.5, 0.3),
        jerk_every=0.0,
        speech_every=0.0,
        swallow_every=0.0,
        twitch_every=0.0,
        noise=1.0,
        flicker=(0.002, 0.004),
        compression=0,
    ),
    "standard": Difficulty(),
    "hard": Difficulty(
        blink_every=3.0,
        drift=(2.4, 1.8, 1.2),
        jerk_every=5.0,
        speech_every=12.0,
        speech=(1.5, 4.5),
        swallow_every=15.0,
        twitch_every=3.0,
        twitch=(0.12, 0.35),
        noise=3.0,
        flicker=(0.009, 0.015),
        compression=75,
    ),
}


_OFF: dict[str, dict[str, Any]] = {
    "blink": {"blink_every": 0.0},
    "gaze": {"gaze_every": 0.0},
    "drift": {"drift": (0.0, 0.0, 0.0)},
    "jerk": {"jerk_every": 0.0},
    "speech": {"speech_every": 0.0},
    "swallow": {"swallow_every": 0.0},
    "twitch": {"twitch_every": 0.0},
    "noise": {"noise": 0.0},
    "flicker": {"flicker": (0.0, 0.0)},
    "compression": {"compression": 0},
}


def disturbances(settings: SyntheticSettings) -> Difficulty:
    """Strength of everything that is no expression: the difficulty's, changed as the settings say.

    What is not changed or switched off stays exactly as it was.
    """
    chosen = lookup(DIFFICULTIES, settings.difficulty, "difficulty")
    head, noise, quality = settings.head_motion, settings.noise, settings.jpeg_quality
    chosen = replace(
        chosen,
        blink_every=_rarer(chosen.blink_every, settings.blink_rate),
        gaze_every=_rarer(chosen.gaze_every, settings.gaze_rate),
        drift=_scaled(chosen.drift, head),
        jerk=_scaled(chosen.jerk, head),
        jerk_every=chosen.jerk_every if head else 0.0,
        nod=head * chosen.nod,
        noise=chosen.noise if noise is None else noise,
        compression=chosen.compression if quality is None else quality,
    )
    for part in settings.without:
        chosen = replace(chosen, **lookup(_OFF, part, "disturbance"))
    return chosen


def _rarer(every: float, rate: float) -> float:
    """Mean time between two of what comes `rate` times as often; 0 for never."""
    return every / rate if rate else 0.0


def _scaled(angles: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    yaw, pitch, roll = angles
    return factor * yaw, factor * pitch, factor * roll


@dataclass(frozen=True)
class Nuisance:
    """Something that moves and is no expression: its kind, first and last frame."""

    kind: str
    onset: int
    offset: int


@dataclass(frozen=True)
class Script:
    """What happens in one video, frame by frame.

    Parameters
    ----------
    fps : float
    expressions : tuple of Expression
        By onset. Onset and offset are the first and last frame at 5 % of the movement's own peak or more.
    intensities : tuple of float
        Peak of each expression's strongest unit, percent of the inter-ocular distance (IOD).
    expression_units, other_units : ndarray, shape (T, H)
        Amplitudes of the half units in `faces.HALVES`, percent of the IOD: by expressions, and by all else.
    blink : ndarray, shape (T, 2)
        Closure of the right and the left eye, 0 to 1.
    gaze : ndarray, shape (T, 2)
        Degrees right and down in the picture.
    pose : ndarray, shape (T, 5)
        Yaw, pitch, roll in degrees, shifts x and y in IOD.
    light : ndarray, shape (T,)
        Factor on the light.
    nuisances : tuple of Nuisance
        By onset: blinks, jerks, speech, swallows, twitches.
    """

    fps: float
    expressions: tuple[Expression, ...]
    intensities: tuple[float, ...]
    expression_units: Array
    other_units: Array
    blink: Array
    gaze: Array
    pose: Array
    light: Array
    nuisances: tuple[Nuisance, ...]

    def __len__(self) -> int:
        return len(self.light)

    def state(self, i: int) -> FaceState:
        """The face at frame i."""
        units = self.expression_units[i] + self.other_units[i]
        yaw, pitch, roll, x, y = (float(v) for v in self.pose[i])
        return FaceState(
            {HALVES[h]: float(units[h]) for h in np.flatnonzero(units)},
            (float(self.blink[i, 0]), float(self.blink[i, 1])),
            (float(self.gaze[i, 0]), float(self.gaze[i, 1])),
            Pose(yaw, pitch, roll, x, y),
            float(self.light[i]),
        )


def _rounded(values: Array) -> Array:
    """Multiples of 2^-24, so that the last bits of a machine's mathematics library do not matter."""
    return np.asarray(np.round(values * 2.0**24) / 2.0**24)


def minimum_jerk(t: Array) -> Array:
    """Smoothest rise from 0 at t <= 0 to 1 at t >= 1 (Flash & Hogan 1985)."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t**3 * (10 - 15 * t + 6 * t * t))


def course(frames: int, onset: int, apex: int, offset: int) -> Array:
    """Time course of a movement: `VISIBLE` at onset and offset, 1 at the apex, minimum-jerk in between."""
    return movement(np.arange(frames, dtype=np.float64), onset, apex, offset)


def movement(t: Array, onset: int, apex: int, offset: int) -> Array:
    """The same at moments t, in frames but not always whole ones."""
    rise = max(apex - onset, 0.5) / (1 - _VISIBLE_AT)
    fall = max(offset - apex, 0.5) / (1 - _VISIBLE_AT)
    return np.where(t <= apex, minimum_jerk(1 - (apex - t) / rise), minimum_jerk(1 - (t - apex) / fall))


def write_script(
    preset: str,
    difficulty: Difficulty,
    frames: int,
    fps: float,
    seed: int,
    subject: int,
    video: int,
    *,
    real_length: bool = False,
    me_intensity: float | None = None,
    yaw: float = 0.0,
    camera_fps: float | None = None,
) -> Script:
    """Draw the script of video number `video` of person number `subject`; each part has a random stream of its own.

    Parameters
    ----------
    preset : str
    difficulty : Difficulty
    frames, fps
        Length of the video in frames of the preset's data set, and their rate: all is drawn on them.
    seed, subject, video : int
    real_length : bool
        The length is one of those of the preset's data set: the number of events then depends on it as it does
        there, and where those videos begin and end near an event, this one does.
    me_intensity : float, optional
        Peak of every micro-expression, percent of the IOD, instead of a drawn one.
    yaw : float
        Degrees by which the head is turned all the time.
    camera_fps : float, optional
        Rate at which the same is looked at. Onset, apex and offset are then what is seen at that rate. Flicker from
        frame to frame belongs to the camera: it is drawn for its frames.
    """

    def stream(part: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([seed, subject, video, 0x5C, part]))

    clock = Clock(frames, fps, camera_fps or fps)
    drawn = _expressions(preset, clock, seed, subject, stream(0), real_length, me_intensity)
    expressions, intensities, units = drawn
    other = np.zeros_like(units)
    seen: list[Nuisance] = []
    blink = _blinks(difficulty, clock, stream(1), seen)
    gaze = _gaze(difficulty, clock, stream(2))
    pose = clock.resampled(_drift(difficulty, frames, fps, stream(3)))
    pose[:, 0] += yaw
    _jerks(difficulty, pose, clock, stream(4), seen)
    _speech(difficulty, other, clock, stream(5), seen)
    _swallows(difficulty, other, pose, clock, stream(6), seen)
    _twitches(difficulty, other, clock, stream(7), seen)
    light = _flicker(difficulty, clock, stream(8))
    nuisances = tuple(sorted(seen, key=lambda n: (n.onset, n.offset, n.kind)))
    parts = [_rounded(part) for part in (units, other, blink, gaze, pose, light)]
    return Script(
        clock.fps,
        expressions,
        intensities,
        parts[0],
        parts[1],
        parts[2],
        parts[3],
        parts[4],
        parts[5],
        nuisances,
    )


# --- expressions ---------------------------------------------------------------------------------------------


def draw_expressions(
    preset: str,
    frames: int,
    fps: float,
    seed: int,
    subject: int,
    video: int,
    *,
    real_length: bool = False,
    camera_fps: float | None = None,
) -> tuple[Expression, ...]:
    """The expressions that `write_script` would draw, without all the rest: a hundred times faster."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, subject, video, 0x5C, 0]))
    clock = Clock(frames, fps, camera_fps or fps)
    return _expressions(preset, clock, seed, subject, rng, real_length)[0]


def _expressions(
    preset: str,
    clock: Clock,
    seed: int,
    subject: int,
    rng: np.random.Generator,
    real_length: bool,
    me_intensity: float | None = None,
) -> tuple[tuple[Expression, ...], tuple[float, ...], Array]:
    figures = statistics(preset)
    labels: Iterable[str] = _labels(preset, clock.seconds, seed, subject, rng, real_length)
    ends: dict[int, str] = {}
    if real_length:
        labels = list(labels)
        if not labels and rng.uniform() >= figures["keep_empty"]:
            labels = [_any_label(figures, rng)]
        if figures["ends"]:
            ends = dict(zip(rng.permutation(len(labels)).tolist(), ("first", "last"), strict=False))
    placed: list[tuple[Expression, float, Array]] = []
    for number, label in enumerate(labels):
        found = _place(figures, label, clock.drawn, [p[0] for p in placed], rng, ends.get(number, ""))
        if found is not None:
            peak, vector = _amplitudes(found, rng, me_intensity if label == "me" else None)
            placed.append((found, peak, vector))
    units = np.zeros((clock.frames, len(HALVES)))
    seen: list[tuple[Expression, float]] = []
    for expression, peak, vector in placed:
        wave = movement(clock.ticks, expression.onset, expression.apex, expression.offset)
        units = np.maximum(units, wave[:, None] * vector)
        seen.append((_as_seen(expression, wave, clock), peak))
    seen.sort()
    return tuple(one for one, _ in seen), tuple(peak for _, peak in seen), units


def _as_seen(drawn: Expression, wave: Array, clock: Clock) -> Expression:
    """The label in the camera's frames: first and last one within, and the one with the largest movement."""
    first, last = clock.first(drawn.onset), clock.last(drawn.offset)
    apex = first + int(wave[first : last + 1].argmax())
    return replace(drawn, onset=first, apex=apex, offset=last)


def _labels(
    preset: str, seconds: float, seed: int, subject: int, rng: np.random.Generator, real_length: bool
) -> Iterator[str]:
    """Classes of the events of a video. Macro-expressions are longer: they come first, while there is room."""
    for label in reversed(CLASSES):
        figures = statistics(preset)[label]
        if real_length:
            rate = figures["count"] / statistics(preset)["videos"] * relative_rate(preset, seconds)
            spread = figures["by_length"]
        else:
            rate, spread = figures["per_minute"] * seconds / 60, figures["overdispersion"]
        yield from [label] * _count(rate, spread, label, seed, subject, rng)


def _any_label(figures: dict[str, Any], rng: np.random.Generator) -> str:
    """A class, each as likely as among the real events."""
    counts = np.array([figures[label]["count"] for label in CLASSES], dtype=np.float64)
    return CLASSES[int(rng.choice(len(CLASSES), p=counts / counts.sum()))]


def _count(
    rate: float, spread: dict[str, float], label: str, seed: int, subject: int, rng: np.random.Generator
) -> int:
    """Number of events in a video: Poisson around a rate that differs between people and between videos."""
    person = np.random.default_rng(np.random.SeedSequence([seed, subject, 0xAC, CLASSES.index(label)]))
    rate *= person.gamma(1 / spread["subject"], spread["subject"])
    if spread["video"]:
        rate *= rng.gamma(1 / spread["video"], spread["video"])
    return int(rng.poisson(rate))


def _span_of(figures: dict[str, Any], label: str, longest: int, rng: np.random.Generator) -> int:
    """Frames from onset to offset, drawn from the real durations' quantiles (logarithms in between)."""
    quantiles = figures[label]["duration_quantiles"]
    share = np.array([float(q) for q in quantiles]) / 100
    fps = figures["fps"]
    logs = np.log(np.array(list(quantiles.values()), dtype=np.float64))
    for _ in range(100):
        span = round(
            float(np.exp(np.interp(rng.uniform(), share, logs))) * fps - fps / figures["counted_fps"]
        )
        if span <= longest:
            return max(2, span)
    return max(2, longest)


def _place(
    figures: dict[str, Any],
    label: str,
    frames: int,
    others: list[Expression],
    rng: np.random.Generator,
    end: str,
) -> Expression | None:
    """An event somewhere in the video; None if there is no room left for it."""
    length = 1 + _span_of(figures, label, min(int(0.8 * frames), frames - 1), rng)
    units = _units(figures[label], rng)
    near = bool(figures["near"]["share"] and others and rng.uniform() < figures["near"]["share"])
    for attempt in range(60):
        chosen = _onset(figures, length, frames, others, rng, end, near and not end, attempt)
        if not 0 <= chosen <= frames - length:
            continue
        onset, last = chosen, chosen + length - 1
        apex = onset + round(float(rng.beta(*figures[label]["apex"])) * (length - 1))
        found = Expression(onset, min(max(apex, onset + 1), last - 1), last, label, units)
        clashes = [o for o in others if o.onset <= last and onset <= o.offset]
        if not clashes:
            return found
        shared = any(_halves(units) & _halves(o.action_units) for o in clashes)
        if not shared and rng.uniform() < figures["keep_overlap"]:
            return found
    return None


#: After so many places that do not fit, an event goes anywhere.
_PATIENCE = 8


def _onset(
    figures: dict[str, Any],
    length: int,
    frames: int,
    others: list[Expression],
    rng: np.random.Generator,
    end: str,
    near: bool,
    attempt: int,
) -> int:
    """Where an event might begin: near an end of the video, next to another event, or anywhere."""
    fps = figures["fps"]
    if end and attempt < _PATIENCE:
        if end == "first":
            return int(rng.gamma(2.0, figures["ends"]["lead"] / 2) * fps)
        return frames - length - int(rng.gamma(2.0, figures["ends"]["lag"] / 2) * fps)
    if near and attempt < _PATIENCE:
        other = others[int(rng.integers(len(others)))]
        gap = 1 + int(rng.exponential(figures["near"]["seconds"]) * fps)
        return other.offset + gap if rng.uniform() < 0.5 else other.onset - gap - length + 1
    return int(rng.integers(0, frames - length + 1))


def _halves(units: tuple[str, ...]) -> set[int]:
    return {half for name in units for half in halves_of(name)}


def _units(figures: dict[str, Any], rng: np.random.Generator) -> tuple[str, ...]:
    """Action units of an event: a listed combination, or one of the many rare ones."""
    listed = figures["combinations"]
    weights = np.array(list(listed.values()), dtype=np.float64)
    if rng.uniform() < weights.sum() / figures["count"]:
        names = list(listed)[int(rng.choice(len(weights), p=weights / weights.sum()))].split("+")
    else:
        names = _rare(figures, rng)
        while "+".join(names) in listed:  # those come as often as they should already
            names = _rare(figures, rng)
    if rng.uniform() < figures["unilateral_share"] / _paired_share(figures):
        side = "L" if rng.uniform() < 0.5 else "R"
        names = [side + name if ACTION_UNITS[name].paired else name for name in names]
    return tuple(names)


def _rare(figures: dict[str, Any], rng: np.random.Generator) -> list[str]:
    """Two units or more, each as likely as it is in the real events that are no listed combination."""
    left = dict(figures["units"])
    for names, number in figures["combinations"].items():
        for name in names.split("+"):
            left[name] = left.get(name, 0) - number
    weights = np.array([max(number, 0) for number in left.values()], dtype=np.float64)
    events = figures["count"] - sum(figures["combinations"].values())
    mean = weights.sum() / events
    number = max(2, int(mean) + int(rng.uniform() < mean % 1))
    picked = rng.choice(len(weights), size=number, replace=False, p=weights / weights.sum())
    return sorted((list(left)[i] for i in picked), key=int)


def _paired_share(figures: dict[str, Any]) -> float:
    """Share of events that can be one-sided at all: those with a unit whose halves can act alone."""
    listed = figures["combinations"]
    able = sum(
        n for names, n in listed.items() if any(ACTION_UNITS[name].paired for name in names.split("+"))
    )
    return float(able / sum(listed.values()))


def _amplitudes(
    expression: Expression, rng: np.random.Generator, intensity: float | None
) -> tuple[float, Array]:
    """Peak in percent of the IOD, drawn or as it is set, and the amplitude of every half unit at the apex."""
    low, high = INTENSITY[expression.label]
    drawn = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    peak = drawn if intensity is None else intensity
    vector = np.zeros(len(HALVES))
    for number, name in enumerate(expression.action_units):
        share = 1.0 if number == 0 else rng.uniform(0.5, 1.0)
        amplitude = rng.uniform(*EYE_CLOSURE) if name.endswith("43") else peak * share
        sides = halves_of(name)
        lean = np.exp(rng.normal(0, 0.1)) if len(sides) == 2 and ACTION_UNITS[name].paired else 1.0
        for half, factor in zip(sides, (lean, 1 / lean), strict=False):
            vector[half] = amplitude * min(factor, 1.0)
    return peak, vector


# --- everything else -----------------------------------------------------------------------------------------


def _times(every: float, seconds: float, rng: np.random.Generator, regular: float = 4.0) -> list[float]:
    """Moments with gamma-distributed gaps of mean `every`, in seconds; none if `every` is 0."""
    if every <= 0:
        return []
    moments, now = [], float(rng.uniform(0, every))
    while now < seconds:
        moments.append(now)
        now += max(float(rng.gamma(regular, every / regular)), 0.2 * every)
    return moments


def _span(seen: list[Nuisance], kind: str, start: float, end: float, clock: Clock) -> None:
    onset = max(0, int(np.ceil(start * clock.fps)))
    offset = min(clock.frames - 1, int(np.floor(end * clock.fps)))
    if onset <= offset:
        seen.append(Nuisance(kind, onset, offset))


def _blinks(d: Difficulty, clock: Clock, rng: np.random.Generator, seen: list[Nuisance]) -> Array:
    """Lids close in about 105 ms, stay, and open in about 175 ms; depth and speed vary from blink to blink."""
    t = clock.times
    closed = np.zeros((len(t), 2))
    for start in _times(d.blink_every, clock.seconds, rng):
        slow = float(np.exp(rng.normal(0, 0.3)))
        close, stay, reopen = 0.105 * slow, 0.035 * slow * rng.uniform(0.5, 2), 0.175 * slow
        depth = rng.uniform(0.85, 1.0) if rng.uniform() < 0.85 else rng.uniform(0.4, 0.85)
        wave = minimum_jerk((t - start) / close) * minimum_jerk((start + close + stay + reopen - t) / reopen)
        for eye in range(2):
            closed[:, eye] = np.maximum(closed[:, eye], depth * rng.uniform(0.96, 1.0) * wave)
        _span(seen, "blink", start, start + close + stay + reopen, clock)
    return closed


def _gaze(d: Difficulty, clock: Clock, rng: np.random.Generator) -> Array:
    """Fixations between saccades of some 40 ms."""
    t = clock.times
    gaze = np.zeros((len(t), 2))
    here = np.zeros(2)
    for start in _times(d.gaze_every, clock.seconds, rng, regular=2.0):
        there = rng.normal(0, (5.0, 2.5))
        gaze += minimum_jerk((t - start) / 0.045)[:, None] * (there - here)
        here = there
    return gaze


def _drift(d: Difficulty, frames: int, fps: float, rng: np.random.Generator) -> Array:
    """Slow wandering of the head: twice low-passed noise with a time constant of 2.75 s in all."""
    sd = np.array([*d.drift, 0.008 * d.drift[0], 0.006 * d.drift[1]])
    tau = 2.75 / 2
    warm = round(6 * tau * fps)
    keep = np.exp(-1 / (tau * fps))
    noise = rng.standard_normal((warm + frames, 5))
    level, smooth, out = np.zeros(5), np.zeros(5), np.empty((warm + frames, 5))
    for i, kick in enumerate(noise):
        level = keep * level + (1 - keep) * kick
        smooth = keep * smooth + (1 - keep) * level
        out[i] = smooth
    # variance of white noise after two equal first-order filters: (1-k)^4 (1+k^2) / (1-k^2)^3
    deviation = np.sqrt((1 - keep) ** 4 * (1 + keep**2) / (1 - keep**2) ** 3)
    return np.asarray(out[warm:] / deviation * sd)


def _jerks(d: Difficulty, pose: Array, clock: Clock, rng: np.random.Generator, seen: list[Nuisance]) -> None:
    """Sudden turns of the head that are taken back after a while."""
    t = clock.times
    for start in _times(d.jerk_every, clock.seconds, rng, regular=12.0):
        size = rng.normal(0, d.jerk)
        rise, stay, back = rng.uniform(0.2, 0.4), rng.uniform(0.1, 1.2), rng.uniform(0.3, 0.7)
        wave = minimum_jerk((t - start) / rise) * minimum_jerk((start + rise + stay + back - t) / back)
        pose[:, :3] += wave[:, None] * size
        _span(seen, "jerk", start, start + rise + stay + back, clock)


def _speech(
    d: Difficulty, units: Array, clock: Clock, rng: np.random.Generator, seen: list[Nuisance]
) -> None:
    """Words: the jaw opens at syllable rate, the lips widen and round."""
    t = clock.times
    for start in _times(d.speech_every, clock.seconds, rng, regular=1.5):
        length, amplitude = rng.uniform(0.8, 2.5), rng.uniform(*d.speech)
        envelope = minimum_jerk((t - start) / 0.15) * minimum_jerk((start + length - t) / 0.2)
        phase = (
            2 * np.pi * (rng.uniform(3.5, 5.5) * (t - start) + 0.25 * np.sin(2 * np.pi * 0.9 * (t - start)))
        )
        jaw = 0.5 - 0.5 * np.cos(phase)
        wide = np.sin(0.5 * phase + rng.uniform(0, 6.28))
        for name, wave in (
            ("26", jaw),
            ("25", 0.3 * jaw),
            ("20", 0.3 * np.maximum(wide, 0)),
            ("18", 0.3 * np.maximum(-wide, 0)),
        ):
            for half in halves_of(name):
                units[:, half] += amplitude * envelope * wave
        _span(seen, "speech", start, start + length, clock)


def _swallows(
    d: Difficulty, units: Array, pose: Array, clock: Clock, rng: np.random.Generator, seen: list[Nuisance]
) -> None:
    """Lips press, chin rises, the head nods a little."""
    t = clock.times
    for start in _times(d.swallow_every, clock.seconds, rng, regular=2.0):
        length, amplitude = rng.uniform(0.6, 1.0), rng.uniform(0.6, 1.6)
        wave = minimum_jerk((t - start) / (0.4 * length)) * minimum_jerk(
            (start + length - t) / (0.6 * length)
        )
        for name, share in (("17", 1.0), ("24", 0.7)):
            for half in halves_of(name):
                units[:, half] += amplitude * share * wave
        pose[:, 1] += d.nod * amplitude * wave
        _span(seen, "swallow", start, start + length, clock)


def _twitches(
    d: Difficulty, units: Array, clock: Clock, rng: np.random.Generator, seen: list[Nuisance]
) -> None:
    """Movements too faint for a coder to label."""
    t = clock.times
    able = [h for h, name in enumerate(HALVES) if ACTION_UNITS[name[1:]].pulls]
    for start in _times(d.twitch_every, clock.seconds, rng, regular=1.5):
        length, amplitude = rng.uniform(0.15, 0.5), rng.uniform(*d.twitch)
        wave = minimum_jerk((t - start) / (0.45 * length)) * minimum_jerk(
            (start + length - t) / (0.55 * length)
        )
        units[:, able[int(rng.integers(len(able)))]] += amplitude * wave
        _span(seen, "twitch", start, start + length, clock)


def _flicker(d: Difficulty, clock: Clock, rng: np.random.Generator) -> Array:
    """Light that varies from frame to frame and slowly."""
    fast, slow = d.flicker
    t = clock.times
    wave = np.sin(2 * np.pi * (rng.uniform(0.05, 0.3) * t + rng.uniform()))
    return np.asarray(1 + fast * rng.standard_normal(len(t)) + slow * wave)
