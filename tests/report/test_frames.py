"""Pictures put together for clips."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from msstgcn.errors import InputError
from msstgcn.report import frames


def _grey(height, width, value):
    return np.full((height, width), value, np.uint8)


def test_pictures_stand_beside_and_below_each_other_on_white():
    row = frames.beside(_grey(10, 20, 5), _grey(6, 8, 90), gap=3)
    assert row.shape == (10, 31, 3)
    assert (row[:, :20] == 5).all() and (row[:, 20:23] == 255).all()
    assert (row[:6, 23:] == 90).all() and (row[6:, 23:] == 255).all()
    column = frames.below(_grey(10, 20, 5), _grey(6, 8, 90), gap=3)
    assert column.shape == (19, 20, 3)
    assert (column[13:, :8] == 90).all() and (column[13:, 8:] == 255).all()


def test_a_square_is_cut_around_a_place():
    picture = np.arange(100, dtype=np.uint8)[None, :].repeat(80, 0)
    part = frames.cut(picture, (40, 30), 10, 20)
    assert part.shape == (20, 20)
    assert (part == np.arange(30, 50)).all()


@pytest.mark.parametrize(("centre", "first"), [((-50, 30), 0), ((99, 30), 80)])
def test_a_square_at_the_edge_is_moved_inwards(centre, first):
    picture = np.arange(100, dtype=np.uint8)[None, :].repeat(80, 0)
    assert (frames.cut(picture, centre, 10, 20)[0] == np.arange(first, first + 20)).all()


@pytest.mark.parametrize(("half", "size"), [(0.4, 20), (-3, 20), (10, 0)])
def test_a_square_without_a_pixel_is_refused(half, size):
    with pytest.raises(InputError, match="a square of .* expected at least 1 x 1"):
        frames.cut(_grey(80, 100, 7), (40, 30), half, size)


def test_a_frame_covers_the_edge_alone():
    picture = frames.framed(_grey(40, 50, 7), "#FF0000", width=4)
    assert picture.shape == (40, 50, 3)
    assert (picture[4:-4, 4:-4] == 7).all()
    assert (picture[0] == (255, 0, 0)).all() and (picture[:, 3] == (255, 0, 0)).all()


@pytest.mark.parametrize("width", [0, -1, 20])
def test_a_frame_without_width_or_without_an_inside_is_refused(width):
    with pytest.raises(InputError, match=f"a frame {width} pixels wide around 50 x 40"):
        frames.framed(_grey(40, 50, 7), width=width)


def test_a_header_has_the_width_asked_for_and_text_in_each_share():
    strip = frames.header(["left", "right"], 300, 24)
    assert strip.shape == (24, 300, 3)
    dark = (strip.min(axis=2) < 128).any(axis=0)
    assert dark[:150].any() and dark[150:].any() and not dark[:20].any()


def test_the_cursor_stands_where_the_axis_says():
    figure = Figure(figsize=(4, 1), dpi=100)
    axes = figure.add_axes((0.1, 0.2, 0.8, 0.6))
    axes.set(xlim=(0, 10), xticks=[], yticks=[])
    plain = frames.drawn(figure)
    for place, picture in zip((0, 2.5, 10), frames.with_cursor(figure, axes, (0, 2.5, 10)), strict=True):
        changed = np.flatnonzero((picture != plain).any(axis=(0, 2)))
        wanted = 40 + 32 * place  # the axes go from pixel 40 to pixel 360
        assert np.abs(changed - wanted).max() <= 2
