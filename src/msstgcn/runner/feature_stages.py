"""The stages before training: settings, videos, and the motion in them."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from msstgcn import paths, settings
from msstgcn.counted import counted
from msstgcn.datasets import Dataset, Video, open_dataset, synthetic
from msstgcn.errors import InputError, unknown_name
from msstgcn.files import written_whole
from msstgcn.motion import VideoFeatures, extract_each, load_features, predictor_path, save_features
from msstgcn.motion.detector import predictor_digest
from msstgcn.motion.flow import starts_at_once
from msstgcn.motion.regions import region_set
from msstgcn.report.check_video import film, must_be_film
from msstgcn.report.log import bar, warn
from msstgcn.runner import executors, sources
from msstgcn.runner.dependencies import code_digest
from msstgcn.runner.provenance import MEASURING, version
from msstgcn.runner.store import Store, key_of
from msstgcn.settings import AS_PROFILE, MotionSettings, Profile

FEATURES = "features.npz"
_TOLD = 10  # notes on videos that a run tells in full
_used_data: dict[str, None] = {}
_unmeasured: dict[
    tuple[str, ...], str
] = {}  # by its place, why the motion in a video cannot be measured, or ""


def used_data() -> list[str]:
    """Data sets that this process has used, with their digests."""
    return list(_used_data)


def data_store() -> Store:
    """The store under the data root."""
    return Store(paths.data_root())


_PARTS = ("data", "motion", "network", "learning", "spotting")


def profile(
    name: str,
    /,
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
        Settings of any stage by name, as ``epochs=5`` or ``flow="farneback"``; -1 keeps the profile's value, but of
        a setting that can itself be negative.

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
        if not keeps_profile(field, value):
            for stage in fields[field]:
                stage[field] = value
    return Profile.make(parts, where=f"profile {name}")


@cache
def setting_names() -> Mapping[str, FieldInfo]:
    """What is known of the settings of all stages, by their names; a seed is no setting."""
    parts = [type(getattr(settings.profile("smoke"), part)) for part in _PARTS]
    return {name: field for part in parts for name, field in part.model_fields.items() if name != "seed"}


def settings_among(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some values that are settings of a stage, or its seed, by their name."""
    known = {*setting_names(), "seed"}
    return {name: value for name, value in values.items() if name in known}


def keeps_profile(name: str, value: object) -> bool:
    """Whether a value says to keep the profile's: -1, where the setting of that name cannot be negative."""
    field = setting_names().get(name)
    if value != AS_PROFILE or field is None:
        return False
    return all(getattr(bound, "ge", 0) >= 0 for bound in field.metadata)


def must_change(values: Mapping[str, object], where: str) -> None:
    """Refuse -1 where it would keep the profile's value, as a chapter's parameter may: elsewhere it is a slip."""
    for name, value in values.items():
        if keeps_profile(name, value):
            raise InputError(f"{name} = {value}", where=where, do="leave it out to keep the profile's value")


def dataset(chosen: Profile) -> Dataset:
    """The videos of a profile. Frames are rendered or read when asked for."""
    found: Dataset = synthetic(chosen.data) if chosen.source is None else sources.open_on_disk(chosen.source)
    _used_data[_named(chosen, found)] = None
    return found


def data_of(chosen: Profile) -> str:
    """Name the data set of a profile, and give its digest, in words: for provenance."""
    return _named(chosen, dataset(chosen))


def _named(chosen: Profile, found: Dataset) -> str:
    title = found.name if chosen.source is None else f"{found.name}, repair {chosen.source.repair}"
    return f"{title} (SHA-256 {found.digest[:16]})"


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
    store = data_store()
    places = feature_places(source, chosen)
    waiting = [
        (video, place)
        for video, place in zip(source.videos, places, strict=True)
        if store.entry(*place) is None
    ]
    _measure(
        [(video, place, chosen) for video, place in waiting if not (leave_out and _unmeasured.get(place))],
        executor,
    )
    failed = {place: _unmeasured[place] for _, place in waiting if _unmeasured[place]}
    if failed:
        _report_unmeasured(list(failed.values()), len(places), leave_out)
    found = [load_features(store.folder(*place) / FEATURES) for place in places if place not in failed]
    _tell(found)
    return found


def make_features(several: Iterable[Profile]) -> None:
    """Make what is missing of the features of several profiles, all of it side by side.

    A video that is measured in several ways is rendered or read once, and the face in it followed once. A video whose
    motion cannot be measured is no error here: `features` says so.
    """
    wanted = [
        (video, place, chosen.motion)
        for chosen in several
        for data in [dataset(chosen)]
        for video, place in zip(data.videos, feature_places(data, chosen.motion), strict=True)
    ]
    _measure([one for one in wanted if data_store().entry(*one[1]) is None], "local")


