import shutil
import unicodedata
from dataclasses import replace
from socket import gethostname

import cv2
import numpy as np
import pandas as pd
import pytest

from msstgcn.datasets import LAYOUTS, Dataset, open_folder, open_video, synthetic, write_dataset
from msstgcn.datasets.numbered import NumberedVideo
from msstgcn.errors import InputError
from msstgcn.settings import SyntheticSettings

SMALL = SyntheticSettings(subjects=2, videos=1, seconds=2.0, size=240, iod=60.0)


@pytest.fixture(scope="module")
def data():
    return synthetic(SMALL)


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    return write_dataset(data, tmp_path_factory.mktemp("set"))


@pytest.fixture
def copy(written, tmp_path):
    return shutil.copytree(written, tmp_path / "copy")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_round_trip(data, tmp_path, layout):
    done = []
    write_dataset(data, tmp_path / "ä set", layout=layout, progress=done.append)
    assert sum(done) == sum(len(v) for v in data.videos)
    back = open_folder(tmp_path / "ä set")
    assert back.name == "ä set"
    assert back.subjects == data.subjects
    for video, again in zip(data.videos, back.videos, strict=True):
        assert (again.name, again.subject, again.fps) == (video.name, video.subject, video.fps)
        assert again.expressions == video.expressions
        assert len(again) == len(video)
        frames = list(again.frames())
        assert len(frames) == len(video)
        for i in (41, 0, 56):
            np.testing.assert_array_equal(again.frame(i), frames[i])
            if layout != "mp4":
                np.testing.assert_array_equal(frames[i], video.frame(i))
            else:  # lossy, but a picture of the same face
                assert np.abs(frames[i][..., 0].astype(float) - video.frame(i)).mean() < 5
        assert sum(1 for _ in again.frames(10, 13)) == 3


