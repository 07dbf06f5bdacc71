"""The built book, served on this machine only, and browsers to look at it."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from trial.press.serving import served

from . import stock, visit

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
VISITED = {"faults", "planted"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What waits for the visits comes last: the other tests run meanwhile."""
    items.sort(key=lambda item: bool(VISITED & set(getattr(item, "fixturenames", ()))))


@pytest.fixture(scope="session", autouse=True)
def meanwhile(request):
    """The visits begin with the first test, if any test asks for them and there is a browser."""
    asked = any("faults" in item.fixturenames for item in request.session.items)
    return request.getfixturevalue("faults") if asked and visit.CHROMIUM else None


@pytest.fixture(scope="session")
def serve():
    """Serve a folder; returns its address."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(served(folder))


@pytest.fixture(scope="session")
def book(serve):
    """The address of the built book."""
    assert (HTML / "index.html").is_file(), f"no book in {HTML.name}: build it first"
    return serve(HTML)


@pytest.fixture(scope="session")
def have_chromium():
    if visit.CHROMIUM is None:
        pytest.skip("no Chromium found")


@pytest.fixture(scope="session")
def faults(book, sheets, request):
    """{page: what is wrong with it, in the future} for the pages that the chosen tests ask for."""
    asked = [item for item in request.session.items if "faults" in item.fixturenames]
    names = dict.fromkeys(item.callspec.params["name"] for item in asked)
    with visit.visits(visit.Site(book, stock.lost(*sheets, HTML)), names) as found:
        yield found


@pytest.fixture(scope="session")
def browser(have_chromium):
    with visit.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def sheets(browser, book):
    """The stock styles before and after, as the browser reads them."""
    context = browser.new_context()
    yield stock.sheets(visit.open_page(browser, book + "search.html", book), HTML)
    context.close()


@pytest.fixture
def look(browser):
    """Open an address as a reader would; returns the page, its `faults` being collected."""
    pages = []

    def open_page(*args, **options):
        pages.append(visit.open_page(browser, *args, **options))
        return pages[-1]

    yield open_page
    for page in pages:
        page.context.close()
