"""From frame probabilities to intervals, and how good they are."""

from msstgcn.holm import holm
from msstgcn.spotting.causes import CAUSE_COLUMNS, CAUSES, cause_table
from msstgcn.spotting.ceilings import decoder_ceiling, perfect_probabilities, real_ceilings
from msstgcn.spotting.comparing import Comparison, compare, resolvable, swap_test
from msstgcn.spotting.decoding import SPOTTED_COLUMNS, candidates, spot_video, suppress
from msstgcn.spotting.fates import EYE_UNITS, FATE_COLUMNS, fate_table, is_eye_only
from msstgcn.spotting.matching import MATCHINGS, match
from msstgcn.spotting.outcomes import (
    FATES,
    OUTCOMES,
    average_precision,
    boundary_table,
    frame_table,
    outcome_table,
    outcomes,
)
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
    "CAUSES",
    "CAUSE_COLUMNS",
    "EYE_UNITS",
    "FATES",
    "FATE_COLUMNS",
    "MATCHINGS",
    "OUTCOMES",
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
    "average_precision",
    "bootstrap_difference",
    "bootstrap_f1",
    "boundary_table",
    "candidates",
    "cause_table",
    "choose",
    "compare",
    "decoder_ceiling",
    "f1_of",
    "fate_table",
    "frame_table",
    "gather_evidence",
    "holm",
    "is_eye_only",
    "is_oracle",
    "match",
    "outcome_table",
    "outcomes",
    "perfect_probabilities",
    "real_ceilings",
    "resolvable",
    "results_table",
    "score",
    "spot",
    "spot_video",
    "subject_counts",
    "suppress",
    "swap_test",
]
