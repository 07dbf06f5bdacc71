"""The built book, served on this machine only, and a browser to look at it."""

import functools
import gzip
import io
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from . import visit

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))


class Quiet(SimpleHTTPRequestHandler):
    """Serves files compressed, as hosts do, and without writing a line for each."""

    protocol_version = "HTTP/1.1"
    TEXT = (".html", ".css", ".js", ".svg", ".json")

    def log_message(self, *args):
        pass

    def send_head(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if path.suffix not in self.TEXT or not path.is_file():
            return super().send_head()
        content = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return io.BytesIO(content)


@pytest.fixture(scope="session")
def serve():
    """Serve a folder; returns its address."""
    servers = []

    def start(folder):
        server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


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
