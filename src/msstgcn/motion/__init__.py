"""Motion: how far ten regions of the face move within each window, in percent of inter-ocular distance."""

from msstgcn.motion.detector import PREDICTOR_SHA256, predictor_path
from msstgcn.motion.extract import extract
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.flow import FLOWS
from msstgcn.motion.head import HEADS
from msstgcn.motion.regions import NODES, NOSE, RIGID10, RIGID15, Region, iod, region_points
from msstgcn.motion.store import load_features, save_features
from msstgcn.motion.tracker import Face, FaceTracker
from msstgcn.motion.windows import window_frames

__all__ = [
    "FLOWS",
    "HEADS",
    "NODES",
    "NOSE",
    "PREDICTOR_SHA256",
    "RIGID10",
    "RIGID15",
    "Face",
    "FaceTracker",
    "Region",
    "VideoFeatures",
    "extract",
    "iod",
    "load_features",
    "predictor_path",
    "region_points",
    "save_features",
    "window_frames",
]
