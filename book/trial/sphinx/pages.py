"""Last touches on a page's HTML: figures become files, images get sizes, roles get right."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

DATA_URI = re.compile(r"data:image/(webp|png|jpeg|svg)(?:\+xml)?;base64,([A-Za-z0-9+/=]{40,})")
IMG = re.compile(r"<img\b[^>]*>")
LONG_CELL = re.compile(r"<td>(?=[^<]{28})")
TABLE = re.compile(r'<table\b[^>]*class="(?:trial-table|dataframe)\b.*?</table>', re.DOTALL)
FIXES = {
    # sphinxcontrib-bibtex writes a role that ARIA has deprecated, inside role="list".
    ' role="doc-biblioentry"': ' role="listitem"',
    # myst-nb gives a folded cell a name that differs from the words on it.
    '<summary aria-label="Toggle hidden content">': "<summary>",
    # The theme's box around a table of the text scrolls too, and has no name.
    '<div class="pst-scrollable-table-container">': '<div class="pst-scrollable-table-container" '
    'data-scroll-name="table">',
}


def attribute(tag: str, name: str) -> str | None:
    """Value of one attribute of a start tag."""
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return found[1] if found else None


def store(app: Sphinx, found: re.Match[str]) -> str:
    """Write a data URI's bytes to the image folder and return the file's name there."""
    content = base64.b64decode(found[2])
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.{found[1]}"
    path = Path(app.outdir, app.builder.imagedir, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(content)
    return name


def size(app: Sphinx, name: str) -> tuple[int, int] | None:
    """Width and height of a file of the image folder, which Sphinx may not have copied yet."""
    sources = {target: source for source, target in app.builder.images.items()}
    path = Path(app.outdir, app.builder.imagedir, name)
    if name in sources:
        path = Path(app.srcdir, sources[name])
    if path.suffix == ".svg" or not path.is_file():
        return None
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        return image.size


def complete(app: Sphinx, page: str, folder: str) -> Callable[[re.Match[str]], str]:
    """Make the function that completes one `<img>`: sizes keep the text from jumping."""
    first = True

    def complete_one(found: re.Match[str]) -> str:
        nonlocal first
        tag, source = found[0], attribute(found[0], "src") or ""
        if attribute(tag, "alt") in (None, source):
            logger.warning("image without alternative text: %s", source, location=page)
        extra: dict[str, Any] = {"decoding": "async"}
        if source.startswith(folder) and attribute(tag, "width") is None:
            width, height = size(app, source.removeprefix(folder)) or (None, None)
            extra |= {"width": width, "height": height} if width else {}
        if first:  # the picture a reader sees first must not wait for the others
            tag = tag.replace(' loading="lazy"', "")
            extra["fetchpriority"] = "high"
        else:
            extra["loading"] = "lazy"
        first = False
        missing = {k: v for k, v in extra.items() if attribute(tag, k) is None}
        return tag.rstrip("/> ") + "".join(f' {k}="{v}"' for k, v in missing.items()) + ">"

    return complete_one


def scroller(found: re.Match[str]) -> str:
    """Put a table that a notebook printed into a box that scrolls; let only sentences break."""
    table = LONG_CELL.sub('<td class="long">', found[0])
    return f'<div class="table-scroll" data-scroll-name="table">{table}</div>'


def finish_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Rewrite the body of one page."""
    body = context.get("body")
    if not body:
        return
    folder = context["pathto"](f"{app.builder.imagedir}/", resource=True)
    body = DATA_URI.sub(lambda found: folder + store(app, found), body)
    body = IMG.sub(complete(app, page, folder), body)
    body = TABLE.sub(scroller, body)
    for wrong, right in FIXES.items():
        body = body.replace(wrong, right)
    context["body"] = body


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", finish_page)
