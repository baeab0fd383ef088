"""Experiments as data, what came out of them, and what others have published."""

from msstgcn.studies.outcome import COUNT_COLUMNS, outcome_table
from msstgcn.studies.published import published
from msstgcn.studies.study import CONTROL, STUDIES, Study, study

__all__ = ["CONTROL", "COUNT_COLUMNS", "STUDIES", "Study", "outcome_table", "published", "study"]
