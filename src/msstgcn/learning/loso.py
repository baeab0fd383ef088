"""Leave-one-subject-out: as many networks as subjects, each asked about the one it never saw.

Or leave-one-group-out, with fewer networks: ``learning.folds`` groups of subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from msstgcn.devices import device as named_device
from msstgcn.errors import InputError, unknown_name
from msstgcn.learning.batched import Job
from msstgcn.learning.corpus import Corpus, fold_name, gather
from msstgcn.learning.folds import Fold
from msstgcn.learning.sampling import seed_of, subject_groups
from msstgcn.learning.schedule import Schedule
from msstgcn.learning.training import Progress
from msstgcn.motion.features import VideoFeatures
from msstgcn.settings import LearningSettings, NetworkSettings

#: After how many epochs (E,) folds looked at their held-out videos, and what they said: by video, (E, T, 10).
Watched = tuple[NDArray[np.int64], dict[str, NDArray[np.float16]]]

#: A total loss above this has exploded: of a network that gives every outcome the same score it is 2.2 (with the
#: usual settings and 512 windows a batch), and it falls from the first steps on.
EXPLODED = 20.0


@dataclass(frozen=True)
class LosoRun:
    """A leave-one-subject-out run.

    Parameters
    ----------
    folds : dict of str to Fold
        By the subject left out, sorted by name; with ``learning.folds``, by the group's.
    notes : tuple of str
        What a reader of the result should know.
    """

    folds: dict[str, Fold]
    notes: tuple[str, ...] = ()

    @property
    def probabilities(self) -> dict[str, NDArray[np.float32]]:
        """By video, shape (T, 10), each from the network that never saw the video's subject."""
        return {v: p for fold in self.folds.values() for v, p in fold.probabilities.items()}

    @property
    def watched(self) -> Watched:
        """After how many epochs each fold looked at its subject's videos, and what it said then.

        Returns
        -------
        epochs : ndarray of int, shape (E,)
            Increasing; the last is the end of the training.
        probabilities : dict of str to ndarray of float16, shape (E, T, 10)
            By video; the last along the first axis are `probabilities`, rounded.
        """
        epochs = next(iter(self.folds.values())).epochs
        return np.array(epochs), {v: p for fold in self.folds.values() for v, p in fold.watched.items()}

    @property
    def history(self) -> pd.DataFrame:
        """Histories of all folds, with the column ``subject`` in front."""
        parts = [fold.history.assign(subject=name) for name, fold in self.folds.items()]
        table = pd.concat(parts, ignore_index=True)
        return table[["subject", *(name for name in table.columns if name != "subject")]]


def train_loso(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    device: torch.device | str = "cpu",
    control: str | None = None,
    done: Mapping[str, Fold] | None = None,
    on_fold: Callable[[Fold], None] | None = None,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
    subjects: Sequence[str] | None = None,
    corpus: Corpus | None = None,
) -> LosoRun:
    """Train and test all folds.

    On a CPU each fold runs by itself on one core, as many at a time as PyTorch has threads; a fold's result does
    not depend on how many, nor on which folds are done already. On a GPU all folds train as one program; if its
    memory is too small they are split in two, and a note says so.

    Parameters
    ----------
    features : sequence of VideoFeatures
        All videos of all subjects.
    network, learning : settings
        Architecture and optimisation.
    device : torch.device or str
        ``auto``, ``cpu`` or ``cuda``.
    control : str, optional
        ``"shuffled-labels"`` trains on labels moved away from the motion; the test videos stay as they are.
    done : mapping of str to Fold, optional
        Folds of an earlier, unfinished run with the same features and settings, by subject; not trained again.
    on_fold : callable, optional
        Given each fold as it is finished, in the calling thread, so that the caller can keep it.
    progress : callable, optional
        Told how many more epochs of folds are done; in all there are folds x epochs.
    checkpoints : Path, optional
        Folder for the state of unfinished folds; a killed run with the same folder goes on from the last epoch
        and ends with the same bits as an undisturbed one (on a CPU).
    subjects : sequence of str, optional
        Whose folds to train; by default everybody's. All others are trained on all the same.
    corpus : Corpus, optional
        What to train on in the place of the videos, as `gather_posted` makes it; the videos are then only asked
        about. It has no control.

    Returns
    -------
    LosoRun

    Raises
    ------
    InputError
        Fewer than two subjects, no expression at all, features that do not fit or are not finite, a fold with
        nothing to train on, a loss that is not finite, or a list of subjects that names nobody or a stranger.
    """
    seed = learning.seed
    tell = (lambda _, fold: on_fold(fold)) if on_fold else None
    runs = train_seeds(
        features, network, learning, (seed,),
        device=device, control=control, done={seed: done or {}}, on_fold=tell,
        progress=progress, checkpoints=checkpoints, subjects=subjects, corpus=corpus,
    )  # fmt: skip
    return runs[seed]


