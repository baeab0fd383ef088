"""The painted face: what painters leave out where nothing of theirs can be seen."""

from dataclasses import replace

import numpy as np
import pytest

from msstgcn.faces import skin
from msstgcn.faces.hair import Canvas
from msstgcn.faces.identity import identity


@pytest.mark.parametrize("subject", range(3))
def test_painters_of_a_part_lose_nothing_of_the_whole(subject, monkeypatch):
    who = identity(0, subject)
    parts = skin.texture.__wrapped__(who)
    monkeypatch.setattr(Canvas, "part", lambda canvas, *_: replace(canvas, where=(slice(None), slice(None))))
    np.testing.assert_array_equal(skin.texture.__wrapped__(who), parts)


def test_a_part_holds_the_positions_between_its_edges():
    whole = skin.canvas(identity(0, 0), per_iod=40)
    part = whole.part(-0.5, 0.5, 0.0, 1.0)
    np.testing.assert_array_equal(part.x, whole.x[part.where])
    np.testing.assert_array_equal(part.inside, whole.inside[part.where])
    inside = (whole.x >= -0.5) & (whole.x < 0.5) & (whole.y >= 0.0) & (whole.y < 1.0)
    assert part.x.size == inside.sum() and inside[part.where].all()
