"""Learning: targets, sampling, training leave-one-subject-out, and asking a trained network."""

from msstgcn.devices import DEVICES, device
from msstgcn.learning.batched import epochs_done
from msstgcn.learning.card import model_card
from msstgcn.learning.corpus import CONTROLS, Corpus, gather, gather_posted
from msstgcn.learning.folds import HISTORY_COLUMNS, Fold, fold_metadata, load_fold, save_fold
from msstgcn.learning.inner import InnerRun, pair_names, train_inner
from msstgcn.learning.loso import LosoRun, Watched, left_out, train_fold, train_loso, train_seeds
from msstgcn.learning.prediction import embed, load_network, predict, predict_each
from msstgcn.learning.sampling import batches, seed_of, segment_starts, subject_groups
from msstgcn.learning.targets import Targets, targets

__all__ = [
    "CONTROLS",
    "DEVICES",
    "HISTORY_COLUMNS",
    "Corpus",
    "Fold",
    "InnerRun",
    "LosoRun",
    "Targets",
    "Watched",
    "batches",
    "device",
    "embed",
    "epochs_done",
    "fold_metadata",
    "gather",
    "gather_posted",
    "left_out",
    "load_fold",
    "load_network",
    "model_card",
    "pair_names",
    "predict",
    "predict_each",
    "save_fold",
    "seed_of",
    "segment_starts",
    "subject_groups",
    "targets",
    "train_fold",
    "train_inner",
    "train_loso",
    "train_seeds",
]
