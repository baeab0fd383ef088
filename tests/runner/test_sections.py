"""What a section says of a study, against the tables of the run that it is said of."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from small_studies import STUDY
from study_tables import table

from msstgcn import report
from msstgcn.runner import runs_of_record, sections, stages, study_records
from msstgcn.studies import (
    SIZES,
    STUDIES,
    agreement,
    answer,
    foreseen_told,
    pair_table,
    points,
    remarks,
    resolved,
)


def test_a_section_shows_the_readers_run_over_the_run_of_record(project, monkeypatch):
    glued = {}
    monkeypatch.setattr("msstgcn.report.glue", lambda name, value: glued.update({name: value}))
    own = stages.study("pair", "cpu", device="cpu")
    written = project / "book" / "tables" / "study_pair.csv"
    shown = sections.study_section(own, caption="Two epochs and three.").data
    assert shown["variant"].tolist() == ["a", "b", "c", "<small>could be resolved, points</small>"]
    assert set(pd.read_csv(written)["run"]) == {"this run"} and glued["ch9_pair_expected"] == STUDY.expected
    assert glued["ch9_pair_note"] == "There is no run of record of the study pair yet."
    assert glued["ch9_pair_record"] == glued["ch9_pair_record_me"] == ""
    assert glued["ch9_pair_question"] == STUDY.question and glued["ch9_pair_more"] == ""
    ((result, _),) = runs_of_record.run_and_record([STUDY], "cpu", device="cpu", seeds=2, record=True)
    shown = sections.study_section(own, caption="Two epochs and three.").data
    rows = shown["variant"].tolist()
    assert rows[0] == "<em>this run</em>" and rows[5] == "<em>of record</em>" and len(rows) == 10
    assert pd.read_csv(written)["run"].value_counts().to_dict() == {"this run": 9, "of record": 9}
    for metric, end in (("overall", ""), ("ME", "_me"), ("MaE", "_mae")):
        assert glued[f"ch9_pair_answer{end}"] == answer(STUDY, own.table(), metric)
        parts = [f"Of record: {answer(STUDY, result.table(), metric)}"]
        if metric == "overall":
            parts.append(remarks(STUDY, result.table()))
            parts.append(agreement(STUDY, result.table(), epochs=study_records.trained_for("pair")))
            assert "The paper holds" in parts[2]
        assert glued[f"ch9_pair_record{end}"] == " ".join(filter(None, parts))
    assert glued["ch9_pair_held"] == foreseen_told(STUDY, result.table())
    seen = sections.seen_in_records(9).set_index("study")
    overall = result.table().query("`class` == 'overall'").set_index("variant")
    told = [f"“{name}” {points(overall['difference'][name])}" for name in ("b", "c")]
    cells = seen.loc["pair", ["better", "worse", "not told apart"]]
    assert sorted("; ".join(cell for cell in cells if cell != "–").split("; ")) == told
    assert seen.loc["pair", "base"].endswith("], 2 seeds") and seen.loc[
        "pair", "could be resolved"
    ] == resolved(overall["resolvable"].dropna())
    assert sections.seen_in_records(12).empty
    counted, table = sections.alarms(own).set_index("variant"), result.table().set_index(["variant", "class"])
    assert (
        set(counted["run"]) == {"of record"}
        and counted.loc["b", "MaE false alarms"] == table.loc[("b", "MaE"), "FP"]
    )
    assert sections.ends_of(own)["hits"].sum() == result.events["hit"].sum()
    pairs = {"two": ("b", "c"), "gone": ("b", "nosuch")}
    compared, row = (
        sections.pairs_shown(own, pairs, "which"),
        pair_table(result.counts, {"two": ("b", "c")}).iloc[0],
    )
    assert compared.columns.tolist() == ["run", "which", "overall", "ME", "MaE"]
    assert compared["which"].tolist() == ["two", "could be resolved, points"]
    assert compared.loc[1, "overall"] == resolved(pd.Series([row["resolvable"]]))
    assert sections.pairs_shown(own, {"gone": ("b", "nosuch")}, "which").empty
    assert sections.pairs_told(own, pairs).startswith(
        "In the run of record: With so few trainings nothing can be told apart: “b” and “c” ("
    )
    assert sections.pairs_told(own, {"gone": ("b", "nosuch")}) == ""
    assert compared.loc[0, "overall"].startswith(report.difference_text(dict(row)))
    recalls = sections.recalls(own)
    assert set(recalls["run"]) == {"of record"} and recalls["found"].sum() == result.events["hit"].sum()
    assert sections.cost_shown(own)["training [s]"].tolist() == result.costs["training_s"].tolist()
    spotted = table.loc[("c", "overall"), ["TP", "FP"]].sum()
    assert f"in the run of record “c” spotted {report.counted(spotted, 'interval')} where “a” spotted " in (
        sections.spotted_by(own, "c")
    )
    before, now = table.loc[("a", "ME"), "FP"], table.loc[("b", "ME"), "FP"]
    more = (
        f"{abs(100 * (now / before - 1)):.0f} % {'more' if now > before else 'fewer'}"
        if before
        else f"{now} more"
    )
    told = sections.alarms_told(own, ["b", "nosuch"])
    assert told.startswith(f"In the run of record with “b” there are {more} false micro-expressions and ")
    assert sections.alarms_told(own, ["nosuch"]) == ""
    assert "not run" in sections.spotted_by(own, "nosuch")
    weights = f"{int(result.costs['parameters'].iloc[0]):,}"
    told = sections.simpler(own, ["nosuch", "b"])
    assert told.startswith(
        f"In the run of record: “b”, with {weights} weights to train against {weights}, is "
    )
    assert "not told apart from “a” in overall F1 (" in told and sections.simpler(own, ["nosuch"]) == ""


def test_the_spread_of_a_base_is_that_of_its_seeds_and_of_its_people(project):
    assert sections.spread_of_record("pair") == ""
    list(runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", seeds=1, record=True))
    assert sections.spread_of_record("pair") == ""
    ((result, _),) = runs_of_record.run_and_record(
        [STUDIES["pair"]], "cpu", device="cpu", seeds=3, record=True
    )
    counts = result.counts[result.counts["variant"] == "a"]
    sums = counts.groupby("seed")[["tp", "fp", "fn"]].sum()
    spread = (2 * sums["tp"] / (2 * sums["tp"] + sums["fp"] + sums["fn"])).std()
    told = sections.spread_of_record("pair")
    assert f"F1 of 3 trainings of the base has a standard deviation of {100 * spread:.1f} points" in told


@pytest.mark.parametrize(
    ("gain", "p", "claimed"), [(0.07, 0.001, True), (0.07, 0.2, False), (-0.06, 0.001, False)]
)
def test_other_studies_stop_early_only_if_the_longest_training_is_better(gain, p, claimed):
    usual = SIZES["gpu"]["epochs"]
    asked = []

    def pairs(wanted):
        asked.extend(wanted.values())
        values = {"difference": gain, "diff low": gain - 0.01, "diff high": gain + 0.01}
        about = {
            "pair": next(iter(wanted)),
            "class": ["overall", "ME"],
            "p": [p, 0.5],
            "few trainings": False,
        }
        return pd.DataFrame({**about, "resolvable": 0.03, **values})

    kept = SimpleNamespace(study=STUDIES["epochs"], pairs=pairs)
    told = sections.still_improving(kept)
    assert asked == [("32 epochs", f"{usual} epochs")]
    assert told.startswith("In the run of record: ") and f"({100 * gain:+.1f} points [" in told
    assert "“32 epochs”" in told and f"“{usual} epochs”" in told
    assert ("would still have improved" in told) == claimed
    assert sections.still_improving(None) == ""


def test_what_the_records_of_a_chapter_told_apart_is_counted_and_the_largest_named(monkeypatch):
    rows = table(
        ("base", 0.4, 0.3, 0.5),
        ("up", 0.5, 0.4, 0.6, 0.05, 0.15, 0.01, 0.1),
        ("down", 0.2, 0.1, 0.3, -0.25, -0.15, 0.01, 0.1),
        ("same", 0.41, 0.3, 0.5, -0.1, 0.1, 0.8, 0.1),
        ("few", 0.9, 0.8, 0.95, 0.4, 0.6, 0.001, 0.1),
    )
    rows["few trainings"] = rows["variant"] == "few"
    kept = SimpleNamespace(study=STUDIES["scales"], table=lambda: rows)
    monkeypatch.setattr(sections, "study_record", lambda name: kept if name == "scales" else None)
    assert sections.told_in_records(9) == (
        "In the runs of record 4 variants stand beside the base of their study: 1 better in overall F1, 1 worse, 2 not "
        "told apart from it. Those that gain most: “up” of scales (+10.0 points). "
        "Those that lose most: “down” of scales (-20.0 points)."
    )
    assert sections.told_in_records(12) == ""
    assert sections.told_where_broken(9) == "nowhere in the runs of record."
    rows.loc[rows["variant"] == "down", "high"] = 0.29
    assert sections.told_where_broken(9) == "scales: “down”."
    monkeypatch.setattr(sections, "study_record", lambda name: kept if name == "iou" else None)
    assert sections.told_in_records(10) == "", "how hits are counted is no part of the method"
    rows["p"] = 0.5
    monkeypatch.setattr(sections, "study_record", lambda name: kept if name == "pooling" else None)
    assert sections.told_in_records(9).endswith("Nothing was told apart overall in pooling.")
    rows.loc[rows["variant"] == "up", "p"] = 0.01
    costs = pd.DataFrame({"variant": ["base", "up"], "parameters": [1000, 2000]})
    own = SimpleNamespace(study=SimpleNamespace(name="none", base="base"), table=lambda: rows, costs=costs)
    told = sections.simpler(own, ["up"])
    assert (
        "“up”, with 2,000 weights to train against 1,000, is better than “base” in overall F1 (+10.0 points [5"
        in told
    )
    assert told.endswith("What “base” assumes beyond it brought no gain in overall F1 on these videos.")
    unseen = (rows["variant"] == "up") & (rows["class"] == "ME")
    rows.loc[unseen, ["difference", "diff low", "p"]] = 0.01, -0.04, 0.5
    room = "while the 95 % interval leaves room in F1 of micro-expressions for one of 4.0 points."
    assert sections.simpler(own, ["up"]).endswith(room)


def test_methods_that_do_not_look_at_features_are_charged_for_none():
    costs = pd.DataFrame(
        {"variant": ["net", "floor"], "parameters": [9, 0], "features_s": 7.0, "training_s": 1.0}
    )
    study = SimpleNamespace(name="lambda", variants={"net": {}, "floor": {"method": "random"}})
    kept = SimpleNamespace(study=study, costs=costs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sections, "study_record", lambda name: kept)
        assert sections.cost_shown(kept)["features [s]"].tolist() == [7.0, 0.0]
    assert costs["features_s"].tolist() == [7.0, 7.0]


def test_the_figure_of_a_record_says_so_where_there_is_none(project):
    (text,) = sections.forest_of_record("pair").axes[0].texts
    assert text.get_text() == "There is no run of record of the study pair yet."
    list(runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", seeds=1, record=True))
    assert len(sections.forest_of_record("pair").axes) == 3
    plt.close("all")
