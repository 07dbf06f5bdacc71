"""The pictures of the chapter *Can a penalty save the article's regression?*."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.diagnostics import step_limit
from reglib.penalties import L2, Masked
from reglib.solvers import gradient_descent, ridge
from trial.chapters.one_step.figures import LINES, ending
from trial.page import style

SHOWN = ("coupled", "proximal")
STEPS = (0.02, 1.0)


def iterations(loss: Any, mask: Any, lam: float, w0: Any, steps: Any, tol: float = 1e-6) -> Any:
    """First k with ||w_k - w*|| <= tol for each step: > 0; minus the divergence, or 0 for neither.

    The penalty is a coupled L2 term on the weights of `mask`, the minimum w* its ridge solution.
    """
    run = gradient_descent(
        loss,
        Masked(L2(lam), mask),
        w0,
        step=np.asarray(steps)[:, None],
        tol=0,
        max_iter=10_000,
        record=True,
    )
    goal = ridge(loss.X, loss.y, lam, mask=mask)
    near = np.linalg.norm(run.path - goal, axis=-1) <= tol
    found = np.where(near.any(axis=0), near.argmax(axis=0), 0)
    return np.where(run.diverged_at >= 0, -run.diverged_at, found)


def draw_losses(figure: Figure, losses: dict[str, NDArray[np.float64]], best: float) -> None:
    """Data loss against iterations for several steps, on a logarithmic scale."""
    axes = figure.subplots()
    for label, loss in losses.items():
        axes.plot(loss, label=label)
    axes.axhline(best, color=style.INK, linewidth=1, linestyle=":")
    axes.set(yscale="log", ylim=(0.1, 1e6), xlabel="iteration", title="data loss")
    axes.legend(title="step / limit")


def draw_coefficients(figure: Figure, lams: Any, slopes: dict[str, Any]) -> None:
    """The slope as a function of lam, one line for each penalty."""
    axes = figure.subplots()
    for label, slope in slopes.items():
        axes.plot(lams, slope, label=label)
    axes.set(xscale="log", xlabel="penalty λ", title="slope W")
    axes.legend()


class Rescue:
    """One step and one lam on the article's data: both limits, and how both placements fare."""

    def __init__(self, loss: Any, w0: Any) -> None:
        self.loss, self.w0, self.mask = loss, w0, [False, True]

    def __call__(self, figure: Figure, lam: float, step: float) -> str:
        """Draw the ruler of steps above, the runs below; the sentence says how each ends."""
        figure.subplots_adjust(left=0.13, right=0.97, top=0.93, bottom=0.11, hspace=0.6)
        ruler, below = figure.subplots(2, 1, height_ratios=(1, 4))
        limits = {p: float(step_limit(self.loss, lam, p, mask=self.mask)) for p in SHOWN}
        self._ruler(ruler, limits, step)
        ends = {p: self._run(below, lam, step, p) for p in SHOWN}
        words = "; ".join(f"{p} L2 (limit {limits[p]:.3f}) {ends[p]}" for p in SHOWN)
        return f"λ = {lam:.3g}, step {step:.3g}: {words}."

    def _ruler(self, axes: Axes, limits: dict[str, float], step: float) -> None:
        for placement, limit in limits.items():
            color, dashes = LINES[placement]
            axes.axvline(min(limit, STEPS[1]), color=color, linestyle=dashes, linewidth=3)
        axes.axvline(2 / self.loss.lipschitz(), color=style.INK, linewidth=1, linestyle=":")
        axes.plot(step, 0.5, marker="o", markersize=12, color=style.INK)
        axes.set(xscale="log", xlim=STEPS, ylim=(0, 1), yticks=[], title="your step, both limits")
        axes.set_xticks([0.02, 0.05, 0.1, 0.2, 0.5, 1], ["0.02", "0.05", "0.1", "0.2", "0.5", "1"])
        axes.minorticks_off()
        axes.grid(False)

    def _run(self, axes: Axes, lam: float, step: float, placement: str) -> str:
        penalty = Masked(L2(lam), self.mask)
        options = {"step": step, "placement": placement, "tol": 1e-6, "max_iter": 3000}
        run = gradient_descent(self.loss, penalty, self.w0, **options, record=True)
        goal = ridge(self.loss.X, self.loss.y, lam, mask=self.mask)
        distance = np.linalg.norm(run.path[:400] - goal, axis=-1)
        color, dashes = LINES[placement]
        axes.plot(distance, color=color, linestyle=dashes, label=f"{placement} L2")
        axes.set(yscale="log", xlim=(0, 400), ylim=(1e-7, 1e13), xlabel="iteration")
        axes.set_title("distance to the minimum")
        axes.legend(loc="upper right")
        return ending(run)
