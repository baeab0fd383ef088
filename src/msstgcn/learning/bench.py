"""How fast training is: the straightforward way and ours, side by side on the same windows, with the same result.

The straightforward way is what a careful person would write first: one network of PyTorch modules a fold, one file
a segment on disk, a `DataLoader` that reads them and makes each item's labels, PyTorch's AdamW. It shares with ours
the loss, the starting weights and the order of the batches, so both must end with the same weights.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from msstgcn.devices import device as named_device
from msstgcn.graph import FACE, PARTS
from msstgcn.learning.batched import Job, Material, train_folds
from msstgcn.learning.corpus import Corpus, gather
from msstgcn.learning.sampling import batches, segment_starts
from msstgcn.learning.schedule import Schedule
from msstgcn.learning.targets import targets
from msstgcn.learning.training import train_epochs
from msstgcn.motion.features import VideoFeatures
from msstgcn.network import MSSTGCN, BatchTargets, SpatioTemporalBlock, initialised
from msstgcn.settings import LearningSettings, NetworkSettings
from msstgcn.timeline import SAMM_FPS, Expression

#: Weights of the two ways may differ by so much of their norm after `CHECKED_STEPS` steps in double precision.
TOLERANCE, CHECKED_STEPS = 1e-4, 50
#: Segments a batch there: double precision is slow, and equality does not need large batches.
CHECKED_SEGMENTS = 4


def bench_train(
    device: str = "auto",
    *,
    subjects: int = 12,
    videos: int = 4,
    frames: int = 457,
    rounds: int = 3,
    checked_steps: int = CHECKED_STEPS,
    network: NetworkSettings | None = None,
) -> dict[str, Any]:
    """Wall time of one epoch of one fold, the straightforward way and ours, and whether the results agree.

    Both train on random windows, 32 x 16 of them a batch, and may use every core. They take turns: one epoch of
    one fold the plain way, then one epoch of as many folds as there are cores (on a GPU: of all folds, as one
    program) our way. What is done once a run is left out on both sides: writing segment files there, mixing
    windows over the graph here.

    Parameters
    ----------
    device : str
        auto, cpu or cuda.
    subjects, videos, frames : int
        Size of the data: people, videos of each, frames of a video. As it stands, the profile ``cpu``.
    rounds : int
        Turns; the result is the median.
    checked_steps : int
        Steps after which the weights are compared, fewer if there are not enough segments.
    network : NetworkSettings, optional
        Another network than MS-STGCN as published; windows are as long as it sees.

    Returns
    -------
    dict
        ``speedup`` (median over the turns of the ratio), ``baseline_s`` and ``ours_s`` (medians, wall time a
        fold-epoch), ``baseline_loading_s`` (the part of it that reads files and makes labels), ``preparation_s``
        (ours, once a run), ``device``, ``cores``, ``folds_at_once``, ``steps`` (an epoch), ``window`` (frames),
        ``max_weight_difference`` (of a tensor of weights, as a share of its norm, after ``checked_steps`` steps
        of four segments in double precision on the CPU) and its ``tolerance``.
    """
    place, network = named_device(device), network or NetworkSettings()
    learning = LearningSettings(epochs=1, sampling="all")
    features = random_videos(subjects, videos, frames, window=network.receptive_field)
    corpus = gather(features, network, learning)
    jobs = [Job(s, corpus.training_starts(learning, s), n) for n, s in enumerate(corpus.subjects)]
    cores = torch.get_num_threads()
    together = jobs[:cores] if place.type == "cpu" else jobs
    schedule = Schedule(features, corpus, network, learning, place)
    steps = max(len(jobs[0].starts) // learning.segments, 1)
    with tempfile.TemporaryDirectory() as folder:
        files = SegmentFiles(features, learning.segment, Path(folder))
        preparation = _seconds(lambda: schedule.material, place)
        list(schedule.folds(together))  # loops are compiled and memory is claimed in the first turn
        baseline, ours = [], []
        for _ in range(rounds):
            plainly = lambda: plain_training(files, jobs[0], network, learning, place)  # noqa: E731
            baseline.append(_seconds(plainly, place))
            ours.append(_seconds(lambda: list(schedule.folds(together)), place) / len(together))
        loading = _seconds(lambda: list(loader(files, jobs[0], learning, 0)), place)
        checked = learning.but(segments=CHECKED_SEGMENTS)
        few = replace(jobs[0], starts=jobs[0].starts[: checked_steps * CHECKED_SEGMENTS])
        difference = weight_difference(files, corpus, few, network, checked)
    return {
        "speedup": float(np.median(np.array(baseline) / np.array(ours))),
        "baseline_s": float(np.median(baseline)),
        "ours_s": float(np.median(ours)),
        "baseline_loading_s": loading,
        "preparation_s": preparation,
        "device": place.type if place.type == "cpu" else torch.cuda.get_device_name(),
        "cores": cores,
        "folds_at_once": len(together),
        "steps": steps,
        "window": network.receptive_field,
        "max_weight_difference": difference,
        "tolerance": TOLERANCE,
        "checked_steps": len(few.starts) // CHECKED_SEGMENTS,
    }


def random_videos(
    subjects: int, videos: int, frames: int, *, window: int = 17, seed: int = 0
) -> list[VideoFeatures]:
    """Features of as many videos: noise, with one micro- and two macro-expressions in each, so that all losses work."""
    made, events = [], [(40, 46, 53, "me"), (90, 105, 120, "mae"), (200, 230, 260, "mae")]
    fitting = tuple(Expression(a, b, c, label) for a, b, c, label in events if c < frames)
    for subject in range(subjects):
        for video in range(videos):
            rng = np.random.default_rng([seed, subject, video])
            flow = rng.standard_normal((frames, window, 10, 2), np.float32)
            name = f"s{subject:03d}"
            mask = np.ones(frames, dtype=np.bool_)
            made.append(VideoFeatures(f"{name}_{video}", name, SAMM_FPS, flow, mask, fitting))
    return made


class SegmentFiles(Dataset[tuple[Tensor, ...]]):
    """One file of windows a segment; labels are made when an item is asked for.

    Parameters
    ----------
    features : sequence of VideoFeatures
        Videos to cut up.
    length : int
        Windows in a segment.
    folder : Path
        Where the files go.
    """

    def __init__(self, features: Sequence[VideoFeatures], length: int, folder: Path) -> None:
        self.length, self.items = length, list[tuple[Path, VideoFeatures, int]]()
        self.number: dict[int, int] = {}  # item by first window, counted over all videos
        before = 0
        for video in features:
            for start in segment_starts(video.mask, length).tolist():
                self.number[before + start] = len(self.items)
                path = folder / f"{len(self.items)}.npy"
                np.save(path, video.flow[start : start + length])
                self.items.append((path, video, start))
            before += len(video)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, item: int) -> tuple[Tensor, ...]:
        """Windows (S, 2, K, R), boundary, apex, action (S, 2) and contrast (S,) of one segment."""
        path, video, start = self.items[item]
        own = targets(video.expressions, len(video.flow))
        inside = slice(start, start + self.length)
        wanted = (own.boundary[inside], own.apex[inside], own.action[inside], own.contrast[inside])
        windows = torch.from_numpy(np.load(path)).permute(0, 3, 1, 2)
        return windows, *(torch.from_numpy(values) for values in wanted)


def plain_training(
    files: SegmentFiles,
    job: Job,
    network: NetworkSettings,
    learning: LearningSettings,
    place: torch.device,
    dtype: torch.dtype = torch.float32,
) -> MSSTGCN:
    """Train one fold the straightforward way."""
    model = initialised(network, seed=job.seed).to(place, dtype)
    if dtype == torch.float64:  # not rounded to single precision on the way
        for block, graph in ((model.block1, FACE), (model.block2, PARTS)):
            if isinstance(block, SpatioTemporalBlock):
                block.mix.operator = graph.laplacian().to(place)
    for _ in train_epochs(model, partial(segment_batches, files, job, learning), learning):
        pass
    return model


def segment_batches(
    files: SegmentFiles, job: Job, learning: LearningSettings, epoch: int
) -> Iterator[tuple[Tensor, BatchTargets]]:
    """Windows (N, 2, K, R) and targets of each batch of one epoch of a fold."""
    for segments in loader(files, job, learning, epoch):
        windows, *wanted = (part.flatten(0, 1) for part in segments)
        yield windows, BatchTargets(*wanted)


def loader(
    files: SegmentFiles, job: Job, learning: LearningSettings, epoch: int
) -> DataLoader[tuple[Tensor, ...]]:
    """The batches of one epoch of a fold."""
    drawn = job.starts[batches(len(job.starts), learning.segments, seed=job.seed, epoch=epoch)]
    numbers = [[files.number[start] for start in batch] for batch in drawn.tolist()]
    return DataLoader(files, batch_sampler=numbers)


def weight_difference(
    files: SegmentFiles, corpus: Corpus, job: Job, network: NetworkSettings, learning: LearningSettings
) -> float:
    """Train a fold both ways in double precision; give the largest difference of a weight tensor to its norm."""
    cpu = torch.device("cpu")
    model = plain_training(files, job, network, learning, cpu, torch.float64)
    material = Material.of(corpus, network, cpu, torch.float64)
    (ours,) = train_folds(material, [job], network, learning)
    return max(
        float((ours.weights[name] - value).norm() / value.norm().clamp_min(1e-3))
        for name, value in model.state_dict().items()
        if "tracked" not in name
    )


def _seconds(work: Callable[[], object], place: torch.device) -> float:
    """Wall time of some work, to its end on the device."""
    began = time.perf_counter()
    work()
    if place.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
