"""A report names each thing that is wrong, with file and row, and spares the videos that are sound."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest

from msstgcn.datasets import Dataset, write_dataset
from msstgcn.datasets.check import check, picture_header, sound_part
from msstgcn.datasets.layouts import open_dataset
from msstgcn.errors import InputError
from msstgcn.timeline import Expression

FRAMES = 40
EVENTS = (Expression(2, 5, 9, "me", ("4",)), Expression(12, 18, 30, "mae", ("12", "L2")))


class Plain:
    """A grey video of 24 x 20 pixels that costs nothing to make."""

    def __init__(self, subject, number, fps):
        self.subject, self.fps, self.name = subject, fps, f"{subject}_{number}"
        self.expressions, self.digest = EVENTS, f"{subject}{number}".encode().hex().ljust(32, "0")

    def __len__(self):
        return FRAMES

    def frame(self, i):
        return np.full((20, 24), 4 * i, np.uint8)

    def frames(self, start=0, stop=None):
        return (self.frame(i) for i in range(start, FRAMES if stop is None else stop))


def plain_set(layout, subjects=2, videos=2):
    fps = {"samm-lv": 200 / 7, "casme2": 30.0}.get(layout, 30.0)
    names = [f"p{i}" for i in range(subjects)]
    return Dataset("plain", tuple(Plain(s, n, fps) for s in names for n in range(videos)))


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    home = tmp_path_factory.mktemp("sets")
    for layout in ("samm-lv", "casme2"):
        write_dataset(plain_set(layout), home / layout, layout=layout)
    write_dataset(plain_set("folder"), home / "folder", layout="png")
    return home


@pytest.fixture
def samm(originals, tmp_path):
    return shutil.copytree(originals / "samm-lv", tmp_path / "set")


@pytest.fixture
def casme(originals, tmp_path):
    return shutil.copytree(originals / "casme2", tmp_path / "casme")


def samm_book(root):
    return root / "SAMM_LongVideos_V2_Release.xlsx"


def casme_book(root):
    return root / "CAS(ME)^2code_final.xlsx"


def set_cells(path, cells, sheet=0):
    book = openpyxl.load_workbook(path)
    for place, value in cells.items():
        book.worksheets[sheet][place] = value
    book.save(path)


def errors(report):
    return [str(f) for f in report.findings if f.level in ("fatal", "error")]


@pytest.mark.parametrize("layout", ["samm-lv", "casme2", "folder"])
def test_a_sound_set(originals, layout):
    steps = []
    report = check(originals / layout, layout, progress=steps.append)
    assert errors(report) == []
    assert report.sound and len(report.videos) == 4 == sum(steps)
    assert report.pictures == 4 * FRAMES
    assert report.events == 8
    assert "usable: 4 videos with 8 events" in report.text()
    assert "not checked: the inside of pictures" in report.text()


@pytest.mark.parametrize("layout", ["samm-lv", "casme2"])
def test_a_link_to_nothing_is_a_video_that_is_missed(originals, tmp_path, layout):
    root = shutil.copytree(originals / layout, tmp_path / "set")
    folder = folder_of(root, layout)
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path / "unmounted")
    report = check(root, layout)
    assert len(report.videos) == 3
    assert any(
        f"{folder}: a link to {tmp_path / 'unmounted'}, which is not there" in line for line in errors(report)
    )


def test_a_person_whose_folder_cannot_be_read_is_left_out(casme, monkeypatch):
    person = folder_of(casme, "casme2").parent
    listed = Path.iterdir

    def iterdir(self):
        if self == person:
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    report = check(casme, "casme2")
    assert len(report.videos) == 2
    assert any(f"{person}: the folder cannot be read (Permission denied)" in line for line in errors(report))


# --- pictures ------------------------------------------------------------------------------------------------


def folder_of(root, layout):
    return root / ("SAMM_longvideos/001_1" if layout == "samm-lv" else "rawpic/s15/15_0101disgustingteeth")


def picture_of(root, layout, i):
    name = f"001_1_{1 + 7 * i:04d}.jpg" if layout == "samm-lv" else f"img{i + 1:03d}.jpg"
    return folder_of(root, layout) / name


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


def foreign(path):
    path.write_text("this is no picture")


def other_size(path):
    path.write_bytes(cv2.imencode(".jpg", np.zeros((22, 24), np.uint8))[1].tobytes())


def garbled(path):
    data = bytearray(path.read_bytes())
    data[2:40] = bytes(38)
    path.write_bytes(data)


PICTURES = [
    (empty, "the picture is empty"),
    (cut, "cut short"),
    (foreign, "cannot be read"),
    (other_size, "24 x 22 pixels, grey, 8 bits, most have 24 x 20"),
    (garbled, "cannot be read"),
]


@pytest.mark.parametrize("layout", ["samm-lv", "casme2"])
@pytest.mark.parametrize(("harm", "message"), PICTURES, ids=lambda v: getattr(v, "__name__", ""))
def test_a_bad_picture_is_named_and_the_other_videos_stay(originals, tmp_path, layout, harm, message):
    root = shutil.copytree(originals / layout, tmp_path / "set")
    path = picture_of(root, layout, 11)
    harm(path)
    report = check(root, layout)
    (error,) = errors(report)
    assert str(path) in error and message in error
    assert len(report.videos) == 3 and not report.sound
    kept = sound_part(open_dataset(layout, root), root)
    assert tuple(v.name for v in kept.videos) == report.videos


@pytest.mark.parametrize("layout", ["samm-lv", "casme2"])
def test_missing_pictures_in_the_middle(originals, tmp_path, layout):
    root = shutil.copytree(originals / layout, tmp_path / "set")
    for i in (3, 7):
        picture_of(root, layout, i).unlink()
    report = check(root, layout)
    numbers = "22, 50" if layout == "samm-lv" else "4, 8"
    found = errors(report)
    assert f"2 needed pictures missing: {numbers}" in found[0]
    assert sum("event left out" in e for e in found) == 2  # and its events are named one by one
    assert len(report.videos) == 3
    assert len(open_dataset(layout, root).videos) == 3


def test_pictures_between_the_working_frames_may_be_there_or_not(samm):
    between = folder_of(samm, "samm-lv") / "001_1_00005.JPG"
    shutil.copy(picture_of(samm, "samm-lv", 0), between)
    report = check(samm, "samm-lv")
    assert report.sound and report.pictures == 4 * FRAMES


def test_padding_letter_case_and_strange_files(samm):
    folder = folder_of(samm, "samm-lv")
    picture_of(samm, "samm-lv", 2).rename(folder / "001_1_00015.JPG")
    shutil.copy(folder / "001_1_0008.jpg", folder / "001_1_00008.jpg")
    shutil.copy(folder / "001_1_0008.jpg", folder / "cover.jpg")
    (samm / "SAMM_longvideos").rename(samm / "samm_LONGVIDEOS")
    (samm / "samm_LONGVIDEOS" / "extra").mkdir()
    (samm / "samm_LONGVIDEOS" / "002_1").rename(samm / "samm_LONGVIDEOS" / "2_1")
    report = check(samm, "samm-lv")
    assert report.sound and len(report.videos) == 4
    told = report.text()
    for message in (
        "a second picture of the same number",
        "without a number",
        "letter by letter",
        "subject_video",
    ):
        assert message in told
    assert "002_1" in report.videos


def test_missing_and_empty_folders(samm):
    shutil.rmtree(samm / "SAMM_longvideos" / "001_2")
    for path in (samm / "SAMM_longvideos" / "002_1").iterdir():
        path.unlink()
    report = check(samm, "samm-lv")
    assert report.videos == ("001_1", "002_2")
    told = errors(report)
    assert sum("no video 001_2" in e for e in told) == 2
    assert any("002_1: no numbered pictures" in e for e in told)
    assert all("nor any other" not in e for e in told)
    shutil.rmtree(samm / "SAMM_longvideos")
    report = check(samm, "samm-lv")
    assert not report.videos and report.findings[0].level == "fatal"
    with pytest.raises(InputError, match="no folder with a video"):
        open_dataset("samm-lv", samm)


def test_names_and_links(samm, tmp_path):
    root = samm.rename(tmp_path / "größe und raum")
    inner = root / "SAMM_longvideos"
    (inner / "001_2").rename(tmp_path / "elsewhere")
    (inner / "001_2").symlink_to(tmp_path / "elsewhere")
    outside = tmp_path / "picture.jpg"
    picture_of(root, "samm-lv", 4).rename(outside)
    picture_of(root, "samm-lv", 4).symlink_to(outside)
    report = check(root, "samm-lv")
    assert report.sound and len(report.videos) == 4
    told = report.text()
    assert "a space in the path" in told
    assert len(re.findall("a link out of the root", told)) == 2
    (inner / "001_1").rename(inner / "001_1 ü")
    assert "a name beyond ASCII" in check(root, "samm-lv").text()


# --- workbooks -----------------------------------------------------------------------------------------------

SAMM_ROWS = [
    ({"D11": "soon"}, "row 11: onset is 'soon', not a number; event left out"),
    ({"F12": None}, "row 12: offset is empty"),
    ({"H11": "Tiny"}, "row 11: Type is 'Tiny'"),
    ({"B11": "first"}, "row 11: Filename is 'first'"),
    ({"A11": 9}, "row 11: subject 9 with the file name 001_1_1"),
    (
        {"A11": 9, "B11": "009_1_1"},
        r"row 11: no video 009_1 \(nor any other of subject 009 that can be used\)",
    ),
    ({"D11": 900, "E11": 910, "F11": 920}, "row 11: onset 900 beyond the video's end at frame 280"),
    ({"D11": 90, "E11": 80, "F11": 70}, "row 11: offset 70 before onset 90"),
]


@pytest.mark.parametrize(("cells", "message"), SAMM_ROWS, ids=[m for _, m in SAMM_ROWS])
def test_bad_rows_of_samm_lv(samm, cells, message):
    set_cells(samm_book(samm), cells)
    report = check(samm, "samm-lv")
    (error,) = errors(report)
    assert re.search(message, error)
    assert report.events == 7 and len(report.videos) == 4 and not report.sound
    assert len(open_dataset("samm-lv", samm).videos) == 4


def test_a_row_that_stands_twice(samm):
    book = openpyxl.load_workbook(samm_book(samm))
    book.worksheets[0].append([cell.value for cell in book.worksheets[0][11]])
    book.save(samm_book(samm))
    (error,) = errors(check(samm, "samm-lv"))
    assert "row 19: the same event as row 11" in error


def test_repairs_are_listed_and_do_not_count_as_errors(samm):
    set_cells(samm_book(samm), {"D11": 0, "E12": -1, "F13": 9999, "D14": 90.4, "I11": "4 + smile"})
    for policy, kept in (("authors", 8), ("drop", 5)):
        report = check(samm, "samm-lv", repair=policy)
        assert report.events == kept
        assert report.sound is (policy == "authors")
        told = report.text()
        for message in (
            "onset 0",
            "apex -1",
            "offset 9999",
            "onset 90.4 is no whole frame; rounded to 90",
            "'smile'",
        ):
            assert message in told
        assert f"({policy})" in told
    expressions = open_dataset("samm-lv", samm).videos[0].expressions
    assert expressions[0].onset == 0


def test_several_and_wrong_workbooks(samm):
    shutil.copy(samm_book(samm), samm / "SAMM_LongVideos_V3_Release.xlsx")
    report = check(samm, "samm-lv")
    assert "2 workbooks; V3 is read" in report.text()
    book = openpyxl.load_workbook(samm_book(samm))
    book.worksheets[0]["D10"] = "Start"
    book.save(samm / "SAMM_LongVideos_V3_Release.xlsx")
    report = check(samm, "samm-lv")
    assert "no column Onset (sheet FACS_Movement_Only, row 10)" in report.findings[0].what
    assert report.findings[0].level == "fatal" and not report.sound
    (samm / "SAMM_LongVideos_V3_Release.xlsx").write_text("no workbook")
    assert "not a workbook" in check(samm, "samm-lv").findings[0].what
    for path in samm.glob("*.xlsx"):
        path.unlink()
    assert "no workbook" in check(samm, "samm-lv").findings[0].what
    with pytest.raises(InputError, match="no workbook"):
        open_dataset("samm-lv", samm)


CASME_ROWS = [
    (0, {"A1": 99}, "CASFEcode_final, row 1: unknown subject index 99"),
    (0, {"B1": "sorrow1_1"}, "row 1: code is 'sorrow1_1'"),
    (0, {"B1": "happy5_1"}, "row 1: no video s15_0508"),
    (0, {"C1": "x"}, "row 1: onset is 'x'"),
    (0, {"H1": "big"}, "row 1: type is 'big'"),
    (1, {"B2": "s77"}, "naming rule1, row 2: 1 is s77 and, in an earlier row, s15"),
]


@pytest.mark.parametrize(("sheet", "cells", "message"), CASME_ROWS, ids=[m for *_, m in CASME_ROWS])
def test_bad_rows_of_casme2(casme, sheet, cells, message):
    set_cells(casme_book(casme), cells, sheet)
    report = check(casme, "casme2")
    (error,) = errors(report)
    assert message in error
    assert report.events == (8 if sheet else 7)


def test_a_workbook_that_looks_nearly_right(samm, casme):
    """Another number of title rows or another sheet's name does no harm; another meaning of the columns is told."""
    book = openpyxl.load_workbook(samm_book(samm))
    book.worksheets[0].delete_rows(1, 5)
    book.worksheets[0].title = "Sheet1"
    book.worksheets[0]["F5"] = " OFFSET "
    book.save(samm_book(samm))
    assert check(samm, "samm-lv").sound
    book.worksheets[0]["F5"], book.worksheets[0]["D5"] = "End", "Begin"
    book.save(samm_book(samm))
    (finding,) = [f for f in check(samm, "samm-lv").findings if f.level == "fatal"]
    assert "no column Onset, Offset (sheet Sheet1, row 5)" in finding.what
    book.worksheets[0].delete_rows(1, 5)
    book.save(samm_book(samm))
    assert "no sheet with the columns of SAMM-LV; sheets: Sheet1" in check(samm, "samm-lv").findings[0].what

    casme_book(casme).rename(casme / "CAS(ME)^2code_final(Updated).xlsx")
    report = check(casme, "casme2")
    assert report.sound and "not named CAS(ME)^2code_final.xlsx; read all the same" in report.text()
    path = casme / "CAS(ME)^2code_final(Updated).xlsx"
    book = openpyxl.load_workbook(path)
    book.worksheets[0].insert_rows(1)
    for column, name in enumerate(
        ["Subject", "Code", "Onset", "Apex", "Offset", "AUs", "Emotion", "Type", "Report"], start=1
    ):
        book.worksheets[0].cell(1, column, name)
    book.save(path)
    report = check(casme, "casme2")
    (error,) = errors(report)
    assert "row 1: subject index is 'Subject', not a number; event left out" in error and report.events == 8
    book.worksheets[0].delete_cols(5)  # a release without offsets
    book.save(path)
    report = check(casme, "casme2")
    assert report.events == 0 and len(errors(report)) == 9


