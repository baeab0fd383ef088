"""Time: intervals, expressions, annotation tables, and the arithmetic between frames and seconds.

Frames are 0-based; an interval holds both its ends.
"""

from msstgcn.timeline.expressions import CLASSES, Expression
from msstgcn.timeline.intervals import Interval, iou_matrix, overlaps
from msstgcn.timeline.rates import frames_to_seconds, samm_frame, seconds_to_frames
from msstgcn.timeline.tables import EVENT_COLUMNS, read_events, read_videos, write_csv

__all__ = [
    "CLASSES",
    "EVENT_COLUMNS",
    "Expression",
    "Interval",
    "frames_to_seconds",
    "iou_matrix",
    "overlaps",
    "read_events",
    "read_videos",
    "samm_frame",
    "seconds_to_frames",
    "write_csv",
]
