"""Small data sets in which expressions can be seen: bumps on top of noise, no video needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from msstgcn.learning.batched import Job
from msstgcn.learning.corpus import Corpus
from msstgcn.learning.sampling import batches
from msstgcn.learning.training import targets_at, windows_of
from msstgcn.motion.features import VideoFeatures
from msstgcn.network import BatchTargets
from msstgcn.settings import LearningSettings
from msstgcn.timeline import Expression


def toy_video(
    subject: str, number: int, *, frames: int = 120, window: int = 17, seed: int = 0
) -> VideoFeatures:
    """A micro- and a macro-expression that move brows and mouth; flow from the window's first frame."""
    rng = np.random.default_rng([seed, ord(subject[-1]), number])
    onset = int(rng.integers(15, 25))
    long = int(rng.integers(65, 75))
    events = (
        Expression(onset, onset + 5, onset + 10, "me"),
        Expression(long, long + 14, long + 28, "mae"),
    )
    position = np.zeros((frames + window, 10, 2))
    half = window // 2
    time = np.arange(frames + window) - half
    for event, regions, size in ((events[0], (0, 3), 2.0), (events[1], (6, 7), 6.0)):
        width = (event.offset - event.onset) / 4
        position[:, regions, 1] += size * np.exp(-0.5 * ((time - event.apex) / width) ** 2)[:, None]
    position += 0.1 * rng.normal(size=position.shape)
    index = np.arange(frames)[:, None] + np.arange(window)
    flow = position[index] - position[index[:, :1]]
    return VideoFeatures(
        f"{subject}_{number}", subject, 30.0, flow.astype(np.float32), np.ones(frames, dtype=bool), events
    )


def batches_of(
    corpus: Corpus, job: Job, settings: LearningSettings
) -> Callable[[int], Iterator[tuple[torch.Tensor, BatchTargets]]]:
    """What the plain loop trains a job on: by epoch, the windows (N, 2, K, R) and targets of each batch."""

    def of_epoch(epoch: int) -> Iterator[tuple[torch.Tensor, BatchTargets]]:
        for batch in batches(len(job.starts), settings.segments, seed=job.seed, epoch=epoch):
            index = windows_of(torch.from_numpy(job.starts[batch]), settings.segment)
            yield corpus.flow[index].permute(0, 3, 1, 2), targets_at(corpus.targets, index)

    return of_epoch
