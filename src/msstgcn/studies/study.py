"""A study as data: a question, and variants that differ from a base by named settings and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msstgcn.errors import lookup

#: What stands among a variant's settings to name a control: a way of breaking the link between motion and label.
CONTROL = "control"


@dataclass(frozen=True)
class Study:
    """A question that training and scoring can answer.

    Parameters
    ----------
    name : str
        What the command line calls it.
    question : str
        One sentence.
    variants : mapping of str to mapping
        Settings by name that differ from the profile's, ``control`` beside them; the first variant is the base
        that the others are compared with.
    """

    name: str
    question: str
    variants: Mapping[str, Mapping[str, Any]]

    @property
    def base(self) -> str:
        """The variant that the others are compared with."""
        return next(iter(self.variants))


_ALL = (
    Study(
        "main",
        "How well does the network spot, beside one that was trained on shuffled labels?",
        {
            "MS-STGCN": {},
            "MS-STGCN, oracle epoch per subject": {"selection": "oracle-epoch-per-subject"},
            "control: shuffled labels": {CONTROL: "shuffled-labels"},
        },
    ),
    Study(
        "motion",
        "Does measuring ten patches directly spot as well as dense flow, the way the paper has it?",
        {
            "patch-lk, rigid10": {"flow": "patch-lk", "head": "rigid10"},
            "patch-lk, nose": {"flow": "patch-lk", "head": "nose"},
            "farneback, nose (the paper's)": {"flow": "farneback", "head": "nose"},
        },
    ),
)

#: Studies by name.
STUDIES: dict[str, Study] = {study.name: study for study in _ALL}


def study(name: str) -> Study:
    """Return the study of that name; an unknown one raises an `InputError` that lists them all."""
    return lookup(STUDIES, name, "study")
