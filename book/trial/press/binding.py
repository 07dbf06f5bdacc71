"""The pages of the book put one behind the other: what `paper` prints and `epub` packs.

Pages are built with `REGLIB_PAPER=1`, so that figures are lines; then each loses what only a
screen can use, and its ids and links are made those of one long document.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urldefrag

import yaml
from bs4 import BeautifulSoup, Tag

from trial.page import style
from trial.press import ROOT

BUILD = ROOT / "_build" / "paper"
TITLE = "Regularization on Trial"
SUBTITLE = "Fifty claims about exploding gradients, each settled by code that runs"
RIGHTS = "Text and figures CC BY 4.0, code BSD 3-Clause."

# What has no use on paper; code that the pages fold away stands in the notebooks.
LEFT_OUT = (
    "script, noscript, a.headerlink, button, details.hide, .trial-controls, .prev-next-footer, "
    ".ledger-filter, .pst-js-only, .no-paper"
)
POINTERS = ("for", "headers", "aria-labelledby", "aria-describedby", "aria-controls")
"""Attributes that name ids of the same page."""


def build_pages() -> Path:
    """Execute the notebooks for paper and build the pages; returns their folder.

    SystemExit: the build failed.
    """
    done = subprocess.run(
        [str(Path(sys.executable).with_name("jupyter-book")), "build", "-W", "-n", "--keep-going"]
        + ["--path-output", str(BUILD), str(ROOT)],
        env=os.environ | {style.PAPER: "1", "REGLIB_STATIC": "1"},
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return BUILD / "_build" / "html"


def documents() -> list[tuple[str, list[str]]]:
    """The parts of the book, each with its pages, in the order of `_toc.yml`."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [(part["caption"], [c["file"] for c in part["chapters"]]) for part in toc["parts"]]
    return [("", [toc["root"]]), *parts]


def slug(document: str, anchor: str = "") -> str:
    """The id in the whole book of an anchor of one page, or of the page itself."""
    page = document.replace("/", "-")
    return f"{page}--{anchor}" if anchor else page


def rename(article: Tag, document: str, known: set[str]) -> None:
    """Make ids unique in the whole book, and links between pages links inside it."""
    here, seen = posixpath.dirname(document), set()
    for tag in article.find_all(True):
        if tag.get("id") in seen:
            del tag["id"]  # sphinx-exercise calls the content of every exercise the same
        elif tag.get("id"):
            seen.add(tag["id"])
            tag["id"] = slug(document, tag["id"])
        for name in POINTERS:
            if tag.get(name):
                tag[name] = " ".join(slug(document, id) for id in str(tag[name]).split())
        if tag.name == "img" and not tag["src"].startswith("data:"):
            tag["src"] = posixpath.normpath(posixpath.join(here, tag["src"]))
            del tag["loading"]
    for link in article.find_all("a", href=True):
        url, anchor = urldefrag(link["href"])
        if ":" in url:
            continue  # another site
        page = posixpath.normpath(posixpath.join(here, url)) if url else f"{document}.html"
        if page.removesuffix(".html") in known:
            link["href"] = "#" + slug(page.removesuffix(".html"), anchor)
        else:
            del link["href"]  # a download
            link.attrs.pop("download", None)


def article(html: Path, document: str, known: set[str]) -> tuple[Tag, list[str]]:
    """One page's text as it goes to paper, and the addresses of its style sheets."""
    soup = BeautifulSoup((html / f"{document}.html").read_text(encoding="utf-8"), "html.parser")
    sheets = [
        posixpath.normpath(posixpath.join(posixpath.dirname(document), link["href"].split("?")[0]))
        for link in soup.find_all("link", rel="stylesheet")
    ]
    found = soup.find("article", class_="bd-article")
    for useless in found.select(LEFT_OUT):
        useless.decompose()
    for folded in found.find_all("details"):
        folded["open"] = ""
    rename(found, document, known)
    found["id"] = slug(document)
    return found, sheets


def bind(write: Callable[[Path, Path], int], out: Path, arguments: Sequence[str]) -> int:
    """Build the pages for paper and `write` them to a file, which an argument may name."""
    out = Path(arguments[0]) if arguments else out
    pages = build_pages()
    out.parent.mkdir(parents=True, exist_ok=True)
    print(f"{out}: {write(pages, out)} pages, {out.stat().st_size / 1e6:.1f} MB")
    return 0
