"""The real layouts: written by the project itself, with their oddities, and read back."""

import os
import re
import time
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from msstgcn.datasets import casme2, open_video, samm_lv, synthetic, write_dataset
from msstgcn.datasets.layouts import open_dataset
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.datasets.reading import labels_of
from msstgcn.datasets.releases import casme2_rows, casme2_workbook, samm_rows, samm_workbook
from msstgcn.datasets.repair import REPAIRS
from msstgcn.errors import InputError
from msstgcn.settings import SyntheticSettings

# 30 people with videos as long and as many as the real ones: some 500 events of each; nothing is rendered.
MANY = {
    "samm-lv": SyntheticSettings(preset="samm-lv", subjects=30, videos=0, seconds=0, seed=0),
    "casme2": SyntheticSettings(preset="casme2", subjects=30, videos=0, seconds=0, seed=0),
}
TOOLS = {
    "samm-lv": (samm_rows, samm_workbook, samm_lv.read_workbook, 7, 11),
    "casme2": (casme2_rows, casme2_workbook, casme2.read_workbook, 1, 1),
}
SMALL = SyntheticSettings(subjects=2, videos=2, seconds=2.0, size=240, iod=60.0, seed=2)


@dataclass
class Annotations:
    layout: str
    data: object
    rows: list
    events: list
    findings: list
    lasts: dict
    first: int


@pytest.fixture(scope="module", params=MANY)
def annotations(request, tmp_path_factory):
    layout = request.param
    rows_of, workbook, read, step, first = TOOLS[layout]
    data = synthetic(MANY[layout])
    path = workbook(data, tmp_path_factory.mktemp("book"))
    events, findings = read(path)
    rows = rows_of(data)
    long = {id(e): len(v) for v in data.videos for e in v.expressions}  # rows hold the very expressions
    lasts = {row.video: 1 + step * (long[id(row.truth)] - 1) for row in rows}
    return Annotations(layout, data, rows, events, findings, lasts, first)


def test_ordinary_rows_give_the_truth_back(annotations):
    assert len(annotations.rows) > 350
    assert len(annotations.events) == len(annotations.rows)
    labels, findings = labels_of(annotations.events, annotations.lasts, "authors")
    by_row = {row: (video, e) for video, pairs in labels.items() for e, row in pairs}
    assert len(by_row) == len(annotations.rows)
    for number, row in enumerate(annotations.rows, start=annotations.first):
        video, expression = by_row[number]
        assert video == row.video
        assert expression.label == row.truth.label
        assert expression.action_units == row.truth.action_units
        if not row.quirk:
            assert expression == row.truth
    ordinary = {n for n, row in enumerate(annotations.rows, annotations.first) if not row.quirk}
    assert not [f for f in findings if int(f.where.rsplit(" ", 1)[1]) in ordinary]


def test_the_conversion_is_the_documented_one(annotations):
    """Against the book's own arithmetic, and without videos that would cut events off."""
    labels, _ = labels_of(annotations.events, None, "authors")
    by_row = {row: e for pairs in labels.values() for e, row in pairs}
    for number, row in enumerate(annotations.rows, start=annotations.first):
        if row.quirk in ("", "offset beyond"):
            at = slice(3, 6) if annotations.layout == "samm-lv" else slice(2, 5)
            onset, apex, offset = row.cells[at]
            step = 7 if annotations.layout == "samm-lv" else 1
            got = by_row[number]
            wanted = [round((round(x) - 1) / step) for x in (onset, apex, offset)]
            assert [got.onset, got.apex, got.offset] == wanted


def test_quirks_stand_at_the_real_rates(annotations):
    found = Counter(row.quirk for row in annotations.rows)
    many = len(annotations.rows)
    slow = sum(row.truth.label == "mae" for row in annotations.rows)
    if annotations.layout == "samm-lv":
        assert found["onset 0"] == round(slow * 10 / 343)
        assert found["apex -1"] == round(many * 6 / 502)
        assert found["offset beyond"] == round(many * 3 / 502)
        broken = [v for row in annotations.rows for v in row.cells[3:6] if v != round(v)]
        assert len(broken) == round(many * 140 / 502)
        assert len(broken) == sum("rounded" in f.done for f in annotations.findings)
    else:
        assert found["offset 0"] == round(slow * 44 / 300)
        assert found["apex 0"] == round(many / 357)
        assert found["apex beyond"] == round(many * 3 / 357)


def middle(row):
    return (row.onset + row.offset) // 2


#: What each policy makes of each quirk, in workbook frames: onset, apex, offset; None where the row is refused.
OFFSETS = {
    "authors": lambda e: e.onset + 20,
    "offset-at-apex": lambda e: e.apex,
    "mirrored": lambda e: 2 * e.apex - e.onset,
    "apex-plus-20": lambda e: e.apex + 20,
}


def expected(quirk, e, policy, last):
    onset, apex, offset = max(e.onset, 1), e.apex, e.offset
    if policy == "drop":
        return None
    if quirk == "offset 0":
        offset = OFFSETS[policy](e)
        if policy == "authors" and apex > offset:
            apex = onset + 10
    elif quirk in ("apex -1", "apex 0", "apex beyond"):
        apex = middle(e)
    elif quirk == "offset beyond":
        offset = last
    return onset, apex, min(offset, last)


