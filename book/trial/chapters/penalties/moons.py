"""The boundary experiment of *What is a penalty?*: logistic fits on the two moons.

The length of a decision boundary is measured on its picture; which runs diverge is found by
running them. The two share the data and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.diagnostics import step_limit
from reglib.losses import LogisticLoss
from reglib.penalties import L2, Masked
from reglib.solvers import gradient_descent, newton
from trial.page import style

Array = NDArray[np.float64]
WINDOW = ((-2.0, 3.0), (-1.5, 2.0))
"""Where the boundary is measured: the ranges of the two coordinates."""
PLACEMENTS = {"coupled": (style.RED, "-"), "proximal": (style.BLUE, "--")}


class Moons:
    """Points (n, 2) with labels, their features (a column of ones first), and the fits so far.

    `features` turns points (k, 2) into (k, p). Every weight but the first is penalized.
    """

    def __init__(self, points: Array, labels: Any, features: Callable[[Array], Array]) -> None:
        self.points, self.labels = points, np.asarray(labels)
        self.loss = LogisticLoss(features(points), labels)
        self.mask = np.arange(self.loss.X.shape[1]) > 0
        self.features, self.fits = features, {}
        self.grid = np.meshgrid(np.linspace(*WINDOW[0], 300), np.linspace(*WINDOW[1], 210))
        self.on_grid = features(np.column_stack([side.ravel() for side in self.grid]))

    def weights(self, lam: float) -> Array:
        """The fitted weights, computed once."""
        if lam not in self.fits:
            start = np.zeros(self.mask.size)
            self.fits[lam] = newton(self.loss, lam, start, mask=self.mask).w
        return self.fits[lam]

    def boundary(self, lam: float) -> list[Array]:
        """The pieces of the curve on which the fitted score is 0, each (k, 2)."""
        return level_lines(*self.grid, (self.on_grid @ self.weights(lam)).reshape(210, 300))

    def length(self, lam: float) -> float:
        """How long the boundary is inside the window."""
        return float(sum(lengths(piece) for piece in self.boundary(lam)))

    def accuracy(self, lam: float, points: Array, labels: Any) -> float:
        """The share of new points on the right side."""
        return float(((self.features(points) @ self.weights(lam) > 0) == labels).mean())

    def limit(self, lam: float) -> float:
        """The largest stable step of coupled gradient descent near the fitted weights."""
        return float(step_limit(self.curvature(lam), lam, mask=self.mask))

    def curvature(self, lam: float) -> Array:
        """The Hessian of the loss alone at the fitted weights."""
        return self.loss.hessian_vector(self.weights(lam), np.eye(self.mask.size))


def level_lines(x: Array, y: Array, height: Array) -> list[Array]:
    """The pieces of the curve height = 0 over a grid, found by matplotlib's contouring."""
    axes = Figure().add_subplot()
    found = axes.contour(x, y, height, levels=[0.0]).allsegs[0]
    return [np.asarray(piece) for piece in found if len(piece) > 1]


def turning(line: Array, chord: float = 0.05) -> float:
    """The sum of all changes of direction of a line (k, 2), in radians.

    Measured between points a chord apart: the line follows a grid, whose
    jags are no turns.
    """
    pieces = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.append(0, np.cumsum(pieces))
    at = np.linspace(0, along[-1], max(int(along[-1] / chord), 4))
    steps = np.diff([np.interp(at, along, x) for x in line.T], axis=1)
    directions = np.unwrap(np.arctan2(steps[1], steps[0]))
    return float(np.abs(np.diff(directions)).sum())


def lengths(piece: Array) -> float:
    """The length of a polygonal line (k, 2)."""
    return float(np.linalg.norm(np.diff(piece, axis=0), axis=1).sum())


def descend(moons: Moons, lam: Any, step: Any, placement: str, n_iter: int) -> Any:
    """Gradient descent from zero, every step recorded; lam and step may be sweeps (..., 1)."""
    return gradient_descent(
        moons.loss,
        Masked(L2(lam), moons.mask),
        np.zeros(moons.mask.size),
        step=step,
        placement=placement,
        tol=0,
        max_iter=n_iter,
        record=True,
    )


def draw_points(axes: Axes, moons: Moons) -> None:
    """Both classes, told apart by shape as well as by color."""
    for label, color, marker in ((0, style.PURPLE, "o"), (1, style.GREEN, "^")):
        chosen = moons.points[moons.labels == label].T
        axes.plot(*chosen, marker=marker, color=color, markersize=2.5, linestyle="none")
    axes.set(xlim=WINDOW[0], ylim=WINDOW[1])
    axes.grid(False)


