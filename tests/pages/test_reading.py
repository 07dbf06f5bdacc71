"""What a reader does with the whole book: search it, open it from a folder, run no script."""

import re

import pytest

from . import visit
from .conftest import HTML
from .test_files import PAGES

pytestmark = pytest.mark.browser
# A term, and a page that must be among the first hits: its definition where the glossary has one.
TERMS = {
    "proximal": "book/glossary.html",
    "subgradient": "book/glossary.html",
    "elastic net": "book/glossary.html",
    "nuclear": "notebooks/02_penalties.html",
    "decoupled": "book/glossary.html",
    "listing": "notebooks/05_the_program.html",
    "Longley": "notebooks/06_real_data.html",
    "Armijo": "notebooks/07_step_sizes.html",
    "cross-validation": "notebooks/08_choosing_lambda.html",
    "standardize": "book/glossary.html",
    "cliff": "notebooks/11_cliff.html",
    "clipping": "book/glossary.html",
    "vanishing": "notebooks/13_vanishing.html",
    "recurrent": "book/glossary.html",
    "AdamW": "book/glossary.html",
    "diagnose": "notebooks/16_diagnose.html",
    "verdict": "book/verdicts.html",
    "notation": "book/notation.html",
    "scikit-learn": "notebooks/speed.html",
    "glossary": "book/glossary.html",
}
FIRST = 5
CHAPTER = "notebooks/03_one_step.html"
# One page for each set of scripts, and pages with sliders, a quiz, exercises, a filter.
SCRIPTS = {
    tuple(re.findall(r'<script[^>]* src="([^"]+)"', (HTML / name).read_text("utf-8"))): name
    for name in PAGES
    if "/" in name
}
DRIVEN = {f"notebooks/{name}.html" for name in ("01_two_explosions", "05_the_program")}
FROM_A_FOLDER = sorted({*SCRIPTS.values(), *DRIVEN, "book/index.html", "book/verdicts.html"})
SEARCH = """term => {
  document.querySelector("#search-results").replaceChildren();
  Search.performSearch(term);
}"""


@pytest.fixture(scope="module")
def search(browser, book):
    page = visit.open_page(browser, f"{book}search.html", book)
    page.wait_for_function("Search.hasIndex()")
    yield page
    page.context.close()


@pytest.mark.parametrize("term", TERMS)
def test_a_search_finds_the_page(search, term):
    search.evaluate(SEARCH, term)
    done = "/found|match/i.test(document.querySelector('.search-summary')?.innerText ?? '')"
    search.wait_for_function(done)
    links = search.locator("#search-results ul.search li a").evaluate_all(
        "links => links.map((link) => link.pathname.slice(1))"
    )
    assert TERMS[term] in list(dict.fromkeys(links))[:FIRST]
    assert search.faults == []


def test_the_book_works_from_a_folder(browser):
    host = HTML.resolve().as_uri()
    page = visit.open_page(browser, f"{host}/index.html", host)
    page.wait_for_url("**/book/index.html")
    pages = page.locator(".bd-sidebar-primary nav a").evaluate_all("a => a.map((a) => a.href)")
    assert len(set(pages)) > 20
    for name in FROM_A_FOLDER:
        page.goto(f"{host}/{name}")
        page.evaluate("seen.scroll()")
        assert page.evaluate("seen.broken()") == []
        assert visit.drive(page) == []
    page.goto(f"{host}/search.html?q=proximal")
    page.wait_for_function("document.querySelectorAll('#search-results li a').length > 3")
    assert page.faults == []
    page.context.close()


def test_without_script_the_figure_still_shows_a_picture(look, book):
    page = look(book + CHAPTER, book, script=False)
    figure = page.locator("figure.trial-explore").first
    figure.scroll_into_view_if_needed()
    assert figure.locator("img").get_attribute("alt")
    assert "JavaScript" in figure.inner_text()
