"""Studies in pictures: differences from the base, F1 along a sweep, F1 against cost."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from msstgcn.errors import lookup
from msstgcn.report.style import CYCLE, colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from msstgcn.studies import Study

_MARKERS = "osD^vPX*"
_FAR = 15  # largest over smallest place of a sweep from which its axis is logarithmic


def _panels(table: pd.DataFrame, metric: str | None) -> dict[str, pd.DataFrame]:
    """Rows of the table for each panel by its title, in the order of the table: one class, or all three."""
    from msstgcn.studies import METRICS, told_apart

    if metric is not None:
        lookup(METRICS, metric, "metric")
    rows = table.assign(apart=told_apart(table))
    return {
        METRICS[name] if metric else name: rows[rows["class"] == name].reset_index(drop=True)
        for name in METRICS
        if metric in (None, name)
    }


def _plain(name: str) -> str:
    """A name as matplotlib shows it letter by letter: a pair of dollars would make it a formula."""
    return name.replace("$", r"\$")


def _reach(rows: pd.DataFrame, value: str, low: str, high: str) -> Any:
    """How far intervals reach below and above their values, as `errorbar` wants it: shape (2, rows)."""
    return rows[[low, high]].astype(float).sub(rows[value].astype(float), axis=0).abs().to_numpy().T


def _grid(
    table: pd.DataFrame, record: pd.DataFrame | None, metric: str | None, height: float, each: float = 0
) -> tuple[Figure, list[list[tuple[Axes, pd.DataFrame]]]]:
    """Panels with their rows of a table: in one line the reader's run, under it the run of record if there is one.

    A line is `height` inches high, and `each` more for every variant beside the base.
    """
    import matplotlib.pyplot as plt

    runs = {"": table} if record is None else {", this run": table, ", of record": record}
    lines = [_panels(one, metric) for one in runs.values()]
    heights = [height + each * max(one["variant"].nunique() - 1, 1) for one in runs.values()]
    figure, axes = plt.subplots(
        len(lines),
        len(lines[0]),
        sharex="col",
        sharey="row",
        squeeze=False,
        height_ratios=heights,
        figsize=(7.6, 0.6 + sum(heights)),
    )
    grid = []
    for run, line, panels in zip(runs, axes, lines, strict=True):
        for ax, title in zip(line, panels, strict=True):
            ax.set_title(title + run)
        grid.append(list(zip(line, panels.values(), strict=True)))
    return figure, grid


def forest(table: pd.DataFrame, metric: str | None = None, *, record: pd.DataFrame | None = None) -> Figure:
    """Difference of every variant from the base, in points of F1, with its interval.

    A filled mark is told apart from the base (`studies.told_apart`), an open one is not. The grey bar behind a mark
    spans the differences that this comparison would not have found four times in five; it has no end where none can be
    told apart.

    Parameters
    ----------
    table, record : DataFrame
        As `studies.study_table` gives them, the base first: the reader's run, and the run of record, shown under it.
    metric : str, optional
        One of `studies.METRICS`; without it all three, side by side.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    figure, grid = _grid(table, record, metric, 0.7, 0.32)
    for line in grid:
        for ax, rows in line:
            _forest_panel(ax, rows.iloc[1:].reset_index(drop=True), _tone(rows))
        first, rows = line[0]
        names = [_plain(name) for name in rows["variant"].iloc[1:]]
        first.set_yticks(range(len(names)), names)
        first.set_ylim(len(names) - 0.4, -0.6)
    for ax, _ in grid[-1]:
        ax.set_xlabel("points of F1")
    figure.suptitle(f"difference from {_plain(table['variant'].iloc[0])}", x=0.01, ha="left", fontsize=10)
    return figure


def _tone(rows: pd.DataFrame) -> str:
    """Colour of the class that rows of a table are about."""
    return colour({"overall": "truth", "ME": "me", "MaE": "mae"}[rows["class"].iloc[0]])


def _forest_panel(ax: Axes, rows: pd.DataFrame, tone: str) -> None:
    points = rows.assign(
        **{name: 100 * rows[name] for name in ("difference", "diff low", "diff high", "resolvable")}
    )
    least = points["resolvable"]
    for place in points.index[np.isinf(least)]:  # nothing can be told apart: the bar has no end
        ax.axhspan(place - 0.3, place + 0.3, color="0.93")
    least = least[np.isfinite(least)]
    ax.barh(least.index, 2 * least, 0.6, left=-least, color="0.93")
    ax.axvline(0, color="0.3", linewidth=0.8)
    ax.grid(axis="y", visible=False)
    for apart, face in ((True, tone), (False, "white")):
        some = points[points["apart"] == apart]
        reach = _reach(some, "difference", "diff low", "diff high")
        ax.errorbar(
            some["difference"],
            some.index,
            xerr=reach,
            fmt="o",
            color=tone,
            markerfacecolor=face,
            markersize=5,
        )


