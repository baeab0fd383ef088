"""The cached stages that notebooks, command line and tests call: data, features, training, predictions.

Each looks into the store first; what is missing is computed by the packages and written whole, video by video
and fold by fold, so a killed run loses at most what it was working on.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
from msstgcn.motion.regions import region_set
from msstgcn.report.check_video import film
from msstgcn.report.log import bar, warn
from msstgcn.runner import executors, sources
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import MotionSettings, Profile
from msstgcn.timeline import write_csv

FEATURES = "features.npz"
FOLD, CARD = "fold.safetensors", "CARD.md"
_TOLD = 10  # notes on videos that a run tells in full
TRAINING, INNER, FINAL = "training", "training of inner folds", "training on all subjects"
#: What the network trained on all subjects is called in the store.
EVERYBODY = "everybody"
#: Licence of weights trained on the book's own videos, and what holds for all others.
LICENCE, LICENCE_OF_OTHERS = (
    "BSD-3-Clause",
    "whatever the makers of the data allow: see their licence agreement",
)
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
    fields: dict[str, list[dict[str, Any]]] = {}  # by setting, the stages that have it: regions stand in two
    for part in _PARTS:
        for field in parts[part]:
            if field != "seed":
                fields.setdefault(field, []).append(parts[part])
    source = sources.on_disk(dataset, root, repair)
    if source is not None:
        parts["source"] = source.model_dump(mode="json")
    for field, value in settings.ON_DATASET.get(dataset, {}).items():
        fields[field][0][field] = value
    for field, value in changes.items():
        if field not in fields:
            raise unknown_name("setting", field, fields)
        if value != AS_PROFILE:
            for stage in fields[field]:
                stage[field] = value
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


def features_of(
    source: Dataset, chosen: MotionSettings, *, leave_out: bool = False, executor: str = "local"
) -> list[VideoFeatures]:
    """Motion features of the videos of a data set, in its order.

    Missing ones are made side by side; each is stored as soon as it is finished, so a stopped run goes on with the
    first video that is not. What is odd about a video and what was made of it is told as a warning.

    Parameters
    ----------
    source : Dataset
    chosen : MotionSettings
    leave_out : bool
        Leave out videos whose motion cannot be measured, with a warning that names them. Otherwise they are an
        error, which is raised when all others are finished.
    executor : str
        Where to work: see `executors.run`. On a cluster the store has to lie where all workers see it.

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
        steps = [len(video) for video, _ in missing]
        with executors.counted(store.root, "features", steps, "frame") as counters:
            calls = [(*one, chosen, store, counter) for one, counter in zip(missing, counters, strict=True)]
            for number, made in executors.run(_make_features, calls, executor):
                counters[number](steps[number])
                _unmeasured.update([made])
    failed = {place: _unmeasured[place] for _, place in waiting if _unmeasured[place]}
    if failed:
        _report_unmeasured(list(failed.values()), len(places), leave_out)
    found = [load_features(store.folder(*place) / FEATURES) for place in places if place not in failed]
    _tell(found)
    return found


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
    return "features", source.name, _feature_key(video, chosen), f"{video.name}-{video.digest[:12]}"


def _feature_key(video: Video, chosen: MotionSettings) -> str:
    predictor = predictor_digest(predictor_path())
    return key_of(chosen.digest(), code_digest("msstgcn.motion", type(video).__module__), predictor)


def _make_features(
    video: Video, place: tuple[str, ...], chosen: MotionSettings, store: Store, counter: executors.Counter
) -> tuple[tuple[str, ...], str]:
    """Make one video's features in a process of its own, maybe on another machine, and store them.

    Returns
    -------
    (tuple of str, str)
        Its place, and why the motion cannot be measured if so.
    """
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
    try:
        features = extract(video, chosen, progress=counter, scratch=Path(tempfile.gettempdir()))
    except InputError as error:
        return place, str(error)
    with store.writing(*place, about=about) as folder:
        save_features(features, folder / FEATURES, video.digest)
        about["notes"] = [str(note) for note in features.notes]
        about["seconds"] = round(time.monotonic() - started, 2)
    return place, ""


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


