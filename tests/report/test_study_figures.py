"""Figures of studies show the numbers of their tables, and mark what may be claimed."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib.text import Text
from study_tables import table

from msstgcn import report
from msstgcn.errors import InputError
from msstgcn.studies import RECALL_COLUMNS, STUDIES, Study

BASE = ("base", 0.40, 0.35, 0.45)
PLACES = {"base": 1.0, "x 0": 0.0, "x 2": 2.0}


@pytest.fixture(autouse=True)
def styled():
    with plt.rc_context():
        report.use_style()
        yield
    plt.close("all")


TABLE = table(
    BASE, ("x 0", 0.41, 0.36, 0.46, -0.01, 0.03, 0.4, 0.03), ("x 2", 0.2, 0.15, 0.3, -0.3, -0.1, 0.01, 0.05)
)


def study(**more):
    variants = {"base": {}, "x 0": {}, "x 2": {}}
    return Study("toy", chapter=9, question="Why?", expected="Because.", variants=variants, **more)


def marks(ax):
    """Every mark of a panel: place, height and whether it is filled."""
    return {
        (round(float(x), 6), round(float(y), 6)): line.get_markerfacecolor() != "white"
        for line in ax.lines
        if line.get_marker() not in ("None", "|", "_", None, "") and line.get_linestyle() == "None"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }


def test_a_forest_shows_differences_in_points_and_fills_what_is_told_apart():
    figure = report.forest(TABLE)
    assert [ax.get_title("left") for ax in figure.axes] == ["overall", "ME", "MaE"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["x 0", "x 2"]
    for ax in figure.axes:
        assert marks(ax) == {(1.0, 0.0): False, (-20.0, 1.0): True}
        assert [round(bar.get_width(), 6) for bar in ax.patches] == [6.0, 10.0]  # twice the resolvable
    assert len(report.forest(TABLE, "ME").axes) == 1


def test_where_nothing_can_be_told_apart_the_bar_of_a_forest_has_no_end():
    rows = TABLE.assign(resolvable=TABLE["resolvable"].where(TABLE["variant"] != "x 0", float("inf")))
    (ax,) = report.forest(rows, "ME").axes
    (left, right), inside = ax.get_xlim(), ax.transData.inverted()
    ends = sorted(
        inside.transform(bar.get_window_extent().get_points())[:, 0].tolist()
        for bar in ax.patches
        if bar.get_width()
    )
    assert [(round(low, 3), round(high, 3)) for low, high in ends] == [
        (round(left, 3), round(right, 3)),
        (-5.0, 5.0),
    ]


def test_a_forest_of_the_base_alone_is_empty():
    assert not marks(report.forest(table(BASE)).axes[0])


def test_a_sweep_lies_at_its_places_and_dashes_what_has_none():
    rows = table(
        BASE, ("x 0", 0.41, 0.36, 0.46, -0.01, 0.03, 0.4, 0.03), ("x 2", 0.2, 0.15, 0.3, -0.3, -0.1, 0.01, 0.05),
        ("mine", 0.3, 0.25, 0.35, -0.2, 0.01, 0.2, 0.05),
    )  # fmt: skip
    figure = report.sweep(rows, study(sweep="x [m]", places=PLACES))
    found = marks(figure.axes[0])
    assert found[(0.0, 0.41)] is False and found[(2.0, 0.2)] is True
    assert figure.get_supxlabel() == "x [m]"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["mine"]


def test_the_run_of_record_stands_under_the_readers():
    recorded = table(
        BASE, ("x 0", 0.2, 0.15, 0.25, -0.2, -0.1, 0.01, 0.03), ("x 2", 0.4, 0.3, 0.5, 0, 0, 1, 0.05)
    )
    titles = [f"{name}, {run}" for run in ("this run", "of record") for name in ("overall", "ME", "MaE")]
    forest = report.forest(TABLE, record=recorded)
    along = report.sweep(TABLE, study(sweep="x [m]", places=PLACES), record=recorded)
    for figure in (forest, along):
        assert [ax.get_title("left") for ax in figure.axes] == titles
        figure.canvas.draw()
    assert marks(forest.axes[0])[(1.0, 0.0)] is False and (1.0, 0.0) not in marks(forest.axes[3])
    assert marks(along.axes[3])[(0.0, 0.2)] is True


def test_each_run_is_as_high_as_its_variants_need():
    many = table(BASE, *((f"v{n}", 0.3, 0.2, 0.4, -0.2, 0.1, 0.5, 0.1) for n in range(6)))
    few = table(BASE, ("v0", 0.3, 0.2, 0.4, -0.2, 0.1, 0.5, 0.1))
    figure = report.forest(few, record=many)
    above, below = (
        figure.axes[place].get_gridspec().get_height_ratios()[row] for place, row in ((0, 0), (3, 1))
    )
    assert below > 2 * above


def test_the_record_keeps_the_places_that_a_small_run_left_out():
    small = STUDIES["rho"].with_variants(only=["1.5"])
    own = table(("0.7", 0.40, 0.35, 0.45), ("1.5", 0.3, 0.2, 0.4, -0.2, 0.1, 0.5, 0.1))
    recorded = table(("0.7", 0.40, 0.35, 0.45), ("0.3", 0.2, 0.15, 0.25, -0.2, -0.1, 0.01, 0.03))
    figure = report.sweep(own, small, record=recorded)
    assert not figure.legends  # no variant without a place
    assert set(marks(figure.axes[3])) >= {(0.3, 0.2)} and (0.3, 0.2) not in marks(figure.axes[0])


def test_places_far_apart_lie_on_a_logarithmic_axis():
    places = {"base": 0.05, "x 0": 0.0, "x 2": 0.8}
    figure = report.sweep(TABLE, study(sweep="lambda", places=places))
    assert [ax.get_xscale() for ax in figure.axes] == ["symlog"] * 3
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["0", "0.05", "0.8"]


RATES = {"base": 30.0} | {f"{n} fps, in {unit}": float(n) for unit in ("frames", "seconds") for n in (15, 60)}
FPS = Study(
    "toy", chapter=9, question="Why?", expected="Because.", variants={name: {} for name in RATES}, sweep="fps",
    places=RATES,
)  # fmt: skip


def at_rates(*names):
    return table(BASE, *((name, 0.3, 0.25, 0.35, -0.2, 0.01, 0.2, 0.05) for name in names))


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_variants_that_share_a_place_are_lines_of_their_own():
    figure = report.sweep(at_rates(*list(RATES)[1:]), FPS, "overall")
    assert legend(figure) == ["in frames", "in seconds"]
    lines = [
        line
        for line in figure.axes[0].lines
        if len(line.get_xdata()) == 3 and line.get_linestyle() in ("-", "--")
    ]
    assert [list(line.get_xdata()) for line in lines] == [[15, 30, 60]] * 2


def looks(ax):
    """Line style and marker by label of what a panel has in the legend."""
    handles, labels = ax.get_legend_handles_labels()
    return {
        label: (line._unscaled_dash_pattern, line.get_linestyle(), line.get_marker())
        for line, label in zip(handles, labels, strict=True)
    }


@pytest.mark.parametrize("seen", [(), ("60 fps, in seconds",)])
def test_the_legend_names_the_lines_of_both_runs_and_each_looks_the_same(seen):
    figure = report.sweep(at_rates(*seen), FPS, "overall", record=at_rates(*list(RATES)[1:]))
    above, below = (looks(ax) for ax in figure.axes)
    assert sorted(legend(figure)) == ["in frames", "in seconds"] == sorted(below)
    assert list(above) == [name.partition(", ")[2] for name in seen]
    assert above.items() <= below.items() and len(set(below.values())) == 2


def test_variants_without_a_place_have_a_line_style_each_in_both_runs():
    names = [f"m{n}" for n in range(5)]
    figure = report.sweep(at_rates(*names[3:]), FPS, "overall", record=at_rates(*names))
    above, below = (looks(ax) for ax in figure.axes)
    assert set(above) == {"m3", "m4"} and above.items() <= below.items()
    assert len(set(below.values())) == len(names) == len(legend(figure))


@pytest.mark.parametrize("name", ["costs $5", r"$\foo$", "$a$"])
def test_a_name_with_dollars_is_shown_letter_by_letter(name):
    base, places = (f"{name}, base", 0.40, 0.35, 0.45), {f"{name}, base": 1.0}
    rows = table(base, (name, 0.41, 0.36, 0.46, -0.01, 0.03, 0.4, 0.03))
    variants = {base[0]: {}, name: {}}
    toy = Study("toy", 9, "Why?", "Because.", variants, sweep="x", places=places)
    costs = pd.DataFrame({"variant": list(variants), "parameters": [1, 2], "training_s": [1.0, 2.0]})
    figures = (report.forest(rows), report.sweep(rows, toy), report.cost_accuracy(rows, costs))
    for figure in figures:
        figure.canvas.draw()
        shown = [text for text in figure.findobj(Text) if name in text.get_text().replace(r"\$", "$")]
        assert shown and not any(cbook.is_math_text(text.get_text()) for text in shown)


def shares(*variants):
    """Recall of either kind of expressions: .1 for the first variant and .1 more for each next; half of it for lids."""
    rows = [
        (name, "ME", moves, 10, 1, recall, recall - 0.02, recall + 0.03)
        for number, name in enumerate(variants, 1)
        for moves, recall in (("more than eyelids", 0.1 * number), ("eyelids only", 0.05 * number))
    ]
    return pd.DataFrame(rows, columns=list(RECALL_COLUMNS))


def test_recall_lies_at_the_places_of_the_study_though_this_run_left_some_out():
    """As smoke does; the base, which has no place in it, is a line across."""
    whole = STUDIES["intensity"]
    base, *others = whole.variants
    runs = {"this run": shares(base, others[-1]), "of record": shares(base, *others)}
    run = whole.having({name: whole.variants[name] for name in (base, others[-1])})
    figure = report.recall_sweep(runs, run)
    assert [ax.get_title("left") for ax in figure.axes] == list(runs)
    assert legend(figure) == ["more than eyelids", "eyelids only"]
    for ax, (last, *inner) in zip(figure.axes, ([0.2], [0.5, 0.2, 0.3, 0.4]), strict=True):
        heights = dict(zip((2.0, 0.25, 0.5, 1.0), (last, *inner), strict=False))
        lines = [line for line in ax.lines if line.get_linestyle() == "-" and line.get_marker() == "o"]
        for line, part in zip(lines, (1, 0.5), strict=True):
            shown = dict(zip(*line.get_data(), strict=True))
            assert {x: y for x, y in shown.items() if x == x} == pytest.approx(
                {place: part * height for place, height in heights.items()}
            )
        across = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "--"]
        assert across == pytest.approx([0.1, 0.05])


def test_recall_of_nothing_is_an_empty_panel():
    figure = report.recall_sweep({"this run": shares(), "of record": shares("2 %")}, STUDIES["intensity"])
    empty, full = figure.axes
    assert not empty.lines and full.lines
    assert not report.recall_sweep({"this run": shares()}, STUDIES["intensity"]).legends


def test_cost_is_drawn_from_zero_to_millions():
    costs = pd.DataFrame(
        {"variant": ["base", "x 0", "x 2"], "parameters": [71_434, 0, 900], "training_s": [12.0, np.nan, 0.0]}
    )
    figure = report.cost_accuracy(TABLE, costs)
    left = figure.axes[0]
    assert {x for x, _ in marks(left)} == {71_434.0, 0.0, 900.0} and left.get_xscale() == "symlog"
    assert left.get_xlim()[0] < 0 < 71_434 < left.get_xlim()[1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["base", "x 0", "x 2"]
    figure.canvas.draw()  # scales and labels can be laid out
    only = report.cost_accuracy(TABLE, costs.assign(parameters=0, training_s=[1.0, 2.0, 30.0]))
    assert only.axes[0].get_xscale() == "linear" and only.axes[1].get_xscale() == "log"


@pytest.mark.parametrize("draw", [report.forest, lambda t, m: report.sweep(t, study(), m)])
def test_an_unknown_metric_is_refused_with_the_list(draw):
    with pytest.raises(InputError, match="unknown metric 'me'.*overall, ME, MaE"):
        draw(TABLE, "me")
