"""The command line: what it prints, its status, and what it says to a mistake."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from msstgcn.faces import Camera, Face, FaceState, identity

TRUTH = "video,class,onset,offset\na,me,10,19\na,mae,40,79\nb,me,5,14\n"
PRED = "video,class,onset,offset,score\na,me,12,21,.9\na,mae,100,120,.8\nb,me,5,9,.7\nc,me,5,9,.7\n"


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "pred.csv").write_text(PRED)
    return tmp_path / "pred.csv", tmp_path / "truth.csv"


def test_score_counts_by_hand(msstgcn, tables):
    status, out, err = msstgcn("score", *tables, "--json")
    assert status == 0
    result = json.loads(out)
    # a: ME 8 of 12 frames shared: hit; MaE apart. b: ME 5 of 10: hit on the line. c is unknown: a false alarm.
    assert result["me"] == {"tp": 2, "fp": 1, "fn": 0, "precision": 2 / 3, "recall": 1.0, "f1": 0.8}
    assert result["mae"] == {"tp": 0, "fp": 1, "fn": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert {k: result["overall"][k] for k in ("tp", "fp", "fn")} == {"tp": 2, "fp": 2, "fn": 1}
    assert "pred.csv, row 5: no events in" in err and "for 1 of the predicted videos (c)" in err


def test_score_prints_a_table_and_takes_a_threshold(msstgcn, tables):
    status, out, _ = msstgcn("score", *tables, "--iou", "0.6")
    assert status == 0
    assert [line.split()[:4] for line in out.splitlines()[1:4]] == [
        ["me", "1", "2", "1"], ["mae", "0", "1", "1"], ["overall", "1", "3", "2"],
    ]  # fmt: skip


def test_score_takes_a_list_of_videos_and_refuses_others(msstgcn, tables, tmp_path):
    videos = tmp_path / "videos.csv"
    videos.write_text("video\na\nb\nc\n")
    status, _, err = msstgcn("score", *tables, "--videos", videos)
    assert (status, err) == (0, "")
    videos.write_text("video\na\nb\n")
    status, out, err = msstgcn("score", *tables, "--videos", videos)
    assert (status, out) == (2, "")
    assert "row 5: video 'c' is not in the videos file" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "99"), "unknown chapter '99'"),
        (("run", "1", "-p", "seed"), "expected -p name=value"),
        (("run", "1", "-p", "seed=1", "-p", "seed=2"), "-p seed is given twice"),
        (("run", "1", "--profile", "huge"), "profile = 'huge'.*smoke, cpu, gpu"),
        (("run", "1", "-p", "sead=1"), "unknown parameter 'sead'"),
        (("book", "--profile", "huge"), "profile = 'huge'"),
        (("train", "--profile", "huge"), "unknown profile 'huge'.*smoke, cpu, gpu"),
        (("score", "nowhere.csv", "nowhere.csv"), "nowhere.csv: no such file"),
        (("score", "a", "b", "--iou", "0"), "--iou 0.*above 0"),
        (("score", "a", "b", "--matching", "many"), "unknown matching 'many'.*many-to-one"),
        (("score", "a", "b", "--rows", "all"), "unknown row policy 'all'.*keep-all"),
        (("data", "synth", "out", "--preset", "mine"), "preset = 'mine'"),
        (("features", "nowhere.mp4"), "nowhere.mp4"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(msstgcn, arguments, message, tmp_path, monkeypatch):
    import re

    monkeypatch.chdir(tmp_path)
    status, out, err = msstgcn(*arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err), err
    assert len(err.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir()), "nothing half-written"


def test_a_full_disk_is_one_line(msstgcn, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, os.strerror(28), "somewhere")

    monkeypatch.setattr("msstgcn.runner.book.make_book", full)
    status, _, err = msstgcn("book")
    assert status == 2 and "no space left on the disk (somewhere)" in err


def test_a_place_that_cannot_be_used_is_one_line(msstgcn, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("msstgcn.runner.book.make_book", lambda *_: (tmp_path / "file").mkdir())
    status, _, err = msstgcn("book")
    assert (
        status == 2
        and err == f"msstgcn: {tmp_path}/file: File exists; look whether the place is there and can be used\n"
    )


def test_stopping_says_how_to_go_on(msstgcn, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("msstgcn.runner.book.make_book", stop)
    status, _, err = msstgcn("book")
    assert status == 130 and "the same command goes on" in err


def test_run_lists_a_chapters_parameters(msstgcn):
    status, out, _ = msstgcn("run", "08", "--parameters")
    assert status == 0
    assert "profile = 'cpu': one of smoke, cpu, gpu" in out


def test_run_lists_the_parameters_of_several_chapters_under_their_names(msstgcn):
    _, one, _ = msstgcn("run", "09", "--parameters")
    _, other, _ = msstgcn("run", "11", "--parameters")
    both = f"# 09_ablations\n{one}# 11_baselines\n{other}"
    assert msstgcn("run", "9", "11", "--parameters") == (0, both, "")


def test_chapters_and_how_many_at_once_are_handed_on(msstgcn, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(
        "msstgcn.runner.book.run_chapters", lambda *given: asked.append(given) or {tmp_path: True}
    )
    monkeypatch.setattr("msstgcn.runner.book.make_book", lambda *given: asked.append(given) or tmp_path)
    for command in (("run", "09", "10", "--jobs", 3), ("run", "09"), ("book", "--jobs", 2), ("book",)):
        assert msstgcn(*command)[0] == 0
    given = {"profile": "cpu"}
    assert asked == [(["09", "10"], given, 3), (["09"], given, 1), (given, 2), (given, 1)]
    assert msstgcn("run", "09", "--jobs", 0)[0] == 2 and len(asked) == 4


def test_help_comes_fast_and_names_every_command():
    shown = subprocess.run([sys.executable, "-X", "importtime", "-m", "msstgcn.runner.cli", "--help"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    for name in ("doctor", "data", "features", "train", "score", "run", "book", "bench"):
        assert name in shown.stdout
    assert "torch" not in shown.stderr, "help must not wait for heavy imports"


def test_doctor_reports_versions_device_predictor_and_disk(msstgcn):
    status, out, _ = msstgcn("doctor")
    assert status == 0
    for word in ("python", "torch", "device", "predictor", "SHA-256 fbdc2cb8", "GiB free"):
        assert word in out


def test_doctor_says_what_is_missing_and_how_to_get_it(msstgcn, monkeypatch, tmp_path):
    monkeypatch.setenv("MSSTGCN_PREDICTOR", str(tmp_path / "none.dat"))
    monkeypatch.setattr("msstgcn.runner.doctor.DISK_GIB", 1e9)
    monkeypatch.setattr("msstgcn.runner.doctor.locked", lambda _root: [("nosuchpackage", "1.0", "")])
    monkeypatch.setattr("shutil.which", lambda _name: None)
    status, out, _ = msstgcn("doctor")
    assert status == 1
    assert "nosuchpackage is missing, locked 1.0" in out
    assert out.count("MISS") == 2 and "apt install chromium" in out and "none.dat" in out


def test_data_synth_writes_a_set_that_features_reads(msstgcn, tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    folder = tmp_path / "my set"
    status, out, _ = msstgcn("data", "synth", folder, "--subjects", 2, "--videos", 1, "--seconds", 2)
    assert (status, out.strip()) == (0, str(folder))
    assert {path.name for path in folder.iterdir()} >= {"videos.csv", "events.csv"}
    status, out, _ = msstgcn("features", folder, "--out", tmp_path / "features", "--head", "nose")
    assert status == 0
    assert [line.rsplit("/")[-1] for line in out.split()] == ["s001_1.npz", "s002_1.npz"]
    assert (tmp_path / "features" / "s001_1.npz").is_file()


def test_features_of_one_video_are_described_and_filmed(msstgcn, tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    face, folder = Face(identity(1), Camera(size=240, iod=70.0)), tmp_path / "me"
    folder.mkdir()
    for i in range(6):
        cv2.imwrite(str(folder / f"{i}.png"), face.render(FaceState({"12": i}), frame=i))
    film = tmp_path / "look.mp4"
    status, out, err = msstgcn(
        "-q", "features", folder, "--out", tmp_path, "--look", film, "--executor", "local://1"
    )
    assert (status, out.split()) == (0, [str(tmp_path / "me.npz"), str(film)]), err
    capture = cv2.VideoCapture(str(film), cv2.CAP_FFMPEG)
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 6
    status, out, _ = msstgcn("features", tmp_path / "me.npz", "--describe")
    assert status == 0 and "me (subject me): 6 frames" in out and "mouth corner L" in out
    status, out, _ = msstgcn("features", tmp_path / "me.npz", "--describe", "--json")
    assert status == 0 and json.loads(out)["settings"]["window"] == 17
    status, _, err = msstgcn("features", "--describe")
    assert status == 2 and "--describe needs a file of features" in err
    status, _, err = msstgcn("features", folder, "--executor", "slurm://x", "--head", "none")
    assert status == 2 and "unknown executor 'slurm'" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("features", "SET", "--look", "out.mp4"), "--look: a check video shows one video"),
        (("features", "--profile", "smoke", "--look", "out.mp4"), "--look: a check video shows one video"),
        (("features", "SET", "--look", "out.avi"), "out.avi: a film is an .mp4 file"),
        (("features", "SET", "--look", "FILE/out.mp4"), "FILE: nothing can be written there"),
        (("features", "SET", "--out", "FILE"), "FILE: nothing can be written there"),
        (("features", "SET", "--window", "-1"), "features: window = -1; leave it out to keep the profile's value"),
        (("train", "--profile", "smoke", "--out", "FILE/model"), "FILE/model: nothing can be written there"),
        (("train", "--profile", "smoke", "--tables", "FILE"), "FILE: nothing can be written there"),
        (("train", "--profile", "smoke", "--device", "tpu"), "unknown device 'tpu'"),
        (("spot", "SET", "--model", "model", "--out", "SET"), "SET: this is a folder; expected the name of a file"),
        (("spot", "SET", "--model", "model", "--plot", "FILE/out.png"), "FILE: nothing can be written there"),
    ],
)  # fmt: skip
def test_what_cannot_end_well_is_refused_before_the_work(msstgcn, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    pictures = [tmp_path / "SET" / name / "0.png" for name in ("a", "b")]
    for path in pictures:
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "SET" / "videos.csv").write_text("video,subject,fps,file\na,a,30,a\nb,b,30,b\n")
    (tmp_path / "SET" / "events.csv").write_text("video,class,onset,apex,offset,action_units\n")
    (tmp_path / "FILE").touch()
    status, out, err = msstgcn(*arguments)
    assert (status, out) == (2, "") and message in err and len(err.splitlines()) == 1, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["FILE", "SET"]


def test_features_names_a_missing_predictor(msstgcn, tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PREDICTOR", "")
    status, _, err = msstgcn("features", "--profile", "smoke", "--predictor", tmp_path / "none.dat")
    assert status == 2 and "none.dat: no landmark predictor there" in err


def test_train_prints_the_scores_of_held_out_subjects(msstgcn, smoke, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(smoke / "data"))
    status, out, _ = msstgcn("--quiet", "train", "--profile", "smoke")
    assert status == 0
    truth = [int(line.split()[1]) + int(line.split()[3]) for line in out.splitlines()[1:]]
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["me", "mae", "overall"]
    assert truth[0] + truth[1] == truth[2] > 0


@pytest.mark.parametrize("name", ["motion", "path", "render", "detector", "train"])
def test_bench_prints_json_or_lines(msstgcn, monkeypatch, name):
    module = {
        "motion": "msstgcn.motion.bench.bench_motion",
        "path": "msstgcn.motion.bench_path.bench_path",
        "render": "msstgcn.faces.bench.bench_render",
        "detector": "msstgcn.motion.bench_detector.bench_detector",
        "train": "msstgcn.learning.bench.bench_train",
    }[name]
    monkeypatch.setattr(module, lambda *_, **__: {"speedup": 129.04321, "what": "x"})
    status, out, _ = msstgcn("bench", name, "--json")
    assert status == 0 and json.loads(out) == {"speedup": 129.04321, "what": "x"}
    assert msstgcn("bench", name)[1] == "speedup: 129\nwhat: x\n"
    monkeypatch.setattr(module, lambda *_, **__: {"worst": ["a", "b"]})
    assert msstgcn("bench", name)[1] == "worst: 2\n  a\n  b\n"


def test_bench_trains_the_network_that_is_asked_for(msstgcn, monkeypatch):
    measured = lambda _, network: {"window": network.receptive_field}  # noqa: E731
    monkeypatch.setattr("msstgcn.learning.bench.bench_train", measured)
    assert msstgcn("bench", "train")[1] == "window: 17\n"
    assert msstgcn("bench", "train", "--kernels", "5,9,9,15")[1] == "window: 35\n"
    status, _, told = msstgcn("bench", "train", "--kernels", "5,9,9")
    assert status and "kernels" in told


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("features", "me.avi", "--look", "me.avi"), "me.avi: this file is read, or written twice"),
        (("spot", "me.avi", "--model", "model.safetensors", "--out", "me.avi"), "me.avi: this file is read"),
        (("spot", "me.avi", "--model", "m.safetensors", "--out", "x", "--plot", "x"), "x: this file is read"),
        (("features", "me.avi", "--describe"), "me.avi: this is no file of features; expected FILE.npz"),
        (("features", "me.avi", "--window", "9", "--window-seconds", "0.5"), "--window 9 and --window-seconds 0.5"),
        (("data", "describe", "--plot", "."), "this is a folder"),
    ],
)  # fmt: skip
def test_what_would_be_lost_or_ignored_is_refused(msstgcn, tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.avi").write_text("a recording")
    status, _, err = msstgcn(*given)
    assert status == 2 and message in err
    assert [path.name for path in tmp_path.iterdir()] == ["me.avi"] and "a recording" in Path(
        "me.avi"
    ).read_text()
