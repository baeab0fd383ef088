"""The frame rates of the data sets, and the arithmetic between frames and seconds and between rates."""

from __future__ import annotations

#: SAMM-LV is filmed at 200 frames a second and worked on at every seventh frame.
SAMM_EVERY = 7
SAMM_FPS = 200 / SAMM_EVERY
#: CAS(ME)^2 is filmed and worked on at 30 frames a second.
CASME2_FPS = 30.0


def seconds_to_frames(seconds: float, fps: float) -> int:
    """Nearest whole number of frames to a length in seconds."""
    return round(seconds * fps)


def working_frame(frame: int, step: int) -> int:
    """Working frame, 0-based, of a 1-based frame of a workbook: ``round((frame - 1) / step)``, not below 0.

    Parameters
    ----------
    frame : int
        As the workbook counts; SAMM-LV's holds some onsets of 0.
    step : int
        Workbook frames from one working frame to the next.
    """
    return max(0, round((frame - 1) / step))
