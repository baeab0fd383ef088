"""Methods that spot in the same features without the network: what studies compare it with.

Each is given all videos' features and labels, and judges every video itself; whatever it chooses for a subject, a
threshold or a length, it chooses on the other subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from msstgcn.motion.features import VideoFeatures
from msstgcn.settings import SpottingSettings


class Method(Protocol):
    """Spots the expressions of all videos."""

    def __call__(
        self,
        features: Sequence[VideoFeatures],
        truth: pd.DataFrame,
        spotting: SpottingSettings,
        *,
        seed: int,
    ) -> pd.DataFrame:
        """Spot.

        Parameters
        ----------
        features : sequence of VideoFeatures
            All videos of all subjects.
        truth : DataFrame
            Columns ``video, subject, class, onset, apex, offset``.
        spotting : SpottingSettings
            The decoder's.
        seed : int
            Whatever is random follows from it.

        Returns
        -------
        DataFrame
            Columns ``video, class, onset, apex, offset, score``.
        """


#: Methods by name; a variant asks for one with ``method``.
METHODS: dict[str, Method] = {}
