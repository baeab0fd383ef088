"""A run under every protocol, as chapters ask for it; and the same bytes whenever it is made."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from msstgcn import spotting
from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import stages
from msstgcn.spotting import MATCHINGS, ROWS, SELECTIONS
from msstgcn.timeline import Expression, write_csv


def waving(subject: str) -> VideoFeatures:
    """Features in which expressions can be seen a little."""
    rng = np.random.default_rng(int(subject[-1]))
    events = (Expression(20, 25, 30, "me"), Expression(50, 65, 80, "mae"))
    flow = rng.normal(size=(110, 17, 10, 2)).astype(np.float32)
    for event in events:
        flow[event.onset : event.offset, :, :3] += 2
    return VideoFeatures(f"{subject}_1", subject, 30.0, flow, np.ones(110, dtype=bool), events)


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """A small profile whose features are made here, so that nothing is rendered."""
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    videos = [waving(f"s00{n}") for n in (1, 2, 3)]
    known = [SimpleNamespace(name=v.video, subject=v.subject, expressions=v.expressions) for v in videos]
    monkeypatch.setattr(stages, "features", lambda chosen: videos)
    monkeypatch.setattr(stages, "dataset", lambda chosen: SimpleNamespace(videos=known))
    monkeypatch.setattr(stages, "_run_key", lambda chosen, device, what, control: key(chosen, what, control))

    def key(chosen, what, control):
        return hashlib.sha256(f"{chosen.learning.digest()}{what}{control}".encode()).hexdigest()[:24]

    return stages.profile("smoke", channels=6, segments=2, epochs=4, watch=1, threshold=0.3)


def but(chosen, **changes):
    return chosen.model_copy(update={"spotting": chosen.spotting.but(**changes)})


def test_the_fixed_epoch_is_the_trained_network_not_rounded(chosen):
    run = stages.loso(chosen, device="cpu")
    direct = [spotting.spot_video(p, chosen.spotting, video=v) for v, p in sorted(run.probabilities.items())]
    pd.testing.assert_frame_equal(stages.predictions(run, chosen), pd.concat(direct, ignore_index=True))


def test_every_protocol_can_be_asked_for(chosen):
    run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
    found = {}
    for selection in SELECTIONS:
        for matching in MATCHINGS:
            for rows in ROWS:
                asked = but(chosen, selection=selection, matching=matching, rows=rows)
                found[selection, matching, rows] = stages.scores(run, asked, inner).overall
    base = found["fixed-epoch", "one-to-one", "keep-all"]
    assert found["oracle-epoch-global", "one-to-one", "keep-all"].f1 >= base.f1
    assert base.tp + base.fn == 6


def test_subjects_of_one_group_share_their_inner_networks(chosen):
    run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
    seen = stages.watched(run, chosen, inner)
    assert seen.epochs == [1, 2, 3, 4]
    for subject in seen.judged:
        assert {seen.subjects[video] for video in seen.inner[subject]} == set(seen.judged) - {subject}
        for video, table in inner.watched(subject)[1].items():
            np.testing.assert_array_equal(seen.inner[subject][video], table)


def test_two_clean_runs_write_the_same_predictions(chosen, tmp_path, monkeypatch):
    digests = []
    for turn in ("first", "second"):
        monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / turn))
        run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
        for selection in SELECTIONS:
            table = stages.predictions(run, but(chosen, selection=selection), inner)
            assert len(table) > 0, "equal because empty"
            path = write_csv(table, tmp_path / turn / f"{selection}.csv")
            digests.append(path.read_bytes())
    half = len(SELECTIONS)
    assert digests[:half] == digests[half:]
