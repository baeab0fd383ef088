"""Methods that spot in the same features without the network: what studies compare it with.

Each is given all videos' features and labels, and judges every video itself. Whatever it chooses for the videos of a
subject, a threshold or a length, it chooses on the other subjects. What it proposes then passes the decoder's
suppression and cap, as the network's proposals do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.learning import seed_of
from msstgcn.motion import VideoFeatures
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import SPOTTED_COLUMNS, f1_of, suppress
from msstgcn.spotting.scoring import NOTHING, counter, intervals_by_video
from msstgcn.studies import peaks
from msstgcn.timeline import CLASSES

Frames = NDArray[np.int64]
#: Onset, apex and offset of what is proposed in a video for one class, shape (A, 3), and a score of each.
Proposed = tuple[Frames, NDArray[np.float64]]
Option = TypeVar("Option")

_NONE: Proposed = (np.zeros((0, 3), np.int64), np.zeros(0))


class Method(Protocol):
    """Spots the expressions of all videos."""

    def __call__(
        self,
        features: Sequence[VideoFeatures],
        truth: pd.DataFrame,
        spotting: SpottingSettings,
        *,
        seed: int,
    ) -> pd.DataFrame:
        """Spot.

        Parameters
        ----------
        features : sequence of VideoFeatures
            All videos of all subjects.
        truth : DataFrame
            Columns ``video, subject, class, onset, apex, offset``.
        spotting : SpottingSettings
            The decoder's.
        seed : int
            Whatever is random follows from it.

        Returns
        -------
        DataFrame
            Columns ``video, class, onset, apex, offset, score``.
        """


class Others:
    """What may be known when the videos of one subject are judged: the other subjects' videos and labels.

    Parameters
    ----------
    features : sequence of VideoFeatures
        All videos.
    truth : DataFrame
        All labels.
    subject : str
        Who is judged; nothing of it is kept.
    """

    def __init__(self, features: Sequence[VideoFeatures], truth: pd.DataFrame, subject: str) -> None:
        self.videos = [video for video in features if video.subject != subject]
        rate = {video.video: video.fps for video in self.videos}
        self.truth = truth[truth["video"].isin(list(rate))]
        self._rate = self.truth["video"].map(rate).to_numpy(np.float64)

    @cached_property
    def seconds(self) -> float:
        """Length of the videos, added."""
        return sum(len(video) / video.fps for video in self.videos)

    def durations(self, label: str) -> NDArray[np.float64]:
        """Length in seconds of every expression of a class, sorted."""
        found = (self.truth["offset"] - self.truth["onset"] + 1).to_numpy(np.float64) / self._rate
        return np.sort(found[(self.truth["class"] == label).to_numpy()])


def kept(proposed: Proposed, spotting: SpottingSettings) -> Proposed:
    """What the decoder's suppression and cap leave of the proposals, best first."""
    frames, score = proposed
    stay = suppress(frames, score, iou=spotting.nms_iou, top=spotting.top)
    return frames[stay], score[stay]


def _spotted(found: dict[tuple[str, str], Proposed]) -> pd.DataFrame:
    """The table of what was spotted, from proposals by video and class: videos sorted, ME before MaE, best first."""
    tables = [pd.DataFrame(columns=list(SPOTTED_COLUMNS))]
    for video in sorted({video for video, _ in found}):
        for label in CLASSES:
            frames, score = found[video, label]
            columns = ([video] * len(frames), [label] * len(frames), *frames.T, score)
            tables.append(pd.DataFrame(dict(zip(SPOTTED_COLUMNS, columns, strict=True))))
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)


def _best_for_others(
    features: Sequence[VideoFeatures],
    truth: pd.DataFrame,
    spotting: SpottingSettings,
    options: Callable[[NDArray[np.float64]], list[Option]],
    propose: Callable[[VideoFeatures, str, Option], Proposed],
) -> pd.DataFrame:
    """Judge each subject's videos with the options, one a class, that are best on the other subjects' videos.

    Parameters
    ----------
    features, truth, spotting
        See `Method`.
    options : callable
        What may be chosen for a class, from the others' durations of it (S,) in seconds.
    propose : callable
        What an option proposes in a video for a class, after suppression and cap.

    Returns
    -------
    DataFrame
        As `Method` says. The best options have the largest overall F1, as the inner folds choose; of equals the first
        are taken. A class that the others never show is not spotted.
    """
    videos, true = {video.video: video for video in features}, intervals_by_video(truth)
    count = counter(iou=spotting.match_iou, inclusive=True, matching="one-to-one", rows="keep-all")

    @cache
    def counts(video: str, label: str, option: Option) -> NDArray[np.int64]:
        number = CLASSES.index(label)
        both = [list(NOTHING), list(NOTHING)]
        both[0][number] = propose(videos[video], label, option)[0][:, [0, 2]]
        both[1][number] = true.get(video, NOTHING)[number]
        return count(*both)[number]

    found: dict[tuple[str, str], Proposed] = {}
    for subject in sorted({video.subject for video in features}):
        others, tried, sums = Others(features, truth, subject), [], []
        for label in CLASSES:
            lengths = others.durations(label)
            tried.append(options(lengths) if len(lengths) else [None])
            each = [
                [counts(v.video, label, one) for v in others.videos] for one in tried[-1] if one is not None
            ]
            sums.append(np.sum(each, axis=1) if each else np.zeros((1, 3), np.int64))
        value = f1_of(sums[0][:, None] + sums[1][None])
        for label, own, place in zip(
            CLASSES, tried, np.unravel_index(value.argmax(), value.shape), strict=True
        ):
            best = own[place]
            for video in (video for video in features if video.subject == subject):
                found[video.video, label] = _NONE if best is None else propose(video, label, best)
    return _spotted(found)


