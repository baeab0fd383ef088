"""Files of predictions, scored: what is said of them beside the counts, and what is refused."""

from __future__ import annotations

import json
from math import isfinite

import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.spotting import bootstrap_f1, compare, holm
from msstgcn.spotting.files import Counting, score_files

TRUTH = [
    "video,class,onset,offset,subject",
    "a1,me,10,19,a",
    "a1,mae,40,79,a",
    "b1,me,5,14,b",
    "b2,mae,0,39,b",
    "c1,mae,5,50,c",
]
PRED = [
    "video,class,onset,offset",
    "a1,me,12,21",
    "a1,mae,100,120",
    "b1,me,5,9",
    "c1,mae,5,48",
    "c1,me,70,80",
]
OTHER = ["video,class,onset,offset", "a1,me,10,19", "b1,me,40,50", "c1,mae,5,48"]
VIDEOS = ["video,subject", "a1,a", "b1,b", "b2,b", "c1,c", "d1,d"]


@pytest.fixture
def write(tmp_path):
    """Write lines to a file of that name."""

    def lines(name, rows, **how):
        path = tmp_path / name
        path.write_bytes(("\n".join(rows) + "\n").encode(**how))
        return path

    return lines


@pytest.fixture
def files(write):
    return write("pred.csv", PRED), write("truth.csv", TRUTH)


def test_intervals_are_those_of_the_counts_by_subject(files):
    result = score_files(*files)
    #       a: ME hit, MaE apart       b: ME hit, MaE missed     c: MaE hit, ME apart
    counts = {"me": [[1, 0, 0], [1, 0, 0], [0, 1, 0]], "mae": [[0, 1, 1], [0, 0, 1], [1, 0, 0]]}
    counts["overall"] = [[1, 1, 1], [1, 0, 1], [1, 1, 0]]
    assert result.intervals == {name: bootstrap_f1(table) for name, table in counts.items()}
    assert result.subjects == 3
    assert result.to_dict()["overall"] | {"precision": 0, "recall": 0} == {
        "tp": 3, "fp": 2, "fn": 2, "precision": 0, "recall": 0, "f1": pytest.approx(0.6)
    }  # fmt: skip


def test_a_video_without_events_counts_as_a_subject_of_its_own(files, write):
    result = score_files(*files, videos=write("videos.csv", VIDEOS))
    assert result.subjects == 4
    assert result.scores.overall.fp == 2


def test_subjects_may_stand_in_the_list_of_videos_alone(write, files):
    plain = write("plain.csv", [line.rsplit(",", 1)[0] for line in TRUTH])
    result = score_files(files[0], plain)
    assert not result.intervals and "no column subject" in result.text()
    assert score_files(files[0], plain, videos=write("videos.csv", VIDEOS)).subjects == 4


def test_a_comparison_is_the_paired_one(files, write):
    result = score_files(*files, other=write("other.csv", OTHER))
    ours = [[1, 1, 1], [1, 0, 1], [1, 1, 0]]
    theirs = [[1, 0, 1], [0, 1, 2], [1, 0, 0]]
    assert result.comparisons["overall"] == compare(ours, theirs, tests=3)
    p = [result.comparisons[name].p for name in ("me", "mae", "overall")]
    told = result.to_dict()["comparison"]
    assert [told[name]["p_holm"] for name in ("me", "mae", "overall")] == holm(p).tolist()
    assert told["overall"]["difference"] == pytest.approx(0.6 - 4 / 8)
    assert "other.csv, on the same subjects" in result.text()
    itself = score_files(*files, other=files[0]).comparisons["overall"]
    assert (itself.difference.value, itself.p) == (0, 1)


@pytest.mark.parametrize(
    ("counting", "overall"),
    [
        (Counting(), (3, 2, 2)),
        (Counting(iou=0.9), (1, 4, 4)),
        (Counting(inclusive=False), (2, 3, 3)),  # 4 of 9 instead of 5 of 10
        (Counting(rows="drop-onset-0"), (3, 2, 1)),
        (Counting(rows="only-videos-with-the-class"), (3, 1, 2)),
    ],
)
def test_the_protocol_is_taken_and_told(files, counting, overall):
    result = score_files(*files, counting=counting)
    counts = result.scores.overall
    assert (counts.tp, counts.fp, counts.fn) == overall
    assert result.to_dict()["protocol"]["rows"] == counting.rows
    assert f"counted: {counting}" in result.text()


def test_the_order_of_rows_makes_no_difference(files, write):
    turned = write("pred.csv", [PRED[0], *PRED[:0:-1]]), write("truth.csv", [TRUTH[0], *TRUTH[:0:-1]])
    other = write("other.csv", OTHER), write("rehto.csv", [OTHER[0], *OTHER[:0:-1]])
    first = score_files(*files, other=other[0]).to_dict()
    second = score_files(*turned, other=other[1]).to_dict()
    for told in (first, second):
        del told["comparison"]["with"], told["read"]
    assert first == second


