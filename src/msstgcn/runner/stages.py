"""The cached stages that notebooks, command line and tests call: data, features, training, predictions.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import torch

from msstgcn import learning, paths, settings, spotting
from msstgcn.datasets import Dataset, Video, open_dataset, open_folder, open_video, sound_part, synthetic
from msstgcn.errors import InputError, unknown_name
from msstgcn.files import written_whole
from msstgcn.learning import load_fold, save_fold
from msstgcn.motion import VideoFeatures, extract, load_features, predictor_path, save_features
from msstgcn.motion.detector import predictor_digest
from msstgcn.report.log import bar, tracked, warn
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import MotionSettings, Profile

FEATURES = "features.npz"
FOLD = "fold.safetensors"
TRAINING, INNER = "training", "training of inner folds"
_used_data: dict[str, str] = {}
_used_devices: dict[str, None] = {}


def used_data() -> list[str]:
    """Data sets that this process has used, with their digests."""
    return [f"{name} (SHA-256 {digest[:16]})" for name, digest in _used_data.items()]


def used_devices() -> list[str]:
    """Devices that this process has used."""
    return list(_used_devices)


def _store() -> Store:
    return Store(paths.data_root())


#: What a chapter's parameter says to take the profile's value of a setting.
AS_PROFILE = -1
_PARTS = ("data", "motion", "network", "learning", "spotting")


def profile(name: str, *, seed: int = 0, **changes: Any) -> Profile:
    """Settings of every stage: the profile of that name, one seed for all of it, and single settings changed.

    Parameters
    ----------
    name : str
        smoke, cpu or gpu.
    seed : int
        Seed of data and learning.
    changes
        Settings of any stage by name, as ``epochs=5`` or ``flow="farneback"``; -1 keeps the profile's value.

    Raises
    ------
    InputError
        On an unknown profile or setting, or a value that the setting cannot take.
    """
    parts = settings.profile(name).model_dump(mode="json")
    parts["data"]["seed"] = parts["learning"]["seed"] = seed
    fields = {field: part for part in _PARTS for field in parts[part] if field != "seed"}
    for field, value in changes.items():
        if field not in fields:
            raise unknown_name("setting", field, fields)
        if value != AS_PROFILE:
            parts[fields[field]][field] = value
    return Profile.make(parts, where=f"profile {name}")


def _settings_among(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a chapter's parameters that are settings of a stage."""
    known = {field for part in _PARTS for field in getattr(settings.profile("smoke"), part).model_dump()}
    return {name: value for name, value in values.items() if name in known}


def prepare(calls: Iterable[tuple[str, Mapping[str, Any]]], values: Mapping[str, Any]) -> None:
    """Make the stages that a chapter calls, each with its progress bar, before its notebook runs.

    Parameters
    ----------
    calls : iterable of (name, keywords)
        Stages that the chapter calls, with their literal keywords.
    values : mapping
        The chapter's parameters; those named like a setting change it.
    """
    if "profile" not in values:
        return
    chosen = profile(values["profile"], **_settings_among(values))
    for name, keywords in calls:
        if name == "features":
            features(chosen)
        elif name == "loso":
            loso(chosen, device=values.get("device", "auto"), control=keywords.get("control"))
        elif name == "inner":
            inner(chosen, device=values.get("device", "auto"))


def dataset(chosen: Profile) -> Dataset:
    """The videos of a profile. Frames are rendered when asked for."""
    found = synthetic(chosen.data)
    _used_data[found.name] = found.digest
    return found


def features(chosen: Profile) -> list[VideoFeatures]:
    """Motion features of every video of a profile, in the data set's order, from the store or made now."""
    return features_of(dataset(chosen), chosen.motion)


def features_of(source: Dataset, chosen: MotionSettings) -> list[VideoFeatures]:
    """Motion features of every video of a data set, in its order.

    Missing ones are made in parallel processes, one a core; each is stored as soon as it is finished.

    Raises
    ------
    InputError
        From the first video that cannot be used, naming it. The others that were finished stay in the store.
    """
    store = _store()
    places = [feature_place(source, video, chosen) for video in source.videos]
    missing = [
        (video, place)
        for video, place in zip(source.videos, places, strict=True)
        if store.entry(*place) is None
    ]
    if missing:
        work = (joblib.delayed(_make_features)(video, chosen, place, store) for video, place in missing)
        made = joblib.Parallel(n_jobs=min(joblib.cpu_count(), len(missing)), return_as="generator_unordered")(
            work
        )
        for _ in tracked(made, "features", len(missing), "video"):
            pass
    return [load_features(store.folder(*place) / FEATURES) for place in places]