def flow_peaks(
    features: Sequence[VideoFeatures], truth: pd.DataFrame, spotting: SpottingSettings, *, seed: int
) -> pd.DataFrame:
    """Spot peaks of the motion's magnitude above a threshold that adapts to the video; nothing is learned.

    The formulas stand in `studies.peaks`. For each test subject and class three things come from the other subjects:
    the half span S, half of their mean duration; the fraction phi of the threshold (unless ``spotting.peak_fraction``
    fixes it) and the level psi of the ends, chosen for both classes together by the best overall F1 on their videos. An
    interval of at most half a second is a micro-expression, a longer one a macro-expression.

    Parameters, returns: see `Method`. ``seed`` is not used, nothing is random.
    """
    videos = {video.video: video for video in features}
    paths = {name: peaks.positions(video) for name, video in videos.items()}
    fractions = peaks.FRACTIONS if spotting.peak_fraction is None else (spotting.peak_fraction,)

    def options(lengths: NDArray[np.float64]) -> list[tuple[float, float, float]]:
        half = round(float(lengths.mean()) / 2, 2)  # rounded, so that subjects share what is computed for it
        return [(half, level, fraction) for level in peaks.LEVELS for fraction in fractions]

    @cache
    def above_lowest(name: str, label: str, half: float, level: float) -> Proposed:
        video = videos[name]
        frames, score = peaks.spot(
            paths[name], video.mask, max(1, round(half * video.fps)), min(fractions), level
        )
        short = frames[:, 2] - frames[:, 0] <= peaks.SHORT * video.fps
        fits = short == (label == "me")
        return kept((frames[fits], score[fits]), spotting)

    def propose(video: VideoFeatures, label: str, option: tuple[float, float, float]) -> Proposed:
        half, level, fraction = option
        frames, score = above_lowest(video.video, label, half, level)
        above = score > fraction  # the best come first, so those that stay have suppressed the same ones
        return frames[above], score[above]

    return _best_for_others(features, truth, spotting, options, propose)


def at_random(
    features: Sequence[VideoFeatures], truth: pd.DataFrame, spotting: SpottingSettings, *, seed: int
) -> pd.DataFrame:
    """Draw intervals without looking at the video: as many a second as the other subjects show, and as long.

    For each class and video the number is Poisson distributed with the others' rate; each length is that of one of
    their expressions, each place is anywhere where it fits, the apex its middle. Without other subjects nothing is
    drawn.

    Parameters, returns: see `Method`.
    """
    found: dict[tuple[str, str], Proposed] = {}
    for subject in sorted({video.subject for video in features}):
        others = Others(features, truth, subject)
        for video in (video for video in features if video.subject == subject):
            for label in CLASSES:
                lengths = others.durations(label)
                rng = np.random.default_rng(seed_of(seed, "random", video.video, label))
                rate = len(lengths) / others.seconds if others.seconds else 0.0
                number = rng.poisson(rate * len(video) / video.fps)
                chosen = rng.choice(lengths, number) if number else np.zeros(0)
                frames = np.clip(np.rint(chosen * video.fps).astype(np.int64), 1, len(video))
                onset = rng.integers(0, len(video) - frames + 1)
                proposed = np.stack([onset, onset + (frames - 1) // 2, onset + frames - 1], 1)
                found[video.video, label] = kept((proposed, rng.uniform(size=number)), spotting)
    return _spotted(found)


def always_on(
    features: Sequence[VideoFeatures], truth: pd.DataFrame, spotting: SpottingSettings, *, seed: int
) -> pd.DataFrame:
    """Spot windows of one length all over every video: the best that an answer can be which is always the same.

    For each class as many windows as fit lie side by side over the whole video; if that is more than the cap, as many
    as it allows, evenly spread. The length is a decile of the other subjects' durations; those of both classes are
    chosen together, by the best overall F1 on their videos.

    Parameters, returns: see `Method`. ``seed`` is not used, nothing is random.
    """

    def options(lengths: NDArray[np.float64]) -> list[float]:
        return np.unique(np.quantile(lengths, np.linspace(0.1, 0.9, 9))).tolist()

    def propose(video: VideoFeatures, label: str, seconds: float) -> Proposed:
        return kept(_tiles(video, seconds, spotting.top), spotting)

    return _best_for_others(features, truth, spotting, options, propose)


def _tiles(video: VideoFeatures, seconds: float, top: int | None) -> Proposed:
    """Windows of one length, side by side or, if there may be fewer, evenly spread; the score of all is 1."""
    length = int(np.clip(round(seconds * video.fps), 1, len(video)))
    number = len(video) // length if top is None else min(top, len(video) // length)
    onset = np.floor((len(video) / number) * (np.arange(number) + 0.5) - length / 2).astype(np.int64)
    onset = onset.clip(0, len(video) - length)
    return np.stack([onset, onset + (length - 1) // 2, onset + length - 1], 1), np.ones(number)


#: Methods by name; a variant asks for one with ``method``.
METHODS: dict[str, Method] = {"flow-peaks": flow_peaks, "random": at_random, "always-on": always_on}
#: Those that do not look at the motion.
WITHOUT_MOTION = ("random", "always-on")
