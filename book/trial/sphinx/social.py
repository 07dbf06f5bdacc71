"""The picture that stands for the book in a message: its scales, its title, and what explodes."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from trial.chapters.front.figures import LINES, ThreeRuns
from trial.page import style

WIDTH, HEIGHT = 1200, 630
PAPER, NAVY, RUST = "#fcfbf8", "#1d3557", "#c1442e"
QUESTION = "Does L1 or L2 stop\ngradients from exploding?"


def draw(title: str) -> Image.Image:
    """Title and question on the left, the runs of the first page's figure on the right."""
    with mpl.rc_context(style.LOOK):
        return style.pixels(_figure(title), 1)


def _figure(title: str) -> Figure:
    figure = style.new_figure((WIDTH / 100, HEIGHT / 100), layout="none")
    figure.set_facecolor(PAPER)
    _scales(figure.add_axes((0.055, 0.7, 0.105, 0.2), facecolor="none"))
    text = {"ha": "left", "va": "top", "color": style.INK, "family": "serif"}
    first, _, rest = title.partition(" ")
    figure.text(0.055, 0.62, f"{first}\n{rest}", size=44, weight="bold", linespacing=1.15, **text)
    figure.text(0.055, 0.29, QUESTION, size=25, linespacing=1.4, **text)
    axes = figure.add_axes((0.56, 0.16, 0.4, 0.68), facecolor=PAPER)
    runs = ThreeRuns().runs(lam=3.0, step=0.15)
    for (name, run), (color, dashes) in zip(runs.items(), LINES, strict=True):
        moved = np.linalg.norm(np.diff(run.path[:130], axis=0), axis=-1)
        axes.plot(moved, color=color, linestyle=dashes, linewidth=5, label=name)
    axes.set(yscale="log", ylim=(1e-9, 1e13), xticks=[], yticks=[])
    axes.set_yticks([], minor=True)
    axes.legend(loc="lower right", fontsize=17)
    return figure


def _scales(axes: Axes) -> None:
    """The mark of the book, on the grid of 64 of its drawings."""
    axes.set(xlim=(0, 64), ylim=(62, 0), aspect="equal")
    axes.axis("off")
    stroke = {"color": NAVY, "linewidth": 6, "linestyle": "-", "solid_capstyle": "round"}
    for x, y in (((11, 53), (24, 24)), ((32, 32), (24, 56)), ((22, 42), (57, 57))):
        axes.plot(x, y, **stroke)
    for middle in (14, 50):
        axes.plot((middle - 7.5, middle, middle + 7.5), (41, 24, 41), **stroke | {"linewidth": 4})
        turn = np.linspace(0, np.pi, 40)
        axes.fill(middle + 9 * np.cos(turn), 41 + 7 * np.sin(turn), color=NAVY)
    t = np.linspace(0, 1, 40)[:, None]
    corners = np.array([[12, 18], [36, 18], [45, 15], [48, 3]])
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    axes.plot(*(weights @ corners).T, **stroke | {"color": RUST, "linewidth": 6.5})
