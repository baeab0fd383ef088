"""What happened to the face in a video, in words: findings for the run's report, and the reason for a refusal."""

from __future__ import annotations

from collections.abc import Sequence

from msstgcn.datasets import Finding
from msstgcn.datasets.lenient import ranges
from msstgcn.errors import InputError
from msstgcn.motion.tracker import MIN_IOD, Event

_MASKED = "no window that holds one of them is used"
_BREAK = "no window holds frames from before and after"

#: What each kind of event means and what is done about it.
_WORDS: dict[str, tuple[str, str, str]] = {
    "none": ("repair", "no face", _MASKED),
    "several": ("repair", "several faces and no way to tell which one to follow", _MASKED),
    "small": ("repair", "the face is too small", _MASKED),
    "passed": ("repair", "not looked at, since no frame for a while had a usable face", _MASKED),
    "return": ("repair", "the face is back", _BREAK),
    "cut": ("repair", "a cut: the face's place looks different from one frame to the next", _BREAK),
    "other": ("repair", "a face unlike the one followed before", _BREAK),
    "company": ("note", "several faces", "the one that was followed, or looked most like it, was taken"),
}


def findings(events: Sequence[Event], name: str) -> tuple[Finding, ...]:
    """One finding for each kind of event, with the frames of all of them.

    Parameters
    ----------
    events : sequence of Event
    name : str
        The video's.
    """
    found = []
    for kind, (level, what, done) in _WORDS.items():
        own = [event for event in events if event.kind == kind]
        if own:
            if kind == "small":
                what += f": {min(e.value for e in own):.0f} to {max(e.value for e in own):.0f} pixels between the eyes"
            found.append(Finding(level, f"{name}, {ranges([e.frame for e in own])}", what, done))
    return tuple(found)


def repeated(frames: Sequence[int], name: str) -> tuple[Finding, ...]:
    """A finding for frames that are equal to the one before them, if there are any."""
    if not frames:
        return ()
    what = (
        "the same picture as the frame before"
        if len(frames) == 1
        else "the same pictures as the frames before"
    )
    return (
        Finding("note", f"{name}, {ranges(list(frames))}", what, "kept: nothing moves from one to the other"),
    )


def refusal(events: Sequence[Event], name: str) -> InputError:
    """The error for a video in which no frame can be used, with the reason."""
    counts = {kind: sum(event.kind == kind for event in events) for kind in ("several", "small")}
    kind = max(counts, key=lambda one: counts[one]) if any(counts.values()) else "none"
    first = next((event for event in events if event.kind == kind), Event("none", 0, 0))
    where = f"{name}, frame {first.frame}"
    if kind == "several":
        return InputError(
            f"{first.value:.0f} faces and no way to tell which one to follow",
            where=where,
            expected="one face, or one that is much the largest",
            do="crop the video to the face in question",
        )
    if kind == "small":
        return InputError(
            f"the face is too small: {first.value:.0f} pixels between the outer eye corners",
            where=where,
            expected=f"at least {MIN_IOD:.0f} pixels, better 80",
            do="use a video of higher resolution; enlarging this one adds no detail",
        )
    return InputError(
        "no face in any frame that was looked at",
        where=name,
        expected="one face, seen from the front, eyes and mouth in the picture",
        do="look at the video; turn it upright or crop it to the face",
    )
