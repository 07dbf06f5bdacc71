"""The bibliography as a page of headings, one a work, so that a link in a notebook leads to it.

`python -m trial.press.bibliography` writes book/bibliography.md from references.bib. The built page
replaces the list by Sphinx's own, which has labels and links back.
"""

from __future__ import annotations

import re

from pybtex.database import parse_file
from pybtex.plugin import find_plugin

from trial.data import FOLDER
from trial.press import ROOT

PAGE = ROOT / "book" / "bibliography.md"
HEAD = """# Bibliography

A claim cites a primary source by name. A note says how much of it was read for this book.
"""


def text() -> str:
    """The page: a heading a citation key, below it the work in the plain style."""
    works = parse_file(str(FOLDER / "references.bib"))
    style = find_plugin("pybtex.style.formatting", "plain")()
    markdown = find_plugin("pybtex.backends", "markdown")()
    found = {e.key: e.text.render(markdown) for e in style.format_entries(works.entries.values())}
    # the backend escapes more than a line of prose needs
    plain = {key: re.sub(r"\\([.()-])", r"\1", words) for key, words in found.items()}
    parts = [f"## {key}\n\n{plain[key]}" for key in sorted(plain)]
    return "\n\n".join([HEAD.rstrip(), *parts]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
