"""Tables of events drawn at random."""

from __future__ import annotations

import numpy as np
import pandas as pd


def random_events(seed: int, sizes: tuple[int, ...] = (60, 50), longest: int = 40) -> list[pd.DataFrame]:
    """One table of each size: events of both classes in three videos, close enough for many to overlap."""
    rng = np.random.default_rng(seed)
    tables = []
    for size in sizes:
        onset = rng.integers(0, 150, size)
        drawn = {
            "video": rng.choice(["a", "b", "c"], size),
            "class": rng.choice(["me", "mae"], size),
            "onset": onset,
            "offset": onset + rng.integers(3, longest, size),
        }
        tables.append(pd.DataFrame(drawn).drop_duplicates())
    return tables
