"""Figures of record carry what made them, and the newest one is read."""

import json

import pytest

from msstgcn.errors import InputError
from msstgcn.runner import records


def test_a_record_names_its_date_commit_command_and_versions(bare_project, monkeypatch):
    monkeypatch.setattr(records.sys, "argv", ["msstgcn", "bench", "ren der"])
    path = records.write_record("render", {"fps": 120.0}, seconds=3.14, seeds=[0, 1])
    record = json.loads(path.read_text())
    assert path.parent == bare_project / "benchmarks" and path.name == f"render-{record['date']}.json"
    assert record["command"] == "msstgcn bench 'ren der'" and record["seeds"] == [0, 1]
    assert record["result"] == {"fps": 120.0} and record["seconds"] == 3.1
    assert record["versions"]["numpy"] and record["commit"] == "none" and "cores" in record["machine"]


@pytest.mark.parametrize(
    "typed", [["--root", "/home/me"], ["--root=/home/me"], ["--out=/home/me"], ["--out"]]
)
def test_a_record_names_no_folder_of_whoever_made_it(bare_project, monkeypatch, typed):
    monkeypatch.setattr(records.sys, "argv", ["msstgcn", "study", "run", *typed])
    record = json.loads(records.write_record("render", 1, seconds=0).read_text())
    assert "home" not in record["command"] and record["command"].startswith(
        f"msstgcn study run {typed[0][:5]}"
    )


def test_the_newest_record_of_a_name_is_read(bare_project):
    records.write_record("render", 2, seconds=0)
    (bare_project / "benchmarks" / "render-2001-01-01.json").write_text('{"result": 1}')
    (bare_project / "benchmarks" / "render-grey-2999-01-01.json").write_text('{"result": 3}')
    assert records.latest_record("render")["result"] == 2


def test_a_missing_or_damaged_record_and_a_bad_name_are_named(bare_project):
    with pytest.raises(InputError, match="no record 'motion'"):
        records.latest_record("motion")
    (bare_project / "benchmarks").mkdir()
    (bare_project / "benchmarks" / "motion-2026-01-01.json").write_text("{")
    with pytest.raises(InputError, match="motion-2026-01-01.json: the record cannot be read"):
        records.latest_record("motion")
    with pytest.raises(InputError, match="record name 'A b'"):
        records.write_record("A b", 1, seconds=0)
