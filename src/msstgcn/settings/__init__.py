"""The strict, typed settings of every stage, and the three profiles that bundle them."""

from msstgcn.settings.profiles import PROFILES, Profile, profile
from msstgcn.settings.stages import (
    LearningSettings,
    MotionSettings,
    NetworkSettings,
    Pairs,
    RegionSettings,
    Settings,
    SpottingSettings,
    SyntheticSettings,
)

__all__ = [
    "PROFILES",
    "LearningSettings",
    "MotionSettings",
    "NetworkSettings",
    "Pairs",
    "Profile",
    "RegionSettings",
    "Settings",
    "SpottingSettings",
    "SyntheticSettings",
    "profile",
]
