"""The procedural face: identity, action units, lids, gaze, head pose, light and camera, with exact ground truth."""

from msstgcn.faces.action_units import ACTION_UNITS, HALF_INDEX, HALVES, amplitudes, halves_of
from msstgcn.faces.face import Face, Truth
from msstgcn.faces.identity import HAIR_STYLES, Identity, identity
from msstgcn.faces.state import Camera, FaceState, Pose

__all__ = [
    "ACTION_UNITS",
    "HAIR_STYLES",
    "HALF_INDEX",
    "HALVES",
    "Camera",
    "Face",
    "FaceState",
    "Identity",
    "Pose",
    "Truth",
    "amplitudes",
    "halves_of",
    "identity",
]
