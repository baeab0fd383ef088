"""What each protocol is worth: the table, and the sentences that depend on what a run found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import Choice, Estimate, bootstrap_difference, is_oracle, match, score, subject_counts
from msstgcn.studies import BASE, PROTOCOLS, Protocol, epoch_verdict, inflation, protocol_table, verdict

COLUMNS = ["video", "class", "onset", "offset"]
SUBJECTS = {"a1": "a", "b1": "b", "c1": "c"}


def table(*rows):
    return pd.DataFrame(list(rows), columns=COLUMNS)


TRUTH = table(("a1", "me", 10, 19), ("b1", "mae", 0, 39), ("c1", "mae", 10, 49))
SPOTTED = table(
    ("a1", "me", 10, 19),
    ("a1", "me", 11, 19),
    ("b1", "mae", 0, 39),
    ("c1", "me", 10, 19),
    ("c1", "mae", 12, 50),
)


def of(**protocol):
    return score(SPOTTED, TRUTH, videos=SUBJECTS, **protocol)


SCORES = {BASE: of(), "many-to-one": of(matching="many-to-one"), "drop onset 0": of(rows="drop-onset-0")}


def test_whatever_looks_at_the_test_subjects_is_called_an_oracle():
    for name, protocol in PROTOCOLS.items():
        SpottingSettings().but(**protocol.changes)  # they are settings
        looks = is_oracle(protocol.changes.get("selection", "fixed-epoch"))
        assert looks == (protocol.kind == "oracle") == ("oracle" in name)
    assert PROTOCOLS[BASE].changes == {} and PROTOCOLS[BASE].kind == "honest"


def test_an_honest_protocol_counts_as_the_challenge_does():
    for protocol in PROTOCOLS.values():
        if protocol.kind == "honest":
            assert set(protocol.changes) <= {"selection"}


def test_a_kind_or_a_protocol_that_there_is_not_is_refused_with_the_list():
    with pytest.raises(InputError, match="kind of protocol 'onest'.*honest, lenient, oracle.*'honest'"):
        Protocol("onest", {})
    with pytest.raises(InputError, match="unknown protocol 'mine'.*many-to-one, drop onset 0"):
        inflation(SCORES, SUBJECTS, base="mine")
    with pytest.raises(InputError, match="unknown protocol 'mine'.*inner folds choose"):
        protocol_table({BASE: SCORES[BASE], "mine": SCORES[BASE]}, SUBJECTS)


def test_what_a_protocol_adds_is_a_paired_difference():
    gains = inflation(SCORES, SUBJECTS)
    counts = {name: subject_counts(one, SUBJECTS) for name, one in SCORES.items()}
    wanted = bootstrap_difference(counts["many-to-one"], counts[BASE])
    assert gains["many-to-one"] == wanted
    # by hand: 3 hits, 2 false alarms, no miss; the second ME of a1 becomes a hit
    assert gains["many-to-one"].value == pytest.approx(8 / 9 - 6 / 8)
    assert (gains[BASE].value, gains[BASE].low, gains[BASE].high) == (0, 0, 0)


def test_the_table_has_a_row_a_protocol():
    found = protocol_table(SCORES, SUBJECTS).set_index("protocol")
    assert list(found.index) == list(SCORES)
    assert found.loc["many-to-one", "kind"] == "lenient"
    assert found.loc[BASE, ["ME F1", "F1", "points"]].tolist() == pytest.approx([0.5, 0.75, 0])
    gain = inflation(SCORES, SUBJECTS)["many-to-one"]
    assert found.loc["many-to-one", ["points", "points low", "points high"]].tolist() == pytest.approx(
        [100 * value for value in (gain.value, gain.low, gain.high)]
    )
    # the MaE of b1 no longer counts as true, so what was spotted there is a false alarm
    assert found.loc["drop onset 0", "MaE F1"] == pytest.approx(2 / 3)


def estimate(value, low, high):
    return Estimate(value, low, high, 0.95)


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (estimate(0.0314, 0.005, 0.06), "adds something: +3.1 [0.5, 6.0] points"),
        (estimate(-0.0314, -0.06, -0.005), "takes something away: -3.1 [-6.0, -0.5] points"),
        (
            estimate(0.001, 0.0003, 0.002),
            "adds something: +0.1 [0.03, 0.2] points",
        ),  # an end is not rounded to 0
        (
            estimate(0.01, -0.005, 0.025),
            "changes F1 by +1.0 [-0.5, 2.5] points, which these subjects cannot tell",
        ),
        (estimate(0.01, 0.0, 0.025), "changes F1 by +1.0"),
        (estimate(0.0, -0.005, 0.005), "changes F1 by 0.0"),
        (estimate(0.0, 0.0, 0.0), "changes nothing here"),
    ],
)
def test_a_claim_goes_as_far_as_its_interval(gain, said):
    told = verdict("inner folds choose", gain)
    assert told.startswith(said) and ("adds" in told) == (gain.low > 0)


@pytest.mark.parametrize(
    "name", ["many-to-one", "class-agnostic", "only videos with the class", "oracle epoch, one for all"]
)
def test_what_can_only_add_is_not_held_against_chance(name):
    told = verdict(name, estimate(0.01, 0.0, 0.03))
    assert told == "adds +1.0 [0.0, 3.0] points, and can never take anything away"
    assert verdict(name, estimate(0, 0, 0)) == "changes nothing here"
    with pytest.raises(InputError, match="unknown protocol 'mine'"):
        verdict("mine", estimate(0, 0, 0))


def test_what_can_only_take_is_not_held_against_chance_either():
    told = verdict("IoU without the +1", estimate(-0.01, -0.03, 0.0))
    assert told == "changes F1 by -1.0 [-3.0, 0.0] points, and can never add anything"


def test_more_pairs_never_mean_fewer_hits_and_shorter_overlaps_never_more():
    """What the two tests above take for granted, of chance intervals of both classes."""
    rng = np.random.default_rng(3)

    def intervals(number):
        first = rng.integers(0, 60, number)
        return np.stack([first, first + rng.integers(1, 15, number)], 1)

    higher = lower = 0
    for _ in range(300):
        found, true = ([intervals(rng.integers(1, 6)) for _ in "ab"] for _ in "ab")
        usual = sum(len(match(f, t)) for f, t in zip(found, true, strict=True))
        agnostic = len(match(np.concatenate(found), np.concatenate(true)))
        shorter = sum(len(match(f, t, inclusive=False)) for f, t in zip(found, true, strict=True))
        assert shorter <= usual <= agnostic
        higher, lower = higher + (agnostic > usual), lower + (shorter < usual)
    assert higher and lower


def test_what_is_said_of_the_oracle_depends_on_what_it_found():
    fixed = {s: Choice(30, (0.5, 0.5)) for s in "abc"}
    assert "nothing to pick" in epoch_verdict(estimate(0, 0, 0), 30, fixed)
    moved = fixed | {"b": Choice(10, (0.5, 0.5))}
    assert epoch_verdict(estimate(0.02, 0.01, 0.03), 30, moved).startswith(
        "1 of 3 subjects leave the last epoch, and that adds"
    )
