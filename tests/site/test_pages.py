"""The built HTML: every page is there, whole, and needs nothing from elsewhere."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
ENTRIES = [TOC["root"]] + [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
CHAPTERS = [entry for entry in ENTRIES if entry.startswith("chapters/")]
PROSE = [entry for entry in ENTRIES if entry not in CHAPTERS]
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
#: Hosts that scripts, styles and fonts are usually fetched from.
CDN = re.compile(
    r"unpkg\.com|jsdelivr|cdnjs|googleapis|gstatic|bootstrapcdn|fontawesome\.com|polyfill\.io|mathjax\.org|"
    r"plausible\.io|google-analytics|hypothes\.is|utteranc\.es|cloudflare|jquery\.com|skypack|esm\.sh"
)

each_page = pytest.mark.parametrize("entry", ENTRIES)
each_chapter = pytest.mark.parametrize("entry", CHAPTERS)


@functools.cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def page(site: Path, entry: str) -> BeautifulSoup:
    return soup(site / f"{entry}.html")


def article(site: Path, entry: str) -> BeautifulSoup:
    return page(site, entry).find("article")


def executed(site: Path, entry: str) -> list[dict]:
    """Cells of the notebook that the page was made from (the site offers it for download)."""
    return json.loads((site / "_sources" / f"{entry}.ipynb").read_text(encoding="utf-8"))["cells"]


def source(cell: dict) -> str:
    return "".join(cell["source"])


def test_there_is_one_page_for_each_entry_and_no_other(site: Path) -> None:
    pages = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert {page for page in pages if not page.startswith("_static/")} == {*ENTRIES, "search", "genindex"}


@each_page
def test_page_has_a_title_and_text(site: Path, entry: str) -> None:
    assert article(site, entry).find("h1").get_text(strip=True)
    assert len(article(site, entry).get_text().split()) > 80


@each_page
def test_page_shows_no_failure(site: Path, entry: str) -> None:
    text = article(site, entry).get_text()
    assert "Traceback (most recent call last)" not in text
    assert not article(site, entry).select(
        ".system-message, .problematic, .output.stderr, .cell_output .error"
    )


@pytest.mark.parametrize("entry", [*ENTRIES, "search", "genindex"])
def test_page_fetches_nothing_from_elsewhere(site: Path, entry: str) -> None:
    html = page(site, entry)
    fetched = [tag["src"] for tag in html.select("[src]")] + [
        tag["href"] for tag in html.select("link[href]")
    ]
    assert [url for url in fetched if urlsplit(url).netloc] == []
    assert CDN.findall(str(html)) == []


def test_styles_fetch_nothing_from_elsewhere(site: Path) -> None:
    elsewhere = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//[^)'\"]+")
    found = {path.name: elsewhere.findall(path.read_text(encoding="utf-8")) for path in site.rglob("*.css")}
    assert {name: urls for name, urls in found.items() if urls} == {}


@each_page
def test_every_picture_has_a_text(site: Path, entry: str) -> None:
    assert [
        tag.get("src") for tag in page(site, entry).find_all("img") if not tag.get("alt", "").strip()
    ] == []


@each_page
def test_every_film_has_a_text_and_starts_only_when_asked_to(site: Path, entry: str) -> None:
    films = page(site, entry).find_all("video")
    assert [tag["aria-label"] for tag in films if len(tag["aria-label"].strip()) <= 20] == []
    assert all(tag.has_attr("controls") and not tag.has_attr("autoplay") for tag in films)


@each_page
def test_a_page_with_films_is_no_heavy_load(site: Path, entry: str) -> None:
    films = [tag["src"] for tag in page(site, entry).find_all("video")]
    assert [
        len(film) for film in films if len(film) > 700_000
    ] == []  # base64: three quarters of it are the film
    assert (site / f"{entry}.html").stat().st_size < 3_000_000


@each_page
def test_every_figure_has_a_caption(site: Path, entry: str) -> None:
    figures = article(site, entry).find_all("figure")
    assert all(figure.find("figcaption").get_text(strip=True) for figure in figures)


@pytest.mark.parametrize("entry", [*ENTRIES, "search", "genindex"])
def test_internal_links_and_files_resolve(site: Path, entry: str) -> None:
    here = site / f"{entry}.html"
    html = soup(here)
    wanted = [tag["href"] for tag in html.select("a[href], link[href]")] + [
        tag["src"] for tag in html.select("[src]")
    ]
    broken = []
    for url in wanted:
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            continue
        target = (here.parent / unquote(parts.path)).resolve() if parts.path else here
        if not target.is_file() or (
            parts.fragment and target.suffix == ".html" and not soup(target).find(id=unquote(parts.fragment))
        ):
            broken.append(url)
    assert broken == []


def tracked_path(url: str) -> str | None:
    """Path inside the repository that a link to it, to Colab or to Binder opens."""
    branch, name = REPOSITORY["branch"], urlsplit(REPOSITORY["url"]).path.strip("/")
    forms = (
        rf"{re.escape(REPOSITORY['url'])}/blob/{branch}/(?P<path>[^?]+)(\?plain=1)?",
        rf"https://colab\.research\.google\.com/github/{name}/blob/{branch}/(?P<path>[^?]+)",
        rf"https://mybinder\.org/v2/gh/{name}/{branch}\?urlpath=lab/tree/(?P<path>.+)",
    )
    matches = [match for form in forms if (match := re.fullmatch(form, url))]
    return unquote(matches[0]["path"]) if matches else None


def buttons(site: Path, entry: str) -> list[str]:
    return [tag["href"] for tag in page(site, entry).select(".article-header-buttons a[href^=http]")]


@each_chapter
def test_buttons_of_a_chapter_lead_to_its_notebook_and_source(site: Path, entry: str) -> None:
    name = entry.removeprefix("chapters/")
    paths = {tracked_path(url) for url in buttons(site, entry)}
    assert paths == {f"notebooks/{name}.ipynb", f"notebooks/{name}.py"}
    assert {urlsplit(url).netloc for url in buttons(site, entry)} == {
        "colab.research.google.com", "mybinder.org", urlsplit(REPOSITORY["url"]).netloc,
    }  # fmt: skip
    assert all((ROOT / path).is_file() for path in paths)


@pytest.mark.parametrize("entry", PROSE)
def test_button_of_a_prose_page_leads_to_its_source(site: Path, entry: str) -> None:
    assert [tracked_path(url) for url in buttons(site, entry)] == [f"book/{entry}.md"]
    assert (ROOT / "book" / f"{entry}.md").is_file()


def test_the_placeholder_of_the_repository_is_filled(site: Path) -> None:
    text = article(site, "how_to_use").get_text()
    assert REPOSITORY["url"] in text
    assert all("{{" not in article(site, entry).get_text() for entry in PROSE)


def plain(text: str) -> str:
    """The text without what typesetting does to quotes, dashes and spaces."""
    for printed, typed in (("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"'), ("\u2013", "-"), ("--", "-")):
        text = text.replace(printed, typed)
    return " ".join(text.split())


@each_chapter
def test_numbers_in_the_prose_are_those_of_the_run(site: Path, entry: str) -> None:
    glued = {
        output["metadata"]["scrapbook"]["name"]: "".join(
            output["data"]["application/papermill.record/text/plain"]
        )
        for cell in executed(site, entry)
        for output in cell.get("outputs", [])
        if "scrapbook" in output.get("metadata", {})
    }
    prose = "\n".join(source(cell) for cell in executed(site, entry) if cell["cell_type"] == "markdown")
    names = set(re.findall(r"\{glue(?::\w+)?\}`([^`]+)`", prose))
    assert names <= set(glued), "names in the prose that the run did not register"
    text = plain(article(site, entry).get_text())
    missing = {name: glued[name] for name in names if plain(glued[name].strip("'\"")) not in text}
    assert missing == {}
    assert "{glue" not in text


@each_chapter
def test_every_computed_figure_and_table_is_shown(site: Path, entry: str) -> None:
    cells = [cell for cell in executed(site, entry) if cell["cell_type"] == "code"]
    figures = [cell["metadata"]["mystnb"] for cell in cells if "figure" in cell["metadata"].get("mystnb", {})]
    captions = [" ".join(tag.get_text().split()) for tag in article(site, entry).select("figure figcaption")]
    assert len(captions) == len(figures)
    alts = {tag["alt"] for tag in article(site, entry).select("figure img")}
    assert {figure["image"]["alt"] for figure in figures if "image" in figure} <= alts
    films = article(site, entry).select("figure video")
    assert len(films) == len([figure for figure in figures if "image" not in figure])
    tables = [table for table in article(site, entry).find_all("table") if not table.find_parent("details")]
    assert len(tables) >= sum(len(re.findall(r"report\.table\(", source(cell))) for cell in cells)


@each_chapter
def test_every_picture_of_a_chapter_is_a_figure(site: Path, entry: str) -> None:
    assert [tag["src"] for tag in article(site, entry).find_all("img") if not tag.find_parent("figure")] == []


@each_chapter
def test_chapter_says_how_it_was_made(site: Path, entry: str) -> None:
    boxes = article(site, entry).select("details.provenance")
    assert len(boxes) == 1
    rows = {row.find("th").get_text(): row.find("td").get_text() for row in boxes[0].find_all("tr")}
    assert {"commit", "parameters", "seed", "data", "device", "versions", "run"} <= set(rows)
    assert all(rows.values())
    assert "numpy" in rows["versions"]


def test_search_index_holds_every_page_and_the_words_of_the_field(site: Path) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    assert set(ENTRIES) <= set(index["docnames"])
    for word in ("apex", "onset", "micro", "laplacian"):  # stems: what the search itself looks up
        assert word in index["terms"], word
