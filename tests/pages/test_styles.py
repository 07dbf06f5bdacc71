"""The stock styles lose only what no page can show, as the browser reads them, on every page."""

import re
from collections import Counter
from pathlib import Path

import pytest

from .conftest import HTML
from .test_files import PAGES

pytestmark = pytest.mark.browser
SCRIPT = (Path(__file__).parent / "styles.js").read_text("utf-8")
WHOLE = HTML.parent / ".doctrees" / "stock.css"
CUSTOM = re.compile(r"(--[\w-]+): ")
ASKED = re.compile(r"var\(\s*(--[\w-]+)")


def rows(page, css):
    """Counts of (conditions, selector, declarations) in a style sheet, as a browser reads it."""
    return Counter(map(tuple, page.evaluate("css => styles.read(css)", css)))


@pytest.fixture(scope="module")
def reader(browser, book):
    """A page that knows `styles.js`, wherever it goes."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    context.add_init_script(SCRIPT)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(book + "search.html?q=clipping")
    yield page
    context.close()


@pytest.fixture(scope="module")
def sheets(reader):
    """The stock styles before and after."""
    assert WHOLE.is_file(), "the folder .doctrees beside the book is needed: build it anew"
    shipped = (HTML / "_static" / "stock.css").read_text("utf-8")
    return rows(reader, WHOLE.read_text("utf-8")), rows(reader, shipped)


@pytest.fixture(scope="module")
def lost(sheets):
    """Selectors of which a declaration is lost; of custom properties those that are asked for."""
    files = [*HTML.rglob("*.html"), *(HTML / "_static").rglob("*.js"), HTML / "_static/trial.css"]
    said = "".join(words for _, _, words in sheets[1])
    asked = set(ASKED.findall(said.join(path.read_text("utf-8") for path in files)))
    selectors = set()
    for _, selector, words in sheets[0] - sheets[1]:
        custom = CUSTOM.match(words)
        if selector[0] != "@" and (not custom or custom[1] in asked):
            selectors.add(selector)
    return sorted(selectors)


def matching(page, selectors):
    return page.evaluate("selectors => styles.matching(selectors)", selectors)


def open_all(page):
    """Every state that a reader can bring about at once."""
    page.evaluate("document.querySelectorAll('details').forEach((folded) => (folded.open = true))")
    buttons = ".toggle-button, .copybtn, .theme-switch-button, .dropdown-toggle, .primary-toggle"
    for kind in (buttons, "fieldset input", ".search-button"):
        page.evaluate(
            "kind => document.querySelectorAll(kind)"
            ".forEach((button) => button.checkVisibility() && button.click())",
            kind,
        )


def test_what_is_left_stands_in_the_stock_styles_in_the_same_order(sheets):
    whole, shipped = sheets
    assert len(shipped) < len(whole) / 2 and not shipped - whole
    assert list(shipped) == [row for row in whole if row in shipped]


@pytest.mark.parametrize("name", [name for name in PAGES if name != "index.html"])
def test_no_lost_rule_matches_anything_on_a_page(reader, book, lost, name):
    reader.goto(book + name)
    assert matching(reader, lost) == []
    open_all(reader)
    assert matching(reader, lost) == []


def test_no_lost_rule_matches_what_a_search_finds(reader, book, lost):
    reader.goto(book + "search.html?q=clipping")
    reader.wait_for_selector("#search-results li")
    assert matching(reader, lost) == []


@pytest.mark.parametrize(
    ("words", "selector"),
    [
        ("<span class='sd-badge'>", ".sd-badge"),
        ("<p class='carousel'>", ".carousel:not(.x) ::before"),
        ("<ul><li><kbd>", "li > :is(kbd, .none):hover"),
    ],
)
def test_a_lost_rule_that_a_page_needs_is_named(reader, words, selector):
    reader.set_content(words)
    assert matching(reader, [".none", selector, ".none > *"]) == [selector]


def test_no_font_and_no_animation_is_missed(sheets):
    whole, shipped = sheets
    values = " ".join(words for _, selector, words in shipped if selector != "@font-face")
    values += (HTML / "_static/trial.css").read_text("utf-8")
    lost = {words for _, kind, words in whole - shipped if kind in ("@font-face", "@keyframes")}
    assert lost and not [words for words in lost if words.split()[0].strip("'\"") in values]
