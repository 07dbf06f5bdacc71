"""The figure of the book's first page: one step, one penalty, three runs of gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.penalties import L2
from reglib.solvers import gradient_descent
from trial.chapters.one_step.figures import ending
from trial.page import style
from trial.page.interactive import Explore, explore

LAMS = (0.0, 1.0, 3.0, 8.0, 20.0)
STEPS = (0.05, 0.1, 0.15, 0.2, 0.4, 1.0)
SHOWN = 150
"""Iterations drawn; the runs themselves go on until they settle or explode."""
HEIGHTS = (1e-6, 1e12)
PENALIZED = {"L2 in the loss": "coupled", "L2 as a proximal step": "proximal"}
LINES = ((style.INK, ":"), (style.RED, "-"), (style.BLUE, "--"))


class ThreeRuns:
    """The article's five points and its start, with the penalty nowhere, in the loss, or proximal.

    Drawn is the length of each step divided by s: the length of the gradient, for the proximal run
    that of the gradient mapping, which is 0 at the minimum just so.
    """

    def __init__(self) -> None:
        X, y, _ = article()
        self.loss, self.w0 = SquaredError(X, y), [3.0, 2.0]
        self.plain: dict[float, Any] = {}

    def runs(self, lam: float, step: float) -> dict[str, Any]:
        """The three runs by name."""
        options = {"step": step, "tol": 1e-6, "max_iter": 5000, "record": True}
        penalized = {
            name: gradient_descent(self.loss, L2(lam), self.w0, placement=placement, **options)
            for name, placement in PENALIZED.items()
        }
        if step not in self.plain:
            self.plain[step] = gradient_descent(self.loss, None, self.w0, **options)
        return {"no penalty": self.plain[step]} | penalized

    def __call__(self, figure: Figure, lam: float, step: float) -> str:
        """Draw the three lines; the sentence says how each run ends."""
        figure.subplots_adjust(left=0.1, right=0.98, top=0.84, bottom=0.15)
        axes = figure.subplots()
        runs = self.runs(lam, step)
        for (name, run), (color, dashes) in zip(runs.items(), LINES, strict=True):
            moved = np.linalg.norm(np.diff(run.path[: SHOWN + 2], axis=0), axis=-1) / step
            axes.plot(moved, color=color, linestyle=dashes, linewidth=2.6, label=name)
        axes.set(yscale="log", xlim=(0, SHOWN), ylim=HEIGHTS, xlabel="iteration")
        axes.set_yticks([1e-6, 1, 1e6, 1e12], ["10⁻⁶", "1", "10⁶", "10¹²"])
        axes.set_yticks([], minor=True)
        figure.suptitle("length of the gradient", x=0.1, y=0.99, ha="left", weight="bold", size=12)
        place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 0.98), "ncols": 3}
        axes.legend(**place, columnspacing=1.2, borderpad=0.2)
        return f"λ = {lam:g}, step {step:g}. {endings(runs)}."


def endings(runs: dict[str, Any]) -> str:
    """How each run ends; said once where all end alike."""
    words = {name: short(run) for name, run in runs.items()}
    if len(set(words.values())) == 1:
        return f"All three runs do the same: each {words['no penalty']}"
    return ". ".join(f"{name[0].upper()}{name[1:]}: {said}" for name, said in words.items())


def short(run: Any) -> str:
    """What became of one run, in two or three words."""
    if run.diverged_at >= 0:
        return "explodes"
    return f"converges in {run.n_iter} steps" if run.converged else ending(run)


def hero() -> Explore:
    """The figure, set to where the popular advice turns a run that converges into an explosion."""
    return explore(
        ThreeRuns(),
        figsize=(6, 3.6),
        lam=LAMS,
        step=STEPS,
        start={"lam": LAMS.index(3.0), "step": STEPS.index(0.15)},
        labels={"lam": "penalty λ", "step": "step s"},
    )
