"""Training many folds as one program: stacked weights, one set of operations for all.

The folds of a leave-one-subject-out run share windows, targets and shapes; only which segments they draw differs.
Here each keeps its own batches, optimiser state and number of steps, exactly as if it were trained alone by
`msstgcn.learning.training`.

Everything is computed in single precision, on a GPU too: PyTorch leaves TF32 off for matrix products unless it is
asked for it, and this asks for neither that nor bf16. Both keep three decimal digits or fewer of each factor, and
the tolerance to which a fold must equal the plain loop has no room for that.

With few folds a GPU waits for the host, which starts some hundreds of operations a step. So all that can be known
before an epoch is brought to the device before it, and inside a step nothing is copied there or asked for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from msstgcn.files import digest_bytes, written_whole
from msstgcn.graph import FacialGraph
from msstgcn.learning.corpus import Corpus
from msstgcn.learning.folds import HISTORY_COLUMNS
from msstgcn.learning.sampling import batches, drawn
from msstgcn.learning.training import (
    Progress,
    history_row,
    is_decayed,
    moved,
    not_finite,
    targets_at,
    watched_epochs,
    windows_of,
)
from msstgcn.network import BatchTargets, initialised, is_wrong, loss_terms
from msstgcn.network.losses import constant, term_weights
from msstgcn.network.stacked import (
    MixedWindows,
    Plan,
    forward,
    is_trained,
    mix_windows,
    plan,
    stack,
    unstack,
)
from msstgcn.settings import LearningSettings, NetworkSettings

#: AdamW's decay rates of the two moments and the guard of its denominator; PyTorch's own defaults.
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Job:
    """One fold to train.

    Parameters
    ----------
    name : str
        Who is left out, for messages and as the fold's name.
    starts : ndarray of int64, shape (S,)
        First windows of the segments to draw from.
    seed : int
        Decides the start and the batches.
    held_out : tuple of str, optional
        The subjects whose videos the network is asked about.
    others : ndarray of int64, shape (O,), optional
        First windows of more segments, some of which are drawn anew each epoch.
    number : int, optional
        How many.
    graph : FacialGraph, optional
        The fold's own graph, where the network has one that is counted in the training data.
    """

    name: str
    starts: NDArray[np.int64]
    seed: int
    held_out: tuple[str, ...] = ()
    others: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    number: int = 0
    graph: FacialGraph | None = None

    def batches(self, size: int, epoch: int) -> NDArray[np.int64]:
        """First windows of the segments of each batch of an epoch, shape (B, size)."""
        starts = drawn(self.starts, self.others, self.number, seed=self.seed, epoch=epoch)
        return starts[batches(len(starts), size, seed=self.seed, epoch=epoch)]


#: What a fold says of its held-out videos: by video, shape (T, 10).
Look = dict[str, NDArray[np.float16]]


class Trained(NamedTuple):
    """What training leaves of one fold: weights (float32, CPU), history, and its looks in the order of epochs."""

    weights: dict[str, Tensor]
    history: pd.DataFrame
    looks: list[Look]


@dataclass(frozen=True)
class Material:
    """What all folds share, ready on the device."""

    windows: MixedWindows
    targets: BatchTargets
    plan: Plan

    @classmethod
    def of(
        cls,
        corpus: Corpus,
        network: NetworkSettings,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> Material:
        """Mix all windows over the graph and move everything to the device."""
        how = plan(network)
        windows = mix_windows(corpus.flow.to(device, dtype), how)
        return cls(windows, moved(corpus.targets, device, dtype), how)


@dataclass
class _State:
    """Everything that changes while F folds train. Weights lie in one (F, P) tensor, so a step is few operations."""

    shapes: dict[str, tuple[int, ...]]
    weights: Tensor  # (F, P)
    moment1: Tensor  # (F, P)
    moment2: Tensor  # (F, P)
    steps: Tensor  # (F,), float64, on the CPU: updates before this epoch
    running: dict[str, Tensor]
    rows: list[list[tuple[float, ...]]] = field(default_factory=list)  # history, (epochs) of (folds)
    looks: list[list[Look]] = field(default_factory=list)  # (watched epochs) of (folds)

    @classmethod
    def fresh(
        cls, jobs: Sequence[Job], network: NetworkSettings, device: torch.device, dtype: torch.dtype
    ) -> _State:
        held = stack([initialised(network, seed=job.seed, graph=job.graph) for job in jobs])
        held = {name: value.to(device, dtype) for name, value in held.items()}
        trained = {name: value for name, value in held.items() if is_trained(name)}
        flat = torch.cat([value.flatten(1) for value in trained.values()], 1)
        return cls(
            {name: tuple(value.shape[1:]) for name, value in trained.items()},
            flat,
            torch.zeros_like(flat),
            torch.zeros_like(flat),
            torch.zeros(len(jobs), dtype=torch.float64),
            {name: value for name, value in held.items() if not is_trained(name)},
        )

    def named(self, flat: Tensor) -> dict[str, Tensor]:
        """Views of a flat (F, P) tensor by name of weight."""
        parts = flat.split([math.prod(shape) for shape in self.shapes.values()], 1)
        return {n: part.view(-1, *shape) for part, (n, shape) in zip(parts, self.shapes.items(), strict=True)}

    def decayed(self) -> Tensor:
        """Return 1 for each weight that decays, else 0; shape (P,)."""
        one = self.weights.new_ones(1, self.weights.shape[1])
        return torch.cat([v.flatten() * is_decayed(n) for n, v in self.named(one).items()])

    def taken(self, rows: Tensor) -> _State:
        """Copy what changes in a step, of those folds alone."""
        running = {name: value[rows] for name, value in self.running.items()}
        weights, moment1, moment2 = self.weights[rows], self.moment1[rows], self.moment2[rows]
        return replace(self, weights=weights, moment1=moment1, moment2=moment2, running=running)

    def put_back(self, rows: Tensor, part: _State) -> None:
        """Take over what `taken` gave, after a step."""
        for name in ("weights", "moment1", "moment2"):
            getattr(self, name)[rows] = getattr(part, name)
        self.running = {
            name: old.index_copy(0, rows, part.running[name]) for name, old in self.running.items()
        }

    def of_fold(self, fold: int) -> dict[str, Tensor]:
        """Weights and running statistics of one fold as they are now, float32 on the CPU."""
        everything = {**self.named(self.weights), **self.running}
        return {n: v.float().contiguous() for n, v in unstack(everything, fold).items()}

    def broken(self) -> list[bool]:
        """Whether each fold's weights or running statistics are no numbers any more."""
        everything = {**self.named(self.weights), **self.running}
        wrong = [is_wrong(name, values).flatten(1).any(1) for name, values in everything.items()]
        found: list[bool] = torch.stack(wrong).any(0).tolist()
        return found

    def results(self) -> list[Trained]:
        """What is there of each fold."""
        found = []
        for fold in range(len(self.weights)):
            history = pd.DataFrame([row[fold] for row in self.rows], columns=list(HISTORY_COLUMNS))
            looks = [look[fold] for look in self.looks]
            found.append(Trained(self.of_fold(fold), history.astype({"epoch": int}), looks))
        return found


