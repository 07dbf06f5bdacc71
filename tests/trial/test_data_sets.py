"""The data page: its picture, its word on licences, and the chapters that it names."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from reglib.datasets import diabetes, digits, longley
from trial.chapters.data_sets import figures as data_sets
from trial.page import style

FOLDER = Path(__file__).parents[2] / "notebooks"
CELLS = {path.stem: nbformat.read(path, as_version=4).cells for path in FOLDER.glob("*.ipynb")}
PAGE = "\n".join(cell.source for cell in CELLS["data"] if cell.cell_type == "markdown")
CODE = {
    name: "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    for name, cells in CELLS.items()
}
LOADERS = {
    "The article's points.": r"article\(",
    "Longley.": r"longley\(",
    "Diabetes.": r"diabetes\(",
    "Digits.": r"digits\(",
    "Two moons.": r"make_moons\(",
    "Leaky memory.": r"leaky_memory\b",
    "First input.": r"first_input\b",
}


@pytest.mark.parametrize(("heading", "loader"), LOADERS.items())
def test_every_chapter_that_loads_a_data_set_is_named_there(heading, loader):
    paragraph = re.search(rf"\*\*{re.escape(heading)}\*\*.*?(?=\n\n|\Z)", PAGE, re.S)[0]
    named = set(re.findall(r"\]\((\w+)\.ipynb\)", paragraph))
    loads = {name for name in set(CODE) - {"data"} if re.search(rf"\b{loader}", CODE[name])}
    assert loads and loads <= named


def test_the_picture_has_a_panel_for_each_of_six():
    figure = style.new_figure((6, 7.2))
    points = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
    data_sets.draw(figure, points, np.array([0, 1, 1]))
    assert len(figure.axes) == 6
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:4] == ["the article's points", "Longley", "diabetes", "digits"]
    drawn = [axes.lines[0].get_ydata() for axes in figure.axes[:3]]
    assert list(map(len, drawn)) == [5, 16, 442]
    np.testing.assert_allclose(drawn[1] * 1000, longley().y)
    np.testing.assert_array_equal(drawn[2], diabetes().y)
    assert [len(line.get_xdata()) for line in figure.axes[4].lines] == [1, 2]
    ink = figure.axes[3].images[0].get_array()
    assert (ink[1:9, 1:9] == digits().u[0]).all() and (ink[11:19, 21:29] == digits().u[5]).all()


@pytest.mark.parametrize(
    "words", ["Licensed under X", "(C) Copyright 1999", "in the public domain"]
)
def test_a_description_that_states_its_terms_is_noticed(words):
    assert data_sets.unlicensed("Ten baseline variables of 442 patients.")
    assert not data_sets.unlicensed(f"Ten baseline variables. {words}.")
