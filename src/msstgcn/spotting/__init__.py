"""From frame probabilities to intervals, and how good they are."""

from msstgcn.spotting.comparing import Comparison, compare, holm, resolvable, swap_test
from msstgcn.spotting.decoding import SPOTTED_COLUMNS, candidates, spot_video, suppress
from msstgcn.spotting.matching import MATCHINGS, match
from msstgcn.spotting.rows import ROWS
from msstgcn.spotting.scoring import Counts, Scores, f1_of, score
from msstgcn.spotting.selection import (
    SELECTIONS,
    Choice,
    Evidence,
    Watched,
    choose,
    gather_evidence,
    is_oracle,
    spot,
)
from msstgcn.spotting.uncertainty import (
    Estimate,
    bootstrap_difference,
    bootstrap_f1,
    results_table,
    subject_counts,
)

__all__ = [
    "MATCHINGS",
    "ROWS",
    "SELECTIONS",
    "SPOTTED_COLUMNS",
    "Choice",
    "Comparison",
    "Counts",
    "Estimate",
    "Evidence",
    "Scores",
    "Watched",
    "bootstrap_difference",
    "bootstrap_f1",
    "candidates",
    "choose",
    "compare",
    "f1_of",
    "gather_evidence",
    "holm",
    "is_oracle",
    "match",
    "resolvable",
    "results_table",
    "score",
    "spot",
    "spot_video",
    "subject_counts",
    "suppress",
    "swap_test",
]
