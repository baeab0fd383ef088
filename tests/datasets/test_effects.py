"""The named repairs side by side, and annotations read without any video."""

from collections import Counter
from dataclasses import replace

import openpyxl
import pytest

from msstgcn import datasets
from msstgcn.datasets import casme2
from msstgcn.datasets.effects import COLUMNS, _odd_rows, compare_repairs
from msstgcn.datasets.reading import without_duplicates
from msstgcn.datasets.releases import casme2_rows
from msstgcn.datasets.repair import RawEvent
from msstgcn.datasets.workbooks import write_sheets
from msstgcn.errors import InputError
from msstgcn.settings import SyntheticSettings

MACRO = "macro-expression"
#: Three rows: sound, offset missing, apex behind the offset (frames from 1, 30 a second).
ROWS = [
    [1, "anger1_1", 11, 21, 40, "4", "negative", MACRO, "anger"],
    [1, "anger1_2", 101, 106, 0, "4", "negative", MACRO, "anger"],
    [1, "anger1_3", 201, 240, 230, "4", "negative", MACRO, "anger"],
]


@pytest.fixture
def root(tmp_path):
    sheets = [ROWS, [[15, "s15", 1]], [[401, "anger1"]]]
    write_sheets(dict(zip(casme2.SHEETS, sheets, strict=True)), tmp_path / casme2.WORKBOOK)
    return tmp_path


def test_each_policy_counts_and_measures_what_it_makes(root):
    table = compare_repairs("casme2", root).set_index("repair")
    assert list(table.reset_index()[list(COLUMNS)].columns) == list(COLUMNS)
    assert list(table.index) == list(datasets.REPAIRS)
    assert table["events"].to_dict() == {
        "authors": 3, "offset-at-apex": 3, "mirrored": 3, "apex-plus-20": 3, "drop": 1,
    }  # fmt: skip
    assert table["left out"].to_dict() == {name: 2 * (name == "drop") for name in table.index}
    # frames of the three events: 30, then the mended one (onset 101, apex 106), then 30
    mended = {"authors": 21, "offset-at-apex": 6, "mirrored": 11, "apex-plus-20": 26}
    for name, frames in mended.items():
        assert table.loc[name, "MaE mean (s)"] == pytest.approx((30 + frames + 30) / 3 / 30)
    assert table.loc["drop", "MaE mean (s)"] == pytest.approx(1.0)
    assert table[["mean IoU with truth", "share IoU >= 0.5"]].isna().all(axis=None)


def test_odd_rows_are_compared_with_what_they_were_written_from(tmp_path):
    written = datasets.synthetic(
        SyntheticSettings(preset="casme2", subjects=20, videos=4, seconds=86.0, difficulty="easy")
    )
    datasets.RELEASES["casme2"].workbook(written, tmp_path)
    table = compare_repairs("casme2", tmp_path, written).set_index("repair")
    shares = table["share IoU >= 0.5"].drop("drop")
    assert shares.between(0, 1).all() and table["mean IoU with truth"].drop("drop").between(0, 1).all()
    assert table.loc["drop", "events"] < table.loc["authors", "events"]
    # An offset at the apex cuts off all that follows the peak, so no rule can keep less of a late movement.
    assert table.loc["offset-at-apex", "mean IoU with truth"] == table["mean IoU with truth"].min()


def test_labels_alone_are_those_that_the_videos_bear(tmp_path):
    written = datasets.synthetic(
        SyntheticSettings(preset="samm-lv", subjects=2, videos=1, seconds=4.0, size=240, iod=60.0, seed=8)
    )
    datasets.write_dataset(written, tmp_path, layout="samm-lv")
    labels, findings = datasets.read_labels("samm-lv", tmp_path)
    opened = datasets.open_dataset("samm-lv", tmp_path)
    found = {name: [event for event, _ in pairs] for name, pairs in labels.items()}
    assert found == {v.name: list(v.expressions) for v in opened.videos if v.expressions}
    assert all(finding.level in {"repair", "note"} for finding in findings)


def test_rows_of_other_action_units_are_two_events_and_a_repeated_one_is_left_out():
    first = RawEvent("sheet, row 1", 1, "v", "me", 10, 15, 20, ("4",))
    others = [replace(first, row=2, action_units=("12",)), replace(first, row=3)]
    kept, (finding,) = without_duplicates([first, *others])
    assert kept == [first, others[0]] and finding.what == "the same event as row 1"


def test_rows_that_are_odd_in_the_apex_alone_tell_nothing_of_a_repair():
    size = {"subjects": 22, "videos": 5, "seconds": 86.0}
    written = datasets.synthetic(SyntheticSettings(preset="casme2", **size))
    quirks = Counter(row.quirk for row in casme2_rows(written))
    assert quirks["apex 0"] + quirks["apex beyond"] > 0
    assert len(_odd_rows("casme2", written)) == quirks["offset 0"] > 0


@pytest.mark.parametrize("repair", ["authors", "drop"])
def test_labels_alone_end_where_a_video_of_known_length_does(tmp_path, repair):
    """As those that the videos bear, whether a copy holds all pictures or every seventh."""
    size = {"subjects": 2, "videos": 1, "seconds": 4.0, "size": 240, "iod": 60.0}
    written = datasets.synthetic(SyntheticSettings(preset="samm-lv", seed=8, **size))
    datasets.write_dataset(written, tmp_path, layout="samm-lv")
    path = next(tmp_path.glob("*.xlsx"))
    book = openpyxl.load_workbook(path)
    frames = 7 * len(written.videos[0])
    for column, value in zip("DEF", (frames - 30, frames - 20, frames - 3), strict=True):
        book.active[f"{column}11"] = value
    book.save(path)
    opened = datasets.open_dataset("samm-lv", tmp_path, repair=repair)
    lengths = {video.name: len(video) for video in opened.videos}
    labels, _ = datasets.read_labels("samm-lv", tmp_path, repair=repair, lengths=lengths)
    found = {name: tuple(event for event, _ in pairs) for name, pairs in labels.items()}
    assert found == {v.name: v.expressions for v in opened.videos if v.expressions}
    assert max(e.offset for v in opened.videos for e in v.expressions) == len(written.videos[0]) - 1
    longer, _ = datasets.read_labels("samm-lv", tmp_path, repair=repair, lengths={})
    assert longer == {}


@pytest.mark.parametrize(
    ("layout", "repair", "message"),
    [
        ("folder", "authors", "unknown layout with a workbook 'folder'.*samm-lv, casme2"),
        ("casme2", "none", "unknown repair policy 'none'"),
        ("samm-lv", "authors", "no workbook"),
    ],
)
def test_wrong_names_and_missing_workbooks_are_refused(root, layout, repair, message):
    with pytest.raises(InputError, match=message):
        datasets.read_labels(layout, root, repair=repair)
    if repair == "authors":
        with pytest.raises(InputError, match=message):
            compare_repairs(layout, root)
