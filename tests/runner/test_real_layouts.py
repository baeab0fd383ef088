"""From folders as they are released to tables: commands, stages and chapters on data sets on disk."""

import json
import shutil

import cv2
import nbformat
import numpy as np
import pandas as pd
import pytest

from msstgcn import datasets, motion
from msstgcn.datasets.synthetic import SyntheticVideo
from msstgcn.errors import InputError
from msstgcn.paths import PACKAGE
from msstgcn.runner import book, feature_stages, sources, stages
from msstgcn.runner.chapters import find
from msstgcn.settings import SyntheticSettings

PROJECT = PACKAGE.parents[1]


def _settings(preset, seed):
    return SyntheticSettings(
        preset=preset, subjects=3, videos=1, seconds=6.0, size=240, iod=60.0, seed=seed, difficulty="easy"
    )


#: Seed and number of each person; so few seconds of the sparse CAS(ME)^2 seldom hold an event. The second video of
#: casme2 holds none, all others some.
PEOPLE = {"samm-lv": [(8, 0), (3, 1), (8, 2)], "casme2": [(4, 0), (0, 1), (3, 2)]}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Folder with a small set in each real layout, with the data sets they were written from."""
    root = tmp_path_factory.mktemp("released")
    made = {}
    for layout, people in PEOPLE.items():
        videos = tuple(SyntheticVideo(_settings(layout, seed), who, 0) for seed, who in people)
        made[layout] = datasets.Dataset(layout, videos)
        datasets.write_dataset(made[layout], root / layout, layout=layout)
    return root, made


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for the tests that only add to it: motion is measured once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(autouse=True)
def quiet(monkeypatch, store):
    monkeypatch.setenv("MSSTGCN_DATA", str(store))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    monkeypatch.delenv("MSSTGCN_TABLES", raising=False)


def _count(data, label):
    return sum(event.label == label for video in data.videos for event in video.expressions)


@pytest.mark.parametrize("layout", ["samm-lv", "casme2"])
def test_training_on_a_released_layout_scores_every_event_of_its_workbook(msstgcn, released, layout):
    root, made = released
    status, out, err = msstgcn("train", "--profile", "smoke", "--dataset", layout, "--root", root / layout)
    assert status == 0, err
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    for label in ("me", "mae"):  # hits and misses together are the events that were written
        assert int(rows[label][0]) + int(rows[label][2]) == _count(made[layout], label)
    assert any(line.startswith(f"{layout}, repair authors") for line in stages.used_data())


def test_features_are_those_of_the_pictures_at_the_working_rate(msstgcn, released, tmp_path):
    root, made = released
    status, out, err = msstgcn(
        "features", "--dataset", "samm-lv", "--root", root / "samm-lv", "--out", tmp_path, "--profile", "smoke"
    )  # fmt: skip
    assert status == 0, err
    assert [line.rpartition("/")[2] for line in out.split()] == ["001_1.npz", "002_1.npz", "003_1.npz"]
    for path, video in zip(out.split(), made["samm-lv"].videos, strict=True):
        features = motion.load_features(path)
        assert len(features) == len(video) and features.fps == pytest.approx(200 / 7)
        assert [e.label for e in features.expressions] == [e.label for e in video.expressions]


def test_casme2_takes_a_higher_threshold_unless_told_otherwise(tmp_path):
    def threshold(**changes):
        return stages.profile("smoke", root=tmp_path, **changes).spotting.threshold

    assert threshold(dataset="samm-lv") == 0.5
    assert threshold(dataset="casme2") == 0.55
    assert threshold(dataset="casme2", threshold=0.4) == 0.4
    assert threshold(dataset="casme2", threshold=stages.AS_PROFILE) == 0.55


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the chapters that a run may write beside."""
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "notebooks", root / "notebooks")
    shutil.copy(PROJECT / "requirements.lock", root)
    (root / "book").mkdir()
    return root


def _text(path):
    cells = nbformat.read(path, as_version=4).cells
    return "".join(str(output.get("data", "")) for cell in cells for output in cell.get("outputs", []))


def test_chapter_8_makes_its_tables_from_the_folders_and_says_so(project, released, monkeypatch):
    root, made = released
    monkeypatch.setenv("MSSTGCN_ROOT", str(project))
    given = {"profile": "smoke", "dataset": "samm-lv", "root": str(root / "samm-lv")}
    ((path, ran),) = book.run_chapters(["08"], given).items()
    assert ran
    table = pd.read_csv(project / "book" / "tables" / "main_results.csv")
    ours = table[table["trained"] == "MS-STGCN"].set_index("class")
    for name, label in (("ME", "me"), ("MaE", "mae")):
        assert ours.loc[name, "TP"] + ours.loc[name, "FN"] == _count(made["samm-lv"], label)
    others = pd.read_csv(project / "book" / "tables" / "published_results.csv")
    assert set(others["dataset"]) == {"SAMM-LV"}
    text = _text(path)
    found = sources.open_on_disk(sources.on_disk("samm-lv", root / "samm-lv"))
    assert f"samm-lv, repair authors (SHA-256 {found.digest[:16]})" in text  # the box at its foot
    assert "the videos of SAMM-LV on this disk" in text and "synthetic videos" not in text
    assert book.run_chapters(["08"], given) == {path: False}


