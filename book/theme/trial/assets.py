"""A page asks only for the style sheets and scripts that something on it uses."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# Start of a file name -> words of which one must stand in the page's body for it to be of use.
USED_BY = {
    "exercise.css": None,  # our own boxes style these; the stock ones call for an icon font
    "proof.css": None,
    "sphinx-design.min.css": 'class="sd-',
    "design-tabs.js": "sd-tab-set",
    "togglebutton": "dropdown|toggle|tag_hide",
    "mystnb": "cell docutils|cell tag_",  # a page may have tagged cells only
    "copybutton": 'class="highlight',
    "clipboard.min.js": 'class="highlight',
}


def used(asset: Any, body: str) -> bool:
    """Whether a page with this body needs the asset; unknown assets always count as needed."""
    name = str(getattr(asset, "filename", asset) or "").rpartition("/")[2]
    for start, mark in USED_BY.items():
        if name.startswith(start):
            return mark is not None and any(word in body for word in mark.split("|"))
    return True


def drop_unused(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Shorten the two lists of one page."""
    body = context.get("body", "")
    for kind in ("css_files", "script_files"):
        context[kind] = [asset for asset in context[kind] if used(asset, body)]


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after everybody who adds assets in the same event."""
    app.connect("html-page-context", drop_unused, priority=950)
