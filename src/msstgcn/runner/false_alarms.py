"""What the false alarms of a study lie on, in synthetic videos: their scripts know all that happened."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from msstgcn import spotting
from msstgcn.datasets import SyntheticVideo
from msstgcn.runner import feature_stages
from msstgcn.runner.study_parts import Part, parts_of
from msstgcn.runner.study_records import study_record
from msstgcn.studies import StudyResult

#: Columns of a table of causes.
COLUMNS = ("variant", *spotting.CAUSE_COLUMNS)


def causes_of(result: StudyResult, parts: Sequence[Part]) -> pd.DataFrame:
    """Count what the false alarms of every variant lie on, added over the seeds; paired one to one, in all videos.

    Parameters
    ----------
    result : StudyResult
        With what was spotted.
    parts : sequence of Part
        Its variants, for their videos.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, see `spotting.cause_table`.
    """
    counted = []
    for part in parts:
        all_videos = feature_stages.dataset(part.chosen).videos
        videos = [video for video in all_videos if isinstance(video, SyntheticVideo)]
        own, how = result.found[result.found["variant"] == part.name], part.chosen.spotting
        by_seed = [
            spotting.cause_table(videos, own[own["seed"] == seed], iou=how.match_iou, inclusive=how.inclusive)
            for seed in result.counts["seed"].unique()
        ]
        added = pd.concat(by_seed).groupby(["class", "cause"], sort=False, as_index=False).sum(min_count=1)
        counted.append(added.assign(variant=part.name))
    return pd.concat(counted, ignore_index=True)[list(COLUMNS)]


def causes_shown(result: StudyResult, profile: str, *, seed: int) -> tuple[str, pd.DataFrame]:
    """`causes_of` a study: of the run of record where that holds them, else of the reader's run, and which it is.

    Parameters
    ----------
    result : StudyResult
        The reader's run, in that profile and with that seed.
    profile : str
    seed : int
    """
    kept = study_record(result.study.name)
    if kept is not None and kept.causes is not None:
        return "of record", kept.causes.copy()  # the record is read once for all
    return "this run", causes_of(result, parts_of(result.study, profile, seed=seed))
