"""A trace and its diagnosis in one picture, in a notebook and for the command line.

Matplotlib alone is enough here, so that `reglib diagnose --picture` needs nothing else.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib.doctor import Diagnosis
from reglib.extras import extra

with extra("picture"):
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

BLUE, RED, INK = "#0060a8", "#c4460a", "#1b1f24"  # blue and red for the color-blind
MOST = 4000
"""More points than this are not seen; a picture of a million rows takes every k-th."""


def draw(figure: Figure, losses: ArrayLike, norms: ArrayLike, found: Diagnosis) -> None:
    """Loss above, gradient norm below, by step; a dotted line at the step of the diagnosis."""
    panels = figure.subplots(2, 1, sharex=True)
    for axes, values, color, title in zip(
        panels, (losses, norms), (BLUE, RED), ("loss", "gradient norm"), strict=True
    ):
        _line(axes, np.asarray(values, dtype=float), color, found)
        axes.set_title(title, loc="left")
    panels[-1].set_xlabel("step")


def _line(axes: Axes, values: Any, color: str, found: Diagnosis) -> None:
    """Values over steps on a scale that fits them, with a cross at the last before inf or NaN."""
    seen = values[: found.facts.finite]
    every = max(1, len(seen) // MOST)
    shown = np.arange(0, len(seen), every)
    # A power of ten would overflow near 1e308 once margins are added, and 0 has none.
    usable = (seen > 1e-250) & (seen < 1e250)
    axes.plot(
        shown,
        np.where(usable, seen, np.nan)[shown],
        color=color,
        linewidth=1.6,
        marker=".",
        markersize=3 if len(shown) > 30 else 8,
    )
    if usable.any() and seen[usable].max() > 30 * seen[usable].min():
        axes.set_yscale("log")
    if found.facts.first_bad >= 0 and usable.any():
        last = int(np.flatnonzero(usable)[-1])
        axes.plot(last, seen[last], "X", color=INK, markersize=10)
    if found.cause != "healthy":
        axes.axvline(found.at, color=INK, linewidth=1, linestyle=":")


def save(
    path: str | os.PathLike[str], losses: ArrayLike, norms: ArrayLike, found: Diagnosis
) -> None:
    """The picture as a file; its ending says of which kind."""
    figure = Figure(figsize=(6.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure, losses, norms, found)
    figure.suptitle(f"{found.cause} ({found.confidence:.0%})")
    figure.savefig(path, dpi=150)