def feature_place(source: Dataset, video: Video, chosen: MotionSettings) -> tuple[str, ...]:
    """Name in the store of a video's features: data set, settings and code, then video and its digest."""
    predictor = predictor_digest(predictor_path())
    key = key_of(chosen.digest(), code_digest("msstgcn.motion", type(video).__module__), predictor)
    return "features", source.name, key, f"{video.name}-{video.digest[:12]}"


def _make_features(video: Video, chosen: MotionSettings, place: tuple[str, ...], store: Store) -> None:
    """Make one video's features in a process of its own and store them."""
    import cv2

    cv2.setNumThreads(1)  # the processes share the cores already
    started = time.monotonic()
    about: dict[str, Any] = {
        "video": video.name,
        "digest": video.digest,
        "settings": chosen.model_dump(mode="json"),
    }
    with store.writing(*place, about=about) as folder:
        save_features(extract(video, chosen), folder / FEATURES, video.digest)
        about["seconds"] = round(time.monotonic() - started, 2)


def open_source(source: Path, layout: str | None = None, repair: str = "authors") -> Dataset:
    """Open what a path names: a data set folder (with ``videos.csv``), or one video or folder of images.

    Parameters
    ----------
    source : Path
    layout : str, optional
        A name in `datasets.LAYOUTS_ON_DISK`, as ``"samm-lv"``, if the path holds a data set as it was released.
        Videos and events that cannot be used are left out, with a warning that counts them.
    repair : str
        How to mend annotations, where a layout is given: a name in `datasets.REPAIRS`.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    if layout is not None:
        return _open_layout(source, layout, repair)
    if (source / "videos.csv").is_file():
        return open_folder(source)
    return Dataset(source.stem, (open_video(source),))


def _open_layout(source: Path, layout: str, repair: str) -> Dataset:
    found = sound_part(open_dataset(layout, source, repair=repair), source)
    if not found.videos:
        raise InputError("no video can be used", where=source, do="see `msstgcn data check`")
    counted = {level: sum(f.level == level for f in found.findings) for level in ("error", "repair")}
    if any(counted.values()):
        warn(
            f"{source}: {counted['error']} errors (left out), {counted['repair']} repairs ({repair}); "
            f"`msstgcn data check {source} --layout {layout} --repair {repair}` lists them"
        )
    _used_data[f"{found.name}, repair {repair}"] = found.digest
    return found


def labelled(source: Path | None, layout: str, repair: str, chosen: Profile) -> Dataset:
    """The data set at a path, or without one the profile's, for its labels: no frame is looked at."""
    return dataset(chosen) if source is None else open_dataset(layout, source, repair=repair)


def features_to(
    source: Path | None,
    out: Path | None,
    chosen: Profile,
    *,
    layout: str | None = None,
    repair: str = "authors",
) -> list[Path]:
    """Make the features of a video, a folder or (with no source) the profile's data; say where they lie.

    Parameters
    ----------
    source : Path, optional
        See `open_source`.
    out : Path, optional
        Folder to copy the files to, as ``<video>.npz``; they always stay in the store too.
    chosen : Profile
    layout, repair : str, optional
        See `open_source`.

    Returns
    -------
    list of Path
        One file a video.
    """
    data = dataset(chosen) if source is None else open_source(source, layout, repair)
    features_of(data, chosen.motion)
    places = [feature_place(data, video, chosen.motion) for video in data.videos]
    files = [_store().folder(*place) / FEATURES for place in places]
    if out is None:
        return files
    targets = [out / f"{video.name}.npz" for video in data.videos]
    for file, target in zip(files, targets, strict=True):
        with written_whole(target) as temporary:
            shutil.copyfile(file, temporary)
    return targets


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
    chosen: Profile, seeds: Sequence[int], *, device: str = "auto", control: str | None = None
) -> dict[int, learning.LosoRun]:
    """Train leave-one-subject-out from several seeds on the same data; each run is what `loso` gives with its seed.

    Parameters
    ----------
    chosen : Profile
        Its own ``learning.seed`` does not count.
    seeds : sequence of int
    device, control
        As in `loso`.

    Returns
    -------
    dict of int to LosoRun
        By seed.
    """
    videos = features(chosen)
    subjects = sorted({video.subject for video in videos})
    parts = {seed: chosen.model_copy(update={"learning": chosen.learning.but(seed=seed)}) for seed in seeds}
    with _training(parts, device, subjects, TRAINING, control) as given:
        runs = learning.train_seeds(videos, chosen.network, chosen.learning, seeds, control=control, **given)
    for run in runs.values():
        for note in run.notes:
            warn(note)
    return runs


