"""Parts of a long page that are laid out after the first paint, one by one (trial.js does it).

The first paint waits for a layout of the whole page, and on a telephone that takes as long as
everything else together. Sections below the first, and theorems, can wait for a moment.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

LATE = "trial-late"


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Mark every section of a page but the first, and every theorem."""
    if app.builder.name != "html":
        return
    sections = [node for top in doctree if isinstance(top, nodes.section) for node in top]
    later = [node for node in sections if isinstance(node, nodes.section)][1:]
    elements = doctree.findall(nodes.Element)
    theorems = [node for node in elements if "theorem" in node["classes"]]
    for node in [*later, *theorems]:
        node["classes"].append(LATE)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("doctree-resolved", mark)
