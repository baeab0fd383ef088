"""What the named repairs make of a workbook, side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from msstgcn.datasets.layouts import WORKBOOKS
from msstgcn.datasets.protocol import Dataset
from msstgcn.datasets.reading import labels_of
from msstgcn.datasets.releases import WrittenRow, casme2_rows, samm_rows
from msstgcn.datasets.repair import REPAIRS
from msstgcn.errors import lookup
from msstgcn.timeline import CASME2_FPS, SAMM_FPS, Expression

#: Working frames a second of the layouts that have a workbook.
_FPS = {"samm-lv": SAMM_FPS, "casme2": CASME2_FPS}
COLUMNS = (
    "layout",
    "repair",
    "events",
    "left out",
    "MaE mean (s)",
    "mean IoU with truth",
    "share IoU >= 0.5",
)


def compare_repairs(layout: str, root: str | Path, written: Dataset | None = None) -> pd.DataFrame:
    """Read a workbook under every repair policy and compare what comes out.

    Parameters
    ----------
    layout : {"samm-lv", "casme2"}
    root : path
        Folder with the workbook.
    written : Dataset, optional
        The synthetic data set that the workbook was written from by `releases`: its truth is then compared with
        the rows that were made odd.

    Returns
    -------
    DataFrame
        One row a policy; columns `COLUMNS`: events that are kept and rows left out, mean duration of the
        macro-expressions in seconds, and of the odd rows that are kept the mean IoU with the truth and the share
        that reaches 0.5 (NaN where no truth is known or no odd row is kept). Rows that are odd in the apex alone do not
        count: every policy leaves their interval as it is.

    Raises
    ------
    InputError
        On an unknown layout, or a workbook that is missing or cannot be read.
    """
    fps = lookup(_FPS, layout, "layout with a workbook")
    truth = {} if written is None else _odd_rows(layout, written)
    annotated, unreadable = WORKBOOKS[layout](Path(root))
    rows = []
    for policy in REPAIRS:
        labels, mended = labels_of(annotated, None, policy)
        findings = [*unreadable, *mended]
        events = {row: event for pairs in labels.values() for event, row in pairs}
        lasting = [len(event) / fps for event in events.values() if event.label == "mae"]
        kept = [events[row].interval.iou(true.interval) for row, true in truth.items() if row in events]
        refused = sum(finding.level == "error" for finding in findings)
        close = [value >= 0.5 for value in kept]
        rows.append((layout, policy, len(events), refused, _mean(lasting), _mean(kept), _mean(close)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _odd_rows(layout: str, written: Dataset) -> dict[int, Expression]:
    """What happened in rows of a workbook whose onset or offset was made odd, by row as a spreadsheet counts."""
    rows: list[WrittenRow] = samm_rows(written) if layout == "samm-lv" else casme2_rows(written)
    first = 11 if layout == "samm-lv" else 1  # nine rows of titles and a header, or none
    odd = [(i, row) for i, row in enumerate(rows) if row.quirk and not row.quirk.startswith("apex")]
    return {first + i: row.truth for i, row in odd}


def _mean(values: list[float] | list[bool]) -> float:
    return float(np.mean(values)) if values else float("nan")
