"""The baselines ask what they say they ask."""

import pytest

from msstgcn.runner import study_parts
from msstgcn.studies import CONTROL, METHOD, METHODS, study
from msstgcn.studies.baselines import BASELINE_STUDIES


@pytest.mark.parametrize("which", BASELINE_STUDIES, ids=lambda which: which.name)
def test_the_studies_stand_by_their_names_in_chapter_11(which):
    assert study(which.name) is which and which.chapter == 11


def test_every_method_and_a_control_stand_beside_the_network():
    variants = study("baselines").variants
    assert {own[METHOD] for own in variants.values() if METHOD in own} == set(METHODS)
    assert [own[CONTROL] for own in variants.values() if CONTROL in own] == ["shuffled-labels"]
    assert not variants[study("baselines").base], "the base is the network as it stands"


def test_the_leak_differs_in_whose_labels_the_edges_count_alone():
    parts = study_parts.parts_of(study("leak"), "cpu")
    mine, all_ = (part.chosen.network for part in parts)
    assert (mine.graph, all_.graph) == ("cooccurrence", "cooccurrence-all")
    assert all_.but(graph=mine.graph) == mine
    beside = dict(study("baselines").variants)["cooccurrence-gcn"]
    assert dict(study("leak").variants[study("leak").base]) == dict(beside), "trained once for both studies"
