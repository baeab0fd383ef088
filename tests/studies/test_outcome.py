"""A study's table is made of counts that anyone can add up again."""

import numpy as np
import pandas as pd
import pytest

from msstgcn import report
from msstgcn.errors import InputError
from msstgcn.spotting import bootstrap_f1
from msstgcn.studies import (
    CONTROL,
    COUNT_COLUMNS,
    STUDIES,
    pair_table,
    paired_difference,
    resolved,
    study,
    study_table,
    told_apart,
)

SEEDS = (0, 1, 2)


@pytest.fixture
def counts():
    rng = np.random.default_rng(3)
    rows = [
        (variant, seed, f"s{person}", label, *(rng.integers(0, 9, 3) + np.array([bonus, 0, 0])).tolist())
        for variant, bonus in (("base", 0), ("better", 6), ("same", 0))
        for seed in SEEDS
        for person in range(8)
        for label in ("me", "mae")
    ]
    return pd.DataFrame(rows, columns=list(COUNT_COLUMNS))


def test_the_table_holds_every_variant_and_class_with_the_base_first(counts):
    table = study_table(counts.sample(frac=1, random_state=1), "base")
    assert table["variant"].iloc[0] == "base" and set(table["variant"][3:]) == {"better", "same"}
    assert table["class"].tolist() == ["overall", "ME", "MaE"] * 3
    assert table["difference"].isna().tolist() == [True] * 3 + [False] * 6


def test_counts_are_added_and_compared_over_the_same_subjects(counts):
    table = study_table(counts, "base").set_index(["variant", "class"])
    for variant in ("base", "better"):
        for title, labels in (("ME", ["me"]), ("overall", ["me", "mae"])):
            rows = counts[(counts["variant"] == variant) & counts["class"].isin(labels)]
            assert table.loc[(variant, title), "TP"] == rows["tp"].sum()
            by_seed = [f1(rows[rows["seed"] == seed]) for seed in SEEDS]
            assert table.loc[(variant, title), "F1"] == pytest.approx(np.mean(by_seed))
    one, other = (cube(counts, variant) for variant in ("better", "base"))
    assert table.loc[("better", "overall"), "low"] == bootstrap_f1(one).low
    found = paired_difference(one, other)
    row = table.loc[("better", "overall")]
    assert row["difference"] == found.value and row["resolvable"] == found.resolvable(tests=2)
    assert (row["diff low"], row["diff high"]) == (found.estimate().low, found.estimate().high)


def test_pairs_of_variants_are_compared_with_each_other(counts):
    pairs = {"one": ("better", "same"), "two": ("same", "better")}
    table = pair_table(counts, pairs).set_index(["pair", "class"])
    found = paired_difference(cube(counts, "better"), cube(counts, "same"))
    row = table.loc[("one", "overall")]
    assert (row["difference"], row["diff low"]) == (found.value, found.estimate().low)
    assert row["p"] == pytest.approx(min(1, 2 * found.p)) and not row["few trainings"]
    assert table.loc[("two", "overall"), "difference"] == -found.value
    few = pair_table(counts[counts["seed"] < 2], pairs)
    assert few["few trainings"].all() and np.isinf(few["resolvable"]).all()
    assert not pair_table(counts[counts["seed"] < 2], pairs, shared=["better", "same"])["few trainings"].any()
    with pytest.raises(InputError, match="unknown variant 'beter'.*did you mean 'better'"):
        pair_table(counts, {"one": ("beter", "same")})


@pytest.mark.parametrize(
    "lost", ["seed == 1 and subject == 's3'", "seed == 2", "subject == 's3'", "`class` == 'me'"]
)
def test_variants_are_compared_only_on_the_same_people_and_seeds(counts, lost):
    kept = counts.drop(counts.query(f"variant == 'same' and {lost}").index)
    with pytest.raises(InputError, match="variant 'same': no counts of subject 's.' with seed"):
        study_table(kept, "base")


def test_p_values_are_corrected_for_the_number_of_variants(counts):
    table = study_table(counts, "base").set_index(["variant", "class"])
    raw = {v: paired_difference(cube(counts, v), cube(counts, "base")).p for v in ("better", "same")}
    smallest = min(raw, key=lambda v: raw[v])
    assert table.loc[(smallest, "overall"), "p"] == pytest.approx(min(1, 2 * raw[smallest]))


@pytest.mark.parametrize("seeds", [1, 2])
def test_what_could_be_resolved_is_none_for_few_trainings_or_people_and_a_dash_where_nothing_differs(
    counts, seeds
):
    once = counts[counts["seed"] < seeds]
    table = study_table(once, "base", shared=["better"]).query("`class` == 'overall'").set_index("variant")
    assert table["few trainings"].to_dict() == {"base": False, "better": False, "same": True}
    assert np.isinf(table.loc["same", "resolvable"]) and 0 < table.loc["better", "resolvable"] < 1
    assert (
        report.outcome_shown(study_table(once, "base"))["resolvable points"].tolist()
        == ["–"] * 3 + ["none"] * 6
    )
    few = study_table(once[once["subject"] < "s2"], "base", shared=["better", "same"])
    assert np.isinf(few["resolvable"].dropna()).all(), "more than all of F1"
    assert resolved(few["resolvable"].dropna()) == "none"
    assert resolved(pd.Series([0.0, np.inf])) == "none" and resolved(pd.Series([0.0])) == "–"
    assert resolved(pd.Series([0.0, 0.02, 0.0301, np.inf])) == "2.0 to 3.0 or none"
    assert resolved(pd.Series([0.0, 0.02])) == "2.0"


