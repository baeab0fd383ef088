"""Inner folds: what may be chosen for a test subject, an epoch or a threshold, is chosen on other subjects.

Nested cross-validation would train, for each of n test subjects, a network for each inner fold. Here the subjects
are put into G groups, and one network is trained without each *pair* of groups. For a test subject of group i, the
pairs (i, j) give networks that saw nobody of group i, and each is asked about the subjects of group j, whom it did
not see either. So G (G - 1) / 2 small networks serve all test subjects, and nothing chosen with their help has seen
the test subject, neither in training nor in the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from msstgcn.devices import device as named_device
from msstgcn.errors import InputError
from msstgcn.learning.corpus import gather
from msstgcn.learning.folds import Fold
from msstgcn.learning.loso import Watched, finish, job_of, remarks
from msstgcn.learning.sampling import seed_of, subject_groups
from msstgcn.learning.schedule import Schedule
from msstgcn.learning.training import Progress
from msstgcn.motion.features import VideoFeatures
from msstgcn.settings import LearningSettings, NetworkSettings


@dataclass(frozen=True)
class InnerRun:
    """Networks trained without pairs of groups of subjects.

    Parameters
    ----------
    groups : tuple of tuple of str
        The subjects of each group.
    folds : dict of str to Fold
        By `pair_name` of the two groups left out.
    owner : dict of str to str
        Subject by video.
    notes : tuple of str
        What a reader of the result should know.
    """

    groups: tuple[tuple[str, ...], ...]
    folds: dict[str, Fold]
    owner: dict[str, str]
    notes: tuple[str, ...] = ()

    def watched(self, subject: str) -> Watched:
        """What can be known, for a test subject, of networks that never saw it.

        Parameters
        ----------
        subject : str
            Who must not be looked at.

        Returns
        -------
        epochs : ndarray of int, shape (E,)
            After how many epochs the networks were asked.
        probabilities : dict of str to ndarray of float16, shape (E, T, 10)
            By video of the subjects of all other groups, each from a network that saw neither the video's
            subject nor the test subject.

        Raises
        ------
        InputError
            If nobody has that name.
        """
        own = [number for number, group in enumerate(self.groups) if subject in group]
        if not own:
            raise InputError(
                f"no subject {subject!r}", expected="one of " + ", ".join(sorted(sum(self.groups, ())))
            )
        found: dict[str, NDArray[np.float16]] = {}
        for other, group in enumerate(self.groups):
            if other != own[0]:
                watched = self.folds[pair_name(own[0], other)].watched
                found |= {video: p for video, p in watched.items() if self.owner[video] in group}
        return np.array(next(iter(self.folds.values())).epochs), dict(sorted(found.items()))


def pair_name(first: int, second: int) -> str:
    """Name of the fold without two groups, counted from 0; names count from 1."""
    low, high = sorted((first, second))
    return f"groups {low + 1} and {high + 1}"


def inner_groups(subjects: Sequence[str], count: int, *, seed: int) -> tuple[tuple[str, ...], ...]:
    """Put subjects into at most `count` groups of nearly equal size, shuffled by the seed.

    Raises
    ------
    InputError
        If there are fewer than three subjects.
    """
    if len(subjects) < 3:
        raise InputError(
            f"{len(subjects)} subjects",
            where="inner folds",
            expected="at least three: one to train on, one to choose with, one to test on",
        )
    return subject_groups(subjects, count, seed=seed)


def pair_names(subjects: Sequence[str], learning: LearningSettings) -> list[str]:
    """Names of all inner folds."""
    groups = inner_groups(subjects, learning.inner_groups, seed=learning.seed)
    return [pair_name(*pair) for pair in combinations(range(len(groups)), 2)]


def train_inner(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    device: torch.device | str = "cpu",
    done: Mapping[str, Fold] | None = None,
    on_fold: Callable[[Fold], None] | None = None,
    progress: Progress | None = None,
    checkpoints: Path | None = None,
) -> InnerRun:
    """Train the inner folds of a leave-one-subject-out run.

    Parameters
    ----------
    features, network, learning, device, on_fold, progress, checkpoints
        As in `train_loso`. ``learning.inner_groups`` is the number of groups, at most that of the subjects;
        ``learning.watch`` says how often the networks are asked.
    done : mapping of str to Fold, optional
        Folds of an earlier, unfinished run with the same features and settings, by name; not trained again.

    Returns
    -------
    InnerRun

    Raises
    ------
    InputError
        Fewer than three subjects, or as `train_loso`.
    """
    place = device if isinstance(device, torch.device) else named_device(device)
    corpus = gather(features, network, learning)
    groups = inner_groups(corpus.subjects, learning.inner_groups, seed=learning.seed)
    jobs = []
    for first, second in combinations(range(len(groups)), 2):
        out, name = groups[first] + groups[second], pair_name(first, second)
        seed = seed_of(learning.seed, "inner", *sorted(out))
        jobs.append(job_of(corpus, learning, name, seed, out))
    schedule = Schedule(
        features, corpus, network, learning, place, progress=progress, checkpoints=checkpoints
    )
    tell = (lambda _, fold: on_fold(fold)) if on_fold else None
    (folds,) = finish(schedule, {learning.seed: jobs}, {learning.seed: done or {}}, tell, progress).values()
    owner = {video.video: video.subject for video in features}
    return InnerRun(groups, folds, owner, remarks(schedule, corpus, jobs, folds))
