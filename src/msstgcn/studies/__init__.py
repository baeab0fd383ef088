"""Experiments as data, what came out of them, and what others have published."""

from msstgcn.studies.answers import METRICS, answer, told_apart
from msstgcn.studies.methods import METHODS, Method
from msstgcn.studies.outcome import COUNT_COLUMNS, study_table
from msstgcn.studies.protocols import (
    BASE,
    PROTOCOLS,
    Variant,
    epoch_verdict,
    inflation,
    protocol_table,
    verdict,
)
from msstgcn.studies.published import published
from msstgcn.studies.study import CONTROL, STUDIES, Study, study

__all__ = [
    "BASE",
    "CONTROL",
    "COUNT_COLUMNS",
    "METHODS",
    "METRICS",
    "PROTOCOLS",
    "STUDIES",
    "Method",
    "Study",
    "Variant",
    "answer",
    "epoch_verdict",
    "inflation",
    "protocol_table",
    "published",
    "study",
    "study_table",
    "told_apart",
    "verdict",
]
