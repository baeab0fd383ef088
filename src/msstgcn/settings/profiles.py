"""Three sizes of the whole book: `smoke` for tests, `cpu` for a laptop, `gpu` for the full thing."""

from __future__ import annotations

from msstgcn.errors import lookup
from msstgcn.settings.stages import (
    LearningSettings,
    MotionSettings,
    NetworkSettings,
    Settings,
    SpottingSettings,
    SyntheticSettings,
)


class Profile(Settings):
    """Settings of every stage, under one name."""

    name: str
    data: SyntheticSettings = SyntheticSettings()
    motion: MotionSettings = MotionSettings()
    network: NetworkSettings = NetworkSettings()
    learning: LearningSettings = LearningSettings()
    spotting: SpottingSettings = SpottingSettings()


PROFILES: dict[str, Profile] = {
    "smoke": Profile(
        name="smoke",
        data=SyntheticSettings(subjects=3, videos=2, seconds=10.0),
        learning=LearningSettings(epochs=2, watch=1),
    ),
    "cpu": Profile(name="cpu", learning=LearningSettings(epochs=14, sampling="all", watch=1)),
    "gpu": Profile(
        name="gpu",
        data=SyntheticSettings(subjects=48, videos=6),
        learning=LearningSettings(sampling="all", watch=5),
    ),
}


def profile(name: str) -> Profile:
    """Return the profile of that name; an unknown name raises an `InputError` that lists the three."""
    return lookup(PROFILES, name, "profile")
