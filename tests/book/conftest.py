"""The built book, served on this machine only, and a browser to look at it."""

import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without writing a line for each."""

    def log_message(self, *args):
        pass


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
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium found")
    with sync_playwright() as play:
        # No sandbox: CI runs as root. The other options keep Chromium itself off the network.
        quiet = ("no-sandbox", "disable-gpu", "disable-background-networking", "disable-sync")
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{option}" for option in quiet]
        )
        yield browser
        browser.close()


@pytest.fixture
def look(browser):
    """Open an address as a reader would; returns the page, its `faults` being collected."""
    contexts = []

    def open_page(address, host, width=1280, scheme="light", script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        note = page.faults.append
        page.on("request", lambda r: r.url.startswith((host, "data:")) or note(f"asks {r.url}"))
        page.on("response", lambda r: r.status < 400 or note(f"{r.status} {r.url}"))
        page.on("console", lambda m: m.type in ("error", "warning") and note(f"console: {m.text}"))
        page.on("pageerror", lambda error: note(f"script error: {error}"))
        page.goto(address)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
