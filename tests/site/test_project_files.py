"""The project's own files: what they name exists, and what stands in two places is the same."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
NOTATION = (ROOT / "book" / "notation.md").read_text(encoding="utf-8")
#: Rows of the tables of symbols, as lists of cells.
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in NOTATION.splitlines()
    if line.startswith("|") and not re.match(r"\| *(symbol|---)", line) and not line.startswith("|--")
]
NAMES = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", row[4])})


def exists(name: str) -> bool:
    """Whether a dotted name leads, from the package down, to a module, an object, an attribute or a field."""
    first, *rest = name.removeprefix("msstgcn.").split(".")
    found = importlib.import_module(f"msstgcn.{first}")
    for place, part in enumerate(rest):
        fields = {**getattr(found, "model_fields", {}), **getattr(found, "__dataclass_fields__", {})}
        if hasattr(found, part):
            found = getattr(found, part)
        elif part in fields:
            return place == len(rest) - 1
        else:
            try:
                found = importlib.import_module(f"{found.__name__}.{part}")
            except (ImportError, AttributeError):
                return False
    return True


def test_table_of_symbols_is_read_whole() -> None:
    assert len(ROWS) > 25
    assert all(len(row) == 5 for row in ROWS)
    assert len(NAMES) > 15


def test_each_symbol_stands_once() -> None:
    symbols = [row[0] for row in ROWS]
    assert sorted(symbols) == sorted(set(symbols))


@pytest.mark.parametrize("name", NAMES)
def test_name_in_the_table_of_symbols_is_in_the_code(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("name", ["settings.MotionSettings.windows", "nowhere", "timeline.Interval.onset.x"])
def test_name_that_is_not_in_the_code_is_noticed(name: str) -> None:
    try:
        assert not exists(name)
    except ModuleNotFoundError:
        assert name == "nowhere"


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff"])
def test_address_of_the_repository_is_the_same_everywhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    host = urlsplit(CONFIG["repository"]["url"]).netloc
    assert set(re.findall(rf"https://{host}/[\w.-]+/[\w.-]+", text)) == {CONFIG["repository"]["url"]}


def test_pages_do_not_repeat_the_address_of_the_repository() -> None:
    pages = [*(ROOT / "book").glob("*.md"), *(ROOT / "notebooks").glob("*.py")]
    assert [
        page.name for page in pages if CONFIG["repository"]["url"] in page.read_text(encoding="utf-8")
    ] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_that_a_page_links_to_exist(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if not urlsplit(link).scheme]
    assert [link for link in local if not (ROOT / link).is_file()] == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "book/how_to_use.md", "book/licence.md"])
def test_commands_that_a_page_names_exist(name: str) -> None:
    from typer.main import get_command

    from msstgcn.runner.cli import app

    text = (ROOT / name).read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^(?:msstgcn|make) .*$", text, flags=re.MULTILINE)
    command = get_command(app)
    for words in (span.split() for span in spans if span.strip()):
        if words[0] == "msstgcn" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in command.commands, words
        if words[0] == "make" and len(words) > 1 and "=" not in words[1]:
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE), words


def test_citation_has_what_the_format_demands() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{citation["version"]}"' in project


def test_chapters_in_the_contents_are_those_with_a_source() -> None:
    toc = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    listed = re.findall(r"file: chapters/(\S+)", toc)
    assert listed == sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("text", ["README.md", "book/index.md"])
def test_overview_picture_is_there(text: str) -> None:
    assert "_static/overview.png" in (ROOT / text).read_text(encoding="utf-8")
    assert (ROOT / "book" / "_static" / "overview.png").stat().st_size > 10_000


def test_hooks_and_workflow_are_readable_and_fetch_nothing() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8"))
    assert set(workflow["jobs"]) == {"test", "book", "pages"}
