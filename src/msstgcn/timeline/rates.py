"""Between frames and seconds, and between the frame rates of the data sets."""

from __future__ import annotations

#: SAMM-LV is filmed at 200 frames a second and worked on at every seventh frame.
SAMM_FPS = 200 / 7
#: CAS(ME)^2 is filmed and worked on at 30 frames a second.
CASME2_FPS = 30.0


def frames_to_seconds(frames: float, fps: float) -> float:
    """Length in seconds of a number of frames."""
    return frames / fps


def seconds_to_frames(seconds: float, fps: float) -> int:
    """Nearest whole number of frames to a length in seconds."""
    return round(seconds * fps)


def samm_frame(frame_200fps: float) -> int:
    """Frame at 28.57 fps, 0-based, of a 1-based frame of the 200-fps SAMM-LV workbook.

    ``round((round(x) - 1) / 7)``, not below 0 (the workbook holds fractional frames and onset 0).
    """
    return max(0, round((round(frame_200fps) - 1) / 7))
