"""An answer claims what its table allows, and nothing else."""

import re

import pytest
from study_tables import table

from msstgcn.errors import InputError
from msstgcn.studies import (
    STUDIES,
    Study,
    agreement,
    answer,
    broken,
    pairs_told,
    points,
    points_between,
    probability,
    remarks,
    told_apart,
)

BASE = ("full", 0.40, 0.35, 0.45)
BETTER = ("more", 0.46, 0.41, 0.51, 0.02, 0.10, 0.004, 0.05)
WORSE = ("less", 0.30, 0.25, 0.34, -0.15, -0.05, 0.0004, 0.07)
UNSURE = ("same", 0.41, 0.36, 0.46, -0.01, 0.03, 0.4, 0.028)
#: The interval, which stands for itself, excludes zero; Holm's p does not allow a claim.
CORRECTED = ("corrected", 0.43, 0.38, 0.48, 0.001, 0.06, 0.051, 0.04)


def plain(**more):
    return Study("toy", chapter=9, question="Why?", expected="Because.", variants={"full": {}}, **more)


def sweep(places):
    variants = {name: {} for name in places}
    return Study(
        "toy", chapter=9, question="Why?", expected="Because.", variants=variants, sweep="x", places=places
    )


def sentences(text):
    assert text.endswith(".")
    return re.split(r"\. (?=[A-Z])", text[:-1])


def test_holms_p_must_allow_a_claim():
    rows = table(BASE, BETTER, WORSE, UNSURE, CORRECTED)
    apart = told_apart(rows[rows["class"] == "overall"])
    assert apart.tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("row", [UNSURE, CORRECTED])
def test_one_variant_without_a_difference(row):
    found, could = sentences(answer(plain(), table(BASE, row)))
    assert found.startswith(f"No difference was seen: overall F1 of “{row[0]}” minus that of “full” is ")
    assert f"points [{100 * row[4]:.1f}, {100 * row[5]:.1f}], p = {row[6]:.3f}" in found
    assert could.startswith(f"A true difference of {100 * row[7]:.1f} points")


def test_one_variant_with_a_difference():
    found, could = sentences(answer(plain(), table(BASE, WORSE)))
    assert found == "In overall F1, “less” (-10.0 points [-15.0, -5.0], p < 0.001) is worse than “full”"
    assert "7.0 points" in could


def test_the_metric_decides_which_rows_are_read():
    rows = table(BASE, BETTER)
    rows.loc[(rows["class"] == "ME") & (rows["variant"] == "more"), "p"] = 0.5
    assert "better" in answer(plain(), rows) and "better" in answer(plain(), rows, "MaE")
    assert answer(plain(), rows, "ME").startswith("No difference was seen: F1 of micro-expressions")
    with pytest.raises(InputError, match="unknown metric 'me'; expected one of overall, ME, MaE"):
        answer(plain(), rows, "me")


def test_many_variants_are_told_apart_one_by_one():
    found, could = sentences(answer(plain(), table(BASE, BETTER, UNSURE, WORSE, CORRECTED)))
    assert found == (
        "In overall F1, “more” (+6.0 points [2.0, 10.0], p = 0.004) is better than “full”; "
        "“less” (-10.0 points [-15.0, -5.0], p < 0.001) is worse"
    )
    assert could.startswith(
        "With “same” and “corrected” no difference was seen; depending on the variant, a true difference of 2.8 to 4.0"
    )


def test_many_variants_without_any_difference():
    found, could = sentences(answer(plain(), table(BASE, UNSURE, CORRECTED)))
    assert found.startswith("No difference was seen: overall F1 of the 2 variants")
    assert "between +1.0 and +3.0 points" in found and "2.8 to 4.0 points" in could
    assert "better" not in found + could and "worse" not in found + could


def test_what_is_not_told_apart_is_not_called_chance():
    found, _ = sentences(answer(plain(), table(BASE, UNSURE, CORRECTED)))
    assert found.endswith("and none of them is told apart from it") and "chance" not in found


def test_all_that_differ_are_given_with_figures_the_largest_first():
    rows = [(f"v{n}", 0.4 - n / 100, 0.3, 0.4, -n / 100 - 0.01, -0.001, 0.01, 0.02) for n in range(1, 6)]
    found, could = sentences(answer(plain(), table(BASE, *rows)))
    assert re.findall(r"v\d", found) == ["v5", "v4", "v3", "v2", "v1"] and found.count("[") == 5
    assert could[0].isupper(), "nothing is left over without a difference"


def test_where_no_count_differs_nothing_could_be_found():
    equal = ("blind", 0.4, 0.35, 0.45, 0.0, 0.0, 1.0, 0.0)
    text = answer(plain(), table(BASE, equal))
    assert "F1 differs for nobody" in text and "0.0 points would" not in text
    assert "of 2.8 points or more would" in answer(plain(), table(BASE, equal, UNSURE))