def sweep(
    table: pd.DataFrame, study: Study, metric: str | None = None, *, record: pd.DataFrame | None = None
) -> Figure:
    """F1 with its interval along the places of a sweep.

    The grey band is the base's interval; marks are filled as in `forest`. Variants without a place, such as a
    reader's own that sets something else, are dotted lines across. A line looks the same in both runs.

    Parameters
    ----------
    table, metric, record
        As for `forest`.
    study : Study
        With ``places``, where the variants lie on the axis, and ``sweep``, its title. Where places stand twice,
        variants whose names differ in numbers alone are joined, and the base with each of them.

    Raises
    ------
    InputError
        If there is no such metric.
    """
    places = _places(study)
    series = _series(places, study)
    runs = [table] if record is None else [table, record]
    across = list(dict.fromkeys(name for run in runs for name in run["variant"] if name not in places))
    figure, grid = _grid(table, record, metric, 2.6)
    for line in grid:
        for ax, rows in line:
            _sweep_panel(ax, rows, places, series, across)
        line[0][0].set(ylabel="F1")
        line[0][0].set_ylim(bottom=0)
    for ax, _ in grid[-1]:
        _along(ax, list(places.values()))
    figure.supxlabel(study.sweep, fontsize=10)
    _legend(figure)
    return figure


def recall_sweep(runs: Mapping[str, pd.DataFrame], study: Study) -> Figure:
    """Recall of one class along the places of a sweep, a line for each kind of expression; a panel for each run.

    Variants without a place, the base among them where it has none, are dashed lines across.

    Parameters
    ----------
    runs : mapping of str to DataFrame
        By the title of its panel, the rows of one class of a `studies.recall_table`; none if nothing was labelled.
    study : Study
        As for `sweep`.
    """
    import matplotlib.pyplot as plt

    places = _places(study)
    kinds = list(dict.fromkeys(moves for shares in runs.values() for moves in shares["moves"]))
    tones = dict(zip(kinds, ("me", "nuisance"), strict=False))
    figure, axes = plt.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False, figsize=(7.6, 3))
    for ax, (title, shares) in zip(axes[0], runs.items(), strict=True):
        shares = shares.assign(place=shares["variant"].map(places)).sort_values("place")
        for moves in kinds:
            rows = shares[shares["moves"] == moves]
            if rows.empty:
                continue
            tone = colour(tones[moves])
            for across in rows.loc[rows["place"].isna(), "recall"]:
                ax.axhline(across, color=tone, linestyle="--", linewidth=1)
            reach = _reach(rows, "recall", "low", "high")
            ax.errorbar(
                rows["place"], rows["recall"], yerr=reach, fmt="o-", color=tone, markersize=5, label=moves
            )
        ax.set(title=title, ylim=(-0.03, 1.03))
    axes[0, 0].set_ylabel("recall")
    figure.supxlabel(study.sweep, fontsize=10)
    _legend(figure)
    return figure


def _legend(figure: Figure) -> None:
    """One legend for all panels, if anything in one of them has a label."""
    handles: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            list(handles.values()), list(handles), loc="outside upper left", ncols=3, handlelength=3
        )


def study_figure(table: pd.DataFrame, study: Study, *, record: pd.DataFrame | None = None) -> Figure:
    """A `sweep` if the variants are points of one, otherwise a `forest`."""
    return sweep(table, study, record=record) if study.sweep else forest(table, record=record)


def _places(study: Study) -> dict[str, float]:
    """Where variants lie, those too that were left out of this run: the run of record may have them."""
    return {**_known(study).places, **study.places}


def _known(study: Study) -> Study:
    """The study of that name as it stands, without what a reader left out or added."""
    from msstgcn.studies import STUDIES

    return STUDIES.get(study.name, study)


def _along(ax: Axes, places: list[float]) -> None:
    """A logarithmic axis where the places of a sweep are far apart, with a mark at each."""
    positive = [place for place in places if place > 0]
    if positive and max(positive) > _FAR * min(positive):
        _log_from_zero(ax, pd.Series(places))
        ax.set_xticks(sorted(places), [f"{place:g}" for place in sorted(places)], rotation=90)
        ax.minorticks_off()


