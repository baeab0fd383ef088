"""What a command gives of a study's result: text for a terminal, JSON for programs, files for elsewhere."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from msstgcn import report
from msstgcn.files import written_whole
from msstgcn.report import TERMINAL, outcome_text, recall_text
from msstgcn.studies import StudyResult, answer, recall_table, remarks
from msstgcn.studies.answers import NOTHING_RESOLVED

if TYPE_CHECKING:
    import pandas as pd


def as_text(result: StudyResult, table: pd.DataFrame) -> str:
    """A study's result for a terminal: the question, the table, what was found of which expressions, the answer."""
    more = remarks(result.study, table)
    told = [result.study.question, *filter(None, (answer(result.study, table), more))]
    asked, *said = (textwrap.fill(text, TERMINAL) for text in told)
    return "\n\n".join([asked, outcome_text(table), recall_text(recall_table(result.events)), *said])


def as_json(result: StudyResult, table: pd.DataFrame, about: Mapping[str, Any]) -> str:
    """A study's result on one line of JSON.

    ``study, question``, what it was ``made_with``, ``rows, recall, answer, remarks``; the answer in two sentences.
    A number that is none is null; ``resolvable`` is ``"none"`` where no difference, however large, can be told apart.
    """
    rows = json.loads(table.to_json(orient="records"))
    for row, least in zip(rows, table["resolvable"], strict=True):
        if np.isinf(least):
            row["resolvable"] = NOTHING_RESOLVED
    study = {"study": result.study.name, "question": result.study.question}
    found = {
        "rows": rows,
        "recall": json.loads(recall_table(result.events).to_json(orient="records")),
        "answer": answer(result.study, table),
        "remarks": remarks(result.study, table),
    }
    return json.dumps({**study, "made_with": dict(about), **found})


def write_study(result: StudyResult, folder: Path) -> list[Path]:
    """Write a study's table as CSV, Markdown and LaTeX, and its figure as PNG.

    Returns
    -------
    list of Path
        ``study_<name>.csv``, ``.md``, ``.tex`` and ``.png`` in the folder.
    """
    import matplotlib.pyplot as plt

    name = f"study_{result.study.key}"
    report.use_style()
    report.table(
        report.outcome_shown(result.table()), name=name, caption=result.study.question, folder=folder
    )
    figure = report.study_figure(result.table(), result.study)
    with written_whole(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png")
    plt.close(figure)
    return [folder / f"{name}.{ending}" for ending in ("csv", "md", "tex", "png")]
