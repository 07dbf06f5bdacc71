"""The two figures with sliders of the chapter on data: noisy copies, and one point that moves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from reglib.datasets import add_noise
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.solvers import least_squares, ridge
from trial.chapters.data.figures import huber_fit
from trial.page import style


class NoisyCopies:
    """A line fitted to noisy copies of centered points, beside those of least squares and ridge."""

    SHOWN = 400
    """Dots drawn at most; the fit sees all copies."""

    def __init__(self, x: Any, y: Any) -> None:
        self.X, self.y = np.asarray(x)[:, None], np.asarray(y)
        self.plain = least_squares(self.X, self.y)[0]

    def __call__(self, figure: Figure, sigma: float, copies: float) -> str:
        """Draw the copies and three lines; the sentence compares their slopes and the step."""
        rng, n = np.random.default_rng(0), len(self.y)
        X, y = add_noise(self.X, self.y, sigma, copies=int(copies), rng=rng)
        fitted, goal = least_squares(X, y)[0], ridge(self.X, self.y, sigma**2)[0]
        figure.subplots_adjust(left=0.13, right=0.97, top=0.93, bottom=0.17)
        axes = figure.subplots()
        axes.plot(X[: self.SHOWN, 0], y[: self.SHOWN], ".", color=style.BROWN, alpha=0.4)
        axes.plot(self.X[:, 0], self.y, "o", color=style.INK, markersize=7)
        ends = np.array([-5.0, 5.0])
        for slope, color, dashes, width, name in (
            (self.plain, style.RED, "--", 2, "line of the points alone"),
            (goal, style.BLUE, "-", 3, "ridge with λ = σ²"),
            (fitted, style.INK, ":", 2, "line of the copies"),
        ):
            line = slope * ends
            axes.plot(ends, line, linestyle=dashes, color=color, linewidth=width, label=name)
        axes.set(xlim=ends, ylim=(-15, 15), xlabel="x, centered", title="y, centered")
        axes.legend(loc="upper left")
        error = np.square(fitted * self.X[:, 0] - self.y).sum() / (2 * n)
        return (
            f"σ = {sigma:g}, copies: {copies:g}. The slope is {fitted:.2f}; ridge with λ = σ² has "
            f"{goal:.2f}, the points alone {self.plain:.2f}. The loss on the five points is "
            f"{error:.2f}. The largest stable step is {step_limit(SquaredError(X, y)):.2f}."
        )


class OneMoved:
    """The last of a few points is moved; least squares, the Huber fit and the step limit follow."""

    DELTA = 1.0

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        self.before = [fit[1] for fit in self.fits(self.x, self.y)]

    def fits(self, x: Any, y: Any) -> tuple[Any, Any]:
        """(intercept, slope) of least squares and of the Huber fit."""
        with_ones = np.column_stack([np.ones(len(x)), x])
        return least_squares(with_ones, y), huber_fit(x[:, None], y, self.DELTA)

    def limit(self, x: Any) -> float:
        """The largest stable step of least squares with an intercept."""
        return step_limit(SquaredError(np.column_stack([np.ones(len(x)), x]), self.y))

    def moved(self, values: Any, by: float) -> Any:
        """The same values, the last one moved."""
        return np.append(values[:-1], values[-1] + by)

    def __call__(self, figure: Figure, right: float, up: float) -> str:
        """Draw points, both lines and the limit; the sentence tells slopes and limit."""
        x, y = self.moved(self.x, right), self.moved(self.y, up)
        fits, limit = self.fits(x, y), self.limit(x)
        figure.subplots_adjust(left=0.14, right=0.96, top=0.93, bottom=0.12, hspace=0.45)
        top, bottom = figure.subplots(2, 1, height_ratios=(3, 1))
        ends = np.array([0.0, 26.0])
        looks = (style.RED, "--", "least squares"), (style.BLUE, "-", "Huber, δ = 1")
        for (intercept, slope), (color, dashes, name) in zip(fits, looks, strict=True):
            top.plot(ends, intercept + slope * ends, dashes, color=color, label=name)
        top.plot(self.x[-1], self.y[-1], "o", color=style.INK, fillstyle="none")
        top.plot(x, y, "o", color=style.INK)
        top.set(xlim=ends, ylim=(-50, 65), title="y against x, the last point moved")
        top.legend(loc="lower right")
        plain = self.limit(self.x)
        bottom.barh([1, 0], [plain, limit], color=(style.FAINT, style.GREEN), height=0.6)
        bottom.set_yticks([1, 0], ["before", "now"])
        bottom.set_xticks([0, 0.05, 0.1, 0.15])
        bottom.set(xlim=(0, 0.18), xlabel="largest stable step")
        bottom.grid(visible=False, axis="y")
        (_, one), (_, other) = fits
        return (
            f"Last point moved by {right:g} in x and {up:g} in y. The largest stable step is "
            f"{limit:.4f}, before {plain:.4f}. The slope of least squares is {one:.2f}, before "
            f"{self.before[0]:.2f}; the Huber slope is {other:.2f}, before {self.before[1]:.2f}."
        )
