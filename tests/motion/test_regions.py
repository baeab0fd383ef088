"""Sets of regions: named ones, and the user's own from a file."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn import motion
from msstgcn.errors import InputError
from msstgcn.motion.regions import DEPTHS
from msstgcn.settings import RegionSettings


def test_named_sets_have_as_many_regions_as_their_name_says_and_keep_the_nodes_first():
    for name, regions in motion.REGION_SETS.items():
        assert len(regions) == int(name)
        assert len({region.name for region in regions}) == len(regions)
        assert all(0 <= region.landmark < 68 for region in regions)
    for name in ("10", "12", "14", "22"):
        assert motion.REGION_SETS[name][:10] == motion.NODES
    for small, large in (("12", "14"), ("14", "22")):
        assert motion.REGION_SETS[large][: int(small)] == motion.REGION_SETS[small]


def test_depths_are_those_of_a_symmetric_head():
    pairs = [(i, 16 - i) for i in range(8)] + [(17 + i, 26 - i) for i in range(5)] + [(31, 35), (32, 34)]
    pairs += [(36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46), (48, 54), (49, 53), (50, 52)]
    pairs += [(55, 59), (56, 58), (60, 64), (61, 63), (65, 67)]
    assert len(DEPTHS) == 68
    assert all(DEPTHS[a] == DEPTHS[b] for a, b in pairs)
    assert int(np.argmax(DEPTHS)) == 30  # the tip of the nose
    known = (*motion.NODES, *motion.NOSE, *motion.RIGID10[:6])
    assert all(region.depth == DEPTHS[region.landmark] for region in known)


def test_regions_of_ones_own_get_the_usual_depth_of_their_landmark():
    own = (
        RegionSettings(name="chin", landmark=8),
        RegionSettings(name="cheek", landmark=48, dx=-0.2, depth=0.0),
    )
    assert motion.region_set(own) == (
        motion.Region("chin", 8, depth=DEPTHS[8]),
        motion.Region("cheek", 48, dx=-0.2, depth=0.0),
    )
    assert motion.region_set("10") is motion.NODES
    with pytest.raises(InputError, match="unknown set of regions '11'.*6, 10, 12, 14, 22"):
        motion.region_set("11")


def test_a_file_of_regions(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text('name,landmark,dx,dy,depth\nchin,8,,,\n"cheek, left",48,-0.2,-0.3,0.05\n')
    assert motion.read_regions(path) == (
        RegionSettings(name="chin", landmark=8),
        RegionSettings(name="cheek, left", landmark=48, dx=-0.2, dy=-0.3, depth=0.05),
    )
    for text in ("name,landmark\nchin,8\n", "Name; landmark\r\n chin ;8\r\n\r\n"):
        path.write_text(text)
        assert motion.read_regions(path) == (RegionSettings(name="chin", landmark=8),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,landmark\nchin,68\n", r"row 2.*landmark = 68.*less than or equal to 67"),
        ("name,landmark\nchin,8\nlip,-1\n", r"row 3.*landmark = -1"),
        ("name,landmark\nchin,eight\n", r"row 2.*'eight'.*a number"),
        ("name,landmark\nchin,\n", r"row 2: landmark is missing"),
        ("name,landmark\n,8\n", r"row 2.*name = ''"),
        ("name,landmark,dx\nchin,8,nan\n", r"row 2.*dx"),
        ("name,landmark\nchin,8\nchin,9\n", "'chin' stands twice"),
        ("name,landmark\n", "at least one region"),
        ("name\nchin\n", "missing column landmark"),
        ("name,landmark,size\nchin,8,3\n", "column 'size' is unknown"),
        ("name,landmark\nbrow,19,5\n", "row 2: 3 fields; expected 2"),
        ("name,landmark,dx\nbrow,19\n", "row 2: 2 fields; expected 3"),
        ("name,landmark\nbrow,19\n\nlip,99\n", "row 4: landmark = 99"),
        ("name,landmark,dx,dx\nbrow,19,.1,.2\n", "column dx stands twice"),
        ("", "empty"),
    ],
)
def test_a_wrong_file_of_regions_is_refused_with_its_row(tmp_path, text, message):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        motion.read_regions(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_of_regions(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        motion.read_regions(tmp_path / "none.csv")
