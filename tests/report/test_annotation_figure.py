from msstgcn.datasets.fit import Drawn, draw
from msstgcn.report.annotations import annotation_figure


def test_the_figure_shows_both_classes_beside_the_real_ones(tmp_path):
    figure = annotation_figure(draw("samm-lv", subjects=6, seed=0))
    assert [a.get_title(loc="left") for a in figure.axes[:4]] == [
        "duration", "position of the apex", "events in a video", "action units",
    ]  # fmt: skip
    assert len(figure.axes) == 8
    assert all(len(a.lines) >= 1 for a in figure.axes)
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_set_without_labels_is_drawn_too(tmp_path):
    annotation_figure([Drawn("a", 30.0, 300, ())], filming=True).savefig(tmp_path / "a.png")


def test_a_third_row_shows_the_videos():
    figure = annotation_figure(draw("casme2", subjects=6, seed=0), filming=True)
    assert [a.get_title(loc="left") for a in figure.axes[8:]] == [
        "video length", "gap between events", "videos of a person", "events of a person",
    ]  # fmt: skip
    shown = figure.axes[8].lines[1]  # the real lengths
    assert (shown.get_xdata()[0], shown.get_xdata()[-1]) == (22, 146)
