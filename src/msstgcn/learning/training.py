"""Training one network, plainly: the loop that the batched program must equal.

It is slow and simple on purpose. `learning.batched` trains many folds at once, several times faster; `learning.bench`
measures how much, and tests hold its weights and losses to this loop's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from msstgcn.errors import InputError
from msstgcn.learning.corpus import fold_name
from msstgcn.network import BatchTargets, loss_terms, total_loss
from msstgcn.settings import LearningSettings

#: Told how many more epochs of a fold are done.
Progress = Callable[[int], None]

#: Gives the batches of an epoch: windows (N, 2, K, R), and their targets.
Batches = Callable[[int], Iterable[tuple[Tensor, BatchTargets]]]


def is_decayed(name: str) -> bool:
    """Whether weight decay acts on a weight of that name: on convolutions', not on biases or normalisation."""
    return name.endswith("convolution.weight") or name == "head.weight"


def optimiser(network: nn.Module, learning: LearningSettings) -> torch.optim.AdamW:
    """AdamW with weight decay on convolution weights only."""
    named = dict(network.named_parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for n, p in named.items() if is_decayed(n)], "weight_decay": learning.weight_decay},
            {"params": [p for n, p in named.items() if not is_decayed(n)], "weight_decay": 0.0},
        ],
        lr=learning.lr,
    )


def windows_of(starts: Tensor, segment: int) -> Tensor:
    """Numbers of the windows in the segments that start there: (..., S) to int64 (..., S * segment)."""
    return (starts[..., None] + torch.arange(segment, device=starts.device)).flatten(-2)


def moved(targets: BatchTargets, device: torch.device, dtype: torch.dtype) -> BatchTargets:
    """Targets on a device; soft ones in the network's precision."""
    return BatchTargets(
        targets.boundary.to(device),
        targets.apex.to(device, dtype),
        targets.action.to(device, dtype),
        targets.contrast.to(device),
    )


def targets_at(targets: BatchTargets, index: Tensor) -> BatchTargets:
    """Targets of the windows of those numbers."""
    return BatchTargets(
        targets.boundary[index], targets.apex[index], targets.action[index], targets.contrast[index]
    )


def watched_epochs(learning: LearningSettings) -> list[int]:
    """After how many epochs a fold looks at its held-out videos; the last is always among them."""
    steps = range(learning.watch, learning.epochs, learning.watch) if learning.watch else range(0)
    return [*steps, learning.epochs]


def history_row(epoch: int, lr: float, terms: Tensor, learning: LearningSettings) -> tuple[float, ...]:
    """One row of the history from the mean of the epoch's terms, shape (7,)."""
    terms = terms.double().cpu()
    return (epoch, lr, *terms.tolist(), float(total_loss(terms, learning)))


def not_finite(what: str, epoch: int, fold: str) -> InputError:
    """Build the error for a loss or weights that are no numbers any more."""
    where = ", ".join([*filter(None, [fold_name(fold)]), f"epoch {epoch}"])
    return InputError(f"{what} not finite", where=where, do="use a smaller learning rate")


def train_epochs(
    network: nn.Module, batches: Batches, learning: LearningSettings
) -> Iterator[tuple[float, ...]]:
    """Train a network in place, where it is and in its precision; yield one row of history after each epoch."""
    first = next(network.parameters())
    steps = optimiser(network, learning)
    network.train()
    for epoch in range(learning.epochs):
        lr = learning.lr * learning.lr_decay**epoch
        for group in steps.param_groups:
            group["lr"] = lr
        seen = []
        for windows, wanted in batches(epoch):
            logits, embedding = network(windows.to(first))
            aims = moved(wanted, first.device, first.dtype)
            terms = loss_terms(logits, embedding, aims, learning)
            steps.zero_grad()
            total_loss(terms, learning).backward()
            steps.step()
            seen.append(terms.detach())
        row = history_row(epoch, lr, torch.stack(seen).mean(0), learning)
        if not np.isfinite(row).all():
            raise not_finite("the loss is", epoch, "")
        yield row