def test_an_end_that_rounds_to_zero_shows_its_side():
    assert points_between(-0.0294, -0.00006) == "[-2.9, -0.006]"
    assert points_between(0.0, 0.05) == "[0.0, 5.0]" and points_between(-0.0, 1.0) == "[0.0, 100.0]"
    assert points_between(-0.0004, 2e-7) == "[-0.04, 0.00002]"


def test_nothing_to_compare():
    text = answer(plain(), table(BASE))
    assert text == "There is nothing to compare: only “full” was run. Its overall F1 is 0.400 [0.350, 0.450]."


PLACES = {"full": 1.0, "x 0": 0.0, "x 2": 2.0, "x 3": 3.0, "x 4": 4.0}


def row(name, f1, low, high, p=0.001):
    return (name, f1, low, high, f1 - 0.40 - 0.03, f1 - 0.40 + 0.03, p, 0.05)


def test_a_sweep_breaks_where_the_interval_first_lies_below_that_of_the_base():
    rows = table(
        BASE, row("x 4", 0.1, 0.05, 0.15), row("x 2", 0.36, 0.31, 0.41), row("x 3", 0.3, 0.25, 0.34),
        row("x 0", 0.41, 0.36, 0.46, 0.7),
    )  # fmt: skip
    seen, rest = sentences(answer(sweep(PLACES), rows))
    ends, along = seen.split("; ", 1)
    assert ends == (
        "Overall F1 is 0.410 [0.360, 0.460] at “x 0”, 0.400 [0.350, 0.450] at “full” (the base) and "
        "0.100 [0.050, 0.150] at “x 4”"
    )
    assert along == (
        "going away from the base, it is lower at “x 2” (-4.0 points [-7.0, -1.0], p = 0.001), "
        "“x 3” (-10.0 points [-13.0, -7.0], p = 0.001) and “x 4” (-30.0 points [-33.0, -27.0], p = 0.001); "
        "it breaks at “x 3”: there its interval lies wholly below the base's"
    )
    assert (
        rest
        == "At “x 0” no difference was seen; a true difference of 5.0 points or more would have been found four times "
        "in five, as far as these trainings can tell"
    )


def test_a_sweep_that_breaks_at_once_says_it_once():
    along, could = sentences(answer(sweep(PLACES), table(BASE, row("x 2", 0.2, 0.15, 0.25))))
    along = along.split("; ", 1)[1]
    assert could.startswith("A true difference of 5.0 points")
    assert along.count("it breaks at “x 2”") == along.count("it is lower at “x 2”") == along.count("[") == 1


def test_a_sweep_can_break_on_both_sides_and_be_better():
    rows = table(BASE, row("x 0", 0.2, 0.1, 0.3), row("x 2", 0.5, 0.45, 0.55), row("x 3", 0.1, 0.0, 0.2))
    along = sentences(answer(sweep(PLACES), rows))[0].split("; ", 1)[1]
    assert [part.split(" (")[0] for part in along.split("; ")] == [
        "going away from the base, it is lower at “x 0”",
        "it breaks at “x 0”: there its interval lies wholly below the base's",
        "it is higher at “x 2”",
        "it is lower at “x 3”",
        "it breaks at “x 3”: there its interval lies wholly below the base's",
    ]


def test_a_sweep_without_a_difference_claims_none():
    low = ("x 3", 0.3, 0.2, 0.34, -0.2, 0.01, 0.06, 0.05)  # its interval lies below, but it is not told apart
    along = sentences(answer(sweep(PLACES), table(BASE, low)))[1]
    assert along.startswith("No difference was seen at any place; a true difference")
    assert "breaks" not in along and "5.0 points" in along


def test_variants_without_a_place_are_compared_after_the_sweep():
    rows = table(BASE, row("x 2", 0.41, 0.36, 0.46, 0.7), row("mine", 0.1, 0.05, 0.15))
    _, along = sentences(answer(sweep(PLACES), rows))
    beside, could = sentences(remarks(sweep(PLACES), rows))
    assert along.startswith("No difference was seen at any place")
    assert (
        beside.startswith("Beside the sweep, in overall F1, “mine” (")
        and beside.endswith(") is worse than “full”")
        and "5.0 points" in could
    )
    assert answer(sweep(PLACES), table(BASE, row("mine", 0.1, 0.05, 0.15))).startswith(
        "In overall F1, “mine”"
    )


def test_an_answer_is_two_sentences_and_remarks_are_none_where_there_is_nothing_more():
    rows = table(BASE, row("x 2", 0.41, 0.36, 0.46, 0.7), row("x 3", 0.1, 0.05, 0.15))
    for study in (sweep(PLACES), plain()):
        assert len(sentences(answer(study, rows))) == 2 and remarks(study, rows) == ""
    assert remarks(plain(), table(BASE)) == ""


