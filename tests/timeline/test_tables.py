"""Tables of events: what is read, and how what cannot be used is refused."""

import os

import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.timeline import read_events, read_videos, write_csv

GOOD = "video,class,onset,offset,score\na,me,3,9,0.5\na,MAE, 20,60,0.7\n"


def _file(tmp_path, text):
    path = tmp_path / "events.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_table_is_read_as_numbers(tmp_path):
    table = read_events(_file(tmp_path, GOOD))
    assert table[["video", "class", "onset", "offset"]].to_numpy().tolist() == [
        ["a", "me", 3, 9],
        ["a", "mae", 20, 60],
    ]
    assert table["onset"].dtype == "int64"
    assert table["score"].tolist() == [0.5, 0.7]


def test_a_table_with_a_header_alone_has_no_events(tmp_path):
    assert len(read_events(_file(tmp_path, "video,class,onset,offset\n"))) == 0


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path):
    assert len(read_events(_file(tmp_path, "\ufeff" + GOOD))) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,class,onset\na,me,1\n", "missing column offset.*found video,class,onset"),
        ("video,class,onset,offset\na,me,9,3\n", "row 2: onset 9 after offset 3"),
        ("video,class,onset,offset\na,me,1,3\na,me,-1,3\n", "row 3: negative onset -1"),
        ("video,class,onset,offset\na,smile,1,3\n", "row 2: unknown class 'smile'.*me, mae"),
        ("video,class,onset,offset\na,me,1,3\nb,me,1,3\na,me,1,3\n", "row 4: the same event stands twice"),
        ("video,class,onset,offset\na,me,one,3\n", "row 2: onset is 'one'.*whole frame number"),
        ("video,class,onset,offset\na,me,1.5,3\n", "row 2: onset is '1.5'"),
        ("video,class,onset,offset\na,me,,3\n", "row 2: onset is ''"),
        ("video,class,onset,offset\na,me,1e3,2000\n", "row 2: onset is '1e3'"),
        ("video,class,onset,offset\na,me,1,99999999999999999999\n", "row 2: offset is '9+'; expected up to"),
        ("video,class,onset,offset\na,,1,3\n", "row 2: unknown class ''"),
        ("video,class,onset,offset,score\na,me,1,3,.5\nb,me,1,3,nan\n", "row 3: score is 'nan'"),
        ("video,class,onset,offset,score\na,me,1,3,high\n", "row 2: score is 'high'"),
        ("video,class,onset,offset,score\na,me,1,3,inf\n", "row 2: score is 'inf'"),
        ("video,class,onset,offset,score\na,me,1,3,\n", "row 2: score is ''"),
        ("video,class,onset,offset,subject\na,me,1,3,\n", "row 2: empty subject"),
        (
            "video,class,onset,offset,subject\na,me,1,3,1\na,me,5,8,2\n",
            "row 3: video 'a' has two subjects, '1'",
        ),
        ("video,class,onset,offset,Onset\na,me,1,3,4\n", "column onset stands twice"),
        ("video;class;onset;offset\na;me;1,0;3\n", "row 2: onset is '1,0'"),
        ("video,class,onset,offset\na,me,1,3\na,micro,1,3\n", "row 3: the same event stands twice"),
        ('video,class,onset,offset\n"a,me,1,3\n', "not a CSV file"),
        ("video,class,onset,offset\n,me,1,3\n", "row 2: empty video name"),
        ("video,class,onset,offset\na,me,1,3,4,5\n", "row 2: 6 fields; expected 4"),
        ("video,class,onset,offset\na,me,1,3\n\na,me,5\n", "row 4: 3 fields"),
        ("\nvideo,class,onset,offset\na,me,1\n", "row 3: 3 fields"),
        (" \n\t\n", "empty"),
        ("video,class,onset,offset,score\n\na,me,1,3,.5\n\nb,me,1,3,high\n", "row 5: score is 'high'"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_row(tmp_path, text, message):
    path = _file(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        read_events(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_a_folder_and_a_picture_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_events(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_events(tmp_path)
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(InputError, match="not a CSV file"):
        read_events(picture)


WANTED = [["Bühne 1", "me", 3, 9], ["b", "mae", 20, 60]]


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("video,class,onset,offset\nBühne 1,ME,3,9\nb,MaE,20,60\n", "utf-8", []),
        ("video,class,onset,offset\r\nBühne 1,me,3,9\r\nb,mae,20,60\r\n", "utf-8-sig", []),
        ("video,class,onset,offset\rBühne 1,me,3,9\rb,mae,20,60\r", "utf-8", []),
        ("video,class,onset,offset\r\r\nBühne 1,me,3,9\r\r\nb,mae,20,60\r\r\n", "utf-8", []),
        ("\n\nvideo,class,onset,offset\nBühne 1,me,3,9\n\nb,mae,20,60", "utf-8", []),
        ("video\tclass\tonset\toffset\tnote\nBühne 1\tme\t3\t9\tx\nb\tmae\t20\t60\t\n", "utf-8",
         ["fields separated by tabs"]),
        (" Video , CLASS, Onset ,offset , note\n Bühne 1 , me , 3.0 , 9 ,x\nb,mae,+20,60,\n\n\n", "utf-8", []),
        ("video,class,onset,offset\nBühne 1,me,3,9\nb,mae,20,60\n", "cp1252", ["read as Windows-1252"]),
        (
            "video;class;onset;offset\r\nBühne 1;Micro;3;9\r\nb;Macro-Expression;20;60\r\n",
            "cp1252",
            ["read as Windows-1252", "fields separated by semicolons", "class Micro read as me",
             "class Macro-Expression read as mae"],
        ),
        (
            "video\tclass\tonset\toffset\nBühne 1\tmicro_expression\t3\t9\nb\tMAE\t20\t60\n",
            "utf-16",
            ["read as UTF-16", "fields separated by tabs", "class micro_expression read as me"],
        ),
        ('offset,onset,class,video\n9,3,me,"Bu\u0308hne 1"\n60,20,mae,b\n', "utf-8", []),
    ],
)  # fmt: skip
def test_what_spreadsheets_write_is_read_and_said(tmp_path, text, encoding, said):
    path = tmp_path / "events.csv"
    path.write_bytes(text.encode(encoding))
    notes = []
    table = read_events(path, notes)
    assert table[["video", "class", "onset", "offset"]].to_numpy().tolist() == WANTED
    assert notes == said


def test_a_quoted_name_may_hold_a_comma(tmp_path):
    assert read_events(_file(tmp_path, 'video,class,onset,offset\n"a, b",me,1,3\n'))["video"].tolist() == [
        "a, b"
    ]


def test_videos_stand_once(tmp_path):
    table = read_videos(_file(tmp_path, "video,subject\nb,1\na,1\n"))
    assert table.to_numpy().tolist() == [["b", "1"], ["a", "1"]]
    with pytest.raises(InputError, match="row 3: video 'b' stands twice"):
        read_videos(_file(tmp_path, "video\nb\nb\n"))
    with pytest.raises(InputError, match="row 2: empty video name"):
        read_videos(_file(tmp_path, "video,subject\n,1\n"))


@pytest.mark.parametrize(("column", "one", "other"), [("apex", 2, 3), ("action_units", "AU4", "AU4+AU7")])
def test_two_annotations_of_one_interval_are_two_events_where_apex_or_units_differ(
    tmp_path, column, one, other
):
    head = f"video,class,onset,offset,{column}\n"
    assert len(read_events(_file(tmp_path, f"{head}a,me,1,3,{one}\na,me,1,3,{other}\n"))) == 2
    with pytest.raises(InputError, match="row 3: the same event stands twice"):
        read_events(_file(tmp_path, f"{head}a,me,1,3,{one}\na,me,1,3,{one}\n"))


def test_a_table_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = write_csv(pd.DataFrame({"video": ["a"], "score": [0.1]}), tmp_path / "sub" / "t.csv")
    assert path.read_bytes() == b"video,score\na,0.1\n"

    def full(*_args, **_kwargs):
        raise OSError(28, os.strerror(28), "t.csv")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(InputError, match="no space left"):
        write_csv(pd.DataFrame(), path)
    assert path.read_bytes() == b"video,score\na,0.1\n"
    assert [p.name for p in path.parent.iterdir()] == ["t.csv"]