def _sweep_panel(
    ax: Axes,
    rows: pd.DataFrame,
    places: Mapping[str, float],
    series: Mapping[str, Collection[str]],
    across: Sequence[str],
) -> None:
    base, place, tone = rows.iloc[0], rows["variant"].map(places), _tone(rows)
    placed = rows[place.notna()].assign(place=place).sort_values("place", kind="stable")
    ax.axhspan(base["low"], base["high"], color="0.93")
    for number, (name, variants) in enumerate(series.items()):
        line = placed[placed["variant"].isin(list(variants))]
        if name and (line["variant"] == base["variant"]).all():  # none of its own was run
            continue
        style: dict[str, Any] = {"color": tone, "marker": _MARKERS[number % len(_MARKERS)], "markersize": 5}
        ax.plot(line["place"], line["F1"], "-" if not number else "--", color=tone, linewidth=1)
        for apart, face in ((True, tone), (False, "white")):
            some = line[line["apart"] == apart]
            reach = _reach(some, "F1", "low", "high")
            ax.errorbar(some["place"], some["F1"], yerr=reach, linestyle="", markerfacecolor=face, **style)
        if name:
            ax.plot([], [], "-" if not number else "--", label=_plain(name), **style)
    if base["variant"] in places:
        ax.plot(places[base["variant"]], base["F1"], "o", color="0.3", markersize=5, zorder=3)
    for _, row in rows[place.isna()].iterrows():
        dots = _dots(across.index(row["variant"]))
        ax.axhline(row["F1"], color="0.3", linestyle=dots, label=_plain(row["variant"]))


def _dots(number: int) -> tuple[int, tuple[int, ...]]:
    """A line style for each number: dotted, then a dash and one dot, a dash and two dots, and so on."""
    return 0, (6, 2) * (number > 0) + (1, 2) * max(number, 1)


def _series(places: Mapping[str, float], study: Study) -> dict[str, list[str]]:
    """Variants on each line of a sweep by its name: one without a name, unless two of the study's own share a place."""
    base, known = study.base, _known(study).places
    others = pd.Series({name: place for name, place in places.items() if name != base})
    if not others[others.index.isin(list(known))].duplicated().any():
        return {"": list(places)}
    names = others.index.str.replace(r"^[\d.]+[^,]*, ", "", regex=True)  # 60 fps, window in seconds
    kinds = names.str.replace(r"[\d.]+", "", regex=True).str.strip(" ,")
    return {str(kind): [base, *rows.index] for kind, rows in others.groupby(kinds, sort=False)}


def cost_accuracy(table: pd.DataFrame, costs: pd.DataFrame, metric: str = "overall") -> Figure:
    """F1 with its interval against the number of parameters, and against the seconds of training.

    Parameters
    ----------
    table : DataFrame
        As `studies.study_table` gives it.
    costs : DataFrame
        Columns ``variant, parameters, training_s``. A variant whose cost is not known is left out of that panel.
    metric : str
        One of `studies.METRICS`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If there is no such metric.
    """
    import matplotlib.pyplot as plt

    ((title, rows),) = _panels(table, metric).items()
    rows = rows.merge(costs, on="variant", how="left", validate="one_to_one")
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(7.6, 3.6))
    panels = (("parameters", "parameters"), ("training_s", "training [s]"))
    for ax, (column, label) in zip(axes, panels, strict=True):
        for number, (_, row) in enumerate(rows.iterrows()):
            reach = _reach(row.to_frame().T, "F1", "low", "high")
            look: dict[str, Any] = {
                "color": CYCLE[number % len(CYCLE)],
                "marker": _MARKERS[number % len(_MARKERS)],
            }
            ax.errorbar(
                row[column], row["F1"], yerr=reach, linestyle="", label=_plain(row["variant"]), **look
            )
        _log_from_zero(ax, rows[column])
        ax.set_xlabel(label)
    axes[0].set(ylabel=title)
    axes[0].set_ylim(bottom=0)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def _log_from_zero(ax: Axes, values: pd.Series) -> None:
    """Powers of ten along the x axis, with a place of its own for zero where something costs nothing."""
    positive = values[values > 0]
    if positive.empty:
        ax.set_xticks([0])
    elif (values == 0).any():
        first = 10.0 ** math.floor(math.log10(positive.min()))
        ax.set_xscale("symlog", linthresh=first, linscale=0.6)
        ax.set_xlim(-0.3 * first, 3 * positive.max())
    else:
        ax.set_xscale("log")
