"""Robustness: what becomes of the method when the videos, or what is measured in them, get worse."""

from __future__ import annotations

from msstgcn.studies.study import Study

#: In the order in which the chapter tells them.
ROBUSTNESS: tuple[Study, ...] = ()
