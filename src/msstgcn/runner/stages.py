"""The cached stages that notebooks, command line and tests call: data, features, training, predictions.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from msstgcn import datasets, motion, settings
from msstgcn.errors import InputError
from msstgcn.motion import VideoFeatures
from msstgcn.report.log import tracked
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import Profile

_used_data: dict[str, str] = {}
_used_devices: dict[str, None] = {}


def used_data() -> list[str]:
    """Data sets that this process has used, with their digests."""
    return [f"{name} (SHA-256 {digest[:16]})" for name, digest in _used_data.items()]


def used_devices() -> list[str]:
    """Devices that this process has used."""
    return list(_used_devices)


def _store() -> Store:
    from msstgcn import paths

    return Store(paths.data_root())


def profile(name: str, *, seed: int = 0) -> Profile:
    """Settings of every stage: the profile of that name with one seed for data and learning."""
    base = settings.profile(name)
    return Profile(
        name=base.name,
        data=base.data.but(seed=seed),
        motion=base.motion,
        network=base.network,
        learning=base.learning.but(seed=seed),
        spotting=base.spotting,
    )


def dataset(chosen: Profile) -> datasets.Dataset:
    """The videos of a profile. Frames are rendered when asked for."""
    found = datasets.synthetic(chosen.data)
    _used_data[found.name] = found.digest
    return found
