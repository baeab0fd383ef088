"""The cached stages that notebooks, command line and tests call: data, features, training, predictions.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from msstgcn import learning, paths, settings, spotting
from msstgcn.datasets import Dataset, Video, open_dataset, open_folder, open_video, sound_part, synthetic
from msstgcn.errors import InputError, unknown_name
from msstgcn.files import written_whole
from msstgcn.learning import load_fold, save_fold
from msstgcn.motion import VideoFeatures, extract, load_features, predictor_path, save_features
from msstgcn.motion.detector import predictor_digest
from msstgcn.report.check_video import film
from msstgcn.report.log import bar, warn
from msstgcn.runner import executors
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import MotionSettings, Profile

FEATURES = "features.npz"
FOLD = "fold.safetensors"
_TOLD = 10  # notes on videos that a run tells in full
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


def dataset(chosen: Profile) -> Dataset:
    """The videos of a profile. Frames are rendered when asked for."""
    found = synthetic(chosen.data)
    _used_data[found.name] = found.digest
    return found


def features(chosen: Profile) -> list[VideoFeatures]:
    """Motion features of every video of a profile, in the data set's order, from the store or made now."""
    return features_of(dataset(chosen), chosen.motion)


def features_of(source: Dataset, chosen: MotionSettings, executor: str = "local") -> list[VideoFeatures]:
    """Motion features of every video of a data set, in its order.

    Missing ones are made side by side; each is stored as soon as it is finished, so a stopped run goes on with the
    first video that is not. What is odd about a video and what was made of it is told as a warning.

    Parameters
    ----------
    source : Dataset
    chosen : MotionSettings
    executor : str
        Where to work: see `executors.run`. On a cluster the store has to lie where all workers see it.

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
        steps = [len(video) for video, _ in missing]
        with executors.counted(store.root, "features", steps, "frame") as counters:
            calls = [(*one, chosen, store, counter) for one, counter in zip(missing, counters, strict=True)]
            for number, _ in executors.run(_make_features, calls, executor):
                counters[number](steps[number])
    found = [load_features(store.folder(*place) / FEATURES) for place in places]
    _tell(found)
    return found


def feature_place(source: Dataset, video: Video, chosen: MotionSettings) -> tuple[str, ...]:
    """Name in the store of a video's features: data set, settings and code, then video and its digest."""
    return "features", source.name, _feature_key(video, chosen), f"{video.name}-{video.digest[:12]}"


def _feature_key(video: Video, chosen: MotionSettings) -> str:
    predictor = predictor_digest(predictor_path())
    return key_of(chosen.digest(), code_digest("msstgcn.motion", type(video).__module__), predictor)


def _make_features(
    video: Video, place: tuple[str, ...], chosen: MotionSettings, store: Store, counter: executors.Counter
) -> None:
    """Make one video's features in a process of its own, maybe on another machine, and store them."""
    import cv2

    counter.check()
    if _feature_key(video, chosen) not in place:
        raise InputError(
            "a worker runs another version of the project, or has another landmark predictor",
            where=socket.gethostname(),
            do="install the same version there, and set MSSTGCN_PREDICTOR everywhere or nowhere",
        )
    cv2.setNumThreads(1)  # the processes share the cores already
    started = time.monotonic()
    about: dict[str, Any] = {
        "video": video.name,
        "digest": video.digest,
        "settings": chosen.model_dump(mode="json"),
        "machine": socket.gethostname(),
    }
    with store.writing(*place, about=about) as folder:
        made = extract(video, chosen, progress=counter, scratch=Path(tempfile.gettempdir()))
        save_features(made, folder / FEATURES, video.digest)
        about["notes"] = [str(note) for note in made.notes]
        about["seconds"] = round(time.monotonic() - started, 2)


def _tell(found: list[VideoFeatures]) -> None:
    """Warn of what was odd about videos: the first few in full, and how to see the others."""
    notes = [str(note) for features in found for note in features.notes]
    for note in notes[:_TOLD]:
        warn(note)
    if len(notes) > _TOLD:
        warn(
            f"{len(notes) - _TOLD} more notes on {len(found)} videos; "
            "`msstgcn features FILE.npz --describe` shows those of one"
        )


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
    executor: str = "local",
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
    executor : str
        See `features_of`.

    Returns
    -------
    list of Path
        One file a video.
    """
    data = dataset(chosen) if source is None else open_source(source, layout, repair)
    features_of(data, chosen.motion, executor)
    places = [feature_place(data, video, chosen.motion) for video in data.videos]
    files = [_store().folder(*place) / FEATURES for place in places]
    if out is None:
        return files
    targets = [out / f"{video.name}.npz" for video in data.videos]
    for file, target in zip(files, targets, strict=True):
        with written_whole(target) as temporary:
            shutil.copyfile(file, temporary)
    return targets


def look(source: Path | None, files: list[Path], out: Path) -> Path:
    """Film what was measured in one video; see `report.check_video.film`.

    Parameters
    ----------
    source : Path
        See `open_source`.
    files : list of Path
        The features, as `features_to` names them.
    out : Path
        Ends in ``.mp4``.

    Raises
    ------
    InputError
        If the source is not one video.
    """
    videos = () if source is None else open_source(source).videos
    if len(videos) != 1 or len(files) != 1:
        raise InputError(
            "a check video shows one video",
            where="--look",
            expected="a video file or a folder of images as SOURCE",
        )
    found = load_features(files[0])
    with bar("check video", len(found), "frame") as advance:
        film(videos[0], found, out, progress=advance)
    return out


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
    place = learning.device(device)
    _used_devices[place.type if place.type == "cpu" else torch.cuda.get_device_name()] = None
    videos = features(chosen)
    store, name = _store(), ("runs", _run_key(chosen, place.type, control))
    subjects = sorted({video.subject for video in videos})
    done = {s: load_fold(store.folder(*name, s) / FOLD) for s in subjects if store.entry(*name, s)}
    about = {"settings": chosen.model_dump(mode="json"), "control": control, "device": place.type}
    half_done = store.folder(*name, ".checkpoints")

    def keep(fold: learning.Fold) -> None:
        with store.writing(*name, fold.subject, about={**about, "subject": fold.subject}) as folder:
            save_fold(fold, folder / FOLD, {"data": chosen.data.digest(), "licence": "BSD-3-Clause"})

    what = f"training ({control})" if control else "training"
    steps = len(subjects) * chosen.learning.epochs if len(done) < len(subjects) else 0
    with bar(what, steps, "epoch") as advance:
        run = learning.train_loso(
            videos, chosen.network, chosen.learning, device=place, control=control,
            done=done, on_fold=keep, progress=advance, checkpoints=half_done,
        )  # fmt: skip
    shutil.rmtree(half_done, ignore_errors=True)
    for note in run.notes:
        warn(note)
    return run


def _run_key(chosen: Profile, device: str, control: str | None) -> str:
    """Everything that decides a training run: its features, its settings, the code, the kind of device."""
    data = dataset(chosen)
    places = [feature_place(data, video, chosen.motion) for video in data.videos]
    code = code_digest("msstgcn.learning")
    return key_of(places, chosen.network.digest(), chosen.learning.digest(), control, device, code)


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