def labelled(source: Path | None, layout: str, repair: str, chosen: Profile) -> Dataset:
    """The data set at a path, or without one the profile's, for its labels: no frame is looked at."""
    return dataset(chosen) if source is None else open_dataset(layout, source, repair=repair)


def features_to(
    source: Path | None, out: Path | None, chosen: Profile, *, executor: str = "local"
) -> list[Path]:
    """Make the features of a video, a folder or (with no source) of a profile's data; say where they lie.

    Parameters
    ----------
    source : Path, optional
        See `sources.open_source`.
    out : Path, optional
        Folder to copy the files to, as ``<video>.npz``; they always stay in the store too.
    chosen : Profile
    executor : str
        See `features_of`.

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
        features_of(data, chosen.motion, executor=executor)
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


def look(source: Path | None, files: list[Path], out: Path, chosen: Profile) -> Path:
    """Film what was measured in one video; see `report.check_video.film`.

    Parameters
    ----------
    source : Path
        See `sources.open_source`.
    files : list of Path
        The features, as `features_to` names them.
    out : Path
        Ends in ``.mp4``.
    chosen : Profile
        What the features were made with.

    Raises
    ------
    InputError
        If the source is not one video.
    """
    videos = () if source is None else sources.open_source(source).videos
    if len(videos) != 1 or len(files) != 1:
        raise InputError(
            "a check video shows one video",
            where="--look",
            expected="a video file or a folder of images as SOURCE",
        )
    found = load_features(files[0])
    with bar("check video", len(found), "frame") as advance:
        film(videos[0], found, out, regions=region_set(chosen.motion.regions), progress=advance)
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
        about = about_weights(parts[seed], data, fold, place.type, control)
        entry = {**about, "settings": parts[seed].model_dump(mode="json"), "subject": fold.subject}
        with store.writing(*runs[seed], fold.subject or EVERYBODY, about=entry) as folder:
            save_fold(fold, folder / FOLD, about)
            (folder / CARD).write_text(learning.model_card(about, fold.history), encoding="utf-8")

    missing = any(len(own) < len(names) for own in done.values())
    steps = len(parts) * len(names) * next(iter(parts.values())).learning.epochs if missing else 0
    with bar(f"{what} ({control})" if control else what, steps, "epoch") as advance:
        yield {
            "device": place, "done": done, "on_fold": keep, "progress": advance, "checkpoints": half_done,
        }  # fmt: skip
    shutil.rmtree(half_done.parent, ignore_errors=True)


def about_weights(
    chosen: Profile, data: Dataset, fold: learning.Fold, device: str, control: str | None
) -> dict[str, str]:
    """What is written into a file of weights and onto its card."""
    return {
        "data": data.name,
        "data_digest": data.digest,
        "trained_without": fold.subject,
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
    _must_be_trainable(chosen)
    videos, seed = features(chosen), chosen.learning.seed
    with _training({seed: chosen}, videos, device, [EVERYBODY], FINAL) as given:
        held, keep = given.pop("done")[seed], given.pop("on_fold")
        if held:
            return held[EVERYBODY]
        fold = learning.train_fold(videos, chosen.network, chosen.learning, seed=final_seed(chosen), **given)
        keep(seed, fold)
    return fold


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


def results_to(
    run: learning.LosoRun, chosen: Profile, out: Path, inner: learning.InnerRun | None = None
) -> list[Path]:
    """Write what a run spotted, the labels and the list of videos as CSV files that `msstgcn score` reads."""
    videos = [(video.name, video.subject) for video in dataset(chosen).videos]
    tables = {
        "predictions.csv": predictions(run, chosen, inner),
        "truth.csv": truth(chosen),
        "videos.csv": pd.DataFrame(videos, columns=["video", "subject"]),
    }
    return [write_csv(table, out / name) for name, table in tables.items()]
