"""What others have published on the real data sets. Not comparable with results on synthetic videos."""

from __future__ import annotations

from importlib.resources import files

import pandas as pd


def published() -> pd.DataFrame:
    """Return the published spotting results, newest method first, those of one year as the file has them.

    Returns
    -------
    DataFrame
        Columns ``method``, ``year``, ``dataset`` (``SAMM-LV`` or ``CAS(ME)^2``), ``mae_f1``, ``me_f1``,
        ``overall_f1`` (0 to 1, NaN where not published) and ``source`` (where the figures were read).
    """
    with files("msstgcn.studies").joinpath("published_results.csv").open(encoding="utf-8") as stream:
        found = pd.read_csv(stream)
    return found.sort_values("year", ascending=False, kind="stable", ignore_index=True)
