"""Experiments as data, and what others have published."""

from msstgcn.studies.published import published

__all__ = ["published"]
