"""A run of record is made in one go or in several, is not replaced by less, and is read back whole or not at all."""

import re
from dataclasses import replace

import pytest
from pandas.testing import assert_frame_equal
from small_studies import command, run_of_record

from msstgcn.errors import InputError
from msstgcn.runner import feature_stages, kept_results, records, runs_of_record, study_records, study_runs
from msstgcn.studies import STUDIES


def test_a_run_of_record_in_several_goes_equals_one_made_in_one(project, quick, tmp_path, monkeypatch):
    (whole,) = run_of_record(seeds=2)
    records.latest_path("study-pair").unlink()
    for go, given in enumerate(({"seeds": 1}, {"seeds": 2, "only": ["b"]})):
        monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / f"machine {go}"))
        list(runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", keep=True, **given))
    kept = records.records_dir() / "kept" / "study-pair" / "studies"
    assert not records.has_record("study-pair")
    assert len(list(kept.iterdir())) == 5  # of three variants with the first seed, of two with the second
    damaged = next(iter(sorted(kept.iterdir()))) / "found.csv"
    damaged.write_text(damaged.read_text() + "v,me,1,2\n")
    undamaged = max(kept.iterdir()) / "entry.json"
    undamaged.write_text(undamaged.read_text().replace('"device": "cpu"', '"device": "a GPU"'))
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "machine 2"))
    quick.clear()
    runs_of_record.weigh([STUDIES["pair"]], "cpu", device="cpu", seeds=2, record=True)
    assert damaged.exists(), "looking removes nothing"
    (result,) = run_of_record(seeds=2)
    assert len(quick) == 2 * 2  # folds of the result that nobody made, and of the one whose file was changed
    assert_frame_equal(result.table(), whole.table())
    held = records.latest_record("study-pair")
    assert sum(held["made"].values()) == 6 and set(held["device"].split("; ")) == {"a GPU", "cpu"}
    assert [path.name for path in records.records_dir().iterdir()] == [records.latest_path("study-pair").name]


def test_what_is_kept_for_one_record_stays_when_another_is_made(project, quick, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "twin", replace(STUDIES["pair"], name="twin"))
    twins = [STUDIES["pair"], STUDIES["twin"]]
    list(runs_of_record.run_and_record(twins, "cpu", device="cpu", keep=True))
    run_of_record()
    assert [path.name for path in (records.records_dir() / "kept").iterdir()] == ["study-twin"]
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "another machine"))
    quick.clear()
    dry = runs_of_record.weigh([STUDIES["twin"]], "cpu", device="cpu", record=True)
    list(runs_of_record.run_and_record([STUDIES["twin"]], "cpu", device="cpu", record=True))
    assert dry == "nothing is left to make" and not quick and not (records.records_dir() / "kept").exists()


