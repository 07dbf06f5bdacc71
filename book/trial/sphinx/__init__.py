"""The book's own Sphinx extension: look, mathematics, page clean-up, and the claim ledger."""

from __future__ import annotations

from sphinx.application import Sphinx

from trial.sphinx import (
    assets,
    chapters,
    docstrings,
    environment,
    execution,
    first_page,
    freshness,
    ledger,
    look,
    math,
    numbers,
    pages,
    plain,
    reading,
    scripts,
    sharing,
    sheet,
    sliders,
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect every part; each part knows its own events."""
    for part in (
        look,
        freshness,
        execution,
        math,
        docstrings,
        plain,
        pages,
        numbers,
        chapters,
        first_page,
        reading,
        sharing,
        sliders,
        assets,
        scripts,
        sheet,
        ledger,
        environment,
    ):
        part.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
