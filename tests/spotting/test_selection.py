"""Who chooses the epoch and the thresholds: hand-made cases, and the whole against the plain way round."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from msstgcn.errors import InputError
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import (
    SELECTIONS,
    Choice,
    Evidence,
    Watched,
    choose,
    gather_evidence,
    is_oracle,
    score,
    spot,
    spot_video,
)

EPOCHS = (10, 20, 30)
SET = np.array([[0.5, 0.3], [0.55, 0.3]])  # fixed beforehand, and one more to try


def counts(*rows):
    """ME counts of each epoch; no MaE."""
    return [[row, (0, 0, 0)] for row in rows]


# Subject a is best after epoch 10, b after epoch 20; both together after epoch 10.
OWN = np.array(
    [
        counts((4, 0, 0), (1, 1, 3), (2, 1, 2)),
        counts((0, 1, 2), (2, 0, 0), (1, 0, 1)),
    ]
)


def inner(best_epoch, best_me, best_mae):
    """Counts (E, H, 2, 3) that are equal everywhere but at one epoch and one threshold a class."""
    table = np.tile([[1, 1, 1]], (3, 2, 2, 1))
    table[best_epoch, best_me, 0] = (2, 0, 0)
    table[best_epoch, best_mae, 1] = (2, 0, 0)
    return table


INNER = np.stack([inner(0, 1, 0), inner(1, 0, 1)])
EVIDENCE = Evidence(("a", "b"), EPOCHS, SET, OWN, INNER)


@pytest.mark.parametrize(
    ("selection", "a", "b"),
    [
        ("fixed-epoch", Choice(30, (0.5, 0.55)), Choice(30, (0.5, 0.55))),
        ("inner-fold", Choice(10, (0.3, 0.55)), Choice(20, (0.5, 0.3))),
        ("oracle-epoch-per-subject", Choice(10, (0.5, 0.55)), Choice(20, (0.5, 0.55))),
        # pooled F1 after each epoch: 8/11, 6/10, 6/10
        ("oracle-epoch-global", Choice(10, (0.5, 0.55)), Choice(10, (0.5, 0.55))),
    ],
)
def test_each_protocol_chooses_as_by_hand(selection, a, b):
    assert SELECTIONS[selection](EVIDENCE) == {"a": a, "b": b}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_where_nothing_is_better_everyone_keeps_what_was_fixed(selection):
    same = Evidence(("a",), EPOCHS, SET, np.ones((1, 3, 2, 3), int), np.ones((1, 3, 2, 2, 3), int))
    assert SELECTIONS[selection](same) == {"a": Choice(30, (0.5, 0.55))}


def test_honest_protocols_never_look_at_the_test_subject():
    other = Evidence(("a", "b"), EPOCHS, SET, OWN[:, ::-1], INNER)
    blind = Evidence(("a", "b"), EPOCHS, SET, None, INNER)
    for name, select in SELECTIONS.items():
        if is_oracle(name):
            assert select(EVIDENCE) != select(other)
            with pytest.raises(InputError, match="no counts"):
                select(blind)
        else:
            assert select(EVIDENCE) == select(other) == select(blind)


def test_inner_fold_says_what_it_lacks():
    with pytest.raises(InputError, match="no inner folds.*fixed-epoch"):
        SELECTIONS["inner-fold"](Evidence(("a",), EPOCHS, SET, OWN[:1]))


def _noise(rng, frames=90):
    boundary = rng.dirichlet((0.3, 0.3, 0.6), (len(EPOCHS), frames, 2)).reshape(len(EPOCHS), frames, 6)
    return np.concatenate([boundary, rng.uniform(size=(len(EPOCHS), frames, 4)) ** 2], 2).astype(np.float32)


@pytest.fixture(scope="module")
def run():
    """Three subjects, two videos each, of noise; labels are what epoch 10 spots in every second video."""
    rng = np.random.default_rng(5)
    subjects = {f"{s}{n}": s for s in "abc" for n in (1, 2)}
    tables = {video: _noise(rng) for video in subjects}
    inside = {s: {v: _noise(rng) for v, o in subjects.items() if o != s} for s in "abc"}
    watched = Watched(EPOCHS, tables, subjects, inside)
    truth = pd.concat(
        spot_video(tables[v][i % 3], SpottingSettings(threshold=0.7), video=v) for i, v in enumerate(subjects)
    )
    return watched, truth.drop(columns=["score"])


def _f1(watched, truth, settings, tables, place, thresholds):
    """Overall F1 of some videos the long way: decode each, score the table."""
    me, mae = thresholds
    decoding = settings.but(me_threshold=me, mae_threshold=mae)
    spotted = pd.concat(spot_video(table[place], decoding, video=v) for v, table in tables.items())
    events = truth[truth["video"].isin(list(tables))]
    return score(spotted, events, matching=settings.matching, rows=settings.rows).overall.f1


@pytest.mark.parametrize("counting", [{}, {"matching": "many-to-one", "rows": "only-videos-with-the-class"}])
def test_the_whole_equals_the_long_way(run, counting):
    watched, truth = run
    settings = SpottingSettings.make({"thresholds_tried": [0.6, 0.8], "mae_threshold": 0.55, **counting})
    of = {s: {v: t for v, t in watched.probabilities.items() if watched.subjects[v] == s} for s in "abc"}
    places = range(len(EPOCHS))
    for subject in "abc":
        values = [_f1(watched, truth, settings, of[subject], p, (0.5, 0.55)) for p in places]
        chosen = choose(watched, truth, settings.but(selection="oracle-epoch-per-subject"))[subject]
        assert values[EPOCHS.index(chosen.epoch)] == max(values)
        grid = {
            (EPOCHS[p], (me, mae)): _f1(
                watched, truth, settings.but(matching="one-to-one", rows="keep-all"),
                watched.inner[subject], p, (me, mae),
            )
            for p in places for me in (0.5, 0.6, 0.8) for mae in (0.55, 0.6, 0.8)
        }  # fmt: skip
        chosen = choose(watched, truth, settings.but(selection="inner-fold"))[subject]
        assert grid[chosen.epoch, chosen.thresholds] == max(grid.values())
    values = [_f1(watched, truth, settings, watched.probabilities, p, (0.5, 0.55)) for p in places]
    assert len(set(values)) == 3, "epochs that all score alike would test nothing"
    chosen = choose(watched, truth, settings.but(selection="oracle-epoch-global"))
    assert {EPOCHS.index(c.epoch) for c in chosen.values()} == {int(np.argmax(values))}


def test_what_is_spotted_is_what_the_choice_says(run):
    watched, truth = run
    settings = SpottingSettings()
    fixed = spot(watched, choose(watched, truth, settings), settings)
    last = [spot_video(t[-1], settings, video=v) for v, t in sorted(watched.probabilities.items())]
    pd.testing.assert_frame_equal(fixed, pd.concat(last, ignore_index=True))
    choices = {s: Choice(20, (0.9, 0.2)) for s in "abc"}
    mixed = spot(watched, choices, settings)
    wanted = spot_video(watched.probabilities["b1"][1], settings.but(me_threshold=0.9, mae_threshold=0.2))
    here = mixed[mixed["video"] == "b1"].drop(columns="video").reset_index(drop=True)
    pd.testing.assert_frame_equal(here, wanted.drop(columns="video"))


def test_a_run_without_inner_folds_has_no_inner_counts(run):
    watched, truth = run
    alone = Watched(watched.epochs, watched.probabilities, watched.subjects, {"a": watched.inner["a"]})
    assert gather_evidence(alone, truth, SpottingSettings()).inner is None
    with pytest.raises(InputError, match="no inner folds"):
        choose(alone, truth, SpottingSettings(selection="inner-fold"))


def test_the_order_of_videos_and_labels_makes_no_difference(run):
    watched, truth = run
    turned = Watched(
        watched.epochs, dict(reversed(watched.probabilities.items())), watched.subjects, watched.inner
    )
    for name in SELECTIONS:
        settings = SpottingSettings(selection=name)
        assert choose(turned, truth.iloc[::-1], settings) == choose(watched, truth, settings)


@pytest.mark.parametrize(
    ("epochs", "tables", "subjects", "message"),
    [
        ((), {}, {}, "epochs"),
        ((3, 2), {}, {}, "epochs"),
        ((1,), {"v": np.zeros((2, 9, 10))}, {"v": "s"}, r"v: probabilities of shape \(2, 9, 10\)"),
        ((1,), {"v": np.zeros((9, 10))}, {"v": "s"}, "v: probabilities of shape"),
        ((1,), {"v": np.zeros((1, 9, 10))}, {}, "v: belongs to no subject"),
    ],
)
def test_what_does_not_fit_together_is_refused(epochs, tables, subjects, message):
    with pytest.raises(InputError, match=message):
        Watched(epochs, tables, subjects)


def test_an_unknown_selection_is_refused_with_the_list(run):
    with pytest.raises(InputError, match="unknown selection protocol 'best'.*oracle-epoch-per-subject"):
        choose(*run, SpottingSettings(selection="best"))