def test_what_was_read_is_told(write, files):
    odd = ["video;class;onset;offset", "Bühne;Micro;3;9"]
    result = score_files(write("odd.csv", odd, encoding="cp1252"), files[1])
    assert any(
        line.endswith(
            "odd.csv: 1 event (1 me, 0 mae) in 1 video; read as Windows-1252; fields separated by semicolons; "
            "class Micro read as me"
        )
        for line in result.read
    )
    assert "for 1 of the predicted videos (Bühne)" in result.warning


def test_a_name_that_looks_misspelt_is_asked_about(write, files):
    result = score_files(write("pred.csv", [*PRED, "B1,me,70,80"]), files[1])
    assert "row 7: no events in" in result.warning and "did you mean 'b1'?" in result.warning
    assert "the subject of video 'B1' is not known" in result.text()


@pytest.mark.parametrize(("people", "enough"), [(6, False), (7, True)])
def test_what_is_resolvable_is_that_of_the_three_tests_together(write, people, enough):
    """Of six people the best p is 2 / 64: enough for one test, too much for the first of three."""
    names = [f"s{number}" for number in range(people)]
    truth = write(
        "truth.csv",
        [TRUTH[0], *(f"{who}1,{part},{who}" for who in names for part in ("me,10,19", "mae,40,79"))],
    )
    pred = write(
        "pred.csv", [PRED[0], *(f"{who}1,{part}" for who in names for part in ("me,10,19", "mae,40,79"))]
    )
    other = write("other.csv", [PRED[0], "s01,me,10,19", "s11,mae,40,79"])
    result = score_files(pred, truth, other=other)
    assert all(isfinite(one.resolvable) == enough for one in result.comparisons.values())
    written = json.loads(json.dumps(result.to_dict(), allow_nan=False))["comparison"]
    assert all((written[name]["resolvable"] == "none") != enough for name in result.comparisons)
    assert (
        "that the three tests together would find four times in five; inf: too few subjects" in result.text()
    )


@pytest.mark.parametrize(
    ("pred", "videos", "other", "message"),
    [
        ([*PRED, "D1,me,70,80"], VIDEOS, None, "pred.csv, row 7: video 'D1' is not in.*did you mean 'd1'"),
        (PRED, VIDEOS[:-2], None, "pred.csv, row 5: video 'c1' is not in"),
        (PRED, [*VIDEOS[:1], "a1,x", *VIDEOS[2:]], None, "row 2: video 'a1' has subject 'x' here and 'a'"),
        (PRED, None, [*OTHER, "zz,me,1,2"], "--compare: the subject of video 'zz' is not known"),
        (PRED, VIDEOS, [*OTHER, "zz,me,1,2"], "other.csv, row 5: video 'zz' is not in"),
        (["video,class,onset,offset", "a1,me,9,3"], None, None, "pred.csv, row 2: onset 9 after offset 3"),
    ],
)
def test_what_cannot_be_scored_is_named_with_file_and_row(write, files, pred, videos, other, message):
    given = {
        "videos": videos and write("videos.csv", videos),
        "other": other and write("other.csv", other),
    }
    with pytest.raises(InputError, match=message):
        score_files(write("pred.csv", pred), files[1], **given)


def test_one_subject_is_none_to_resample(write, files):
    result = score_files(files[0], write("truth.csv", [TRUTH[0], *(line[:-1] + "a" for line in TRUTH[1:])]))
    assert result.remark.startswith("only one subject") and result.to_dict()["intervals"] == {}


def test_predictions_without_any_row_score_nothing(write, files):
    result = score_files(write("pred.csv", PRED[:1]), files[1])
    assert (result.scores.overall.tp, result.scores.overall.fn) == (0, 5)


def test_the_command_prints_both_forms(msstgcn, files, write):
    other = write("other.csv", OTHER)
    shown = []
    given = ("--compare", other, "--matching", "many-to-one", "--no-plus-one", "--rows", "drop-onset-0")
    for extra in ([], ["--json"]):
        status, out, _ = msstgcn("score", *files, *given, *extra)
        assert status == 0
        shown.append(out)
    text, told = shown[0], json.loads(shown[1])
    counting = Counting(inclusive=False, matching="many-to-one", rows="drop-onset-0")
    assert told == score_files(*files, other=other, counting=counting).to_dict()
    assert "counted: many-to-one, drop-onset-0, IoU >= 0.5, lengths without the +1" in text


def test_as_many_rows_as_a_whole_data_set_has_and_then_some(write):
    rows = pd.DataFrame({"video": [f"v{n % 150}" for n in range(3000)], "class": "mae", "onset": range(3000)})
    rows["offset"] = rows["onset"] + 30
    path = write("many.csv", rows.to_csv(index=False).splitlines())
    found = score_files(path, path).scores.overall
    assert (found.tp, found.fp, found.fn) == (3000, 0, 0)
