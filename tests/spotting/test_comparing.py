"""Paired tests, several seeds, and corrections, each against an independent way to the same number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from msstgcn.errors import InputError
from msstgcn.spotting import bootstrap_difference, bootstrap_f1, compare, holm, resolvable, swap_test

FIRST = np.array([[5, 3, 2], [1, 4, 6], [8, 1, 1], [0, 2, 3], [4, 4, 4], [6, 1, 3]])
SECOND = np.array([[4, 3, 3], [1, 5, 6], [6, 3, 3], [1, 2, 2], [3, 4, 5], [6, 4, 3]])


def f1(counts):
    tp, fp, fn = np.asarray(counts).sum(0)
    return 2 * tp / (2 * tp + fp + fn)


def test_swap_test_equals_trying_every_swap():
    observed = abs(f1(FIRST) - f1(SECOND))
    as_large = 0
    for swaps in itertools.product((False, True), repeat=6):
        one = [b if swap else a for swap, a, b in zip(swaps, FIRST, SECOND, strict=True)]
        other = [a if swap else b for swap, a, b in zip(swaps, FIRST, SECOND, strict=True)]
        as_large += abs(f1(one) - f1(other)) >= observed - 1e-12
    assert swap_test(FIRST, SECOND) == as_large / 64


def test_swap_test_agrees_with_scipy():
    both = np.concatenate([FIRST, SECOND])

    def difference(one, other):
        return f1(both[one.astype(int)]) - f1(both[other.astype(int)])

    reference = stats.permutation_test(
        (np.arange(6), np.arange(6, 12)), difference, permutation_type="samples", vectorized=False
    )
    assert swap_test(FIRST, SECOND) == pytest.approx(reference.pvalue)


def test_random_swaps_come_near_the_exact_p_value():
    exact = swap_test(FIRST, SECOND)
    # .015: three standard errors of a share near .3 over 10000 draws
    assert swap_test(FIRST, SECOND, draws=63) != exact
    many = np.mean([swap_test(FIRST, SECOND, draws=60, seed=seed) for seed in range(160)])
    # each of the 160 adds its own one to numerator and denominator
    assert many == pytest.approx((1 + 60 * exact) / 61, abs=0.015)


def test_a_run_against_itself_and_a_steady_gain():
    assert swap_test(FIRST, FIRST) == 1
    better = np.tile([6, 1, 1], (13, 1))
    worse = np.tile([5, 2, 2], (13, 1))
    assert swap_test(better, worse, draws=8192) == 2 / 8192  # only no swap and every swap are as large
    assert swap_test(better, worse) == swap_test(worse, better)
    assert 0 < swap_test(better, worse, draws=100) <= 2 / 101


def test_p_is_uniform_where_the_runs_are_equally_good():
    rng = np.random.default_rng(1)
    values = [swap_test(*rng.poisson((3, 2, 2), (2, 8, 3))) for _ in range(400)]
    # .068 = 1.36 / sqrt(400), the 5 % point of the Kolmogorov distance; exact p values are a little too large
    assert np.mean(np.array(values) <= 0.05) <= 0.075
    assert stats.kstest(values, "uniform").statistic < 0.09


def test_interval_of_a_difference_agrees_with_scipy():
    both = np.concatenate([FIRST, SECOND])

    def difference(one, other):
        return f1(both[one]) - f1(both[other])

    reference = stats.bootstrap(
        (np.arange(6), np.arange(6, 12)), difference, paired=True, vectorized=False,
        method="percentile", n_resamples=4000, rng=np.random.default_rng(3),
    )  # fmt: skip
    ours = bootstrap_difference(FIRST, SECOND)
    # .012: Monte Carlo error of a 2.5 % quantile over 4000 draws of spread .045
    assert ours.low == pytest.approx(reference.confidence_interval.low, abs=0.012)
    assert ours.high == pytest.approx(reference.confidence_interval.high, abs=0.012)
    assert ours.value == pytest.approx(f1(FIRST) - f1(SECOND))


SEEDS = np.stack([FIRST, SECOND, FIRST[::-1]])


def test_several_seeds_are_averaged_and_resampled_with_the_subjects():
    rng = np.random.default_rng(7)
    values = []
    for _ in range(4000):
        subjects, seeds = rng.integers(0, 6, 6), rng.integers(0, 3, 3)
        values.append(np.mean([f1(SEEDS[seed][subjects]) for seed in seeds]))
    ours = bootstrap_f1(SEEDS)
    assert ours.value == pytest.approx(np.mean([f1(counts) for counts in SEEDS]))
    # .02: as for one seed
    assert ours.low == pytest.approx(np.quantile(values, 0.025), abs=0.02)
    assert ours.high == pytest.approx(np.quantile(values, 0.975), abs=0.02)


def test_one_seed_in_a_list_is_one_seed():
    assert bootstrap_f1(FIRST[None]) == bootstrap_f1(FIRST)
    assert compare(FIRST[None], SECOND) == compare(FIRST, SECOND)


def test_several_seeds_swap_a_subject_in_all_of_them():
    observed = np.mean([f1(c) for c in SEEDS]) - np.mean([f1(c) for c in SEEDS[:, ::-1]])
    as_large = 0
    for swaps in itertools.product((False, True), repeat=6):
        mask = np.array(swaps)[None, :, None]
        one, other = np.where(mask, SEEDS[:, ::-1], SEEDS), np.where(mask, SEEDS, SEEDS[:, ::-1])
        value = np.mean([f1(c) for c in one]) - np.mean([f1(c) for c in other])
        as_large += abs(value) >= abs(observed) - 1e-12
    assert swap_test(SEEDS, SEEDS[:, ::-1]) == as_large / 64


def test_the_same_networks_looked_at_in_two_ways_differ_by_no_chance_of_training():
    """Trainings differ much, and the second count finds one more in everybody: that is so with every training."""
    good = np.tile([[8, 2, 2]], (20, 1))
    trainings = np.stack([good, good - [5, -4, -5], good - [2, 1, -2]])
    more = trainings + [1, 0, -1]
    found = bootstrap_difference(more, trainings)
    assert found.low > 0.02 and found.high - found.low < 0.08
    assert bootstrap_f1(trainings).high - bootstrap_f1(trainings).low > 0.2


def test_a_difference_of_several_seeds_draws_subjects_and_seeds_for_both_together():
    other, rng = SEEDS[:, ::-1], np.random.default_rng(8)
    values = []
    for _ in range(4000):
        subjects, seeds = rng.integers(0, 6, 6), rng.integers(0, 3, 3)
        values.append(np.mean([f1(SEEDS[s][subjects]) - f1(other[s][subjects]) for s in seeds]))
    ours = bootstrap_difference(SEEDS, other)
    # .02: as for one seed
    assert ours.low == pytest.approx(np.quantile(values, 0.025), abs=0.02)
    assert ours.high == pytest.approx(np.quantile(values, 0.975), abs=0.02)


def test_what_is_resolvable_is_the_noncentral_t_of_the_largest_significant_p():
    """Six people have 64 swaps: of the p values 2/64, 4/64, ... only the first is below .05."""
    smallest = resolvable(FIRST, SECOND, draws=40_000)
    rng = np.random.default_rng(11)
    draws = rng.integers(0, 6, (40_000, 6))
    error = np.std([f1(FIRST[d]) - f1(SECOND[d]) for d in draws], ddof=1) * np.sqrt(6 / 5)
    t = stats.t(5).isf(2 / 64 / 2)
    assert stats.nct(5, smallest / error).sf(t) == pytest.approx(0.8, abs=0.02)
    assert resolvable(FIRST, SECOND, level=0.5, tests=5) > resolvable(FIRST, SECOND, level=0.5)
    assert resolvable(FIRST, FIRST) == 0


@pytest.mark.parametrize(
    ("subjects", "tests", "enough"), [(5, 1, False), (6, 1, True), (8, 8, False), (9, 8, True)]
)
def test_so_few_people_that_no_p_can_be_small_resolve_nothing(subjects, tests, enough):
    """Of all swaps two are always as large: none, and all of them."""
    better, worse = np.tile([9, 0, 0], (subjects, 1)), np.tile([0, 9, 9], (subjects, 1))
    worse[0, 0] = 1
    assert (tests * swap_test(better, worse) < 0.05) == enough
    assert np.isfinite(resolvable(better, worse, tests=tests)) == enough


def test_any_number_of_people_can_be_compared():
    crowd = np.ones((1100, 3))  # 2.0 ** 1024 is more than a float holds
    assert resolvable(crowd, crowd, draws=10) == 0


@pytest.mark.parametrize(
    "given", [{"draws": 1}, {"level": 1.0}, {"power": 0.0}], ids=["draws", "level", "power"]
)
def test_what_gives_no_answer_is_refused(given):
    with pytest.raises(InputError, match=f"{next(iter(given))} = "):
        resolvable(FIRST, SECOND, **given)


def test_a_swap_test_without_swaps_is_refused():
    with pytest.raises(InputError, match="draws = 0"):
        swap_test(FIRST, SECOND, draws=0)


def _people(rng, shift, subjects=12):
    """Counts of two runs, of which the first finds more: eight expressions each, and four false alarms or so."""
    sides = []
    for found in (0.5 + shift, 0.5):
        hits = rng.binomial(8, np.clip(rng.normal(found, 0.1, subjects), 0, 1))
        sides.append(np.stack([hits, rng.poisson(4, subjects), 8 - hits], 1))
    return sides


def test_a_resolvable_difference_is_found_four_times_in_five_by_the_swap_test():
    """So many people that the counts are as in truth say which shift is worth the difference that is printed."""
    rng = np.random.default_rng(11)
    printed = np.median([resolvable(*_people(rng, 0.2), draws=500) for _ in range(100)])
    shifts = np.linspace(0.1, 0.3, 9)
    worth = [np.subtract(*(f1(side) for side in _people(rng, shift, 20_000))) for shift in shifts]
    shift = np.interp(printed, worth, shifts)
    found = np.mean([swap_test(*_people(rng, shift), draws=4096) < 0.05 for _ in range(400)])
    # .06: three standard errors of a share of .8 in 400
    assert found == pytest.approx(0.8, abs=0.06)


def test_comparison_holds_the_three():
    found = compare(FIRST, SECOND, seed=4)
    assert found.difference == bootstrap_difference(FIRST, SECOND, seed=4)
    assert found.to_dict()["p"] == swap_test(FIRST, SECOND)
    assert found.to_dict()["resolvable"] == resolvable(FIRST, SECOND, seed=4)


def step_down(p):
    """Holm's rule as a procedure: from the smallest p on, each times the number of tests that are left."""
    adjusted, largest, left = {}, 0.0, len(p)
    for index in sorted(range(len(p)), key=lambda i: p[i]):
        largest = max(largest, min(1.0, left * p[index]))
        adjusted[index] = largest
        left -= 1
    return [adjusted[i] for i in range(len(p))]


def test_holm_equals_the_procedure_and_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    rng = np.random.default_rng(2)
    for size in (0, 1, 2, 7):
        p = rng.uniform(size=size).round(1)
        assert holm(p).tolist() == pytest.approx(step_down(p))
        assert (holm(p) >= p).all()


@pytest.mark.parametrize("bad", [[0.5, 1.2], [-0.1], [float("nan")], [[0.1]]])
def test_what_is_no_p_value_is_refused(bad):
    with pytest.raises(InputError, match="p values"):
        holm(bad)


def test_runs_that_cannot_be_paired_are_refused():
    with pytest.raises(InputError, match="6 and 5 subjects"):
        swap_test(FIRST, SECOND[:5])
    with pytest.raises(InputError, match="3 and 1 seeds"):
        swap_test(SEEDS, SECOND)
    with pytest.raises(InputError, match="two subjects"):
        compare(FIRST[:1], SECOND[:1])