def train_seeds(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    seeds: Sequence[int],
    *,
    device: torch.device | str = "cpu",
    control: str | None = None,
    done: Mapping[int, Mapping[str, Fold]] | None = None,
    on_fold: Callable[[int, Fold], None] | None = None,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
    subjects: Sequence[str] | None = None,
    corpus: Corpus | None = None,
) -> dict[int, LosoRun]:
    """Train all folds from several seeds; each run is the one that `train_loso` gives with that seed.

    On a GPU the folds of all seeds are one program. With a control each seed changes the labels in its own way, so
    there the seeds follow one another.

    Parameters
    ----------
    seeds : sequence of int
        What to put in the place of ``learning.seed``.
    done : mapping of int to mapping of str to Fold, optional
        Folds of an earlier, unfinished call, by seed and subject.
    on_fold : callable, optional
        Given the seed and each fold as it is finished.
    features, network, learning, device, control, progress, checkpoints, subjects, corpus
        As in `train_loso`.

    Returns
    -------
    dict of int to LosoRun
        By seed.

    Raises
    ------
    InputError
        If a seed is given twice, or as `train_loso`.
    """
    if len(set(seeds)) < len(seeds) or not seeds:
        raise InputError(f"seeds {list(seeds)}", expected="one or more, each once")
    place = device if isinstance(device, torch.device) else named_device(device)
    runs: dict[int, LosoRun] = {}
    for together in [[seed] for seed in seeds] if control else [list(seeds)]:
        own = corpus or gather(features, network, learning.but(seed=together[0]), control=control)
        schedule = Schedule(
            features, own, network, learning, place,
            progress=progress, checkpoints=checkpoints, control=control,
        )  # fmt: skip
        jobs = {seed: loso_jobs(own, learning, seed, subjects) for seed in together}
        folds = finish(schedule, jobs, done or {}, on_fold, progress)
        for seed in together:
            runs[seed] = LosoRun(folds[seed], remarks(schedule, own, jobs[seed], folds[seed]))
    return runs


def train_fold(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    device: torch.device | str = "cpu",
    seed: int = 0,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
) -> Fold:
    """Train one network on all the given videos.

    Parameters
    ----------
    features : sequence of VideoFeatures
        Videos of the training subjects.
    network, learning, device, checkpoints
        As in `train_loso`.
    seed : int
        Decides the start and the batches; `seed_of` makes one from the left-out subject's name.
    progress : callable, optional
        Told 1 after each epoch.

    Returns
    -------
    Fold
        With nobody left out and no predictions.

    Raises
    ------
    InputError
        If features do not fit or hold no expression, or the loss is not finite.
    """
    place = device if isinstance(device, torch.device) else named_device(device)
    corpus = gather(features, network, learning)
    schedule = Schedule(
        features, corpus, network, learning, place, progress=progress, checkpoints=checkpoints
    )
    ((_, fold),) = schedule.folds([job_of(corpus, learning, "", seed, ())])
    return fold


