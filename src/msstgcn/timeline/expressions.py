"""The expression: an interval with an apex, a class and the action units that make it."""

from __future__ import annotations

from dataclasses import dataclass

from msstgcn.errors import InputError, unknown_name
from msstgcn.timeline.intervals import Interval

#: The two classes, in the order of the network's outputs: micro- and macro-expression.
CLASSES: tuple[str, str] = ("me", "mae")


@dataclass(frozen=True, order=True)
class Expression:
    """One labelled (or spotted) facial expression.

    Parameters
    ----------
    onset, apex, offset : int
        First frame, peak and last frame, 0-based, ``0 <= onset <= apex <= offset``.
    label : str
        ``"me"`` (micro) or ``"mae"`` (macro).
    action_units : tuple of str, optional
        FACS codes; a leading L or R marks a one-sided unit, e.g. ``("L12", "4")``.

    Raises
    ------
    InputError
        If the frames are out of order or negative, or the label is unknown.
    """

    onset: int
    apex: int
    offset: int
    label: str
    action_units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Interval(self.onset, self.offset)
        if not self.onset <= self.apex <= self.offset:
            raise InputError(
                f"apex {self.apex} outside [{self.onset}, {self.offset}]", expected="onset <= apex <= offset"
            )
        if self.label not in CLASSES:
            raise unknown_name("expression class", self.label, CLASSES)

    @property
    def interval(self) -> Interval:
        """The frames of the expression."""
        return Interval(self.onset, self.offset)

    def __len__(self) -> int:
        return self.offset - self.onset + 1
