"""How the folds of a run are spread over cores or put together on a GPU, and asked about their held-out videos."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msstgcn.errors import InputError
from msstgcn.files import digest_bytes
from msstgcn.graph import FacialGraph, cooccurrence_graph
from msstgcn.learning.batched import Job, Look, Material, Trained, train_folds
from msstgcn.learning.corpus import Corpus
from msstgcn.learning.folds import Fold
from msstgcn.learning.prediction import predict_each
from msstgcn.learning.training import Progress, watched_epochs
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.regions import region_set
from msstgcn.network.model import is_counted
from msstgcn.settings import LearningSettings, NetworkSettings


class Schedule:
    """Trains the folds of one run.

    On a CPU each fold runs by itself on one core, as many at a time as PyTorch has threads; a fold's result does
    not depend on how many, nor on which folds are done already. On a GPU all folds train as one program; if its
    memory is too small they are split in two, and a note says so.

    Parameters
    ----------
    features : sequence of VideoFeatures
        The videos that folds are asked about.
    corpus : Corpus
        What they are trained on: the same videos put together, or a corpus of one's own.
    network, learning : settings
    place : torch.device
    progress : callable, optional
        Told how many more epochs of folds are done.
    checkpoints : Path, optional
        Folder for the state of unfinished folds.
    control : str, optional
        How the labels were changed, if they were.
    """

    def __init__(
        self,
        features: Sequence[VideoFeatures],
        corpus: Corpus,
        network: NetworkSettings,
        learning: LearningSettings,
        place: torch.device,
        *,
        progress: Progress | None = None,
        checkpoints: Path | None = None,
        control: str | None = None,
    ) -> None:
        self.features, self.corpus, self.network, self.learning = features, corpus, network, learning
        self.place, self.checkpoints, self.notes = place, checkpoints, list[str]()
        self._progress, self._lock, self._stop = progress, threading.Lock(), threading.Event()
        self._identity = _digest(features, corpus, control or "") if checkpoints else ""

    def folds(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fold]]:
        """Train the jobs; yield each with its fold when it is finished, in any order.

        Raises
        ------
        InputError
            If a loss is not finite, or the GPU's memory is too small for one fold.
        """
        if not jobs:
            return
        if is_counted(self.network):
            jobs = [replace(job, graph=self._counted(job)) for job in jobs]
        yield from (self._on_cpu if self.place.type == "cpu" else self._on_gpu)(self.material, jobs)

    @cached_property
    def material(self) -> Material:
        """The windows on the device, mixed over the graph; made when first needed."""
        try:
            return Material.of(self.corpus, self.network, self.place)
        except torch.OutOfMemoryError:
            raise InputError(
                f"the {len(self.corpus.flow)} windows do not fit into the GPU's memory", do="use device cpu"
            ) from None

    def _counted(self, job: Job) -> FacialGraph:
        """Count a fold's own graph in the annotations of its training subjects, or of all where the settings say so."""
        without = () if self.network.graph == "cooccurrence-all" else job.held_out
        shown = [e for video in self.features if video.subject not in without for e in video.expressions]
        return cooccurrence_graph(shown, region_set(self.network.regions))

    def _tell(self, epochs: int) -> None:
        if self._progress:
            with self._lock:
                self._progress(epochs)

    def _ask(self, job: Job, weights: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
        own = [video for video in self.features if video.subject in job.held_out]
        return predict_each(weights, own, network=self.network, device=self.place)

    def _look(self, job: Job, weights: dict[str, Tensor]) -> Look:
        return {video: found.astype(np.float16) for video, found in self._ask(job, weights).items()}

    def _train(self, material: Material, jobs: Sequence[Job]) -> list[tuple[Job, Fold]]:
        """Train some folds together and ask each about its held-out videos."""
        path = None
        if self.checkpoints:
            name = digest_bytes(*(f"{job.name}/{job.seed}".encode() for job in jobs))[:16]
            path = self.checkpoints / f"{name}.safetensors"
        trained = train_folds(
            material,
            jobs,
            self.network,
            self.learning,
            progress=self._tell,
            stop=self._stop.is_set,
            look=self._look,
            checkpoint=path,
            identity=self._identity,
        )
        return [(job, self._finished(job, own)) for job, own in zip(jobs, trained, strict=True)]

    def _finished(self, job: Job, own: Trained) -> Fold:
        watched = {video: np.stack([look[video] for look in own.looks]) for video in own.looks[-1]}
        found = self._ask(job, own.weights)
        epochs = tuple(watched_epochs(self.learning))
        return Fold(job.name, own.weights, own.history, found, epochs, watched)

    def _on_cpu(self, material: Material, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fold]]:
        """One fold a core: no thread waits for another, and the result does not depend on their number."""
        self._stop.clear()
        with _one_thread() as cores, ThreadPoolExecutor(min(cores, len(jobs))) as pool:
            futures = [pool.submit(self._train, material, [job]) for job in jobs]
            try:
                for future in as_completed(futures):
                    yield from future.result()
            finally:
                self._stop.set()
                for future in futures:
                    future.cancel()

    def _on_gpu(self, material: Material, jobs: Sequence[Job]) -> Iterator[tuple[Job, Fold]]:
        """All folds at once; in halves where they do not fit."""
        try:
            folds = self._train(material, jobs)
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
            yield from self._on_gpu(material, part)


def _digest(features: Sequence[VideoFeatures], corpus: Corpus, control: str) -> str:
    """Digest of what folds are trained on and of the videos they are asked about."""
    words = [control, *(word for video in features for word in (video.video, video.subject))]
    asked = (array for video in features for array in (video.flow, video.mask))
    arrays = (np.asarray(array) for array in (corpus.flow, *vars(corpus.targets).values(), *asked))
    words += [digest_bytes(array.tobytes()) for array in arrays]  # one copy at a time
    return digest_bytes(*(word.encode() for word in words))


@contextmanager
def _one_thread() -> Iterator[int]:
    """Give every PyTorch operation one thread for a while; tell how many there were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)
