"""Experiments as data, and what others have published."""

from msstgcn.studies.protocols import (
    BASE,
    PROTOCOLS,
    Variant,
    epoch_verdict,
    inflation,
    protocol_table,
    verdict,
)
from msstgcn.studies.published import published

__all__ = [
    "BASE",
    "PROTOCOLS",
    "Variant",
    "epoch_verdict",
    "inflation",
    "protocol_table",
    "published",
    "verdict",
]
