"""The `{first-figure}` directive: the interactive figure of the first page, drawn at build."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class FirstFigure(SphinxDirective):
    """Computed and drawn while the page is read; a changed library reads every page again."""

    def run(self) -> list[nodes.Node]:
        """Write the figure as a notebook would."""
        # Drawing is loaded only where it is needed: most builds keep the first page.
        from trial.chapters.front.figures import hero

        return [nodes.raw("", f'<div class="trial-hero">{hero().html()}</div>', format="html")]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.add_directive("first-figure", FirstFigure)
