"""The whole book as an EPUB 3: `python -m trial.press.epub`, or `make epub`.

One XHTML file a page, formulas as MathML, figures as SVG or PNG, interactive figures as their first
picture. epubcheck finds nothing wrong with it (`make test-slow` asks, where it is installed).
"""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from bs4 import Tag
from PIL import Image

from reglib import __version__
from trial.press import ROOT
from trial.press.binding import RIGHTS, SUBTITLE, TITLE, article, bind, documents, slug

OUT = ROOT / "_build" / "regularization-on-trial.epub"
STYLE = ROOT / "book" / "theme" / "epub.css"
RELEASED = re.search(r'date-released: "(.*)"', (ROOT / "CITATION.cff").read_text("utf-8"))[1]
TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
# What older readers do not know, or what means nothing without a script.
SCREEN_ONLY = ("loading", "decoding", "fetchpriority", "autocomplete", "role", "open", "tabindex")


def plain(text: Tag) -> Tag:
    """The text of a page as e-readers know it: formulas as MathML, no form, nothing of screens."""
    for formula in text.find_all("span", class_="katex-html"):
        formula.decompose()
    for field in text.find_all(["form", "fieldset", "legend", "label", "details", "summary"]):
        field.name = "p" if field.name in ("legend", "label", "summary") else "div"
    for field in text.find_all("input"):
        field.decompose()
    for tag in text.find_all(True):
        for name in list(tag.attrs):
            if name in SCREEN_ONLY or name.startswith(("data-", "aria-")) or name == "for":
                del tag[name]
    return text


def chapter(text: Tag, title: str) -> str:
    """One page as an XHTML document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en"><head>'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="book.css"/></head>'
        f"<body>{text.decode(formatter='minimal')}</body></html>\n"
    )


def localize(text: Tag) -> dict[str, str]:
    """Make links of the long document links between files; returns {picture: its source}."""
    for link in text.find_all("a", href=True):
        if link["href"].startswith("#"):
            link["href"] = f"{link['href'][1:].partition('--')[0]}.xhtml{link['href']}"
    pictures = {}
    for image in text.find_all("img"):
        source = image["src"]
        image["src"] = re.sub(r"\.webp$", ".png", source)  # EPUB 3.2 has no WebP
        pictures[image["src"]] = source
    return pictures


def content(path: Path, name: str) -> bytes:
    """The bytes of a picture in the format that its new name says."""
    if path.suffix == Path(name).suffix:
        return path.read_bytes()
    with Image.open(path) as picture:
        picture.save(into := io.BytesIO(), "PNG", optimize=True)
    return into.getvalue()


def navigation(titles: dict[str, str]) -> str:
    """The table of contents that every reader shows."""
    parts = []
    for caption, names in documents():
        lines = "".join(
            f'<li><a href="{slug(name)}.xhtml">{escape(titles[name])}</a></li>' for name in names
        )
        parts.append(f"<li><span>{caption}</span><ol>{lines}</ol></li>" if caption else lines)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'xml:lang="en" lang="en"><head><title>{TITLE}</title></head><body>'
        f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(parts)}</ol></nav></body></html>\n'
    )


def package(pages: dict[str, str], images: Sequence[str]) -> str:
    """The list of everything in the file, and the order of reading."""
    identifier = f"urn:trial:{__version__}"
    items = [
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
        '<item id="css" href="book.css" media-type="text/css"/>',
    ]
    for name, text in pages.items():
        math = ' properties="mathml"' if "<math" in text else ""
        items.append(
            f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"{math}/>'
        )
    items += [
        f'<item id="image-{k}" href="{path}" media-type="{TYPES[Path(path).suffix]}"/>'
        for k, path in enumerate(images)
    ]
    spine = "".join(f'<itemref idref="{name}"/>' for name in pages)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" '
        'xml:lang="en"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">{identifier}</dc:identifier><dc:title>{TITLE}</dc:title>'
        f"<dc:description>{SUBTITLE}</dc:description><dc:language>en</dc:language>"
        f"<dc:creator>The {TITLE} authors</dc:creator><dc:rights>{RIGHTS}</dc:rights>"
        f'<meta property="dcterms:modified">{RELEASED}T00:00:00Z</meta></metadata>'
        f"<manifest>{''.join(items)}</manifest><spine>{spine}</spine></package>\n"
    )


def pack(html: Path, out: Path) -> int:
    """Write the pages built in `html` to the file `out`; returns the number of pages."""
    names = [name for _, part in documents() for name in part]
    pages, titles, images = {}, {}, {}
    for name in names:
        text, _ = article(html, name, set(names))
        titles[name] = text.find("h1").get_text().strip()
        images |= localize(plain(text))
        pages[slug(name)] = chapter(text, titles[name])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        # The first entry names the type, uncompressed, so that it can be read without unpacking.
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("book.opf", package(pages, list(images)))
        book.writestr("nav.xhtml", navigation(titles))
        book.write(STYLE, "book.css")
        for name, text in pages.items():
            book.writestr(f"{name}.xhtml", text)
        for picture, source in images.items():
            book.writestr(picture, content(html / source, picture))
    return len(pages)


if __name__ == "__main__":
    raise SystemExit(bind(pack, OUT, sys.argv[1:]))
