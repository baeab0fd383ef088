"""What training one fold leaves behind, in memory and on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from msstgcn.errors import InputError
from msstgcn.files import written_whole
from msstgcn.network import TERMS, check_weights

_AGAIN = "train again"
#: Columns of a fold's history: one row an epoch; mean over the epoch's batches of each term, before weighting.
HISTORY_COLUMNS: tuple[str, ...] = ("epoch", "lr", *TERMS, "total")


@dataclass(frozen=True)
class Fold:
    """A network trained without one subject, and what it says of that subject.

    Parameters
    ----------
    subject : str
        The subject left out, or what else the fold is called; empty where nobody was left out.
    weights : dict of str to Tensor
        State dict of the network after the last epoch: float32, on the CPU.
    history : DataFrame
        Columns `HISTORY_COLUMNS`.
    probabilities : dict of str to ndarray of float32, shape (T, 10)
        By video of the subject left out, as `learning.predict` gives them.
    epochs : tuple of int
        After how many epochs of training the fold looked at those videos, if there were any; ends with the last.
    watched : dict of str to ndarray of float16, shape (E, T, 10)
        By video, the probabilities after each of these E epochs; the last are `probabilities`, rounded.
    """

    subject: str
    weights: dict[str, Tensor]
    history: pd.DataFrame
    probabilities: dict[str, NDArray[np.float32]]
    epochs: tuple[int, ...] = ()
    watched: dict[str, NDArray[np.float16]] = field(default_factory=dict)


def save_fold(fold: Fold, path: str | Path, metadata: Mapping[str, str] | None = None) -> Path:
    """Write a fold to one safetensors file, whole or not at all.

    Parameters
    ----------
    fold : Fold
        To be written.
    path : path
        Ends in ``.safetensors``.
    metadata : mapping of str to str, optional
        Whatever identifies data, settings and licence of the weights; readable without loading them.

    Returns
    -------
    Path
    """
    path = Path(path)
    held = {f"weights/{name}": value.contiguous() for name, value in fold.weights.items()}
    table = fold.history[list(HISTORY_COLUMNS)].to_numpy(np.float64)
    held["history"] = torch.from_numpy(np.ascontiguousarray(table))
    for kind, arrays in (("probabilities", fold.probabilities), ("watched", fold.watched)):
        for video, values in arrays.items():
            held[f"{kind}/{video}"] = torch.from_numpy(np.ascontiguousarray(values))
    about = {
        **(metadata or {}),
        "subject": fold.subject,
        "history": json.dumps(HISTORY_COLUMNS),
        "epochs": json.dumps(fold.epochs),
    }
    with written_whole(path) as temporary:
        temporary.write_bytes(save(held, metadata=about))
    return path


def load_fold(path: str | Path, *, metadata: Mapping[str, str] | None = None) -> Fold:
    """Read a fold that `save_fold` wrote.

    Parameters
    ----------
    path : path
        File.
    metadata : mapping of str to str, optional
        What the file must have been written with.

    Returns
    -------
    Fold

    Raises
    ------
    InputError
        If the file is missing, damaged, no fold, or was written with other metadata; if its weights are not finite
        or hold a negative variance.
    """
    about, held = _read(Path(path))
    try:
        columns = json.loads(about["history"])
        history = pd.DataFrame(held.pop("history").numpy(), columns=columns).astype({"epoch": int})
        subject, epochs = about["subject"], tuple(json.loads(about["epochs"]))
    except (KeyError, ValueError) as error:
        raise _damaged(path, error) from None
    for name, value in (metadata or {}).items():
        if about.get(name) != value:
            raise InputError(f"{name} is {about.get(name)!r}", where=path, expected=repr(value), do=_AGAIN)
    parts: dict[str, dict[str, Tensor]] = {"weights": {}, "probabilities": {}, "watched": {}}
    for name, tensor in held.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = tensor
    check_weights(parts["weights"], where=str(path), do="train again, with a smaller learning rate")
    found, watched = (
        {video: tensor.numpy() for video, tensor in parts[kind].items()}
        for kind in ("probabilities", "watched")
    )
    return Fold(subject, parts["weights"], history, found, epochs, watched)


def fold_metadata(path: str | Path) -> dict[str, str]:
    """What `save_fold` was given to write beside the weights.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    return _read(Path(path))[0]


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors of a file."""
    if not path.is_file():
        raise InputError("no such file", where=path, expected="the weights of a fold")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from None


def _damaged(path: str | Path, error: Exception) -> InputError:
    return InputError(f"damaged, or not a fold ({error})", where=path, do=_AGAIN)
