"""The card that lies beside trained weights: what they are, what they were made from, what they are not for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd


def model_card(about: Mapping[str, str], history: pd.DataFrame, scores: pd.DataFrame | None = None) -> str:
    """Write a model card.

    Parameters
    ----------
    about : mapping of str to str
        The metadata of the weights' file: ``data``, ``data_digest``, ``trained_without`` (empty: nobody),
        ``control`` (empty: none), ``settings`` (JSON, by stage), ``device``, ``code`` and ``licence``.
    history : DataFrame
        Of the training, columns `HISTORY_COLUMNS`.
    scores : DataFrame, optional
        What is known of the quality, one row a class of expression.

    Returns
    -------
    str
        Markdown.
    """
    settings = json.loads(about["settings"])
    left_out = about["trained_without"]
    facts = {
        "network": "MS-STGCN for spotting micro- and macro-expressions",
        "input": "motion of regions of the face in a window, percent of the inter-ocular distance",
        "output": "ten probabilities a frame: onset, offset, none; apex; action; for both classes",
        "trained on": f"{about['data']} (SHA-256 {about['data_digest']})",
        "subjects": f"without {left_out}" if left_out else "all subjects",
        "labels": about["control"] or "as annotated",
        "epochs": str(len(history)),
        "loss after the first and the last epoch": " and ".join(
            f"{history['total'].iloc[i]:.4g}" for i in (0, -1)
        ),
        "device": about["device"],
        "code": f"SHA-256 {about['code']}",
        "licence of the weights": about["licence"],
    }
    lines = [
        "# Model card",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {text} |" for name, text in facts.items()),
    ]
    lines += ["", "## Scores", ""]
    if scores is None:
        lines += ["None were measured for these weights."]
    else:
        folds = settings["learning"]["folds"]
        tested = (
            f"the members of one of {folds} groups and tested on these"
            if folds
            else "one and tested on that one"
        )
        lines += [
            f"Of networks trained in the same way, each on all subjects but {tested}. These weights",
            "have seen all subjects, so they have no score of their own.",
            "",
            *_table(scores),
        ]
    lines += ["", "## Limits", "", *_LIMITS, "", "## Settings", ""]
    for stage, values in settings.items():
        if isinstance(values, dict):
            lines += [f"- {stage}: " + ", ".join(f"`{name} = {value}`" for name, value in values.items())]
    return "\n".join(lines) + "\n"


_LIMITS = (
    "For research. Not for use on people in earnest: it errs often, and a spotted movement says nothing about what",
    "somebody feels, thinks or intends. It must not be used to judge people: not at borders, in hiring, in class",
    "or in court. Weights trained on synthetic faces have seen no person at all. It expects the frame rate and the",
    "features it was trained with.",
)


def _table(frame: pd.DataFrame) -> list[str]:
    def cells(values: Any) -> str:
        return "| " + " | ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values) + " |"

    head = [cells(["", *frame.columns]), "|---" * (len(frame.columns) + 1) + "|"]
    return head + [
        cells([name, *row]) for name, row in zip(frame.index, frame.itertuples(index=False), strict=True)
    ]
