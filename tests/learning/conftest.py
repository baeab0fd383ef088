from __future__ import annotations

import pytest
from toys import toy_video

from msstgcn.motion.features import VideoFeatures
from msstgcn.settings import LearningSettings, NetworkSettings


@pytest.fixture(scope="session")
def toy_features() -> list[VideoFeatures]:
    return [toy_video(subject, number) for subject in ("s1", "s2", "s3") for number in (0, 1)]


@pytest.fixture
def small_network() -> NetworkSettings:
    return NetworkSettings(channels=6)


@pytest.fixture
def quick_learning() -> LearningSettings:
    return LearningSettings(epochs=2, segments=4, sampling="all", watch=1)