def test_a_copy_that_lacks_videos(casme):
    """Some copies of CAS(ME)^2 lack s19_0502 or s23_0502; events of such a video are named one by one."""
    shutil.rmtree(casme / "rawpic" / "s15" / "15_0102eatingworms")
    report = check(casme, "casme2")
    assert report.videos == ("s15_0101", "s16_0101", "s16_0102")
    rows = [int(re.search(r"row (\d+): no video s15_0102; event left out", e)[1]) for e in errors(report)]
    assert rows == [3, 4]


def test_a_video_shorter_than_its_events(samm):
    """One video of SAMM-LV exists with 1000 and with 2000 pictures: what the shorter lacks is cut off or left out."""
    for i in range(25, FRAMES):
        picture_of(samm, "samm-lv", i).unlink()
    for path in folder_of(samm, "samm-lv").glob("*.jpg"):
        if int(path.stem[-4:]) > 1 + 7 * 24:
            path.unlink()
    report = check(samm, "samm-lv")
    (beyond,) = [f for f in report.findings if "001_1" not in f.where and "beyond the video" in f.what]
    assert "row 12" in beyond.where and beyond.level == "repair"
    assert len(report.videos) == 4 and report.events == 8
    for path in folder_of(samm, "samm-lv").glob("*.jpg"):
        if int(path.stem[-4:]) > 71:
            path.unlink()
    report = check(samm, "samm-lv")
    assert report.events == 7
    assert "row 12: onset" in errors(report)[0] and "beyond the video's end at frame 77" in errors(report)[0]


