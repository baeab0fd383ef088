"""Robustness: what becomes of the method when the videos, or what is measured in them, are not as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msstgcn.settings import AS_PROFILE
from msstgcn.studies.study import SIZES, Study, as_many_steps
from msstgcn.timeline.rates import SAMM_FPS

#: The networks of the book's one full run are asked, each about the person it never saw: trained on all its videos. In
#: the full size it is the networks of the other studies' base: it takes groups of subjects, and several seeds. So it is
#: in the smallest, to train nothing for these studies alone.
_FULL: Mapping[str, Any] = dict.fromkeys(("subjects", "videos", "seconds", "size", "iod"), AS_PROFILE)
_TRAINING: Mapping[str, Any] = dict.fromkeys(("subjects", "epochs", "folds", "watch"), AS_PROFILE)
_TAUGHT: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"subjects": SIZES["smoke"]["subjects"], "size": AS_PROFILE, "iod": AS_PROFILE},
    "cpu": _FULL,
    "gpu": _FULL,
}
#: What they are asked about: on a laptop fewer videos, and short ones, because every variant needs its own.
_ASKED: Mapping[str, Mapping[str, Any]] = {
    "smoke": {"subjects": 2},
    "cpu": {**_TRAINING, "videos": 1, "seconds": 12.0},
}
#: Studies that train on such videos: few on a laptop, and more epochs on them instead.
_SHORT: Mapping[str, Mapping[str, Any]] = {"cpu": {"videos": 1, "seconds": 12.0, "epochs": 12}}

#: Window and kernels by frame rate that follow the 17 frames at 28.57 a second, and the kernels 3, 5, 5, 7 which see
#: just as many: the odd number of frames nearest to .595 s, and kernels that reach, in these proportions, as far.
WINDOWS: dict[float, tuple[int, tuple[int, int, int, int]]] = {
    100: (59, (9, 15, 15, 23)),
    60: (35, (5, 9, 9, 15)),
    20: (11, (3, 3, 3, 5)),
    15: (9, (3, 3, 3, 3)),
}
#: Spans of the decoder in frames at 28.57 a second; at another rate they span as many seconds.
_SPANS = {"me_near": 2, "me_far": 8, "mae_near": 8, "mae_far": 29}
_BASE_RATE = "28.57 fps"


def _at_rate(fps: float, *, seconds: bool) -> dict[str, Any]:
    """Settings of a variant: the decoder's spans follow the seconds always, the window if asked for.

    A faster camera makes more segments of a video, and so more steps of an epoch: the epochs go down as the rate goes
    up, and in full size every variant trains for as many steps, within a seventh.
    """
    own: dict[str, Any] = {"fps": float(fps)}
    own |= {name: max(1, round(frames * fps / SAMM_FPS)) for name, frames in _SPANS.items()}
    own |= as_many_steps(fps / SAMM_FPS)
    if seconds:
        window, kernels = WINDOWS[fps]
        own |= {"window": window, "kernels": list(kernels)}
    return own


_RATES: dict[str, tuple[float, dict[str, Any]]] = {
    f"{fps:g} fps, window in {unit}": (fps, _at_rate(fps, seconds=unit == "seconds"))
    for unit in ("frames", "seconds")
    for fps in WINDOWS
}

#: In the order in which the chapter tells them.
ROBUSTNESS: tuple[Study, ...] = (
    Study(
        "frame-rate",
        10,
        "How does it do at other frame rates, with a window of as many frames or of as many seconds?",
        "A window of as many seconds should do as well at any rate from 20 on, and worse at 15, where a "
        "micro-expression may last four frames; one of as many frames should lose at 60 and 100, where it sees a "
        "part of a movement only.",
        {_BASE_RATE: {}, **{name: own for name, (_, own) in _RATES.items()}},
        sweep="frames a second",
        places={_BASE_RATE: SAMM_FPS, **{name: fps for name, (fps, _) in _RATES.items()}},
        sizes={**_SHORT, "cpu": {"subjects": 9, "videos": 1, "seconds": 8.0}},
        foreseen={
            "overall": {
                "alike": [f"{fps} fps, window in seconds" for fps in (20, 60, 100)],
                "worse": (
                    "15 fps, window in seconds",
                    "60 fps, window in frames",
                    "100 fps, window in frames",
                ),
            }
        },
    ),
    Study(
        "head-motion",
        10,
        "How does it do under severe head movement?",
        "Worse the more the head moves: a rigid fit takes most of it out, but parallax at the mouth grows with the "
        "angle, and a micro-expression is no larger than what is left.",
        {
            "standard": {},
            "still": {"head_motion": 0.0},
            "twice": {"head_motion": 2.0},
            "three times": {"head_motion": 3.0},
        },
        sweep="head motion, times that of the standard videos",
        places={"standard": 1, "still": 0, "twice": 2, "three times": 3},
        trained="once",
        sizes=_ASKED,
        taught=_TAUGHT,
        foreseen={"overall": {"better": ("still",), "worse": ("twice", "three times")}},
    ),
    Study(
        "regions",
        10,
        "How many regions does it take?",
        "Six should lose a little, because a brow moves differently at its two ends; twelve and more should gain "
        "where an expression moves nose or eyelids, at a cost that grows with their number.",
        {
            "10 regions": {},
            "6 regions": {"regions": "6"},
            "12 regions": {"regions": "12"},
            "14 regions": {"regions": "14"},
            "22 regions": {"regions": "22"},
        },
        sweep="regions",
        places={"10 regions": 10, "6 regions": 6, "12 regions": 12, "14 regions": 14, "22 regions": 22},
        sizes=_SHORT,
        foreseen={"overall": {"worse": ("6 regions",), "better": ("12 regions", "14 regions", "22 regions")}},
    ),
    Study(
        "intensity",
        10,
        "How faint may a micro-expression be?",
        "Recall should rise with intensity, and be near nothing at 0.25 % of the inter-ocular distance, which is "
        "what a blink leaves behind in the brows.",
        {
            "as they vary": {},
            "0.25 %": {"me_intensity": 0.25},
            "0.5 %": {"me_intensity": 0.5},
            "1 %": {"me_intensity": 1.0},
            "2 %": {"me_intensity": 2.0},
        },
        sweep="peak of every micro-expression, percent of the inter-ocular distance",
        places={"0.25 %": 0.25, "0.5 %": 0.5, "1 %": 1, "2 %": 2},
        trained="once",
        sizes={**_ASKED, "cpu": {**_TRAINING, "videos": 1}},
        taught=_TAUGHT,
        foreseen={"ME": {"worse": ("0.25 %",), "better": ("2 %",)}},
    ),
    Study(
        "blinks-and-gaze",
        10,
        "What do blinks and shifts of gaze cost?",
        "Without blinks there should be fewer false alarms, of micro-expressions above all, and with twice as many "
        "blinks more; gaze should cost little, for no region lies on an eyelid.",
        {
            "usual": {},
            "no blinks": {"blink_rate": 0.0},
            "twice the blinks": {"blink_rate": 2.0},
            "no gaze": {"gaze_rate": 0.0},
            "twice the gaze": {"gaze_rate": 2.0},
        },
        trained="once",
        sizes=_ASKED,
        taught=_TAUGHT,
        foreseen={
            "ME": {
                "better": ("no blinks",),
                "worse": ("twice the blinks",),
                "alike": ("no gaze", "twice the gaze"),
            }
        },
        causes=True,
    ),
    Study(
        "alignment",
        10,
        "How far may the landmarks be off?",
        "Nothing should change up to about 1 %, little more than what the landmarks tremble by anyway; at 5 % a patch "
        "no longer lies where the network expects it, and the face's size is off from frame to frame.",
        {
            "no error": {},
            "1 %": {"landmark_noise": 1.0},
            "2 %": {"landmark_noise": 2.0},
            "5 %": {"landmark_noise": 5.0},
            "5 % lower": {"landmark_offset": 5.0},
        },
        sweep="noise of the landmarks, percent of the inter-ocular distance",
        places={"no error": 0, "1 %": 1, "2 %": 2, "5 %": 5},
        trained="once",
        sizes=_ASKED,
        taught=_TAUGHT,
        foreseen={"overall": {"alike": ("1 %",), "worse": ("5 %", "5 % lower")}},
    ),
    Study(
        "yaw",
        10,
        "How far may the head be turned away?",
        "Up to 10 degrees little should change; at 30 degrees the far half of the face is foreshortened, the "
        "inter-ocular distance that everything is measured in shrinks by an eighth, and detector and landmarks "
        "were made for faces from the front.",
        {
            "0°": {},
            "10°": {"yaw": 10.0},
            "20°": {"yaw": 20.0},
            "30°": {"yaw": 30.0},
        },
        sweep="yaw, degrees",
        places={"0°": 0, "10°": 10, "20°": 20, "30°": 30},
        trained="once",
        sizes=_ASKED,
        taught=_TAUGHT,
        foreseen={"overall": {"alike": ("10°",), "worse": ("30°",)}},
    ),
    Study(
        "iou",
        10,
        "How much hangs on the overlap that makes a hit?",
        "F1 falls as the overlap asked for rises, faster for micro-expressions: of ten frames, being off by two at "
        "either end is already too much for 0.7.",
        {
            "IoU 0.5": {},
            "IoU 0.3": {"match_iou": 0.3},
            "IoU 0.4": {"match_iou": 0.4},
            "IoU 0.6": {"match_iou": 0.6},
            "IoU 0.7": {"match_iou": 0.7},
        },
        sweep="least IoU of a hit",
        places={"IoU 0.5": 0.5, "IoU 0.3": 0.3, "IoU 0.4": 0.4, "IoU 0.6": 0.6, "IoU 0.7": 0.7},
        sizes={"cpu": {**_TRAINING, **_FULL}},
    ),
    Study(
        "picture",
        10,
        "How good must the picture be?",
        "Noise of 8 grey levels and JPEG files of quality 25 should cost micro-expressions first: their movement is "
        "a pixel or less, and both disturb the flow by some hundredths of a pixel.",
        {
            "usual": {},
            "no noise": {"noise": 0.0},
            "noise 8": {"noise": 8.0},
            "JPEG 75": {"jpeg_quality": 75},
            "JPEG 25": {"jpeg_quality": 25},
        },
        trained="once",
        sizes=_ASKED,
        taught=_TAUGHT,
        foreseen={"ME": {"worse": ("noise 8", "JPEG 25")}},
    ),
    Study(
        "resolution",
        10,
        "How many pixels must there be on the face?",
        "Nothing should be gained beyond the 87 pixels between the eyes that the crop works with; at 40 a "
        "micro-expression of 1 % moves by less than half a pixel.",
        {
            "120 px": {},
            "40 px": {"iod": 40.0},
            "80 px": {"iod": 80.0},
            "160 px": {"iod": 160.0},
        },
        sweep="inter-ocular distance, pixels",
        places={"120 px": 120, "40 px": 40, "80 px": 80, "160 px": 160},
        trained="once",
        sizes={**_ASKED, "smoke": {**_ASKED["smoke"], "size": 480, "iod": 120.0}},
        taught=_TAUGHT,
        foreseen={"overall": {"alike": ("160 px",)}, "ME": {"worse": ("40 px",)}},
    ),
)
