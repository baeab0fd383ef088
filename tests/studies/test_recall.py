"""Recall by kind of expression, against counts by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from msstgcn.studies import RECALL_COLUMNS, recall_table
from msstgcn.studies.recall import clopper_pearson


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
    assert list(table["moves"]) == ["more than eyelids", "eyelids only", "more than eyelids"]
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


def test_people_who_show_no_such_expression_are_not_drawn():
    """With them many a resample would hold nothing to find, which is no recall of 0."""
    rows = [("a", 0, f"s{i}", "me", True, i != 1) for i in (0, 0, 0, 0, 1) for _ in range(4)]
    rows += [("a", 0, f"s{i}", "me", False, True) for i in range(2, 30)]
    row = recall_table(events(*rows)).set_index("moves").loc["eyelids only"]
    assert (
        row["recall"] == 0.8 and row["low"] == 0 and row["high"] == 1
    )  # resamples of the second alone, and the first
    rows = [("a", 0, f"s{i}", "me", True, n < 8) for i in (0, 1) for n in range(10)]
    rows += [("a", 0, f"s{i}", "me", False, True) for i in range(2, 30)]
    assert recall_table(events(*rows)).set_index("moves").loc["eyelids only", "low"] > 0.5


def test_an_interval_does_not_shrink_when_fewer_are_found():
    def high(found):
        rows = [("a", 0, f"s{i}", "me", False, i < found) for i in range(50)]
        return recall_table(events(*rows)).iloc[0]["high"]

    ends = [high(found) for found in range(6)]
    assert ends == sorted(ends)


@pytest.mark.parametrize(("found", "there"), [(0, 10), (3, 17), (10, 10)])
def test_clopper_pearson_is_scipys(found, there):
    exact = stats.binomtest(found, there).proportion_ci(0.95, "exact")
    assert clopper_pearson(found, there) == pytest.approx((exact.low, exact.high))


def test_seeds_are_added():
    rows = [("a", seed, person, "me", False, seed == 0) for seed in (0, 1) for person in ("s1", "s2")]
    row = recall_table(events(*rows)).iloc[0]
    assert (row["expressions"], row["found"], row["recall"]) == (4, 2, 0.5)
    assert row["low"] < 0.5 < row["high"]
