"""Which parts of a page are laid out late."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "theme"))
from trial.late import LATE, mark


def section(*children, classes=()):
    return nodes.section("", *children, classes=list(classes))


@pytest.fixture
def page():
    """A title with three sections; theorems stand in the first and, a level deeper, in the last."""
    theorems = [nodes.admonition(classes=["proof", "theorem"]) for _ in range(2)]
    deep = section(theorems[1])
    sections = [section(theorems[0]), section(), section(deep)]
    document = nodes.document(None, None)
    document += section(nodes.title("", "t"), nodes.paragraph(), *sections)
    return SimpleNamespace(document=document, sections=sections, theorems=theorems, deep=deep)


def late(page):
    return [node for node in page.document.findall(nodes.Element) if LATE in node["classes"]]


def app(builder):
    return SimpleNamespace(builder=SimpleNamespace(name=builder))


def test_sections_below_the_first_and_theorems_are_late(page):
    mark(app("html"), page.document, "page")
    first, second, third = page.sections
    assert late(page) == [page.theorems[0], second, third, page.theorems[1]]
    assert "theorem" in page.theorems[0]["classes"] and LATE not in first["classes"]


@pytest.mark.parametrize("builder", ["epub", "latex", "text"])
def test_on_paper_nothing_is_late(page, builder):
    mark(app(builder), page.document, "page")
    assert late(page) == []