def test_kept_results_that_were_made_otherwise_are_told_and_stay(project, quick, capsys):
    list(runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", keep=True, seed=1, only=["b"]))
    assert "kept" not in capsys.readouterr().err, "those of another seed may be for another go"
    run_of_record()
    told = capsys.readouterr().err
    folder = records.records_dir() / "kept" / "study-pair"
    assert f"warning: 2 results kept in {folder} do not count for this record" in told
    assert len(list(folder.glob("studies/*/entry.json"))) == 2


def test_a_result_without_some_of_the_videos_is_not_kept(project, quick):
    planned = study_runs.plan(STUDIES["pair"], "cpu", device="cpu", only=["a"])
    (place,) = planned.all_places
    store = feature_stages.data_store()
    with store.writing(*place, about={"left_out": ["v1"]}) as folder:
        (folder / "found.csv").write_text("")
    kept_results.keep("study-pair", [place])
    assert not (records.records_dir() / "kept").exists()
    with store.writing(*place, about={"left_out": []}) as folder:
        (folder / "found.csv").write_text("")
    assert store.entry(*place)["left_out"] == [], "of the same files the whole result counts"


def test_a_record_that_another_run_has_made_meanwhile_is_not_replaced_by_a_smaller_one(project, monkeypatch):
    real, counted = runs_of_record.carried_out, []

    def slow(planned, **given):
        if not counted:
            counted.append(planned)
            run_of_record(seeds=2)
        return real(planned, **given)

    monkeypatch.setattr(runs_of_record, "carried_out", slow)
    with pytest.raises(InputError, match="smaller: the one there has 2 seeds"):
        run_of_record(seeds=1)
    assert records.latest_record("study-pair")["seeds"] == 2


def test_another_data_set_on_disk_does_not_take_the_place_of_the_recorded_one(project):
    run_of_record(seeds=2)
    other = {**records.latest_record("study-pair"), "data": "folder (SHA-256 1)", "on_disk": True}
    with pytest.raises(InputError, match="of something else: the one there has synthetic-samm-lv"):
        study_records.must_not_be_less("study-pair", other, STUDIES["pair"])


def test_a_smaller_run_or_one_of_something_else_is_recorded_only_once_the_record_is_removed(
    project, monkeypatch, capsys
):
    given = ("study", "run", "pair", "--seeds", "2", "--device", "cpu", "--set", "lr=0.02", "--record")
    assert command(monkeypatch, *given) == 0
    capsys.readouterr()
    record = records.latest_record("study-pair")
    before = {path: path.read_bytes() for path in records.records_dir().iterdir()}
    for smaller, why in (
        (("--only", "b"), "the one there has the variant 'c'"),
        (("--seeds", "1"), "the one there has 2 seeds"),
        (("--set", "seconds=5"), "the one there has 6 seconds a subject"),
        (("--set", "epochs=1", "--only", "a"), "the one there has 2 epochs"),
        (
            ("--set", "difficulty=easy"),
            "of something else: the one there has difficulty as the profile has it",
        ),
        (("--profile", "smoke"), "a run of record in the profile smoke"),
    ):
        for dry in ((), ("--dry-run",)):
            assert command(monkeypatch, *given, *smaller, *dry) == 2
            assert why in capsys.readouterr().err
    fewer = {**record, "size": {**record["size"], "subjects": 3}}
    study_records.must_not_be_less("study-pair", record, STUDIES["pair"])
    with pytest.raises(InputError, match="smaller: the one there has 4 subjects; make the run alike"):
        study_records.must_not_be_less("study-pair", fewer, STUDIES["pair"])
    other = {**record, "settings": {**record["settings"], "lr": 0.03}}
    with pytest.raises(InputError, match="of something else: the one there has lr = 0.02; make"):
        study_records.must_not_be_less("study-pair", other, STUDIES["pair"])
    other = {**record, "settings": {**record["settings"], "watch": 7}}
    with pytest.raises(InputError, match="of something else: the one there has watch "):
        study_records.must_not_be_less("study-pair", other, STUDIES["pair"])
    grown = {**record, "profile": "gpu", "settings": {**STUDIES["pair"].size("gpu"), "lr": 0.02}}
    assert STUDIES["pair"].size("gpu") != STUDIES["pair"].size("cpu")
    study_records.must_not_be_less(
        "study-pair", grown, STUDIES["pair"]
    )  # what the larger profile brings is no change
    assert {path: path.read_bytes() for path in records.records_dir().iterdir()} == before
    next(iter(before)).unlink()
    assert command(monkeypatch, *given, "--only", "b") == 0
    assert study_records.study_note("pair").endswith("on a CPU; it leaves out c.")


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace('"runs"', '"walks"'),
        lambda text: text.replace('"truth": 0', '"truth": 9'),
        lambda text: text.replace('"seeds": 2', '"seeds": 50'),
        lambda text: re.sub(r'"tp": "\d+', '"tp": "-5', text),
        lambda text: text[: len(text) // 2],
    ],
)
def test_a_damaged_record_is_named_and_how_to_make_it_again(project, harm):
    runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", seeds=2, record=True).__next__()
    (path,) = records.records_dir().iterdir()
    path.write_text(harm(path.read_text()))
    with pytest.raises(InputError, match=f"{path.name}: the record cannot be read.*; make it again"):
        study_records.study_record("pair")


@pytest.mark.parametrize("text", ["[]", "null", '{"result": {}}', '{"result": {"owners": ["me"]}}'])
def test_a_note_names_a_damaged_record(project, text):
    records.records_dir().mkdir(exist_ok=True)
    (records.records_dir() / "study-pair-2026-01-01.json").write_text(text)
    with pytest.raises(InputError, match=r"study-pair-2026-01-01.json: the record cannot be read"):
        study_records.study_note("pair")


@pytest.mark.parametrize("name", ["main", *(name for name, one in STUDIES.items() if one.chapter > 8)])
def test_the_record_that_the_book_shows_is_in_full_size_and_has_every_variant(name):
    held = records.latest_record(f"study-{name}")
    size = held["size"]
    assert set(held["result"]["variants"]) == set(STUDIES[name].variants)
    assert (size["subjects"], size["folds"]) == (48, 48 if name == "main" else 6)
    assert size["seconds a subject"] >= 80 and size["seeds"] >= 5
