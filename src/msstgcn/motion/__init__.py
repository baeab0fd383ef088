"""Motion: how far regions of the face move within each window, in percent of inter-ocular distance."""

from msstgcn.motion.detector import PREDICTOR_SHA256, predictor_path
from msstgcn.motion.extract import extract, extract_each
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.head import HEADS
from msstgcn.motion.regions import (
    NODES,
    NOSE,
    REGION_SETS,
    RIGID10,
    RIGID15,
    Region,
    iod,
    read_regions,
    region_points,
    region_set,
)
from msstgcn.motion.store import load_features, save_features
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.windows import window_frames

__all__ = [
    "FLOWS",
    "HEADS",
    "NODES",
    "NOSE",
    "PREDICTOR_SHA256",
    "REGION_SETS",
    "RIGID10",
    "RIGID15",
    "Face",
    "FaceTracker",
    "Region",
    "VideoFeatures",
    "extract",
    "extract_each",
    "iod",
    "load_features",
    "predictor_path",
    "read_regions",
    "region_points",
    "region_set",
    "save_features",
    "window_frames",
]
