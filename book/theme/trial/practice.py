"""Exercises carry the number of their chapter: the label ex-5-2 is Exercise 5.2 everywhere.

sphinx-exercise counts through the whole book, so a new exercise would rename all later ones, and
none would have the name that `check("ex-5.2", ...)` knows.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

LABEL = re.compile(r"ex-(\w+)-(\d+)")


def renumber(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the numbers that the labels say into Sphinx's own table of numbers."""
    for tables in env.toc_fignumbers.values():
        numbers = tables.get("exercise", {})
        for label in numbers:
            if found := LABEL.fullmatch(label):
                numbers[label] = (found[1].upper(), found[2])
    return []


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, after it has counted."""
    app.connect("env-get-updated", renumber, priority=900)