def test_a_missing_sheet(casme):
    book = openpyxl.load_workbook(casme_book(casme))
    del book["naming rule2"]
    book.save(casme_book(casme))
    finding = check(casme, "casme2").findings[0]
    assert finding.level == "fatal" and "no sheet naming rule2" in finding.what
    casme_book(casme).unlink()
    assert "no workbook" in check(casme, "casme2").findings[0].what


def test_the_cropped_release_and_misplaced_folders(casme):
    (casme / "rawpic").rename(casme / "longVideoFaceCropped")
    inner = casme / "longVideoFaceCropped"
    for path in (inner / "s15" / "15_0101disgustingteeth").iterdir():
        path.rename(path.with_name(f"img_{int(path.stem[3:])}.jpg"))
    report = check(casme, "casme2")
    assert report.sound and len(report.videos) == 4
    assert check(inner, "casme2").videos == report.videos  # the folder itself, its workbook beside it
    (inner / "s15" / "15_0102eatingworms").rename(inner / "s15" / "16_0102eatingworms")
    (inner / "more").mkdir()
    (inner / "s16" / "notes.txt").write_text("x")
    shutil.copytree(inner / "s16" / "16_0101disgustingteeth", inner / "s16" / "16_0101copy")
    (casme / "rawvideo").mkdir()
    report = check(casme, "casme2")
    told = report.text()
    for message in (
        "subject 16 in the folder of s15", "not named as s15", "not named as 15_0101", "a second copy",
        "several copies",
    ):  # fmt: skip
        assert message in told
    assert len(report.videos) == 3
    shutil.rmtree(inner)
    shutil.rmtree(casme / "rawvideo")
    assert "no videos in rawpic" in check(casme, "casme2").findings[0].what


