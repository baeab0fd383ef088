"""From features to probabilities: the trained network on every frame of a video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msstgcn.errors import InputError
from msstgcn.learning.corpus import check
from msstgcn.motion.features import VideoFeatures
from msstgcn.network import MSSTGCN, check_weights
from msstgcn.network.stacked import evaluate, mix, plan, stack
from msstgcn.settings import NetworkSettings


def load_network(weights: Mapping[str, Tensor], settings: NetworkSettings | None = None) -> MSSTGCN:
    """Build a network in evaluation mode and single precision, on the CPU, from a state dict.

    Raises
    ------
    InputError
        If the weights belong to another architecture, are not finite, or hold a negative variance; the message names
        the first that does.
    """
    network = MSSTGCN(settings)
    wanted = {
        n: tuple(v.shape) for n, v in network.state_dict().items() if not n.endswith("num_batches_tracked")
    }
    given = {n: tuple(v.shape) for n, v in weights.items() if not n.endswith("num_batches_tracked")}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            raise InputError(
                f"weights of another architecture: {name} has shape {given.get(name)}",
                expected=str(wanted.get(name, "no such weight")),
                do="use the settings that the weights were trained with",
            )
    check_weights(
        weights,
        where="weights of the network",
        do="load others, or train again with a smaller learning rate",
    )
    network.load_state_dict(dict(weights), strict=False)
    return network.eval()


def probabilities(logits: Tensor) -> Tensor:
    """Turn logits (N, 10) into probabilities: two softmaxes over boundaries, four sigmoids, same order."""
    return torch.cat([logits[:, 0:3].softmax(1), logits[:, 3:6].softmax(1), logits[:, 6:].sigmoid()], 1)


def _pass(
    model: MSSTGCN | Mapping[str, Tensor],
    features: Sequence[VideoFeatures],
    network: NetworkSettings | None,
    device: torch.device | str,
    chunk: int,
) -> tuple[list[Tensor], list[Tensor]]:
    """Logits (T, 10) and embedding (T, C) of every frame of each video, on the CPU."""
    given = (model.state_dict(), model.settings) if isinstance(model, MSSTGCN) else (model, network)
    fitted = load_network(*given)
    check(features, fitted.settings)
    weights = {name: value.to(device) for name, value in stack([fitted]).items()}
    how = plan(fitted.settings)
    flow = torch.from_numpy(np.concatenate([np.asarray(video.flow, np.float32) for video in features]))
    with torch.inference_mode():
        parts = [evaluate(weights, mix(windows[None].to(device), how), how) for windows in flow.split(chunk)]
        both = [torch.cat(one, 1)[0].cpu() for one in zip(*parts, strict=True)]  # (sum of T, 10), (.., C)
    lengths = [len(video) for video in features]
    return list(both[0].split(lengths)), list(both[1].split(lengths))


def embed(
    model: MSSTGCN | Mapping[str, Tensor],
    features: VideoFeatures,
    *,
    network: NetworkSettings | None = None,
    device: torch.device | str = "cpu",
    chunk: int = 2048,
) -> NDArray[np.float32]:
    """Embedding of every frame of a video: float32, shape (T, C). Parameters and errors as in `predict`."""
    return _pass(model, [features], network, device, chunk)[1][0].numpy()


def predict(
    model: MSSTGCN | Mapping[str, Tensor],
    features: VideoFeatures,
    *,
    network: NetworkSettings | None = None,
    device: torch.device | str = "cpu",
    chunk: int = 2048,
) -> NDArray[np.float32]:
    """Probabilities of every frame of a video.

    Parameters
    ----------
    model : MSSTGCN or mapping
        The trained network, or its weights by name.
    features : VideoFeatures
        Of the video.
    network : NetworkSettings, optional
        Needed with weights of other than the usual channels and kernels.
    device : torch.device or str
        Where to compute.
    chunk : int
        Windows at once.

    Returns
    -------
    ndarray of float32, shape (T, 10)
        ME onset, offset, none; MaE onset, offset, none; apex of ME and MaE; action of ME and MaE. A frame
        without a usable face (mask False) is *none* for sure.

    Raises
    ------
    InputError
        If features and network do not fit, or the weights cannot be computed with, as in `load_network`.
    """
    return predict_each(model, [features], network=network, device=device, chunk=chunk)[features.video]


def predict_each(
    model: MSSTGCN | Mapping[str, Tensor],
    features: Sequence[VideoFeatures],
    *,
    network: NetworkSettings | None = None,
    device: torch.device | str = "cpu",
    chunk: int = 2048,
) -> dict[str, NDArray[np.float32]]:
    """Probabilities of every frame of several videos, or none, by video; parameters and errors as in `predict`."""
    found: dict[str, NDArray[np.float32]] = {}
    if not features:
        return found
    for video, logits in zip(features, _pass(model, features, network, device, chunk)[0], strict=True):
        found[video.video] = probabilities(logits).numpy()
        found[video.video][~np.asarray(video.mask)] = (0, 0, 1, 0, 0, 1, 0, 0, 0, 0)
    return found
