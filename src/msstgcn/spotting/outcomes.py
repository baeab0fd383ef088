"""What became of each spotted and of each true interval: more than hit or not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.spotting.matching import match
from msstgcn.spotting.overlap import at_least
from msstgcn.spotting.scoring import events_checked
from msstgcn.timeline import CLASSES, overlaps

#: What a spotted interval can turn out to be, from best to worst.
OUTCOMES: dict[str, str] = {
    "hit": "paired with a true interval of its class",
    "duplicate": "overlaps a true interval of its class enough, but another one was paired with it",
    "other class": "overlaps a true interval of the other class enough, none of its own",
    "near miss": "overlaps a true interval of its class, too little",
    "nothing there": "overlaps no true interval of its class",
}
#: What can become of a true interval.
FATES: dict[str, str] = {
    "hit": "paired with a spotted interval of its class",
    "other class": "overlapped enough by an interval spotted as the other class, by none of its own",
    "near miss": "overlapped by a spotted interval of its class, too little or needed for another",
    "nothing spotted": "overlapped by no spotted interval of its class",
}


def outcomes(
    predictions: pd.DataFrame, truth: pd.DataFrame, *, iou: float = 0.5, inclusive: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say of each spotted and of each true interval what became of it.

    Pairs are those of the challenge, see `match`.

    Parameters
    ----------
    predictions, truth : DataFrame
        Columns ``video, class, onset, offset``; others are ignored.
    iou : float, default 0.5
        Least IoU of a hit.
    inclusive : bool, default True
        Whether a length counts both end frames, see `overlaps`.

    Returns
    -------
    spotted : DataFrame
        The predictions, sorted by video, class, onset, offset, with the columns ``outcome`` (a name in `OUTCOMES`),
        ``onset_error`` and ``offset_error``: frames by which a hit is late (early if negative), else NaN.
    events : DataFrame
        The true intervals, sorted likewise, with the column ``outcome`` (a name in `FATES`).
    """
    columns = ["video", "class", "onset", "offset"]
    spotted = events_checked(predictions, "predictions").sort_values(columns, ignore_index=True)
    events = events_checked(truth, "truth").sort_values(columns, ignore_index=True)
    of_spotted = np.full(len(spotted), "nothing there", dtype=object)
    of_event = np.full(len(events), "nothing spotted", dtype=object)
    errors = np.full((len(spotted), 2), np.nan)
    found, there = _places(spotted), _places(events)
    nothing = np.zeros(0, np.int64)
    for video in sorted({video for video, _ in (*found, *there)}):
        for label, other in zip(CLASSES, CLASSES[::-1], strict=True):
            mine, own = found.get((video, label), nothing), there.get((video, label), nothing)
            ends, true = _ends(spotted, mine), _ends(events, own)
            size, union = overlaps(ends, true, inclusive=inclusive)
            enough = at_least(size, union, iou)
            of_spotted[mine[(size > 0).any(1)]] = "near miss"
            of_event[own[(size > 0).any(0)]] = "near miss"
            others = _ends(events, there.get((video, other), nothing))
            wrong = at_least(*overlaps(ends, others, inclusive=inclusive), iou)
            of_spotted[mine[wrong.any(1)]] = "other class"
            others = _ends(spotted, found.get((video, other), nothing))
            wrong = at_least(*overlaps(others, true, inclusive=inclusive), iou)
            of_event[own[wrong.any(0)]] = "other class"
            of_spotted[mine[enough.any(1)]] = "duplicate"
            of_event[own[enough.any(0)]] = "near miss"  # enough, but the interval was needed elsewhere
            pairs = match(ends, true, iou=iou, inclusive=inclusive)
            hit, target = mine[pairs[:, 0]], own[pairs[:, 1]]
            of_spotted[hit], of_event[target] = "hit", "hit"
            errors[hit] = _ends(spotted, hit) - _ends(events, target)
    spotted = spotted.assign(outcome=of_spotted, onset_error=errors[:, 0], offset_error=errors[:, 1])
    return spotted, events.assign(outcome=of_event)


def _places(table: pd.DataFrame) -> dict[tuple[str, str], NDArray[np.int64]]:
    """Rows of each video and class."""
    places: dict[tuple[str, str], list[int]] = {}
    for row, (video, label) in enumerate(zip(table["video"], table["class"], strict=True)):
        places.setdefault((video, label), []).append(row)
    return {place: np.array(rows, np.int64) for place, rows in places.items()}


