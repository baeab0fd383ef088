"""Named ways to mend annotations that cannot be true as they stand.

The workbooks of the real data sets hold offsets of 0, apexes of -1 or beyond the offset, onsets of 0. Every
published figure rests on some way of mending them, and they differ; so each way has a name here, a run reports the
one it took, and every row that was changed or refused is listed.

A policy sees frames as the workbook counts them, from 1. It returns the mended times, or the reason for refusing.
What holds for every policy stands in `expression_of`: fractions are rounded, the frames are converted to the
working rate, and what lies beyond the end of the video is cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from msstgcn.datasets.findings import Finding
from msstgcn.errors import lookup
from msstgcn.timeline import Expression, working_frame

#: Frames, at the working rate, from onset to offset and to the apex, where the authors find no offset.
AUTHORS_OFFSET, AUTHORS_APEX = 20, 10


@dataclass(frozen=True)
class RawEvent:
    """One row of a workbook, its frames whole numbers but otherwise as they stand.

    Parameters
    ----------
    where : str
        File and row.
    row : int
        Row of the sheet, from 1.
    video : str
        Name of the video.
    label : str
        ``me`` or ``mae``.
    onset, apex, offset : int
        Frames from 1; 0 or -1 where the coders wrote none.
    action_units : tuple of str
    step : int
        Workbook frames from one working frame to the next: 7 for SAMM-LV, 1 for CAS(ME)^2.
    """

    where: str
    row: int
    video: str
    label: str
    onset: int
    apex: int
    offset: int
    action_units: tuple[str, ...] = ()
    step: int = 1


@dataclass(frozen=True)
class Mended:
    """What a policy made of a row: the event with times that can be true, and what was changed for it."""

    event: RawEvent
    changes: tuple[str, ...] = ()


#: A policy gives the mended event, or a text that says why the row cannot be used.
Policy = Callable[[RawEvent], Mended | str]


def authors(event: RawEvent) -> Mended | str:
    """The repair of the method's authors: a missing offset is onset + 20 working frames.

    With the offset missing, an apex that lies beyond the new offset becomes onset + 10 working frames. Any other
    apex that is missing or outside the event becomes its middle. An onset of 0 counts as the first frame.
    """
    return _mend(event, _after_onset)


def offset_at_apex(event: RawEvent) -> Mended | str:
    """A missing offset is the apex; all else as `authors`."""
    return _mend(event, lambda e: e.apex)


def mirrored(event: RawEvent) -> Mended | str:
    """A missing offset lies as far behind the apex as the onset before it; all else as `authors`."""
    return _mend(event, lambda e: 2 * e.apex - e.onset)


def apex_plus_20(event: RawEvent) -> Mended | str:
    """A missing offset is the apex + 20 working frames; all else as `authors`."""
    return _mend(event, lambda e: e.apex + AUTHORS_OFFSET * e.step)


def drop(event: RawEvent) -> Mended | str:
    """Mend nothing: a row with a time that is missing or cannot be true is refused."""
    if event.onset < 1:
        return f"onset {event.onset}"
    if event.offset < 1:
        return f"offset {event.offset}"
    if event.offset < event.onset:
        return _backwards(event)
    if not event.onset <= event.apex <= event.offset:
        return f"apex {event.apex} outside {event.onset} to {event.offset}"
    return Mended(event)


#: The first is the default everywhere.
REPAIRS: dict[str, Policy] = {
    "authors": authors,
    "offset-at-apex": offset_at_apex,
    "mirrored": mirrored,
    "apex-plus-20": apex_plus_20,
    "drop": drop,
}


def expression_of(
    event: RawEvent, policy: str, last: int | None = None
) -> tuple[Expression | None, list[Finding]]:
    """The expression that a row stands for, 0-based at the working rate, and what had to be done to it.

    Parameters
    ----------
    event : RawEvent
    policy : str
        A name in `REPAIRS`.
    last : int, optional
        Frame at which the video ends as the workbook counts; None if the video is not there to tell.

    Returns
    -------
    expression : Expression or None
        None if the row is refused. Frame x of the workbook becomes ``round((x - 1) / step)``, not below 0 and not
        beyond the video's last working frame.
    findings : list of Finding
        Empty for an ordinary row.

    Raises
    ------
    InputError
        On an unknown policy.
    """
    outcome = lookup(REPAIRS, policy, "repair policy")(event)
    if isinstance(outcome, Mended) and last is not None:
        outcome = _within(outcome, last, policy)
    if isinstance(outcome, str):
        return None, [Finding("error", event.where, outcome, f"event of {event.video} left out ({policy})")]
    onset, apex, offset = (_working(x, outcome.event.step, last) for x in _times(outcome.event))
    found = Expression(onset, apex, offset, event.label, event.action_units)
    return found, [
        Finding("repair", event.where, what, f"{done} ({policy})")
        for what, done in (change.split(" -> ") for change in outcome.changes)
    ]


def _times(event: RawEvent) -> tuple[int, int, int]:
    return event.onset, event.apex, event.offset


def _working(frame: int, step: int, last: int | None) -> int:
    """Working frame, from 0; rounding may point one past the last one, which the end of the video stops."""
    found = working_frame(frame, step)
    return found if last is None else min(found, (last - 1) // step)


def _within(mended: Mended, last: int, policy: str) -> Mended | str:
    """Cut an event off where the video ends."""
    event = mended.event
    if event.offset <= last:
        return mended
    if event.onset > last:
        return f"onset {event.onset} beyond the video's end at frame {last}"
    if REPAIRS[policy] is drop:
        return f"offset {event.offset} beyond the video's end at frame {last}"
    changes = [*mended.changes, f"offset {event.offset} beyond the video -> cut off at its end, frame {last}"]
    if event.apex > last:
        changes.append(f"apex {event.apex} beyond the video -> set to its end, frame {last}")
    return Mended(replace(event, apex=min(event.apex, last), offset=last), tuple(changes))


def _mend(event: RawEvent, offset_of: Callable[[RawEvent], int]) -> Mended | str:
    """What all policies but `drop` share; they differ in the offset they take where there is none."""
    changes = []
    if event.onset < 0:
        return f"onset {event.onset}"
    if event.onset == 0:
        event = replace(event, onset=1)
        changes.append("onset 0 -> taken as the first frame")
    if event.offset < 1:
        missing = event.offset
        offset = offset_of(event)
        if event.apex <= event.onset and offset_of is not _after_onset:
            return f"offset {missing} and apex {event.apex}: nothing to tell the offset from"
        event = replace(event, offset=offset)
        changes.append(f"offset {missing} -> set to {offset}")
        if offset_of is _after_onset and event.apex > offset:
            apex = event.onset + AUTHORS_APEX * event.step
            changes.append(f"apex {event.apex} beyond the new offset -> set to {apex}")
            event = replace(event, apex=apex)
    if event.offset < event.onset:
        return _backwards(event)
    if not event.onset <= event.apex <= event.offset:
        middle = (event.onset + event.offset) // 2
        changes.append(f"apex {event.apex} outside {event.onset} to {event.offset} -> set to {middle}")
        event = replace(event, apex=middle)
    return Mended(event, tuple(changes))


def _after_onset(event: RawEvent) -> int:
    return event.onset + AUTHORS_OFFSET * event.step


def _backwards(event: RawEvent) -> str:
    return f"offset {event.offset} before onset {event.onset}"
