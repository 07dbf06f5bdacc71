"""A chapter shows the thing done: how many of its words and lines a reader is given.

Numbered chapters alone: the other pages are references. Each law has the list of chapters that do
not keep it yet, which may only shrink.
"""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))
MAX_WORDS = 2400
MIN_VISIBLE = 0.4
MAX_CENTRAL = 20
LONGER = {"10_depth": 40, "12_remedies": 40}
"""Chapters whose central cell holds a network's whole pass forward and back."""
NOT_THE_ARGUMENT = {"quiz", "exercise", "solution"}
NOT_YET = {
    "visible": {"16"},
    "central": {"16"},
}


def tags(cell):
    return set(cell.metadata.get("tags", []))


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def words(notebook):
    """Words of Markdown; a formula counts as one, a link as its text."""
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", text, flags=re.S)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(re.findall(r"\S*\w\S*", text))


def visible(notebook):
    """Share of the lines of the argument's code that is not folded."""
    code = [c for c in notebook.cells if c.cell_type == "code" and not NOT_THE_ARGUMENT & tags(c)]
    told = [c for c in code[1:] if "claim(" not in c.source]  # the first imports
    shown = [len(lines(c)) for c in told if "hide-input" not in tags(c)]
    return sum(shown) / max(sum(len(lines(c)) for c in told), 1)


def complaints(notebook, central=MAX_CENTRAL):
    """law -> what breaks it."""
    found = {}
    if (n := words(notebook)) > MAX_WORDS:
        found["words"] = f"{n} words of Markdown, the limit is {MAX_WORDS}"
    if (share := visible(notebook)) < MIN_VISIBLE:
        found["visible"] = f"{share:.0%} of the code is visible, at least {MIN_VISIBLE:.0%} must be"
    lengths = [len(lines(c)) for c in notebook.cells if "central" in tags(c)]
    if not lengths or max(lengths) > central:
        found["central"] = f"needs a cell tagged central of at most {central} lines, has {lengths}"
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_what_it_does(path):
    found = complaints(nbformat.read(path, as_version=4), LONGER.get(path.stem, MAX_CENTRAL))
    excused = {law for law, chapters in NOT_YET.items() if path.stem[:2] in chapters}
    assert not found.keys() - excused, found
    assert not excused - found.keys(), "the list of those not done yet may only shrink: shorten it"


def notebook(*cells):
    return v4.new_notebook(cells=[v4.new_code_cell("import numpy"), *cells])


def code(source, *tags):
    return v4.new_code_cell(source, metadata={"tags": list(tags)})


LOOP = code("\n".join(["w = w - g"] * 20), "central")


@pytest.mark.parametrize(
    ("cells", "law"),
    [
        ([LOOP, v4.new_markdown_cell("word [of](x.md) $a + b$ " * 801)], "words"),
        ([LOOP, code("\n".join(["plot()"] * 31), "hide-input")], "visible"),
        ([code("w = 1")], "central"),
        ([code("\n".join(["w = w - g"] * 21), "central")], "central"),
    ],
)
def test_a_planted_fault_is_found(cells, law):
    assert list(complaints(notebook(*cells))) == [law]


def test_claims_quizzes_and_exercises_are_not_counted():
    extra = [code("x\n" * 99, tag, "hide-input") for tag in sorted(NOT_THE_ARGUMENT)]
    hidden = [code("plot()\n" * 30, "hide-input"), code("claim(\n" * 99, "hide-input")]
    assert complaints(notebook(LOOP, *hidden, *extra)) == {}
