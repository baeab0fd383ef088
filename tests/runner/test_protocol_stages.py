"""A run under every protocol, as chapters ask for it; and the same bytes whenever it is made."""

import numpy as np
import pandas as pd
import pytest

from msstgcn import spotting
from msstgcn.datasets import Video
from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import feature_stages, stages
from msstgcn.spotting import MATCHINGS, ROWS, SELECTIONS
from msstgcn.spotting.files import score_files
from msstgcn.timeline import read_events, write_csv


def waving(video: Video) -> VideoFeatures:
    """Features in which a video's expressions can be seen a little; nothing is rendered."""
    flow = np.random.default_rng([*video.name.encode()]).normal(size=(len(video), 17, 10, 2))
    for event in video.expressions:
        flow[event.onset : event.offset, :, :3] += 2
    mask = np.ones(len(video), dtype=bool)
    return VideoFeatures(
        video.name, video.subject, video.fps, flow.astype(np.float32), mask, video.expressions
    )


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory):
    """No features are rendered, and what is trained once serves all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MSSTGCN_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("MSSTGCN_PROGRESS", "lines")
        patch.setattr(
            feature_stages, "features", lambda chosen: [waving(v) for v in stages.dataset(chosen).videos]
        )
        yield


@pytest.fixture(scope="module")
def chosen(quick):
    """A small profile."""
    return stages.profile("smoke", channels=6, segments=2, epochs=3, watch=1, threshold=0.2)


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
    assert base.tp + base.fn == len(stages.truth(chosen))


def test_subjects_of_one_group_share_their_inner_networks(chosen):
    run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
    seen = stages.watched(run, chosen, inner)
    assert seen.epochs == [1, 2, 3]
    for subject in seen.judged:
        assert {seen.subjects[video] for video in seen.inner[subject]} == set(seen.judged) - {subject}
        for video, table in inner.watched(subject)[1].items():
            np.testing.assert_array_equal(seen.inner[subject][video], table)


def test_what_is_written_is_scored_as_the_run_itself(chosen, tmp_path, monkeypatch, msstgcn):
    monkeypatch.setattr(stages, "profile", lambda *_, selection, **__: but(chosen, selection=selection))
    out = tmp_path / "out"
    status, shown, _ = msstgcn("train", "--tables", out, "--selection", "inner-fold", "--device", "cpu")
    assert status == 0
    files = [out / name for name in ("predictions.csv", "truth.csv", "videos.csv")]
    assert all(str(path) in shown for path in files) and "inner-fold" in shown
    told = score_files(files[0], files[1], videos=files[2])
    run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
    wanted = stages.scores(run, but(chosen, selection="inner-fold"), inner)
    assert told.scores.to_dict() == wanted.to_dict()
    assert told.subjects == 3 and not told.warning
    assert (
        read_events(files[0])["score"].tolist()
        == stages.predictions(run, but(chosen, selection="inner-fold"), inner)["score"].tolist()
    )


@pytest.mark.parametrize("selection", SELECTIONS)
def test_the_card_of_a_network_says_beside_its_score_who_chose_epoch_and_thresholds(
    chosen, tmp_path, monkeypatch, msstgcn, selection
):
    monkeypatch.setattr(stages, "profile", lambda *_, selection, **__: but(chosen, selection=selection))
    status, shown, err = msstgcn("train", "--out", tmp_path, "--selection", selection, "--device", "cpu")
    assert status == 0, err
    overall = next(line.split()[1:] for line in shown.splitlines() if line.startswith("overall"))
    card = (tmp_path / "model.md").read_text(encoding="utf-8")
    (row,) = [line.strip("| ").split(" | ") for line in card.splitlines() if line.startswith("| overall |")]
    assert row[1:4] == overall[:3] and row[-1] == selection


def test_train_refuses_an_unknown_selection_before_it_trains(msstgcn):
    status, _, err = msstgcn("train", "--selection", "oracle")
    assert status == 2 and "unknown selection protocol 'oracle'" in err


def test_two_clean_runs_write_the_same_predictions(chosen, tmp_path, monkeypatch):
    digests = []
    for turn in ("first", "second"):
        if turn == "second":
            monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "clean"))
        run, inner = stages.loso(chosen, device="cpu"), stages.inner(chosen, device="cpu")
        for selection in SELECTIONS:
            table = stages.predictions(run, but(chosen, selection=selection), inner)
            assert len(table) > 0, "equal because empty"
            path = write_csv(table, tmp_path / turn / f"{selection}.csv")
            digests.append(path.read_bytes())
    half = len(SELECTIONS)
    assert digests[:half] == digests[half:]