def test_what_could_be_found_beside_a_sweep_is_left_out_only_where_it_has_been_said():
    unseen = row("x 2", 0.41, 0.36, 0.46, 0.7)
    rows = table(BASE, unseen, row("mine", 0.1, 0.05, 0.15))
    once = rows.assign(**{"few trainings": rows["variant"] != "full"})
    both = answer(sweep(PLACES), once) + remarks(sweep(PLACES), once)
    assert both.count("ow far other trainings would move these") == 1
    beside = rows.assign(**{"few trainings": rows["variant"] == "mine"})
    assert remarks(sweep(PLACES), beside).endswith("only more seeds would show.")
    assert "5.0 points" in answer(sweep(PLACES), beside)


def test_two_sweeps_in_one_are_compared_variant_by_variant():
    places = {**PLACES, "y 2": 2.0}
    text = answer(sweep(places), table(BASE, row("x 2", 0.1, 0.05, 0.15), row("y 2", 0.39, 0.34, 0.44, 0.7)))
    assert text.startswith("In overall F1, “x 2” (") and "With “y 2” no difference" in text


def test_one_training_of_each_claims_nothing_however_large_the_difference():
    rows = table(BASE, WORSE, BETTER)
    rows["few trainings"], rows["seeds"] = rows["variant"] != "full", 1
    assert not told_apart(rows).any()
    text = answer(plain(), rows)
    near = "minus that of “full” lies between -10.0 and +6.0 points."
    assert text == (
        f"With one training of each nothing can be told apart: overall F1 of the 2 variants {near} "
        "How far other trainings would move these differences, only more seeds would show."
    )
    assert answer(plain(), rows, "ME") == (
        f"With one training of each nothing can be told apart: F1 of micro-expressions of the 2 variants {near}"
    )
    where = sweep({"full": 1.0, "less": 0.0, "more": 2.0})
    along = answer(where, rows)
    assert (
        "With one training at each place nothing can be told apart; how far" in along and "worse" not in along
    )
    assert answer(where, rows, "MaE").endswith("With one training at each place nothing can be told apart.")


def test_what_one_training_tells_of_networks_that_are_the_same_is_said_to_hold_for_them():
    rows = table(BASE, WORSE)
    assert "for these networks" not in answer(plain(), rows)
    once = answer(plain(), rows.assign(seeds=1))
    assert once.endswith(
        "That holds for these networks; what others would gain or lose, more seeds would show."
    )
    assert "for these networks" not in answer(plain(), table(BASE, UNSURE).assign(seeds=1))


def test_where_nothing_is_found_nothing_is_compared():
    rows = table(("full", 0.0, 0.0, 0.0), ("same", 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    for study in (plain(), sweep({"full": 1.0, "same": 0.0})):
        assert answer(study, rows, "ME") == (
            "F1 of micro-expressions is 0 throughout: no variant spotted anything rightly, so nothing can be compared."
        )
    assert "throughout" not in answer(plain(), table(BASE, ("same", 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)))


def test_a_study_breaks_where_a_variant_is_told_apart_and_lies_below():
    near = ("near", 0.38, 0.33, 0.43, -0.03, -0.01, 0.001, 0.02)
    rows = table(BASE, WORSE, near, BETTER, ("unsure", 0.2, 0.1, 0.3, -0.5, 0.1, 0.3, 0.4))
    assert set(rows.loc[broken(rows), "variant"]) == {"less"}


def test_too_few_people_are_called_so():
    rows = table(BASE, UNSURE)
    rows["resolvable"] = rows["resolvable"].where(rows["variant"] == "full", float("inf"))
    assert "With so few people or trainings no difference, however large, can be told from chance." in answer(
        plain(), rows
    )


def test_where_some_comparisons_can_tell_and_others_cannot_both_is_said():
    rows = table(BASE, UNSURE, ("once", 0.5, 0.45, 0.55, 0.05, 0.15, 0.001, float("inf")))
    once = rows["variant"] == "once"
    text = answer(plain(), rows.assign(**{"few trainings": once}))
    assert (
        "as far as these trainings can tell; how far other trainings would move the differences of “once”"
        in text
    )
    assert "as far as" not in answer(plain(), rows.assign(**{"few trainings": once}), "ME")
    rows.loc[once, "p"] = 0.2
    assert "can tell; with “once” no difference, however large, can be told from chance." in answer(
        plain(), rows
    )


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "< 0.001"), (0.001, "0.001"), (0.0494, "0.049"), (0.0497, "0.049"), (0.05, "0.050"), (0.5, "0.500")],
)  # fmt: skip
def test_a_p_value_is_never_rounded_up_to_the_level_it_lies_below(p, text):
    assert probability(p) == text


