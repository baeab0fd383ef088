"""What a study will cost, before it runs: frames to measure, windows to train on, time, memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import torch
from torch import Tensor, nn

from msstgcn.counted import counted
from msstgcn.errors import InputError
from msstgcn.motion.regions import region_set
from msstgcn.motion.windows import steps_of
from msstgcn.network import MSSTGCN, GraphMix
from msstgcn.network.model import region_count
from msstgcn.runner.feature_stages import data_store, dataset, feature_places
from msstgcn.settings import NetworkSettings, Profile

#: Times are those of the slower of two machines that made the runs of record; the other needs about half of them.
#: Milliseconds a frame on one core: rendering, reading from a file, finding the face and its landmarks (by the shares
#: that ``msstgcn bench render`` and ``bench path`` tell).
RENDER_MS, READ_MS, FACE_MS = 5.5, 0.8, 3.0
#: Milliseconds a frame on one core for the flow to the 16 other frames of a window (in the ratios of ``msstgcn bench
#: motion``); a method that is not listed is taken to be as slow as the slowest.
FLOW_MS = {"patch-lk": 1.0, "patch-lk-torch": 24.0, "dis": 65.0, "farneback": 130.0}
#: Microseconds of one core that training takes for a window: in any case, and for a million multiplications of the
#: network's way forward. In the ratio of a line through what windows of 5, 11 and 25 frames took (the record of the
#: study ``window``; the method's 17 frames lie on it), as large as the record of the study ``main`` has it. A learned
#: matrix, and one scale, take about twice what it says.
WINDOW_US, MILLION_US = 20.0, 56.0
#: Windows a second in training on a GPU, where all folds are one program: of thirty at once on an H200, with what it
#: takes to keep and ask them (the record of the study ``iou``). More folds at once make up to four times as many.
WINDOWS_PER_GPU = 700_000
#: Memory: of the program with its packages; of one process that measures motion; of a window beside its flow, for its
#: targets and its part in the statistics of the first convolution; how often flow is held (as measured, put together,
#: mixed over the graph).
PROGRAM, WORKER, PER_WINDOW, COPIES = 900e6, 500e6, 600, 3
#: Copies of a batch's activations that a training step holds.
ACTIVATIONS = 4
#: Control groups of Linux, by the controller that ``/proc/self/cgroup`` names ("" is version 2): their folder, the
#: files with a group's limit and with what it takes, and what in its memory.stat could be given back at once.
CGROUPS = {
    "": ("", "memory.max", "memory.current", "inactive_file"),
    "memory": ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
_HOUR, _MINUTE = 3600, 60


@dataclass(frozen=True)
class Budget:
    """What is still to be done, and what it takes.

    Parameters
    ----------
    variants : int
        That are not in the store.
    frames : int
        Whose motion is to be measured.
    windows : int
        To train on, each counted once an epoch and fold.
    seconds : float
        About how long that takes on this machine.
    memory : float
        Bytes of the machine's memory at the most demanding moment.
    gpu : float
        Bytes of the GPU's; 0 where none is used.
    """

    variants: int
    frames: int
    windows: int
    seconds: float
    memory: float
    gpu: float = 0.0

    def __str__(self) -> str:
        return (
            f"{counted(self.variants, 'variant')} to make: {self.frames:,} frames to measure, "
            f"{self.windows:,} windows to train on; about {_duration(self.seconds)} and {self.memory / 1e9:.1f} GB"
            f"{f', and {self.gpu / 1e9:.1f} GB on the GPU' if self.gpu else ''}"
        )


def _duration(seconds: float) -> str:
    if seconds >= _HOUR:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _MINUTE:.0f} min" if seconds >= 2 * _MINUTE else f"{max(seconds, 1):.0f} s"


def estimate(
    measured: Iterable[Profile], trained: Sequence[tuple[Profile, int]], *, variants: int, device: str
) -> Budget:
    """What it takes to measure and to train what is not in the store.

    Parameters
    ----------
    measured : iterable of Profile
        Whose videos' features are needed.
    trained : sequence of (Profile, int)
        What is to be trained, and how many folds of it.
    variants : int
        How many that makes.
    device : str
        cpu or cuda.
    """
    measured = list(measured)
    cores = joblib.cpu_count()
    seen: dict[tuple[str, str], float] = {}  # by video, milliseconds to see it once, however it is measured
    flows: dict[tuple[str, ...], tuple[int, float]] = {}  # by place, frames and milliseconds to measure them
    for chosen in measured:
        for place, frames, look, flow in _missing(chosen):
            seen[place[1], place[3]], flows[place] = frames * look, (frames, frames * flow)
    spent = (sum(seen.values()) + sum(ms for _, ms in flows.values())) / 1000
    shown = [(chosen, round(folds * _windows(chosen))) for chosen, folds in trained]
    taught = sum(windows * _window_seconds(chosen, device, cores) for chosen, windows in shown)
    measuring = min(cores, len(seen)) * WORKER
    if device == "cuda":
        memory = PROGRAM + max([measuring, *(_held(chosen) for chosen, _ in trained)])
        gpu = max((_held(chosen) + _step(chosen) for chosen, _ in trained), default=0.0)
    else:  # folds train beside each other, one a core
        training = [_held(chosen) + min(cores, folds) * _step(chosen) for chosen, folds in trained]
        memory, gpu = PROGRAM + max([measuring, *training]), 0.0
    windows, frames = sum(number for _, number in shown), sum(number for number, _ in flows.values())
    return Budget(variants, frames, windows, spent / cores + taught, memory, gpu)


def _missing(chosen: Profile) -> Iterator[tuple[tuple[str, ...], int, float, float]]:
    """Videos without features: their place, their frames, and milliseconds to see a frame and to measure it."""
    data, store = dataset(chosen), data_store()
    source = READ_MS if chosen.source else RENDER_MS
    for video, place in zip(data.videos, feature_places(data, chosen.motion), strict=True):
        if not store.folder(*place).is_dir():
            motion = chosen.motion.at(video.fps)
            steps = steps_of(motion.window, motion.pairs) - 1
            flow = FLOW_MS.get(motion.flow, max(FLOW_MS.values())) * steps / 16
            yield place, len(video), source + FACE_MS, flow


def _windows(chosen: Profile) -> float:
    """Windows that one fold trains on in all epochs."""
    learned, data = chosen.learning, dataset(chosen)
    tiles = shown = 0
    for video in data.videos:
        number = len(video) // learned.segment
        inside = np.zeros(number + 1, dtype=bool)
        for event in video.expressions:
            inside[event.onset // learned.segment : event.offset // learned.segment + 1] = True
        tiles, shown = tiles + number, shown + int(inside[:number].sum())
    folds = learned.folds or len(data.subjects)
    if learned.neutral is not None:
        used = min(shown * (1 + learned.neutral), float(tiles))
    else:
        used = float(tiles if learned.sampling == "all" else shown)
    batch = learned.segments * learned.segment
    return learned.epochs * max(used * learned.segment * (1 - 1 / folds), batch)


def _window_seconds(chosen: Profile, device: str, cores: int) -> float:
    """Seconds that training takes for a window."""
    if device == "cuda":
        return 1 / WINDOWS_PER_GPU
    return (WINDOW_US + MILLION_US * _multiplications(chosen.network, _window(chosen)) / 1e6) / 1e6 / cores


@cache
def _multiplications(network: NetworkSettings, window: int) -> int:
    """Multiplications with which a network scores one window of so many frames, normalising it left out.

    PyTorch's own counter loads its compiler first, which takes longer than a small study.
    """
    found: list[int] = []

    def count(layer: nn.Module, _: tuple[Tensor, ...], made: Tensor) -> None:
        each = layer.weight[0].numel() if isinstance(layer, nn.Conv2d) else made.shape[-1]
        found.append(made.numel() * each)

    model = MSSTGCN(network).eval()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | GraphMix):
            layer.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, 2, window, region_count(network)))
    return sum(found)


def _window(chosen: Profile) -> int:
    """Frames in the longest window of a profile: one that is given in seconds is longer in a faster video."""
    return max((chosen.motion.at(video.fps).window for video in dataset(chosen).videos), default=0)


def _held(chosen: Profile) -> float:
    """Bytes that all windows take."""
    flow = 4 * 2 * _window(chosen) * len(region_set(chosen.motion.regions))
    return sum(map(len, dataset(chosen).videos)) * (COPIES * flow + PER_WINDOW)


def _step(chosen: Profile) -> float:
    """Bytes that the activations of one fold take; on a GPU as many folds train together as its memory holds."""
    batch = chosen.learning.segments * chosen.learning.segment
    width = chosen.network.channels * _window(chosen) * len(region_set(chosen.motion.regions))
    return 4 * width * batch * ACTIVATIONS


def free_memory(device: str) -> float | None:
    """Bytes of memory that are free, of the GPU or of the machine; None where that cannot be told."""
    if device == "cuda":
        return float(torch.cuda.mem_get_info()[0])
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return min(float(lines["MemAvailable"].split()[0]) * 1024, _left_to_this_job())
    except (OSError, KeyError, ValueError):
        return None


def _left_to_this_job(groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float:
    """Bytes that a container or a cluster's job may still take; infinity where it has no limit of its own.

    A group may take no more than those that it lies in, up to the mount. In a container only that may be there.
    """
    left = [float("inf")]
    for line in groups.read_text().splitlines() if groups.exists() else ():
        _, controllers, name = line.split(":", 2)
        for controller in CGROUPS.keys() & set(controllers.split(",")):
            mount, *files = CGROUPS[controller]
            group = root / mount / name.lstrip("/")
            inside = [place for place in (group, *group.parents) if place.is_relative_to(root / mount)]
            left += [_left_to_group(place, *files) for place in inside]
    return min(left)


def _left_to_group(group: Path, limit: str, used: str, kept: str) -> float:
    """Bytes that the processes of a control group may still take; infinity where it has no limit, or is not there."""
    try:
        most = float((group / limit).read_text().replace("max", "inf"))
        lines = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return most - float((group / used).read_text()) + float(lines.get(kept, 0))
    except (OSError, ValueError):
        return float("inf")


def afford(budget: Budget, *, where: str) -> None:
    """Raise an `InputError` if a budget needs more memory than is free."""
    for device, named, needed in (("cpu", "memory", budget.memory), ("cuda", "the GPU's memory", budget.gpu)):
        free = free_memory(device) if needed else None
        if free is not None and needed > free:
            raise InputError(
                f"about {needed / 1e9:.1f} GB of {named} are needed and {free / 1e9:.1f} GB are free",
                where=where,
                do="choose a smaller profile, or less of subjects, videos, seconds, segments or folds",
            )
