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
import numpy as np
import pandas as pd
import torch

from msstgcn import learning, paths, settings, spotting
from msstgcn.datasets import Dataset, Video, open_dataset, synthetic
from msstgcn.errors import InputError, unknown_name
from msstgcn.files import written_whole
from msstgcn.learning import load_fold, save_fold
from msstgcn.motion import VideoFeatures, extract, load_features, predictor_path, save_features
from msstgcn.motion.detector import predictor_digest
from msstgcn.report.log import bar, tracked, warn
from msstgcn.runner import sources
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import MotionSettings, Profile

FEATURES = "features.npz"
FOLD = "fold.safetensors"
TRAINING, INNER = "training", "training of inner folds"
_used_data: dict[str, str] = {}
_used_devices: dict[str, None] = {}
_unmeasured: dict[
    tuple[str, ...], str
] = {}  # by its place, why the motion in a video cannot be measured, or ""


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
_SOURCE = ("dataset", "root", "repair")


def profile(
    name: str,
    *,
    seed: int = 0,
    dataset: str = sources.SYNTHETIC,
    root: str | Path = "",
    repair: str = "authors",
    **changes: Any,
) -> Profile:
    """Settings of every stage: the profile of that name, one seed for all of it, and single settings changed.

    Parameters
    ----------
    name : str
        smoke, cpu or gpu.
    seed : int
        Seed of data and learning.
    dataset, root, repair : str
        The videos to work on; see `sources.on_disk`. Some data sets change a setting: `settings.ON_DATASET`.
    changes
        Settings of any stage by name, as ``epochs=5`` or ``flow="farneback"``; -1 keeps the profile's value.

    Raises
    ------
    InputError
        On an unknown profile, setting or data set, or a value that the setting cannot take.
    """
    parts = settings.profile(name).model_dump(mode="json")
    parts["data"]["seed"] = parts["learning"]["seed"] = seed
    fields = {field: part for part in _PARTS for field in parts[part] if field != "seed"}
    source = sources.on_disk(dataset, root, repair)
    if source is not None:
        parts["source"] = source.model_dump(mode="json")
    for field, value in settings.ON_DATASET.get(dataset, {}).items():
        parts[fields[field]][field] = value
    for field, value in changes.items():
        if field not in fields:
            raise unknown_name("setting", field, fields)
        if value != AS_PROFILE:
            parts[fields[field]][field] = value
    return Profile.make(parts, where=f"profile {name}")


