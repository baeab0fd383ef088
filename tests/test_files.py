"""Files and folders written whole or not at all, and what killed processes leave of them."""

import os
import shutil
import signal
import subprocess
import sys
from socket import gethostname

import pytest

from msstgcn.files import sweep, unfinished, written_whole

HOST = gethostname()
DEAD, ALIVE = f".unfinished-999999999-{HOST}-x", f"{unfinished()}x"
ELSEWHERE = f".unfinished-999999999-{HOST}-2-x"  # a machine whose name begins as this one's


def test_a_sweep_removes_what_dead_processes_left_and_nothing_else(tmp_path):
    place = tmp_path / "deep" / "down"
    for name in (DEAD, ALIVE, ELSEWHERE, "whole"):
        (place / name / "inside").mkdir(parents=True)
        (place / f"{name}.txt").write_text("")
    sweep(tmp_path)
    kept = [name for whole in (ALIVE, ELSEWHERE, "whole") for name in (whole, f"{whole}.txt")]
    assert sorted(path.name for path in place.iterdir()) == sorted(kept)


def test_a_sweep_goes_on_where_another_process_moves_things_meanwhile(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / "runs" / name / "deep").mkdir(parents=True)
    dead = tmp_path / "z" / DEAD
    dead.mkdir(parents=True)
    listed = os.scandir

    def scandir(path):
        found = listed(path)
        if str(path) == str(tmp_path / "runs"):
            shutil.rmtree(tmp_path / "runs" / "b")
        return found

    monkeypatch.setattr(os, "scandir", scandir)
    sweep(tmp_path)
    assert not dead.exists() and not (tmp_path / "runs" / "b").exists()


@pytest.mark.parametrize("told, kept", [(None, True), (PermissionError, True), (ProcessLookupError, False)])
def test_a_sweep_asks_for_processes_as_every_unix_does(tmp_path, monkeypatch, told, kept):
    """Where there is no /proc, as on macOS; and a process of another user lives."""
    file = tmp_path / f".unfinished-4711-{HOST}-x.txt"
    file.write_text("")

    def kill(process, signal):
        assert (process, signal) == (4711, 0)
        if told:
            raise told

    monkeypatch.setattr(os, "kill", kill)
    sweep(tmp_path)
    assert file.exists() is kept


def test_half_a_file_of_a_killed_process_is_swept_and_the_old_one_stays(tmp_path):
    whole = tmp_path / "numbers.csv"
    whole.write_text("old")
    program = (
        "import os, signal, sys\nfrom msstgcn.files import written_whole\n"
        "with written_whole(sys.argv[1]) as file:\n    file.write_text('ne')\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, whole], check=False)
    assert killed.returncode == -signal.SIGKILL
    (half,) = set(tmp_path.iterdir()) - {whole}
    assert half.read_text() == "ne" and half.suffix == ".csv"
    with written_whole(tmp_path / "other.csv") as mine:
        sweep(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([mine, whole])
    assert whole.read_text() == "old"