def test_finished_videos_are_kept_and_others_written_again(data, copy):
    first, second = sorted((copy / "videos").glob("*.avi"))
    before = [path.stat().st_mtime_ns for path in (first, second)]
    content = second.read_bytes()
    second.write_bytes(content[: len(content) // 2])
    (copy / "events.csv").unlink()
    write_dataset(data, copy)
    assert first.stat().st_mtime_ns == before[0]
    assert second.read_bytes() == content
    assert (copy / "events.csv").exists()
    write_dataset(synthetic(SMALL.but(seed=1)), copy)  # other videos of the same names
    assert first.stat().st_mtime_ns != before[0]
    assert not list(copy.rglob(".unfinished*"))


@pytest.mark.parametrize("foreign", ["video", "labels", "workbook", "other layout", "more people"])
def test_nothing_is_written_over_what_is_not_of_the_same_data_set(data, written, tmp_path, foreign):
    out, layout = tmp_path / "set", "lossless"
    if foreign in ("other layout", "more people"):
        shutil.copytree(written, out)
    if foreign == "other layout":
        layout = "mp4"
    if foreign == "more people":
        data = replace(data, videos=data.videos[:1])
    name = {
        "video": f"videos/{data.videos[0].name}.avi", "labels": "events.csv", "workbook": "mine.xlsx",
    }.get(foreign)  # fmt: skip
    if name:
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("mine")
    (out / f".unfinished-999999999-{gethostname()}-x").write_text("of whoever owns this folder")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="this is not of the data set that is to be written"):
        write_dataset(data, out, layout=layout)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_a_killed_call_left_half_written_is_removed(data, tmp_path):
    left = tmp_path / "videos" / f".unfinished-999999999-{gethostname()}-x"
    (left / "frames").mkdir(parents=True)
    write_dataset(data, tmp_path, layout="png")
    assert not left.exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", ".."])
@pytest.mark.parametrize("column", ["video", "subject"])
def test_a_video_or_subject_is_not_named_like_a_path(copy, column, name):
    table = pd.read_csv(copy / "videos.csv", dtype=str)
    table.loc[0, column] = name
    table.to_csv(copy / "videos.csv", index=False)
    with pytest.raises(InputError, match=rf"videos.csv, row 2: {column} is '.*'; expected a name without /"):
        open_folder(copy)


def test_one_subject_is_spelt_in_one_way(copy):
    table = pd.read_csv(copy / "videos.csv", dtype=str)
    table["subject"] = ["anna", *["Anna"] * (len(table) - 1)]
    table.to_csv(copy / "videos.csv", index=False)
    with pytest.raises(
        InputError, match=r"row 3: subject is 'Anna', and 'anna' further up; expected one spelling"
    ):
        open_folder(copy)


def test_several_processes_write_the_same(data, written, tmp_path):
    done = []
    write_dataset(data, tmp_path, progress=done.append, jobs=2)
    assert sorted(done) == sorted(len(v) for v in data.videos)  # video by video
    for path in written.rglob("*.*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(written)).read_bytes() == path.read_bytes()


def test_a_failure_leaves_no_half_video(data, tmp_path):
    class Broken:
        def __init__(self, video):
            self.video = video

        def __getattr__(self, name):
            return getattr(self.video, name)

        def __len__(self):
            return len(self.video)

        def frames(self, start=0, stop=None):
            yield self.video.frame(0)
            raise RuntimeError("stop")

    for layout in LAYOUTS:
        out = tmp_path / layout
        with pytest.raises(RuntimeError, match="stop"):
            write_dataset(Dataset("broken", (Broken(data.videos[0]),)), out, layout=layout)
        assert not list((out / "videos").iterdir())
        assert not (out / "videos.csv").exists()


def test_writing_refuses(data, tmp_path):
    with pytest.raises(InputError, match="lossless"):
        write_dataset(data, tmp_path, layout="gif")
    with pytest.raises(InputError, match="two videos"):
        write_dataset(Dataset("twice", (data.videos[0], data.videos[0])), tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        write_dataset(data, tmp_path / "file" / "below")


def test_a_full_disk_is_told(data, tmp_path, monkeypatch):
    class Deaf:
        def __init__(self, *arguments):
            pass

        def isOpened(self):
            return True

        def write(self, frame):
            pass

        def release(self):
            pass

    monkeypatch.setattr(
        cv2, "VideoWriter", type("VideoWriter", (Deaf,), {"fourcc": staticmethod(lambda *c: 0)})
    )
    with pytest.raises(InputError, match="0 of 57 frames"):
        write_dataset(data, tmp_path)
    assert not list((tmp_path / "videos").iterdir())


def test_digests_follow_content_labels_and_subject(copy):
    before = {v.name: v.digest for v in open_folder(copy).videos}
    events = (copy / "events.csv").read_text()
    (copy / "events.csv").write_text("video,class,onset,offset\ns001_1,me,3,9\n")
    after = {v.name: v.digest for v in open_folder(copy).videos}
    assert before["s001_1"] != after["s001_1"]
    (expression,) = open_folder(copy).videos[0].expressions
    assert (expression.onset, expression.apex, expression.offset) == (3, 6, 9)
    (copy / "events.csv").write_text(events)
    assert {v.name: v.digest for v in open_folder(copy).videos} == before
    (copy / "events.csv").unlink()
    assert all(v.expressions == () for v in open_folder(copy).videos)


def test_who_a_video_shows_is_part_of_its_digest(copy, tmp_path):
    """Else a corrected subject would leave the folds as they were, with the same person in training and in test."""
    videos = open_folder(copy).videos
    assert replace(videos[0], subject="somebody else").digest != videos[0].digest
    (tmp_path / "img_1.jpg").write_bytes(b"a picture")
    numbered = NumberedVideo(tmp_path, "a", "s1", 30.0, 1, ())
    assert replace(numbered, subject="s2").digest != numbered.digest


BAD_VIDEOS = [
    ("video,subject,fps\na,b,30\n", "missing column file"),
    ("video,subject,fps,file\ns001_1,,30,videos/s001_1.avi\n", "row 2: empty subject"),
    ("video,subject,fps,file\ns001_1,s001,fast,videos/s001_1.avi\n", "row 2: fps is 'fast'"),
    ("video,subject,fps,file\ns001_1,s001,0,videos/s001_1.avi\n", "row 2: fps is '0'"),
    ("video,subject,fps,file\ns001_1,s001,30,videos/none.avi\n", "row 2: no file videos/none.avi"),
    ("video,subject,fps,file\na,b,30,videos/s001_1.avi\na,b,30,videos/s001_1.avi\n", "row 3: .* twice"),
    ("", "empty"),
]


@pytest.mark.parametrize(("text", "message"), BAD_VIDEOS)
def test_bad_tables_of_videos(copy, text, message):
    (copy / "videos.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        open_folder(copy)


BAD_EVENTS = [
    ("who,me,1,2,3,4", "row 2: unknown video 'who'"),
    ("s001_1,me,1,2,57,4", "row 2: offset 57 beyond the video"),
    ("s001_1,me,5,4,8,4", "row 2: apex is '4'"),
    ("s001_1,me,5,x,8,4", "row 2: apex is 'x'"),
    ("s001_1,me,5,6.5,8,4", "row 2: apex is '6.5'; expected a frame from 5 to 8, or nothing"),
    ("s001_1,me,5,6,8,4+smile", r"row 2: action unit 'smile' not understood; expected units joined by \+"),
    ("s001_1,me,5,6,8,4 7", "row 2: action unit '4 7' not understood"),
    ("s001_1,big,5,6,8,4", "row 2: unknown class"),
]


@pytest.mark.parametrize(("row", "message"), BAD_EVENTS)
def test_bad_tables_of_events(copy, row, message):
    (copy / "events.csv").write_text("video,class,onset,apex,offset,action_units\n" + row + "\n")
    with pytest.raises(InputError, match=message):
        open_folder(copy)


def test_action_units_are_understood_as_in_the_workbooks(copy):
    (copy / "events.csv").write_text(
        "video,class,onset,offset,action_units\ns001_1,me,1,9,4 + AU7+12E+l2\ns001_1,mae,20,40,\n"
    )
    micro, macro = open_folder(copy).videos[0].expressions
    assert micro.action_units == ("4", "7", "12", "L2") and macro.action_units == ()


def test_a_column_with_an_empty_cell_is_written_by_pandas_as_floats(copy):
    rows = {
        "video": ["s001_1"] * 2,
        "class": ["me", "mae"],
        "onset": [1.0, 20.0],
        "apex": [5.0, None],
        "offset": [9, 40],
        "action_units": [4, None],
    }
    pd.DataFrame(rows).to_csv(copy / "events.csv", index=False)
    assert ",5.0,9,4.0\n" in (copy / "events.csv").read_text()
    micro, macro = open_folder(copy).videos[0].expressions
    assert (micro.apex, micro.action_units) == (5, ("4",))
    assert (macro.apex, macro.action_units) == (30, ())


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_table", ["NFC", "NFD"])
def test_accents_may_be_composed_in_two_ways(copy, on_disk, in_table):
    """As archives from macOS hold them: the same name to a reader, another one to the disk."""
    file = "vidéos/Müller.avi"
    target = copy / unicodedata.normalize(on_disk, file)
    target.parent.mkdir()
    (copy / "videos" / "s001_1.avi").rename(target)
    table = (copy / "videos.csv").read_text(encoding="utf-8")
    table = table.replace("videos/s001_1.avi", unicodedata.normalize(in_table, file))
    (copy / "videos.csv").write_text(table, encoding="utf-8")
    assert len(open_folder(copy).videos[0]) == 57
    target.unlink()
    with pytest.raises(InputError, match="row 2: no file"):
        open_folder(copy)


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        open_folder(tmp_path / "none")
    with pytest.raises(InputError, match=r"videos\.csv: no such file"):
        open_folder(tmp_path)


# --- videos of one's own -------------------------------------------------------------------------------------


def pictures(folder, names, shape=(20, 30), suffix=".png"):
    folder.mkdir()
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / f"{name}{suffix}"), np.full(shape, number, np.uint8))
    return folder


def test_a_folder_of_pictures_in_natural_order(tmp_path):
    folder = pictures(tmp_path / "my face", ["img_1", "img_2", "img_10", "img_11"])
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".img_3.png").write_text("hidden")
    video = open_video(folder)
    assert (video.name, video.subject, video.fps, video.expressions) == ("my face", "my face", 30.0, ())
    assert [int(frame[0, 0]) for frame in video.frames()] == [0, 1, 2, 3]
    assert int(video.frame(2)[0, 0]) == 2
    assert video.frame(0).shape == (20, 30)


def test_colour_pictures_are_rgb(tmp_path):
    (tmp_path / "c").mkdir()
    blue = np.zeros((8, 9, 3), np.uint8)
    blue[..., 0] = 200  # OpenCV writes BGR
    cv2.imwrite(str(tmp_path / "c" / "1.png"), blue)
    cv2.imwrite(str(tmp_path / "c" / "2.png"), np.dstack([blue, np.full((8, 9), 9, np.uint8)]))
    video = open_video(tmp_path / "c")
    for i in (0, 1):  # without and with an alpha channel
        assert video.frame(i)[0, 0].tolist() == [0, 0, 200]


def test_bad_pictures_are_named(tmp_path):
    folder = pictures(tmp_path / "f", ["1", "2", "3", "4"])
    cv2.imwrite(str(folder / "2.png"), np.zeros((21, 30), np.uint8))
    (folder / "3.png").write_bytes(b"")
    cv2.imwrite(str(folder / "4.png"), np.zeros((20, 30), np.uint16))
    video = open_video(folder)
    for i, message in (
        (1, "30 x 21 pixels"),
        (2, r"3\.png: the picture cannot be read"),
        (3, "30 x 20 pixels, grey, 16 bits"),
        (9, "0 to 3"),
    ):
        with pytest.raises(InputError, match=message):
            video.frame(i)


def test_a_video_file_of_ones_own(tmp_path):
    path = tmp_path / "me at home.avi"
    sink = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for i in range(30):
        sink.write(np.full((48, 64, 3), (8 * i, 0, 0), np.uint8))
    sink.release()
    video = open_video(path)
    assert (video.name, video.fps, len(video)) == ("me at home", 25.0, 30)
    assert video.frame(20).shape == (48, 64, 3)
    assert video.frame(20)[0, 0, 2] == pytest.approx(160, abs=4)  # blue comes last; JPEG loses a little
    content = path.read_bytes()
    cut = tmp_path / "cut.avi"
    cut.write_bytes(content[: int(0.6 * len(content))])
    shorter = open_video(cut)
    assert 0 < len(shorter) < 30
    with pytest.raises(InputError, match="no frame 29"):
        shorter.frame(29)


def test_what_is_no_video(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "nothing").mkdir()
    for name, message in (
        ("empty.mp4", "empty"),
        ("text.mp4", "not a video"),
        ("nothing", "no pictures"),
        ("none.mp4", "no such file"),
    ):
        with pytest.raises(InputError, match=message):
            open_video(tmp_path / name)
