"""What was spotted in one video, in a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from msstgcn.report.style import colour, use_style
from msstgcn.timeline import CLASSES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMES = {"me": "micro", "mae": "macro"}


def spotted_figure(probabilities: NDArray[np.floating], spotted: pd.DataFrame, fps: float) -> Figure:
    """Probability of an apex over time, one row a class, and what was spotted as bars behind it.

    Parameters
    ----------
    probabilities : ndarray of float, shape (T, 10)
        As `learning.predict` gives them.
    spotted : DataFrame
        Columns ``class, onset, offset``, frames of this video.
    fps : float
        Frames a second.
    """
    from matplotlib.figure import Figure

    use_style()
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    time = np.arange(len(probabilities)) / fps
    for row, (label, ax) in enumerate(zip(CLASSES, figure.subplots(2, 1, sharex=True), strict=True)):
        ax.plot(time, probabilities[:, 6 + row], color=colour(label))
        for onset, offset in spotted.loc[spotted["class"] == label, ["onset", "offset"]].to_numpy():
            ax.axvspan(onset / fps, (offset + 1) / fps, color=colour("spotted"), alpha=0.3)
        ax.set(ylim=(0, 1), ylabel=f"{_NAMES[label]}\napex")
    ax.set_xlabel("time [s]")
    return figure
