"""The stages after training: what was spotted, and what that is worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from msstgcn import learning, spotting
from msstgcn.runner.feature_stages import dataset
from msstgcn.settings import Profile
from msstgcn.timeline import write_csv


def watched(
    run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None
) -> spotting.Watched:
    """What a run, and its inner folds if given, said of videos while training went on."""
    subjects = {video.name: video.subject for video in dataset(chosen).videos}
    epochs, looks = run.watched
    final = run.probabilities  # not rounded as the looks are
    tables = {v: np.concatenate([looks[v][:-1], final[v][None]], dtype=np.float32) for v in sorted(final)}
    others: dict[str, Mapping[str, Any]] = {}
    if inner:
        for group in inner.groups:
            others |= dict.fromkeys(group, inner.watched(group[0])[1])
    return spotting.Watched(epochs.tolist(), tables, subjects, others)


def predictions(
    run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None
) -> pd.DataFrame:
    """What a run spotted in all videos, each judged by the network that never saw its subject.

    Epoch and thresholds are those of the selection protocol that the settings name; ``inner-fold`` asks for the
    inner folds.

    Returns
    -------
    DataFrame
        Columns ``video, class, onset, apex, offset, score``.
    """
    seen = watched(run, chosen, inner)
    return spotting.spot(seen, spotting.choose(seen, truth(chosen), chosen.spotting), chosen.spotting)


def truth(chosen: Profile) -> pd.DataFrame:
    """The labels of a profile's videos.

    Returns
    -------
    DataFrame
        Columns ``video, subject, class, onset, apex, offset, action_units``, in the data set's order; units joined
        by ``+``.
    """
    rows = [
        (video.name, video.subject, e.label, e.onset, e.apex, e.offset, "+".join(e.action_units))
        for video in dataset(chosen).videos
        for e in video.expressions
    ]
    columns = ["video", "subject", "class", "onset", "apex", "offset", "action_units"]
    return pd.DataFrame(rows, columns=columns)


def scores(run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None) -> spotting.Scores:
    """The score of a run, as the settings say, over all of a profile's videos, those without any expression too."""
    return score(predictions(run, chosen, inner), chosen)


def score(found: pd.DataFrame, chosen: Profile) -> spotting.Scores:
    """The score of spotted intervals, as the settings say, over all of a profile's videos."""
    how = chosen.spotting
    return spotting.score(
        found, truth(chosen), videos=[v.name for v in dataset(chosen).videos],
        iou=how.match_iou, inclusive=how.inclusive, matching=how.matching, rows=how.rows,
    )  # fmt: skip


def results_to(
    run: learning.LosoRun, chosen: Profile, out: Path, inner: learning.InnerRun | None = None
) -> list[Path]:
    """Write what a run spotted, the labels and the list of videos as CSV files that `msstgcn score` reads."""
    videos = [(video.name, video.subject) for video in dataset(chosen).videos]
    tables = {
        "predictions.csv": predictions(run, chosen, inner),
        "truth.csv": truth(chosen),
        "videos.csv": pd.DataFrame(videos, columns=["video", "subject"]),
    }
    return [write_csv(table, out / name) for name, table in tables.items()]
