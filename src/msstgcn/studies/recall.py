"""Share of the labelled expressions that were found, apart for those that move nothing but eyelids."""

from __future__ import annotations

import numpy as np
import pandas as pd

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
        Columns `RECALL_COLUMNS`, variants in their order. ``moves`` is ``brows or mouth`` where an action unit of
        the expression moves more than eyelids, else ``eyelids only``; ``expressions`` and ``found`` are added over
        the seeds. A kind of expression that does not occur has no row; an interval is NaN with fewer than two
        subjects.
    """
    rows = []
    people, seeds = sorted(events["subject"].unique()), sorted(events["seed"].unique())
    for variant in events["variant"].unique():
        for label, name in (("me", "ME"), ("mae", "MaE")):
            for eye_only, moves in ((False, "brows or mouth"), (True, "eyelids only")):
                own = events[(events["variant"] == variant) & (events["class"] == label)]
                own = own[own["eye_only"] == eye_only]
                if own.empty:
                    continue
                per_person = pd.MultiIndex.from_product([seeds, people], names=["seed", "subject"])
                sums = own.groupby(["seed", "subject"])["hit"].agg(["sum", "size"])
                counts = sums.reindex(per_person, fill_value=0).to_numpy(np.int64)
                hits, missed = counts[:, 0], counts[:, 1] - counts[:, 0]
                # With as many false alarms as misses, F1 = 2 TP / (2 TP + FP + FN) is recall.
                as_f1 = np.stack([hits, missed, missed], 1).reshape(len(seeds), len(people), 3)
                low = high = float("nan")
                if len(people) > 1:
                    estimate = bootstrap_f1(as_f1, seed=seed)
                    low, high = estimate.low, estimate.high
                total = (int(counts[:, 1].sum()), int(hits.sum()))
                rows.append((variant, name, moves, *total, total[1] / total[0], low, high))
    return pd.DataFrame(rows, columns=list(RECALL_COLUMNS))
