"""All studies of the book, by name."""

from __future__ import annotations

from msstgcn.errors import lookup
from msstgcn.settings import AS_PROFILE
from msstgcn.studies.ablations import ABLATIONS
from msstgcn.studies.baselines import BASELINE_STUDIES
from msstgcn.studies.robustness import ROBUSTNESS
from msstgcn.studies.study import CONTROL, Study

#: Groups of people that the control leaves out in turn: whom else it was trained on matters little to labels that say
#: nothing, and one subject at a time would take half of the study's time.
_CONTROL_FOLDS = 5

_MAIN = (
    Study(
        "main",
        8,
        "How well does the network spot, beside one that was trained on shuffled labels?",
        "It finds far more than the control, which can only learn how often and how long expressions are; picking "
        "the epoch on the test subjects adds a few points that nobody would have in use.",
        {
            "MS-STGCN": {},
            "MS-STGCN, oracle epoch per subject": {"selection": "oracle-epoch-per-subject"},
            "control: shuffled labels": {CONTROL: "shuffled-labels", "folds": _CONTROL_FOLDS},
        },
        sizes={
            "cpu": dict.fromkeys(("videos", "epochs", "folds", "watch"), AS_PROFILE),
            "gpu": {"folds": AS_PROFILE, "watch": 2},
            "smoke": {"watch": AS_PROFILE},
        },
        foreseen={
            "overall": {
                "better": ("MS-STGCN, oracle epoch per subject",),
                "worse": ("control: shuffled labels",),
            }
        },
    ),
    Study(
        "motion",
        8,
        "Does measuring ten patches directly spot as well as dense flow, the way the paper has it?",
        "About as well: both see the same motion, and what limits the mouth is the head's parallax, which ten rigid "
        "points undo better than the nose alone.",
        {
            "patch-lk, rigid10": {"flow": "patch-lk", "head": "rigid10"},
            "patch-lk, nose": {"flow": "patch-lk", "head": "nose"},
            "farneback, nose (the paper's)": {"flow": "farneback", "head": "nose"},
        },
        sizes={"cpu": {"epochs": 14, "folds": 6}},
        foreseen={"overall": {"alike": ("patch-lk, nose", "farneback, nose (the paper's)")}},
    ),
)

#: Studies by name, in the order of the chapters that tell them.
STUDIES: dict[str, Study] = {
    study.name: study
    for study in sorted((*_MAIN, *ABLATIONS, *ROBUSTNESS, *BASELINE_STUDIES), key=lambda study: study.chapter)
}


def study(name: str) -> Study:
    """Return the study of that name; an unknown one raises an `InputError` that lists them all."""
    return lookup(STUDIES, name, "study")
