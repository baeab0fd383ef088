"""From frame probabilities to intervals, and how good they are."""

from msstgcn.spotting.decoding import SPOTTED_COLUMNS, candidates, spot_video, suppress
from msstgcn.spotting.matching import match
from msstgcn.spotting.scoring import Counts, Scores, score
from msstgcn.spotting.uncertainty import (
    Estimate,
    bootstrap_difference,
    bootstrap_f1,
    results_table,
    subject_counts,
)

__all__ = [
    "SPOTTED_COLUMNS",
    "Counts",
    "Estimate",
    "Scores",
    "bootstrap_difference",
    "bootstrap_f1",
    "candidates",
    "match",
    "results_table",
    "score",
    "spot_video",
    "subject_counts",
    "suppress",
]
