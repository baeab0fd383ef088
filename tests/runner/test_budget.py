"""What a study takes is counted and told before it runs, and one that does not fit into memory is refused."""

import re
from dataclasses import replace

import joblib
import pytest
import torch
from small_studies import SMALL, STUDY, run, study_of
from torch.utils.flop_counter import FlopCounterMode

from msstgcn.errors import InputError
from msstgcn.network import MSSTGCN
from msstgcn.network.model import region_count
from msstgcn.runner import budget, feature_stages, runs_of_record, stages, study_parts
from msstgcn.studies import STUDIES


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
    assert budget._multiplications(base.network, 17) == convolutions + mixing
    seconds = [
        budget.estimate([], [(own, 2)], variants=1, device="cpu").seconds for own in (narrow, base, one)
    ]
    assert seconds[0] < seconds[1] / 2 < seconds[2] / 4
    windows = budget.estimate([], [(base, 2)], variants=1, device="cpu").windows
    on_a_gpu = budget.estimate([], [(base, 2)], variants=1, device="cuda")
    assert on_a_gpu.seconds == pytest.approx(windows / budget.WINDOWS_PER_GPU)


@pytest.mark.parametrize(
    "own", [{}, {"spatial": "flat"}, {"scales": 1}, {"operator": "learned"}, {"regions": "22"}]
)
def test_the_work_of_a_network_is_what_pytorch_counts(own):
    network = stages.profile("smoke", **own).network
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        MSSTGCN(network).eval()(torch.zeros(1, 2, 17, region_count(network)))
    assert budget._multiplications(network, 17) == counter.get_total_flops() / 2, (
        "it counts the additions too"
    )


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
