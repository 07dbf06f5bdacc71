"""Early stopping beside ridge, for the chapter *How do you build a regularized training run?*."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import diabetes
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.optimizers import Optimizer
from reglib.solvers import gradient_descent, least_squares, ridge
from reglib.training import train
from trial.chapters.patients import Split
from trial.page import style

Floats = NDArray[np.float64]


def verdict(one: Split, lams: Floats, **options: Any) -> Floats:
    """Mean squared test errors (5,) of least squares, early stopping, ridge; of two on all rows.

    The first three are fitted to the training rows; held-out rows stop the second, at half its
    step limit with the `options` of `train`, and choose the lam of the third. The last two are
    least squares, and ridge with lam by GCV, on training and held-out rows together.
    """
    few = one.train
    sgd = Optimizer(learning_rate=0.5 * step_limit(few))
    early = train(few, sgd, np.zeros(few.X.shape[1]), validation=one.held, **options).best_w
    rivals = ridge(few.X, few.y, lams[:, None])
    chosen = rivals[one.held.value(rivals).argmin()]
    fits = np.array([least_squares(few.X, few.y), early, chosen])
    wide = one.pooled()
    return np.r_[2 * one.test.value(fits), wide.test_error([0.0, wide.gcv(lams).best])]


class Stopped:
    """Gradient descent from 0 beside ridge: the weights after k steps, and those of lam."""

    def __init__(self, loss: SquaredError, step: float, n_steps: int) -> None:
        self.loss, self.names, self.step = loss, diabetes().names, step
        options = {"step": step, "tol": 0, "max_iter": n_steps, "record": True}
        self.path = gradient_descent(loss, None, np.zeros(loss.X.shape[1]), **options).path

    def ridge(self, lam: Any) -> Floats:
        return ridge(self.loss.X, self.loss.y, lam)

    def twins(self, k: Any) -> Floats:
        """Ridge weights at lam = 1/(step k), for every k (m,): (m, p)."""
        return self.ridge(1 / (self.step * np.asarray(k, dtype=float))[:, None])

    def apart(self, k: int, lam: float) -> float:
        """||w_k - ridge(lam)|| / ||least squares||."""
        gap = np.linalg.norm(self.path[k] - self.ridge(lam))
        return float(gap / np.linalg.norm(least_squares(self.loss.X, self.loss.y)))

    def draw(self, figure: Figure, held: Any, best_at: int, shown: Any) -> str:
        """Above the errors of both paths, below some weights of both, against the time step k.

        Returns in words what is to be seen.
        """
        top, bottom = figure.subplots(2, 1, sharex=True)
        ks = np.unique(np.geomspace(1, len(self.path) - 1, 120).astype(int))
        time, ours, theirs = self.step * ks, self.path[ks], self.twins(ks)
        top.plot(time, 2 * held.value(ours), color=style.BLUE, label="descent, held-out rows")
        top.plot(time, 2 * held.value(theirs), color=style.RED, ls="--", label="ridge, held-out")
        top.plot(time, 2 * self.loss.value(ours), color=style.BROWN, ls=":", label="training")
        top.axvline(self.step * best_at, color=style.INK, linewidth=1, linestyle=":")
        top.set(xscale="log", title="mean squared error", ylim=(1500, 6500))
        top.legend(loc="upper right")
        for name in shown:
            j = self.names.index(name)
            (line,) = bottom.plot(time, ours[:, j], color=style.BLUE, linestyle="-")
            (twin,) = bottom.plot(time, theirs[:, j], color=style.RED, linestyle="--")
            bottom.text(time[-1] * 1.1, ours[-1, j], name, va="center")
        line.set_label("descent stopped at time t")
        twin.set_label("ridge, λ = 1/t")
        bottom.set(xlabel="time t = step × iterations", title="weights")
        bottom.legend(loc="lower left")
        lowest, ridge_lowest = (2 * held.value(w).min() for w in (ours, theirs))
        return (
            f"Two panels against time, logarithmic. Above, the held-out error of descent falls to "
            f"{lowest:.0f} at a dotted line and rises; that of ridge falls to {ridge_lowest:.0f} "
            "and rises; both end level. The training error only falls. Below, weights of descent "
            f"and of ridge run side by side: {', '.join(shown)}."
        )

    def __call__(self, figure: Figure, k: float, lam: float) -> str:
        """Draw both sets of weights; the sentence says how far apart they are."""
        axes: Axes = figure.subplots()
        places, w, v = np.arange(len(self.names)), self.path[int(k)], self.ridge(lam)
        axes.bar(places, v, color=style.FAINT, edgecolor=style.RED)
        axes.plot(places, w, color=style.BLUE, marker="o", linestyle="none")
        axes.set_xticks(places, self.names)
        axes.set(ylim=(-75, 75), title=f"weights: dots after {k:g} steps, bars ridge λ = {lam:g}")
        axes.set_yticks([-60, -30, 0, 30, 60])
        axes.grid(visible=False, axis="x")
        time = self.step * k
        return (
            f"{k:g} steps of {self.step:.2g} are a time of {time:.3g}; one over it is "
            f"{1 / time:.2g}. Ridge at λ = {lam:g} is {self.apart(int(k), lam):.0%} of the "
            "least-squares length away."
        )