def test_a_chapter_runs_again_when_the_data_set_has_changed(released, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(released[0] / "samm-lv", root)
    chapter = find("08")
    values = chapter.values({"profile": "smoke", "dataset": "samm-lv", "root": str(root)})
    keys = [chapter.key(values)]
    keys.append(chapter.key(chapter.values({**values, "repair": "drop"})))
    workbook = next(root.glob("*.xlsx"))
    import openpyxl

    book_ = openpyxl.load_workbook(workbook)
    book_.active.cell(11, 6).value += 70  # ten working frames
    book_.save(workbook)
    keys.append(chapter.key(values))
    assert len(set(keys)) == 3


def test_a_relative_folder_is_that_of_the_caller(released, monkeypatch):
    monkeypatch.chdir(released[0])
    assert find("08").values({"dataset": "samm-lv", "root": "samm-lv"})["root"] == str(
        released[0] / "samm-lv"
    )


def test_the_appendix_goes_from_folders_to_tables_by_itself(smoke):
    path, tables = smoke / "book" / "chapters" / "13_real_data_sets.ipynb", smoke / "book" / "tables"
    assert list(pd.read_csv(tables / "real_videos.csv")["video"]) == ["001_1", "002_1", "003_1"]
    repairs = pd.read_csv(tables / "repairs.csv")
    assert len(repairs) == 2 * len(datasets.REPAIRS)
    scores = pd.read_csv(tables / "real_scores.csv").set_index("class")
    assert (
        (scores.loc["overall", ["TP", "FN"]]).sum()
        == pd.read_csv(tables / "real_videos.csv")[["ME", "MaE"]].to_numpy().sum()
    )
    text = _text(path)
    assert "1 video left out (004_1)" in text  # the spoilt one, in the box


def test_the_book_hands_the_data_set_to_chapters_that_take_one(tiny, msstgcn, released):
    root = released[0] / "samm-lv"
    source = tiny / "notebooks" / "01_tiny.py"
    line = 'mode: str = "good"  # good | fail | refuse; what the chapter does\n'
    more = (
        'dataset: str = "synthetic"  # synthetic | samm-lv; the videos\n'
        'root: str = ""  # text; folder\nrepair: str = "authors"  # authors | drop; of labels\n'
        'profile: str = "cpu"  # smoke | cpu | gpu; size\n'
    )
    text = source.read_text().replace(line, line + more)
    source.write_text(text.replace('first + second, ".1f"', "dataset + root + repair"))
    status, out, err = msstgcn(
        "book", "--dataset", "samm-lv", "--root", root, "--repair", "drop", "--profile", "smoke"
    )
    assert status == 0, err
    assert f"samm-lv{root}drop" in _text(tiny / "book" / "chapters" / "01_tiny.ipynb")
    assert f"on samm-lv in {root}: chapters 01" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--root", "."), "root . without a data set; expected dataset one of samm-lv, casme2, folder"),
        (("--dataset", "samm-lv"), "dataset samm-lv without a root"),
        (("--dataset", "sam", "--root", "."), "unknown data set 'sam'.*did you mean 'samm-lv'"),
        (("--dataset", "samm-lv", "--root", "nowhere"), "nowhere: no such folder"),
        (("--dataset", "samm-lv", "--root", "."), "no workbook SAMM_LongVideos"),
        (("--dataset", "casme2", "--root", "{samm}"), "no workbook.*looks like samm-lv: dataset samm-lv"),
        (("--dataset", "samm-lv", "--root", "{samm}", "--repair", "none"), "unknown repair policy 'none'"),
    ],
)
@pytest.mark.parametrize("command", ["train", "book"])
def test_mistakes_are_one_line_before_anything_runs(
    msstgcn, released, tmp_path, monkeypatch, command, arguments, message
):
    import re

    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    filled = [text.format(samm=released[0] / "samm-lv") for text in arguments]
    status, out, err = msstgcn("--quiet", command, *filled)
    assert (status, out) == (2, "")
    assert re.search(message, err) and len(err.strip().splitlines()) == 1, err
    assert not (tmp_path / "data").exists()


def _part(released, tmp_path, keep):
    """A copy of the small SAMM-LV set with some of its videos."""
    root = tmp_path / "part"
    shutil.copytree(released[0] / "samm-lv", root)
    for folder in (root / "SAMM_longvideos").iterdir():
        if folder.name not in keep and not folder.name.startswith("."):
            shutil.rmtree(folder)
    return root


