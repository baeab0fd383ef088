"""Share of the labelled expressions that were found, apart for those that move nothing but eyelids."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from msstgcn.spotting import bootstrap_f1

#: Columns of `recall_table`.
RECALL_COLUMNS: tuple[str, ...] = (
    "variant", "class", "moves", "expressions", "found", "recall", "low", "high",
)  # fmt: skip


def recall_table(events: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Recall of every variant, class and kind of expression, with its interval from resampling subjects and seeds.

    Parameters
    ----------
    events : DataFrame
        Every labelled expression once for each variant and seed: columns ``variant, seed, subject, class, eye_only,
        hit``.
    seed : int
        Of the resampling.

    Returns
    -------
    DataFrame
        Columns `RECALL_COLUMNS`, variants in their order. ``moves`` is ``more than eyelids`` where an action unit of
        the expression moves more than eyelids, else ``eyelids only``; ``expressions`` and ``found`` are added over
        the seeds. A kind of expression that does not occur has no row; an interval is NaN where fewer than two
        subjects show it. Resampling shows too little where nearly none or nearly all were found, and nothing where
        none or all were. So no interval is narrower than that of Clopper and Pearson (1934) for so many expressions
        of one seed, as if each were found independently.
    """
    rows = []
    for variant in events["variant"].unique():
        of_variant = events[events["variant"] == variant]
        seeds = sorted(of_variant["seed"].unique())
        for label, name in (("me", "ME"), ("mae", "MaE")):
            for eye_only, moves in ((False, "more than eyelids"), (True, "eyelids only")):
                own = of_variant[(of_variant["class"] == label) & (of_variant["eye_only"] == eye_only)]
                if own.empty:
                    continue
                people = sorted(own["subject"].unique())  # a resample of others would hold nothing to find
                per_person = pd.MultiIndex.from_product([seeds, people], names=["seed", "subject"])
                sums = own.groupby(["seed", "subject"])["hit"].agg(["sum", "size"])
                counts = sums.reindex(per_person, fill_value=0).to_numpy(np.int64)
                hits, missed = counts[:, 0], counts[:, 1] - counts[:, 0]
                # With as many false alarms as misses, F1 = 2 TP / (2 TP + FP + FN) is recall.
                as_f1 = np.stack([hits, missed, missed], 1).reshape(len(seeds), len(people), 3)
                low = high = float("nan")
                there, found = int(counts[:, 1].sum()), int(hits.sum())
                if len(people) > 1:
                    estimate = bootstrap_f1(as_f1, seed=seed)
                    low, high = clopper_pearson(found / len(seeds), there / len(seeds))
                    low, high = min(low, estimate.low), max(high, estimate.high)
                rows.append((variant, name, moves, there, found, found / there, low, high))
    return pd.DataFrame(rows, columns=list(RECALL_COLUMNS))


def clopper_pearson(found: float, there: float, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share, `found` of `there` (Clopper and Pearson 1934); both may be means over seeds."""
    tail = (1 - level) / 2
    low = betaincinv(found, there - found + 1, tail) if found > 0 else 0.0
    high = betaincinv(found + 1, there - found, 1 - tail) if found < there else 1.0
    return float(low), float(high)
