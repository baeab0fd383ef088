"""Weights from elsewhere: plain arrays in forward order into the network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike

from msstgcn.errors import InputError
from msstgcn.network.model import MSSTGCN
from msstgcn.settings import NetworkSettings

_BLOCK = (
    "convolution.weight",
    "convolution.bias",
    "norm.weight",
    "norm.bias",
    "norm.running_mean",
    "norm.running_var",
)

#: Names in the state dict, in the order in which `load_reference` takes the arrays.
FORWARD_ORDER: tuple[str, ...] = (
    *(f"block{number}.{name}" for number in (1, 2, 3, 4) for name in _BLOCK),
    "head.weight",
    "head.bias",
)


def load_reference(arrays: Sequence[ArrayLike], settings: NetworkSettings | None = None) -> MSSTGCN:
    """Build the network from a list of arrays.

    Parameters
    ----------
    arrays : sequence of array_like, 26 entries
        In forward order: for each of the four blocks the convolution's weight (out, in, time, 1) and bias
        (out,), then batch normalisation's weight, bias, running mean and running variance, each (out,);
        then the head's weight (10, C, 1, 1) and bias (10,).
    settings : NetworkSettings, optional
        Channels and kernels of the network that the arrays belong to.

    Returns
    -------
    MSSTGCN
        In evaluation mode, single precision.

    Raises
    ------
    InputError
        If there are more or fewer arrays, or one has another shape, is not finite, or is a negative variance;
        the message names it.
    """
    network = MSSTGCN(settings)
    if len(arrays) != len(FORWARD_ORDER):
        raise InputError(
            f"{len(arrays)} arrays",
            where="load_reference",
            expected=f"{len(FORWARD_ORDER)}, in this order: {', '.join(FORWARD_ORDER)}",
        )
    state = network.state_dict()
    for number, (name, given) in enumerate(zip(FORWARD_ORDER, arrays, strict=True)):
        where = f"array {number} ({name})"
        array = np.asarray(given, dtype=np.float32)
        if array.shape != tuple(state[name].shape):
            raise InputError(f"shape {array.shape}", where=where, expected=str(tuple(state[name].shape)))
        if not np.isfinite(array).all():
            raise InputError("NaN or infinite values", where=where, expected="finite weights")
        if name.endswith("running_var") and (array < 0).any():
            raise InputError("a negative variance", where=where, expected="0 or more")
        state[name] = torch.from_numpy(array.copy())
    network.load_state_dict(state)
    return network.eval()
