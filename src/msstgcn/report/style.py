"""The book's one figure style: colour-blind safe, readable in print and on a phone."""

from __future__ import annotations

from cycler import cycler

from msstgcn.errors import lookup

#: Colours by meaning (Okabe and Ito's palette, told apart with every common form of colour blindness).
COLOURS: dict[str, str] = {
    "me": "#D55E00",  # micro-expression
    "mae": "#0072B2",  # macro-expression
    "truth": "#000000",
    "spotted": "#009E73",
    "control": "#999999",
    "onset": "#009E73",
    "apex": "#E69F00",
    "offset": "#CC79A7",
    "action": "#56B4E9",
    "nuisance": "#999999",
    "honest": "#0072B2",
    "lenient": "#E69F00",
    "oracle": "#D55E00",
    "left": "#0072B2",
    "right": "#D55E00",
    "mouth": "#009E73",
}

#: Colours one after another, where they mean nothing.
CYCLE: list[str] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]


def colour(meaning: str) -> str:
    """Hexadecimal colour of a meaning; an unknown one raises an `InputError` that lists them."""
    return lookup(COLOURS, meaning, "colour")


def use_style() -> None:
    """Set the book's figure style for the figures that follow."""
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 3.2),
            "figure.dpi": 110,
            "savefig.dpi": 160,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.bbox": "tight",
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same letters
            "font.size": 10,
            "axes.titlesize": 10,
            "axes.titlelocation": "left",
            "axes.titley": 1.0,  # where it would be: looked for at every drawing otherwise
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E4E4E4",
            "grid.linewidth": 0.6,
            "axes.prop_cycle": cycler(color=CYCLE),
            "lines.linewidth": 1.4,
            "legend.frameon": False,
            "image.cmap": "gray",
        }
    )
