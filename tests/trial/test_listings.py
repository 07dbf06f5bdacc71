"""What notebooks list of the tested code fits in a column of 78 letters."""

import ast
import inspect
import textwrap
from pathlib import Path

import nbformat
import pytest

CHAPTERS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
WIDTH = 78


def listed(cells):
    """The argument of each show_source in code cells: its words, and what they name."""
    names = {}
    exec(cells[0], names)
    for cell in cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show_source":
                yield from ((ast.unparse(a), eval(ast.unparse(a), names)) for a in node.args)


def too_wide(item):
    lines = textwrap.dedent(inspect.getsource(item)).splitlines()
    return [line for line in lines if len(line) > WIDTH]


def sources(path):
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_listing_fits_its_column(path):
    assert {words: wide for words, item in listed(sources(path)) if (wide := too_wide(item))} == {}


def test_listings_are_found_and_a_wide_one_is_noticed():
    assert sum(len(list(listed(sources(path)))) for path in CHAPTERS) > 30
    cells = ["from tests.trial.test_listings import sources, wide", "show_source(wide, sources)"]
    assert [words for words, item in listed(cells) if too_wide(item)] == ["wide"]


def wide():
    """A line of more than 78 letters, which would be cut where a page is as narrow as ours."""