def _settings_among(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a chapter's parameters that are settings of a stage or say what videos to work on."""
    known = {field for part in _PARTS for field in getattr(settings.profile("smoke"), part).model_dump()}
    return {name: value for name, value in values.items() if name in known or name in _SOURCE}


def prepare(calls: Iterable[tuple[str, Mapping[str, Any]]], values: Mapping[str, Any]) -> None:
    """Make the stages that a chapter calls, each with its progress bar, before its notebook runs.

    Parameters
    ----------
    calls : iterable of (name, keywords)
        Stages that the chapter calls, with their literal keywords.
    values : mapping
        The chapter's parameters; those named like a setting change it. A data set on disk without a folder is
        one that the chapter writes itself: there is nothing to prepare.
    """
    waits = values.get("dataset", sources.SYNTHETIC) != sources.SYNTHETIC and not values.get("root")
    if "profile" not in values or waits:
        return
    chosen, calls = profile(values["profile"], **_settings_among(values)), list(calls)
    if any(name == "loso" for name, _ in calls):
        _must_be_trainable(chosen)
    for name, keywords in calls:
        if name == "features":
            features(chosen)
        elif name == "loso":
            loso(chosen, device=values.get("device", "auto"), control=keywords.get("control"))
        elif name == "inner":
            inner(chosen, device=values.get("device", "auto"))


def dataset(chosen: Profile) -> Dataset:
    """The videos of a profile. Frames are rendered or read when asked for."""
    if chosen.source is None:
        found: Dataset = synthetic(chosen.data)
        name = found.name
    else:
        found = sources.open_on_disk(chosen.source)
        name = f"{found.name}, repair {chosen.source.repair}"
    _used_data[name] = found.digest
    return found


def features(chosen: Profile) -> list[VideoFeatures]:
    """Motion features of the videos of a profile, in the data set's order, from the store or made now.

    On a data set on disk a video whose motion cannot be measured is left out with a warning: one of them must not
    end the work of a night. `truth` and `scores` keep it, so that its expressions count as missed.
    """
    return features_of(dataset(chosen), chosen.motion, leave_out=chosen.source is not None)


def features_of(source: Dataset, chosen: MotionSettings, *, leave_out: bool = False) -> list[VideoFeatures]:
    """Motion features of the videos of a data set, in its order.

    Missing ones are made in parallel processes, one a core; each is stored as soon as it is finished.

    Parameters
    ----------
    source : Dataset
    chosen : MotionSettings
    leave_out : bool
        Leave out videos whose motion cannot be measured, with a warning that names them. Otherwise they are an
        error, which is raised when all others are finished.

    Raises
    ------
    InputError
        If some videos cannot be measured, naming each; with `leave_out`, if none can.
    """
    store = _store()
    places = [feature_place(source, video, chosen) for video in source.videos]
    waiting = [
        (video, place)
        for video, place in zip(source.videos, places, strict=True)
        if store.entry(*place) is None
    ]
    missing = [(video, place) for video, place in waiting if not (leave_out and place in _unmeasured)]
    if missing:
        work = (joblib.delayed(_make_features)(video, chosen, place, store) for video, place in missing)
        made = joblib.Parallel(n_jobs=min(joblib.cpu_count(), len(missing)), return_as="generator_unordered")(
            work
        )
        _unmeasured.update(tracked(made, "features", len(missing), "video"))
    failed = {place: _unmeasured[place] for _, place in waiting if _unmeasured[place]}
    if failed:
        _report_unmeasured(list(failed.values()), len(places), leave_out)
    return [load_features(store.folder(*place) / FEATURES) for place in places if place not in failed]


def _report_unmeasured(problems: list[str], videos: int, leave_out: bool) -> None:
    """Say which videos cannot be measured and why: an error, or a warning if they may be left out."""
    what = f"the motion in {len(problems)} of {videos} videos cannot be measured"
    listed = "".join(f"\n  {problem}" for problem in problems)
    if leave_out and len(problems) < videos:
        warn(f"{what}: they are left out of training, and their expressions count as missed:{listed}")
    elif len(problems) == 1:
        raise InputError(problems[0])
    else:
        raise InputError(f"{what} (the others are finished and kept):{listed}")


def feature_place(source: Dataset, video: Video, chosen: MotionSettings) -> tuple[str, ...]:
    """Name in the store of a video's features: data set, settings and code, then video and its digest."""
    predictor = predictor_digest(predictor_path())
    key = key_of(chosen.digest(), code_digest("msstgcn.motion", type(video).__module__), predictor)
    return "features", source.name, key, f"{video.name}-{video.digest[:12]}"


def _make_features(
    video: Video, chosen: MotionSettings, place: tuple[str, ...], store: Store
) -> tuple[tuple[str, ...], str]:
    """Make one video's features in a process of its own and store them; give its place, and why it failed if so."""
    import cv2

    cv2.setNumThreads(1)  # the processes share the cores already
    started = time.monotonic()
    about: dict[str, Any] = {
        "video": video.name,
        "digest": video.digest,
        "settings": chosen.model_dump(mode="json"),
    }
    try:
        features = extract(video, chosen)
    except InputError as error:
        return place, str(error)
    with store.writing(*place, about=about) as folder:
        save_features(features, folder / FEATURES, video.digest)
        about["seconds"] = round(time.monotonic() - started, 2)
    return place, ""


def labelled(source: Path | None, layout: str, repair: str, chosen: Profile) -> Dataset:
    """The data set at a path, or without one the profile's, for its labels: no frame is looked at."""
    return dataset(chosen) if source is None else open_dataset(layout, source, repair=repair)


def features_to(source: Path | None, out: Path | None, chosen: Profile) -> list[Path]:
    """Make the features of a video, a folder or (with no source) of a profile's data; say where they lie.

    Parameters
    ----------
    source : Path, optional
        See `sources.open_source`.
    out : Path, optional
        Folder to copy the files to, as ``<video>.npz``; they always stay in the store too.
    chosen : Profile

    Returns
    -------
    list of Path
        One file a video.

    Raises
    ------
    InputError
        If some videos cannot be measured, naming each. The others are finished by then, and copied.
    """
    data = dataset(chosen) if source is None else sources.open_source(source)
    try:
        features_of(data, chosen.motion)
    except InputError:
        _copied(data, out, chosen.motion)
        raise
    return _copied(data, out, chosen.motion)


def _copied(data: Dataset, out: Path | None, chosen: MotionSettings) -> list[Path]:
    """Copy what features of a data set there are to a folder; without one, say where they lie."""
    store = _store()
    places = {video.name: feature_place(data, video, chosen) for video in data.videos}
    files = {name: store.folder(*place) / FEATURES for name, place in places.items() if store.entry(*place)}
    if out is None:
        return list(files.values())
    for name, file in files.items():
        with written_whole(out / f"{name}.npz") as temporary:
            shutil.copyfile(file, temporary)
    return [out / f"{name}.npz" for name in files]


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
    _must_be_trainable(chosen)
    videos = features(chosen)
    subjects = sorted({video.subject for video in videos})
    parts = {seed: chosen.model_copy(update={"learning": chosen.learning.but(seed=seed)}) for seed in seeds}
    with _training(parts, videos, device, subjects, TRAINING, control) as given:
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
    _must_be_trainable(chosen)
    videos = features(chosen)
    names = learning.pair_names(sorted({video.subject for video in videos}), chosen.learning)
    with _training({chosen.learning.seed: chosen}, videos, device, names, INNER) as given:
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
    parts: Mapping[int, Profile],
    videos: list[VideoFeatures],
    device: str,
    names: list[str],
    what: str,
    control: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Give a training what it needs to keep its folds, by seed and name: in the store, one entry each."""
    place = learning.device(device)
    _used_devices[place.type if place.type == "cpu" else torch.cuda.get_device_name()] = None
    data, store = dataset(next(iter(parts.values()))), _store()
    runs = {seed: ("runs", _run_key(videos, part, place.type, what, control)) for seed, part in parts.items()}
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
            save_fold(fold, folder / FOLD, {"data": data.digest, "licence": "BSD-3-Clause"})

    missing = any(len(own) < len(names) for own in done.values())
    steps = len(parts) * len(names) * next(iter(parts.values())).learning.epochs if missing else 0
    with bar(f"{what} ({control})" if control else what, steps, "epoch") as advance:
        yield {
            "device": place, "done": done, "on_fold": keep, "progress": advance, "checkpoints": half_done,
        }  # fmt: skip
    shutil.rmtree(half_done.parent, ignore_errors=True)


def _must_be_trainable(chosen: Profile) -> Dataset:
    """Give the data set of a profile, or raise if nothing can be learned from it, before hours of work on it."""
    data = dataset(chosen)
    where = chosen.source.root if chosen.source else data.name
    if len(data.subjects) < 2:
        raise InputError(
            f"only one subject, {', '.join(data.subjects)}",
            where=where,
            expected="at least two: one is left out, and the network learns from the others",
        )
    if not any(video.expressions for video in data.videos):
        raise InputError("no annotated expression", where=where, expected="at least one to learn from")
    return data


def _run_key(
    videos: list[VideoFeatures], chosen: Profile, device: str, what: str, control: str | None
) -> str:
    """Everything that decides a training run: its features, its settings, the code, the kind of device."""
    data, used = dataset(chosen), {video.video for video in videos}
    places = [feature_place(data, video, chosen.motion) for video in data.videos if video.name in used]
    code = code_digest("msstgcn.learning")
    unused = () if what == INNER else ("inner_groups",)
    return key_of(
        places, chosen.network.digest(), chosen.learning.digest(*unused), what, control, device, code
    )


def watched(
    run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None
) -> spotting.Watched:
    """What a run, and its inner folds if given, said of videos while training went on."""
    subjects = {video.name: video.subject for video in dataset(chosen).videos}
    epochs, looks = run.watched
    final = run.probabilities  # not rounded as the looks are
    tables = {v: np.concatenate([looks[v][:-1], final[v][None]], dtype=np.float32) for v in sorted(final)}
    others: dict[str, Mapping[str, Any]] = {}
    for group in inner.groups if inner else ():
        others |= dict.fromkeys(group, inner.watched(group[0])[1] if inner else {})
    return spotting.Watched(epochs.tolist(), tables, subjects, others)


def predictions(
    run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None
) -> pd.DataFrame:
    """What a run spotted in all videos, each judged by the network that never saw its subject.

    Epoch and thresholds are those of the selection protocol that the settings name; ``inner-fold`` asks for the
    inner folds.

    Returns
    -------
    DataFrame
        Columns ``video, class, onset, apex, offset, score``.
    """
    seen = watched(run, chosen, inner)
    return spotting.spot(seen, spotting.choose(seen, truth(chosen), chosen.spotting), chosen.spotting)


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


def scores(run: learning.LosoRun, chosen: Profile, inner: learning.InnerRun | None = None) -> spotting.Scores:
    """The score of a run, as the settings say, over all of a profile's videos, those without any expression too."""
    how = chosen.spotting
    return spotting.score(
        predictions(run, chosen, inner), truth(chosen), videos=[v.name for v in dataset(chosen).videos],
        iou=how.match_iou, inclusive=how.inclusive, matching=how.matching, rows=how.rows,
    )  # fmt: skip
