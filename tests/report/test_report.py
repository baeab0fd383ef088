"""Tables, numbers for the prose, style, bars."""

import re
from html import unescape

import matplotlib as mpl
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from myst_nb.ext.glue import extract_glue_data_cell
from nbformat.v4 import new_code_cell, new_output

from msstgcn import report
from msstgcn.errors import InputError
from msstgcn.report import log

FRAME = pd.DataFrame({"class": ["ME_1", "50 % & more"], "n": [3, 12], "F1": [0.25, float("nan")]})


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.setenv("MSSTGCN_TABLES", str(tmp_path))
    return tmp_path


def test_one_call_writes_three_files_and_shows_the_table(tables):
    shown = report.table(FRAME, name="main_results", caption="Scores of 100 % of the subjects.")
    assert sorted(path.name for path in tables.iterdir()) == [
        f"main_results.{e}" for e in ("csv", "md", "tex")
    ]
    html = shown.to_html()
    assert "Scores of 100 % of the subjects." in html and "0.250" in html


def test_the_csv_keeps_all_digits_and_reads_back(tables):
    frame = pd.DataFrame({"x": [1 / 3]})
    report.table(frame, name="t", caption="c")
    pd.testing.assert_frame_equal(pd.read_csv(tables / "t.csv"), frame, check_exact=True)


def test_latex_and_markdown_escape_what_means_something_there(tables):
    report.table(FRAME.assign(bar="a|b"), name="t", caption="c_1")
    tex = (tables / "t.tex").read_text()
    assert r"ME\_1" in tex and r"50 \% \& more" in tex and r"\caption{c\_1}" in tex
    assert tex.count(r"\\") == 3 and r"a\textbar{}b" in tex
    markdown = (tables / "t.md").read_text().splitlines()
    assert markdown[2].count("|") == 5 and r"a\|b" in markdown[4]
    assert markdown[3] == "| :--- | ---: | ---: | :--- |"


def test_a_page_shows_signs_of_html_as_they_are(tables):
    frame = pd.DataFrame({"a <b>": ["a <b> c", ["<i>"]], "R&D": [0.5, 1.5]})
    html = report.table(frame, name="t", caption="no <i>talics</i> & <br>eaks").to_html()
    assert not re.search("<(b|i|br)>", html) and "<th id=" in html
    for shown in (
        "a &lt;b&gt; c",
        "&lt;i&gt;",
        ">a &lt;b&gt;<",
        ">R&amp;D<",
        ">0.500<",
        "no &lt;i&gt;talics",
    ):
        assert shown in html
    assert pd.read_csv(tables / "t.csv").columns.tolist() == ["a <b>", "R&D"]


def test_markdown_shows_every_sign_as_it_is_in_a_row_of_its_own(tables):
    """The book's own Markdown parser is the oracle."""
    cells = [
        r"a\|b",
        r"a\\|b",
        "a|b",
        "<b> &amp; c",
        "*two\nlines*",
        "`_x_` ~~y~~",
        r"\\",
        "[1](2)",
        "![a](b)",
    ]
    frame = pd.DataFrame({"x <b>\n|": cells, "n": range(len(cells))})
    report.table(frame, name="t", caption="# of <i> & *x*")
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render((tables / "t.md").read_text())
    found = [
        [unescape(cell) for cell in row]
        for row in re.findall("<td[^>]*>(.*?)</td>\n<td[^>]*>(.*?)</td>", html)
    ]
    assert found == [[" ".join(cell.split()), str(n)] for n, cell in enumerate(cells)]
    assert "<p># of &lt;i&gt; &amp; *x*</p>" in html and ">x &lt;b&gt; |</th>" in html
    for caption in ("1. of all", "12) of all", "- of all", "+ of all", "1.5 of [all](x)"):
        report.table(frame, name="t", caption=caption)
        assert f"<p>{caption}</p>" in MarkdownIt("commonmark").render((tables / "t.md").read_text())


def test_a_row_of_latex_starts_with_nothing_that_the_line_before_would_take(tables):
    report.table(
        pd.DataFrame({"[s]": ["[0, 1]", "* x", "a [0]"], "n": [1, 2, 3]}), name="t", caption="a\n\nb"
    )
    rows = (tables / "t.tex").read_text().splitlines()
    assert [row for row in rows if row.endswith(r"\\")] == [
        rf"{text} \\" for text in ("{[}s] & n", "{[}0, 1] & 1", "{*} x & 2", "a [0] & 3")
    ]
    assert r"\caption{a b}" in rows


