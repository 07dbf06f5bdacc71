"""The picture of the data page: six of the book's data sets, as they are before any fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reglib.datasets import article, diabetes, digits, leaky_memory, longley
from trial.page import style

SHOWN = 6
"""Digits in the picture, two rows of three."""


def _article(axes: Axes) -> None:
    X, y, _ = article()
    axes.plot(X[:, 1], y, "o", color=style.BLUE)
    _words(axes, "the article's points", "x", "y")


def _longley(axes: Axes) -> None:
    X, y, names = longley()
    axes.plot(X[:, names.index("year")], y / 1000, "s-", color=style.RED, markersize=4)
    _words(axes, "Longley", "year", "jobs, millions")


def _diabetes(axes: Axes) -> None:
    X, y, names = diabetes(standardized=False)
    axes.plot(X[:, names.index("bmi")], y, ".", color=style.BLUE, markersize=3)
    _words(axes, "diabetes", "body mass index", "progression")


def _digits(axes: Axes) -> None:
    ink = digits().u[:SHOWN]
    page = np.block([[np.pad(image, 1) for image in row] for row in np.split(ink, 2)])
    axes.imshow(page, cmap="Greys", aspect="equal")
    axes.set(xticks=[], yticks=[])
    _words(axes, "digits", "8 by 8 pixels each", "")


def _moons(axes: Axes, points: Any, labels: Any) -> None:
    for label, mark, color in ((0, "o", style.BLUE), (1, "^", style.RED)):
        axes.plot(*points[labels == label].T, mark, color=color, markersize=3)
    _words(axes, "two moons", "", "")


def _sequence(axes: Axes) -> None:
    u, y = leaky_memory(np.random.default_rng(0), 1, 40)
    axes.plot(np.arange(1, 41), u[0, :, 0], "-", color=style.BLUE, linewidth=1)
    axes.plot(40, y[0], "X", color=style.RED, markersize=9)
    _words(axes, "a sequence, its target ✕", "time step", "")


def _words(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left")
    axes.set(xlabel=x, ylabel=y)


def draw(figure: Figure, points: Any, labels: Any) -> None:
    """Three measured tables, the digits, the moons (points (n, 2), labels (n,)), one sequence."""
    panels = figure.subplots(3, 2).flat
    for draw_one in (_article, _longley, _diabetes, _digits):
        draw_one(next(panels))
    _moons(next(panels), points, labels)
    _sequence(next(panels))


def unlicensed(description: Any) -> bool:
    """Whether a data set's own description says nothing of a licence or a copyright."""
    text = str(description).lower()
    return not any(word in text for word in ("licen", "copyright", "public domain"))
