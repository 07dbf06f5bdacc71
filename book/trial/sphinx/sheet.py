"""llms.txt: the sheet as plain text, and every page in a line, for readers that are programs."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

LINK = re.compile(r" ?\(\[([^\]]+)\]\([^)]*\)\)|\[([^\]]+)\]\([^)]*\)")


def plain(markdown: str) -> str:
    """Markdown without its addresses; a reference in brackets names its chapter."""
    text = LINK.sub(lambda m: f" [{m[1]}]" if m[1] else m[2], markdown)
    return text.replace("**", "").replace("$", "").replace("\\lambda", "λ")


def pages(index: str) -> list[tuple[str, str]]:
    """(page, what it says of itself) from the cards of the first page."""
    cards = re.search(r"```\{chapters\}\n(.*?)```", index, re.S)[1]
    return re.findall(r"^(\S+): (.+)$", cards, re.M)


def text(book: Path) -> str:
    """The whole file, from the sheet and the first page in `book`."""
    sheet = plain((book / "sheet.md").read_text(encoding="utf-8"))
    cards = pages((book / "index.md").read_text(encoding="utf-8"))
    lines = (f"- {page}.html: {plain(said)}" for page, said in cards)
    return f"{sheet.rstrip()}\n\n## The pages of the book\n\n" + "\n".join(lines) + "\n"


def write(app: Sphinx, problem: Exception | None) -> None:
    """Beside the pages, when they were built."""
    if problem is None and app.builder.format == "html":
        Path(app.outdir, "llms.txt").write_text(text(Path(app.srcdir) / "book"), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("build-finished", write)
