"""A study's result as it is committed: nothing is lost on the way there and back, and damage is seen."""

from copy import deepcopy

import numpy as np
import pytest

from msstgcn.runner.records import latest_record
from msstgcn.studies import STUDIES
from msstgcn.studies.packing import packed, unpacked


@pytest.fixture(scope="module")
def held():
    return latest_record("study-rho")["result"]


def test_a_result_comes_back_as_it_was_packed(held):
    assert packed(unpacked(held, STUDIES["rho"])) == held


def test_each_run_has_its_own_counts_and_events(held):
    result = unpacked(held, STUDIES["rho"])
    for run in held["runs"]:
        of = (result.counts["variant"] == run["variant"]) & (result.counts["seed"] == run["seed"])
        assert result.counts[of]["tp"].tolist() == [int(number) for number in run["tp"].split()]
        of = (result.events["variant"] == run["variant"]) & (result.events["seed"] == run["seed"])
        own = result.events[of]
        assert "".join(np.where(own["hit"], "1", "0")) == run["hit"]
        assert own.loc[own["hit"], "onset_error"].tolist() == [float(e) for e in run["onset_error"].split()]
        assert own.loc[~own["hit"], "onset_error"].isna().all()


@pytest.mark.parametrize("name", ["tp", "hit", "onset_error"])
def test_two_runs_that_took_numbers_from_each_other_are_not_read(held, name):
    damaged = deepcopy(held)
    first, second = damaged["runs"][:2]
    separator = "" if name == "hit" else " "
    marks = [*first[name].split()] if separator else list(first[name])
    first[name] = separator.join(marks[:-1])
    second[name] += separator + marks[-1]
    with pytest.raises(ValueError, match=first["variant"]):
        unpacked(damaged, STUDIES["rho"])


def test_a_count_below_zero_is_not_read(held):
    damaged = deepcopy(held)
    damaged["runs"][0]["fp"] = "-1" + damaged["runs"][0]["fp"][1:]
    with pytest.raises(ValueError, match="below zero"):
        unpacked(damaged, STUDIES["rho"])
