"""Recall by kind of expression, against counts by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from msstgcn.studies import RECALL_COLUMNS, recall_table


def events(*rows):
    columns = ["variant", "seed", "subject", "class", "eye_only", "hit"]
    return pd.DataFrame(list(rows), columns=columns)


def test_recall_is_found_over_there_apart_for_eyelids():
    table = recall_table(
        events(
            ("b", 0, "s1", "me", False, True),
            ("b", 0, "s1", "me", False, False),
            ("b", 0, "s2", "me", False, True),
            ("b", 0, "s2", "me", True, False),
            ("a", 0, "s1", "mae", False, True),
            ("a", 0, "s2", "mae", False, True),
        )
    )
    assert tuple(table.columns) == RECALL_COLUMNS
    assert list(table["variant"]) == ["b", "b", "a"]  # in their order, only kinds that occur
    assert list(table["moves"]) == ["brows or mouth", "eyelids only", "brows or mouth"]
    assert table["recall"].tolist() == pytest.approx([2 / 3, 0, 1])
    assert table["expressions"].tolist() == [3, 1, 2]


def test_where_none_or_all_were_found_the_interval_is_exact():
    """The ends are the shares at which such an outcome has a chance of 2.5 %, by the binomial law."""
    rows = [("a", seed, f"s{i % 3}", "me", False, False) for seed in (0, 1) for i in range(17)]
    rows += [("a", seed, f"s{i % 3}", "mae", False, True) for seed in (0, 1) for i in range(9)]
    none, every = (row for _, row in recall_table(events(*rows)).iterrows())
    assert (none["low"], every["high"]) == (0, 1)
    assert stats.binom.pmf(0, 17, none["high"]) == pytest.approx(0.025)
    assert stats.binom.pmf(9, 9, every["low"]) == pytest.approx(0.025)


def test_the_interval_is_that_of_resampled_people():
    """Ten people with ten events each, found by person with known shares: the sd of a mean of ten is known."""
    share = np.arange(10) / 10 + 0.05
    rows = [
        ("a", 0, f"s{person}", "me", False, event < round(10 * share[person]))
        for person in range(10)
        for event in range(10)
    ]
    row = recall_table(events(*rows)).iloc[0]
    hits = np.array([round(10 * one) for one in share]) / 10
    assert row["recall"] == pytest.approx(hits.mean())
    wide = 2 * 1.96 * hits.std() / np.sqrt(10)
    assert row["high"] - row["low"] == pytest.approx(
        wide, rel=0.1
    )  # percentiles of ten people are a little coarse


def test_somebody_without_such_an_expression_counts_as_nobody_and_one_person_has_no_interval():
    rows = events(
        ("a", 0, "s1", "me", False, True),
        ("a", 0, "s1", "me", False, False),
        ("a", 0, "s2", "mae", False, False),
    )
    assert recall_table(rows).iloc[0]["recall"] == 0.5
    alone = recall_table(rows[rows["subject"] == "s1"]).iloc[0]
    assert np.isnan(alone["low"])
    assert np.isnan(alone["high"])


def test_seeds_are_added():
    rows = [("a", seed, person, "me", False, seed == 0) for seed in (0, 1) for person in ("s1", "s2")]
    row = recall_table(events(*rows)).iloc[0]
    assert (row["expressions"], row["found"], row["recall"]) == (4, 2, 0.5)
    assert row["low"] < 0.5 < row["high"]
