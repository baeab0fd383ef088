"""What became of an expectation follows from the table, and only from differences that are told apart."""

import pytest
from study_tables import table

from msstgcn.studies import METRICS, STUDIES, Study, foreseen_told

BASE = ("full", 0.40, 0.35, 0.45)
BETTER = ("more", 0.46, 0.41, 0.51, 0.02, 0.10, 0.004, 0.05)
WORSE = ("less", 0.30, 0.25, 0.34, -0.15, -0.05, 0.0004, 0.07)
UNSURE = ("same", 0.41, 0.36, 0.46, -0.01, 0.03, 0.4, 0.028)
NAMES = ("more", "less", "same")


def study(foreseen):
    variants = {"full": {}, **{name: {} for name in NAMES}}
    return Study("toy", 9, "Why?", "Because.", variants, foreseen=foreseen)


@pytest.mark.parametrize(
    ("kind", "verdicts"),
    [
        ("better", "“more” is better, as expected; “less” is worse, which was not expected; “same” is not told apart, "
         "though expected to be better."),
        ("worse", "“more” is better, which was not expected; “less” is worse, as expected; “same” is not told apart, "
         "though expected to be worse."),
        ("alike", "“more” is better, which was not expected; “less” is worse, which was not expected; “same” is not "
         "told apart, as expected."),
    ],
)  # fmt: skip
def test_every_variant_is_held_against_what_was_expected_of_it(kind, verdicts):
    rows = table(BASE, BETTER, WORSE, UNSURE)
    told = foreseen_told(study({"overall": {kind: NAMES}}), rows)
    assert told == f"Held against what was expected, in overall F1: {verdicts}"


def test_each_metric_has_a_sentence_of_its_own():
    rows = table(BASE, BETTER, WORSE, UNSURE)
    both = foreseen_told(study({"overall": {"worse": ["less"]}, "ME": {"better": ["more", "same"]}}), rows)
    assert both == (
        "Held against what was expected, in overall F1: “less” is worse, as expected. In F1 of micro-expressions: "
        "“more” is better, as expected; “same” is not told apart, though expected to be better."
    )
    two = foreseen_told(study({"MaE": {"worse": ["less", "more"]}}), table(BASE, WORSE, ("more", *WORSE[1:])))
    assert two.endswith("in F1 of macro-expressions: “less” and “more” are worse, as expected.")


def test_nothing_is_judged_where_nothing_was_foreseen_run_or_trained_often_enough():
    rows = table(BASE, BETTER)
    assert foreseen_told(study({}), rows) == ""
    assert foreseen_told(study({"overall": {"worse": ["less"]}}), rows) == ""
    few = rows.assign(**{"few trainings": rows["variant"] != "full"})
    assert foreseen_told(study({"overall": {"better": ["more"]}}), few) == ""


def test_the_studies_foresee_each_variant_once():
    assert sum(bool(one.foreseen) for one in STUDIES.values()) >= 20
    for one in STUDIES.values():
        for metric, kinds in one.foreseen.items():
            named = [name for names in kinds.values() for name in names]
            assert metric in METRICS and set(kinds) <= {"better", "worse", "alike"}
            assert len(named) == len(set(named)) and one.base not in named, one.name
            assert set(named) <= set(one.variants), one.name
