"""Step size rules on the article's problem: a race of nine rules, and the box of AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
)
from reglib.solvers import DIVERGED, backtracking, barzilai_borwein
from reglib.training import train
from trial.page import style

Floats = NDArray[np.float64]
NEAR, LINGER = 1e-6, 100
RULES: dict[str, Any] = {
    "gradient descent": (),
    "momentum": (Momentum(0.9),),
    "Nesterov": (Nesterov(0.9),),
    "clip at 1": (ClipByNorm(1.0),),
    "AdaGrad": (AdaGrad(),),
    "RMSProp": (RMSProp(),),
    "Adam": (AdamScaling(),),
    "backtracking": backtracking,
    "Barzilai-Borwein": barzilai_borwein,
}
"""Transforms for an `Optimizer`, or a solver that finds its steps by itself."""
LOOKS = {
    "gradient descent": (style.INK, "-", "o"),
    "momentum": (style.BLUE, "--", "s"),
    "Nesterov": (style.PURPLE, "-.", "^"),
    "clip at 1": (style.GREEN, ":", "D"),
    "AdaGrad": (style.BROWN, "-", "o"),
    "RMSProp": (style.RED, ":", "D"),
    "Adam": (style.BLUE, "--", "s"),
    "backtracking": (style.GREEN, "-.", "^"),
    "Barzilai-Borwein": (style.PURPLE, (0, (5, 1, 1, 1, 1, 1)), "v"),
}
PANELS = tuple(RULES)[:4], tuple(RULES)[4:]
STAYS, LEAVES, NEVER, DIVERGES = range(4)


@dataclass(frozen=True, eq=False)
class Race:
    """One rule from many first steps (k,).

    needed: the first iteration within 1e-6 of the solution, -1 where fewer than LINGER iterations
    are. left: whether the run was outside again, later than LINGER iterations after that. diverged.
    peak: the largest loss on the way over the loss at the start. distance: at the end.
    """

    needed: NDArray[np.int64]
    left: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    peak: Floats
    distance: Floats

    @property
    def fate(self) -> NDArray[np.int64]:
        """STAYS, LEAVES, NEVER or DIVERGES."""
        bounded = np.where(self.needed < 0, NEVER, np.where(self.left, LEAVES, STAYS))
        return np.where(self.diverged, DIVERGES, bounded)

    def words(self, unit: int = 1) -> list[str]:
        """Iterations, as a multiple of `unit`, or the fate in a word."""
        told = {NEVER: "never", DIVERGES: "diverges"}
        counts = (f"{unit * round(int(k) / unit)}" for k in self.needed)
        return [told.get(int(f), k) for f, k in zip(self.fate, counts, strict=True)]


def race(rule: Any, loss: Any, start: Any, best: Any, steps: Any, n_steps: int = 6000) -> Race:
    """Run one rule from each first step (k,) at once, to the end."""
    rates = np.asarray(steps)[..., None]
    if callable(rule):
        path = rule(loss, start, step=rates, tol=0.0, max_iter=n_steps, record=True).path
        path = np.concatenate([path, [path[-1]] * LINGER])  # where it stopped it stays
    else:
        w0, sgd = np.tile(start, (len(rates), 1)), Optimizer(*rule, learning_rate=rates)
        path = train(loss, sgd, w0, n_steps=n_steps, record=True).path
    away, value = np.sqrt(np.square(path - best).sum(axis=-1)), loss.value(path)
    near = away <= NEAR
    needed = np.where(near.sum(axis=0) >= LINGER, near.argmax(axis=0), -1)
    late = np.arange(len(path))[:, None] > needed + LINGER
    left = (late & ~near).any(axis=0) & (needed >= 0)
    return Race(needed, left, away[-1] >= DIVERGED, value.max(axis=0) / value[0], away[-1])


def draw_race(figure: Figure, shares: Floats, races: dict[str, Race]) -> str:
    """Iterations against the first step, and two rails for runs that never arrive.

    Returns the alternative text, as every function here that draws.
    """
    rails = {NEVER: 3e4, DIVERGES: 3e5}
    for axes, names in zip(figure.subplots(2, 1, sharex=True), PANELS, strict=True):
        for i, name in enumerate(names):
            color, line, marker = LOOKS[name]
            fate, needed = races[name].fate, races[name].needed
            options = {"color": color, "markersize": 5, "marker": marker}
            arrived = np.where((fate == STAYS) | (fate == LEAVES), np.maximum(needed, 1), np.nan)
            axes.plot(shares, arrived, linestyle=line, label=name, **options)
            hollow = np.where(fate == LEAVES, arrived, np.nan)
            axes.plot(shares, hollow, linestyle="none", **options, markerfacecolor="white")
            for which, height in rails.items():
                at = np.where(fate == which, height * 1.5 ** (len(names) / 2 - 0.5 - i), np.nan)
                axes.plot(shares, at, linestyle="none", **options)
        axes.axvline(1, color=style.INK, linewidth=1)
        axes.set(xscale="log", yscale="log", ylim=(5, 1e6), ylabel="iterations")
        axes.set_yticks(
            [10, 100, 1000, *rails.values()], ["10", "100", "1000", "never", "diverges"]
        )
        axes.set_xticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
        axes.minorticks_off()
        axes.legend(loc="lower left", bbox_to_anchor=(-0.1, 1), ncols=3, columnspacing=1)
    axes.set_xlabel("(first) step / limit 2/L")
    told = "; ".join(f"{name} {_fates(race.fate, shares)}" for name, race in races.items())
    return (
        "Two panels, iterations to the solution against the step, both logarithmic; two rails at "
        f"the top hold the runs that never arrive and those that diverge. {told}."
    )


def _fates(fate: NDArray[np.int64], shares: Floats) -> str:
    """The fates of one rule from the smallest step to the largest, in words.

    >>> _fates(np.array([NEVER, STAYS, DIVERGES]), np.array([0.1, 1.0, 2.0]))
    'never arrives from 0.1 times the limit, arrives from 1, diverges from 2'
    """
    words = {STAYS: "arrives", LEAVES: "arrives and leaves", NEVER: "never arrives"}
    words[DIVERGES] = "diverges"
    starts = np.flatnonzero(np.append(True, fate[1:] != fate[:-1]))
    parts = [f"{words[int(fate[i])]} from {shares[i]:.2g}" for i in starts]
    return ", ".join([f"{parts[0]} times the limit", *parts[1:]])


def draw_boxes(
    figure: Figure, loss: Any, inside: dict[float, Floats], outside: dict[float, Floats]
) -> str:
    """Contours of a loss in the plane, boxes |w_i| <= 1/lam, and paths (k, 2) by their lam.

    `inside` are Adam's with the decay in the gradient, `outside` AdamW's.
    """
    axes = figure.subplots()
    b, W = np.meshgrid(np.linspace(-3, 4, 90), np.linspace(-1.2, 4, 90))
    values = loss.value(np.stack([b, W], axis=-1))
    levels = values.min() + np.geomspace(0.05, 100, 9)
    axes.contour(b, W, values, levels=levels, colors="#b4bac2", linewidths=0.8)
    for name, paths, color, line, marker in (
        ("Adam with L2", inside, style.BLUE, "--", "s"),
        ("AdamW", outside, style.RED, "-", "o"),
    ):
        for k, path in enumerate(paths.values()):
            look = {"color": color, "linestyle": line, "marker": marker, "markevery": [-1]}
            axes.plot(*path.T, **look, linewidth=1.3, label=name if k == 0 else None)
    for lam in outside:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) / lam
        axes.plot(*corners.T, color=style.INK, linestyle=":", linewidth=1.4)
    best = np.linalg.lstsq(loss.X, loss.y, rcond=None)[0]
    axes.plot(*best, color=style.INK, marker="x", markersize=9, linestyle="none", label="no λ")
    axes.set(xlim=(-3, 4), ylim=(-1.2, 4), xlabel="intercept b", ylabel="slope W")
    axes.legend(loc="upper right")
    halves = ", ".join(f"{1 / lam:.2g}" for lam in outside)
    return (
        "The plane of intercept and slope with long narrow contours, from the upper left to the "
        "lower right. The paths of Adam with L2 end in the valley, to the right of the solution "
        f"without a penalty. The paths of AdamW end at the upper right corners of {len(outside)} "
        f"dotted squares around zero, of half widths {halves}."
    )


def box_minimum(loss: Any, lam: Any) -> Floats:
    """The minimum of a least-squares loss over |w_i| <= 1/lam, by projected gradient descent.

    lam is a number or a sweep (..., 1).
    """
    w, s = np.zeros(np.shape(lam)[:-1] + loss.X.shape[1:]), 1 / loss.lipschitz()
    for _ in range(3000):
        w = np.clip(w - s * loss.gradient(w), -1 / lam, 1 / lam)
    return w
