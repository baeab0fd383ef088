"""Leave-one-subject-out: as many networks as subjects, each asked about the one it never saw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from msstgcn.errors import InputError
from msstgcn.files import digest_bytes
from msstgcn.learning.batched import Job, Material, train_folds
from msstgcn.learning.corpus import gather
from msstgcn.learning.device import device as named_device
from msstgcn.learning.folds import Fold
from msstgcn.learning.prediction import predict
from msstgcn.learning.sampling import seed_of
from msstgcn.learning.training import Progress
from msstgcn.motion.features import VideoFeatures
from msstgcn.settings import LearningSettings, NetworkSettings


@dataclass(frozen=True)
class LosoRun:
    """A leave-one-subject-out run.

    Parameters
    ----------
    folds : dict of str to Fold
        By the subject left out, sorted by name.
    notes : tuple of str
        What a reader of the result should know.
    """

    folds: dict[str, Fold]
    notes: tuple[str, ...] = ()

    @property
    def probabilities(self) -> dict[str, NDArray[np.float32]]:
        """By video, shape (T, 10), each from the network that never saw the video's subject."""
        return {v: p for fold in self.folds.values() for v, p in fold.probabilities.items()}

    @property
    def history(self) -> pd.DataFrame:
        """Histories of all folds, with the column ``subject`` in front."""
        parts = [fold.history.assign(subject=name) for name, fold in self.folds.items()]
        table = pd.concat(parts, ignore_index=True)
        return table[["subject", *(name for name in table.columns if name != "subject")]]


def train_loso(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    device: torch.device | str = "cpu",
    control: str | None = None,
    done: Mapping[str, Fold] | None = None,
    on_fold: Callable[[Fold], None] | None = None,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
) -> LosoRun:
    """Train and test all folds.

    On a CPU each fold runs by itself on one core, as many at a time as PyTorch has threads; a fold's result does
    not depend on how many, nor on which folds are done already. On a GPU all folds train as one program; if its
    memory is too small they are split in two, and a note says so.

    Parameters
    ----------
    features : sequence of VideoFeatures
        All videos of all subjects.
    network, learning : settings
        Architecture and optimisation.
    device : torch.device or str
        ``auto``, ``cpu`` or ``cuda``.
    control : str, optional
        ``"shuffled-labels"`` trains on labels moved away from the motion; the test videos stay as they are.
    done : mapping of str to Fold, optional
        Folds of an earlier, unfinished run with the same features and settings, by subject; not trained again.
    on_fold : callable, optional
        Given each fold as it is finished, in the calling thread, so that the caller can keep it.
    progress : callable, optional
        Told how many more epochs of folds are done; in all there are folds x epochs.
    checkpoints : Path, optional
        Folder for the state of unfinished folds; a killed run with the same folder goes on from the last epoch
        and ends with the same bits as an undisturbed one (on a CPU).

    Returns
    -------
    LosoRun

    Raises
    ------
    InputError
        Fewer than two subjects, no expression at all, features that do not fit or are not finite, a fold with
        nothing to train on, or a loss that is not finite.
    """
    place = device if isinstance(device, torch.device) else named_device(device)
    corpus = gather(features, network, learning, control=control)
    if len(corpus.subjects) < 2:
        raise InputError(
            f"only one subject, {corpus.subjects[0]}",
            where="leave-one-subject-out",
            expected="at least two",
            do="add videos of another subject",
        )
    earlier = {subject: fold for subject, fold in (done or {}).items() if subject in corpus.subjects}
    jobs = [
        Job(subject, corpus.training_starts(learning, subject), seed_of(learning.seed, "fold", subject))
        for subject in corpus.subjects
    ]
    todo = [job for job in jobs if job.subject not in earlier]
    if progress and earlier:
        progress(len(earlier) * learning.epochs)
    run = _Run(features, network, learning, place, progress, checkpoints, control or "")
    folds = dict(earlier)
    if todo:
        material = Material.of(corpus, network, place)
        for fold in run.on_cpu(material, todo) if place.type == "cpu" else run.on_gpu(material, todo):
            folds[fold.subject] = fold
            if on_fold:
                on_fold(fold)
    return LosoRun({s: folds[s] for s in corpus.subjects}, (*corpus.notes, *run.notes))


class _Run:
    """What the folds of one run have in common."""

    def __init__(
        self,
        features: Sequence[VideoFeatures],
        network: NetworkSettings,
        learning: LearningSettings,
        place: torch.device,
        progress: Progress | None,
        checkpoints: Path | None,
        control: str,
    ) -> None:
        self.features, self.network, self.learning, self.place = features, network, learning, place
        self.checkpoints, self.notes = checkpoints, list[str]()
        self._progress, self._lock, self._stop = progress, threading.Lock(), threading.Event()
        flows = [np.ascontiguousarray(v.flow).tobytes() for v in features] if checkpoints else []
        self._identity = digest_bytes(
            control.encode(), repr([v.expressions for v in features]).encode(), *flows
        )

    def _tell(self, epochs: int) -> None:
        if self._progress:
            with self._lock:
                self._progress(epochs)

    def train(self, material: Material, jobs: Sequence[Job]) -> list[Fold]:
        """Train some folds together and ask each about its own subject."""
        path = None
        if self.checkpoints:
            name = digest_bytes(*(job.subject.encode() for job in jobs))[:16]
            path = self.checkpoints / f"{name}.safetensors"
        trained = train_folds(
            material,
            jobs,
            self.network,
            self.learning,
            progress=self._tell,
            stop=self._stop.is_set,
            checkpoint=path,
            identity=self._identity,
        )
        folds = []
        for job, (weights, history) in zip(jobs, trained, strict=True):
            found = {
                video.video: predict(weights, video, network=self.network, device=self.place)
                for video in self.features
                if video.subject == job.subject
            }
            folds.append(Fold(job.subject, weights, history, found))
        return folds

    def on_cpu(self, material: Material, jobs: Sequence[Job]) -> Iterator[Fold]:
        """One fold a core: no thread waits for another, and the result does not depend on their number."""
        with _one_thread() as cores, ThreadPoolExecutor(min(cores, len(jobs))) as pool:
            futures = [pool.submit(self.train, material, [job]) for job in jobs]
            try:
                for future in as_completed(futures):
                    yield from future.result()
            finally:
                self._stop.set()
                for future in futures:
                    future.cancel()

    def on_gpu(self, material: Material, jobs: Sequence[Job]) -> Iterator[Fold]:
        """All folds at once; in halves where they do not fit."""
        try:
            folds = self.train(material, jobs)
        except torch.OutOfMemoryError:
            if len(jobs) == 1:
                raise InputError(
                    "not even one fold fits into the GPU's memory",
                    do="use device cpu, or fewer segments a batch",
                ) from None
            folds = []
        if folds:
            yield from folds
            return
        torch.cuda.empty_cache()
        half = (len(jobs) + 1) // 2
        self.notes.append(f"{len(jobs)} folds did not fit into the GPU's memory at once; trained in halves")
        for part in (jobs[:half], jobs[half:]):
            yield from self.on_gpu(material, part)


@contextmanager
def _one_thread() -> Iterator[int]:
    """Give every PyTorch operation one thread for a while; tell how many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)
