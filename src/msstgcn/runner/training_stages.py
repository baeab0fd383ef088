"""The stages of training: folds left out in turn, inner folds, and one network of everybody."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from msstgcn import learning
from msstgcn.datasets import Dataset
from msstgcn.errors import InputError
from msstgcn.learning import load_fold, save_fold
from msstgcn.motion import VideoFeatures
from msstgcn.report.log import bar, warn
from msstgcn.runner import feature_stages
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.feature_stages import data_store, dataset, feature_places
from msstgcn.runner.provenance import LEARNING, version
from msstgcn.runner.store import key_of
from msstgcn.settings import Profile

FOLD, CARD = "fold.safetensors", "CARD.md"
TRAINING, INNER, FINAL = "training", "training of inner folds", "training on all subjects"
#: What the network trained on all subjects is called in the store.
EVERYBODY = "everybody"
#: Licence of weights trained on the book's own videos, and what holds for all others.
LICENCE, LICENCE_OF_OTHERS = (
    "BSD-3-Clause",
    "whatever the makers of the data allow: see their licence agreement",
)
_used_devices: dict[str, None] = {}


def used_devices() -> list[str]:
    """Devices that this process has used."""
    return list(_used_devices)


def used_device(name: str) -> torch.device:
    """The device of that name, which this process uses from now on."""
    place = learning.device(name)
    _used_devices[device_name(place)] = None
    return place


def device_name(place: torch.device) -> str:
    """What a device is called where it is told what made a result: the model of a GPU, or ``cpu``."""
    return torch.cuda.get_device_name(place) if place.type == "cuda" else place.type


def loso(chosen: Profile, *, device: str = "auto", control: str | None = None) -> learning.LosoRun:
    """Train leave-one-subject-out on a profile's features, or take the folds that are in the store.

    Each fold is stored as soon as it is finished, and an unfinished one goes on from its last epoch.

    Parameters
    ----------
    chosen : Profile
    device : str
        auto, cpu or cuda.
    control : str, optional
        ``"shuffled-labels"``: train on labels moved away from the motion.
    """
    return loso_seeds(chosen, (chosen.learning.seed,), device=device, control=control)[chosen.learning.seed]


def loso_seeds(
    chosen: Profile,
    seeds: Sequence[int],
    *,
    device: str = "auto",
    control: str | None = None,
    videos: list[VideoFeatures] | None = None,
) -> dict[int, learning.LosoRun]:
    """Train leave-one-subject-out from several seeds on the same data; each run is what `loso` gives with its seed.

    Parameters
    ----------
    chosen : Profile
        Its own ``learning.seed`` does not count.
    seeds : sequence of int
    device, control
        As in `loso`.
    videos : list of VideoFeatures, optional
        The profile's features, where they have been read already.

    Returns
    -------
    dict of int to LosoRun
        By seed.
    """
    place = used_device(device)  # a wrong one is told before the features are made
    must_be_trainable(chosen)
    videos = feature_stages.features(chosen) if videos is None else videos
    subjects = {video.subject for video in videos}
    names = {
        seed: list(learning.left_out(sorted(subjects), chosen.learning.folds, seed=seed)) for seed in seeds
    }
    parts = {seed: with_training_seed(chosen, seed) for seed in seeds}
    with _training(parts, videos, place, names, TRAINING, control) as given:
        runs = learning.train_seeds(videos, chosen.network, chosen.learning, seeds, control=control, **given)
    for run in runs.values():
        for note in run.notes:
            warn(note)
    return runs


def with_training_seed(chosen: Profile, seed: int) -> Profile:
    """The same settings with another seed of training; the videos stay the same."""
    return chosen.model_copy(update={"learning": chosen.learning.but(seed=seed)})


def missing_folds(chosen: Profile, seeds: Sequence[int], *, device: str, control: str | None = None) -> int:
    """How many networks of a profile's folds, of all these seeds, are not in the store."""
    owners = {video.name: video.subject for video in dataset(chosen).videos}
    places = [
        place
        for seed in seeds
        for place in _fold_places(owners, with_training_seed(chosen, seed), device, control)
    ]
    return _number_missing(places)


