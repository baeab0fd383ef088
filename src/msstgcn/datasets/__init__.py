"""Where videos come from: one protocol, and the sources that follow it."""

from msstgcn.datasets.check import Report, check, sound_part
from msstgcn.datasets.files import open_video
from msstgcn.datasets.findings import Finding
from msstgcn.datasets.folder import LAYOUTS, open_folder, write_dataset
from msstgcn.datasets.layouts import LAYOUTS_ON_DISK, open_dataset, read_dataset, read_labels
from msstgcn.datasets.protocol import Dataset, Video
from msstgcn.datasets.reading import RealDataset
from msstgcn.datasets.releases import RELEASES
from msstgcn.datasets.repair import REPAIRS
from msstgcn.datasets.script import DIFFICULTIES, Nuisance, Script
from msstgcn.datasets.statistics import statistics
from msstgcn.datasets.synthetic import SyntheticVideo, synthetic

__all__ = [
    "DIFFICULTIES",
    "LAYOUTS",
    "LAYOUTS_ON_DISK",
    "RELEASES",
    "REPAIRS",
    "Dataset",
    "Finding",
    "Nuisance",
    "RealDataset",
    "Report",
    "Script",
    "SyntheticVideo",
    "Video",
    "check",
    "open_dataset",
    "open_folder",
    "open_video",
    "read_dataset",
    "read_labels",
    "sound_part",
    "statistics",
    "synthetic",
    "write_dataset",
]
