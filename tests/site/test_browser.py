"""The site in a real browser: it loads cleanly, fits a phone, shows its mathematics, and asks nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
ENTRIES = [TOC["root"]] + [entry["file"] for part in TOC["parts"] for entry in part["chapters"]]
CHAPTER = next(entry for entry in ENTRIES if entry.startswith("chapters/"))
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}

#: Elements that stick out of the page to the right and are in no box that scrolls or hides by itself.
STICKING_OUT = """() => [...document.querySelectorAll("article *")].filter(element => {
    if (element.getBoundingClientRect().right <= innerWidth + 1) return false;
    for (let box = element.parentElement; box && box.tagName !== "ARTICLE"; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== "visible") return false;
    return getComputedStyle(element).overflowX === "visible" && !element.closest("mjx-assistive-mml");
}).map(element => element.outerHTML.slice(0, 80))"""

#: Captions of tables that are wider than the box they are shown in.
CUT_TABLES = """() => [...document.querySelectorAll("article table")].filter(table => {
    let box = table.parentElement;
    while (box.tagName !== "ARTICLE" && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
    return table.scrollWidth > box.clientWidth + 1;
}).map(table => table.caption ? table.caption.innerText : table.outerHTML.slice(0, 80))"""


#: Plays each film of a page for a while, then goes to its middle; what it was like.
PLAYED = """async () => {
    const found = [];
    for (const film of document.querySelectorAll("video")) {
        const before = {paused: film.paused, time: film.currentTime};
        await film.play();
        await new Promise(done => film.requestVideoFrameCallback(() => setTimeout(done, 200)));
        film.pause();
        const played = film.currentTime;
        film.currentTime = film.duration / 2;
        await new Promise(done => film.onseeked = done);
        found.push({
            ready: film.readyState, width: film.videoWidth, seconds: film.duration, played: played,
            sought: film.currentTime, started: before.paused ? before.time : -1,
        });
    }
    return found;
}"""


@dataclass
class Visit:
    """What happened when a page was opened."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    width: int = 0
    sticking_out: list[str] = field(default_factory=list)
    formulas: int = 0
    rendered: int = 0
    formula_errors: int = 0
    blank_images: list[str] = field(default_factory=list)
    films: list[dict[str, float]] = field(default_factory=list)


def watched(context: BrowserContext, address: str, visit: Visit) -> Page:
    """Open a page and note whatever goes wrong on it, and every address that is not the site's.

    The browser itself reaches no other host than this machine (see the fixture `browser`).
    """
    page = context.new_page()
    page.on("console", lambda message: visit.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    own = (f"{address}/", "data:")
    page.on(
        "request",
        lambda request: visit.elsewhere.append(request.url) if not request.url.startswith(own) else None,
    )
    return page


def settle(page: Page) -> None:
    """Wait until MathJax, where a page has it, has done its work."""
    page.evaluate("() => window.MathJax && MathJax.startup && MathJax.startup.promise")


def look(page: Page, url: str, visit: Visit) -> None:
    page.goto(url)
    settle(page)
    # pictures below the fold load when they come near; fetch them now
    page.evaluate(
        """() => Promise.all([...document.images].map(image => {
            image.loading = "eager";
            return image.decode().catch(() => null);
        }))"""
    )
    visit.width = page.evaluate(
        "() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    )
    visit.sticking_out = page.evaluate(STICKING_OUT)
    visit.formulas = page.locator("article .math").count()
    visit.rendered = page.locator("article .math mjx-container").count()
    visit.formula_errors = page.locator("mjx-merror").count()
    visit.films = page.evaluate(PLAYED)
    visit.blank_images = page.evaluate(
        "() => [...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
    )


@pytest.fixture(scope="module")
def phone(browser: Browser, address: str) -> dict[str, Visit]:
    """A visit of every page with a screen 390 pixels wide."""
    visits = {entry: Visit() for entry in [*ENTRIES, "search"]}
    with browser.new_context(viewport=PHONE) as context:
        for entry, visit in visits.items():
            page = watched(context, address, visit)
            look(page, f"{address}/{entry}.html", visit)
            page.close()
    return visits


each_page = pytest.mark.parametrize("entry", [*ENTRIES, "search"])


@each_page
def test_page_loads_without_errors(phone: dict[str, Visit], entry: str) -> None:
    assert phone[entry].errors == []
    assert phone[entry].blank_images == []


@each_page
def test_page_asks_no_other_server(phone: dict[str, Visit], entry: str) -> None:
    assert phone[entry].elsewhere == []


@each_page
def test_page_does_not_scroll_sideways_on_a_phone(phone: dict[str, Visit], entry: str) -> None:
    assert phone[entry].sticking_out == []
    assert phone[entry].width <= PHONE["width"]


@each_page
def test_every_table_is_whole_on_a_desktop(browser: Browser, address: str, entry: str) -> None:
    page = watched(browser.new_context(viewport=DESKTOP), address, Visit())
    page.goto(f"{address}/{entry}.html")
    assert page.evaluate(CUT_TABLES) == []
    page.context.close()


@each_page
def test_every_film_plays_when_asked_to_and_not_before(phone: dict[str, Visit], entry: str) -> None:
    for film in phone[entry].films:
        assert film["started"] == 0
        assert film["ready"] >= 2 and film["width"] > 0  # 2: the current frame is there
        assert 0 < film["played"] < film["seconds"]
        assert film["sought"] == pytest.approx(film["seconds"] / 2, abs=1e-3)


def test_a_film_is_played_from_the_keyboard(phone: dict[str, Visit], browser: Browser, address: str) -> None:
    entry = next(entry for entry, visit in phone.items() if visit.films)
    page = watched(browser.new_context(viewport=DESKTOP), address, Visit())
    page.goto(f"{address}/{entry}.html")
    film = page.locator("video").first
    film.focus()
    page.keyboard.press("Space")
    page.wait_for_function(
        "film => !film.paused && film.currentTime > 0", arg=film.element_handle(), timeout=10_000
    )
    page.context.close()


@each_page
def test_mathematics_is_rendered(phone: dict[str, Visit], entry: str) -> None:
    visit = phone[entry]
    assert (visit.rendered, visit.formula_errors) == (visit.formulas, 0)


def test_there_is_mathematics_to_render(phone: dict[str, Visit]) -> None:
    assert phone["notation"].formulas > 20


def test_search_finds_a_word_from_the_keyboard(browser: Browser, address: str) -> None:
    visit = Visit()
    page = watched(browser.new_context(viewport=DESKTOP), address, visit)
    page.goto(f"{address}/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("laplacian")
    page.keyboard.press("Enter")
    results = page.locator("#search-results ul.search li a")
    results.first.wait_for(timeout=10_000)
    assert any("glossary" in link.get_attribute("href") for link in results.all())
    assert (visit.errors, visit.elsewhere) == ([], [])
    page.context.close()


def test_a_word_that_is_nowhere_is_not_found(browser: Browser, address: str) -> None:
    page = watched(browser.new_context(viewport=DESKTOP), address, Visit())
    page.goto(f"{address}/search.html?q=zyxwvutsr")
    page.get_by_text("did not match any documents").wait_for(timeout=10_000)
    assert page.locator("#search-results ul.search li").count() == 0
    page.context.close()


def test_copied_folder_reads_without_any_server(browser: Browser, site: Path) -> None:
    page = browser.new_context(viewport=DESKTOP, offline=True).new_page()
    page.goto((site / "notation.html").as_uri())
    settle(page)
    assert page.locator("article mjx-container").count() > 20
    page.goto((site / "search.html").as_uri() + "?q=laplacian")
    page.locator("#search-results ul.search li a").first.wait_for(timeout=10_000)
    page.context.close()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_stands_out_and_figures_lie_on_white(browser: Browser, address: str, mode: str) -> None:
    page = watched(browser.new_context(viewport=DESKTOP, color_scheme=mode), address, Visit())
    page.goto(f"{address}/{CHAPTER}.html")
    assert page.locator("html").get_attribute("data-theme") == mode
    # WCAG 2 asks for a contrast of 4.5 for text of normal size
    for selector in ("article p", "article p a", "article figcaption .caption-text", "article pre"):
        assert page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector
    if mode == "dark":
        background = page.locator("article figure img").first.evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        assert background == "rgb(255, 255, 255)"
    page.context.close()


#: Contrast of an element's text against the nearest opaque background, by WCAG 2's formula.
CONTRAST = """element => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const linear = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    let behind = [255, 255, 255];
    for (let box = element; box; box = box.parentElement) {
        const colour = numbers(getComputedStyle(box).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) { behind = colour; break; }
    }
    const [low, high] = [light(numbers(getComputedStyle(element).color)), light(behind)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""
