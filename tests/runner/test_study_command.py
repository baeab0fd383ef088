"""The commands of studies: what they list, show and write, and what they refuse before any work."""

import json
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_studies import SMALL, command, study_of

from msstgcn.runner import records, stages, study_records, typed
from msstgcn.studies import STUDIES


def test_all_studies_are_checked_before_the_first_is_run(project, monkeypatch, capsys, quick):
    wrong = study_of({"a": {}, "b": {"epoch": 3}}, sizes={"cpu": {**SMALL, "folds": 2}})
    monkeypatch.setitem(STUDIES, "wrong", wrong)
    assert command(monkeypatch, "study", "run", "pair", "wrong", "--device", "cpu") == 2
    shown = capsys.readouterr()
    assert quick == [] and shown.out == "" and "unknown setting 'epoch'" in shown.err


def test_the_command_shows_and_records_what_came_out(project, monkeypatch, capsys):
    assert study_records.study_record("pair") is None
    assert study_records.study_note("pair") == "There is no run of record of the study pair yet."
    given = ("study", "run", "pair", "--seeds", "2", "--device", "cpu", "--set", "lr=0.02", "--record")
    assert command(monkeypatch, *given) == 0
    shown = capsys.readouterr().out
    assert "Is it better?" in shown and "could be resolved" in shown
    for moves in ("more than eyelids", "eyelids only"):
        assert re.search(rf"\n  {moves} +\d+ of \d+ M\w+(, \d+ of \d+ MaE)?\n", shown), moves
    assert max(map(len, shown.splitlines())) <= 80
    record = records.latest_record("study-pair")
    assert record["seeds"] == 2 and record["settings"]["lr"] == 0.02 and record["settings"]["folds"] == 2
    result = stages.study("pair", "cpu", seeds=2, device="cpu", lr=0.02)
    kept = study_records.study_record("pair")
    assert kept is not None and kept.study == result.study
    by = ["variant", "seed", "class", "subject"]
    assert_frame_equal(
        kept.counts.sort_values(by, ignore_index=True), result.counts.sort_values(by, ignore_index=True)
    )
    assert_frame_equal(kept.events, result.events)
    assert_frame_equal(kept.costs, result.costs)
    assert_frame_equal(kept.table(), result.table())
    assert study_records.study_record("pair") is kept  # its table is made once
    note = study_records.study_note("pair")
    size = "4 subjects, 6 s of video each, 2 seeds, 2 folds, 2 to 3 epochs"
    assert f"profile cpu with lr = 0.02, {size}, synthetic-samm-lv" in note
    assert "leaves out" not in note


def test_the_command_refuses_before_it_works(project, quick, monkeypatch, capsys):
    (project / "file").write_text("")
    for given, why in (
        (("--set", "seeds=3"), "--set: unknown setting 'seeds'"),
        (("--set", "device=cpu"), "--set: unknown setting 'device'"),
        (("--set", "epochs"), "--set epochs; expected --set name=value"),
        (("--add", "mine"), "--add 'mine'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", "mine: 3"), "--add 'mine: 3'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", ": epochs=3"), "--add ': epochs=3'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", "mine: epoch=3"), "--add 'mine': unknown setting 'epoch'"),
        (("--set", "lr=-1"), "--set: lr = -1; leave it out to keep the profile's value"),
        (("--add", "mine: lr=-1"), "--add 'mine': lr = -1; leave it out to keep the profile's value"),
        (("all",), "all and pair; expected all, or names of studies"),
        (("all", "nonsense"), "unknown study 'nonsense'"),
        (("--add", "mine: lr=0.1", "--add", "mine: lr=0.2"), "--add names 'mine' twice"),
        (("--out", str(project / "file")), "nothing can be written there"),
        (("--set", "folds=99", "--out", str(project / "new")), "folds = 99 of 4 subjects"),
    ):
        assert command(monkeypatch, "study", "run", "pair", "--device", "cpu", *given) == 2
        shown = capsys.readouterr()
        assert why in shown.err and not shown.out and quick == []
    assert not (project / "new").exists()


