"""The claim ledger on pages: `{verdicts}` lists every entry, `{verdict-counts}` counts them.

Nothing here is written twice: all words come from claims.yml, and each verdict there is settled by
an executed notebook.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from trial.data import FOLDER
from trial.page import claims
from trial.page.claims import LABELS, Entry


def entries(kind: str) -> list[Entry]:
    """Return the ledger's entries of one kind, in the order of their numbers."""
    everything = claims.ledger() | claims.ours()
    chosen = [entry for entry in everything.values() if entry.kind == kind]
    return sorted(chosen, key=lambda entry: int(entry.id[1:]))


def chapter_name(notebook: str) -> str:
    """Read a file name aloud: `03_one_step` is chapter 3, one step."""
    number, _, rest = notebook.rpartition("/")[2].partition("_")
    words = rest.replace("_", " ")
    return f"Chapter {int(number)}, {words}" if number.isdigit() else notebook.replace("_", " ")


def rich(text: str) -> list[nodes.Node]:
    """Read `code` and $formulas$ in the ledger's sentences; everything else is plain text."""
    out: list[nodes.Node] = []
    for part in re.split(r"(`[^`]+`|\$[^$]+\$)", " ".join(text.split())):
        if part.startswith("`") and len(part) > 2:
            out.append(nodes.literal("", part[1:-1]))
        elif part.startswith("$") and len(part) > 2:
            out.append(nodes.math("", part[1:-1]))
        elif part:
            out.append(nodes.Text(part))
    return out


def section_number(entry: Entry) -> tuple[int, ...]:
    """Chapter and section of the article ("7.2.3, 7.6.1" is in 7.2); empty where there is none."""
    number = re.match(r"(\d+)(?:\.(\d+))?", entry.section)
    return tuple(int(part) for part in number.groups() if part) if number else ()


def section_of(entry: Entry) -> str:
    """Title of the group an entry stands in: a section of the article."""
    if entry.kind == "defect":
        return "Defects of the listing and the text"
    if entry.kind == "ours":
        return "Claims of this book"
    number = section_number(entry)
    return f"Article section {'.'.join(map(str, number))}" if number else "Elsewhere in the article"


class LedgerDirective(SphinxDirective):
    """Common to both directives: a changed ledger rebuilds the page."""

    def note_ledger(self) -> None:
        """Let Sphinx watch both lists."""
        for name in ("claims.yml", "ours.yml"):
            self.env.note_dependency(str(FOLDER / name))


class Verdicts(LedgerDirective):
    """Every claim and defect with what became of it."""

    def run(self) -> list[nodes.Node]:
        """Write one section a group and one card an entry."""
        self.note_ledger()
        ordered = sorted(entries("claim"), key=section_rank) + entries("defect")
        groups = [self.group(title, part) for title, part in groupby(ordered, section_of)]
        return [nodes.raw("", filters([*ordered, *entries("ours")]), format="html"), *groups]

    def group(self, title: str, part: Iterable[Entry]) -> nodes.section:
        """One group with a heading, so that it stands in the page's contents."""
        section = nodes.section(
            ids=[nodes.make_id(title)], names=[nodes.fully_normalize_name(title)]
        )
        section += nodes.title("", title)
        section += [self.card(entry) for entry in part]
        return section

    def card(self, entry: Entry) -> nodes.container:
        """One entry: verdict, statement, and what settles it."""
        card = nodes.container(
            ids=[f"ledger-{entry.id.lower()}"], classes=["ledger-entry", f"verdict-{entry.verdict}"]
        )
        head = nodes.paragraph(classes=["verdict-head"])
        head += nodes.inline("", LABELS[entry.verdict], classes=["verdict-label"])
        head += nodes.Text(" ")
        name = claims.where(entry) + (": " if entry.line else "")
        head += nodes.inline("", name, *rich(entry.line), classes=["verdict-id"])
        card += head
        card += nodes.paragraph("", "", *rich(entry.statement), classes=["verdict-claim"])
        card += self.details(entry)
        card += self.links(entry)
        return card

    def details(self, entry: Entry) -> list[nodes.Node]:
        """Everything the evidence allows to say."""
        out: list[nodes.Node] = []
        if entry.reason:
            out.append(nodes.paragraph("", "", *rich(entry.reason), classes=["verdict-reason"]))
        named = {
            "When": entry.condition,
            "Instead": entry.instead,
            "Not to be found": "; ".join(entry.absent),
            "Fix": entry.fix,
        }
        for name, text in named.items():
            if text:
                words = [nodes.strong("", f"{name}:"), nodes.Text(" "), *rich(text)]
                out.append(nodes.paragraph("", "", *words, classes=["verdict-more"]))
        return out

    def links(self, entry: Entry) -> nodes.paragraph:
        """Where the entry is settled."""
        line = nodes.paragraph("", "Settled in ", classes=["verdict-where"])
        for i, name in enumerate(entry.settled_in):
            line += nodes.Text(", " if i else "")
            line += self.link(name, f"#claim-{entry.id.lower()}")
        return line

    def link(self, name: str, anchor: str) -> nodes.Node:
        """Link to a chapter, to its verdict box if there is one; plain text without a chapter."""
        document = name if "/" in name else f"notebooks/{name}"
        if document not in self.env.found_docs:
            return nodes.inline("", chapter_name(name))
        # The verdict's box is written by the notebook itself, so Sphinx does not know its anchor.
        uri = self.env.app.builder.get_relative_uri(self.env.docname, document)
        return nodes.reference("", chapter_name(name), internal=True, refuri=f"{uri}{anchor}")


