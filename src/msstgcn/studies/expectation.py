"""What became of what a study expected, in a sentence that is made by a rule.

Only differences of F1 are judged, and only those that are told apart count against an expectation or for it.
"""

from __future__ import annotations

import pandas as pd

from msstgcn.studies.answers import METRICS, told_apart
from msstgcn.studies.study import Foreseen, Study
from msstgcn.studies.wording import are, names_of


def foreseen_told(study: Study, table: pd.DataFrame) -> str:
    """Hold a study's table against what was foreseen.

    Parameters
    ----------
    study : Study
    table : DataFrame
        As `study_table` gives it.

    Returns
    -------
    str
        Which variants stand to the base as was foreseen, which the other way, and of which it was not seen; empty where
        nothing was foreseen of the variants that were run, or nothing can be told apart for want of trainings.
    """
    told = []
    for metric, kinds in study.foreseen.items():
        rows = table[table["class"] == metric]
        rows = rows[~rows["few trainings"]]
        said = [
            one for kind, names in kinds.items() for one in _judged(kind, rows[rows["variant"].isin(names)])
        ]
        if said:
            told.append(f"{METRICS[metric]}: {'; '.join(said)}.")
    return f"Held against what was expected, in {' In '.join(told)}" if told else ""


def _judged(kind: Foreseen, rows: pd.DataFrame) -> list[str]:
    """What became of variants of which the same was foreseen, a part of a sentence for each outcome."""
    apart = told_apart(rows)
    up, unseen = rows["difference"] > 0, rows[~apart]
    parts = []
    for word, own in (("better", rows[apart & up]), ("worse", rows[apart & ~up])):
        verdict = "as expected" if word == kind else "which was not expected"
        parts += [f"{names_of(own)} {are(own)} {word}, {verdict}"] if len(own) else []
    if len(unseen):
        verdict = "as expected" if kind == "alike" else f"though expected to be {kind}"
        parts.append(f"{names_of(unseen)} {are(unseen)} not told apart, {verdict}")
    return parts