def train_folds(
    material: Material,
    jobs: Sequence[Job],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    look: Callable[[Job, dict[str, Tensor]], Look] | None = None,
    checkpoint: Path | None = None,
    identity: str = "",
) -> list[Trained]:
    """Train folds together.

    Parameters
    ----------
    material : Material
        Windows and targets on the device, in the precision to train in.
    jobs : sequence of Job
        The F folds.
    network, learning : settings
        Architecture and optimisation, the same for all.
    progress : callable, optional
        Told F after each epoch.
    stop : callable, optional
        Asked before each epoch; True ends the training with `InterruptedError`.
    look : callable, optional
        Given a job and its weights after each watched epoch; what it returns is kept.
    checkpoint : Path, optional
        File that holds the state after each epoch; training goes on from it if it belongs to these jobs.
    identity : str, optional
        Whatever else the result depends on; part of what the checkpoint must agree with.

    Returns
    -------
    list of Trained
        In the order of the jobs.

    Raises
    ------
    InputError
        If a fold's loss, weights or running statistics are not finite; names fold and epoch.
    """
    like = material.windows.flow
    state = _State.fresh(jobs, network, like.device, like.dtype)
    about = _about(jobs, network, learning, identity, str(like.dtype))
    if checkpoint:
        _restore(state, checkpoint, about)
        if progress and state.rows:
            progress(len(jobs) * len(state.rows))
    decayed = state.decayed() * learning.weight_decay
    watched = watched_epochs(learning) if look else []
    for epoch in range(len(state.rows), learning.epochs):
        if stop():
            raise InterruptedError
        state.rows.append(_epoch(state, material, jobs, learning, epoch, decayed))
        if look and epoch + 1 in watched:
            state.looks.append([look(job, state.of_fold(fold)) for fold, job in enumerate(jobs)])
        if checkpoint:
            _keep(state, checkpoint, about)
        if progress:
            progress(len(jobs))
    return state.results()


def _epoch(
    state: _State,
    material: Material,
    jobs: Sequence[Job],
    learning: LearningSettings,
    epoch: int,
    decayed: Tensor,
) -> list[tuple[float, ...]]:
    like = state.weights
    lr = learning.lr * learning.lr_decay**epoch
    order = [job.batches(learning.segments, epoch) for job in jobs]  # each (B_f, segments)
    count = np.array([len(own) for own in order])
    starts = np.zeros((count.max(), len(jobs), learning.segments), np.int64)
    for fold, own in enumerate(order):
        starts[: len(own), fold] = own
    index = windows_of(torch.from_numpy(starts).to(like.device), learning.segment)  # (B, F, N)
    rates = _rates(state.steps, count.max(), lr).to(like)
    kept = 1 - lr * decayed
    sums = torch.zeros(len(jobs), 7, dtype=torch.float64, device=like.device)
    for turn in range(count.max()):
        if (count > turn).all():
            sums += _step(state, material, index[turn], learning, rates[turn], kept)
            continue
        rows = torch.from_numpy(np.flatnonzero(count > turn)).to(like.device)  # the others have no such batch
        part = state.taken(rows)
        sums[rows] += _step(part, material, index[turn, rows], learning, rates[turn, :, rows], kept)
        state.put_back(rows, part)
    state.steps += torch.from_numpy(count)
    means = (sums / torch.from_numpy(count).to(sums)[:, None]).cpu()
    history = [history_row(epoch, lr, terms, learning) for terms in means]
    for job, row, broken in zip(jobs, history, state.broken(), strict=True):
        if not np.isfinite(row).all():
            raise not_finite("the loss is", epoch, job.name)
        if broken:
            raise not_finite("the weights are", epoch, job.name)
    return history


