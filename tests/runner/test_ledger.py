"""The cache: whole entries only, checked when read."""

import errno
import json
import multiprocessing
import os
import shutil

import pytest
import torch

from msstgcn.errors import InputError
from msstgcn.runner.store import Store, key_of


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "data")


def _write(store, text="1"):
    with store.writing("runs", "a", about={"seed": 3}) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "result.txt").write_text(text)


def test_an_entry_is_there_once_it_is_whole(store):
    assert store.entry("runs", "a") is None
    _write(store)
    entry = store.entry("runs", "a")
    assert entry["seed"] == 3
    assert {"made", "commit"} <= set(entry) and entry["versions"]["torch"] == torch.__version__
    assert list(entry["files"]) == ["sub/result.txt"]
    assert (store.folder("runs", "a") / "sub" / "result.txt").read_text() == "1"


def test_a_failure_leaves_nothing(store):
    with pytest.raises(RuntimeError), store.writing("runs", "a", about={}) as folder:
        (folder / "result.txt").write_text("half")
        raise RuntimeError
    assert store.entry("runs", "a") is None
    assert list(store.folder("runs").iterdir()) == []


def test_a_full_disk_is_one_clear_message_and_leaves_nothing(store):
    with (
        pytest.raises(InputError, match="no space left on the disk.*MSSTGCN_DATA"),
        store.writing("runs", "a", about={}),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(store.folder("runs").iterdir()) == []


def test_other_failures_of_the_disk_stay_what_they_are(store):
    with pytest.raises(PermissionError), store.writing("runs", "a", about={}):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize("harm", ["change", "remove", "add", "ledger", "no object"])
def test_a_harmed_entry_is_reported_and_never_used(store, capsys, harm):
    _write(store)
    folder = store.folder("runs", "a")
    if harm == "change":
        (folder / "sub" / "result.txt").write_text("2")
    elif harm == "remove":
        (folder / "sub" / "result.txt").unlink()
    elif harm == "add":
        (folder / "more.txt").write_text("x")
    else:
        (folder / "entry.json").write_text("{" if harm == "ledger" else "[]")
    assert store.entry("runs", "a") is None
    assert "made again" in capsys.readouterr().err
    assert not folder.exists()


def test_what_another_process_makes_anew_just_then_is_not_taken_away(store, monkeypatch):
    _write(store)
    folder = store.folder("runs", "a")
    (folder / "sub" / "result.txt").write_text("2")

    def meanwhile(_):
        shutil.rmtree(folder)
        _write(store)

    monkeypatch.setattr("msstgcn.runner.store.warn", meanwhile)
    assert store.entry("runs", "a")["seed"] == 3
    assert (folder / "sub" / "result.txt").read_text() == "1"
    assert [path.name for path in store.folder("runs").iterdir()] == ["a"]


def test_writing_again_replaces_the_entry(store):
    _write(store, "1")
    _write(store, "2")
    assert (store.folder("runs", "a") / "sub" / "result.txt").read_text() == "2"
    assert store.entry("runs", "a") is not None


def _write_and_read_often(root, times):
    store = Store(root)
    for _ in range(times):
        _write(store)
        assert store.entry("runs", "a") is not None


def test_two_processes_may_make_the_same_entry_at_the_same_time(store, capfd):
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_write_and_read_often, args=(store.root, 150)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert "made again" not in capfd.readouterr().err and store.entry("runs", "a") is not None
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [path.name for path in store.folder("runs").iterdir()] == ["a"]


def test_the_ledger_is_plain_json(store):
    _write(store)
    assert json.loads((store.folder("runs", "a") / "entry.json").read_text())["seed"] == 3


def test_a_key_tells_parts_apart():
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("a", 1) == key_of("a", 1)
    assert len(key_of("a")) == 24
