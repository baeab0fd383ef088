"""How results look: one figure style, one table writer, films, numbers for the prose."""

from msstgcn.counted import counted
from msstgcn.report.clip import Clip, clip
from msstgcn.report.numbers import glue, interval
from msstgcn.report.outcomes import (
    TERMINAL,
    difference_text,
    outcome_shown,
    outcome_text,
    outcomes,
    recall_text,
)
from msstgcn.report.studies import cost_accuracy, forest, recall_sweep, study_figure, sweep
from msstgcn.report.style import COLOURS, colour, use_style
from msstgcn.report.tables import table

__all__ = [
    "COLOURS",
    "TERMINAL",
    "Clip",
    "clip",
    "colour",
    "cost_accuracy",
    "counted",
    "difference_text",
    "forest",
    "glue",
    "interval",
    "outcome_shown",
    "outcome_text",
    "outcomes",
    "recall_sweep",
    "recall_text",
    "study_figure",
    "sweep",
    "table",
    "use_style",
]
