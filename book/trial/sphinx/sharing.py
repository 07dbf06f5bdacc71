"""What others see of a page: its description, its picture in a message, the map of the site.

Addresses on the web are written only where BOOK_ADDRESS names the place of publication; a book that
is built for the reader alone has no canonical links, no map, and no picture to share. The page for
a wrong address is always there. It is served at any depth, so its links are made to start at the
root of the published book.
"""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from trial.sphinx.chapters import Chapter

ADDRESS = "BOOK_ADDRESS"
LOST = "404"
PICTURE = "_static/social.png"
# With blanks it is the address of a font in the script that asks for it early.
LINK = re.compile(r'\b((?:href|src|action|data-content_root) ?= ?)"(?![a-z]+:|/|#|")(?:\./)?')
LINKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")  # [words](address) reads: words
UNLISTED = {"search", "genindex", LOST}


def take_address(app: Sphinx, config: Config) -> None:
    """Read where the book will stand."""
    if address := os.environ.get(ADDRESS, ""):
        if not re.fullmatch(r"https?://[^\s?#]+", address):
            raise ValueError(f"{ADDRESS} must be an http address, got {address!r}")
        config.html_baseurl = address.rstrip("/") + "/"


def description(app: Sphinx, page: str, body: str) -> str:
    """A sentence or two: a chapter's promises, else the first paragraph."""
    path = app.env.doc2path(page) if page in app.env.found_docs else ""
    if path.endswith(".ipynb") and (promises := Chapter(Path(path)).promises):
        words = "You will know " + "; ".join(promises) + "."
    else:
        first = re.search(r"<p>(.*?)</p>", body, re.DOTALL)
        words = re.sub(r"<[^>]+>", "", first[1]) if first else app.config.project
    return shortened(" ".join(re.sub(r"[$`*\\]", "", LINKED.sub(r"\1", words)).split()))


def shortened(words: str, most: int = 200) -> str:
    """At most so many letters, cut between words."""
    return words if len(words) <= most else words[: most - 1].rsplit(" ", 1)[0].rstrip(";,") + "…"


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give the template what it writes into the head of one page."""
    base = app.config.html_baseurl
    title = re.sub(r"<[^>]+>", "", context.get("title", "")) or app.config.project
    context["sharing"] = {
        "title": title,
        "description": description(app, page, context.get("body", "")),
        "type": "article" if page.startswith("notebooks/") else "website",
        "image": base + PICTURE if base else "",
        "unlisted": page in UNLISTED,
    }


def lost_page(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """The page for a wrong address: search, the shortest answer, and the way back."""
    home = app.builder.get_relative_uri(LOST, app.config.root_doc)
    body = (
        "<section><h1>There is no page here</h1>"
        "<p>The address is wrong, or the page has moved. Nothing of the book is lost.</p>"
        '<form class="lost-search" action="search.html" role="search"><label>Search this book '
        '<input type="search" name="q" autocomplete="off"></label>'
        '<button type="submit">Search</button></form>'
        f'<p>All chapters stand on <a href="{home}">the first page</a> and in the list beside '
        f"this text.</p>{shortest_answer(app)}</section>"
    )
    return [(LOST, {"title": "There is no page here", "body": body}, "page.html")]


def shortest_answer(app: Sphinx) -> str:
    """The answer of the first page, so that nobody leaves without it."""
    for section in app.env.get_doctree(app.config.root_doc).findall(nodes.section):
        if "the-shortest-honest-answer" in section["ids"]:
            html = app.builder.render_partial(section)["fragment"]
            return re.sub(r'<a class="headerlink".*?</a>', "", html).replace("h1>", "h2>")
    raise ValueError("the first page must have a section: The shortest honest answer")


def rooted(html: str, root: str) -> str:
    """Let every relative link of a page at the root start with `root`."""
    return LINK.sub(rf'\g<1>"{root}', html)


def publish(app: Sphinx, exception: Exception | None) -> None:
    """Write what only a published book needs."""
    base = app.config.html_baseurl
    if exception is not None or app.builder.format != "html" or not base:
        return
    from trial.sphinx.social import draw

    out = Path(app.outdir)
    draw(app.config.project).save(out / PICTURE, optimize=True)
    pages = [base + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)]
    entries = "".join(f"<url><loc>{escape(page)}</loc></url>\n" for page in pages)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    (out / "sitemap.xml").write_text(f'{head}<urlset xmlns="{space}">\n{entries}</urlset>\n')
    (out / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n")
    lost = out / f"{LOST}.html"
    lost.write_text(rooted(lost.read_text("utf-8"), urlsplit(base).path), "utf-8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after the mathematics of a page is known."""
    app.connect("config-inited", take_address)
    app.connect("html-collect-pages", lost_page)
    app.connect("html-page-context", describe)
    app.connect("build-finished", publish)
