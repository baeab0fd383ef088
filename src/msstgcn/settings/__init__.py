"""The strict, typed settings of every stage, and the three profiles that bundle them."""

from msstgcn.settings.profiles import AS_PROFILE, ON_DATASET, PROFILES, Profile, profile
from msstgcn.settings.stages import (
    DiskSettings,
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
    "AS_PROFILE",
    "ON_DATASET",
    "PROFILES",
    "DiskSettings",
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
