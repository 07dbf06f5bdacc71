"""The figure of the questions: how long an explosion stands in the log before it is a NaN."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import article
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.solvers import least_squares
from trial.page import style

SHARES = (1.05, 1.1, 1.2, 1.5, 2.0, 3.0)
LARGEST = {
    name: float(np.log(np.finfo(kind).max))
    for name, kind in (("half", np.float16), ("single", np.float32), ("double", np.float64))
}
"""Logarithm of the largest float of each precision."""
SEEN = 10.0
"""A loss this many times its start is seen by whoever looks."""


class Overflow:
    """The article's five points and its start, at a step above the limit, in three precisions.

    On least squares the k-th iterate of gradient descent has the loss
    f* + sum_i h_i/2 d_i^2 (1 - s h_i)^(2k), h_i being the curvatures and d_i the start's distances
    along their directions; its logarithm has no largest float.
    """

    def __init__(self) -> None:
        X, y, _ = article()
        self.loss, self.w0, best = SquaredError(X, y), np.array([3.0, 2.0]), least_squares(X, y)
        self.limit = float(step_limit(self.loss))
        self.curvatures, directions = np.linalg.eigh(self.loss.curvature())
        self.parts = np.log(self.curvatures / 2 * (directions.T @ (self.w0 - best)) ** 2)
        self.least = np.log(self.loss.value(best))

    def logs(self, share: float, n_steps: int) -> NDArray[np.float64]:
        """log of the loss at iterations 0 to n_steps (n_steps + 1,); the step is share * 2/L."""
        rates = np.log(np.abs(1 - share * self.limit * self.curvatures))
        terms = self.parts + 2 * np.arange(n_steps + 1)[:, None] * rates
        return np.logaddexp(self.least, np.logaddexp.reduce(terms, axis=1))

    def times(self, share: float, precision: str) -> tuple[int, int]:
        """(first iteration at SEEN times the start's loss, first one past the largest float)."""
        logs = self.logs(share, 4000)
        return tuple(
            int(np.argmax(logs > level)) for level in (np.log(SEEN) + logs[0], LARGEST[precision])
        )

    def __call__(self, figure: Figure, share: float, precision: float) -> str:
        """Draw log10 of the loss up to its end; the sentence has the two iterations."""
        name = list(LARGEST)[int(precision)]
        seen, end = self.times(share, name)
        powers = self.logs(share, end - 1) / np.log(10)
        top = LARGEST[name] / np.log(10)
        figure.subplots_adjust(left=0.11, right=0.98, top=0.97, bottom=0.17)
        axes = figure.subplots()
        axes.axhline(top, color=style.INK, linestyle=":", label=f"largest {name} float")
        axes.plot(powers, color=style.RED, label="loss")
        axes.plot(seen, powers[seen], "o", color=style.BLUE, label=f"{SEEN:g} times the start")
        axes.plot(end - 1, powers[-1], "X", color=style.RED, markersize=10, label="last number")
        axes.set(xlim=(-0.02 * end, 1.04 * end), ylim=(-0.04 * top, 1.1 * top), xlabel="iteration")
        marks = np.linspace(0, top, 5).round()
        axes.set_yticks(marks, [f"1e{mark:.0f}" for mark in marks])
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0.93))
        return (
            f"Step {share:g} times the limit, {name} precision. The loss is {SEEN:g} times its "
            f"first value at iteration {seen} and overflows at iteration {end}: the log shows it "
            f"{end - seen} iterations before."
        )