def inner(chosen: Profile, *, device: str = "auto") -> learning.InnerRun:
    """Train the inner folds of a profile's leave-one-subject-out run, or take those that are in the store.

    With them an epoch or a threshold can be chosen for each test subject without looking at it; see
    `learning.train_inner`. Kept and resumed like the folds of `loso`.
    """
    videos = features(chosen)
    names = learning.pair_names(sorted({video.subject for video in videos}), chosen.learning)
    with _training({chosen.learning.seed: chosen}, device, names, INNER) as given:
        done, keep = given.pop("done"), given.pop("on_fold")
        run = learning.train_inner(
            videos, chosen.network, chosen.learning,
            done=done[chosen.learning.seed], on_fold=lambda fold: keep(chosen.learning.seed, fold), **given,
        )  # fmt: skip
    for note in run.notes:
        warn(note)
    return run


@contextmanager
def _training(
    parts: Mapping[int, Profile], device: str, names: list[str], what: str, control: str | None = None
) -> Iterator[dict[str, Any]]:
    """Give a training what it needs to keep its folds, by seed and name: in the store, one entry each."""
    place = learning.device(device)
    _used_devices[place.type if place.type == "cpu" else torch.cuda.get_device_name()] = None
    store = _store()
    runs = {seed: ("runs", _run_key(part, place.type, what, control)) for seed, part in parts.items()}
    done = {
        seed: {f: load_fold(store.folder(*run, f) / FOLD) for f in names if store.entry(*run, f)}
        for seed, run in runs.items()
    }
    half_done = store.folder("runs", key_of(*runs.values()), ".checkpoints")

    def keep(seed: int, fold: learning.Fold) -> None:
        about = {
            "settings": parts[seed].model_dump(mode="json"), "control": control, "device": place.type,
            "subject": fold.subject,
        }  # fmt: skip
        with store.writing(*runs[seed], fold.subject, about=about) as folder:
            save_fold(fold, folder / FOLD, {"data": parts[seed].data.digest(), "licence": "BSD-3-Clause"})

    missing = any(len(own) < len(names) for own in done.values())
    steps = len(parts) * len(names) * next(iter(parts.values())).learning.epochs if missing else 0
    with bar(f"{what} ({control})" if control else what, steps, "epoch") as advance:
        yield {
            "device": place, "done": done, "on_fold": keep, "progress": advance, "checkpoints": half_done,
        }  # fmt: skip
    shutil.rmtree(half_done.parent, ignore_errors=True)


def _run_key(chosen: Profile, device: str, what: str, control: str | None) -> str:
    """Everything that decides a training run: its features, its settings, the code, the kind of device."""
    data = dataset(chosen)
    places = [feature_place(data, video, chosen.motion) for video in data.videos]
    code = code_digest("msstgcn.learning")
    unused = () if what == INNER else ("inner_groups",)
    return key_of(
        places, chosen.network.digest(), chosen.learning.digest(*unused), what, control, device, code
    )


def predictions(run: learning.LosoRun, chosen: Profile) -> pd.DataFrame:
    """What a run spotted in all videos, each judged by the network that never saw its subject.

    Returns
    -------
    DataFrame
        Columns ``video, class, onset, apex, offset, score``.
    """
    spotted = [
        spotting.spot_video(table, chosen.spotting, video=video)
        for video, table in sorted(run.probabilities.items())
    ]
    return pd.concat(spotted, ignore_index=True)


def truth(chosen: Profile) -> pd.DataFrame:
    """The labels of a profile's videos.

    Returns
    -------
    DataFrame
        Columns ``video, subject, class, onset, apex, offset``, in the data set's order.
    """
    rows = [
        (video.name, video.subject, event.label, event.onset, event.apex, event.offset)
        for video in dataset(chosen).videos
        for event in video.expressions
    ]
    return pd.DataFrame(rows, columns=["video", "subject", "class", "onset", "apex", "offset"])


def scores(run: learning.LosoRun, chosen: Profile) -> spotting.Scores:
    """The score of a run over all of a profile's videos, those without any expression too."""
    names = [video.name for video in dataset(chosen).videos]
    wanted = chosen.spotting.match_iou
    return spotting.score(predictions(run, chosen), truth(chosen), iou=wanted, videos=names)
