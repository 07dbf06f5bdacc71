"""Patients split again and again, and the pictures of the chapter on choosing lambda."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import diabetes
from reglib.losses import SquaredError
from reglib.tuning import (
    Scores,
    implicit_gradient,
    one_standard_error,
)
from trial.chapters.patients import LAMS, split
from trial.page import style

Floats = NDArray[np.float64]

ABSURD = 10.0
"""The far end of the grid."""

GRAY = "#b4bac2"
"""Darker than the grid, so that a curve is not taken for one of its lines."""

RULES = ("no penalty", "5-fold", "one standard error", "GCV", "λ = 10", "best grid point")


@dataclass(frozen=True, eq=False)
class Trials:
    """Test errors (n_splits,) by rule, and those of the whole grid (n_splits, m)."""

    n: int
    error: dict[str, Floats]
    grid: Floats
    chosen: Floats

    def gain(self, rule: str = "5-fold") -> tuple[float, float, float]:
        """Of error - error without a penalty: mean, its standard error, share below 0."""
        d = self.error[rule] - self.error["no penalty"]
        return float(d.mean()), float(d.std(ddof=1) / np.sqrt(len(d))), float((d < 0).mean())


def trials(n: int, n_splits: int) -> Trials:
    """Every rule on n_splits random splits into n rows to train on and the rest to test."""
    patients = diabetes(standardized=False)[:2]
    errors, grid, chosen = [], [], []
    for seed in range(500, 500 + n_splits):
        one = split(seed, n, patients)
        scores = one.scores()
        error = one.test_error([*scores.lam, 0.0])
        at = {lam: k for k, lam in enumerate(scores.lam)}
        picks = scores.best, one_standard_error(scores), one.gcv().best, ABSURD
        errors.append([error[-1], *(error[at[lam]] for lam in picks), error[:-1].min()])
        grid.append(error[:-1])
        chosen.append(scores.best)
    table = np.array(errors).T
    return Trials(n, dict(zip(RULES, table, strict=True)), np.array(grid), np.array(chosen))


def local_minima(loss: SquaredError, validation: SquaredError, lams: Any) -> Floats:
    """The lams of a grid at which the slope turns from - to +, and its start where that is +."""
    lams = np.sort(lams)
    rises = implicit_gradient(loss, validation, lams[:, None]).gradient > 0
    return lams[rises & ~np.r_[False, rises[:-1]]]


def descend(loss: SquaredError, validation: SquaredError, lam: Any, rate: float, n: int) -> Floats:
    """Gradient descent on log lam, every start beside the others: (n + 1, starts)."""
    path = [np.array(lam, dtype=float)]
    for _ in range(n):
        slope = implicit_gradient(loss, validation, path[-1][:, None]).gradient
        path.append(path[-1] * np.exp(-rate * slope))
    return np.array(path)


def shares(chosen: Floats, n_bins: int = 20) -> tuple[Floats, Floats]:
    """Counts of chosen lams in bins of equal width in log lam, and the edges."""
    edges = np.geomspace(LAMS[0] / 1.06, LAMS[-1] * 1.06, n_bins + 1)
    return np.histogram(chosen, edges)[0], edges


def turns(curve: Any) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Where inside a curve (m,) it is lower, and where higher, than at both neighbors."""
    up = np.diff(curve) > 0
    return 1 + np.flatnonzero(~up[:-1] & up[1:]), 1 + np.flatnonzero(up[:-1] & ~up[1:])


def draw_choices(
    figure: Figure, curves: Sequence[Scores], others: dict[str, Scores], border: float
) -> str:
    """Above the first curves and their lowest points; below how often each lam was chosen.

    Returns the alternative text, as every function here that draws; it counts the choices on both
    sides of `border`.
    """
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    for scores in curves[:50]:
        top.plot(scores.lam, scores.mean, color=GRAY, linewidth=1, linestyle="-")
    low = [(s.best, s.mean[s.index]) for s in curves[:50]]
    top.plot(*zip(*low, strict=True), "o", color=style.INK, markersize=4, label="lowest point")
    looks = zip((style.BLUE, style.RED), ("-", "--"), others.items(), strict=False)
    for color, dashes, (name, scores) in looks:
        top.plot(scores.lam, scores.mean, color=color, linestyle=dashes, label=name)
    top.set(xscale="log", ylim=(2920, 3200), title="mean square error, cross-validated")
    top.legend(loc="upper left")
    counts, edges = shares(np.array([s.best for s in curves]))
    bottom.bar(edges[:-1], counts, np.diff(edges), align="edge", color=style.BLUE, edgecolor="w")
    bottom.set(title=f"chosen λ, {len(curves)} partitions", xlabel="penalty λ")
    bottom.grid(visible=False, axis="x")
    left = np.mean([s.best < border for s in curves])
    return (
        f"Above, the cross-validated error against λ for {len(curves[:50])} partitions, with "
        f"{' and '.join(others)}. Every curve is nearly flat from 0.0001 to 0.1 and climbs steeply "
        "beyond; the curves lie at different heights, and their lowest points crowd on the left "
        "and on the right of the flat part, with hardly any between. Below, the histogram of "
        f"{len(curves)} choices has two humps; {left:.0%} of the choices lie below {border:g}."
    )


