"""MS-STGCN: its layers, the network, its losses, and weights from elsewhere."""

from msstgcn.network.blocks import SpatioTemporalBlock, TemporalBlock
from msstgcn.network.graph_mix import GraphMix
from msstgcn.network.losses import (
    BOUNDARY_LOSSES,
    CONTRASTS,
    TERMS,
    BatchTargets,
    boundary_cross_entropy,
    boundary_focal,
    focal,
    loss_terms,
    supervised_contrast,
    supervised_contrast_released,
    term_weights,
    total_loss,
)
from msstgcn.network.model import MSSTGCN, OUTPUTS, check_window, initialised
from msstgcn.network.pooling import FacialPooling
from msstgcn.network.reference import FORWARD_ORDER, check_weights, is_wrong, load_reference

__all__ = [
    "BOUNDARY_LOSSES",
    "CONTRASTS",
    "FORWARD_ORDER",
    "MSSTGCN",
    "OUTPUTS",
    "TERMS",
    "BatchTargets",
    "FacialPooling",
    "GraphMix",
    "SpatioTemporalBlock",
    "TemporalBlock",
    "boundary_cross_entropy",
    "boundary_focal",
    "check_weights",
    "check_window",
    "focal",
    "initialised",
    "is_wrong",
    "load_reference",
    "loss_terms",
    "supervised_contrast",
    "supervised_contrast_released",
    "term_weights",
    "total_loss",
]