@pytest.mark.parametrize("policy", REPAIRS)
def test_quirks_are_mended_as_the_policy_says(annotations, policy):
    step = 7 if annotations.layout == "samm-lv" else 1
    labels, findings = labels_of(annotations.events, annotations.lasts, policy)
    by_row = {row: e for pairs in labels.values() for e, row in pairs}
    told = {int(f.where.rsplit(" ", 1)[1]) for f in findings}
    checked = 0
    for number, row in enumerate(annotations.rows, start=annotations.first):
        if not row.quirk:
            continue
        event = annotations.events[number - annotations.first]
        wanted = expected(row.quirk, event, policy, annotations.lasts[row.video])
        assert number in told
        checked += 1
        if wanted is None:
            assert number not in by_row
        else:
            got = by_row[number]
            assert (got.onset, got.apex, got.offset) == tuple(round((x - 1) / step) for x in wanted)
    assert checked > 10


def test_the_same_data_give_the_same_bytes(annotations, tmp_path):
    workbook = TOOLS[annotations.layout][1]
    first = workbook(annotations.data, tmp_path / "a").read_bytes()
    time.sleep(1.1)  # a workbook knows the second it was written in
    assert workbook(annotations.data, tmp_path / "b").read_bytes() == first


@pytest.mark.parametrize("layout", MANY)
def test_videos_are_written_and_read_back(layout, tmp_path):
    data = synthetic(SMALL.but(preset=layout))
    out = tmp_path / "a set"
    write_dataset(data, out, layout=layout)
    back = open_dataset(layout, out)
    assert back.repair == "authors"
    assert sum("a space in the path" in f.what for f in back.findings) == 1
    assert len(back.videos) == len(data.videos)
    rows = {"samm-lv": samm_rows, "casme2": casme2_rows}[layout](data)
    for video, again in zip(data.videos, back.videos, strict=True):
        assert (len(again), again.fps) == (len(video), pytest.approx(video.fps))
        for i in (0, 3, len(video) - 1):  # JPEG is lossy
            assert again.frame(i).shape == video.frame(i).shape
            assert np.abs(again.frame(i).astype(float) - video.frame(i)).mean() < 4
        truth = [row.truth for row in rows if row.video == again.name and not row.quirk]
        assert set(truth) <= set(again.expressions)
        assert len(again.rows) == len(again.expressions)
    assert len(back.subjects) == len(data.subjects)
    if layout == "samm-lv":
        names = sorted(p.name for p in (out / "SAMM_longvideos" / "001_1").iterdir())
        assert names == [f"001_1_{n:04d}.jpg" for n in range(1, 1 + 7 * (len(data.videos[0]) - 1) + 1)]
        assert (out / "SAMM_longvideos" / "001_1" / names[6]).samefile(
            out / "SAMM_longvideos" / "001_1" / names[0]
        )
        cells = [row.cells[8] for row in samm_rows(synthetic(MANY[layout]))]
        for way in (r"\d+[A-D]", r"A\d+", r"ref\(\d+\)", r"\d+\(.*/[B-E]\)", r"\d+/14", r"L\d+"):
            assert any(re.fullmatch(way, unit) for cell in cells for unit in cell.split("+")), way
    else:
        names = sorted(p.name for p in (out / "rawpic" / "s15" / "15_0102eatingworms").iterdir())
        assert names[:2] == ["img001.jpg", "img002.jpg"]
        assert (out / "CAS(ME)^2code_final.xlsx").is_file()


def test_what_a_layout_does_not_take(tmp_path):
    with pytest.raises(InputError, match="expected 28.57"):
        write_dataset(synthetic(SMALL.but(preset="casme2")), tmp_path, layout="samm-lv")
    with pytest.raises(InputError, match="more than 9 videos"):
        write_dataset(synthetic(SMALL.but(preset="casme2", videos=10)), tmp_path, layout="casme2")
    assert not list(tmp_path.iterdir())


def test_long_videos_have_five_digits():
    from msstgcn.datasets.releases import RELEASES

    assert RELEASES["samm-lv"].pictures("006_1", 0, 1429) == [f"006_1_000{n}.jpg" for n in range(1, 8)]
    assert RELEASES["samm-lv"].pictures("006_1", 1428, 1429) == ["006_1_9997.jpg"]
    assert RELEASES["samm-lv"].pictures("006_1", 0, 1430)[0] == "006_1_00001.jpg"
    assert RELEASES["casme2"].pictures("x", 999, 2000) == ["img1000.jpg"]


@pytest.mark.parametrize("opened", [lambda path: NumberedVideo(path, "v", "s", 30.0), open_video])
def test_of_ten_thousand_pictures_only_a_few_are_touched(tmp_path, calls, opened):
    good, data = cv2.imencode(".jpg", np.zeros((480, 480), np.uint8))
    for number in range(1, 10_001):
        (tmp_path / f"img{number:03d}.jpg").write_bytes(b"")
    (tmp_path / "img001.jpg").write_bytes(data)
    (tmp_path / "img10000.jpg").write_bytes(data)
    listed, asked, read = calls(os, "listdir"), calls(os, "stat"), calls(np, "fromfile")
    frame = opened(tmp_path).frame(9999)
    assert good and frame.shape == (480, 480)
    assert len(listed) == 1 and len(asked) < 50 and len(read) < 12