def _ends(table: pd.DataFrame, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return table[["onset", "offset"]].to_numpy(np.int64)[rows]


def outcome_table(spotted: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Count the results of `outcomes`: one row for what was spotted and for what was there, of each class.

    Returns
    -------
    DataFrame
        Columns ``of`` (``spotted ME``, ``true ME``, ...), ``all``, then a column for each name in `OUTCOMES` and
        `FATES`: whole numbers, missing where the name does not apply.
    """
    names = list(dict.fromkeys((*OUTCOMES, *FATES)))
    rows = []
    for label, name in zip(CLASSES, ("ME", "MaE"), strict=True):
        for kind, table, known in (("spotted", spotted, OUTCOMES), ("true", events, FATES)):
            own = table.loc[table["class"] == label, "outcome"]
            counts = [int((own == one).sum()) if one in known else pd.NA for one in names]
            rows.append((f"{kind} {name}", len(own), *counts))
    table = pd.DataFrame(rows, columns=["of", "all", *names])
    return table.astype({name: "Int64" for name in names})


def boundary_table(spotted: pd.DataFrame) -> pd.DataFrame:
    """Onset and offset errors of the hits, in frames.

    Parameters
    ----------
    spotted : DataFrame
        As `outcomes` gives it.

    Returns
    -------
    DataFrame
        Columns ``class``, ``hits``, then for onset and offset the ``median`` of the error (late if positive), its
        ``middle half`` from lower to upper quartile, and the ``median size``, the sign left out. NaN without hits.
    """
    rows = []
    for label, name in zip(CLASSES, ("ME", "MaE"), strict=True):
        hits = spotted[(spotted["class"] == label) & (spotted["outcome"] == "hit")]
        row: dict[str, object] = {"class": name, "hits": len(hits)}
        for end in ("onset", "offset"):
            error = hits[f"{end}_error"]
            low, middle, high = error.quantile([0.25, 0.5, 0.75])
            row[f"{end}: median"] = middle
            row[f"{end}: middle half"] = f"{low:.1f} to {high:.1f}" if len(hits) else "–"
            row[f"{end}: median size"] = error.abs().median()
        rows.append(row)
    return pd.DataFrame(rows)


def average_precision(score: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall steps: sum over distinct scores of (gain in recall) x (precision there).

    Parameters
    ----------
    score : ndarray of float, shape (N,)
        Larger means more likely. Equal scores count together, so their order does not matter.
    positive : ndarray of bool, shape (N,)
        What should have scored high.

    Returns
    -------
    float
        From 0 to 1; what chance gives is the share of positives. NaN without positives.
    """
    total = int(positive.sum())
    if not total:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # of each run of equal scores
    found = np.cumsum(positive[order])[last]
    gain = np.diff(found, prepend=0) / total
    return float((gain * found / (last + 1)).sum())


def frame_table(
    probabilities: Mapping[str, NDArray[np.floating]],
    truth: pd.DataFrame,
    *,
    tolerance: tuple[int, int] = (1, 3),
) -> pd.DataFrame:
    """Average precision frame by frame, before any decoding: how well the curves alone tell frames apart.

    Two questions for each class: is this frame inside an expression (by its action probability), and is it an
    apex (by its apex probability)? All frames of all videos are pooled; a frame without a usable face scores 0.

    Parameters
    ----------
    probabilities : mapping of str to ndarray, shape (T, 10)
        By video, as in `spot_video`.
    truth : DataFrame
        Columns ``video, class, onset, offset``, and ``apex`` for the second question.
    tolerance : tuple of int
        A frame counts as an apex if it is no farther than this from one, in frames, for ME and MaE; the default is
        the width of the training targets.

    Returns
    -------
    DataFrame
        Columns ``class``, ``frames in expressions`` (share), ``action AP``, ``frames at apexes`` (share), ``apex
        AP``. The shares are what chance would reach.

    Raises
    ------
    InputError
        If there is no frame.
    """
    if not sum(map(len, probabilities.values())):
        raise InputError("no frames", expected="the probabilities of at least one video")
    rows = []
    for number, (label, name) in enumerate(zip(CLASSES, ("ME", "MaE"), strict=True)):
        own = truth[truth["class"] == label]
        inside, near, action, apex = [], [], [], []
        for video, table in sorted(probabilities.items()):
            frame = np.arange(len(table))[:, None]
            events = own[own["video"] == video]
            onset, offset = events["onset"].to_numpy(np.int64), events["offset"].to_numpy(np.int64)
            inside.append(((frame >= onset) & (frame <= offset)).any(1))
            near.append((np.abs(frame - events["apex"].to_numpy(np.int64)) <= tolerance[number]).any(1))
            action.append(table[:, 8 + number])
            apex.append(table[:, 6 + number])
        is_in, is_apex = np.concatenate(inside), np.concatenate(near)
        rows.append(
            (
                name,
                float(is_in.mean()),
                average_precision(np.concatenate(action), is_in),
                float(is_apex.mean()),
                average_precision(np.concatenate(apex), is_apex),
            )
        )
    columns = ["class", "frames in expressions", "action AP", "frames at apexes", "apex AP"]
    return pd.DataFrame(rows, columns=columns)
