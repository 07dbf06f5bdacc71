r"""`python -m benchmarks.cost`: what each step bought, by undoing it on two built pages.

A browser, 1280 x 800, opens a page of _build/html (BOOK_HTML: of another folder) and gets every
file as it is, or as it was before one step. Counted is what the page asks for by itself until it is
quiet, text compressed by gzip. What the book no longer ships comes from the packages that it is
made with, or from a folder of its own:

    npm install --prefix _build/cost mathjax@3.2.2 requirejs@2.3.6 \
      @jupyter-widgets/html-manager@1.0.14

A step whose files are not there is left out.
"""

from __future__ import annotations

import base64
import gzip
import io
import mimetypes
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pydata_sphinx_theme
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Browser, Route, sync_playwright

from benchmarks import table
from trial.press.paper import BROWSERS

ROOT = table.FOLDER.parent
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
NODE = ROOT / "_build" / "cost" / "node_modules"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
PAGES = ("book/index.html", "notebooks/03_one_step.html")
HOST = "http://book.test/"
TEXT = (".html", ".css", ".js", ".svg", ".json")
PICTURE = re.compile(r"\.\./_images/[\w.-]+")
Change = Callable[[str, bytes], bytes]


def on_pages(change: Callable[[str], str]) -> Change:
    """A change of what a page says."""
    return lambda path, body: change(body.decode()).encode() if path.endswith(".html") else body


def with_scripts(*addresses: str) -> Change:
    """Pages that load scripts which they do without now."""
    tags = "".join(f'<script defer src="{HOST}{address}"></script>' for address in addresses)
    return on_pages(lambda html: html.replace("</head>", tags + "</head>"))


def mathjax(html: str) -> str:
    """The page with its formulas as TeX, for MathJax to draw."""
    soup = BeautifulSoup(html, "html.parser")
    for formula in soup.select(".katex"):
        formula.replace_with(rf"\({formula.find('annotation').get_text()}\)")
    for preload in soup.find_all("script", string=re.compile("KaTeX_")):
        preload.decompose()
    script = f'<script defer src="{HOST}npm/mathjax/es5/tex-mml-chtml.js"></script></head>'
    return str(soup).replace("</head>", script)


def embedded(html: str) -> str:
    """The page with every picture and frame inside, as a notebook holds them."""

    def inside(found: re.Match[str]) -> str:
        content = (HTML / found[0].removeprefix("../")).read_bytes()
        return f"data:image/webp;base64,{base64.b64encode(content).decode()}"

    return PICTURE.sub(inside, html)


def as_png(path: str, body: bytes) -> bytes:
    """A picture as PNG with the same pixels."""
    if not path.endswith(".webp"):
        return body
    png = io.BytesIO()
    with Image.open(io.BytesIO(body)) as image:
        image.save(png, "png", optimize=True)
    return png.getvalue()


def whole_styles(path: str, body: bytes) -> bytes:
    """The stock styles with every rule."""
    name = Path(path).name
    return (HTML.parent / ".doctrees" / name).read_bytes() if name == "stock.css" else body


SEARCH = [f"_static/{name}.js" for name in ("searchtools", "language_data")] + ["searchindex.js"]
WIDGETS = ["npm/requirejs/require.js", "npm/@jupyter-widgets/html-manager/dist/embed-amd.js"]
STEPS: dict[str, Change] = {
    "the page as it is": lambda path, body: body,
    "MathJax instead of KaTeX at build": on_pages(mathjax),
    "the widget scripts": with_scripts(*WIDGETS),
    "pictures and frames inside the page": on_pages(embedded),
    "pictures loaded at once": on_pages(lambda html: html.replace(' loading="lazy"', "")),
    "PNG instead of WebP": as_png,
    "every stock rule": whole_styles,
    "bootstrap.js": with_scripts("theme/scripts/bootstrap.js"),
    "the icon script": with_scripts("theme/scripts/fontawesome.js"),
    "the search index on every page": with_scripts(*SEARCH),
}


OUTSIDE = {"npm/": NODE, "theme/": THEME}


def source(path: str) -> Path:
    """The file behind an address."""
    for start, folder in OUTSIDE.items():
        if path.startswith(start):
            return folder / path.removeprefix(start)
    return HTML / path


def cost(browser: Browser, name: str, change: Change) -> tuple[int, float]:
    """Requests and compressed kB of one page at first view."""
    sizes: dict[str, int] = {}
    absent: list[str] = []

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path.lstrip("/")
        if not source(path).is_file():
            absent.append(path)
            route.abort()
            return
        body = change(path, source(path).read_bytes())
        sizes[path] = len(gzip.compress(body, 6) if path.endswith(TEXT) else body)
        route.fulfill(body=body, content_type=mimetypes.guess_type(path)[0])

    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(120_000)  # a machine with much else to do
    page.route(f"{HOST}**", answer)
    page.goto(HOST + name, wait_until="networkidle")
    page.wait_for_timeout(2000)  # it may have been quiet because the machine was busy
    page.wait_for_load_state("networkidle")
    page.close()
    if missing := [path for path in absent if path.startswith(tuple(OUTSIDE))]:
        raise FileNotFoundError(missing[0])
    return len(sizes), sum(sizes.values()) / 1000


def main() -> None:
    """Print the table."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)))
    print("| step undone |" + "".join(f" {Path(name).stem} | |" for name in PAGES))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for step, change in STEPS.items():
            try:
                found = [cost(browser, name, change) for name in PAGES]
            except FileNotFoundError as error:
                print(f"| {step} | not measured: {error} is not there |")
                continue
            print(f"| {step} |" + "".join(f" {count} | {size:.0f} |" for count, size in found))
        browser.close()


if __name__ == "__main__":
    main()
