"""A study trains each variant with each seed on the same videos, keeps what came out, and goes on after a stop."""

import json
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from msstgcn import learning, report, spotting
from msstgcn.datasets import Video
from msstgcn.errors import InputError
from msstgcn.motion.features import VideoFeatures
from msstgcn.runner import (
    budget,
    cli,
    false_alarms,
    feature_stages,
    kept_results,
    records,
    runs_of_record,
    sections,
    stages,
    study_parts,
    study_records,
    study_runs,
    training_stages,
    typed,
    variant_results,
)
from msstgcn.studies import METHODS, SIZES, STUDIES, Study, agreement, answer, pair_table, points, resolved

SMALL = {
    "subjects": 4,
    "videos": 1,
    "seconds": 6.0,
    "channels": 6,
    "segments": 2,
    "epochs": 2,
    "threshold": 0.1,
}


def study_of(variants, **about):
    return Study("pair", 9, "Is it better?", "Yes, one would think.", variants, **about)


STUDY = study_of(
    {"a": {}, "b": {"epochs": 3}, "c": {"control": "shuffled-labels"}}, paper="labels help", beaten=("c",)
)
MOVED = study_of({"a": {}, "b": {"difficulty": "hard"}}, trained="once")


def waving(video: Video, window: int) -> VideoFeatures:
    """Features in which a video's expressions can be seen a little; nothing is rendered."""
    rng = np.random.default_rng([*video.digest.encode()])
    flow = rng.normal(size=(len(video), window, 10, 2))
    for event in video.expressions:
        flow[event.onset : event.offset, :, :3] += 2
    mask = np.ones(len(video), dtype=bool)
    return VideoFeatures(
        video.name, video.subject, video.fps, flow.astype(np.float32), mask, video.expressions
    )


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Features are made up, and what is trained is counted: names of folds, one list a training."""
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    monkeypatch.setattr(
        feature_stages,
        "features",
        lambda chosen: [waving(v, chosen.motion.window) for v in stages.dataset(chosen).videos],
    )
    monkeypatch.setattr(feature_stages, "make_features", list)
    trained, train = [], learning.schedule.train_folds

    def counted(material, jobs, *rest, **more):
        trained.extend(job.name for job in jobs)
        return train(material, jobs, *rest, **more)

    monkeypatch.setattr("msstgcn.learning.schedule.train_folds", counted)
    return trained


def run(study=STUDY, profile="cpu", **given):
    if isinstance(study, Study):
        sizes = {profile: {**SMALL, "folds": 2, **study.sizes.get(profile, {})}}
        study = replace(study, sizes=sizes)
    return stages.study(study, profile, **{"device": "cpu", **given})


def same(first, second):
    for name in ("counts", "events", "found"):
        assert_frame_equal(getattr(first, name), getattr(second, name))


def test_counts_and_events_are_those_of_the_stages_themselves(quick):
    result = run(seed=1, seeds=2, folds=0)
    assert result.counts["seed"].unique().tolist() == [1, 2]
    for name, changes, control in (("b", {"epochs": 3}, None), ("c", {}, "shuffled-labels")):
        chosen = stages.profile("cpu", seed=1, watch=0, **{**SMALL, **changes})
        other = training_stages.with_training_seed(chosen, 2)
        assert other.data == chosen.data  # the videos stay
        scores = stages.scores(stages.loso(other, device="cpu", control=control), other)
        owners = {video.name: video.subject for video in stages.dataset(chosen).videos}
        for label in ("me", "mae"):
            wanted = spotting.subject_counts(scores, owners, label)
            own = result.counts[(result.counts["variant"] == name) & (result.counts["seed"] == 2)]
            mine = own[own["class"] == label]
            assert mine["subject"].tolist() == list(wanted.index)
            assert (mine[["tp", "fp", "fn"]].to_numpy() == wanted.to_numpy()).all()
    hits = result.events.groupby(["variant", "seed", "class"])["hit"].sum()
    for key, rows in result.counts.groupby(["variant", "seed", "class"]):
        assert hits.get(key, 0) == rows["tp"].sum()
    assert result.costs["variant"].tolist() == ["a", "b", "c"]
    weights = stages.loso(chosen, device="cpu").folds["s001"].weights
    assert (
        result.costs["parameters"] == learning.load_network(weights, chosen.network).parameter_count
    ).all()


def test_a_second_run_computes_nothing_and_an_added_variant_only_itself(quick):
    first = run()
    assert sorted(quick) == sorted(["group 1 of 2", "group 2 of 2"] * 3)
    del quick[:]
    same(first, run())
    assert quick == []
    more = run(add={"mine": {"lambda_contrast": 0.0}}, only=["b"])
    assert sorted(quick) == ["group 1 of 2", "group 2 of 2"]
    assert more.counts["variant"].unique().tolist() == ["a", "b", "mine"]
    assert list(more.study.variants) == ["a", "b", "mine"]
    kept = more.counts[more.counts["variant"] == "b"].reset_index(drop=True)
    assert_frame_equal(kept, first.counts[first.counts["variant"] == "b"].reset_index(drop=True))
    del quick[:]
    run(study_of({"a": {}, "x": {"match_iou": 0.3}, "y": {"threshold": 0.2}}))
    assert quick == []  # folds are shared with variants that only count otherwise
    renamed = run(study_of({"other name": {}, "b": {"epochs": 3}}))
    assert quick == [] and renamed.counts["variant"].unique().tolist() == ["other name", "b"]


def test_a_killed_study_goes_on_and_ends_the_same(quick, monkeypatch, tmp_path):
    whole = run(seeds=2)
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "again"))
    compute, calls = variant_results.computed, []

    def killed(part, *rest):
        calls.append(part.name)
        if part.name == "b":
            raise KeyboardInterrupt
        return compute(part, *rest)

    monkeypatch.setattr(variant_results, "computed", killed)
    with pytest.raises(KeyboardInterrupt):
        run(seeds=2)
    monkeypatch.setattr(
        variant_results, "computed", lambda part, *rest: calls.append(part.name) or compute(part, *rest)
    )
    same(whole, run(seeds=2))
    assert calls == ["a", "b", "b", "c"]


def test_networks_of_the_base_are_asked_about_other_videos_by_one_that_never_saw_the_subject(quick):
    result = run(MOVED)
    assert sorted(quick) == ["group 1 of 2", "group 2 of 2"]  # the base's alone
    base = stages.profile("cpu", watch=0, folds=2, **SMALL)
    other = stages.profile("cpu", watch=0, folds=2, **SMALL, difficulty="hard")
    trained, tables = stages.loso(base, device="cpu"), []
    groups = learning.left_out(["s001", "s002", "s003", "s004"], 2, seed=0)
    for video in feature_stages.features(other):
        (name,) = [name for name, out in groups.items() if video.subject in out]
        assert any(v.startswith(video.subject) for v in trained.folds[name].probabilities)
        said = learning.predict(trained.folds[name].weights, video, network=base.network)
        tables.append(spotting.spot_video(said, other.spotting, video=video.video))
    wanted = pd.concat(tables, ignore_index=True)
    mine = result.found.query("variant == 'b'").reset_index(drop=True)
    assert_frame_equal(mine[list(wanted.columns)], wanted, check_dtype=False)
    assert len(mine) and not mine[wanted.columns].equals(result.found.query("variant == 'a'")[wanted.columns])


def test_variants_that_differ_in_epochs_alone_are_looks_at_the_longest_training(quick):
    variants = {"3": {"epochs": 3}, "1": {"epochs": 1}, "4": {"epochs": 4}, "mine": {"epochs": 1, "rho": 0.1}}
    taught = {"cpu": {"epochs": 4, "watch": 1}}
    result = run(study_of(variants, trained="longest", taught=taught), seeds=2)
    assert len(quick) == 4 + 4  # two seeds, two groups: the longest once for all three, and mine
    alone = run(study_of(variants), seeds=2)
    exact = result.found["variant"].isin(["4", "mine"])  # looks on the way are kept in half precision
    assert_frame_equal(
        result.found[exact].reset_index(drop=True),
        alone.found.query("variant in ('4', 'mine')").reset_index(drop=True),
    )
    assert not exact.all()
    seconds = result.costs.set_index("variant")["training_s"]
    assert seconds["1"] == pytest.approx(seconds["4"] / 4) and seconds["3"] > seconds["1"]
    del quick[:]
    same(result, run(study_of(variants, trained="longest", taught=taught), seeds=2))
    assert quick == []


def test_a_look_is_what_a_training_that_ends_there_says(quick):
    def trained(epochs, watch):
        chosen = stages.profile("cpu", **{**SMALL, "folds": 2, "epochs": epochs, "watch": watch})
        return stages.loso(chosen, device="cpu")

    long, short = trained(4, 1), trained(3, 0)
    look = variant_results.looked_at(long, 3)
    assert look.watched[0].tolist() == [1, 2, 3] and len(look.history) == len(short.history)
    for video, said in short.probabilities.items():
        np.testing.assert_array_equal(look.probabilities[video], said.astype(np.float16))
    end = variant_results.looked_at(long, 4).probabilities
    assert all((end[video] == said).all() for video, said in long.probabilities.items())


def test_a_number_of_epochs_that_the_longest_training_does_not_look_at_is_trained_by_itself(quick):
    variants = {"4": {"epochs": 4}, "3": {"epochs": 3}}
    run(study_of(variants, trained="longest", taught={"cpu": {"epochs": 4, "watch": 2}}))
    assert len(quick) == 2 + 2


def test_people_without_a_network_are_refused(quick):
    base = stages.profile("cpu", watch=0, **SMALL)
    stranger = waving(stages.dataset(stages.profile("cpu", **{**SMALL, "subjects": 5})).videos[-1], 17)
    with pytest.raises(InputError, match="no network was trained without s005; expected .*s001, s002"):
        variant_results.transferred(stages.loso(base, device="cpu"), base, [stranger], "cpu")


def test_a_method_is_given_features_labels_and_seed_and_trains_nothing(quick, monkeypatch):
    seen = []

    def all_true(features, truth, spotting, *, seed):
        seen.append((len(features), seed))
        return truth.drop(columns="subject").assign(score=1.0)

    monkeypatch.setitem(METHODS, "perfect", all_true)
    result = run(study_of({"a": {}, "perfect": {"method": "perfect"}}), seeds=2, seed=3)
    assert seen == [(4, 3), (4, 4)]
    counts = result.counts.query("variant == 'perfect'")
    assert counts["tp"].sum() == 2 * len(stages.truth(stages.profile("cpu", seed=3, **SMALL)))
    assert counts[["fp", "fn"]].to_numpy().sum() == 0
    events = result.events.query("variant == 'perfect'")
    assert events["hit"].all() and (events[["onset_error", "offset_error"]] == 0).all(axis=None)
    cost = result.costs.set_index("variant").loc["perfect"]
    assert cost["parameters"] == 0 and 0 <= cost["training_s"] < 60  # seconds that the method itself took


def test_a_result_without_some_videos_says_so_whenever_it_is_read(quick, monkeypatch, capsys):
    made = feature_stages.features
    monkeypatch.setattr(feature_stages, "features", lambda chosen: made(chosen)[1:])
    run(study_of({"a": {}, "random": {"method": "random"}}))
    assert "had no motion of s001_1" in capsys.readouterr().err
    monkeypatch.setattr("msstgcn.report.log._warnings", [])
    run(study_of({"a": {}, "random": {"method": "random"}}))
    assert capsys.readouterr().err.count("had no motion of s001_1: missed in its counts") == 2
    monkeypatch.setattr(feature_stages, "features", made)
    whole = run(study_of({"a": {}, "random": {"method": "random"}}))
    assert "no motion" not in capsys.readouterr().err, "they can be read again, and the result is made again"
    assert "s001_1" in set(whole.found["video"])


def test_in_smoke_only_the_ends_are_run(quick):
    assert list(run(profile="smoke").study.variants) == ["a", "c"]
    assert list(run(profile="smoke", only=["b"]).study.variants) == ["a", "b"]


@pytest.mark.parametrize(
    ("variants", "about", "message"),
    [
        ({"b": {"epoch": 3}}, {}, "study pair, variant 'b'.*unknown setting 'epoch'.*epochs.*mean 'epochs'"),
        ({"b": {"window": 11}}, {}, "variant 'b'.*window of 11 frames does not fit.*expected 17 frames"),
        ({"b": {"flow": "nosuch"}}, {}, "variant 'b'.*unknown flow method 'nosuch'.*farneback"),
        ({"b": {"regions": "11"}}, {}, "variant 'b'.*11"),
        ({"b": {"regions": [{"name": "x", "landmark": 99}]}}, {}, "variant 'b'.*landmark = 99 cannot be used"),
        ({"b": {"control": "nosuch"}}, {}, "unknown control 'nosuch'; expected one of shuffled-labels"),
        ({"b": {"method": "nosuch"}}, {}, "unknown method 'nosuch'; expected one of"),
        ({"b": {"selection": "best"}}, {}, "unknown selection protocol 'best'"),
        ({"b": {"folds": 1}}, {}, "folds must be 0 or at least 2"),
        ({"b": {"epochs": 3}}, {"trained": "once"}, "trains otherwise than the base"),
        ({"b": {"control": "shuffled-labels"}}, {"trained": "once"}, "trains otherwise than the base"),
        ({"b": {"selection": "inner-fold"}}, {"trained": "once"}, "expected fixed-epoch"),
        ({"b": {"selection": "inner-fold", "control": "shuffled-labels"}}, {}, "know the true labels"),
        ({"a": {"subjects": 2, "videos": 4}, "b": {"selection": "inner-fold", "subjects": 2, "videos": 4}}, {},
         "variant 'b'.*2 subjects.*at least three"),
        ({"b": {"method": "random", "control": "shuffled-labels"}}, {}, "variant 'b': both control = .* and method"),
        ({"b": {"subjects": 3}}, {}, "variant 'b': 3 subjects; expected the base's 4"),
        ({"b": {"subjects": 9}}, {"trained": "once"}, "variant 'b': 9 subjects; expected the base's 4"),
        ({"b": {"selection": "inner-fold", "folds": 0}}, {}, "without s00[24], s00[24] has no expression"),
        ({"b": {"method": "random", "regions": "11"}}, {}, "variant 'b'.*11"),
        ({"b": {"method": "random", "window_seconds": 9.0}}, {}, "study pair, variant 'b': .*window"),
        ({"b": {"method": [1]}}, {}, r"variant 'b': unknown method \[1\]"),
        ({"b": {"method": "flow-peaks", "pairs": "adjacent-only"}}, {}, "variant 'b'.*expected 'from-first'"),
        ({"b": {"seconds": 2.0, "videos": 1}}, {}, "variant 'b'.*no expression to train on|no annotated"),
    ],
)  # fmt: skip
def test_a_variant_that_cannot_run_is_refused_before_anything_is_trained(quick, variants, about, message):
    with pytest.raises(InputError, match=message):
        run(study_of({"a": {}, **variants}, **about))
    assert quick == []


def test_the_groups_of_every_seed_are_looked_at_before_anything_is_trained(quick):
    run(study_of({"a": {}}), seeds=2)
    quick.clear()
    with pytest.raises(InputError, match="variant 'a': the fold without group 1 of 2 has no expression"):
        run(study_of({"a": {}}), seeds=4)
    assert quick == []


def test_a_variant_of_groups_leaves_out_one_at_a_time_where_people_are_fewer_than_groups():
    study = study_of({"a": {}, "b": {"folds": 5}})
    for subjects, folds in ((6, 5), (5, 5), (4, 0)):
        part = study_parts.parts_of(study, "smoke", subjects=subjects)[1]
        assert part.chosen.learning.folds == folds


def test_what_a_study_varies_cannot_be_set_for_all_of_its_variants(quick):
    with pytest.raises(InputError, match=r"study pair: epochs is what this study varies, in 'b'; expected"):
        run(epochs=5)
    assert quick == []
    assert run(epochs=stages.AS_PROFILE, only=["c"]).counts["variant"].unique().tolist() == ["a", "c"]
    run(epochs=1, only=["c"])


def test_minus_one_is_a_value_where_a_setting_can_be_negative():
    assert (
        stages.profile("cpu", yaw=-1.0).data.yaw == -1 and stages.profile("cpu", folds=-1).learning.folds == 0
    )
    parts = study_parts.parts_of(study_of({"a": {}}), "cpu", landmark_offset=-1.0)
    assert parts[0].chosen.motion.landmark_offset == -1
    with pytest.raises(InputError, match="unknown setting 'seedling'"):
        study_parts.parts_of(study_of({"a": {}}), "cpu", seedling=-1)


def test_what_counts_a_result_is_part_of_its_key(quick, monkeypatch):
    place = study_runs._place(study_parts.parts_of(STUDY, "cpu", **SMALL)[0], 0, "cpu")
    monkeypatch.setattr(study_runs, "own_digest", lambda *modules: f"another {modules}")
    assert study_runs._place(study_parts.parts_of(STUDY, "cpu", **SMALL)[0], 0, "cpu") != place


def test_names_and_numbers_that_mean_nothing_are_refused(quick):
    for given, message in (
        ({"study": "windwo"}, "unknown study 'windwo'"),
        ({"only": ["nosuch"]}, "study pair: unknown variant 'nosuch'; expected one of a, b, c"),
        ({"seeds": 0}, "seeds = 0; expected a whole number, at least one"),
        ({"seeds": "2"}, "seeds = '2'; expected a whole number"),
        ({"add": {"mine": None}}, "variant 'mine': None; expected settings by their names"),
        ({"add": {"mine": {"seed": 3}}}, "variant 'mine': seed is no setting of one variant"),
        ({"add": {"mine": {"rho": -1}}}, "variant 'mine': rho = -1; leave it out"),
        ({"profile": "huge"}, "unknown profile 'huge'"),
        ({"device": "tpu"}, "unknown device 'tpu'"),
    ):
        with pytest.raises(InputError, match=message):
            run(**given)
    with pytest.raises(InputError, match="study pair: no variant; expected at least one, the base"):
        study_of({})
    with pytest.raises(InputError, match="a sweep without a point"):
        study_of({"a": {}}, sweep="lambda")
    with pytest.raises(InputError, match="places: unknown variant 'b'"):
        study_of({"a": {}}, sweep="lambda", places={"b": 1.0})
    assert quick == []


def test_values_of_numpy_are_taken_as_pythons(quick):
    mine = {"lr_decay": np.float32(0.5), "me_near": np.int64(3), "kernels": np.array([5, 5, 5, 5])}
    study = study_of({"a": {}})
    told = study_runs.plan(study, "cpu", add={"mine": mine}, **SMALL).parts[-1].chosen
    plain = {"lr_decay": 0.5, "me_near": 3, "kernels": [5, 5, 5, 5]}
    assert told == study_runs.plan(study, "cpu", add={"mine": plain}, **SMALL).parts[-1].chosen


def test_synthetic_videos_are_not_changed_where_others_are_worked_on(quick):
    chosen = stages.profile("cpu").model_copy(
        update={"source": feature_stages.sources.DiskSettings(dataset="samm-lv", root="/data")}
    )
    with pytest.raises(InputError, match="flow 'truth' is known of synthetic videos only"):
        study_parts._must_not_change_recordings(
            chosen.model_copy(update={"motion": chosen.motion.but(flow="truth")}), {}
        )
    with pytest.raises(InputError, match="iod, noise can be changed in synthetic videos only"):
        study_parts._must_not_change_recordings(chosen, {"noise": 1, "iod": 60, "epochs": 3})
    study_parts._must_not_change_recordings(chosen, {"epochs": 3})


def test_a_study_for_which_there_is_no_memory_is_refused(quick, monkeypatch):
    monkeypatch.setattr(budget, "free_memory", lambda device: 5e8)
    with pytest.raises(
        InputError, match=r"study pair: about \d\.\d GB of memory are needed and 0\.5 GB are free"
    ):
        run()
    assert quick == []
    monkeypatch.setattr(budget, "free_memory", lambda device: None)  # where that cannot be told
    run()
    monkeypatch.setattr(budget, "free_memory", lambda device: 0)
    run()  # nothing is left to do


def test_what_a_study_takes_is_counted_and_told(quick, capsys):
    run(seeds=2)
    told = capsys.readouterr().err
    frames = sum(len(video) for video in stages.dataset(stages.profile("cpu", **SMALL)).videos)
    assert f"study pair: 3 variants to make: {frames:,} frames to measure" in told
    whole = stages.profile("cpu", **SMALL, folds=2)
    found = budget.estimate([whole], [(whole, 4)], variants=1, device="cpu")
    tiles = 4 * (frames // 4 // 16)
    assert found.windows == 4 * 2 * tiles * 16 / 2  # folds and seeds, epochs, windows, half of the people
    assert budget.estimate([whole, whole], [(whole, 4)], variants=1, device="cpu").frames == frames
    longer = whole.but(motion={"window": 33})
    one, other, both = (
        budget.estimate(ways, [], variants=1, device="cpu") for ways in ([whole], [longer], [whole, longer])
    )
    looked = frames * (budget.RENDER_MS + budget.FACE_MS) / 1000 / joblib.cpu_count()  # once, for both
    assert both.frames == 2 * frames
    assert both.seconds == pytest.approx(one.seconds + other.seconds - looked)
    expressive = stages.profile("cpu", **SMALL, folds=2, sampling="expression")
    assert 0 < budget.estimate([], [(expressive, 4)], variants=1, device="cpu").windows < found.windows
    none = stages.profile("cpu", **SMALL, folds=2, neutral=0.0)
    some = stages.profile("cpu", **SMALL, folds=2, neutral=0.5)
    as_much = [budget.estimate([], [(one, 4)], variants=1, device="cpu").windows for one in (none, some)]
    assert as_much[1] == pytest.approx(1.5 * as_much[0])
    capsys.readouterr()
    run(seeds=2)
    assert "to make" not in capsys.readouterr().err
    run(study_of({"a": {}, "strict": {"match_iou": 0.7}}), seeds=2)  # the networks are there
    assert "1 variant to make: 684 frames to measure, 0 windows to train on" in capsys.readouterr().err


def test_inner_folds_that_are_there_are_not_counted(quick, capsys):
    chosen = {"videos": 2, "selection": "inner-fold"}
    run(study_of({"a": chosen}))
    capsys.readouterr()
    run(study_of({"a": {**chosen, "match_iou": 0.7}}))
    assert ", 0 windows to train on" in capsys.readouterr().err


def test_studies_of_one_call_measure_their_videos_together_and_are_counted_together(
    quick, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(feature_stages, "make_features", lambda wanted: asked.append(list(wanted)))
    small = [replace(STUDY, name=name, sizes={"cpu": {**SMALL, "folds": 2}}) for name in ("one", "two")]
    results = runs_of_record.run_and_record(small, "cpu", device="cpu")
    next(results)
    told = capsys.readouterr().err
    assert len(asked) == 1 and len(asked[0]) == 2 * len(STUDY.variants)
    alone, both = re.search("study one: (.*)", told)[1], re.search("all 2 studies: (.*)", told)[1]
    assert alone.startswith("3 variants") and alone == both, "the same results, though of two studies"
    assert "2.0 h" in str(budget.Budget(2, 10, 20, 7200, 1e9)) and "5 min" in str(
        budget.Budget(2, 1, 2, 300, 1e9)
    )


def test_the_time_that_training_takes_grows_with_the_work_of_the_network():
    base, narrow, one = (stages.profile("smoke", **own) for own in ({}, {"channels": 16}, {"scales": 1}))
    convolutions = (
        2 * 64 * 3 * 15 * 10 + 64 * 64 * (5 * 11 * 3 + 5 * 7 + 7) + 64 * 10
    )  # in, out, kernel, places
    mixing = 64 * (15 * 10 * 10 + 11 * 3 * 3)
    assert budget._multiplications(base) == convolutions + mixing
    seconds = [
        budget.estimate([], [(own, 2)], variants=1, device="cpu").seconds for own in (narrow, base, one)
    ]
    assert seconds[0] < seconds[1] / 2 < seconds[2] / 4
    windows = budget.estimate([], [(base, 2)], variants=1, device="cpu").windows
    on_a_gpu = budget.estimate([], [(base, 2)], variants=1, device="cuda")
    assert on_a_gpu.seconds == pytest.approx(windows / budget.WINDOWS_PER_GPU)


def test_on_a_gpu_both_memories_must_do(monkeypatch):
    chosen = stages.profile("smoke")
    on_cpu, on_gpu = (budget.estimate([], [(chosen, 1)], variants=1, device=name) for name in ("cpu", "cuda"))
    assert on_cpu.gpu == 0 and "GPU" not in str(on_cpu) and "GB on the GPU" in str(on_gpu)
    assert on_gpu.gpu == on_cpu.memory - budget.PROGRAM  # what one fold takes, wherever it trains
    free = {"cpu": on_gpu.memory, "cuda": on_gpu.gpu}
    monkeypatch.setattr(budget, "free_memory", lambda device: free[device])
    budget.afford(on_gpu, where="here")
    for device, named in (("cpu", "GB of memory are needed"), ("cuda", "GB of the GPU's memory are needed")):
        with monkeypatch.context() as patch, pytest.raises(InputError, match=named):
            patch.setitem(free, device, free[device] - 1)
            budget.afford(on_gpu, where="here")


def steps_in_full_size(name):
    """Steps that a fold of each variant trains for: full batches only."""
    found = {}
    for part in study_parts.parts_of(STUDIES[name], "gpu", seed=1):
        learned = part.chosen.learning
        windows = budget.estimate([], [(part.chosen, 1)], variants=1, device="cpu").windows / learned.epochs
        found[part.name] = learned.epochs * (windows // (learned.segments * learned.segment))
    return found


def test_every_frame_rate_gets_as_many_steps_in_full_size():
    base, *others = steps_in_full_size("frame-rate").values()
    assert others == pytest.approx([base] * 8, rel=1 / 7)


def test_in_full_size_segments_with_an_expression_get_as_many_steps_as_all():
    steps = steps_in_full_size("segments")
    assert steps["with expression only, 27 epochs"] == pytest.approx(steps["all"], rel=0.1)
    assert steps["with expression only (as released)"] < steps["all"] / 2


def test_all_studies_are_checked_before_the_first_is_run(project, monkeypatch, capsys, quick):
    wrong = study_of({"a": {}, "b": {"epoch": 3}}, sizes={"cpu": {**SMALL, "folds": 2}})
    monkeypatch.setitem(STUDIES, "wrong", wrong)
    assert command(monkeypatch, "study", "run", "pair", "wrong", "--device", "cpu") == 2
    shown = capsys.readouterr()
    assert quick == [] and shown.out == "" and "unknown setting 'epoch'" in shown.err


@pytest.mark.parametrize(
    "line, mount, limit, used, kept, without",
    [
        ("0::/job/step", "", "max", "current", "inactive_file", "max"),
        (
            "4:cpu,memory:/job/step", "memory",
            "limit_in_bytes", "usage_in_bytes", "total_inactive_file", "9223372036854771712",
        ),
    ],
    ids=["version 2", "version 1"],
)  # fmt: skip
def test_a_job_has_what_is_left_of_the_tightest_limit_of_its_groups(
    tmp_path, line, mount, limit, used, kept, without
):
    groups, root = tmp_path / "cgroup", tmp_path / "mounted"
    assert budget._left_to_this_job(groups, root) == float("inf")  # not Linux
    groups.write_text(f"9:name=systemd:/init\n{line}\n3:cpuset:/job/step\n")
    assert budget._left_to_this_job(groups, root) == float("inf")  # nothing mounted

    def group(name, most, taken):
        folder = root / mount / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in ((limit, most), (used, taken), ("stat", f"anon 100\n{kept} 300")):
            (folder / f"memory.{file}").write_text(f"{text}\n")

    group("job/step", without, 1500)
    assert budget._left_to_this_job(groups, root) > 1e18
    group("job", 4000, 1500)
    assert budget._left_to_this_job(groups, root) == 4000 - 1500 + 300
    group("job/step", 2500, 1500)
    assert budget._left_to_this_job(groups, root) == 2500 - 1500 + 300
    group("other", 0, 1500)
    assert budget._left_to_this_job(groups, root) == 2500 - 1500 + 300
    groups.write_text(line.replace("/job/step", "/docker/1234"))
    group("", 3500, 1500)  # in a container the group that the host calls so is the mount itself
    assert budget._left_to_this_job(groups, root) == 3500 - 1500 + 300


def test_free_memory_is_told_in_bytes():
    free = budget.free_memory("cpu")
    assert free is None or 1e7 < free < 1e14


@pytest.fixture
def project(tmp_path, monkeypatch, quick):
    """A project with a study of its own and nothing recorded."""
    for folder in ("notebooks", "book"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("MSSTGCN_ROOT", str(tmp_path))
    monkeypatch.setitem(STUDIES, "pair", replace(STUDY, sizes={"cpu": {**SMALL, "folds": 2}}))
    return tmp_path


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["msstgcn", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code or 0


def test_the_command_shows_and_records_what_came_out(project, monkeypatch, capsys):
    assert study_records.study_record("pair") is None
    assert study_records.study_note("pair") == "There is no run of record of the study pair yet."
    given = ("study", "run", "pair", "--seeds", "2", "--device", "cpu", "--set", "lr=0.02", "--record")
    assert command(monkeypatch, *given) == 0
    shown = capsys.readouterr().out
    assert "Is it better?" in shown and "could be resolved" in shown
    assert max(map(len, shown.splitlines())) <= 80
    record = records.latest_record("study-pair")
    assert record["seeds"] == 2 and record["settings"]["lr"] == 0.02 and record["settings"]["folds"] == 2
    result = stages.study("pair", "cpu", seeds=2, device="cpu", lr=0.02)
    kept = study_records.study_record("pair")
    assert kept is not None and kept.study == result.study
    by = ["variant", "seed", "class", "subject"]
    assert_frame_equal(
        kept.counts.sort_values(by, ignore_index=True), result.counts.sort_values(by, ignore_index=True)
    )
    assert_frame_equal(kept.events, result.events)
    assert_frame_equal(kept.costs, result.costs)
    assert_frame_equal(kept.table(), result.table())
    assert study_records.study_record("pair") is kept  # its table is made once
    note = study_records.study_note("pair")
    size = "4 subjects, 6 s of video each, 2 seeds, 2 folds, 2 to 3 epochs"
    assert f"profile cpu with lr = 0.02, {size}, synthetic-samm-lv" in note
    assert "leaves out" not in note
    before = {path: path.read_bytes() for path in records.records_dir().iterdir()}
    for smaller, why in (
        (("--only", "b"), "the one there has the variant 'c'"),
        (("--seeds", "1"), "the one there has 2 seeds"),
        (("--set", "seconds=5"), "the one there has 6 seconds a subject"),
        (("--set", "epochs=1", "--only", "a"), "the one there has 2 epochs"),
        (
            ("--set", "difficulty=easy"),
            "of something else: the one there has difficulty as the profile has it",
        ),
        (("--profile", "smoke"), "a run of record in the profile smoke"),
    ):
        for dry in ((), ("--dry-run",)):
            assert command(monkeypatch, *given, *smaller, *dry) == 2
            assert why in capsys.readouterr().err
    fewer = {**record, "size": {**record["size"], "subjects": 3}}
    for held in (record, {name: value for name, value in record.items() if name != "size"}):
        with monkeypatch.context() as patch:
            patch.setattr(records, "latest_record", lambda _, held=held: held)
            study_records.must_not_be_less("study-pair", record, variants="abc")
            with pytest.raises(InputError, match="smaller: the one there has 4 subjects; make the run alike"):
                study_records.must_not_be_less("study-pair", fewer, variants="abc")
    other = {**record, "settings": {**record["settings"], "lr": 0.03}}
    with pytest.raises(InputError, match="of something else: the one there has lr = 0.02; make"):
        study_records.must_not_be_less("study-pair", other, variants="abc")
    assert {path: path.read_bytes() for path in records.records_dir().iterdir()} == before
    next(iter(before)).unlink()
    assert command(monkeypatch, *given, "--only", "b") == 0
    assert study_records.study_note("pair").endswith("on cpu; it leaves out c.")


def test_a_run_of_record_in_several_goes_equals_one_made_in_one(project, quick, tmp_path, monkeypatch):
    (whole,) = run_of_record(seeds=2)
    records.latest_path("study-pair").unlink()
    for go, given in enumerate(({"seeds": 1}, {"seeds": 2, "only": ["b"]})):
        monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / f"machine {go}"))
        list(runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", keep=True, **given))
    kept = records.records_dir() / "kept" / "study-pair" / "studies"
    assert not records.has_record("study-pair")
    assert len(list(kept.iterdir())) == 5  # of three variants with the first seed, of two with the second
    damaged = next(iter(sorted(kept.iterdir()))) / "found.csv"
    damaged.write_text(damaged.read_text() + "v,me,1,2\n")
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "machine 2"))
    quick.clear()
    (result,) = run_of_record(seeds=2)
    assert len(quick) == 2 * 2  # folds of the result that nobody made, and of the one whose file was changed
    assert_frame_equal(result.table(), whole.table())
    assert sum(records.latest_record("study-pair")["made"].values()) == 6
    assert [path.name for path in records.records_dir().iterdir()] == [records.latest_path("study-pair").name]


def test_what_is_kept_for_one_record_stays_when_another_is_made(project, quick, tmp_path, monkeypatch):
    monkeypatch.setitem(STUDIES, "twin", replace(STUDIES["pair"], name="twin"))
    twins = [STUDIES["pair"], STUDIES["twin"]]
    list(runs_of_record.run_and_record(twins, "cpu", device="cpu", keep=True))
    run_of_record()
    assert [path.name for path in (records.records_dir() / "kept").iterdir()] == ["study-twin"]
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path / "another machine"))
    quick.clear()
    dry = runs_of_record.weigh([STUDIES["twin"]], "cpu", device="cpu", record=True)
    list(runs_of_record.run_and_record([STUDIES["twin"]], "cpu", device="cpu", record=True))
    assert dry == "nothing is left to make" and not quick and not (records.records_dir() / "kept").exists()


def test_a_result_without_some_of_the_videos_is_not_kept(project, quick):
    planned = study_runs.plan(STUDIES["pair"], "cpu", device="cpu", only=["a"])
    (place,) = planned.all_places
    store = feature_stages.data_store()
    with store.writing(*place, about={"left_out": ["v1"]}) as folder:
        (folder / "found.csv").write_text("")
    kept_results.keep("study-pair", [place])
    assert not (records.records_dir() / "kept").exists()
    with store.writing(*place, about={"left_out": []}) as folder:
        (folder / "found.csv").write_text("")
    assert store.entry(*place)["left_out"] == [], "of the same files the whole result counts"


def test_a_record_that_another_run_has_made_meanwhile_is_not_replaced_by_a_smaller_one(project, monkeypatch):
    real, counted = runs_of_record.carried_out, []

    def slow(planned, **given):
        if not counted:
            counted.append(planned)
            run_of_record(seeds=2)
        return real(planned, **given)

    monkeypatch.setattr(runs_of_record, "carried_out", slow)
    with pytest.raises(InputError, match="smaller: the one there has 2 seeds"):
        run_of_record(seeds=1)
    assert records.latest_record("study-pair")["seeds"] == 2


def test_another_data_set_on_disk_does_not_take_the_place_of_the_recorded_one(project):
    run_of_record(seeds=2)
    other = {**records.latest_record("study-pair"), "data": "folder (SHA-256 1)", "on_disk": True}
    with pytest.raises(InputError, match="of something else: the one there has synthetic-samm-lv"):
        study_records.must_not_be_less("study-pair", other, variants="abc")


def run_of_record(**given):
    """What a run of record of the study found."""
    made = runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", record=True, **given)
    return [result for result, _ in made]


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace('"runs"', '"walks"'),
        lambda text: text.replace('"truth": 0', '"truth": 9'),
        lambda text: text.replace('"seeds": 2', '"seeds": 50'),
        lambda text: re.sub(r'"tp": "\d+', '"tp": "-5', text),
        lambda text: text[: len(text) // 2],
    ],
)
def test_a_damaged_record_is_named_and_how_to_make_it_again(project, harm):
    runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", seeds=2, record=True).__next__()
    (path,) = records.records_dir().iterdir()
    path.write_text(harm(path.read_text()))
    with pytest.raises(InputError, match=f"{path.name}: the record cannot be read.*; make it again"):
        study_records.study_record("pair")


@pytest.mark.parametrize("text", ["[]", "null", '{"result": {}}', '{"result": {"owners": ["me"]}}'])
def test_a_note_names_a_damaged_record(project, text):
    records.records_dir().mkdir(exist_ok=True)
    (records.records_dir() / "study-pair-2026-01-01.json").write_text(text)
    with pytest.raises(InputError, match=r"study-pair-2026-01-01.json: the record cannot be read"):
        study_records.study_note("pair")


def test_the_command_refuses_before_it_works(project, quick, monkeypatch, capsys):
    (project / "file").write_text("")
    for given, why in (
        (("--set", "seeds=3"), "--set: unknown setting 'seeds'"),
        (("--set", "device=cpu"), "--set: unknown setting 'device'"),
        (("--set", "epochs"), "--set epochs; expected --set name=value"),
        (("--add", "mine"), "--add 'mine'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", "mine: 3"), "--add 'mine: 3'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", ": epochs=3"), "--add ': epochs=3'; expected --add 'NAME: SETTING=VALUE ...'"),
        (("--add", "mine: epoch=3"), "--add 'mine': unknown setting 'epoch'"),
        (("--set", "lr=-1"), "--set: lr = -1; leave it out to keep the profile's value"),
        (("--add", "mine: lr=-1"), "--add 'mine': lr = -1; leave it out to keep the profile's value"),
        (("all",), "all and pair; expected all, or names of studies"),
        (("all", "nonsense"), "unknown study 'nonsense'"),
        (("--add", "mine: lr=0.1", "--add", "mine: lr=0.2"), "--add names 'mine' twice"),
        (("--out", str(project / "file")), "nothing can be written there"),
        (("--set", "folds=99", "--out", str(project / "new")), "folds = 99 of 4 subjects"),
    ):
        assert command(monkeypatch, "study", "run", "pair", "--device", "cpu", *given) == 2
        shown = capsys.readouterr()
        assert why in shown.err and not shown.out and quick == []
    assert not (project / "new").exists()


def test_a_dry_run_says_what_it_would_take_and_makes_nothing(project, quick, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--only", "b")
    assert command(monkeypatch, *given, "--dry-run") == 0
    told = capsys.readouterr().out
    assert told.startswith("study pair: 2 variants to make: ") and told.count("\n") == 1 and quick == []
    assert command(monkeypatch, *given, "--set", "folds=99", "--dry-run") == 2
    assert command(monkeypatch, *given) == 0 and quick
    capsys.readouterr()
    assert command(monkeypatch, *given, "--dry-run") == 0
    assert capsys.readouterr().out == "nothing is left to make\n"


def test_a_variant_of_ones_own_can_be_added_on_the_command_line(project, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--only", "b", "--json")
    assert command(monkeypatch, *given, "--add", "mine: kernels=[5,5,5,5] regions=10 lr=0.01") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["study"] == "pair" and told["profile"] == "cpu" and told["seed"] == 0
    assert [row["variant"] for row in told["rows"]] == ["a"] * 3 + ["b"] * 3 + ["mine"] * 3
    assert told["rows"][3]["resolvable"] == "none" and told["answer"].startswith("With one training")


@pytest.mark.parametrize(
    "text, name, own",
    [
        ("mine: kernels=[3, 5, 5, 7] lr=0.1", "mine", {"kernels": [3, 5, 5, 7], "lr": 0.1}),
        (" control: more labels :lr=0.1 ", "control: more labels", {"lr": 0.1}),
        ("twice, lr=0.2: lr=0.2", "twice, lr=0.2", {"lr": 0.2}),
        (
            'mine: regions=[{"name": "left brow", "landmark": 19}]  window=17',
            "mine", {"regions": [{"name": "left brow", "landmark": 19}], "window": 17},
        ),
    ],
)  # fmt: skip
def test_a_variant_may_have_colons_in_its_name_and_spaces_in_its_values(text, name, own):
    assert typed._variant(text) == (name, own)


def test_a_variant_is_read_back_as_it_is_listed(monkeypatch, capsys):
    for one in STUDIES.values():
        assert command(monkeypatch, "study", "list", one.name) == 0
        for line, (name, own) in zip(capsys.readouterr().out.splitlines(), one.variants.items(), strict=True):
            if own:
                assert typed._variant(line) == (name, json.loads(json.dumps(own)))


def test_variants_are_listed_with_what_they_set(monkeypatch, capsys):
    assert command(monkeypatch, "study", "list", "window") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["17 frames: (as the method has it)", "5 frames: window=5 kernels=[3,2,2,1]"]


def test_all_studies_of_a_data_set_on_disk_are_those_that_change_no_video(capsys):
    kept = {one.name for one in study_runs.answerable(STUDIES.values(), {"dataset": "samm-lv"})}
    assert {"yaw", "frame-rate", "intensity"}.isdisjoint(kept) and {"lambda", "iou", "alignment"} <= kept
    assert "left out, because they change the videos" in capsys.readouterr().err
    assert len(study_runs.answerable(STUDIES.values(), {})) == len(STUDIES)


def test_a_section_shows_the_readers_run_over_the_run_of_record(project, monkeypatch):
    glued = {}
    monkeypatch.setattr("msstgcn.report.glue", lambda name, value: glued.update({name: value}))
    own = stages.study("pair", "cpu", device="cpu")
    written = project / "book" / "tables" / "study_pair.csv"
    shown = sections.study_section(own, caption="Two epochs and three.").data
    assert shown["variant"].tolist() == ["a", "b", "c", "<small>could be resolved, points</small>"]
    assert set(pd.read_csv(written)["run"]) == {"this run"} and glued["ch9_pair_expected"] == STUDY.expected
    assert glued["ch9_pair_note"] == "There is no run of record of the study pair yet."
    assert glued["ch9_pair_record"] == glued["ch9_pair_record_me"] == ""
    assert glued["ch9_pair_question"] == STUDY.question and glued["ch9_pair_more"] == ""
    ((result, _),) = runs_of_record.run_and_record([STUDY], "cpu", device="cpu", seeds=2, record=True)
    shown = sections.study_section(own, caption="Two epochs and three.").data
    rows = shown["variant"].tolist()
    assert rows[0] == "<em>this run</em>" and rows[5] == "<em>of record</em>" and len(rows) == 10
    assert pd.read_csv(written)["run"].value_counts().to_dict() == {"this run": 9, "of record": 9}
    for metric, end in (("overall", ""), ("ME", "_me"), ("MaE", "_mae")):
        assert glued[f"ch9_pair_answer{end}"] == answer(STUDY, own.table(), metric)
        told = f"Of record: {answer(STUDY, result.table(), metric)}"
        holds = (
            f" {agreement(STUDY, result.table(), epochs=study_records.trained_for('pair'))}"
            if metric == "overall"
            else ""
        )
        assert glued[f"ch9_pair_record{end}"] == told + holds and not (
            holds and "The paper holds" not in holds
        )
    seen = sections.seen_in_records(9).set_index("study")
    overall = result.table().query("`class` == 'overall'").set_index("variant")
    told = ", ".join(f"{name} ({points(overall['difference'][name])})" for name in ("b", "c"))
    cells = seen.loc["pair", ["better", "worse", "not told apart"]]
    assert sorted(", ".join(cell for cell in cells if cell != "–").split(", ")) == told.split(", ")
    assert seen.loc["pair", "base"].endswith("], 2 seeds") and seen.loc[
        "pair", "could be resolved"
    ] == resolved(overall["resolvable"].dropna())
    assert sections.seen_in_records(12).empty
    counted, table = sections.alarms(own).set_index("variant"), result.table().set_index(["variant", "class"])
    assert (
        set(counted["run"]) == {"of record"}
        and counted.loc["b", "MaE false alarms"] == table.loc[("b", "MaE"), "FP"]
    )
    assert sections.ends_of(own)["hits"].sum() == result.events["hit"].sum()
    pairs = {"two": ("b", "c"), "gone": ("b", "nosuch")}
    compared, row = (
        sections.pairs_shown(own, pairs, "which"),
        pair_table(result.counts, {"two": ("b", "c")}).iloc[0],
    )
    assert compared.columns.tolist() == ["run", "which", "overall", "ME", "MaE"]
    assert compared["which"].tolist() == ["two", "could be resolved, points"]
    assert compared.loc[1, "overall"] == resolved(pd.Series([row["resolvable"]]))
    assert sections.pairs_shown(own, {"gone": ("b", "nosuch")}, "which").empty
    assert sections.pairs_told(own, pairs).startswith(
        "In the run of record: With “b against c” no difference"
    )
    assert sections.pairs_told(own, {"gone": ("b", "nosuch")}) == ""
    assert compared.loc[0, "overall"].startswith(report.difference_text(dict(row)))
    recalls = sections.recalls(own)
    assert set(recalls["run"]) == {"of record"} and recalls["found"].sum() == result.events["hit"].sum()
    assert sections.cost_shown(own)["training [s]"].tolist() == result.costs["training_s"].tolist()
    spotted = table.loc[("c", "overall"), ["TP", "FP"]].sum()
    assert f"{spotted} intervals in the run of record, a " in sections.spotted_by(own, "c")
    assert "not run" in sections.spotted_by(own, "nosuch")
    weights = f"{int(result.costs['parameters'].iloc[0]):,}"
    told = f"In the run of record, “b”, with {weights} weights to train against {weights}, is not told apart from “a” ("
    assert sections.simpler(own, ["nosuch", "b"]).startswith(told) and sections.simpler(own, ["nosuch"]) == ""


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


def test_false_alarms_are_those_of_the_studys_own_overlap(quick):
    """Of what was spotted every true interval, one frame of each: a hit if so little is asked for."""
    truth = stages.dataset(stages.profile("cpu", **SMALL))
    rows = [(v.name, e.label, e.onset, e.onset) for v in truth.videos for e in v.expressions]
    for overlap, wrong in ((0.5, len(rows)), (0.001, 0)):
        chosen = replace(STUDY, variants={"a": {}}, sizes={"cpu": {**SMALL, "match_iou": overlap}})
        found = pd.DataFrame(rows, columns=["video", "class", "onset", "offset"]).assign(variant="a", seed=0)
        result = SimpleNamespace(found=found, counts=pd.DataFrame({"seed": [0]}))
        causes = false_alarms.causes_of(result, study_parts.parts_of(chosen, "cpu"))
        assert causes["number"].sum() == wrong


def test_the_spread_of_a_base_is_that_of_its_seeds_and_of_its_people(project):
    assert sections.spread_of_record("pair") == ""
    runs_of_record.run_and_record([STUDIES["pair"]], "cpu", device="cpu", seeds=1, record=True)
    assert sections.spread_of_record("pair") == ""
    ((result, _),) = runs_of_record.run_and_record(
        [STUDIES["pair"]], "cpu", device="cpu", seeds=3, record=True
    )
    counts = result.counts[result.counts["variant"] == "a"]
    sums = counts.groupby("seed")[["tp", "fp", "fn"]].sum()
    spread = (2 * sums["tp"] / (2 * sums["tp"] + sums["fp"] + sums["fn"])).std()
    told = sections.spread_of_record("pair")
    assert f"F1 of 3 trainings of the base has a standard deviation of {100 * spread:.1f} points" in told


@pytest.mark.parametrize(
    ("gain", "p", "claimed"), [(0.07, 0.001, True), (0.07, 0.2, False), (-0.06, 0.001, False)]
)
def test_other_studies_stop_early_only_if_the_longest_training_is_better(gain, p, claimed):
    usual = SIZES["gpu"]["epochs"]
    asked = []

    def pairs(wanted):
        asked.extend(wanted.values())
        values = {"difference": gain, "diff low": gain - 0.01, "diff high": gain + 0.01}
        return pd.DataFrame({"class": ["overall", "ME"], "p": [p, 0.5], "few trainings": False, **values})

    kept = SimpleNamespace(study=STUDIES["epochs"], pairs=pairs)
    told = sections.still_improving(kept)
    assert asked == [("32 epochs", f"{usual} epochs")]
    start = f"In the run of record 32 epochs change F1 against {usual} by {100 * gain:+.1f} ["
    assert told.startswith(start)
    assert ("would still have improved" in told) == claimed
    assert sections.still_improving(None) == ""


def test_table_and_figure_are_written_where_they_are_asked_for(project, monkeypatch, capsys):
    given = ("study", "run", "pair", "--device", "cpu", "--out", str(project / "shown"))
    plt.close("all")
    assert command(monkeypatch, *given) == 0
    assert plt.get_fignums() == [], "all studies in one go would leave a figure each"
    files = [project / "shown" / f"study_pair.{ending}" for ending in ("csv", "md", "tex", "png")]
    assert capsys.readouterr().err.split()[-4:] == [str(path) for path in files]
    assert list(pd.read_csv(files[0])["variant"].unique()) == ["a", "b", "c"]
    assert files[3].read_bytes().startswith(b"\x89PNG") and not (project / "book" / "tables").exists()


def test_studies_are_listed_one_a_line_and_run_one_after_the_other(project, monkeypatch, capsys):
    assert command(monkeypatch, "study", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(STUDIES)
    assert [line.split(maxsplit=2)[2] for line in lines] == [one.question for one in STUDIES.values()]
    monkeypatch.setitem(STUDIES, "twin", study_of({"a": {}, "b": {"epochs": 3}}, sizes=STUDIES["pair"].sizes))
    assert (
        command(monkeypatch, "study", "run", "pair", "twin", "--device", "cpu", "--only", "b", "--json") == 0
    )
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert [row["variant"] for row in first["rows"]] == ["a"] * 3 + ["b"] * 3
    assert first == second  # the same under another name
    assert (
        command(monkeypatch, "study", "run", "pair", "pair", "--device", "cpu", "--only", "b", "--json") == 0
    )
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [first]  # once
    assert command(monkeypatch, "study", "run", "pair", "nosuch") == 2
    assert "unknown study 'nosuch'" in capsys.readouterr().err


def test_studies_of_a_chapter_are_made_before_it_runs(project, quick, monkeypatch):
    values = {"profile": "cpu", "device": "cpu", "seed": 0}
    named = stages.Named
    call = {"which": "pair", "profile": named("profile"), "seed": named("seed"), "device": named("device")}
    stages.prepare(
        [("study", {**call, "only": named("mine")}), ("study", {**call, "add": stages.UNKNOWN})], values
    )
    assert quick == []  # only the chapter knows what it will ask for
    stages.prepare([("study", {**call, "add": {"x": {"epochs": 1}}, "only": ["b"]})], values)
    assert len(quick) == 6
    stages.study("pair", "cpu", device="cpu", only=["b"], add={"x": {"epochs": 1}})
    assert len(quick) == 6


def test_all_studies_can_run_in_every_profile():
    for one in STUDIES.values():
        for profile in ("smoke", "cpu", "gpu"):
            study_parts.parts_of(one, profile)
