"""The built book, served on this machine only, and a browser to look at it."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from trial.press.serving import served

from . import visit

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))


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
def faults(have_chromium, book, request):
    """What is wrong with the pages that the chosen tests ask for: {name: {(width, scheme): words}}.

    All are visited at once, so that several browsers have something to do.
    """
    asked = [item for item in request.session.items if "faults" in item.fixturenames]
    names = dict.fromkeys(item.callspec.params["name"] for item in asked)
    found = visit.visit_all([book + name for name in names], book)
    return {name: found[book + name] for name in names}


@pytest.fixture(scope="session")
def browser(have_chromium):
    with visit.chromium() as browser:
        yield browser


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
