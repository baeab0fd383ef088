"""Command line and stages on data sets that lie as they were released."""

import json

import cv2
import numpy as np
import pytest

from msstgcn import motion
from msstgcn.datasets import synthetic
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.reading import RealDataset
from msstgcn.errors import InputError
from msstgcn.runner import sources, stages
from msstgcn.settings import DiskSettings, SyntheticSettings


@pytest.fixture(autouse=True)
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))


def test_from_a_released_layout_to_features(msstgcn, tmp_path):
    root = tmp_path / "my data"
    status, _, err = msstgcn(
        "data",
        "synth",
        root,
        "--layout",
        "samm-lv",
        "--subjects",
        2,
        "--videos",
        1,
        "--seconds",
        2,
        "--seed",
        1,
    )
    assert status == 0, err
    status, out, _ = msstgcn("data", "check", root, "--layout", "samm-lv")
    assert status == 0 and "usable: 2 videos" in out
    (root / "SAMM_longvideos" / "002_1" / "002_1_0050.jpg").write_bytes(b"")
    status, out, _ = msstgcn("data", "check", root, "--layout", "samm-lv", "--json")
    report = json.loads(out)
    assert status == 1
    assert report["videos"] == ["001_1"] and report["count"]["error"] == 1
    status, out, err = msstgcn(
        "features", "--dataset", "samm-lv", "--root", root, "--out", tmp_path / "f", "--profile", "smoke"
    )
    assert status == 0, err
    assert out.strip() == str(tmp_path / "f" / "001_1.npz")
    assert "1 video left out (002_1)" in err
    features = motion.load_features(tmp_path / "f" / "001_1.npz")
    assert features.flow.shape == (57, 17, 10, 2)
    assert features.fps == pytest.approx(200 / 7) and features.subject == "001"
    assert np.isfinite(features.flow[features.mask]).all()
    assert any("samm-lv, repair authors" in line for line in stages.used_data())
    for path in (root / "SAMM_longvideos" / "001_1").glob("*_0008.jpg"):
        path.write_bytes(b"x")
    sources._opened.cache_clear()  # as in a new process
    with pytest.raises(InputError, match="no video can be used"):
        sources.open_on_disk(sources.on_disk("samm-lv", root))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "check", "nowhere", "--layout", "samm-lv"), "no such folder"),
        (("data", "check", ".", "--layout", "sam"), "unknown layout 'sam'.*did you mean 'samm-lv'"),
        (("data", "check", ".", "--repair", "none"), "unknown repair policy 'none'"),
        (("features", "--dataset", "casme2", "--root", "."), "no workbook"),
        (("features", "a.mp4", "--dataset", "casme2", "--root", "."), "both a.mp4 and --root"),
    ],
)
def test_mistakes_are_one_line(msstgcn, tmp_path, monkeypatch, arguments, message):
    import re

    monkeypatch.chdir(tmp_path)
    status, out, err = msstgcn(*arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err) and len(err.strip().splitlines()) == 1


def test_describe_shows_statistics_fit_and_plot(msstgcn, tmp_path):
    plot = tmp_path / "p" / "figures.png"
    status, out, err = msstgcn("data", "describe", "--profile", "smoke", "--fit", "--plot", plot)
    assert status == 0, err
    assert out.startswith("synthetic-samm-lv beside samm-lv")
    assert "duration, mean (s)" in out and "chi-square" in out
    assert plot.read_bytes()[:4] == b"\x89PNG"
    status, out, _ = msstgcn("data", "describe", "--profile", "smoke", "--against", "casme2", "--json")
    rows = json.loads(out)["statistics"]
    assert [row["real"] for row in rows if (row["class"], row["quantity"]) == ("me", "events")] == [57]
    status, _, err = msstgcn("data", "describe", "--against", "mine")
    assert status == 2 and "unknown preset" in err


def test_describe_names_what_is_left_out(msstgcn, monkeypatch):
    told = Finding("error", "sheet, row 3", "offset 0", "event left out"), Finding("note", "v", "odd")
    videos = synthetic(SyntheticSettings(subjects=2, videos=1, seconds=4.0)).videos
    found = RealDataset("small", videos, findings=told)
    monkeypatch.setattr("msstgcn.runner.stages.labelled", lambda *_: found)
    status, out, err = msstgcn("data", "describe")
    assert status == 0 and out.startswith("small") and err == f"{told[0]}\n"


def test_rows_of_naming_sheets_are_not_called_videos(monkeypatch):
    warned = []
    monkeypatch.setattr(sources, "warn", warned.append)
    told = [Finding("error", f"naming rule1, row {n}", "twice", "row left out") for n in (2, 3)]
    opened = RealDataset("small", (), findings=(*told, Finding("error", "r/s15", "empty", "video left out")))
    sources._say(opened, opened, DiskSettings(dataset="casme2", root="r"))
    (said,) = warned
    assert "1 video left out (s15); 2 rows of naming sheets left out" in said


def test_the_fit_of_the_benchmark_is_one_command(msstgcn):
    status, out, err = msstgcn("data", "fit", "--preset", "casme2", "--subjects", 22, "--seeds", 2)
    assert status == 0, err
    assert out.startswith("casme2, 22 people, 2 seeds")
    assert "gap between events" in out and out.rstrip().endswith("rejected at p < 0.01: none")
    status, out, _ = msstgcn("data", "fit", "--preset", "samm-lv", "--seeds", 1, "--json")
    assert status == 0 and {row["quantity"] for row in json.loads(out)["samm-lv"]} >= {
        "video length",
        "duration",
    }
    assert msstgcn("data", "fit", "--preset", "mine")[0] == 2


def test_the_status_of_a_check_says_whether_a_set_can_be_used(msstgcn, tmp_path):
    (tmp_path / "videos.csv").write_text("video,subject,fps,file\na,s,30,a\nb,s,30,b\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(cv2.imencode(".png", np.zeros((8, 9), np.uint8))[1].tobytes())
    status, out, _ = msstgcn("data", "check", tmp_path)
    assert status == 1 and "row 3: no file b" in out  # in part
    (tmp_path / "a" / "1.png").unlink()
    assert msstgcn("data", "check", tmp_path)[0] == 2  # not at all
