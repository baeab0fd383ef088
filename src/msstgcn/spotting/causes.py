"""What false alarms are: what happened in a synthetic video where something was spotted that is no hit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.datasets import SyntheticVideo
from msstgcn.spotting.outcomes import outcomes
from msstgcn.timeline import CLASSES, overlaps

#: What a spotted interval that is no hit can come from.
CAUSES: dict[str, str] = {
    "same expression again": "a second interval on an expression that was hit",
    "ends off": "overlaps an expression of its class, too little for a hit",
    "other class": "lies on an expression of the other class",
    "blink": "lies on a blink",
    "jerk": "lies on a jerk of the head",
    "speech": "lies on speech",
    "swallow": "lies on swallowing",
    "twitch": "lies on a movement too faint for a label",
    "nothing known": "lies on none of these: drift of the head, gaze, light, noise",
}
#: Columns of `cause_table`.
CAUSE_COLUMNS: tuple[str, ...] = ("class", "cause", "number", "by chance")
_OF_ITS_CLASS = {"duplicate": "same expression again", "near miss": "ends off"}
_NOTHING, _UNKNOWN = "nothing known", float("nan")
#: Share of the shorter of two intervals that must overlap for the one to lie on the other.
_ON = 0.5

Ends = NDArray[np.int64]


def cause_table(
    videos: Iterable[SyntheticVideo], found: pd.DataFrame, *, iou: float = 0.5, inclusive: bool = True
) -> pd.DataFrame:
    """Count what the spotted intervals that are no hits come from.

    One that overlaps no expression of its class is put down to what it lies on: to that of all disturbances and
    expressions of the other class that share half of the shorter one's frames with it whose IoU with it is the
    largest. Blinks and twitches are everywhere; so beside each number stands how many there would be if the same
    intervals lay anywhere in their videos, each place as likely.

    Parameters
    ----------
    videos : iterable of SyntheticVideo
        They know what happened.
    found : DataFrame
        Columns ``video, class, onset, offset``; rows of other videos are left out.
    iou : float
        Least IoU of a hit.
    inclusive : bool, default True
        Whether a length counts both end frames when it is decided what is a hit.

    Returns
    -------
    DataFrame
        Columns `CAUSE_COLUMNS`; for each class a row for each of `CAUSES`. ``by chance`` is NaN for causes that
        follow from the expressions of the same class.
    """
    known = {video.name: video for video in videos}
    truth = [
        (video.name, event.label, event.onset, event.offset)
        for video in known.values()
        for event in video.expressions
    ]
    columns = ["video", "class", "onset", "offset"]
    spotted, _ = outcomes(
        found.loc[found["video"].isin(list(known)), columns],
        pd.DataFrame(truth, columns=columns),
        iou=iou,
        inclusive=inclusive,
    )
    number: Counter[tuple[str, str]] = Counter()
    chance: dict[tuple[str, str], float] = defaultdict(float)
    for name, label, onset, offset, outcome in spotted[[*columns, "outcome"]].itertuples(index=False):
        if outcome in _OF_ITS_CLASS:
            number[label, _OF_ITS_CLASS[outcome]] += 1
        if outcome not in ("nothing there", "other class"):
            continue
        kinds, things = _happenings(known[name], label)
        here = lies_on(np.array([[onset, offset]]), things, kinds)[0]
        number[label, here if outcome == "nothing there" else "other class"] += 1
        start = np.arange(max(1, len(known[name]) - (offset - onset)))
        anywhere = lies_on(np.stack([start, start + offset - onset], 1), things, kinds)
        for cause, times in Counter(anywhere).items():
            chance[label, cause] += times / len(start)
    rows = [
        (
            label,
            cause,
            number[label, cause],
            _UNKNOWN if cause in _OF_ITS_CLASS.values() else chance[label, cause],
        )
        for label in CLASSES
        for cause in CAUSES
    ]
    return pd.DataFrame(rows, columns=list(CAUSE_COLUMNS))


def _happenings(video: SyntheticVideo, label: str) -> tuple[list[str], Ends]:
    """What an interval of a class can lie on without being near a hit: kinds, and first and last frames (M, 2)."""
    found = [(n.kind, n.onset, n.offset) for n in video.nuisances]
    found += [("other class", e.onset, e.offset) for e in video.expressions if e.label != label]
    ends = np.array([one[1:] for one in found], np.int64).reshape(-1, 2)
    return [one[0] for one in found], ends


def lies_on(ends: Ends, things: Ends, kinds: Sequence[str]) -> list[str]:
    """What each interval lies on, see `cause_table`.

    Parameters
    ----------
    ends : ndarray of int64, shape (N, 2)
        First and last frames of intervals.
    things : ndarray of int64, shape (M, 2)
        The same of what happened.
    kinds : sequence of str, length M
        What it was.

    Returns
    -------
    list of str, length N
        A kind, or ``nothing known``.
    """
    if not len(things):
        return [_NOTHING] * len(ends)
    size, union = overlaps(ends, things)
    lengths, others = ends[:, 1] - ends[:, 0] + 1, things[:, 1] - things[:, 0] + 1
    on = size >= _ON * np.minimum(lengths[:, None], others[None, :])
    share = np.where(on, size / union, 0.0)
    best = share.argmax(1)
    return [kinds[thing] if share[row, thing] > 0 else _NOTHING for row, thing in enumerate(best.tolist())]
