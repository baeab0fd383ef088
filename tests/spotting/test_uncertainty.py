from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.spotting import bootstrap_difference, bootstrap_f1, results_table, score, subject_counts

COUNTS = np.array([[5, 3, 2], [1, 4, 6], [8, 1, 1], [0, 2, 3], [4, 4, 4]])


def test_value_is_the_pooled_f1():
    # 18 hits, 14 false alarms, 16 misses
    assert bootstrap_f1(COUNTS).value == pytest.approx(36 / (36 + 14 + 16))


def test_interval_agrees_with_resampling_one_subject_at_a_time():
    rng = np.random.default_rng(99)
    values = []
    for _ in range(4000):
        tp, fp, fn = COUNTS[rng.integers(0, 5, 5)].sum(0)
        values.append(2 * tp / (2 * tp + fp + fn))
    estimate = bootstrap_f1(COUNTS)
    # .02: Monte Carlo error of a 2.5 % quantile over 4000 draws of spread .12
    assert estimate.low == pytest.approx(np.quantile(values, 0.025), abs=0.02)
    assert estimate.high == pytest.approx(np.quantile(values, 0.975), abs=0.02)
    assert estimate.low < estimate.value < estimate.high


def test_same_seed_same_interval():
    assert bootstrap_f1(COUNTS, seed=1) == bootstrap_f1(COUNTS, seed=1)
    assert bootstrap_f1(COUNTS, draws=60, seed=1) != bootstrap_f1(COUNTS, draws=60, seed=2)


def test_equal_subjects_leave_no_doubt():
    estimate = bootstrap_f1(np.tile([3, 2, 1], (6, 1)))
    assert estimate.low == pytest.approx(estimate.value) == pytest.approx(estimate.high)
    assert str(estimate) == "0.667 [0.667, 0.667]"


def test_no_counts_at_all_give_zero():
    estimate = bootstrap_f1(np.zeros((3, 3)))
    assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)


def test_a_run_does_not_differ_from_itself():
    estimate = bootstrap_difference(COUNTS, COUNTS)
    assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)


def test_pairing_sees_a_small_steady_gain():
    better = COUNTS + np.array([1, 0, -1]) * (COUNTS[:, 2:] > 0)
    gain = bootstrap_difference(better, COUNTS)
    assert gain.low > 0
    assert bootstrap_f1(better).low < bootstrap_f1(COUNTS).high  # unpaired intervals overlap


def test_counts_are_added_over_a_subjects_videos():
    rows = [("a1", "me", 0, 9), ("a2", "me", 0, 9), ("b1", "mae", 0, 9)]
    truth = pd.DataFrame(rows, columns=["video", "class", "onset", "offset"])
    result = score(truth.iloc[:1], truth, videos=["c1"])
    subjects = {"a1": "a", "a2": "a", "b1": "b", "c1": "c"}
    assert subject_counts(result, subjects).to_numpy().tolist() == [[1, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert subject_counts(result, subjects, "mae").to_numpy().tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    with pytest.raises(InputError, match="'c1' belongs to no subject"):
        subject_counts(result, {"a1": "a", "a2": "a", "b1": "b"})
    for nobody in (None, float("nan")):
        with pytest.raises(InputError, match="'c1' belongs to no subject"):
            subject_counts(result, subjects | {"c1": nobody})


def test_results_come_with_the_interval_of_their_class():
    rows = [("a1", "me", 0, 9), ("b1", "mae", 0, 9), ("b1", "mae", 30, 50)]
    truth = pd.DataFrame(rows, columns=["video", "class", "onset", "offset"])
    table = results_table(score(truth.iloc[:2], truth), {"a1": "a", "b1": "b"}).set_index("class")
    assert list(table.index) == ["ME", "MaE", "overall"]
    assert table.loc["overall", ["TP", "FP", "FN"]].tolist() == [2, 0, 1]
    assert table.loc["MaE", "F1"] == pytest.approx(2 / 3)
    wanted = bootstrap_f1([[0, 0, 0], [1, 0, 1]])
    assert table.loc["MaE", ["low", "high"]].tolist() == [wanted.low, wanted.high]


@pytest.mark.parametrize("counts", [[[1, 2, 3]], [1, 2, 3], [[1, 2], [3, 4]]])
def test_counts_of_another_shape_are_refused(counts):
    with pytest.raises(InputError, match="two subjects"):
        bootstrap_f1(counts)


@pytest.mark.parametrize("count", [-1, float("nan"), float("inf")])
def test_what_is_no_count_is_refused(count):
    with pytest.raises(InputError, match="counts that are negative, infinite or NaN"):
        bootstrap_f1([[1, count, 0], [1, 1, 1]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"draws": 0}, "draws = 0; expected at least 2"),
        ({"level": 2}, "level = 2"),
        ({"level": 0}, "level = 0"),
    ],
)
def test_draws_and_level_must_give_an_interval(given, message):
    with pytest.raises(InputError, match=message):
        bootstrap_f1(COUNTS, **given)
    with pytest.raises(InputError, match=message):
        bootstrap_difference(COUNTS, COUNTS, **given)


def test_different_numbers_of_subjects_are_refused():
    with pytest.raises(InputError, match="5 and 4 subjects"):
        bootstrap_difference(COUNTS, COUNTS[:4])
