"""What a chapter says of itself: its question, its promises, how long it takes, what it settles.

All of it is read from the notebook and from the ledger, so that no page repeats it by hand. The
`{chapters}` directive of the first page draws a card for each page of the table of contents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import nbformat
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from trial.sphinx.ledger import LedgerDirective, entries

# A reader of English takes in about 200 words a minute; an output wants half a minute's look.
WORDS_A_MINUTE, MINUTES_AN_OUTPUT = 200, 0.5
PROMISES = re.compile(r"You will know\s*\n((?:\s*- .*\n?)+)")


@dataclass(frozen=True)
class Chapter:
    """One notebook, seen as a reader would."""

    path: Path

    @cached_property
    def cells(self) -> list[nbformat.NotebookNode]:
        return nbformat.read(self.path, as_version=4).cells

    @cached_property
    def text(self) -> str:
        """Everything that is written, without what is computed."""
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    @property
    def title(self) -> str:
        return re.search(r"^# (.+)$", self.text, re.M)[1]

    @property
    def promises(self) -> list[str]:
        """The bullets under *You will know*."""
        found = PROMISES.search(self.text)
        return [line.strip()[2:].rstrip(";.") for line in found[1].splitlines()] if found else []

    @property
    def minutes(self) -> int:
        """How long it takes to read: the words, and a look at every output."""
        outputs = sum(bool(cell.get("outputs")) for cell in self.cells)
        return max(1, round(len(self.text.split()) / WORDS_A_MINUTE + outputs * MINUTES_AN_OUTPUT))

    @property
    def settles(self) -> list[str]:
        """Claims and defects that this notebook settles, by the ledger."""
        both = entries("claim") + entries("defect")
        return [entry.id for entry in both if self.path.stem in entry.settled_in]


def runs(ids: list[str]) -> str:
    """`C9, C10, C11, D2` read as `C9 to C11, D2`."""
    groups: list[list[str]] = [[id] for id in ids[:1]]
    for before, id in pairwise(ids):
        follows = id == f"{before[0]}{int(before[1:]) + 1}"
        groups[-1].append(id) if follows else groups.append([id])
    words = [f"{g[0]} to {g[-1]}" if len(g) > 2 else ", ".join(g) for g in groups]
    return ", ".join(words)


class Chapters(LedgerDirective):
    """Cards for all pages, under the captions of the table of contents.

    Each line of the body is a page and what to say of it; a page without a line is left out.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """One heading and one grid for each part of the book."""
        self.note_ledger()
        blurbs = dict(line.split(": ", 1) for line in self.content if line.strip())
        parts = self.config.external_site_map.root.subtrees
        if unknown := set(blurbs) - {str(page) for part in parts for page in part.items}:
            raise self.error(f"chapters must be in _toc.yml, got {sorted(unknown)}")
        out: list[nodes.Node] = []
        for part in parts:
            names = [str(name) for name in part.items if str(name) in blurbs]
            grid = nodes.container(classes=["chapter-grid"])
            grid += [self.card(name, blurbs[name]) for name in names]
            if names:
                out += [nodes.paragraph("", part.caption, classes=["chapter-part"]), grid]
        return out

    def card(self, name: str, blurb: str) -> nodes.container:
        """One page: its question, what to expect, and a line of facts."""
        path = Path(self.env.doc2path(name))
        self.env.note_dependency(str(path))
        chapter = Chapter(path) if path.suffix == ".ipynb" else None
        title = chapter.title if chapter else heading(path)
        card = nodes.container(classes=["chapter-card"])
        link = nodes.reference("", title, internal=True, refuri=self.uri(name))
        card += nodes.paragraph("", "", link, classes=["chapter-title"])
        self.state.nested_parse(StringList([blurb], str(path)), 0, card)
        if chapter:
            settled = f", settles {runs(chapter.settles)}" if chapter.settles else ""
            facts = f"{chapter.minutes} minutes{settled}"
            card += nodes.paragraph("", facts, classes=["chapter-facts"])
        return card

    def uri(self, name: str) -> str:
        """Address of another page, seen from this one."""
        return self.env.app.builder.get_relative_uri(self.env.docname, name)


def heading(path: Path) -> str:
    """The title of a page that is no notebook."""
    return re.search(r"^# (.+)$", path.read_text("utf-8"), re.M)[1]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("chapters", Chapters)