def _step(
    state: _State,
    material: Material,
    index: Tensor,
    learning: LearningSettings,
    rates: Tensor,
    kept: Tensor,
) -> Tensor:
    """One update of F folds on the windows `index` (F, N); return their terms (F, 7)."""
    leaf = state.weights.detach().requires_grad_()
    held = {**state.named(leaf), **state.running}
    logits, embedding, running = forward(held, material.windows.rows(index), material.plan)
    terms = loss_terms(logits, embedding, targets_at(material.targets, index), learning)
    weights = constant(term_weights(learning), terms.dtype, terms.device)
    (slope,) = torch.autograd.grad(terms, leaf, weights.expand_as(terms))  # of the total loss
    state.running = {**state.running, **running}  # where a graph was counted, it stands there, too
    _adamw(state, slope, rates, kept)
    return terms.detach()


def _rates(steps: Tensor, turns: int, lr: float) -> Tensor:
    """What AdamW divides the root of the second moment by, and its step: (F,) to float64 (turns, 2, F, 1)."""
    number = steps + torch.arange(1, turns + 1)[:, None]
    return torch.stack([(1 - BETA2**number).sqrt(), lr / (1 - BETA1**number)], 1)[..., None]


def _adamw(state: _State, slope: Tensor, rates: Tensor, kept: Tensor) -> None:
    """AdamW as `torch.optim.AdamW` does it, each fold with its own number of steps."""
    spread, lr = rates
    state.moment1.lerp_(slope, 1 - BETA1)
    state.moment2.mul_(BETA2).addcmul_(slope, slope, value=1 - BETA2)
    root = (state.moment2.sqrt() / spread).add_(EPSILON)
    state.weights.mul_(kept).addcdiv_(state.moment1 * lr, root, value=-1)


def _about(
    jobs: Sequence[Job], network: NetworkSettings, learning: LearningSettings, identity: str, dtype: str
) -> str:
    parts = [
        network.model_dump_json().encode(),
        learning.model_dump_json().encode(),
        identity.encode(),
        dtype.encode(),
    ]
    for job in jobs:
        parts += [f"{job.name}/{job.seed}".encode(), job.starts.tobytes(), job.others.tobytes()]
        parts += [repr(job.graph).encode()] if job.graph else []
    return digest_bytes(*parts)


def _keep(state: _State, path: Path, about: str) -> None:
    held = {f"running/{name}": value for name, value in state.running.items()}
    held |= {name: getattr(state, name) for name in ("weights", "moment1", "moment2", "steps")}
    held = {name: value.cpu().contiguous() for name, value in held.items()}
    for turn, folds in enumerate(state.looks):
        for fold, own in enumerate(folds):
            held |= {f"look/{turn}/{fold}/{video}": torch.from_numpy(p) for video, p in own.items()}
    with written_whole(path) as temporary:
        told = {"about": about, "rows": json.dumps(state.rows), "looks": str(len(state.looks))}
        temporary.write_bytes(save(held, metadata=told))


def epochs_done(checkpoint: Path) -> int:
    """Epochs after which a checkpoint was written; 0 for a file that is none or is damaged."""
    try:
        with safe_open(checkpoint, framework="pt") as file:
            return len(json.loads((file.metadata() or {}).get("rows", "[]")))
    except (SafetensorError, OSError):
        return 0


def _restore(state: _State, path: Path, about: str) -> None:
    """Take over a checkpoint; one that is damaged or belongs to other jobs is as good as none."""
    if not path.is_file():
        return
    try:
        with safe_open(path, framework="pt") as file:
            held = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            told = file.metadata() or {}
    except (SafetensorError, OSError):
        return
    if told.get("about") != about:
        return
    for name in ("weights", "moment1", "moment2", "steps"):
        getattr(state, name).copy_(held[name])
    for name, value in state.running.items():
        value.copy_(held[f"running/{name}"])
    looks: dict[tuple[int, int], Look] = {}
    for name, value in held.items():
        if name.startswith("look/"):
            _, turn, fold, video = name.split("/", 3)
            looks.setdefault((int(turn), int(fold)), {})[video] = value.numpy()
    folds = range(len(state.weights))  # one without a video to be asked about has looked, and said nothing
    state.looks = [[looks.get((turn, fold), {}) for fold in folds] for turn in range(int(told["looks"]))]
    state.rows = [[tuple(row) for row in epoch] for epoch in json.loads(told["rows"])]
