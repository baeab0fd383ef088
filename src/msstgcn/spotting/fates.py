"""Every labelled expression: whether it was found, how far off, and whether it could be seen at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from msstgcn.datasets import Video
from msstgcn.spotting.matching import match

#: Columns of `fate_table`.
FATE_COLUMNS: tuple[str, ...] = (
    "video", "subject", "class", "onset", "apex", "offset", "eye_only", "hit", "onset_error", "offset_error",
)  # fmt: skip
#: Action units that move the eyelids alone: raiser (5), tightener (7), closure (43) and blink (45) of Ekman, Friesen
#: and Hager's Facial Action Coding System (2002). Ten regions on brows and mouth hardly see them.
EYE_UNITS = frozenset({"5", "7", "43", "45"})


def is_eye_only(action_units: Sequence[str]) -> bool:
    """Whether an expression moves nothing but eyelids; one without known action units does not count as such."""
    return bool(action_units) and {unit.lstrip("LR") for unit in action_units} <= EYE_UNITS


def fate_table(
    videos: Iterable[Video], found: pd.DataFrame, *, iou: float = 0.5, inclusive: bool = True
) -> pd.DataFrame:
    """Every labelled expression of some videos, and whether it was found.

    Parameters
    ----------
    videos : iterable of Video
    found : DataFrame
        Columns ``video, class, onset, offset``.
    iou, inclusive
        What makes a hit, see `spotting.match`.

    Returns
    -------
    DataFrame
        Columns `FATE_COLUMNS`; videos in their order, within them by class.
    """
    spotted = {
        place: own[["onset", "offset"]].to_numpy(np.int64)
        for place, own in found.groupby(["video", "class"], sort=False)
    }
    rows: list[tuple[object, ...]] = []
    for video in videos:
        for label in sorted({event.label for event in video.expressions}):
            events = [event for event in video.expressions if event.label == label]
            mine = spotted.get((video.name, label), np.zeros((0, 2), np.int64))
            true = np.array([(event.onset, event.offset) for event in events])
            pairs = match(mine, true, iou=iou, inclusive=inclusive)
            errors = {int(own): mine[hit] - true[own] for hit, own in pairs}
            nothing = np.full(2, np.nan)
            rows += [
                (
                    video.name, video.subject, label, event.onset, event.apex, event.offset,
                    is_eye_only(event.action_units), number in errors, *map(float, errors.get(number, nothing)),
                )
                for number, event in enumerate(events)
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(FATE_COLUMNS))
