"""The pictures of the chapter *What does a penalty do to one step?*, and the map behind them.

A map has two halves that share no code: which cells diverge is found by running `gradient_descent`,
where they should begin is what `step_limit` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reglib.diagnostics import step_limit
from reglib.penalties import L2
from reglib.solvers import PLACEMENTS, gradient_descent, ridge
from trial.page import style

NAMES = {
    "coupled": "coupled",
    "decoupled": "decoupled",
    "shrink_after": "shrink after",
    "proximal": "proximal",
}
LINES = {
    "coupled": (style.RED, "-"),
    "decoupled": (style.PURPLE, ":"),
    "shrink_after": (style.GREEN, "-."),
    "proximal": (style.BLUE, "--"),
}
DIVERGES = "#f7c9b4"
BOTH_DIVERGE = "#c9ced6"


@dataclass(frozen=True, eq=False)
class StabilityMap:
    """Which runs diverged, by placement (steps, lams), on a loss with an L2 term on all weights."""

    loss: Any
    lams: NDArray[np.float64]
    steps: NDArray[np.float64]
    diverged: dict[str, NDArray[np.bool_]]


def run_map(loss: Any, w0: Any, lams: Any, steps: Any, max_iter: int = 2000) -> StabilityMap:
    """Run gradient descent in every cell of (steps x lams), all cells of a placement together."""
    lams, steps = np.asarray(lams), np.asarray(steps)
    shape, cells = (len(steps), len(lams)), (np.tile(lams, len(steps)), np.repeat(steps, len(lams)))
    fates = {
        placement: _diverges(loss, w0, *cells, placement, max_iter).reshape(shape)
        for placement in PLACEMENTS
    }
    return StabilityMap(loss, lams, steps, fates)


def _diverges(
    loss: Any, w0: Any, lams: Any, steps: Any, placement: str, max_iter: int
) -> NDArray[np.bool_]:
    """Which of the runs, one for each (lam, step), diverged within `max_iter` iterations.

    Gradient descent has no memory, so a run may be continued from its last weights: every hundred
    iterations those that converged or diverged leave the sweep. Most do so early.
    """
    w = np.tile(np.asarray(w0, dtype=float), (len(lams), 1))
    diverged, left = np.zeros(len(lams), dtype=bool), np.arange(len(lams))
    for done in range(0, max_iter, 100):
        options = {"step": steps[left, None], "max_iter": min(100, max_iter - done)}
        run = gradient_descent(loss, L2(lams[left, None]), w[left], placement=placement, **options)
        w[left], diverged[left] = run.w, run.diverged_at >= 0
        left = left[~(run.converged | diverged[left])]
        if not len(left):
            break
    return diverged


def agreement(cells: StabilityMap, placement: str) -> tuple[float, int]:
    """Share of cells where the run does what `step_limit` says, and how many were compared.

    The cells that a boundary passes through are left out: their middle is too close to call in a
    finite run.
    """
    half = np.sqrt(cells.steps[1] / cells.steps[0])
    agree, compared = 0, 0
    for column, lam in enumerate(cells.lams):
        intervals = step_limit(cells.loss, lam, placement, islands=True)
        steps = cells.steps[:, None]
        stable = ((intervals[:, 0] < steps) & (steps < intervals[:, 1])).any(axis=1)
        ends = intervals[np.isfinite(intervals) & (intervals > 0)]
        far = (np.abs(np.log(ends / steps)) > np.log(half)).all(axis=1)
        agree += int((cells.diverged[placement][:, column] != stable)[far].sum())
        compared += int(far.sum())
    return agree / compared, compared


def edges(cells: StabilityMap, placement: str) -> list[NDArray[np.float64]]:
    """Every edge of stability that theory predicts, each a line of steps through the lams."""
    intervals = [step_limit(cells.loss, x, placement, islands=True) for x in cells.lams]
    lines = []
    for k in range(max(len(i) for i in intervals)):
        for side in (0, 1):
            line = [i[k, side] if k < len(i) and i[k, side] > 0 else np.nan for i in intervals]
            lines.append(np.array(line))
    return lines


def _paint(axes: Axes, cells: StabilityMap, values: Any, colors: list[str]) -> None:
    """Color every cell by its value 0, 1, ...; both axes are logarithmic.

    The cells are equally wide on a logarithmic axis, so one image does what 2400 quadrilaterals
    would, ten times faster.
    """
    for side, grid in (("x", cells.lams), ("y", cells.steps)):
        half = np.sqrt(grid[1] / grid[0])
        axes.set(**{f"{side}scale": "log", f"{side}lim": (grid[0] / half, grid[-1] * half)})
        ticks = np.outer(10.0 ** np.arange(-4, 4), [1, 2, 5]).ravel()
        ticks = ticks[(grid[0] < ticks) & (ticks < grid[-1])]
        if len(ticks) > 5:
            ticks = ticks[np.isclose(np.log10(ticks) % 1, 0)]
        axis = getattr(axes, f"{side}axis")
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(False)
    axes.imshow(
        values,
        cmap=ListedColormap(colors),
        vmin=0,
        vmax=len(colors) - 1,
        origin="lower",
        interpolation="nearest",
        extent=(0, 1, 0, 1),
        transform=axes.transAxes,
        aspect="auto",
    )


def draw_maps(figure: Figure, cells: StabilityMap) -> None:
    """One panel for each placement: colored where the run diverged, a line where it should."""
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, placement in zip(panels.flat, PLACEMENTS, strict=True):
        _paint(axes, cells, cells.diverged[placement], ["white", DIVERGES])
        color, dashes = LINES[placement]
        for line in edges(cells, placement):
            axes.plot(cells.lams, line, color=color, linestyle=dashes)
        axes.axhline(2 / cells.loss.lipschitz(), color=style.INK, linewidth=1, linestyle=":")
        axes.set_title(NAMES[placement])
    for axes in panels[1]:
        axes.set_xlabel("penalty λ")
    for axes in panels[:, 0]:
        axes.set_ylabel("step s")
    handles = [
        Patch(facecolor=DIVERGES, edgecolor=style.INK, linewidth=0.5, label="the run diverged"),
        Line2D([], [], color=style.INK, linewidth=1, linestyle=":", label="2/L, no penalty"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)


def iterations(
    loss: Any, penalty: Any, w0: Any, steps: Any, goal: Any, placement: str, max_iter: int = 5000
) -> NDArray[np.float64]:
    """Iterations until all later ones are within 1e-6 of `goal`, for each step; nan if never."""
    run = gradient_descent(
        loss,
        penalty,
        w0,
        step=np.asarray(steps)[:, None],
        placement="proximal" if placement == "proximal" else "coupled",
        tol=0,
        max_iter=max_iter,
        record=True,
    )
    far = ~(np.linalg.norm(run.path - goal, axis=-1) <= 1e-6)  # nan is far
    last = len(far) - np.argmax(far[::-1], axis=0)  # one after the last far one
    return np.where(far[-1], np.nan, last.astype(float))


def draw_needed(figure: Figure, steps: Any, needed: dict[str, NDArray[np.float64]]) -> None:
    """Iterations against the step, a curve for each run and a dot at its best step."""
    axes = figure.subplots()
    looks = {
        "no penalty": (style.BROWN, "-."),
        "coupled": LINES["coupled"],
        "proximal": LINES["proximal"],
    }
    for name, count in needed.items():
        color, dashes = looks[name]
        label = name if name == "no penalty" else f"L2, {name}"
        axes.plot(steps, count, color=color, linestyle=dashes, label=label)
        at = np.nanargmin(count)
        axes.plot(steps[at], count[at], "o", color=color)
    axes.set(xscale="log", yscale="log", ylim=(8, 3e4))
    axes.set(xlabel="step s", title="iterations needed")
    axes.legend(loc="upper right")


def draw_lines(figure: Figure, lines: dict[str, Any], title: str, xlabel: str) -> Axes:
    """Named lines over 0, 1, 2, ... or over given (x, y), each in its own color and style."""
    axes = figure.subplots()
    for label, line in lines.items():
        axes.plot(*(line if isinstance(line, tuple) else (line,)), label=label)
    axes.set(title=title, xlabel=xlabel)
    axes.legend()
    return axes


def ending(run: Any) -> str:
    """What became of one run, in words."""
    if run.diverged_at >= 0:
        return f"diverges, a weight passes 1e12 at iteration {run.diverged_at}"
    return f"converges in {run.n_iter} iterations" if run.converged else "has not settled"


class OneStep:
    """Two placements at one (lam, step): the map with a marker, and both paths over the loss."""

    SHOWN = ("coupled", "proximal")

    def __init__(self, cells: StabilityMap, w0: Any) -> None:
        self.cells, self.w0 = cells, np.asarray(w0, dtype=float)
        self.edges = {placement: edges(cells, placement) for placement in self.SHOWN}
        best = ridge(cells.loss.X, cells.loss.y, 0.0)
        low, high = np.minimum(self.w0, best) - 2, np.maximum(self.w0, best) + 2
        self.grid = np.meshgrid(*(np.linspace(*ends, 60) for ends in zip(low, high, strict=True)))
        self.height = cells.loss.value(np.stack(self.grid, axis=-1))

    def __call__(self, figure: Figure, lam: float, step: float) -> str:
        """Draw both panels; the sentence says how each run ends."""
        figure.subplots_adjust(left=0.11, right=0.98, top=0.95, bottom=0.08, hspace=0.42)
        top, bottom = figure.subplots(2, 1, height_ratios=(1, 1.2))
        self._map(top, lam, step)
        endings = {placement: self._path(bottom, lam, step, placement) for placement in self.SHOWN}
        share = step * self.cells.loss.lipschitz() / 2
        words = "; ".join(f"{placement} L2 {ending}" for placement, ending in endings.items())
        return (
            f"λ = {lam:.3g}, step {step:.3g} ({share:.2f} of the limit without a penalty): {words}."
        )

    def _map(self, axes: Axes, lam: float, step: float) -> None:
        both = sum(self.cells.diverged[placement].astype(int) for placement in self.SHOWN)
        _paint(axes, self.cells, both, ["white", DIVERGES, BOTH_DIVERGE])
        for placement in self.SHOWN:
            color, dashes = LINES[placement]
            for line in self.edges[placement]:
                axes.plot(self.cells.lams, line, color=color, linestyle=dashes)
        for value, words in enumerate(("both converge", "only coupled diverges", "both diverge")):
            rows, columns = np.nonzero(both == value)
            if len(rows):  # written in the middle of its region
                at = (columns.mean() + 0.5) / both.shape[1], (rows.mean() + 0.5) / both.shape[0]
                axes.text(*at, words, transform=axes.transAxes, ha="center", va="center")
        axes.plot(lam, step, marker="o", markersize=11, color=style.INK, linestyle="none")
        axes.plot(lam, step, marker="o", markersize=4, color="white", linestyle="none")
        axes.set(xlabel="penalty λ", ylabel="step s", title="where you are")

    def _path(self, axes: Axes, lam: float, step: float, placement: str) -> str:
        loss = self.cells.loss
        options = {"step": step, "placement": placement, "tol": 1e-6, "max_iter": 2000}
        run = gradient_descent(loss, L2(lam), self.w0, **options, record=True)
        far = np.abs(run.path).max(axis=1) > 1e3  # beyond the picture: no need to draw on
        path = run.path[: far.argmax() + 1 if far.any() else None]
        if placement == self.SHOWN[0]:
            levels = self.height.min() + np.geomspace(0.05, np.ptp(self.height), 8)
            axes.contour(*self.grid, self.height, levels, colors=style.FAINT, linewidths=1)
        color, dashes = LINES[placement]
        label = f"{placement} L2"
        axes.plot(*path.T, color=color, linestyle=dashes, marker=".", linewidth=1.2, label=label)
        goal = ridge(loss.X, loss.y, lam)
        axes.plot(*goal, marker="*", markersize=13, color=style.INK, linestyle="none")
        axes.set(xlim=self.grid[0][0, [0, -1]], ylim=self.grid[1][[0, -1], 0])
        axes.set(xlabel="intercept b", ylabel="slope W", title="the path of the weights")
        axes.legend(loc="upper right")
        return ending(run)
