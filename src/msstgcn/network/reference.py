"""Weights from elsewhere: plain arrays in forward order into the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

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


def is_wrong(name: str, values: Tensor) -> Tensor:
    """Which values of a tensor of that name in the state dict nothing can be computed with: bool, same shape.

    Those that are not finite, and negative variances. The compiled loops of the network do not look: they take the
    larger of a value and zero, and what is no number is not larger, so it would come out as an ordinary zero.
    """
    wrong = ~values.isfinite()
    return wrong | (values < 0) if name.endswith("running_var") else wrong


def check_weights(weights: Mapping[str, Tensor], *, where: str, do: str) -> None:
    """Raise an `InputError` unless a state dict can be computed with: finite throughout, no negative variance."""
    for name, values in weights.items():
        if is_wrong(name, values).any():
            raise InputError(
                f"{name} holds NaN, infinite values or a negative variance",
                where=where,
                expected="finite weights",
                do=do,
            )


def load_reference(arrays: Sequence[ArrayLike | Tensor], settings: NetworkSettings | None = None) -> MSSTGCN:
    """Build the network from a list of arrays.

    Parameters
    ----------
    arrays : sequence of array_like or Tensor, 26 entries
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
        If there are more or fewer arrays, or one has another shape, holds no numbers, is not finite, or is a
        negative variance; the message names it. And if the network needs more than these arrays: a graph that was
        counted or learned.
    """
    network = MSSTGCN(settings)
    state = network.state_dict()
    more = [n for n in state if n not in FORWARD_ORDER and not n.endswith("num_batches_tracked")]
    if more:
        raise InputError(
            f"a network that also has {', '.join(more)}",
            where="load_reference",
            expected="a graph that is neither counted nor learned",
            do="load its whole state with learning.load_network",
        )
    if len(arrays) != len(FORWARD_ORDER):
        raise InputError(
            f"{len(arrays)} arrays",
            where="load_reference",
            expected=f"{len(FORWARD_ORDER)}, in this order: {', '.join(FORWARD_ORDER)}",
        )
    for number, (name, given) in enumerate(zip(FORWARD_ORDER, arrays, strict=True)):
        where = f"array {number} ({name})"
        array = _array(given, where)
        if array.shape != tuple(state[name].shape):
            raise InputError(f"shape {array.shape}", where=where, expected=str(tuple(state[name].shape)))
        state[name] = torch.from_numpy(array)
        check_weights({name: state[name]}, where=where, do="look at where the array comes from")
    network.load_state_dict(state)
    return network.eval()


def _array(given: ArrayLike | Tensor, where: str) -> NDArray[np.float32]:
    """Copy of an array or tensor, on the CPU."""
    plain = given.detach().to("cpu", torch.float32).numpy() if isinstance(given, Tensor) else given
    try:
        return np.array(plain, dtype=np.float32)
    except (TypeError, ValueError):
        raise InputError("no array of numbers", where=where, expected="finite weights") from None
