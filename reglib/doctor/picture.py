"""A log and its diagnosis in one picture, in a notebook and for the command line.

Matplotlib alone is enough here, so that `reglib diagnose --picture` needs nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from reglib.doctor.report import Report
from reglib.extras import extra

BLUE, RED, GREEN, INK = "#0060a8", "#c4460a", "#1b7a3d", "#1b1f24"  # for the color-blind
MOST = 4000
"""More points than this are not seen; a picture of a million rows takes every k-th."""


def draw(figure: object, report: Report) -> None:
    """Loss above, with the validation loss; gradient norm below; a dotted line where to look."""
    t = report.trace
    panels = [("loss", t.f, BLUE)]
    if report.measures.norms:
        panels.append(("gradient norm", t.g, RED))
    made = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]  # type: ignore[attr-defined]
    for axes, (title, values, color) in zip(made, panels, strict=True):
        _line(axes, t.step, values, color)
        axes.set_title(title, loc="left")
        if report.step is not None and report.key != "healthy":
            axes.axvline(report.step, color=INK, linewidth=1, linestyle=":")
    if t.validation and t.step:
        steps = [t.step[min(row, len(t.step) - 1)] for row, _ in t.validation]
        made[0].plot(steps, [v for _, v in t.validation], color=GREEN, label="validation")
        made[0].legend()
    if t.lost and t.step:
        made[0].plot(t.step[-1], t.f[-1], "X", color=INK, markersize=10)
    made[-1].set_xlabel("step")


def _line(axes: object, steps: Sequence[float], values: Sequence[float], color: str) -> None:
    """Values over steps on a scale that fits them."""
    every = max(1, len(values) // MOST)
    # A power of ten would overflow near 1e308 once margins are added.
    seen = [v if abs(v) < 1e250 else float("nan") for v in values[::every]]
    size = 3 if len(seen) > 30 else 8
    axes.plot(steps[::every], seen, color=color, linewidth=1.6, marker=".", markersize=size)  # type: ignore[attr-defined]
    usable = [v for v in seen if v == v]
    if usable and min(usable) > 0 and max(usable) > 30 * min(usable):
        axes.set_yscale("log")  # type: ignore[attr-defined]


def save(path: str | os.PathLike[str], report: Report) -> None:
    """The picture as a file. ImportError, in words: no matplotlib. ValueError: its ending."""
    with extra("picture"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    figure = Figure(figsize=(6.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure, report)
    figure.suptitle(f"{report.cause} ({report.sure})")
    figure.savefig(path, dpi=150)