def loso_jobs(
    corpus: Corpus, learning: LearningSettings, seed: int, subjects: Sequence[str] | None = None
) -> list[Job]:
    """One fold a subject or group of subjects, or those alone that leave one of the given subjects out.

    Raises
    ------
    InputError
        If there are fewer than two subjects, a list of subjects names nobody or somebody who is not there, or a
        fold has nothing to train on.
    """
    if len(corpus.subjects) < 2:
        raise InputError(
            f"only one subject, {corpus.subjects[0]}",
            where="leave-one-subject-out",
            expected="at least two",
            do="add videos of another subject",
        )
    chosen = corpus.subjects if subjects is None else sorted(set(subjects))
    for subject in chosen:
        if subject not in corpus.subjects:
            raise unknown_name("subject", subject, corpus.subjects)
    if not chosen:
        raise InputError(
            "the list of subjects names nobody", expected="some of " + ", ".join(corpus.subjects)
        )
    return [
        job_of(corpus, learning, name, seed_of(seed, "fold", *out), out)
        for name, out in left_out(corpus.subjects, learning.folds, seed=seed).items()
        if set(out) & set(chosen)
    ]


def left_out(subjects: Sequence[str], folds: int, *, seed: int) -> dict[str, tuple[str, ...]]:
    """Whom each fold leaves out: everybody once.

    Parameters
    ----------
    subjects : sequence of str
    folds : int
        ``learning.folds``: groups of subjects, those of `inner_groups` with as many of them; 0 leaves one subject out
        at a time.
    seed : int
        Of the training.

    Returns
    -------
    dict of str to tuple of str
        Subjects by the fold's name: the subject, or ``group 1 of 3``.
    """
    if not folds:
        return {subject: (subject,) for subject in sorted(subjects)}
    groups = subject_groups(subjects, folds, seed=seed)
    return {f"group {number} of {len(groups)}": own for number, own in enumerate(groups, 1)}


def job_of(corpus: Corpus, learning: LearningSettings, name: str, seed: int, out: tuple[str, ...]) -> Job:
    """The fold that leaves some subjects out.

    Raises
    ------
    InputError
        If there is nothing left to train on.
    """
    starts = corpus.training_starts(learning, *out)
    if not learning.neutral:
        return Job(name, starts, seed, out)
    others = corpus.neutral_starts(*out)
    return Job(name, starts, seed, out, others, min(round(learning.neutral * len(starts)), len(others)))


def finish(
    schedule: Schedule,
    jobs: Mapping[int, Sequence[Job]],
    done: Mapping[int, Mapping[str, Fold]],
    on_fold: Callable[[int, Fold], None] | None,
    progress: Progress | None,
) -> dict[int, dict[str, Fold]]:
    """Train the jobs of each seed that are not done yet; return all folds, by name, in the order of the jobs."""
    folds = {
        seed: {job.name: done[seed][job.name] for job in own if job.name in done.get(seed, {})}
        for seed, own in jobs.items()
    }
    earlier = sum(len(own) for own in folds.values())
    if progress and earlier:
        progress(earlier * schedule.learning.epochs)
    todo = {job.seed: (seed, job) for seed, own in jobs.items() for job in own if job.name not in folds[seed]}
    for job, fold in schedule.folds([job for _, job in todo.values()]):
        seed, _ = todo[job.seed]
        folds[seed][job.name] = fold
        if on_fold:
            on_fold(seed, fold)
    return {seed: {job.name: folds[seed][job.name] for job in own} for seed, own in jobs.items()}


def remarks(
    schedule: Schedule, corpus: Corpus, jobs: Sequence[Job], folds: Mapping[str, Fold]
) -> tuple[str, ...]:
    """What a reader of a run should know: of the data, of each fold, of how it was trained."""
    notes = list(corpus.notes)
    for job in jobs:
        notes += [
            f"the {fold_name(job.name)} has no expression of class {label} to train on"
            for label in corpus.missing_classes(job.held_out)
        ]
        totals = folds[job.name].history["total"].to_numpy()
        first, last = totals[0], totals[-1]
        if last > min(first, EXPLODED):
            notes.append(
                f"the loss of the {fold_name(job.name)} went from {first:.3g} to {last:.3g}: "
                "it did not learn; a smaller learning rate may help"
            )
    return (*notes, *schedule.notes)
