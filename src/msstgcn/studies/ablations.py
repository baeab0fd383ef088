"""Ablations: what each part of the method is worth."""

from __future__ import annotations

from msstgcn.studies.study import Study

#: In the order in which the chapter tells them.
ABLATIONS: tuple[Study, ...] = ()