def test_a_dry_run_says_what_it_would_take_and_makes_nothing(project, quick, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--only", "b")
    assert command(monkeypatch, *given, "--dry-run") == 0
    told = capsys.readouterr().out
    assert told.startswith("study pair: 2 variants to make: ") and told.count("\n") == 1 and quick == []
    assert command(monkeypatch, *given, "--set", "folds=99", "--dry-run") == 2
    assert command(monkeypatch, *given) == 0 and quick
    capsys.readouterr()
    assert command(monkeypatch, *given, "--dry-run") == 0
    assert capsys.readouterr().out == "nothing is left to make\n"


def test_a_variant_of_ones_own_can_be_added_on_the_command_line(project, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--only", "b", "--json")
    assert command(monkeypatch, *given, "--add", "mine: kernels=[5,5,5,5] regions=10 lr=0.01") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["study"] == "pair" and told["made_with"]["profile"] == "cpu"
    assert told["made_with"]["seed"] == 0
    assert [row["variant"] for row in told["rows"]] == ["a"] * 3 + ["b"] * 3 + ["mine"] * 3
    assert told["rows"][3]["resolvable"] == "none" and told["answer"].startswith("With one training")
    assert told["remarks"] == "" and {row["moves"] for row in told["recall"]} == {
        "more than eyelids",
        "eyelids only",
    }


@pytest.mark.parametrize(
    "text, name, own",
    [
        ("mine: kernels=[3, 5, 5, 7] lr=0.1", "mine", {"kernels": [3, 5, 5, 7], "lr": 0.1}),
        (" control: more labels :lr=0.1 ", "control: more labels", {"lr": 0.1}),
        ("twice, lr=0.2: lr=0.2", "twice, lr=0.2", {"lr": 0.2}),
        (
            'mine: regions=[{"name": "left brow", "landmark": 19}]  window=17',
            "mine", {"regions": [{"name": "left brow", "landmark": 19}], "window": 17},
        ),
    ],
)  # fmt: skip
def test_a_variant_may_have_colons_in_its_name_and_spaces_in_its_values(text, name, own):
    assert typed._variant(text) == (name, own)


def test_a_variant_is_read_back_as_it_is_listed(monkeypatch, capsys):
    for one in STUDIES.values():
        assert command(monkeypatch, "study", "list", one.name) == 0
        for line, (name, own) in zip(capsys.readouterr().out.splitlines(), one.variants.items(), strict=True):
            if own:
                assert typed._variant(line) == (name, json.loads(json.dumps(own)))


def test_variants_are_listed_with_what_they_set(monkeypatch, capsys):
    assert command(monkeypatch, "study", "list", "window") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["17 frames: (as the method has it)", "5 frames: window=5 kernels=[3,2,2,1]"]


def test_table_and_figure_are_written_where_they_are_asked_for(project, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--out", str(project / "shown"))
    plt.close("all")
    assert command(monkeypatch, *given) == 0
    assert plt.get_fignums() == [], "all studies in one go would leave a figure each"
    files = [project / "shown" / f"study_pair.{ending}" for ending in ("csv", "md", "tex", "png")]
    assert capsys.readouterr().err.split()[-4:] == [str(path) for path in files]
    assert list(pd.read_csv(files[0])["variant"].unique()) == ["a", "b", "c"]
    assert files[3].read_bytes().startswith(b"\x89PNG") and not (project / "book" / "tables").exists()


def test_studies_are_listed_one_a_line_and_run_one_after_the_other(project, monkeypatch, capsys):
    assert command(monkeypatch, "study", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(STUDIES)
    assert [line.split(maxsplit=2)[2] for line in lines] == [one.question for one in STUDIES.values()]
    monkeypatch.setitem(STUDIES, "twin", study_of({"a": {}, "b": {"epochs": 3}}, sizes=STUDIES["pair"].sizes))
    assert (
        command(monkeypatch, "study", "run", "pair", "twin", "--device", "cpu", "--only", "b", "--json") == 0
    )
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert [row["variant"] for row in first["rows"]] == ["a"] * 3 + ["b"] * 3
    assert first == second  # the same under another name
    assert (
        command(monkeypatch, "study", "run", "pair", "pair", "--device", "cpu", "--only", "b", "--json") == 0
    )
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [first]  # once
    assert command(monkeypatch, "study", "run", "pair", "nosuch") == 2
    assert "unknown study 'nosuch'" in capsys.readouterr().err
