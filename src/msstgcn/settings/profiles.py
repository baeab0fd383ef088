"""Three sizes of the whole book: `smoke` for tests, `cpu` for a laptop, `gpu` for the full thing."""

from __future__ import annotations

from typing import Any

from msstgcn.errors import lookup
from msstgcn.settings.stages import (
    DiskSettings,
    LearningSettings,
    MotionSettings,
    NetworkSettings,
    Settings,
    SpottingSettings,
    SyntheticSettings,
)

#: The value of a setting that leaves it to the profile.
AS_PROFILE = -1


class Profile(Settings):
    """Settings of every stage, under one name."""

    name: str
    data: SyntheticSettings = SyntheticSettings()
    source: DiskSettings | None = None  # the data set on disk that is used instead of `data`
    motion: MotionSettings = MotionSettings()
    network: NetworkSettings = NetworkSettings()
    learning: LearningSettings = LearningSettings()
    spotting: SpottingSettings = SpottingSettings()


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        name="smoke",
        data=SyntheticSettings(subjects=3, videos=2, seconds=10.0, size=240, iod=60.0),
        learning=LearningSettings(epochs=2, watch=1),
    ),
    "cpu": Profile(name="cpu", learning=LearningSettings(epochs=14, sampling="all", watch=1)),
    "gpu": Profile(
        name="gpu",
        data=SyntheticSettings(subjects=48, videos=6),
        learning=LearningSettings(sampling="all", watch=5),
    ),
}


#: What the method sets otherwise on a real data set: on CAS(ME)^2 an apex needs a higher probability.
ON_DATASET: dict[str, dict[str, Any]] = {"casme2": {"threshold": 0.55}}


def profile(name: str) -> Profile:
    """Return the profile of that name; an unknown name raises an `InputError` that lists the three."""
    return lookup(PROFILES, name, "profile")