def draw_boundaries(figure: Figure, moons: Moons, straight: Moons, lams: Any) -> str:
    """One panel for each lam: the curved boundary and, dashed, that of a linear model.

    Returns in words what is to be seen.
    """
    panels = figure.subplots(len(lams), 1, sharex=True, sharey=True)
    for axes, lam in zip(panels, lams, strict=True):
        draw_points(axes, moons)
        for model, color, dashes in ((straight, style.BLUE, "--"), (moons, style.INK, "-")):
            for piece in model.boundary(lam):
                axes.plot(*piece.T, color=color, linestyle=dashes, linewidth=2)
        axes.set_title(f"λ = {lam:g}: length {moons.length(lam):.2f}, dashed: a linear model")
    bends = (f"{sum(map(turning, moons.boundary(lam))):.1f} at λ = {lam:g}" for lam in lams)
    return (
        f"{len(lams)} panels with two interleaved moons of points and the boundary between them. "
        "At the weakest penalty it winds and has extra loops far from the points, at the strongest "
        f"it is flatter. It turns by {', '.join(bends)}. The dashed boundary of the linear "
        "model is a straight line in all of them."
    )


class Trial:
    """The boundary at one lam above, and below it what gradient descent does at one step."""

    N_ITER = 300

    def __init__(self, moons: Moons, lams: list[float], steps: list[float]) -> None:
        self.moons, self.lams, self.steps = moons, lams, steps
        grid = {"lam": np.reshape(lams, (-1, 1, 1)), "step": np.reshape(steps, (-1, 1))}
        self.norms, self.ended = {}, {}
        for placement in PLACEMENTS:
            run = descend(moons, **grid, placement=placement, n_iter=self.N_ITER)
            self.norms[placement] = np.linalg.norm(run.path, axis=-1)
            self.ended[placement] = run.diverged_at
        free = descend(moons, 0.0, grid["step"], "coupled", self.N_ITER)
        self.norms["no penalty"] = np.linalg.norm(free.path, axis=-1)
        self.lines = {lam: moons.boundary(lam) for lam in lams}

    def __call__(self, figure: Figure, lam: float, step: float) -> str:
        """Draw both panels; the sentence says how long the boundary is and how the runs end."""
        i, j = self.lams.index(lam), self.steps.index(step)
        figure.subplots_adjust(left=0.13, right=0.97, top=0.95, bottom=0.09, hspace=0.35)
        top, bottom = figure.subplots(2, 1, height_ratios=(1.25, 1))
        draw_points(top, self.moons)
        for piece in self.lines[lam]:
            top.plot(*piece.T, color=style.INK, linestyle="-")
        length = sum(lengths(piece) for piece in self.lines[lam])
        top.set_title(f"boundary at λ = {lam:g}: length {length:.2f}")
        endings = [self._line(bottom, (i, j), placement) for placement in PLACEMENTS]
        calm = self.norms["no penalty"][:, j]
        bottom.plot(calm, color=style.BROWN, linestyle="-.", label="no penalty")
        bottom.set(yscale="log", ylim=(0.05, 1e13), xlim=(0, self.N_ITER))
        bottom.set_yticks([1, 1e3, 1e6, 1e9, 1e12])
        bottom.minorticks_off()  # each tick costs a millisecond a frame
        bottom.set(xlabel="iteration", title="size of the weights")
        bottom.legend(loc="upper right")
        return (
            f"λ = {lam:.3g}, step {step:.3g}, product {lam * step:.3g}: the boundary is "
            f"{length:.2f} long; the limit near the minimum is {self.moons.limit(lam):.3g}; "
            f"{', '.join(endings)}; without a penalty ‖w‖ is {calm[-1]:.3g}."
        )

    def _line(self, axes: Axes, at: tuple[int, int], placement: str) -> str:
        """Draw one run; in words, how it ends."""
        norms, end = self.norms[placement][:, *at], int(self.ended[placement][at])
        color, dashes = PLACEMENTS[placement]
        shown = norms[: end + 1] if end >= 0 else norms
        axes.plot(shown, color=color, linestyle=dashes, label=f"{placement} L2")
        if end >= 0:
            return f"{placement} L2 diverges at iteration {end}"
        # Far beyond the limit a run is chaotic: only the order of its size can be repeated.
        return f"{placement} L2 keeps ‖w‖ below {10 ** np.ceil(np.log10(norms.max())):.0f}"
