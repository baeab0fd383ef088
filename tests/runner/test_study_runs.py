"""A study trains each variant with each seed on the same videos, keeps what came out, and goes on after a stop."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from small_studies import MOVED, SMALL, STUDY, run, same, study_of, waving

from msstgcn import learning, spotting
from msstgcn.errors import InputError
from msstgcn.runner import feature_stages, stages, study_parts, study_runs, training_stages, variant_results
from msstgcn.studies import METHODS, STUDIES


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


def test_what_a_study_varies_cannot_be_set_for_all_of_its_variants(quick):
    with pytest.raises(InputError, match=r"study pair: epochs is what this study varies, in 'b'; expected"):
        run(epochs=5)
    assert quick == []
    mine = {"mine": {"epochs": 2}}
    assert set(run(epochs=1, only=["c"], add=mine).study.variants) >= {"a", "c", "mine"}, "it keeps its own"
    assert run(epochs=stages.AS_PROFILE, only=["c"]).counts["variant"].unique().tolist() == ["a", "c"]
    run(epochs=1, only=["c"])


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
        ({"add": {"": {"epochs": 3}}}, "study pair: a variant without a name"),
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


def test_all_studies_of_a_data_set_on_disk_are_those_that_change_no_video(capsys):
    kept = {one.name for one in study_runs.answerable(STUDIES.values(), {"dataset": "samm-lv"})}
    assert {"yaw", "frame-rate", "intensity"}.isdisjoint(kept) and {"lambda", "iou", "alignment"} <= kept
    assert "left out, because they change the videos" in capsys.readouterr().err
    assert len(study_runs.answerable(STUDIES.values(), {})) == len(STUDIES)


def test_studies_of_a_chapter_are_made_before_it_runs(project, quick, monkeypatch):
    values = {"profile": "cpu", "device": "cpu", "seed": 0}
    named = stages.Named
    call = {"which": "pair", "profile": named("profile"), "seed": named("seed"), "device": named("device")}
    calls = [("study", {**call, "only": named("mine")}), ("study", {**call, "add": stages.UNKNOWN})]
    stages.prepare([(calls, values)])
    assert quick == []  # only the chapter knows what it will ask for
    stages.prepare([([("study", {**call, "add": {"x": {"epochs": 1}}, "only": ["b"]})], values)])
    assert len(quick) == 6
    stages.study("pair", "cpu", device="cpu", only=["b"], add={"x": {"epochs": 1}})
    assert len(quick) == 6


def test_features_of_several_chapters_are_measured_together_and_first(project, quick, monkeypatch):
    asked = []
    monkeypatch.setattr(feature_stages, "make_features", lambda given: asked.append(([*given], [*quick])))
    values = {"profile": "smoke", "device": "cpu", "seed": 0}
    call = {"which": "pair", "profile": "cpu", "device": "cpu"}
    stages.prepare([([("loso", {})], values), ([("study", call)], values)])
    ((wanted, trained),) = asked
    assert trained == [] and quick
    variants = [part.chosen for part in study_runs.plan("pair", "cpu", device="cpu").parts]
    assert wanted == [stages.profile("smoke", seed=0), *variants]