def test_one_subject_is_refused_before_its_motion_is_measured(msstgcn, released, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_stages, "extract_each", lambda *_: pytest.fail("measured"))
    root = _part(released, tmp_path, {"001_1"})
    status, _, err = msstgcn("train", "--profile", "smoke", "--dataset", "samm-lv", "--root", root)
    assert status == 2 and "only one subject, 001; expected at least two" in err.splitlines()[-1]
    root = _part(released, tmp_path / "b", {"002_1"})
    with pytest.raises(InputError, match="only one subject, 002"):
        values = {"profile": "smoke", "dataset": "samm-lv", "root": root}
        stages.prepare([([("features", {}), ("loso", {})], values)])


def test_a_set_without_labels_or_usable_videos_is_refused(msstgcn, released, tmp_path):
    root = _part(released, tmp_path, {"001_1", "003_1"})
    for picture in root.rglob("*_0001.jpg"):
        picture.write_bytes(b"")
    status, _, err = msstgcn("train", "--profile", "smoke", "--dataset", "samm-lv", "--root", root)
    assert status == 2 and "no video can be used; `msstgcn data check" in err
    plain = tmp_path / "plain"
    datasets.write_dataset(released[1]["samm-lv"], plain, layout="png")
    (plain / "events.csv").unlink()
    with pytest.raises(InputError, match="no annotated expression"):
        stages.loso(stages.profile("smoke", dataset="folder", root=plain), device="cpu")


def test_what_is_left_out_is_named_once_and_looked_at_again(released, tmp_path, monkeypatch, capsys):
    root = _part(released, tmp_path, {"001_1", "002_1", "003_1"})
    source = sources.on_disk("samm-lv", root)
    sources.open_on_disk(source)
    checked = []
    part = sources.sound_part
    monkeypatch.setattr(sources, "sound_part", lambda *a: checked.append(1) or part(*a))
    sources._opened.cache_clear()
    assert len(sources.open_on_disk(source).videos) == 3 and not checked, "a sound set is looked over once"
    (root / "SAMM_longvideos" / "002_1" / "002_1_0050.jpg").write_bytes(b"")
    (root / "SAMM_longvideos" / "003_1" / "003_1_0001.jpg").unlink()
    sources._opened.cache_clear()
    capsys.readouterr()
    found = sources.open_on_disk(source)
    assert [video.name for video in found.videos] == ["001_1"] and checked
    said = capsys.readouterr().err
    assert "2 videos left out (003_1, 002_1)" in said and "annotations left out" in said


@pytest.fixture
def wall(released, tmp_path):
    """Two videos of the small SAMM-LV set, and two more of a wall: 002_1 has labels, 004_1 has none."""
    root = _part(released, tmp_path, {"001_1", "003_1"})
    blank = cv2.imencode(".jpg", np.full((240, 240), 128, np.uint8))[1].tobytes()
    for name in ("002_1", "004_1"):
        folder = root / "SAMM_longvideos" / name
        folder.mkdir()
        for number in range(1, 1200, 7):
            (folder / f"{name}_{number:04d}.jpg").write_bytes(blank)
    return root


def test_a_video_that_cannot_be_measured_does_not_stop_the_others(wall, msstgcn, tmp_path, capsys):
    chosen = stages.profile("smoke", dataset="samm-lv", root=wall)
    features = stages.features(chosen)
    assert [video.video for video in features] == ["001_1", "003_1"]
    said = capsys.readouterr().err
    assert "the motion in 2 of 4 videos cannot be measured" in said
    assert "002_1: no face" in said and "004_1: no face" in said
    truth = stages.truth(chosen)
    run = stages.loso(chosen, device="cpu")
    assert sorted(run.folds) == ["001", "003"]
    scores = stages.scores(run, chosen)
    assert set(scores.per_video["video"]) == {"001_1", "002_1", "003_1", "004_1"}, "they count, as missed"
    assert scores.overall.tp + scores.overall.fn == len(truth)
    status, out, err = msstgcn(
        "features", "--dataset", "samm-lv", "--root", wall, "--out", tmp_path / "out", "--profile", "smoke"
    )  # fmt: skip
    assert (status, out) == (2, "")
    assert "2 of 4 videos cannot be measured (the others are finished and kept)" in err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["001_1.npz", "003_1.npz"]


def test_a_bad_video_of_another_data_set_is_an_error_after_the_others(wall):
    source = datasets.open_dataset("samm-lv", wall)
    settings = stages.profile("smoke").motion
    with pytest.raises(InputError, match="2 of 4 videos") as caught:
        stages.features_of(source, settings)
    assert "002_1: no face" in str(caught.value) and "004_1: no face" in str(caught.value)
    only = datasets.Dataset(source.name, source.videos[-1:])
    for leave_out in (False, True):  # with nothing left there is nothing to go on with
        with pytest.raises(InputError, match="^004_1: no face"):
            stages.features_of(only, settings, leave_out=leave_out)


def test_a_sound_set_reports_no_repair_where_there_is_none(released, msstgcn):
    status, out, _ = msstgcn("data", "check", released[0] / "casme2", "--layout", "casme2", "--json")
    assert status == 0 and json.loads(out)["sound"]
