"""A photograph in the public domain, moved by known amounts, as a video."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from clips import Clip, moved
from scipy import ndimage
from skimage import data


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Grey, uint8 (512, 512); one face with 60 pixels between the outer eye corners."""
    return cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="session")
def path_of_motion() -> tuple[np.ndarray, np.ndarray]:
    """Shift (x, y) in pixels and angle in degrees of 24 frames: smooth, a few pixels, about a degree."""
    t = np.arange(24)
    shift = np.stack([3.3 * np.sin(t / 5), 2.1 * np.sin(t / 3.7 + 1) - 2.1 * np.sin(1)], axis=1)
    return shift, 0.8 * np.sin(t / 6)


@pytest.fixture(scope="session")
def shifted(astronaut, path_of_motion) -> Clip:
    return Clip([moved(astronaut, shift) for shift in path_of_motion[0]], name="shifted")


@pytest.fixture(scope="session")
def turned(astronaut, path_of_motion) -> Clip:
    return Clip(
        [moved(astronaut, shift, angle) for shift, angle in zip(*path_of_motion, strict=True)], "turned"
    )


@pytest.fixture(scope="session")
def bending(astronaut) -> np.ndarray:
    """Seven pictures that turn by up to 18 degrees and grow by up to 6 percent about (120, 100), and shift a bit."""
    first = moved(astronaut, about=(0, 0), size=(448, 256))[:, 192:].astype(float)
    centre, pictures = np.array([120.0, 100.0]), []
    for part in np.linspace(0, 1, 7):
        angle = np.deg2rad(18 * part)
        turn = (1 + 0.06 * part) * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        back = np.linalg.inv(turn)
        offset = centre - back @ (centre + part * np.array([3.0, -2.0]))
        picture = ndimage.affine_transform(first, back[::-1, ::-1], offset[::-1], order=3, mode="nearest")
        pictures.append(np.clip(np.round(picture), 0, 255).astype(np.uint8))
    return np.stack(pictures)
