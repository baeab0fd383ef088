"""What false alarms lie on: each is counted, by the study's own overlap, in the run that is shown."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
from pandas.testing import assert_frame_equal
from small_studies import SMALL, STUDY

from msstgcn.runner import false_alarms, runs_of_record, stages, study_parts
from msstgcn.studies import STUDIES


def test_what_false_alarms_lie_on_is_that_of_record_once_a_record_holds_it(project, monkeypatch):
    asks = replace(STUDIES["pair"], causes=True)
    own = stages.study(asks, "cpu", device="cpu")
    run, causes = false_alarms.causes_shown(own, "cpu", seed=0)
    wrong = own.table().query("`class` != 'overall'").set_index(["variant", "class"])["FP"]
    assert run == "this run" and causes["number"].sum() == wrong.sum() > 0
    assert causes["variant"].unique().tolist() == ["a", "b", "c"]
    runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", record=True).__next__()
    assert false_alarms.causes_shown(own, "cpu", seed=0)[0] == "this run", "a record that does not hold them"
    monkeypatch.setitem(STUDIES, "pair", asks)
    ((result, _),) = runs_of_record.run_and_record([asks], "cpu", device="cpu", seeds=2, record=True)
    run, causes = false_alarms.causes_shown(own, "cpu", seed=0)
    table = result.table().query("`class` != 'overall'").set_index(["variant", "class"])
    assert run == "of record" and causes["number"].sum() == table["FP"].sum()
    assert_frame_equal(causes, false_alarms.causes_of(result, study_parts.parts_of(asks, "cpu")))


def false_alarms_of(rows, **size):
    """How many false alarms a study of that size has, if it spotted that."""
    chosen = replace(STUDY, variants={"a": {}}, sizes={"cpu": {**SMALL, **size}})
    found = pd.DataFrame(rows, columns=["video", "class", "onset", "offset"]).assign(variant="a", seed=0)
    result = SimpleNamespace(found=found, counts=pd.DataFrame({"seed": [0]}))
    return false_alarms.causes_of(result, study_parts.parts_of(chosen, "cpu"))["number"].sum()


def test_false_alarms_are_those_of_the_studys_own_overlap(quick):
    """Of what was spotted every true interval, one frame of each: a hit if so little is asked for."""
    truth = stages.dataset(stages.profile("cpu", **SMALL))
    rows = [(v.name, e.label, e.onset, e.onset) for v in truth.videos for e in v.expressions]
    assert false_alarms_of(rows, match_iou=0.5) == len(rows) > 0
    assert false_alarms_of(rows, match_iou=0.001) == 0


def test_false_alarms_are_those_of_the_studys_own_lengths(quick):
    """Of what was spotted the first half of true intervals: hits where both end frames are counted, else none."""
    truth = stages.dataset(stages.profile("cpu", **SMALL))
    events = [(v.name, e) for v in truth.videos for e in v.expressions if (e.offset - e.onset) % 2]
    rows = [(name, e.label, e.onset, (e.onset + e.offset) // 2) for name, e in events]
    assert false_alarms_of(rows, inclusive=True) == 0
    assert false_alarms_of(rows, inclusive=False) == len(rows) > 0