def draw_sizes(figure: Figure, runs: Iterable[Trials]) -> str:
    """Test errors against the number of training rows, and how often tuning was better."""
    runs = list(runs)
    n = [run.n for run in runs]
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    for rule, color, dashes in (
        ("no penalty", style.RED, "--"),
        ("5-fold", style.BLUE, "-"),
        ("best grid point", style.INK, ":"),
    ):
        label = {"5-fold": "λ by 5-fold cross-validation"}.get(rule, rule)
        top.plot(n, [r.error[rule].mean() for r in runs], dashes, color=color, label=label)
    top.set(title="mean square error on the test rows", xscale="log")
    top.legend(loc="upper right")
    bottom.plot(n, [r.gain()[2] for r in runs], "o-", color=style.BLUE)
    bottom.axhline(0.5, color=style.INK, linestyle=":", linewidth=1)
    bottom.set(title="share of splits in which tuning won", xlabel="training rows", ylim=(0, 1.05))
    bottom.set_xticks(n, [f"{k}" for k in n])
    bottom.minorticks_off()
    first, last = runs[0], runs[-1]

    def fall(rule: str) -> str:
        ends = (f"{run.error[rule].mean():.0f} at {run.n}" for run in (first, last))
        return "from {} training rows to {}".format(*ends)

    return (
        "Above, the mean test error against the number of training rows. Without a penalty it "
        f"falls {fall('no penalty')}, with tuning {fall('5-fold')}. Below, the share of splits in "
        f"which tuning won falls from {first.gain()[2]:.0%} to {last.gain()[2]:.0%}."
    )


def draw_descent(figure: Figure, lams: Floats, value: Floats, paths: Floats) -> str:
    """The validation error against lam; every step of each descent lies on the curve."""
    axes = figure.subplots()
    axes.plot(lams, value, color=style.INK, linestyle="-", linewidth=1.2)
    for path, color in zip(paths.T, style.COLORS, strict=False):
        heights = np.interp(np.log(path), np.log(lams), value)
        axes.plot(path, heights, ".", color=color, markersize=5)
        axes.plot(path[0], heights[0], "o", color=color, markersize=11, fillstyle="none")
        axes.plot(path[-1], heights[-1], "s", color=color, markersize=9)
    axes.plot([], [], "o", color=style.INK, fillstyle="none", markersize=11, label="start")
    axes.plot([], [], "s", color=style.INK, markersize=9, label="end")
    axes.legend(loc="lower left")
    axes.set(xscale="log", xlabel="penalty λ", title="V, half the validation error")
    axes.set(ylim=(value.min() - 8, value.max() + 8))
    told = "; ".join(f"from {path[0]:.3g} to {path[-1]:.2g}" for path in paths.T)
    return (
        "Half the validation error against λ. It is nearly flat on the left, then has a low hill "
        f"and a valley. The dots of the descents run {told}."
    )


class Curves:
    """What each score says about lam, for several numbers of training rows."""

    def __init__(self, sizes: Sequence[int], seed: int = 0) -> None:
        patients = diabetes(standardized=False)[:2]
        self.at = {}
        for n in sizes:
            one = split(seed, n, patients)
            scores = one.scores()
            self.at[n] = scores, one.gcv(), one.test_error(scores.lam)

    def __call__(self, figure: Figure, n: float, lam: float) -> str:
        """Draw the curves for n rows and mark lam; the sentence compares it with the choices."""
        scores, formula, test = self.at[int(n)]
        k = int(np.abs(np.log(scores.lam / lam)).argmin())
        figure.subplots_adjust(left=0.14, right=0.97, top=0.94, bottom=0.16)
        axes = figure.subplots()
        for fold in scores.by_fold:
            axes.plot(scores.lam, fold, color=GRAY, linewidth=1, linestyle="-")
        for y, label, color, dashes in (
            (test, "test rows", style.INK, "-"),
            (scores.mean, "5-fold (each fold: gray)", style.BLUE, "--"),
            (formula.mean, "GCV", style.RED, "-."),
        ):
            axes.plot(scores.lam, y, color=color, linestyle=dashes, label=label)
            at = int(np.argmin(y))
            axes.plot(scores.lam[at], y[at], "o", color=color)
        axes.axvline(scores.lam[k], color=style.INK, linewidth=1, linestyle=":")
        axes.set(xscale="log", ylim=(1500, 7500), xlabel="penalty λ", title="mean square error")
        axes.legend(loc="upper left")
        # Ticks take most of the drawing time: these few are enough.
        axes.set_xticks([1e-4, 1e-2, 1])
        axes.set_yticks([2000, 4000, 6000])
        axes.minorticks_off()
        return (
            f"{n:.0f} training rows, λ = {lam:.3g}: test error {test[k]:.0f}; 5-fold says "
            f"{scores.mean[k]:.0f} and GCV {formula.mean[k]:.0f}. 5-fold chooses "
            f"{scores.best:.2g}, with test error {test[scores.index]:.0f}; the best on the grid "
            f"is {test.min():.0f}."
        )