def section_rank(entry: Entry) -> tuple[bool, tuple[int, ...], int]:
    """Sort by article section, what has none at the end, then by number."""
    number = section_number(entry)
    return not number, number, int(entry.id[1:])


def filters(shown: list[Entry]) -> str:
    """Buttons that show one kind of verdict, a list that shows one section of the article.

    The class hides them where no script serves them.
    """
    counts = Counter(entry.verdict for entry in shown)
    buttons = [f'<button type="button" aria-pressed="true">All {counts.total()}</button>']
    buttons += [
        f'<button type="button" aria-pressed="false" data-verdict="{state}" '
        f'class="verdict-{state}"><span class="verdict-label">{label}</span> '
        f"{counts[state]}</button>"
        for state, label in LABELS.items()
        if counts[state]
    ]
    options = [
        f'<option value="{nodes.make_id(title)}">{title}</option>'
        for title in dict.fromkeys(section_of(entry) for entry in shown)
    ]
    return (
        '<div class="ledger-filter pst-js-only">'
        f'<div role="group" aria-label="Show one verdict only">{"".join(buttons)}</div>'
        f'<label>Show <select><option value="">the whole article</option>{"".join(options)}'
        "</select></label></div>"
    )


class OurVerdicts(Verdicts):
    """The claims of the book's own, apart from the article's and not counted with them."""

    def run(self) -> list[nodes.Node]:
        """Write one section with a card an entry."""
        self.note_ledger()
        return [self.group(section_of(entries("ours")[0]), entries("ours"))]


class VerdictCounts(LedgerDirective):
    """A bar and a legend: how many claims hold, and how many do not."""

    def run(self) -> list[nodes.Node]:
        """Write the bar (for the eye) and the list (for everybody)."""
        self.note_ledger()
        counts = Counter(entry.verdict for entry in entries("claim"))
        shown = [(state, counts[state]) for state in LABELS if counts[state]]
        bar = "".join(
            f'<span class="verdict-{state}" style="flex-grow:{number}"></span>'
            for state, number in shown
        )
        items = "".join(
            f'<li class="verdict-{state}"><strong>{number}</strong> '
            f'<span class="verdict-label">{LABELS[state]}</span></li>'
            for state, number in shown
        )
        words = f"{counts.total()} claims, each settled by executed code"
        markup = (
            f'<div class="verdict-counts"><p class="verdict-total">{words}</p>'
            f'<div class="verdict-bar" aria-hidden="true">{bar}</div><ul>{items}</ul></div>'
        )
        return [nodes.raw("", markup, format="html")]


class WrongCopies(SphinxDirective):
    """What stops a copy of the library in which a sign or a factor is wrong, from `mutants.csv`."""

    def run(self) -> list[nodes.Node]:
        """Write one paragraph: how many copies each claim stops, how many a test, how many none."""
        path = FOLDER / "mutants.csv"
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            (*_, dated), *rows = csv.reader(file)
        caught = Counter(by for *_, by in rows)
        claimed = [(by, number) for by, number in caught.most_common() if by in claims.ledger()]
        by_claim, left = sum(number for _, number in claimed), caught["nothing"]
        told = ", ".join(f"{id} {number}" for id, number in claimed)
        words = (
            f"Computed apart on {dated.split()[2]}: in {len(rows)} copies of the library one sign "
            "or one factor was made wrong, at least one of each in each penalty, solver, optimizer "
            "and loss. The claims of each chapter that runs the wrong line were settled again; "
            "where none failed, the tests of the library ran. A claim stops "
            f"{by_claim} of the copies ({told}), a test stops {len(rows) - by_claim - left}, "
            f"nothing stops {left}."
        )
        return [nodes.paragraph("", words)]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("verdicts", Verdicts)
    app.add_directive("our-verdicts", OurVerdicts)
    app.add_directive("verdict-counts", VerdictCounts)
    app.add_directive("wrong-copies", WrongCopies)
