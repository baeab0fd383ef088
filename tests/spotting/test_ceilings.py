"""Upper bounds of the decoder, against trying everything."""

from __future__ import annotations

import numpy as np
import pytest

from msstgcn.datasets.statistics import statistics
from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures
from msstgcn.settings import SpottingSettings
from msstgcn.spotting import decoder_ceiling, perfect_probabilities, real_ceilings, spot_video
from msstgcn.spotting.ceilings import share_within_cap, share_within_reach, within_reach
from msstgcn.timeline import Expression


def best_iou(length, apex, near, far):
    """Try every onset and offset that the decoder may give."""
    true, best = set(range(length)), 0.0
    for onset in range(apex - far, apex - near + 1):
        for offset in range(apex + near, apex + far + 1):
            here = set(range(onset, offset + 1))
            best = max(best, len(true & here) / len(true | here))
    return best


@pytest.mark.parametrize(("near", "far", "longest"), [(2, 8, 40), (8, 29, 140)])
def test_reach_equals_trying_every_interval(near, far, longest):
    rng = np.random.default_rng(near)
    length = rng.integers(1, longest, 60)
    apex = np.array([int(rng.integers(0, n)) for n in length])
    wanted = [best_iou(n, a, near, far) >= 0.5 for n, a in zip(length.tolist(), apex.tolist(), strict=True)]
    assert 5 < sum(wanted) < 60
    assert within_reach(length, apex, near=near, far=far, iou=0.5).tolist() == wanted


def test_share_within_reach_agrees_with_drawing_expressions():
    figures = statistics("samm-lv")["mae"]
    rng = np.random.default_rng(1)
    quantiles = figures["duration_quantiles"]
    hits = 0
    for _ in range(2000):
        seconds = np.interp(100 * rng.uniform(), [float(q) for q in quantiles], list(quantiles.values()))
        length = max(round(seconds * 200 / 7), 1)
        apex = round(rng.beta(*figures["apex"]) * (length - 1))
        onset, offset = min(max(0, apex - 29), apex - 8), max(min(length - 1, apex + 29), apex + 8)
        here, true = set(range(onset, offset + 1)), set(range(length))
        hits += len(here & true) / len(here | true) >= 0.5
    share = share_within_reach(figures, 200 / 7, near=8, far=29, iou=0.5)
    assert share == pytest.approx(
        hits / 2000, abs=0.018
    )  # three standard errors of a share of .93 in 2000 draws


def test_a_cap_loses_what_exceeds_it():
    videos = {"0": 4, "2": 3, "7": 1}
    assert share_within_cap(videos, 5) == pytest.approx(11 / 13)
    assert share_within_cap(videos, None) == 1
    assert share_within_cap(videos, None, 0.5) == pytest.approx(0.5)
    rng = np.random.default_rng(2)
    drawn = [rng.binomial(6, 0.8) + min(rng.binomial(7, 0.8), 5) for _ in range(4000)]
    assert share_within_cap(videos, 5, 0.8) == pytest.approx(np.mean(drawn) / 13, abs=0.01)


def test_real_ceilings_add_up():
    names = {"SAMM-LV": statistics("samm-lv"), "CAS(ME)^2": statistics("casme2")}
    table = real_ceilings(names, SpottingSettings())
    assert table["events"].tolist() == [159, 343, 502, 57, 300, 357]  # the counts of the workbooks
    both = table[table["class"] == "both"].set_index("data set")
    # counted by hand: 34 of SAMM-LV's 343 MaE and 54 of CAS(ME)^2's 300 are a sixth or later one in their video
    assert both.loc["SAMM-LV", "beyond the cap"] == pytest.approx(34 / 502)
    assert both.loc["CAS(ME)^2", "beyond the cap"] == pytest.approx(54 / 357)
    assert (table["best recall"] <= 1 - table["beyond the cap"] + 1e-9).all()
    free = real_ceilings(names, SpottingSettings(top=None, me_near=0, me_far=600, mae_near=0, mae_far=600))
    assert (free["best F1"] == 1).all()


EVENTS = (
    Expression(10, 14, 19, "me"),
    Expression(60, 75, 100, "mae"),
    Expression(200, 250, 340, "mae"),  # ends 50 and 90 frames from the apex: out of reach
)


def _video(expressions, frames=400):
    return VideoFeatures(
        video="v", subject="s", fps=30.0, flow=np.zeros((frames, 17, 10, 2), np.float32),
        mask=np.ones(frames, bool), expressions=tuple(expressions),
    )  # fmt: skip


def test_a_perfect_network_loses_what_is_out_of_reach():
    found = spot_video(perfect_probabilities(EVENTS, 400), SpottingSettings())
    assert found[["class", "onset", "offset"]].to_numpy().tolist()[0][0] == "me"
    ceiling = decoder_ceiling([_video(EVENTS)], SpottingSettings())
    assert (ceiling.me.tp, ceiling.mae.tp, ceiling.mae.fn, ceiling.overall.fp) == (1, 1, 1, 0)
    far = decoder_ceiling([_video(EVENTS)], SpottingSettings(mae_far=90))
    assert (far.mae.tp, far.mae.fn) == (2, 0)


def test_a_perfect_network_loses_what_exceeds_the_cap():
    events = [Expression(50 * n + 10, 50 * n + 15, 50 * n + 20, "me") for n in range(7)]
    assert decoder_ceiling([_video(events)], SpottingSettings()).me.fn == 2
    assert decoder_ceiling([_video(events)], SpottingSettings(top=None)).me.f1 == 1


def test_a_video_without_expressions_costs_a_perfect_network_nothing():
    ceiling = decoder_ceiling([_video([])], SpottingSettings())
    assert ceiling.overall.to_dict()["fp"] == 0 and list(ceiling.per_video["video"]) == ["v", "v"]


def test_a_ceiling_needs_a_video():
    with pytest.raises(InputError, match="no videos; expected at least one labelled video"):
        decoder_ceiling([], SpottingSettings())
