"""Every variant is checked before anything is trained, and a wrong one is told by name."""

import pytest
from small_studies import run, study_of

from msstgcn.errors import InputError
from msstgcn.runner import feature_stages, stages, study_parts
from msstgcn.studies import STUDIES


@pytest.mark.parametrize(
    ("variants", "about", "message"),
    [
        ({"b": {"epoch": 3}}, {}, "study pair, variant 'b'.*unknown setting 'epoch'.*epochs.*mean 'epochs'"),
        ({"b": {"dataset": "samm-lv"}}, {}, "study pair, variant 'b'.*unknown setting 'dataset'"),
        ({"b": {"name": "x"}}, {}, "study pair, variant 'b'.*unknown setting 'name'"),
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


def test_a_variant_of_groups_leaves_out_one_at_a_time_where_people_are_fewer_than_groups(capsys):
    study = study_of({"a": {}, "b": {"folds": 5}})
    for subjects, folds in ((6, 5), (5, 5), (4, 0)):
        part = study_parts.parts_of(study, "smoke", subjects=subjects)[1]
        assert part.chosen.learning.folds == folds
        told = "warning: variant 'b' asks for 5 groups of 4 people; one is left out at a time"
        assert (told in capsys.readouterr().err) == (subjects < 5)


def test_minus_one_is_a_value_where_a_setting_can_be_negative():
    assert (
        stages.profile("cpu", yaw=-1.0).data.yaw == -1 and stages.profile("cpu", folds=-1).learning.folds == 0
    )
    parts = study_parts.parts_of(study_of({"a": {}}), "cpu", landmark_offset=-1.0)
    assert parts[0].chosen.motion.landmark_offset == -1
    with pytest.raises(InputError, match="unknown setting 'seedling'"):
        study_parts.parts_of(study_of({"a": {}}), "cpu", seedling=-1)


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


def test_all_studies_can_run_in_every_profile():
    for one in STUDIES.values():
        for profile in ("smoke", "cpu", "gpu"):
            parts = study_parts.parts_of(one, profile)
            assert [part.name for part in parts] == list(one.variants)
