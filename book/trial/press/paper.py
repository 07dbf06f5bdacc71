"""The whole book as one PDF: `python -m trial.press.paper`, or `make pdf`.

Chromium prints it: tagged, with an outline, page numbers, and formulas and figures that stay sharp.
It is printed twice: on which page each chapter begins is known after the first time.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader
from tqdm import tqdm

from reglib import __version__
from trial.press import ROOT
from trial.press.binding import RIGHTS, SUBTITLE, TITLE, article, bind, documents, slug

OUT = ROOT / "_build" / "regularization-on-trial.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def contents(titles: dict[str, str], pages: dict[str, int]) -> str:
    """The title page and the table of contents; `pages` is empty the first time."""
    lines = []
    for caption, names in documents():
        lines += [f'<p class="paper-part">{escape(caption)}</p>'] if caption else []
        lines += [
            f'<p class="paper-line"><a href="#{slug(name)}">{escape(titles[name])}</a>'
            f"<span>{pages.get(slug(name), 0) or ''}</span></p>"
            for name in names
        ]
    logo = (ROOT / "book/theme/static/logo.svg").read_text(encoding="utf-8")
    return (
        f'<header class="paper-title"><div aria-hidden="true">{logo}</div><p>{TITLE}</p>'
        f"<p>{SUBTITLE}</p><p>Version {escape(__version__)}. {RIGHTS}</p>"
        "<p>Code that the pages fold away is left out here; the notebooks have it.</p></header>"
        f'<nav class="paper-contents" aria-label="Contents"><h1>Contents</h1>{"".join(lines)}</nav>'
    )


def whole(html: Path, pages: dict[str, int]) -> str:
    """The book as one HTML document for the printer."""
    names = [name for _, part in documents() for name in part]
    parts, sheets, titles = [], {}, {}
    for name in names:
        text, wanted = article(html, name, set(names))
        sheets |= dict.fromkeys(wanted)
        titles[name] = text.find("h1").get_text().strip()
        parts.append(str(text))
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light" class="paper"><head>'
        f'<meta charset="utf-8"><title>{TITLE}</title>{links}</head><body>'
        f'<main class="bd-main"><div class="bd-content">{contents(titles, pages)}'
        f"{''.join(parts)}</div></main></body></html>"
    )


@contextmanager
def chromium() -> Iterator[Page]:
    """A page of a headless browser; SystemExit where there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(f"The PDF needs one of {', '.join(BROWSERS)}; none was found.")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser.new_page(color_scheme="light")
        browser.close()


def starts(pdf: bytes) -> dict[str, int]:
    """The page, counted from 1, on which each anchor of the book stands."""
    reader = PdfReader(io.BytesIO(pdf))
    found = reader.named_destinations.items()
    return {name.lstrip("/"): reader.get_destination_page_number(at) + 1 for name, at in found}


def print_book(html: Path, out: Path) -> int:
    """Print the pages built in `html` to the file `out`; returns the number of pages."""
    pages, pdf = {}, b""
    document = html / "paper.html"
    with chromium() as page:
        for _ in tqdm(range(2), desc="printing", unit="pass", disable=None):
            document.write_text(whole(html, pages), encoding="utf-8")
            page.goto(document.as_uri())
            page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
            pdf = page.pdf(
                prefer_css_page_size=True, tagged=True, outline=True, print_background=True
            )
            pages = starts(pdf)
    out.write_bytes(pdf)
    return len(PdfReader(io.BytesIO(pdf)).pages)


if __name__ == "__main__":
    raise SystemExit(bind(print_book, OUT, sys.argv[1:]))
