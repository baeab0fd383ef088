"""Experiments as data, what came out of them, and what others have published."""

from msstgcn.studies.answers import (
    METRICS,
    agreement,
    answer,
    broken,
    compared,
    in_a_class,
    pairs_told,
    remarks,
    resolved,
    told_apart,
)
from msstgcn.studies.expectation import foreseen_told
from msstgcn.studies.methods import METHODS, WITHOUT_MOTION, Method
from msstgcn.studies.outcome import (
    COST_COLUMNS,
    COUNT_COLUMNS,
    EVENT_COLUMNS,
    FOUND_COLUMNS,
    StudyResult,
    pair_table,
    study_table,
)
from msstgcn.studies.paired import Difference, paired_difference
from msstgcn.studies.protocols import (
    BASE,
    PROTOCOLS,
    Protocol,
    epoch_verdict,
    inflation,
    protocol_table,
    verdict,
)
from msstgcn.studies.published import published
from msstgcn.studies.recall import RECALL_COLUMNS, recall_table
from msstgcn.studies.registry import STUDIES, study
from msstgcn.studies.study import CONTROL, METHOD, SIZES, Study
from msstgcn.studies.wording import (
    capital,
    joined,
    names_of,
    points,
    points_between,
    points_told,
    probability,
    quoted,
)

__all__ = [
    "BASE",
    "CONTROL",
    "COST_COLUMNS",
    "COUNT_COLUMNS",
    "EVENT_COLUMNS",
    "FOUND_COLUMNS",
    "METHOD",
    "METHODS",
    "METRICS",
    "PROTOCOLS",
    "RECALL_COLUMNS",
    "SIZES",
    "STUDIES",
    "WITHOUT_MOTION",
    "Difference",
    "Method",
    "Protocol",
    "Study",
    "StudyResult",
    "agreement",
    "answer",
    "broken",
    "capital",
    "compared",
    "epoch_verdict",
    "foreseen_told",
    "in_a_class",
    "inflation",
    "joined",
    "names_of",
    "pair_table",
    "paired_difference",
    "pairs_told",
    "points",
    "points_between",
    "points_told",
    "probability",
    "protocol_table",
    "published",
    "quoted",
    "recall_table",
    "remarks",
    "resolved",
    "study",
    "study_table",
    "told_apart",
    "verdict",
]
