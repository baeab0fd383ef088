"""Which rows of predictions and annotations are scored at all, decided video by video."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Intervals = NDArray[np.int64]  # (P, 2): onset and offset

#: Spotted and true intervals of a video in, by class in the order of `timeline.CLASSES`; those scored out.
RowPolicy = Callable[
    [Sequence[Intervals], Sequence[Intervals]], tuple[Sequence[Intervals], Sequence[Intervals]]
]


def keep_all(
    found: Sequence[Intervals], true: Sequence[Intervals]
) -> tuple[Sequence[Intervals], Sequence[Intervals]]:
    """Score every row. What is spotted in a video without expressions is a false alarm."""
    return found, true


def drop_onset_0(
    found: Sequence[Intervals], true: Sequence[Intervals]
) -> tuple[Sequence[Intervals], Sequence[Intervals]]:
    """Leave out true expressions that begin with the video, as public code does that reads onset 0 as missing.

    They can no longer be missed; a prediction there is a false alarm.
    """
    return found, [events[events[:, 0] > 0] for events in true]


def only_videos_with_the_class(
    found: Sequence[Intervals], true: Sequence[Intervals]
) -> tuple[Sequence[Intervals], Sequence[Intervals]]:
    """Leave out what was spotted of a class in videos that hold no true expression of that class.

    Who uses the method does not know which videos those are.
    """
    return [
        spotted[: len(spotted) * (len(events) > 0)] for spotted, events in zip(found, true, strict=True)
    ], true


#: Row policies by name.
ROWS: dict[str, RowPolicy] = {
    "keep-all": keep_all,
    "drop-onset-0": drop_onset_0,
    "only-videos-with-the-class": only_videos_with_the_class,
}