def missing_inner_folds(chosen: Profile, seeds: Sequence[int], *, device: str) -> int:
    """How many networks of a profile's inner folds, of all these seeds, are not in the store."""
    data, place = dataset(chosen), learning.device(device).type
    names, videos = learning.pair_names(data.subjects, chosen.learning), [video.name for video in data.videos]
    runs = [_run_key(videos, with_training_seed(chosen, seed), place, INNER, None) for seed in seeds]
    return _number_missing(("runs", run, name) for run in runs for name in names)


def _number_missing(places: Iterable[tuple[str, str, str]]) -> int:
    return sum(not data_store().folder(*place).is_dir() for place in places)


def training_seconds(
    chosen: Profile, videos: list[VideoFeatures], *, device: str, control: str | None = None
) -> float:
    """Seconds that training the folds of a profile took when they were made; those not known left out."""
    owners = {video.video: video.subject for video in videos}
    entries = [data_store().entry(*place) for place in _fold_places(owners, chosen, device, control)]
    return float(sum(entry.get("seconds", 0) for entry in entries if entry))


def _fold_places(
    owners: Mapping[str, str], chosen: Profile, device: str, control: str | None
) -> list[tuple[str, str, str]]:
    """Names in the store of a run's folds; `owners` are its videos with their subjects."""
    run = _run_key(list(owners), chosen, learning.device(device).type, TRAINING, control)
    subjects = sorted(set(owners.values()))
    folds = learning.left_out(subjects, chosen.learning.folds, seed=chosen.learning.seed)
    return [("runs", run, fold) for fold in folds]


def inner(chosen: Profile, *, device: str = "auto") -> learning.InnerRun:
    """Train the inner folds of a profile's leave-one-subject-out run, or take those that are in the store.

    With them an epoch or a threshold can be chosen for each test subject without looking at it; see
    `learning.train_inner`. Kept and resumed like the folds of `loso`.
    """
    place = used_device(device)
    must_be_trainable(chosen)
    videos = feature_stages.features(chosen)
    seed, subjects = chosen.learning.seed, sorted({video.subject for video in videos})
    names = {seed: learning.pair_names(subjects, chosen.learning)}
    with _training({seed: chosen}, videos, place, names, INNER) as given:
        done, keep = given.pop("done"), given.pop("on_fold")
        run = learning.train_inner(
            videos, chosen.network, chosen.learning,
            done=done[seed], on_fold=lambda fold: keep(seed, fold), **given,
        )  # fmt: skip
    for note in run.notes:
        warn(note)
    return run


