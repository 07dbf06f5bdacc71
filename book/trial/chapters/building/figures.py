"""The broken terms, the two questions and the pictures of *How do you build a regularized run?*."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import diabetes, standardize
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.solvers import gradient_descent, least_squares
from trial.page import style

Floats = NDArray[np.float64]


class FrozenValue:
    """The value of a penalty at w0 as a number: it has no gradient."""

    def __init__(self, penalty: Any, w0: Any) -> None:
        self.cost = penalty.value(w0)

    def value(self, w: Any) -> Any:
        return self.cost + 0 * np.sum(w, axis=-1)

    def subgradient(self, w: Any) -> Floats:
        return np.zeros(np.shape(w))

    def prox(self, w: Any, step: Any) -> Any:
        return w


class FrozenGradient:
    """g . w with the penalty's gradient g at w0, never computed again."""

    def __init__(self, penalty: Any, w0: Any) -> None:
        self.g = penalty.subgradient(w0)

    def value(self, w: Any) -> Any:
        return np.sum(self.g * w, axis=-1)

    def subgradient(self, w: Any) -> Floats:
        return np.broadcast_to(self.g, np.shape(w))

    def prox(self, w: Any, step: Any) -> Any:
        return w - step * self.g


@dataclass(frozen=True, eq=False)
class Mute:
    """A penalty whose value cannot be asked for."""

    penalty: Any

    def value(self, w: Any) -> Any:
        raise AssertionError("somebody asked for the value of the penalty")

    def subgradient(self, w: Any) -> Floats:
        return self.penalty.subgradient(w)

    def prox(self, w: Any, step: Any) -> Floats:
        return self.penalty.prox(w, step)


class Total:
    """Loss plus penalty as one objective.

    `gradient` is the penalty's own unless one is given.
    """

    def __init__(self, loss: Any, penalty: Any, gradient: Any = None) -> None:
        pull = gradient or penalty.subgradient
        self.value = lambda w: loss.value(w) + penalty.value(w)
        self.gradient = lambda w: loss.gradient(w) + pull(w)


GATE = """
import sys
class Gate:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in {allowed!r} and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{{top}} is not allowed here", name=name)
sys.meta_path.insert(0, Gate())
"""


def run_with(allowed: set[str], program: str) -> str:
    """What `program` prints in a fresh Python where only `allowed` packages can be imported.

    Instead of its output the last line of the error, if there is one.
    """
    command = [sys.executable, "-c", GATE.format(allowed=sorted(allowed)) + program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr.strip().splitlines()[-1]).strip()


@dataclass(frozen=True, eq=False)
class Models:
    """Linear models of 1 to 64 columns, each in several units, fitted and run with one step.

    counts (m,); train_error and held_error (m,) are mean squares of least squares, the same in all
    units; limits and exploded map a unit to (m,).
    """

    counts: NDArray[np.int64]
    train_error: Floats
    held_error: Floats
    limits: dict[str, Floats]
    exploded: dict[str, NDArray[np.bool_]]
    losses: dict[str, list[SquaredError]]
    held: dict[str, list[SquaredError]]


def with_products(X: Floats) -> Floats:
    """The columns, then their squares and products: 64 for the diabetes data.

    A column of two values has no square of its own, it would be the column again.
    """
    i, j = np.triu_indices(X.shape[1])
    two = np.array([len(np.unique(column)) == 2 for column in X.T])
    keep = ~((i == j) & two[i])
    return np.column_stack([X, X[:, i[keep]] * X[:, j[keep]]])


def run_models(counts: Any, step: float, n_train: int = 150, max_iter: int = 1000) -> Models:
    """Diabetes with products: the first k columns, for every k in `counts`, in three units."""
    X, y, _ = diabetes()
    rows = np.random.default_rng(0).permutation(len(X))
    train, held = rows[:n_train], rows[n_train:]
    table, y = standardize(with_products(X), train).X, y - y[train].mean()
    losses: dict[str, list[SquaredError]] = {"uncorrelated": [], "standardized": [], "times 10": []}
    away: dict[str, list[SquaredError]] = {unit: [] for unit in losses}
    for k in counts:
        part = table[:, :k]
        # The triangle makes the training columns orthonormal: their Hessian is the identity.
        triangle = np.linalg.qr(part[train], mode="r") / np.sqrt(n_train)
        columns = np.linalg.solve(triangle.T, part.T).T, part, 10 * part
        for unit, Z in zip(losses, columns, strict=True):
            losses[unit].append(SquaredError(Z[train], y[train]))
            away[unit].append(SquaredError(Z[held], y[held]))
    fits = [least_squares(f.X, f.y) for f in losses["standardized"]]
    fates = {
        unit: np.array([_explodes(loss, step, max_iter) for loss in each])
        for unit, each in losses.items()
    }
    return Models(
        np.asarray(counts),
        np.array([2 * f.value(w) for f, w in zip(losses["standardized"], fits, strict=True)]),
        np.array([2 * f.value(w) for f, w in zip(away["standardized"], fits, strict=True)]),
        {unit: np.array([step_limit(loss) for loss in each]) for unit, each in losses.items()},
        fates,
        losses,
        away,
    )