def test_a_page_breaks_no_interval_and_a_file_has_plain_spaces(tables):
    frame = pd.DataFrame({"base": ["17 frames: 0.425 [0.384, 0.465]", None], "n": [1, 2]})
    html = report.table(frame, name="t", caption="c").to_html()
    assert "17 frames: 0.425\N{NO-BREAK SPACE}[0.384,\N{NO-BREAK SPACE}0.465]" in html and ">–<" in html
    for kind in ("csv", "md", "tex"):
        assert "17 frames: 0.425 [0.384, 0.465]" in (tables / f"t.{kind}").read_text()


@pytest.mark.parametrize("name", ["t", ""])
def test_the_same_table_gives_the_same_page(tables, name):
    pages = [report.table(FRAME, name=name, caption="c").to_html() for _ in range(2)]
    assert pages[0] == pages[1]


def test_a_table_without_a_name_is_shown_and_not_written(tables):
    assert "0.250" in report.table(FRAME, caption="c").to_html() and not list(tables.iterdir())


def test_a_table_name_is_a_plain_file_name(tables):
    with pytest.raises(InputError, match=r"\.\./x"):
        report.table(FRAME, name="../x", caption="c")
    assert not list(tables.iterdir())


def test_the_book_finds_a_glued_number_without_quotation_marks(monkeypatch):
    """MyST-NB's own reader is the oracle; it takes away what is not to be shown."""
    shown = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data",
        lambda data, metadata: shown.append(new_output("display_data", data, metadata=metadata)),
    )
    report.glue("ch8_f1", 0.3412, ".2f")
    cell = new_code_cell(outputs=shown)
    ((name, output),) = extract_glue_data_cell(cell)
    assert (name, output["data"]) == ("ch8_f1", {"text/plain": "0.34"})
    assert not cell.outputs


def test_an_interval_is_written_with_its_ends():
    assert report.interval(0.3412, 0.3, 0.3777) == "0.341 [0.300, 0.378]"


def test_the_style_is_set_and_colours_are_told_by_meaning():
    report.use_style()
    assert mpl.rcParams["axes.spines.top"] is False
    assert re.fullmatch("#[0-9A-F]{6}", report.colour("me"))
    with pytest.raises(InputError, match="unknown colour 'pink'.*me, mae"):
        report.colour("pink")


def test_a_bar_counts_and_a_quiet_one_prints_two_lines(monkeypatch, capsys):
    monkeypatch.delenv("MSSTGCN_PROGRESS", raising=False)
    assert list(log.tracked(range(3), "videos", 3, "video")) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    assert list(log.tracked(range(3), "videos", 3, "video")) == [0, 1, 2]
    assert capsys.readouterr().err.splitlines() == ["msstgcn: videos: 3 video", "msstgcn: videos: done"]
    monkeypatch.setenv("MSSTGCN_PROGRESS", "silent")
    assert list(log.tracked(range(3), "videos", 3, "video")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_lines_tell_once_a_minute_how_long_it_will_take(monkeypatch, capsys):
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    clock = iter([0.0, 30.0, 70.0, 100.0, 190.0, 300.0])
    monkeypatch.setattr(log.time, "monotonic", lambda: next(clock))
    with log.bar("videos", 100, "video") as advance:
        for steps in (20, 15, 25, 30, 10):  # after half a minute, at 70 s, 100 s, 190 s and the last ones
            advance(steps)
    told = [f"videos: {what}" for what in ("100 video", "35%, 02:10 left", "90%, 00:21 left", "done")]
    assert capsys.readouterr().err.splitlines() == [f"msstgcn: {line}" for line in told]


def test_an_unknown_way_of_showing_progress_is_refused_before_the_work(monkeypatch):
    monkeypatch.setenv("MSSTGCN_PROGRESS", "line")
    done = []
    with pytest.raises(InputError, match="MSSTGCN_PROGRESS 'line'.*bars, lines, silent.*'lines'"):
        done += log.tracked(range(3), "videos", 3, "video")
    assert not done


def test_a_warning_is_said_once_and_kept(monkeypatch, capsys):
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    log.warn("odd thing")
    log.warn("odd thing")
    assert capsys.readouterr().err == "msstgcn: warning: odd thing\n"
    monkeypatch.setenv("MSSTGCN_PROGRESS", "silent")
    log.warn("another thing")
    assert capsys.readouterr().err == ""
    assert log.warnings()[-2:] == ("odd thing", "another thing")
