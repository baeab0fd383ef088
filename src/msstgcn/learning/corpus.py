"""All windows of all videos in one tensor, with their targets and the segments that may be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from msstgcn.datasets.posted import PostedSegment
from msstgcn.errors import InputError, unknown_name
from msstgcn.learning.sampling import seed_of, segment_starts
from msstgcn.learning.targets import MACRO, MICRO, NEUTRAL, NONE, OFFSET, ONSET, targets
from msstgcn.motion.features import VideoFeatures
from msstgcn.motion.regions import region_set
from msstgcn.network import BatchTargets, check_window
from msstgcn.settings import LearningSettings, NetworkSettings
from msstgcn.timeline import CLASSES

#: Controls by name: ways of breaking the link between motion and label.
CONTROLS: tuple[str, ...] = ("shuffled-labels",)


@dataclass(frozen=True)
class Corpus:
    """Windows, targets and segments of a set of videos.

    Parameters
    ----------
    flow : Tensor of float32, shape (W, K, R, 2)
        Windows of all videos, one after the other.
    targets : BatchTargets
        Of the same W windows.
    starts : ndarray of int64, shape (S,)
        First window of each segment.
    subject : ndarray of str, shape (S,)
        Whose segment it is.
    expressive : ndarray of bool, shape (S, 2)
        Whether a segment holds a frame of an expression, ME and MaE.
    subjects : tuple of str
        All subjects, sorted.
    notes : tuple of str
        What a reader of the result should know of the data.
    """

    flow: Tensor
    targets: BatchTargets
    starts: NDArray[np.int64]
    subject: NDArray[np.str_]
    expressive: NDArray[np.bool_]
    subjects: tuple[str, ...]
    notes: tuple[str, ...]

    def training_starts(self, learning: LearningSettings, *without: str) -> NDArray[np.int64]:
        """First windows of the segments to train on, leaving some subjects out.

        Raises
        ------
        InputError
            If there are none, or none of them holds an expression.
        """
        chosen = ~np.isin(self.subject, without)
        where = fold_name(", ".join(without)) or "training"
        if not (chosen & self.expressive.any(1)).any():
            raise InputError(
                f"no segment of {learning.segment} usable windows holds an expression",
                where=where,
                expected="at least one to train on",
                do="use longer videos or more subjects, or check the annotations",
            )
        if learning.sampling == "expression" or learning.neutral is not None:
            chosen &= self.expressive.any(1)
        return self.starts[chosen]

    def neutral_starts(self, *without: str) -> NDArray[np.int64]:
        """First windows of the segments that hold no expression, leaving some subjects out."""
        return self.starts[~np.isin(self.subject, without) & ~self.expressive.any(1)]

    def missing_classes(self, without: Sequence[str]) -> list[str]:
        """Classes of expression that nobody but the given subjects shows in a segment, though they do."""
        kept = ~np.isin(self.subject, without)
        return [
            label
            for label, shown in zip(CLASSES, self.expressive.T, strict=True)
            if shown.any() and not shown[kept].any()
        ]


def fold_name(left_out: str) -> str:
    """What messages call a fold."""
    return f"fold without {left_out}" if left_out else ""


def check(features: Sequence[VideoFeatures], network: NetworkSettings) -> None:
    """Raise an `InputError` unless every video's features fit the network and hold numbers only."""
    if not features:
        raise InputError("no features", expected="at least one video")
    seen: set[str] = set()
    for video in features:
        if video.video in seen:
            raise InputError("the same video stands twice", where=video.video)
        seen.add(video.video)
        frames, window, regions, flow = video.flow.shape if video.flow.ndim == 4 else (-1, -1, -1, -1)
        if frames < 0:
            raise InputError(
                f"features of shape {video.flow.shape}", where=video.video, expected="(T, K, R, 2)"
            )
        check_window(network, (frames, flow, window, regions), where=f"features of {video.video}")
        named = tuple(region.name for region in region_set(network.regions))
        if video.regions and video.regions != named:
            raise InputError(
                f"features of other regions ({', '.join(video.regions)})",
                where=video.video,
                expected=", ".join(named),
                do="give the motion and the network the same regions",
            )
        if not frames:
            raise InputError(
                "no frames", where=video.video, expected="at least one", do="leave the video out"
            )
        if video.mask.shape != (frames,) or video.mask.dtype != np.bool_:
            raise InputError(
                f"mask of shape {video.mask.shape} and type {video.mask.dtype}",
                where=video.video,
                expected=f"({frames},), bool",
            )
        bad = ~np.isfinite(video.flow).all((1, 2, 3))
        if bad.any():
            raise InputError(
                "NaN or infinite features",
                where=f"{video.video}, frame {int(bad.argmax())}",
                do="make the features again",
            )