def _explodes(loss: SquaredError, step: float, max_iter: int) -> bool:
    w0 = np.zeros(loss.X.shape[1])
    return gradient_descent(loss, None, w0, step=step, tol=0, max_iter=max_iter).diverged_at >= 0


def best_rule(counts: Any, exploded: Any) -> float:
    """Share of right answers of the best rule `models with more than m parameters explode`."""
    counts, exploded = np.asarray(counts), np.asarray(exploded)
    thresholds = [0, *np.unique(counts)]
    return max(((counts > m) == exploded).mean() for m in thresholds)


LOOKS = {
    "uncorrelated": (style.GREEN, "-.", "^"),
    "standardized": (style.BLUE, "-", "o"),
    "times 10": (style.RED, "--", "s"),
}


def draw_models(figure: Figure, models: Models, step: float) -> str:
    """Above the errors against the number of parameters, below the largest stable step.

    Returns in words what is to be seen, as all drawings of this chapter do.
    """
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(models.counts, models.held_error, color=style.INK, marker="o", label="held-out rows")
    top.plot(models.counts, models.train_error, color=style.BROWN, linestyle=":", label="training")
    top.set(yscale="log", title="(i) over-fitting: mean squared error")
    top.set_yticks([2000, 4000, 8000], ["2000", "4000", "8000"])
    top.legend(loc="upper left")
    for unit, limits in models.limits.items():
        color, dashes, marker = LOOKS[unit]
        bottom.plot(models.counts, limits, color=color, linestyle=dashes, label=unit)
        for fate, face in ((False, "white"), (True, color)):
            chosen = models.exploded[unit] == fate
            places = models.counts[chosen], limits[chosen]
            bottom.plot(*places, color=color, marker=marker, mfc=face, ls="none", ms=8)
    bottom.axhline(step, color=style.INK, linewidth=1, linestyle=":")
    bottom.text(64, step * 1.1, f"step {step:g}", ha="right", va="bottom")
    bottom.set(xscale="log", yscale="log", ylim=(8e-4, 20), title="(ii) largest stable step")
    bottom.set_xticks(models.counts, [str(k) for k in models.counts])
    bottom.set(xlabel="number of parameters")
    bottom.legend(loc="upper left", ncols=3, columnspacing=1.0, handlelength=1.6)
    for axes in (top, bottom):
        axes.minorticks_off()
    lines = "; ".join(
        f"{unit} from {limits[0]:.2g} to {limits[-1]:.2g}, {models.exploded[unit].sum()} of "
        f"{len(limits)} filled"
        for unit, limits in models.limits.items()
    )
    held = models.held_error
    return (
        f"Two panels against the number of parameters, {models.counts[0]} to {models.counts[-1]}. "
        f"Above, the training error falls steadily; the held-out error falls to {held.min():.0f} "
        f"at {models.counts[held.argmin()]} and ends at {held[-1]:.3g}. Below, lines of the "
        f"largest stable step: {lines}."
    )


def draw_programs(figure: Figure, slopes: dict[str, Floats], ends: dict[str, float]) -> str:
    """The slope against iterations, one line a program, its end written at the right."""
    axes = figure.subplots()
    colors = (style.FAINT, style.BROWN, style.RED, style.BLUE)
    widths, dashes = (7, 2, 2, 2), ("-", ":", "--", "-")
    for (name, slope), color, width, dash in zip(
        slopes.items(), colors, widths, dashes, strict=True
    ):
        axes.plot(slope, color=color, linewidth=width, linestyle=dash, label=name)
    for end in sorted({round(end, 3) for end in ends.values()}):
        axes.text(len(slope) * 1.01, end, f"{end:.4g}", va="center")
    axes.set(title="slope W", xlabel="iteration", xlim=(0, len(slope)), ylim=(1.7, 3.75))
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.57))
    goals = ", ".join(f"{name} to {end:.4g}" for name, end in ends.items())
    return f"Slope over {len(slope)} iterations, a line for each program, which goes: {goals}."
