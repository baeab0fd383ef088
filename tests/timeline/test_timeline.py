"""Intervals, expressions and rates."""

import numpy as np
import pytest

from msstgcn.errors import InputError
from msstgcn.timeline import (
    SAMM_EVERY,
    SAMM_FPS,
    Expression,
    Interval,
    iou_matrix,
    seconds_to_frames,
    working_frame,
)


def test_an_interval_holds_both_its_ends():
    assert len(Interval(3, 3)) == 1
    assert len(Interval(10, 19)) == 10


@pytest.mark.parametrize(("onset", "offset", "word"), [(-1, 3, "negative"), (5, 4, "onset 5 after offset 4")])
def test_an_impossible_interval_is_refused(onset, offset, word):
    with pytest.raises(InputError, match=word):
        Interval(onset, offset)


def test_iou_counts_frames_as_sets_do():
    rng = np.random.default_rng(0)
    first = np.sort(rng.integers(0, 30, (40, 2)), axis=1)
    second = np.sort(rng.integers(0, 30, (50, 2)), axis=1)
    plain = np.empty((40, 50))
    for i, (a, b) in enumerate(first):
        for j, (c, d) in enumerate(second):
            x, y = set(range(a, b + 1)), set(range(c, d + 1))
            plain[i, j] = len(x & y) / len(x | y)
    np.testing.assert_array_equal(iou_matrix(first, second), plain)


def test_iou_without_the_added_frame_measures_lengths():
    assert iou_matrix([(0, 10)], [(5, 15)], inclusive=False)[0, 0] == pytest.approx(5 / 15)
    assert iou_matrix([(4, 4)], [(4, 4)], inclusive=False)[0, 0] == 0.0


def test_iou_of_nothing_has_no_rows():
    assert iou_matrix([], [(0, 1)]).shape == (0, 1)


def test_interval_iou_is_symmetric():
    assert Interval(0, 9).iou(Interval(5, 14)) == Interval(5, 14).iou(Interval(0, 9)) == pytest.approx(5 / 15)


def test_an_expression_keeps_its_order():
    expression = Expression(3, 7, 12, "me", ("L12",))
    assert expression.interval == Interval(3, 12)
    assert len(expression) == 10
    with pytest.raises(InputError, match="apex 13 outside"):
        Expression(3, 13, 12, "me")
    with pytest.raises(InputError, match="unknown expression class 'micro'.*me, mae"):
        Expression(3, 7, 12, "micro")


@pytest.mark.parametrize(("workbook", "frame"), [(1, 0), (0, 0), (8, 1), (566, 81), (5, 1), (4, 0)])
def test_samm_frames_come_down_to_every_seventh(workbook, frame):
    assert working_frame(workbook, SAMM_EVERY) == frame


def test_where_every_frame_is_worked_on_only_the_first_number_differs():
    assert [working_frame(frame, 1) for frame in (0, 1, 2, 100)] == [0, 0, 1, 99]


def test_seconds_become_the_nearest_whole_frames():
    assert seconds_to_frames(0.5, 30) == 15
    assert seconds_to_frames(2, SAMM_FPS) == 57
