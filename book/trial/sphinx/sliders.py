"""Room for what an interactive figure will say: nothing below it moves while a reader drags.

The longest sentence stands, unseen and unheard, in the same place as the one that is shown, and so
do the longest words of a slider that shows words.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

FIGURE = re.compile(r'<figure class="trial-explore">.*?</figure>', re.DOTALL)
DATA = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
SENTENCE = re.compile(r'<p class="trial-sentence".*?</p>', re.DOTALL)
LABEL = re.compile(r"<label\b([^>]*)>")


def longest(words: list[str]) -> str:
    """The attribute that holds the longest of some sentences, for the style sheet."""
    return f'data-longest="{escape(max(words, key=len))}"'


def reserve(found: re.Match[str]) -> str:
    """Complete one figure."""
    figure = found[0]
    data = json.loads(DATA.search(figure)[1]) if DATA.search(figure) else None
    if not data:  # a notebook saved from a live session holds a picture only
        return figure
    values = iter(data["values"])
    figure = LABEL.sub(lambda label: f"<label{label[1]} {longest(next(values))}>", figure)
    box = f'<div class="trial-saying" {longest(data["sentences"])}>'
    return SENTENCE.sub(lambda sentence: f"{box}{sentence[0]}</div>", figure, count=1)


def finish(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Complete the figures of one page."""
    context["body"] = FIGURE.sub(reserve, context.get("body", ""))


def setup(app: Sphinx) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", finish)
