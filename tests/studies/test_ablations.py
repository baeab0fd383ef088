from __future__ import annotations

from msstgcn.runner.study_parts import parts_of
from msstgcn.settings import NetworkSettings
from msstgcn.studies import STUDIES
from msstgcn.studies.ablations import ABLATIONS, KERNELS

BY_NAME = {study.name: study for study in ABLATIONS}


def values(study: str, setting: str) -> set:
    return {own[setting] for own in BY_NAME[study].variants.values() if setting in own}


def test_what_the_paper_leaves_open_is_asked():
    assert values("window", "window") == {5, 11, 25}  # beside 17, the base
    assert values("pairs", "pairs") == {"adjacent-only", "short-only", "long-only"}
    assert values("head-model", "head") == {"nose", "none"}
    assert values("scales", "scales") == {1, 2}
    assert values("pooling", "pooling") == {"mean"}
    assert values("operator", "operator") == {"adjacency", "none", "learned"}
    assert values("edges", "graph") == {"random"}
    assert values("lambda", "lambda_contrast") == {0, 0.005, 0.01, 0.1, 0.5}  # beside .05
    assert values("boundary-loss", "boundary_loss") == {"focal"}
    assert values("components", "contrast") == {"released"}
    assert values("segments", "sampling") == {"all", "expression"}
    assert all(STUDIES[name] is study for name, study in BY_NAME.items())
    assert {study.chapter for study in ABLATIONS} == {9}


def test_kernels_follow_the_window_in_one_study_and_not_in_the_other():
    for name, own in BY_NAME["window"].variants.items():
        network = NetworkSettings.make({k: v for k, v in own.items() if k == "kernels"})
        assert network.receptive_field == own.get("window", 17) == BY_NAME["window"].places[name]
    for name, own in list(BY_NAME["window-mismatch"].variants.items())[1:]:
        network = NetworkSettings.make(own)
        assert network.receptive_field == BY_NAME["window-mismatch"].places[name] != 17
        assert "window" not in own
    assert KERNELS.keys() == {5, 11, 25}


def test_components_are_taken_away_one_at_a_time():
    found = BY_NAME["components"].variants
    assert found["ST-GCN only"] == {**found["+ FLGP"], **found["+ contrastive"]}
    assert found["full"] == {}


def test_a_variant_differs_from_its_base_in_what_it_names_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_DATA", str(tmp_path))
    for study in ABLATIONS:
        parts = parts_of(study, "cpu")
        assert [part.name for part in parts] == list(study.variants)
        base = parts[0].chosen.model_dump()
        for part in parts[1:]:
            own = part.chosen.model_dump()
            changed = {
                setting
                for stage, held in own.items()
                if isinstance(held, dict)
                for setting, value in held.items()
                if value != base[stage][setting]
            }
            assert changed - study.variants[study.base].keys() <= study.variants[part.name].keys()
            assert changed, (study.name, part.name)
