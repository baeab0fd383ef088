"""A difference between two variants is held against what other people and other trainings would move it by."""

import numpy as np
import pytest
from scipy import stats

from msstgcn.errors import InputError
from msstgcn.spotting import f1_of
from msstgcn.studies.paired import Difference, paired_difference, standard_error


def counts(seed, seeds=4, subjects=12):
    return np.random.default_rng(seed).integers(1, 9, (seeds, subjects, 3))


def test_people_who_are_all_alike_leave_the_t_test_over_trainings():
    one, other = (np.repeat(counts(seed, subjects=1), 5, axis=1) for seed in (1, 2))
    found = paired_difference(one, other)
    by_seed = f1_of(one.sum(1)) - f1_of(other.sum(1))
    wanted = stats.ttest_1samp(by_seed, 0)
    assert found.p == pytest.approx(wanted.pvalue) and found.freedom == pytest.approx(3)
    shown, own = found.estimate(), wanted.confidence_interval(0.95)
    assert (shown.low, shown.high) == pytest.approx((own.low, own.high))


def test_one_training_leaves_the_jackknife_over_people():
    one, other = counts(1, seeds=1)[0], counts(2, seeds=1)[0]
    left = [np.delete(np.arange(12), person) for person in range(12)]
    without = [f1_of(one[rest].sum(0)) - f1_of(other[rest].sum(0)) for rest in left]
    variance = 11 / 12 * sum((each - np.mean(without)) ** 2 for each in without)
    found = paired_difference(one, other)
    assert found.error == pytest.approx(np.sqrt(variance)) and found.freedom == pytest.approx(11)
    assert found.value == pytest.approx(f1_of(one.sum(0)) - f1_of(other.sum(0)))


def test_the_variances_of_people_and_of_training_are_added():
    one, other = counts(1), counts(2)
    people = paired_difference(*(np.repeat(part.sum(0, keepdims=True), 4, axis=0) for part in (one, other)))
    training = np.var(f1_of(one.sum(1)) - f1_of(other.sum(1)), ddof=1) / 4
    found = paired_difference(one, other)
    assert found.error**2 == pytest.approx(people.error**2 + training, rel=0.05)  # F1 is nearly linear
    assert 3 < found.freedom < 3 + 11


@pytest.mark.parametrize(
    ("seeds", "subjects", "training", "people"), [(5, 48, 0.06, 0.3), (5, 48, 0.15, 0.1)]
)
def test_variants_that_do_not_differ_are_told_apart_once_in_twenty_times(seeds, subjects, training, people):
    rng = np.random.default_rng(1)

    def run(ease, there):
        """One variant: chance in its trainings, in how it suits each person, and in each count."""
        moved = rng.normal(0, training, (seeds, 1)) + rng.normal(0, people, (1, subjects))
        hits = rng.binomial(there, 1 / (1 + np.exp(-(ease + moved))), (seeds, subjects))
        return np.stack([hits, rng.poisson(6 * np.exp(-moved)), there - hits], -1)

    found = []
    for _ in range(400):
        ease, there = rng.normal(0, 0.6, subjects), rng.poisson(12, subjects) + 1
        found.append(paired_difference(run(ease, there), run(ease, there)).p < 0.05)
    assert 0.02 < np.mean(found) < 0.08


@pytest.mark.parametrize(("seeds", "rates"), [(2, (0.105, 0.056)), (3, (0.069, 0.027)), (5, (0.054, 0.016))])
def test_how_often_variants_that_do_not_differ_would_be_told_apart_is_as_the_module_says(seeds, rates):
    """One training moves F1 seven and a half times as much as people do, about the median of the runs of record."""
    rng, runs = np.random.default_rng(2), 40_000
    training = 7.5 / seeds  # of the mean, and people 1
    values = rng.normal(0, np.sqrt(1 + training), runs)
    people = rng.chisquare(47, runs) / 47
    trained = training * rng.chisquare(seeds - 1, runs) / (seeds - 1)
    p = np.array(
        [
            Difference(value, *standard_error((one, 48), (other, seeds))).p
            for value, one, other in zip(values, people, trained, strict=True)
        ]
    )
    assert [(p < level).mean() for level in (0.05, 0.0125)] == pytest.approx(rates, abs=0.006)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_the_interval_excludes_zero_exactly_where_p_is_below_one_in_twenty(seeds):
    drawn = np.random.default_rng(4).integers(1, 5, (60, seeds, 12, 3))
    below = []
    for number, one in enumerate(drawn):
        found = paired_difference(one + [number % 3, 0, 0], drawn[number - 1])
        shown = found.estimate()
        below.append(found.p < 0.05)
        assert below[-1] == (shown.low > 0 or shown.high < 0)
    assert any(below) and not all(below)


def test_what_could_be_resolved_is_found_four_times_in_five():
    found = paired_difference(counts(1), counts(2))
    for tests in (1, 5):
        noncentral = stats.nct(found.freedom, found.resolvable(tests) / found.error)
        needed = stats.t(found.freedom).ppf(1 - 0.025 / tests)
        assert noncentral.sf(needed) == pytest.approx(0.8, abs=1e-6)


def test_where_nothing_differs_there_is_nothing_to_resolve_and_two_people_resolve_nothing():
    same = paired_difference(counts(1), counts(1))
    assert (same.value, same.error, same.p, same.resolvable()) == (0, 0, 1, 0)
    few = paired_difference(counts(1, seeds=1, subjects=2), counts(2, seeds=1, subjects=2))
    assert np.isinf(few.resolvable())
    with pytest.raises(InputError, match="subjects"):
        paired_difference(counts(1), counts(2, subjects=5))


def test_where_all_differ_alike_nothing_tells_what_chance_does():
    hits, misses = (np.array([[row] * 2] * 3) for row in ([1, 0, 0], [0, 0, 1]))
    all_alike = paired_difference(hits, misses)
    assert (all_alike.value, all_alike.p, all_alike.resolvable()) == (1, 1, np.inf)
    assert (all_alike.estimate().low, all_alike.estimate().high) == (-1, 1)


def test_the_rounding_of_sums_is_no_sign_of_chance():
    """Everybody differs alike here, too, but sums of thirds and sixths do not come out as zero."""
    rounded = paired_difference(np.ones((3, 1, 3)).repeat(3, 1), np.tile([1, 3, 1], (3, 3, 1)))
    assert (rounded.p, rounded.resolvable()) == (1, np.inf)
