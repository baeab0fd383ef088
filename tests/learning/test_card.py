"""The card beside the weights says how its scores were measured."""

from __future__ import annotations

import pandas as pd
import pytest

from msstgcn.learning import model_card
from msstgcn.settings import PROFILES


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        (0, "each on all subjects but one and tested on that one. These weights"),
        (4, "each on all subjects but the members of one of 4 groups and tested on these. These weights"),
    ],
)
def test_the_card_says_whom_the_scored_networks_had_not_seen(folds, words):
    chosen = PROFILES["cpu"]
    chosen = chosen.model_copy(update={"learning": chosen.learning.but(folds=folds)})
    names = ("data", "data_digest", "trained_without", "control", "device", "code", "licence")
    about = dict.fromkeys(names, "") | {"settings": chosen.model_dump_json()}
    history = pd.DataFrame({"total": [2.0, 1.0]})
    card = model_card(about, history, pd.DataFrame({"f1": [0.25]}, index=["me"]))
    assert words in card
    assert "| me | 0.25 |" in card
    assert "Of networks" not in model_card(about, history)
