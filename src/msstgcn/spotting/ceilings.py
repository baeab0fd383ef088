"""What the decoder could reach if the network were perfect.

Its rules lose some expressions by themselves: those whose ends lie too near to the apex or too far from it, and all
that exceed the cap of a video and class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting.decoding import spot_video
from msstgcn.spotting.overlap import at_least
from msstgcn.spotting.scoring import Scores, score
from msstgcn.timeline import CLASSES, Expression

if TYPE_CHECKING:
    from msstgcn.motion import VideoFeatures


def perfect_probabilities(expressions: Sequence[Expression], frames: int) -> NDArray[np.float64]:
    """Return what a perfect network would say of a video: its training targets, as probabilities (T, 10)."""
    from msstgcn.learning import targets

    wanted = targets(expressions, frames)
    boundary = np.eye(3)[wanted.boundary]  # (T, class, onset / offset / none)
    return np.concatenate([boundary[:, 0], boundary[:, 1], wanted.apex, wanted.action], 1)


def decoder_ceiling(videos: Sequence[VideoFeatures], settings: SpottingSettings) -> Scores:
    """Score the decoder on perfect probabilities of labelled videos, as the settings say.

    Raises
    ------
    InputError
        If there is no video.
    """
    if not videos:
        raise InputError("no videos", expected="at least one labelled video")
    spotted, events = [], []
    for video in videos:
        table = perfect_probabilities(video.expressions, len(video.flow))
        spotted.append(spot_video(table, settings, video=video.video))
        events += [(video.video, e.label, e.onset, e.offset) for e in video.expressions]
    return score(
        pd.concat(spotted),
        pd.DataFrame(events, columns=["video", "class", "onset", "offset"]),
        iou=settings.match_iou,
        inclusive=settings.inclusive,
        matching=settings.matching,
        rows=settings.rows,
        videos=[video.video for video in videos],
    )


def within_reach(
    length: NDArray[np.int64], apex: NDArray[np.int64], *, near: int, far: int, iou: float
) -> NDArray[np.bool_]:
    """Whether some interval that the decoder may give for the true apex would hit an expression.

    It may put the onset `near` to `far` frames before the apex and the offset as far after it. The best choice of
    each is the allowed frame nearest to the true one.

    Parameters
    ----------
    length, apex : ndarray of int64, same shape
        Frames of the expression, and its apex counted from its onset.
    near, far : int
        Frames.
    iou : float
        Least IoU of a hit.
    """
    onset, offset = np.clip(0, apex - far, apex - near), np.clip(length - 1, apex + near, apex + far)
    intersection = np.minimum(offset, length - 1) - np.maximum(onset, 0) + 1
    union = np.maximum(offset, length - 1) - np.minimum(onset, 0) + 1
    return at_least(intersection.clip(0), union, iou)


def share_within_reach(
    figures: Mapping[str, Any], fps: float, *, near: int, far: int, iou: float, grid: int = 400
) -> float:
    """Share of a data set's expressions that the decoder's spans leave within reach.

    Parameters
    ----------
    figures : mapping
        Of one class, as `datasets.statistics` gives them: ``duration_quantiles`` (seconds by percent) and ``apex``
        (parameters of the Beta law of its position). Between quantiles durations are interpolated; duration and
        position are taken as independent.
    fps : float
        Frames a second at which videos are worked on.
    near, far, iou
        As in `within_reach`.
    grid : int
        Steps of the numerical integration in each direction.
    """
    from scipy import stats  # here and below, because it is slow to load and seldom needed

    middle = (np.arange(grid) + 0.5) / grid
    percent, seconds = zip(*((float(p), s) for p, s in figures["duration_quantiles"].items()), strict=True)
    length = np.maximum(np.rint(np.interp(100 * middle, percent, seconds) * fps), 1).astype(np.int64)[:, None]
    apex = np.rint(stats.beta.ppf(middle, *figures["apex"]) * (length - 1)).astype(np.int64)
    return float(within_reach(np.broadcast_to(length, apex.shape), apex, near=near, far=far, iou=iou).mean())


def share_within_cap(videos_by_events: Mapping[str, int], top: int | None, reached: float = 1.0) -> float:
    """Share of the expressions that can be spotted if each is within reach with a probability and a cap holds.

    Parameters
    ----------
    videos_by_events : mapping
        Number of videos by number of events in them.
    top : int or None
        Most spotted intervals a video; None for no cap.
    reached : float
        Probability that an expression is within reach, for each alone.
    """
    from scipy import stats

    count = {int(events): videos for events, videos in videos_by_events.items()}
    total = sum(events * videos for events, videos in count.items())
    spotted = 0.0
    for events, videos in count.items():
        hits = np.arange(events + 1)
        share = stats.binom.pmf(hits, events, reached)
        spotted += videos * float(share @ (hits if top is None else np.minimum(hits, top)))
    return spotted / total


def real_ceilings(statistics: Mapping[str, Mapping[str, Any]], settings: SpottingSettings) -> pd.DataFrame:
    """Upper bounds for real data sets, from their public annotation statistics.

    Parameters
    ----------
    statistics : mapping
        By the name to print: figures of a data set, as `datasets.statistics` gives them.
    settings : SpottingSettings
        Spans, cap and least IoU.

    Returns
    -------
    DataFrame
        One row for each data set and class, and one for both: ``data set``, ``class``, ``events``, ``beyond the
        spans`` and ``beyond the cap`` (shares of the events, each alone), ``best recall`` and ``best F1`` with
        both, if nothing spotted were wrong.
    """
    spans = ((settings.me_near, settings.me_far), (settings.mae_near, settings.mae_far))
    rows: list[tuple[Any, ...]] = []
    for name, figures in statistics.items():
        lost = np.zeros(4)  # events; events beyond spans, beyond the cap, that can be spotted
        for label, shown, (near, far) in zip(CLASSES, ("ME", "MaE"), spans, strict=True):
            own = figures[label]
            reached = share_within_reach(own, figures["fps"], near=near, far=far, iou=settings.match_iou)
            by_events = own["events_per_video"]
            events = sum(int(n) * videos for n, videos in by_events.items())
            capped = 1 - share_within_cap(by_events, settings.top)
            recall = share_within_cap(by_events, settings.top, reached)
            lost += np.array([1, 1 - reached, capped, recall]) * events
            rows.append((name, shown, events, 1 - reached, capped, recall, 2 * recall / (1 + recall)))
        events, beyond, capped, spotted = lost.tolist()
        recall = spotted / events
        both = (beyond / events, capped / events, recall, 2 * recall / (1 + recall))
        rows.append((name, "both", int(events), *both))
    columns = ["data set", "class", "events", "beyond the spans", "beyond the cap", "best recall", "best F1"]
    return pd.DataFrame(rows, columns=columns)
