"""Baselines: other methods on the same features, folds, protocol and decoder."""

from __future__ import annotations

from msstgcn.studies.study import Study

#: In the order in which the chapter tells them.
BASELINE_STUDIES: tuple[Study, ...] = ()
