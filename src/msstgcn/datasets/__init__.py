"""Where videos come from: one protocol, and the sources that follow it."""

from msstgcn.datasets.files import open_video
from msstgcn.datasets.folder import LAYOUTS, open_folder, write_dataset
from msstgcn.datasets.protocol import Dataset, Video
from msstgcn.datasets.script import DIFFICULTIES, Nuisance, Script
from msstgcn.datasets.statistics import statistics
from msstgcn.datasets.synthetic import SyntheticVideo, synthetic

__all__ = [
    "DIFFICULTIES",
    "LAYOUTS",
    "Dataset",
    "Nuisance",
    "Script",
    "SyntheticVideo",
    "Video",
    "open_folder",
    "open_video",
    "statistics",
    "synthetic",
    "write_dataset",
]
