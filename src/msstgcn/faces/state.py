"""What a face does at one moment: action units, lids, gaze, pose and light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from msstgcn.faces.anatomy import Array


@dataclass(frozen=True)
class Pose:
    """Head pose: rotations in degrees, shifts in IOD.

    Positive yaw turns the nose to the right of the picture, positive pitch turns it down, positive roll turns the
    head clockwise. Rotations are about the neck's end, behind the face.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    def rotation(self) -> Array:
        """Rotation matrix (3, 3) for x right, y down, z to the camera: roll after pitch after yaw."""
        a, b, c = np.round(np.deg2rad([self.yaw, self.pitch, self.roll]) * 2.0**32) / 2.0**32
        yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
        pitch = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
        roll = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
        return np.asarray(roll @ pitch @ yaw)


@dataclass(frozen=True)
class FaceState:
    """One moment of a face; everything defaults to rest.

    Parameters
    ----------
    action_units : mapping of str to float
        Amplitudes in percent of the IOD, e.g. ``{"12": 4.0, "L2": 1.0}``; L and R are the person's own sides.
    blink : (float, float)
        How far the right and the left eye are shut by a blink, 0 to 1.
    gaze : (float, float)
        Degrees to the right of the picture, and down.
    pose : Pose
    light : float
        Factor on the light.
    """

    action_units: Mapping[str, float] = field(default_factory=dict)
    blink: tuple[float, float] = (0.0, 0.0)
    gaze: tuple[float, float] = (0.0, 0.0)
    pose: Pose = Pose()
    light: float = 1.0


@dataclass(frozen=True)
class Camera:
    """Size and scale of the picture.

    Parameters
    ----------
    size : int
        Width and height, pixels.
    iod : float
        Pixels between the outer eye corners of a face seen from the front.
    colour : bool
        RGB instead of grey.
    noise : float
        Standard deviation of the sensor noise, grey levels.
    jpeg : int
        Quality, 1 to 100, of the JPEG file that every frame goes through; 0: frames stay as the sensor gives them.
    """

    size: int = 480
    iod: float = 120.0
    colour: bool = False
    noise: float = 2.0
    jpeg: int = 0
