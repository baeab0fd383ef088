"""Time: intervals, expressions, annotation tables, and the arithmetic between frames and seconds.

Frames are 0-based; an interval holds both its ends.
"""

from msstgcn.timeline.expressions import CLASSES, Expression
from msstgcn.timeline.intervals import Interval, iou_matrix, overlaps
from msstgcn.timeline.rates import CASME2_FPS, SAMM_EVERY, SAMM_FPS, seconds_to_frames, working_frame
from msstgcn.timeline.tables import EVENT_COLUMNS, FRAME, read_csv, read_events, read_videos, write_csv

__all__ = [
    "CASME2_FPS",
    "CLASSES",
    "EVENT_COLUMNS",
    "FRAME",
    "SAMM_EVERY",
    "SAMM_FPS",
    "Expression",
    "Interval",
    "iou_matrix",
    "overlaps",
    "read_csv",
    "read_events",
    "read_videos",
    "seconds_to_frames",
    "working_frame",
    "write_csv",
]
