"""The same work on this machine and on a cluster, with workers that die, gives the same features."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from msstgcn import datasets, motion
from msstgcn.errors import InputError
from msstgcn.paths import PACKAGE
from msstgcn.runner import executors, feature_stages, stages
from msstgcn.settings import MotionSettings, SyntheticSettings

SMALL = SyntheticSettings(subjects=3, videos=1, seconds=4.0, size=240, iod=60.0)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    return tmp_path / "data"


def square(number: int, folder: Path) -> int:
    (folder / f"{number}-{os.getpid()}").touch()
    return number**2


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(number: int) -> None:
    if number == 1:
        raise InputError("no face in any frame", where="clip")


class Cluster:
    """A Dask scheduler and workers as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        self.environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder)}
        self.environment |= {"DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false", "OMP_NUM_THREADS": "1"}
        self.environment["PYTHONPATH"] = str(PACKAGE.parent)
        told = folder / "scheduler.json"
        self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", told
        )
        self._wait(told.exists, "no scheduler")
        self.address = json.loads(told.read_text())["address"].removeprefix("tcp://")

    def _start(self, *arguments) -> subprocess.Popen:
        with (self.folder / "log").open("a") as log:
            command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *map(str, arguments[1:])]
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def _wait(self, condition, otherwise: str) -> None:
        for _ in range(600):
            if condition():
                return
            time.sleep(0.1)
        raise AssertionError(f"{otherwise}: {(self.folder / 'log').read_text()[-2000:]}")

    def worker(self, name: str) -> subprocess.Popen:
        return self._start(
            "worker", self.address, "--name", name, "--nthreads", 1, "--no-nanny", "--no-dashboard"
        )

    def ready(self, workers: int) -> None:
        import distributed

        with distributed.Client(f"tcp://{self.address}", timeout="30s", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    found = Cluster(tmp_path_factory.mktemp("cluster"))
    yield found
    found.stop()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_what_this_machine_gives(data, cluster, monkeypatch):
    source = datasets.synthetic(SMALL)
    here = [motion.extract(video) for video in source.videos]
    victim, _ = cluster.worker("victim"), cluster.worker("other")
    cluster.ready(2)
    killed = []
    inner = executors.Counter.read

    def read(counter):
        """Kill a worker as soon as one video is half-way, which is what the progress bar sees."""
        done = inner(counter)
        if done and not killed:
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)
        return done

    monkeypatch.setattr(executors.Counter, "read", read)
    monkeypatch.setattr(executors, "_POLL", 0.02)
    there = stages.features_of(source, MotionSettings(), executor=f"dask://{cluster.address}")
    assert killed
    assert victim.wait() == -signal.SIGKILL
    for one, other in zip(here, there, strict=True):
        assert one.video == other.video
        assert one.flow.tobytes() == other.flow.tobytes()
        assert one.quality.tobytes() == other.quality.tobytes()
        assert one.mask.tobytes() == other.mask.tobytes()
    assert not list(data.glob(".unfinished-*"))


def test_no_scheduler_is_one_clear_message(monkeypatch):
    monkeypatch.setattr(executors, "_CONNECT", "1s")
    with pytest.raises(InputError, match=r"dask://127.0.0.1:9: no Dask scheduler answers.*dask scheduler"):
        list(executors.run(refuse, [(0,)], "dask://127.0.0.1:9"))


def test_a_scheduler_without_workers_is_one_clear_message(tmp_path):
    lonely = Cluster(tmp_path)
    try:
        with pytest.raises(InputError, match="the Dask scheduler has no worker.*dask worker"):
            list(executors.run(refuse, [(0,)], f"dask://{lonely.address}"))
    finally:
        lonely.stop()


def test_without_dask_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"Dask is not installed; pip install 'msstgcn\[cluster\]'"):
        list(executors.run(refuse, [(0,)], "dask://somewhere:1"))


@pytest.mark.parametrize("executor", ["local", "local://2"])
def test_local_processes_hand_back_number_and_result(tmp_path, executor):
    found = dict(executors.run(square, [(n, tmp_path) for n in (3, 4, 5)], executor))
    assert found == {0: 9, 1: 16, 2: 25}
    assert all(not path.name.endswith(f"-{os.getpid()}") for path in tmp_path.iterdir())


def test_wrong_executors_are_refused():
    with pytest.raises(InputError, match="--executor: unknown executor 'slurm'.*local, dask"):
        list(executors.run(refuse, [(0,)], "slurm://x"))
    with pytest.raises(InputError, match="local://many; expected a number of processes"):
        list(executors.run(refuse, [(0,)], "local://many"))
    assert list(executors.run(refuse, [], "local")) == []


def test_a_killed_process_of_this_machine_is_one_clear_message():
    with pytest.raises(
        InputError, match=r"2 processes at once: a process was killed.*memory.*local://1.*is kept"
    ):
        list(executors.run(die, [(), ()], "local://2"))


def test_what_a_call_raises_comes_through():
    with pytest.raises(InputError, match="clip: no face in any frame"):
        list(executors.run(refuse, [(0,), (1,)], "local"))


def test_worker_that_does_not_see_the_store_says_so(tmp_path):
    counter = executors.Counter(tmp_path / "gone", 0)
    with pytest.raises(InputError, match="does not see this folder.*shared file system"):
        counter.check()
    counter(3)  # the caller was stopped: not this worker's fault
    assert counter.read() == 0


def test_worker_with_other_code_says_so(data, monkeypatch):
    video = datasets.synthetic(SMALL).videos[0]
    with (
        executors.counted(data, "features", [1], "frame") as (counter,),
        pytest.raises(InputError, match="another version of the project"),
    ):
        feature_stages._make_features(
            video, {("features", "x", "otherkey", "v"): MotionSettings()}, stages.data_store(), counter
        )


def test_one_bar_counts_the_frames_of_all_videos(tmp_path, monkeypatch):
    shown = []

    class Bar:
        def __init__(self, total, **_):
            shown.append(("total", total))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, steps):
            shown.append(steps)

    monkeypatch.setattr("tqdm.tqdm", Bar)
    monkeypatch.setenv("MSSTGCN_PROGRESS", "bars")
    monkeypatch.setattr(executors, "_POLL", 0.01)
    with executors.counted(tmp_path, "features", [100, 50], "frame") as (one, other):
        one(64)
        time.sleep(0.1)
        one(0)  # its worker died, and another begins again
        time.sleep(0.05)
        one(100)
        other(999)  # a video that turned out longer than told
    assert shown[0] == ("total", 150)
    assert 64 in shown and sum(shown[1:]) == 150
    assert not list(tmp_path.iterdir())
