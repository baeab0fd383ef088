"""Each policy on each quirk, against values worked out by hand."""

import pytest

from msstgcn.datasets.repair import REPAIRS, RawEvent, expression_of
from msstgcn.errors import InputError


def event(onset, apex, offset, step=1):
    return RawEvent("book.xlsx, row 7", 7, "v", "mae", onset, apex, offset, ("4",), step)


def times(found):
    return None if found is None else (found.onset, found.apex, found.offset)


# Frames of the workbook count from 1, those of an expression from 0.
MISSING_OFFSET = {
    "authors": (100, 111, 120),
    "offset-at-apex": (100, 111, 111),
    "mirrored": (100, 111, 122),
    "apex-plus-20": (100, 111, 131),
    "drop": None,
}


@pytest.mark.parametrize("policy", REPAIRS)
def test_a_missing_offset(policy):
    found, findings = expression_of(event(101, 112, 0), policy)
    assert times(found) == MISSING_OFFSET[policy]
    (finding,) = findings
    assert finding.where == "book.xlsx, row 7"
    assert "offset 0" in finding.what
    assert policy in finding.done
    assert finding.level == ("error" if found is None else "repair")


def test_a_missing_offset_with_a_late_apex_or_none():
    found, findings = expression_of(event(101, 140, 0), "authors")
    assert times(found) == (100, 110, 120)
    assert len(findings) == 2
    found, _ = expression_of(event(101, 0, 0), "authors")
    assert times(found) == (100, 110, 120)
    for policy in ("offset-at-apex", "mirrored", "apex-plus-20"):
        found, (finding,) = expression_of(event(101, 0, 0), policy)
        assert found is None
        assert "nothing to tell the offset from" in finding.what


@pytest.mark.parametrize("policy", REPAIRS)
@pytest.mark.parametrize("apex", [0, -1, 121, 50])
def test_an_apex_that_is_missing_or_outside_becomes_the_middle(policy, apex):
    found, (finding,) = expression_of(event(101, apex, 120), policy)
    if policy == "drop":
        assert found is None
    else:
        assert times(found) == (100, 109, 119)  # (101 + 120) // 2 = 110, from 1
    assert f"apex {apex}" in finding.what


@pytest.mark.parametrize("policy", REPAIRS)
def test_an_onset_of_zero_is_the_first_frame(policy):
    found, (finding,) = expression_of(event(0, 10, 20), policy)
    assert times(found) == (None if policy == "drop" else (0, 9, 19))
    assert "onset 0" in finding.what


@pytest.mark.parametrize("policy", REPAIRS)
def test_an_offset_beyond_the_video_is_cut_off(policy):
    found, findings = expression_of(event(90, 95, 130), policy, last=100)
    assert times(found) == (None if policy == "drop" else (89, 94, 99))
    assert "offset 130 beyond" in findings[0].what
    found, findings = expression_of(event(90, 120, 130), policy, last=100)
    assert times(found) == (None if policy == "drop" else (89, 99, 99))
    assert len(findings) == (1 if policy == "drop" else 2)


@pytest.mark.parametrize("policy", REPAIRS)
@pytest.mark.parametrize(
    ("row", "message"),
    [((50, 45, 40), "before onset"), ((-3, 4, 9), "onset -3"), ((200, 210, 220), "onset 200")],
)
def test_what_no_policy_mends(policy, row, message):
    found, (finding,) = expression_of(event(*row), policy, last=100)
    assert found is None
    assert finding.level == "error"
    assert message in finding.what


@pytest.mark.parametrize("policy", REPAIRS)
def test_an_ordinary_row_is_left_alone(policy):
    found, findings = expression_of(event(1, 3, 100), policy, last=100)
    assert times(found) == (0, 2, 99)
    assert not findings
    assert found.action_units == ("4",)
    assert found.label == "mae"


def test_the_working_rate():
    """Every seventh frame: x -> round((x - 1) / 7), and 20 frames of repair are 20 working frames."""
    found, _ = expression_of(event(567, 600, 671, step=7), "authors")
    assert times(found) == (81, 86, 96)
    found, _ = expression_of(event(71, 0, 0, step=7), "authors")
    assert times(found) == (10, 20, 30)
    found, findings = expression_of(event(71, 80, 100, step=7), "authors", last=100)
    assert found.offset == 14  # 99 / 7 = 14.1
    found, findings = expression_of(event(71, 80, 103, step=7), "authors", last=103)
    assert found.offset == 14  # 102 / 7 = 14.6, but the video's last working frame is 14
    assert not findings


def test_an_unknown_policy_lists_the_known_ones():
    with pytest.raises(InputError, match="authors, offset-at-apex, mirrored, apex-plus-20, drop"):
        expression_of(event(1, 2, 3), "magic")