def gather(
    features: Sequence[VideoFeatures],
    network: NetworkSettings,
    learning: LearningSettings,
    *,
    control: str | None = None,
) -> Corpus:
    """Put videos together for training.

    Parameters
    ----------
    features : sequence of VideoFeatures
        Labelled videos.
    network, learning : settings
        The receptive field must be the features' window.
    control : str, optional
        ``"shuffled-labels"`` moves each video's targets in time, round and round, by a seeded random quarter to
        three quarters of its length: as many labels, as long, in the same order, but not where anything moved.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If features do not fit, hold NaN, or carry no expression at all.
    """
    if control is not None and control not in CONTROLS:
        raise unknown_name("control", control, CONTROLS)
    check(features, network)
    held = {label: sum(e.label == label for v in features for e in v.expressions) for label in CLASSES}
    if not any(held.values()):
        raise InputError("no expression in any video", expected="labelled videos", do="check the annotations")
    made, starts, owners, expressive = [], [], [], []
    first = unused = 0
    for video in features:
        own = targets(video.expressions, len(video.flow), where=video.video)
        if control == "shuffled-labels":
            rng = np.random.default_rng(seed_of(learning.seed, "shuffle", video.video))
            own = own.rolled(round(len(video.flow) * rng.uniform(0.25, 0.75)))
        made.append(own)
        begin = segment_starts(np.asarray(video.mask), learning.segment)
        inside = begin[:, None] + np.arange(learning.segment)
        unused += len(video.flow) - len(np.unique(inside))
        expressive.append((own.action[inside] > 0).any(1))
        starts.append(begin + first)
        owners += [video.subject] * len(begin)
        first += len(video.flow)
    names = ("boundary", "apex", "action", "contrast")
    joined = (torch.from_numpy(np.concatenate([getattr(own, name) for own in made])) for name in names)
    return Corpus(
        flow=torch.from_numpy(np.concatenate([np.asarray(v.flow, np.float32) for v in features])),
        targets=BatchTargets(*joined),
        starts=np.concatenate(starts),
        subject=np.array(owners, dtype=str),
        expressive=np.concatenate(expressive),
        subjects=tuple(sorted({video.subject for video in features})),
        notes=_notes(features, unused, first, held),
    )


def gather_posted(
    segments: Sequence[tuple[str, PostedSegment]], network: NetworkSettings, learning: LearningSettings
) -> Corpus:
    """Put the authors' posted training segments together: who shows each, and the segment.

    Their labels are taken as they stand: start and end are the boundaries, the apex score is soft already. As with
    labelled videos, an offset wins over an onset and a macro-expression over a micro-expression.

    Parameters
    ----------
    segments : sequence of (str, PostedSegment)
        Subject and segment, as `datasets.posted.read_posted_segment` reads it.
    network, learning : settings
        The receptive field must be the segments' window, and ``learning.segment`` their length.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If there are none, a window or length does not fit, or no segment holds an expression.
    """
    if not segments:
        raise InputError("no segments", expected="at least one")
    for _, segment in segments:
        frames, window, regions, parts = segment.flow.shape
        check_window(network, (frames, parts, window, regions), where=f"segment {segment.name}")
        if frames != learning.segment:
            raise InputError(
                f"{frames} windows", where=f"segment {segment.name}", expected=f"{learning.segment}"
            )
    labels = np.stack([segment.labels for _, segment in segments])  # (S, 16, 8)
    start, apex, end, action = (labels[..., part::4] for part in range(4))  # each (S, 16, 2)
    inside: NDArray[np.bool_] = np.asarray(action > 0)
    if not inside.any():
        raise InputError("no expression in any segment", expected="labelled segments")
    boundary = np.where(end > 0, OFFSET, np.where(start > 0, ONSET, NONE))
    contrast = np.where(inside[..., 1], MACRO, np.where(inside[..., 0], MICRO, NEUTRAL))
    made = (boundary, apex.astype(np.float32), inside.astype(np.float32), contrast)
    held = {label: bool(inside[..., number].any()) for number, label in enumerate(CLASSES)}
    return Corpus(
        flow=torch.from_numpy(np.concatenate([segment.flow for _, segment in segments])),
        targets=BatchTargets(*(torch.from_numpy(part.reshape(-1, *part.shape[2:])) for part in made)),
        starts=np.arange(len(segments), dtype=np.int64) * learning.segment,
        subject=np.array([subject for subject, _ in segments], dtype=str),
        expressive=np.asarray(inside.any(1)),
        subjects=tuple(sorted({subject for subject, _ in segments})),
        notes=tuple(f"no segment holds an expression of class {c}" for c, there in held.items() if not there),
    )


def _notes(
    features: Sequence[VideoFeatures], unused: int, total: int, held: dict[str, int]
) -> tuple[str, ...]:
    notes = []
    if unused:
        notes.append(
            f"{unused} of {total} windows are not trained on: no usable face in or near them, or a video shorter than "
            "a segment"
        )
    notes += [f"no video holds an expression of class {label}" for label, count in held.items() if not count]
    for subject in sorted({video.subject for video in features}):
        labels = {e.label for video in features if video.subject == subject for e in video.expressions}
        missing = [label for label in CLASSES if label not in labels and held[label]]
        if missing:
            notes.append(f"subject {subject} shows no expression of class {' or '.join(missing)}")
    return tuple(notes)