@contextmanager
def _training(
    parts: Mapping[int, Profile],
    videos: list[VideoFeatures],
    place: torch.device,
    names: Mapping[int, list[str]],
    what: str,
    control: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Give a training what it needs to keep its folds, by seed and name: in the store, one entry each."""
    first, store = next(iter(parts.values())), data_store()
    data = dataset(first)
    used = [video.video for video in videos]
    runs = {seed: ("runs", _run_key(used, part, place.type, what, control)) for seed, part in parts.items()}
    done = {
        seed: {f: load_fold(store.folder(*run, f) / FOLD) for f in names[seed] if store.entry(*run, f)}
        for seed, run in runs.items()
    }
    # One place whatever the seeds: a training of three that was stopped goes on as a training of five.
    alike = key_of(_run_key(used, with_training_seed(first, 0), place.type, what, control))
    half_done = store.folder("runs", alike, ".checkpoints")
    others = _checkpoints(half_done)
    last = time.monotonic()

    def keep(seed: int, fold: learning.Fold) -> None:
        nonlocal last
        about, before, last = (
            about_weights(parts[seed], data, fold, place.type, control),
            last,
            time.monotonic(),
        )
        entry = {
            **about,
            "settings": parts[seed].model_dump(mode="json"),
            "subject": fold.subject,
            "seconds": round(last - before, 2),  # those of all folds add up to what all took together
        }
        with store.writing(*runs[seed], fold.subject or EVERYBODY, about=entry) as folder:
            save_fold(fold, folder / FOLD, about)
            (folder / CARD).write_text(learning.model_card(about, fold.history), encoding="utf-8")

    missing = any(len(own) < len(names[seed]) for seed, own in done.items())
    folds = sum(map(len, names.values())) if missing else 0
    steps = folds * first.learning.epochs
    with bar(f"{what} ({control})" if control else what, steps, "epoch") as advance:
        yield {
            "device": place, "done": done, "on_fold": keep, "progress": advance, "checkpoints": half_done,
        }  # fmt: skip
    left = _checkpoints(half_done)
    ended = {own for own in left & others if learning.epochs_done(own[0]) == first.learning.epochs}
    for path, _ in left - others | ended:  # of this training, or of one killed after its last epoch
        path.unlink(missing_ok=True)
    for folder in (half_done, half_done.parent):
        with suppress(OSError):  # there is none, or other seeds go on from there
            folder.rmdir()


def _checkpoints(folder: Path) -> set[tuple[Path, int]]:
    """The checkpoints in a folder and when each was written, in nanoseconds."""
    found = set()
    for path in folder.glob("[!.]*.safetensors"):
        with suppress(FileNotFoundError):  # another process has ended with it
            found.add((path, path.stat().st_mtime_ns))
    return found


def about_weights(
    chosen: Profile, data: Dataset, fold: learning.Fold, device: str, control: str | None
) -> dict[str, str]:
    """What is written into a file of weights and onto its card."""
    owner = {video.name: video.subject for video in data.videos}
    return {
        "data": data.name,
        "data_digest": data.digest,
        "trained_without": ", ".join(sorted({owner[video] for video in fold.probabilities})) or fold.subject,
        "control": control or "",
        "settings": chosen.model_dump_json(),
        "fps": f"{data.videos[0].fps:.6g}",
        "device": device,
        "code": code_digest("msstgcn.learning"),
        "licence": LICENCE_OF_OTHERS if chosen.source else LICENCE,
    }


def final_seed(chosen: Profile) -> int:
    """Seed of the network that is trained on all subjects."""
    return learning.seed_of(chosen.learning.seed, "fold", EVERYBODY)


def final(chosen: Profile, *, device: str = "auto") -> learning.Fold:
    """Train one network on all subjects of a profile, for videos of other people, or take it from the store."""
    place = used_device(device)
    must_be_trainable(chosen)
    videos, seed = feature_stages.features(chosen), chosen.learning.seed
    with _training({seed: chosen}, videos, place, {seed: [EVERYBODY]}, FINAL) as given:
        held, keep = given.pop("done")[seed], given.pop("on_fold")
        if held:
            return held[EVERYBODY]
        fold = learning.train_fold(videos, chosen.network, chosen.learning, seed=final_seed(chosen), **given)
        keep(seed, fold)
    return fold


def must_be_trainable(chosen: Profile) -> Dataset:
    """Give the data set of a profile, or raise if nothing can be learned from it, before hours of work on it."""
    data = dataset(chosen)
    where = chosen.source.root if chosen.source else data.name
    if len(data.subjects) < 2:
        raise InputError(
            f"only one subject, {', '.join(data.subjects)}",
            where=where,
            expected="at least two: one is left out, and the network learns from the others",
        )
    if chosen.learning.folds > len(data.subjects):
        raise InputError(
            f"folds = {chosen.learning.folds} of {len(data.subjects)} subjects",
            where=where,
            expected="at most as many groups as subjects; 0 leaves one subject out at a time",
        )
    if not any(video.expressions for video in data.videos):
        raise InputError("no annotated expression", where=where, expected="at least one to learn from")
    return data


def _run_key(names: Sequence[str], chosen: Profile, device: str, what: str, control: str | None) -> str:
    """Everything that decides a training run: its videos' features, settings, code, packages, the kind of device."""
    data, used = dataset(chosen), set(names)
    named = zip(data.videos, feature_places(data, chosen.motion), strict=True)
    places = [place for video, place in named if video.name in used]
    code = code_digest("msstgcn.learning")
    unused = () if what == INNER else ("inner_groups",)
    parts = (places, chosen.network.digest(), chosen.learning.digest(*unused), what, control, device, code)
    return key_of(*parts, [*map(version, LEARNING)])
