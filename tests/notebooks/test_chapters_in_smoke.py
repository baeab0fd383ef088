"""Every chapter runs, obeys the rules of the house, and the whole book is made once only."""

import ast
import re

import nbformat
import pytest

from msstgcn.runner import pairs
from msstgcn.runner.book import make_book
from msstgcn.runner.chapters import Chapter
from msstgcn.studies import STUDIES

CHAPTERS = [Chapter(source) for source in pairs.sources()]
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.name for chapter in CHAPTERS])


def _executed(smoke, chapter):
    return nbformat.read(smoke / "book" / "chapters" / f"{chapter.name}.ipynb", as_version=4)


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_chapters():
    assert len(CHAPTERS) >= 8


def test_pairs_have_not_drifted():
    assert pairs.drifted() == [], "run python -m msstgcn.runner.pairs"


@each_chapter
def test_every_cell_ran_without_error(smoke, chapter):
    cells = _code(_executed(smoke, chapter))
    assert all(cell.execution_count for cell in cells if cell.source.strip())
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]


@each_chapter
def test_a_chapter_ends_with_how_it_was_made(smoke, chapter):
    html = _code(_executed(smoke, chapter))[-1].outputs[0].data["text/html"]
    for fact in ("commit", "profile", "parameters", "seed", "data", "device", "versions", "torch", "run"):
        assert fact in html
    assert "profile = smoke" in html


@each_chapter
def test_cells_are_short_and_share_no_functions(chapter):
    for cell in _code(chapter.notebook):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 18, cell.source
    defined = [node.name for node in ast.walk(ast.parse(chapter.code)) if isinstance(node, ast.FunctionDef)]
    others = "\n".join(other.code for other in CHAPTERS if other.name != chapter.name)
    assert not [name for name in defined if f"def {name}(" in others]


@each_chapter
def test_every_figure_is_shown_once_with_alt_text_and_a_caption(smoke, chapter):
    """Pictures have their alternative text in the cell's metadata, films in themselves."""
    for cell in _code(_executed(smoke, chapter)):
        pictures = [o for o in cell.outputs if {"image/png", "image/jpeg"} & set(o.get("data", {}))]
        if pictures or "mystnb" in cell.metadata:
            about = cell.metadata.get("mystnb", {})
            film = "".join(re.findall('<video[^>]* aria-label="([^"]+)"', str(pictures)))
            assert len(film or about.get("image", {}).get("alt", "")) > 20, cell.source
            assert len(about.get("figure", {}).get("caption", "")) > 20, cell.source
            shown = [o for o in cell.outputs if o.output_type in ("display_data", "execute_result")]
            assert len(pictures) == len([o for o in shown if "scrapbook" not in o.metadata]) == 1, cell.source


@each_chapter
def test_numbers_in_the_prose_are_glued_in_the_same_chapter(smoke, chapter):
    notebook = _executed(smoke, chapter)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    glued = {
        output.metadata["scrapbook"]["name"]
        for cell in _code(notebook)
        for output in cell.outputs
        if "scrapbook" in output.get("metadata", {})
    }
    asked = set(re.findall(r"\{glue(?::\w+)?\}`([^`:]+)", prose))
    assert asked <= glued
    assert all(name.startswith(f"ch{int(chapter.number)}_") for name in asked)


@each_chapter
def test_a_chapter_that_computes_with_torch_takes_a_device(chapter):
    if "import torch" in chapter.code or any(name == "loso" for name, _ in chapter.stages):
        assert "device" in chapter.parameters
    assert "profile" in chapter.parameters


@each_chapter
def test_what_a_study_is_given_can_be_read_before_the_chapter_runs(chapter):
    for name, keywords in chapter.stages:
        if (
            name == "study" and "add" not in keywords
        ):  # a cell in which the reader tries something waits for it
            assert set(keywords) == {"which", "profile", "seed", "device"}


@pytest.mark.parametrize(
    "study", [one for one in STUDIES.values() if one.chapter > 8], ids=lambda one: one.name
)
def test_a_section_of_a_study_has_all_its_parts(study):
    """It opens with the question; then expectation, table, figure, answer, what is of record, and a cell to change."""
    (chapter,) = (one for one in CHAPTERS if int(one.number) == study.chapter)
    text, key = chapter.source.read_text(), study.name.replace("-", "_")
    start = re.search(rf"# ##+ .*\n#\n# \*Question:\* {{glue}}`ch\d+_{key}_question`\n", text)
    assert start, "its question stands right below a heading"
    section = text[start.start() :].split("*Question:*", 2)[1]
    for part in ("expected", "answer", "note", "record"):
        assert f"{{glue}}`ch{study.chapter}_{key}_{part}" in section, part
    for call in (
        r"sections\.study_section\(",
        r"report\.(sweep|forest)\(",
        rf'study\("{study.name}", \*\*common, add=',
    ):
        assert re.search(call, section), call
    alone = re.findall(r"report\.outcomes\(\w+\.table\(\)\)", text)
    assert not alone, "the reader's row stands beside those of record"


def test_every_table_comes_in_three_forms(smoke):
    tables = smoke / "book" / "tables"
    names = {path.stem for path in tables.iterdir()}
    assert names
    for name in names:
        assert {path.suffix for path in tables.glob(f"{name}.*")} == {".csv", ".md", ".tex"}


def test_a_second_run_executes_nothing(smoke, monkeypatch):
    monkeypatch.setenv("MSSTGCN_ROOT", str(smoke))
    monkeypatch.setenv("MSSTGCN_PROGRESS", "lines")
    monkeypatch.setattr(
        "papermill.execute_notebook", lambda *_a, **_k: pytest.fail("a chapter was run again")
    )
    monkeypatch.setattr(
        "msstgcn.runner.book._jupyter_book", lambda *_: pytest.fail("the site was built again")
    )
    make_book({"profile": "smoke"})
