"""Numbers that stay: the label ex-5-2 is Exercise 5.2 everywhere, eq-5-1 equation (5.1), thm-t3 T3.

Both extensions count through the whole book, so a new exercise would rename all later ones, and
none would have the name that `check("ex-5.2", ...)` knows.
"""

from __future__ import annotations

import copy
import re

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

EXERCISE = re.compile(r"ex-(\w+)-(\d+)")
THEOREM = re.compile(r"thm-t(\d+)")
EQUATION = re.compile(r"eq-(\w+)-(\d+)")


def equation(label: str, counted: str) -> str:
    """The number that the label says, else the one that Sphinx counted."""
    found = EQUATION.fullmatch(label)
    return f"{found[1].upper()}.{found[2]}" if found else counted


def renumber(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the numbers that the labels say into Sphinx's own table of numbers."""
    env.trial_counted = copy.deepcopy(env.toc_fignumbers)
    for tables in env.toc_fignumbers.values():
        for label in (exercises := tables.get("exercise", {})):
            if found := EXERCISE.fullmatch(label):
                exercises[label] = (found[1].upper(), found[2])
        for label in (theorems := tables.get("theorem", {})):
            if found := THEOREM.fullmatch(label):
                theorems[label] = (f"T{found[1]}",)
        # A reference takes its number from here, the equation itself from the domain below.
        for node_id in (equations := tables.get("displaymath", {})):
            if found := EQUATION.fullmatch(node_id.removeprefix("equation-")):
                equations[node_id] = (found[1].upper(), found[2])
    equations = env.get_domain("math").data["objects"]
    for label, (page, counted) in equations.items():
        equations[label] = (page, equation(label, counted))
    return []


def restore(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Before Sphinx counts again: it writes every page anew whose numbers differ from its last."""
    env.toc_fignumbers = getattr(env, "trial_counted", env.toc_fignumbers)


def setup(app: Sphinx) -> None:
    """Connect to Sphinx, before and after it counts."""
    app.connect("env-before-read-docs", restore)
    app.connect("env-get-updated", renumber, priority=900)