def test_what_is_seen_in_a_class_alone_is_said_overall():
    rows = table(BASE, WORSE, UNSURE)
    assert remarks(plain(), rows) == "", "“less” is worse overall, too"
    seen = (rows["class"] == "ME") & (rows["variant"] == "same")
    rows.loc[seen, ["difference", "diff low", "diff high", "p"]] = 0.05, 0.02, 0.08, 0.01
    assert (
        remarks(plain(), rows)
        == "Seen in a class and not, in that direction, overall: “same” (ME, +5.0 points)."
    )


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "+1.2"), (-0.0004, "0.0"), (0.0004, "0.0"), (-0.1, "-10.0")]
)
def test_points_have_a_sign_but_for_nought(value, text):
    assert points(value) == text


def test_what_contradicts_the_paper_is_said_as_plainly_as_what_agrees():
    def said(*rows, one_training=False):
        beaten = tuple(row[0] for row in rows if row[0] in ("more", "less", "same"))
        study = plain(paper="all of it helps", beaten=beaten)
        shown = table(BASE, *rows).assign(**({"few trainings": True, "seeds": 1} if one_training else {}))
        text = agreement(study, shown, epochs=8)
        start = "The paper holds that all of it helps. After 8 epochs, where the paper trains for 100, "
        assert text.startswith(start) and text.endswith(".")
        return text.removeprefix(start)

    assert said(WORSE) == "the study agrees with it."
    assert said(BETTER) == "the study contradicts it: “more” is better than “full”."
    unseen = (
        "no advantage of “full” over “same” was seen in overall F1, where the 95 % interval leaves room for one of 1.0 "
        "points, and in micro-expressions alone for one of 1.0."
    )
    contradicted = "the study contradicts it: “more” is better than “full”, though “less” is worse"
    assert said(BETTER, WORSE, UNSURE) == f"{contradicted}; {unseen}"
    assert said(WORSE, UNSURE) == f"the study agrees with it for “less”; {unseen}"
    assert said(UNSURE, CORRECTED) == unseen, "what the paper does not speak of is left out"
    assert said(WORSE, one_training=True) == "one training of each cannot say."
    assert agreement(plain(), table(BASE, WORSE), epochs=8) == ""
    part = agreement(plain(paper="it helps", beaten=("less", "more")), table(BASE, WORSE), epochs=8)
    assert part.endswith("the study agrees with it for “less”. Not run: “more”.")


def test_what_one_class_alone_says_of_the_paper_is_told_beside_what_overall_f1_does():
    study = plain(paper="it helps", beaten=("same", "less"))
    rows = table(BASE, WORSE, UNSURE)
    better, worse = ((rows["class"] == label) & (rows["variant"] == "same") for label in ("MaE", "ME"))
    rows.loc[better, ["difference", "diff low", "diff high", "p"]] = 0.05, 0.02, 0.08, 0.01
    rows.loc[worse, ["difference", "diff low", "diff high", "p"]] = -0.09, -0.12, -0.06, 0.001
    assert agreement(study, rows, epochs=8).endswith(
        "the 95 % interval leaves room for one of 1.0 points. In one class alone it is "
        "contradicted, by “same” (MaE, +5.0 points). In one class alone it is borne out, by “same” (ME, -9.0 points)."
    )


def test_what_the_paper_holds_is_about_variants_that_there_are():
    held = [one for one in STUDIES.values() if one.paper]
    assert len(held) >= 7
    for one in held:
        assert one.beaten and one.base not in one.beaten and set(one.beaten) <= set(one.variants)


def test_of_pairs_it_is_said_which_is_better_and_what_could_have_been_found():
    rows = table(BASE, BETTER, WORSE, UNSURE).rename(columns={"variant": "pair"})
    of = {"more": ("a", "b"), "less": ("c", "d"), "same": ("e", "f")}
    better, unseen = sentences(pairs_told(rows[rows["pair"] != "full"], of))
    assert better == (
        "“a” is better than “b” (+6.0 points [2.0, 10.0], p = 0.004); "
        "“c” is worse than “d” (-10.0 points [-15.0, -5.0], p < 0.001)"
    )
    assert unseen.startswith(
        "No difference was seen between “e” and “f” (+1.0 points [-1.0, 3.0], p = 0.400); a true difference of 2.8 "
    )
    few = rows[rows["pair"].isin(["more", "less"])].assign(**{"few trainings": True})
    assert pairs_told(few, of) == (
        "With so few trainings nothing can be told apart: “a” and “b” (+6.0 points [2.0, 10.0], p = 0.004) and "
        "“c” and “d” (-10.0 points [-15.0, -5.0], p < 0.001); how far other trainings would move these differences, "
        "only more seeds would show."
    )
    assert pairs_told(rows.iloc[:0], of) == ""