def _measure(missing: Iterable[tuple[Video, tuple[str, ...], MotionSettings]], executor: str) -> None:
    """Make features, a process a video, and note which videos cannot be measured."""
    wanted: dict[tuple[str, str], tuple[Video, dict[tuple[str, ...], MotionSettings]]] = {}
    for video, place, chosen in missing:
        _, name, _, entry = place
        wanted.setdefault((name, entry), (video, {}))[1][place] = chosen
    if not wanted:
        return
    # One person after the other: a process keeps the face of whom it has rendered.
    todo = sorted(wanted.values(), key=lambda one: one[0].subject)
    store, steps = data_store(), [len(video) * len(ways) for video, ways in todo]
    with executors.counted(store.root, "features", steps, "frame") as counters:
        calls = [(*one, store, counter) for one, counter in zip(todo, counters, strict=True)]
        for number, made in executors.run(_make_features, calls, executor):
            counters[number](steps[number])
            _unmeasured.update(made)


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


def feature_places(source: Dataset, chosen: MotionSettings) -> list[tuple[str, ...]]:
    """Names in the store of the features of all videos: data set, what decides them, then video and its digest."""
    keys = {type(video): "" for video in source.videos}
    for video in source.videos:
        keys[type(video)] = keys[type(video)] or _feature_key(video, chosen)
    return [
        ("features", source.name, keys[type(video)], f"{video.name}-{video.digest[:12]}")
        for video in source.videos
    ]


def features_seconds(chosen: Profile) -> float:
    """Seconds of work that the features of a profile's videos took when they were made; those not known left out."""
    entries = [data_store().entry(*place) for place in feature_places(dataset(chosen), chosen.motion)]
    return float(sum(entry["seconds"] for entry in entries if entry))


def _feature_key(video: Video, chosen: MotionSettings) -> str:
    """Settings, code, landmark predictor and packages that decide features."""
    predictor = predictor_digest(predictor_path())
    code = code_digest("msstgcn.motion", type(video).__module__)
    together = starts_at_once(chosen)  # more on a GPU: their grid is another
    return key_of(chosen.digest(), code, predictor, together, [*map(version, MEASURING)])


def _make_features(
    video: Video, wanted: Mapping[tuple[str, ...], MotionSettings], store: Store, counter: executors.Counter
) -> dict[tuple[str, ...], str]:
    """Make one video's features in a process of its own, maybe on another machine, and store them all together.

    Parameters
    ----------
    video : Video
    wanted : mapping of tuple of str to MotionSettings
        What to make, by its place in the store.
    store : Store
    counter : Counter
        Counts frames, those of all settings.

    Returns
    -------
    dict of tuple of str to str
        By place, why the motion cannot be measured, or nothing.
    """
    import cv2

    counter.check()
    if any(_feature_key(video, chosen) not in place for place, chosen in wanted.items()):
        raise InputError(
            "a worker runs another version of the project, or has another landmark predictor",
            where=socket.gethostname(),
            do="install the same version there, and set MSSTGCN_PREDICTOR everywhere or nowhere",
        )
    cv2.setNumThreads(1)  # the processes share the cores already
    try:
        made = extract_each(
            video,
            list(wanted.values()),
            progress=partial(_counted_all, counter, len(wanted)),
            scratch=Path(tempfile.gettempdir()),
        )
    except InputError as error:
        if len(wanted) == 1:
            return dict.fromkeys(wanted, str(error))
        told: dict[tuple[str, ...], str] = {}
        for place, chosen in wanted.items():  # one way must not cost the others theirs
            told |= _make_features(video, {place: chosen}, store, counter)
        return told
    for (place, chosen), (found, seconds) in zip(wanted.items(), made, strict=True):
        about: dict[str, Any] = {
            "video": video.name,
            "digest": video.digest,
            "settings": chosen.model_dump(mode="json"),
            "machine": socket.gethostname(),
            "notes": [str(note) for note in found.notes],
            "seconds": round(seconds, 2),
        }
        with store.writing(*place, about=about) as folder:
            save_features(found, folder / FEATURES, video.digest)
    return dict.fromkeys(wanted, "")


def _counted_all(counter: executors.Counter, ways: int, done: int) -> None:
    counter(ways * done)


def _tell(found: list[VideoFeatures]) -> None:
    """Warn of what was odd about videos: the first few in full, and how to see the others."""
    notes = [str(note) for features in found for note in features.notes]
    for note in notes[:_TOLD]:
        warn(note)
    if len(notes) > _TOLD:
        warn(
            f"{counted(len(notes) - _TOLD, 'more note')} on {counted(len(found), 'video')}; "
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
    store = data_store()
    places = dict(zip([video.name for video in data.videos], feature_places(data, chosen), strict=True))
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
        As `filmable`.
    """
    video = filmable(source, out)
    (file,) = files
    found = load_features(file)
    with bar("check video", len(found), "frame") as advance:
        film(video, found, out, regions=region_set(chosen.motion.regions), progress=advance)
    return out


def filmable(source: Path | None, out: Path) -> Video:
    """The one video of a source, if it can be filmed into a file of that name.

    Raises
    ------
    InputError
        If the source is not one video, or the name not that of a film.
    """
    must_be_film(out)
    videos = () if source is None else sources.open_source(source).videos
    if len(videos) != 1:
        raise InputError(
            "a check video shows one video",
            where="--look",
            expected="a video file or a folder of images as SOURCE",
        )
    return videos[0]
