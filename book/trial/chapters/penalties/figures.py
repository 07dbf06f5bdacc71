"""The pictures of the chapter *What is a penalty?*: prices, balls, singular values."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.penalties import (
    L1,
    L2,
    ElasticNet,
    GroupLasso,
)
from trial.page import style

Array = NDArray[np.float64]
SCALAR = {"L1": L1(1.0), "L2": L2(1.0), "elastic net": ElasticNet(1.0, 0.5)}
"""What is drawn over a single weight, with lam = 1."""


def hard_threshold(w: Array, threshold: float) -> Array:
    """Keep a weight or drop it: the prox, at step 1, of threshold^2/2 for each nonzero weight."""
    return np.where(np.abs(w) > threshold, w, 0.0)


def draw_prices(figure: Figure) -> str:
    """What one weight costs, above; what a prox step leaves of it, below.

    Returns in words what is to be seen, as all drawings of this chapter do.
    """
    w = np.linspace(-3, 3, 601)
    price, left = figure.subplots(2, 1, sharex=True)
    for name, penalty in SCALAR.items():
        price.plot(w, penalty.value(w[:, None]), label=name)
        left.plot(w, penalty.prox(w, 1.0))
    left.plot(w, hard_threshold(w, 1.0), color=style.INK, linestyle=":", label="hard threshold")
    left.plot(w, w, color=style.FAINT, linestyle="-", linewidth=1, zorder=0)
    price.set_title("price of a weight, λ = 1")
    left.set(title="what a prox step of 1 leaves of it", xlabel="weight w")
    price.legend(loc="upper center")
    left.legend(loc="upper left")
    return (
        "Two panels over one weight from minus 3 to 3. Above, the prices: L1 is a V, L2 a "
        "parabola, the elastic net lies between. Below, what a prox step leaves: L1's line is "
        "flat at zero between minus 1 and 1 and then parallel to the diagonal; L2's is a straight "
        "line of half the slope; the elastic net has a flat piece and then a lower slope; the "
        "dotted hard threshold jumps from zero to the diagonal."
    )


def ball(penalty: Any, across: Any, n: int = 721) -> Array:
    """The curve (n, 2) on which penalty = 1 in the plane of two of its weights.

    `across` (2, P) are the two directions. A penalty grows along every ray, so the radius is
    bracketed and then found by bisection.
    """
    angle = np.linspace(0, 2 * np.pi, n)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    low, high = np.zeros((n, 1)), np.full((n, 1), 16.0)
    for _ in range(60):
        middle = (low + high) / 2
        inside = penalty.value(middle * circle @ np.asarray(across, dtype=float)) < 1
        low = np.where(inside[:, None], middle, low)
        high = np.where(inside[:, None], high, middle)
    return low * circle


def draw_balls(figure: Figure) -> str:
    """The sets of weights that cost 1: L1, L2, elastic net, group lasso."""
    plane, e = np.eye(2), np.eye(3)
    curves = {
        "L1": [ball(L1(1.0), plane)],
        "L2": [ball(L2(1.0), plane)],
        "elastic net, half and half": [ball(ElasticNet(1.0, 0.5), plane)],
        "group lasso": [
            ball(GroupLasso(1.0, [0, 0, 1]), [e[0], e[2]]),
            ball(GroupLasso(1.0, [0, 0, 1]), [e[0], e[1]]),
        ],
    }
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for axes, (name, lines) in zip(panels.flat, curves.items(), strict=True):
        for line, color, dashes in zip(lines, style.COLORS, style.STYLES, strict=False):
            axes.plot(*line.T, color=color, linestyle=dashes)
        axes.set(title=name, aspect="equal", xlim=(-1.6, 1.6), ylim=(-1.6, 1.6))
        axes.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    figure.supxlabel("one weight", fontsize=12)
    figure.supylabel("another weight", fontsize=12)
    return (
        "Four panels in the plane of two weights. L1 is a square standing on its corner. L2 is a "
        "circle. The elastic net is a square with bulging sides that keeps four corners. The group "
        "lasso shows two curves: for two weights of one group a dashed circle, for two weights of "
        "different groups a diamond with corners, shorter along the larger group."
    )


def draw_touching(figure: Figure, loss: Any, found: dict[str, Any], names: Any) -> str:
    """Contours of a loss in two weights, and the L1 and L2 balls that its minimizers lie on."""
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    corner = np.abs(np.stack(list(found.values()))).max() * 1.1
    sides = np.linspace(-0.55 * corner, corner, 161)
    grid = np.stack(np.meshgrid(sides, sides), axis=-1)
    for axes, (name, penalty) in zip(panels, (("L1", L1(1.0)), ("L2", L2(1.0))), strict=True):
        w = found[name]
        extra = loss.value(w) - loss.value(found["none"])  # what the penalty made the fit lose
        levels = loss.value(w) + extra * np.array([-0.9, -0.6, 0, 1.5, 4])
        axes.contour(
            *np.moveaxis(grid, -1, 0), loss.value(grid), levels, colors=style.INK, linewidths=0.8
        )
        scale = _reach(penalty, w)
        color = style.RED if name == "L1" else style.BLUE
        axes.fill(*(ball(penalty, np.eye(2)) * scale).T, color=color, alpha=0.2)
        axes.plot(*(ball(penalty, np.eye(2)) * scale).T, color=color, linestyle="-")
        axes.plot(*w, marker="o", color=color, markersize=9, linestyle="none")
        axes.plot(*found["none"], marker="*", color=style.INK, markersize=12, linestyle="none")
        axes.set(title=f"{name} ball and contours of the loss", ylabel=f"weight of {names[1]}")
        axes.set(xlim=sides[[0, -1]], ylim=sides[[0, -1]] * 0.55, aspect="equal")
    axes.set_xlabel(f"weight of {names[0]}")
    return (
        "Two panels with the elliptical contours of a loss around a star, its minimum. Above, an "
        f"L1 diamond touches a contour at a second weight of {found['L1'][1]:.2g}. Below, an L2 "
        f"disk touches a contour at a second weight of {found['L2'][1]:.2g}."
    )


def draw_beliefs(figure: Figure, lams: Any, errors: Any, predicted: float) -> str:
    """The mean error of the weights against lam, and the lam that the belief predicts."""
    axes, best = figure.subplots(), int(np.argmin(errors))
    axes.plot(lams, errors, color=style.BLUE)
    axes.axvline(predicted, color=style.INK, linestyle=":", label="predicted")
    axes.plot(lams[best], errors[best], "o", color=style.RED, label="best λ found")
    axes.set(xscale="log", xlabel="penalty λ", title="squared error of the weights")
    axes.legend()
    return (
        "A curve of the error against the penalty, a valley with a flat floor, lowest at "
        f"{lams[best]:.2g}. A dotted vertical line marks the predicted best penalty, "
        f"{predicted:.2g}."
    )


def _reach(penalty: Any, w: Any) -> float:
    """By how much the ball of cost 1 must grow until w lies on it."""
    on = penalty.value(np.asarray(w))
    return float(on if isinstance(penalty, L1) else np.sqrt(on))


def draw_complexity(figure: Figure, lams: Any, dof: Any, score: Any) -> str:
    """The effective number of parameters, and the score whose minimum chooses lam."""
    top, bottom = figure.subplots(2, 1, sharex=True)
    best = int(np.argmin(score))
    for axes, line, color, dashes in (
        (top, dof, style.BLUE, "-"),
        (bottom, score, style.RED, "--"),
    ):
        axes.plot(lams, line, color=color, linestyle=dashes)
        axes.axvline(lams[best], color=style.INK, linestyle=":", linewidth=1)
    top.plot(lams[best], dof[best], marker="o", color=style.INK, linestyle="none")
    bottom.plot(lams[best], score[best], marker="o", color=style.INK, linestyle="none")
    top.set(title="effective number of parameters", ylim=(0, 11.5))
    bottom.set(title="generalized cross-validation score", xlabel="penalty λ", xscale="log")
    return (
        "Two curves over the penalty. Above, the effective number of parameters falls from "
        f"{dof[0]:.3g} to {dof[-1]:.2g} in a long slope. Below, the score is nearly flat for small "
        f"penalties, has a shallow minimum at {lams[best]:.1g}, and rises steeply beyond."
    )


def draw_singular(figure: Figure, values: dict[str, Array]) -> str:
    """Lists of singular values, largest first, each with its own marker and line."""
    axes: Axes = figure.subplots()
    for (name, s), marker in zip(values.items(), "osv^D", strict=False):
        axes.plot(np.arange(1, len(s) + 1), s, marker=marker, label=name)
    axes.set(
        xlabel="place in the list", title="singular values after one prox step", ylim=(0, None)
    )
    axes.legend()
    lists = "; ".join(
        f"{k} from {s[0]:.2g} to {round(s[-1], 3) + 0.0:.2g}" for k, s in values.items()
    )
    return f"Lists of singular values, largest first, after one prox step: {lists}."