def test_films_whole_and_cut(casme):
    home = casme / "rawvideo" / "s15"
    home.mkdir(parents=True)
    shutil.rmtree(casme / "rawpic")
    for name in ("15_0101disgustingteeth", "15_0102eatingworms"):
        sink = cv2.VideoWriter(str(home / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (64, 48))
        for i in range(FRAMES):
            sink.write(np.full((48, 64, 3), 4 * i, np.uint8))
        sink.release()
    report = check(casme, "casme2")
    assert report.videos == ("s15_0101", "s15_0102")
    assert len(open_dataset("casme2", casme).videos[0].expressions) == 2
    path = home / "15_0102eatingworms.avi"
    path.write_bytes(path.read_bytes()[: int(0.9 * path.stat().st_size)])
    report = check(casme, "casme2")
    assert report.videos == ("s15_0101",)
    assert any(re.search(r"15_0102.*of 40 frames can be read", e) for e in errors(report))
    path.write_bytes(b"")
    assert any("empty" in e for e in errors(check(casme, "casme2")))


def test_the_own_layout(originals, tmp_path):
    root = shutil.copytree(originals / "folder", tmp_path / "set")
    empty(root / "videos" / "p0_1" / "000007.png")
    cut(root / "videos" / "p1_1" / "000000.png")
    report = check(root, "folder")
    assert [re.search("empty|cut short", e)[0] for e in errors(report)] == ["empty", "cut short"]
    assert report.videos == ("p0_0", "p1_0")
    (root / "events.csv").write_text("what is this\n")
    report = check(root, "folder")
    assert report.findings[0].level == "fatal" and "missing column" in report.findings[0].what
    assert not report.videos


def test_rows_of_the_own_layout_are_named_and_the_others_stay(originals, tmp_path):
    root = shutil.copytree(originals / "folder", tmp_path / "set")
    shutil.rmtree(root / "videos" / "p0_1")
    rows = (root / "videos.csv").read_text().splitlines()
    rows[4] = rows[4].replace("30.0", "fast")
    (root / "videos.csv").write_text("\n".join([*rows, rows[1], "a,b"]) + "\n")
    events = (root / "events.csv").read_text().splitlines()
    assert events[1].startswith("p0_0,me")
    events[1:1] = [
        "p0_0,me,x,5,9,4",
        "p0_0,big,2,5,9,4",
        "who,me,2,5,9,4",
        "p0_0,me,30,35,40,4",
        "p0_0,me,1,9,8,4",
    ]
    (root / "events.csv").write_text("\n".join([*events, events[-1]]) + "\n")
    report = check(root, "folder")
    told = "\n".join(errors(report))
    for message in (
        "videos.csv, row 3: no file videos/p0_1",
        "videos.csv, row 5: fps is 'fast'",
        r"videos.csv, row 6: video 'p0_0' stands twice",
        "videos.csv, row 7: 2 fields",
        r"events.csv, row 2: onset is 'x'.*event left out",
        "events.csv, row 3: unknown class 'big'",
        "events.csv, row 4: unknown video 'who'",
        "events.csv, row 5: offset 40 beyond the video",
        "events.csv, row 6: apex is '9'",
        "events.csv, row 9: video p0_1 cannot be used",
        "events.csv, row 10: video p0_1 cannot be used",
        "events.csv, row 13: unknown video 'p1_1'",
        "events.csv, row 15: the same event stands twice",
    ):
        assert re.search(message, told), message
    assert len(errors(report)) == 14
    assert report.videos == ("p0_0", "p1_0") and report.events == 4 and not report.sound
    kept = open_dataset("folder", root).videos[0]
    assert kept.expressions == EVENTS and kept.rows == (7, 8)


def test_pictures_of_the_own_layout_that_are_missing_in_the_middle(originals, tmp_path):
    root = shutil.copytree(originals / "folder", tmp_path / "set")
    (root / "videos" / "p0_1" / "000007.png").unlink()
    for number, path in enumerate(sorted((root / "videos" / "p1_0").iterdir())):
        path.rename(path.with_name(f"t{number * number:06d}.png"))
    for number, path in enumerate(sorted((root / "videos" / "p1_1").iterdir())):
        path.rename(path.with_name(f"{7 * number:06d} copy.png"))
    report = check(root, "folder")
    (error,) = errors(report)
    assert "p0_1: 1 picture missing: 7; video left out" in error
    assert report.videos == ("p0_0", "p1_0", "p1_1")
    assert "p1_0: numbers of pictures follow no step" in report.text()


def sixteen(picture):
    return picture.astype(np.uint16) * 257


def transparent(picture):
    return np.dstack([picture, picture, picture, np.full_like(picture, 9)])


@pytest.mark.parametrize("layout", ["samm-lv", "casme2", "folder"])
def test_pictures_of_other_kinds(originals, tmp_path, layout):
    """All of a video may have 16 bits or an alpha channel; a single one among others is none of its video."""
    root = shutil.copytree(originals / layout, tmp_path / "set")
    folders = sorted(p for p in root.rglob("*") if p.is_dir() and any(q.is_file() for q in p.iterdir()))
    folders = [p for p in folders if any(q.suffix in (".jpg", ".png") for q in p.iterdir())]
    for folder, change, all_of_it in zip(
        folders, (sixteen, transparent, sixteen, transparent), (True, True, False, False), strict=True
    ):
        paths = sorted(p for p in folder.iterdir() if p.name[0] != ".")
        for path in paths if all_of_it else paths[7:8]:
            picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            path.unlink()
            cv2.imwrite(str(path.with_suffix(".png")), change(picture))
    report = check(root, layout)
    assert len(report.videos) == 2
    found = errors(report)
    assert "24 x 20 pixels, grey, 16 bits, most have 24 x 20 pixels, grey, 8 bits" in found[0]
    assert "24 x 20 pixels, colour, 8 bits, most have 24 x 20 pixels, grey, 8 bits" in found[1]
    told = report.text()
    assert "pictures of 16 bits" in told and "pictures with an alpha channel; alpha left out" in told
    shapes = [v.frame(3).shape for v in open_dataset(layout, root).videos if v.name in report.videos]
    assert sorted(shapes) == [(20, 24), (20, 24, 3)]


def test_broken_links_and_links_out_of_the_root(originals, tmp_path):
    root = shutil.copytree(originals / "folder", tmp_path / "set")
    (root / "videos" / "p0_0").rename(tmp_path / "away")
    (root / "videos" / "p0_0").symlink_to(tmp_path / "away")
    picture = root / "videos" / "p1_0" / "000003.png"
    picture.unlink()
    picture.symlink_to(root / "nowhere.png")
    report = check(root, "folder")
    assert "p0_0: a link out of the root" in report.text()
    (error,) = errors(report)
    assert "000003.png: cannot be read (No such file or directory)" in error
    casme = shutil.copytree(originals / "casme2", tmp_path / "casme")
    casme_book(casme).rename(tmp_path / "book.xlsx")
    casme_book(casme).symlink_to(tmp_path / "book.xlsx")
    report = check(casme, "casme2")
    assert report.sound and f"a link to {tmp_path / 'book.xlsx'}" in report.text()


def test_mistakes_of_the_caller(tmp_path):
    with pytest.raises(InputError, match="samm-lv, casme2, folder"):
        check(tmp_path, "sammlv")
    with pytest.raises(InputError, match="no such folder"):
        check(tmp_path / "none", "casme2")
    with pytest.raises(InputError, match="unknown repair policy"):
        check(tmp_path, "casme2", repair="magic")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
def test_sizes_from_headers(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (300, 500, 3), dtype=np.uint8)
    cv2.imwrite(str(path), noise)  # more than what is read at once
    assert path.stat().st_size > 65536
    assert picture_header(path) == (500, 300, True, 8)
    cv2.imwrite(str(path), noise[..., 0])
    assert picture_header(path) == (500, 300, False, 8)


def test_the_size_behind_a_preview(tmp_path):
    """Cameras put a small copy of the picture before its size."""
    data = cv2.imencode(".jpg", np.zeros((30, 50), np.uint8))[1].tobytes()
    preview = b"\xff\xe1" + (30_002).to_bytes(2, "big") + bytes(30_000)
    (tmp_path / "a.jpg").write_bytes(data[:2] + preview + data[2:])
    assert picture_header(tmp_path / "a.jpg") == (50, 30, False, 8)


def test_of_most_pictures_of_a_set_only_the_header_is_read(tmp_path, calls):
    """So 150 videos of some 470 working frames are checked in a minute; here are a tenth of them, linked."""
    write_dataset(plain_set("samm-lv", 1, 1), tmp_path, layout="samm-lv")
    source = next((tmp_path / "SAMM_longvideos" / "001_1").glob("*.jpg"))
    for number in range(2, 17):
        folder = tmp_path / "SAMM_longvideos" / f"001_{number}"
        folder.mkdir()
        for i in range(470):
            (folder / f"001_{number}_{1 + 7 * i:04d}.jpg").hardlink_to(source)
    read = calls(np, "fromfile")
    report = check(tmp_path, "samm-lv")
    assert len(read) <= 16 * 13  # nine for their kind, three decoded, one looked at for oddities
    assert report.pictures == 15 * 470 + FRAMES