def test_the_shown_table_has_intervals_as_text_and_dashes_for_the_base(counts):
    table = study_table(counts, "base")
    shown = report.outcome_shown(table)
    assert shown["points from base"].tolist()[:3] == shown["resolvable points"].tolist()[:3] == ["–"] * 3
    last = table.iloc[-1]
    assert shown["points from base"].iloc[-1].startswith(f"{100 * last['difference']:+.1f} [")
    assert shown["resolvable points"].iloc[-1] == f"{100 * last['resolvable']:.1f}"
    assert all("[" in text for text in shown["F1, 95 % interval"])
    assert "better" in report.outcome_text(study_table(counts, "base"))


def test_a_page_shows_a_row_a_variant_bold_only_where_it_is_told_apart(counts):
    table = study_table(counts, "base")
    shown = report.outcomes(table).data.set_index("variant")
    assert shown.columns.tolist() == ["overall", "ME", "MaE"]
    assert shown.index.tolist() == [*table["variant"].unique(), "<small>could be resolved, points</small>"]
    apart = told_apart(table)
    assert apart.any() and not apart.all()
    for (_, row), bold in zip(table.iterrows(), apart, strict=True):
        cell = shown.loc[row["variant"], row["class"]]
        assert cell.startswith(f"<span>{row['F1']:.3f} [{row['low']:.3f}, {row['high']:.3f}]</span>")
        assert ("<strong>" in cell) == bold
        assert row["variant"] == "base" or f"{100 * row['difference']:+.1f} [" in cell
    least = 100 * table[table["class"] == "ME"]["resolvable"].dropna()
    assert f"{least.min():.1f} to {least.max():.1f}<" in shown.iloc[-1]["ME"]


def test_names_of_variants_are_no_markup(counts):
    named = study_table(counts.replace({"variant": {"better": "a < b"}}), "base")
    page = report.outcomes(named, caption="One < two.").to_html()
    assert "a &lt; b" in page and "One &lt; two." in page
    assert page == report.outcomes(named, caption="One < two.").to_html()


def test_studies_have_a_question_and_a_base_that_differs_from_the_rest():
    for one in STUDIES.values():
        assert one.question.endswith("?") and one.base in one.variants
        rest = [dict(own) for name, own in one.variants.items() if name != one.base]
        assert dict(one.variants[one.base]) not in rest
        assert all(own.get(CONTROL, "shuffled-labels") == "shuffled-labels" for own in rest)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("iou", ["IoU 0.5", "IoU 0.3", "IoU 0.4", "IoU 0.6", "IoU 0.7"]),
        ("yaw", ["0°", "10°", "20°", "30°"]),
        ("epochs", ["16 epochs"]),
        ("scales", ["three scales"]),
        ("baselines", ["MS-STGCN"]),
    ],
)
def test_networks_are_shared_where_only_the_question_or_the_count_differs(name, shared):
    one = STUDIES[name]
    assert [variant for variant in one.variants if one.shares_networks(variant)] == shared
    mine = one.with_variants({"mine": {"match_iou": 0.6}, "chosen": {"selection": "inner-fold"}})
    assert mine.shares_networks("mine") == (name != "epochs"), "its base has epochs of its own"
    assert mine.shares_networks("chosen") == (one.trained == "once")


@pytest.mark.parametrize(
    ("name", "own", "place"),
    [
        ("lambda", {"lambda_contrast": 0.2}, 0.2),
        ("epochs", {"epochs": 24}, 24),
        ("yaw", {"yaw": 15.0}, 15),
        ("lambda", {"lambda_contrast": 0.2, "temperature": 0.1}, None),  # something else, too
        ("lambda", {"temperature": 0.2}, None),
        ("lambda", {"lambda_contrast": 0.1}, None),  # one of the study's lies there
        ("window", {"window": 21}, None),  # its places are those of window and kernels
        ("head-model", {"head": "none"}, None),  # no sweep
    ],
)
def test_a_variant_of_ones_own_lies_on_the_axis_if_it_sets_what_the_sweep_varies(name, own, place):
    mine = STUDIES[name].with_variants({"mine": own})
    assert mine.places.get("mine") == place
    assert {n: at for n, at in mine.places.items() if n != "mine"} == STUDIES[name].places
    twice = STUDIES[name].with_variants({"mine": own, "again": own})
    assert "again" not in twice.places


def test_a_variant_of_ones_own_may_stand_where_one_does_that_was_left_out():
    alone = STUDIES["lambda"].with_variants({"mine": {"lambda_contrast": 0.5}}, only=["0"])
    assert alone.places == {"0.05": 0.05, "0": 0.0, "mine": 0.5}
    assert "mine" not in STUDIES["lambda"].with_variants({"mine": {"lambda_contrast": 0.5}}).places


def test_an_unknown_study_is_told_with_the_nearest_name():
    with pytest.raises(InputError, match="unknown study 'moton'.*did you mean 'motion'"):
        study("moton")


def f1(rows):
    return 2 * rows["tp"].sum() / (2 * rows["tp"].sum() + rows["fp"].sum() + rows["fn"].sum())


def cube(counts, variant):
    rows = counts[counts["variant"] == variant]
    return np.array(
        [
            [
                rows[(rows["seed"] == s) & (rows["subject"] == f"s{p}")][["tp", "fp", "fn"]].sum()
                for p in range(8)
            ]
            for s in SEEDS
        ]
    )
