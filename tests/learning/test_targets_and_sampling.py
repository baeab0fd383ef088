from __future__ import annotations

import math

import numpy as np
import pytest

from msstgcn.errors import InputError
from msstgcn.learning import batches, seed_of, segment_starts, targets
from msstgcn.timeline import Expression


def slow_targets(expressions, length):
    """The method's section on targets, frame by frame."""
    boundary = [[2, 2] for _ in range(length)]
    apex = [[0.0, 0.0] for _ in range(length)]
    action = [[0, 0] for _ in range(length)]
    contrast = [0] * length
    for number, (label, reach) in enumerate((("me", 1), ("mae", 3))):
        own = [e for e in expressions if e.label == label]
        for t in range(length):
            if any(abs(t - e.onset) <= reach for e in own):
                boundary[t][number] = 0
            if any(abs(t - e.offset) <= reach for e in own):
                boundary[t][number] = 1
            near = [abs(t - e.apex) for e in own if abs(t - e.apex) <= reach]
            if near:
                apex[t][number] = math.exp(-(min(near) ** 2) / 32)
            if any(e.onset <= t <= e.offset for e in own):
                action[t][number] = 1
    for t in range(length):
        contrast[t] = 1 if action[t][1] else 2 if action[t][0] else 0
    return boundary, apex, action, contrast


EVENTS = (
    Expression(0, 4, 9, "me"),  # at the very start
    Expression(12, 14, 15, "me"),  # close behind, and so short that onset and offset meet
    Expression(13, 25, 50, "mae"),  # over the one before
    Expression(80, 85, 99, "mae"),  # to the last frame
)


def test_targets_follow_the_method():
    made = targets(EVENTS, 100)
    boundary, apex, action, contrast = slow_targets(EVENTS, 100)
    np.testing.assert_array_equal(made.boundary, boundary)
    np.testing.assert_allclose(made.apex, apex, atol=1e-7)  # single precision
    np.testing.assert_array_equal(made.action, action)
    np.testing.assert_array_equal(made.contrast, contrast)


def test_a_micro_expression_counted_by_hand():
    made = targets([Expression(10, 14, 18, "me")], 30)
    assert made.boundary[8:13, 0].tolist() == [2, 0, 0, 0, 2]
    assert made.boundary[16:21, 0].tolist() == [2, 1, 1, 1, 2]
    assert np.flatnonzero(made.apex[:, 0]).tolist() == [13, 14, 15]
    assert made.apex[14, 0] == 1
    assert made.apex[13, 0] == pytest.approx(math.exp(-1 / 32))
    assert made.action[:, 0].sum() == 9
    assert not made.apex[:, 1].any()
    assert set(made.boundary[:, 1]) == {2}


def test_types_are_those_that_learning_wants():
    made = targets(EVENTS, 100)
    assert [a.dtype for a in (made.boundary, made.apex, made.action, made.contrast)] == [
        np.int64,
        np.float32,
        np.float32,
        np.int64,
    ]
    assert [a.shape for a in (made.boundary, made.apex, made.action, made.contrast)] == [(100, 2)] * 3 + [
        (100,)
    ]


def test_a_video_without_expressions_is_neutral():
    made = targets([], 20)
    assert set(made.boundary.ravel()) == {2}
    assert not made.apex.any()
    assert not made.contrast.any()


def test_the_order_of_labels_makes_no_difference():
    there, back = targets(EVENTS, 100), targets(EVENTS[::-1], 100)
    np.testing.assert_array_equal(there.boundary, back.boundary)
    np.testing.assert_array_equal(there.apex, back.apex)


def test_an_expression_behind_the_end_is_refused():
    with pytest.raises(InputError, match="v3: an expression ends at frame 99; expected at most 98"):
        targets(EVENTS, 99, where="v3")


def test_rolling_keeps_how_much_there_is_of_everything():
    made = targets(EVENTS, 100)
    rolled = made.rolled(37)
    assert rolled.action.sum() == made.action.sum()
    np.testing.assert_array_equal(rolled.contrast[37:], made.contrast[:63])
    np.testing.assert_array_equal(rolled.contrast[:37], made.contrast[63:])


@pytest.mark.parametrize(
    ("mask", "starts"),
    [
        ("1" * 12, [0, 4, 8]),
        ("1" * 14, [0, 4, 8, 10]),  # the last one moved back
        ("1" * 4, [0]),
        ("1" * 3, []),
        ("0" * 9, []),
        ("011110111110", [1, 6, 7]),
        ("111011110", [4]),
    ],
)
def test_segments_tile_the_usable_runs(mask, starts):
    usable = np.array([c == "1" for c in mask])
    assert segment_starts(usable, 4).tolist() == starts


def test_an_epoch_draws_each_segment_at_most_once_in_full_batches():
    drawn = batches(37, 8, seed=3, epoch=0)
    assert drawn.shape == (4, 8)
    assert len(np.unique(drawn)) == 32
    assert drawn.max() <= 36


def test_few_segments_fill_one_batch_again_and_again():
    drawn = batches(3, 8, seed=3, epoch=0)
    assert drawn.shape == (1, 8)
    assert sorted(np.bincount(drawn[0]).tolist()) == [2, 3, 3]


def test_batches_depend_on_seed_and_epoch_alone():
    first = batches(64, 8, seed=3, epoch=5)
    np.testing.assert_array_equal(first, batches(64, 8, seed=3, epoch=5))
    assert (first != batches(64, 8, seed=3, epoch=6)).any()
    assert (first != batches(64, 8, seed=4, epoch=5)).any()


def test_seeds_belong_to_names():
    assert seed_of(0, "fold", "s1") == seed_of(0, "fold", "s1")
    assert len({seed_of(0, "fold", f"s{n}") for n in range(500)}) == 500
    assert seed_of(0, "fold", "s1") != seed_of(1, "fold", "s1")
