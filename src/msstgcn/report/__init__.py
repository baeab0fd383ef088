"""How results look: one figure style, one table writer, numbers for the prose."""

from msstgcn.report.numbers import glue, interval
from msstgcn.report.style import COLOURS, colour, use_style
from msstgcn.report.tables import table

__all__ = ["COLOURS", "colour", "glue", "interval", "table", "use_style"]
