"""Where videos come from: one protocol, and the sources that follow it."""

from msstgcn.datasets.protocol import Dataset, Video
from msstgcn.datasets.synthetic import SyntheticVideo, synthetic

__all__ = ["Dataset", "SyntheticVideo", "Video", "synthetic"]
