"""The pictures of the chapter *What does a penalty buy on real data?*."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reglib.datasets import longley
from reglib.losses import SquaredError
from reglib.penalties import ElasticNet
from reglib.solvers import Path, coordinate_descent, least_squares
from trial.data import FOLDER
from trial.page import style


def right_digits(w: Any, certified: Any) -> float:
    """Correct digits of the worst weight: -log10 of its relative error."""
    error = np.abs(np.asarray(w) / np.asarray(certified) - 1).max()
    return float(-np.log10(max(error, np.finfo(float).eps / 2)))


def steps_per_digit(condition: Any) -> NDArray[np.float64]:
    """Steps at the best step for one decimal digit: ln 10 / -ln((c - 1)/(c + 1))."""
    condition = np.asarray(condition)
    return np.log(10) / -np.log((condition - 1) / (condition + 1))


def draw_path(figure: Figure, path: Path, names: Sequence[str], labeled: Sequence[str]) -> None:
    """Weights against lam, from strong to weak; the labeled ones are named at their right end."""
    axes = figure.subplots()
    lam = np.maximum(path.lam, path.lam[path.lam > 0].min() / 3)  # 0 has no place on a log axis
    for k, name in enumerate(names):
        color, dashes = style.COLORS[k % 5], style.STYLES[(k // 5 + k) % 5]
        line = {"color": color, "linestyle": dashes, "linewidth": 2 if name in labeled else 1}
        axes.plot(lam, path.w[:, k], **line)
    apart = 0.05 * np.ptp(path.w)  # names that would lie on each other move up
    height = -np.inf
    for k in sorted(map(list(names).index, labeled), key=lambda k: path.w[-1, k]):
        height = max(path.w[-1, k], height + apart)
        place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(names[k], (lam[-1], height), color=style.COLORS[k % 5], **place)
    axes.set(xscale="log", xlabel="penalty λ, strong to weak", title="weights")
    axes.set_xlim(lam[0], lam[-1] / 2)


def draw_tradeoff(figure: Figure, lams: Any, condition: Any, limit: Any) -> None:
    """Steps for a digit fall with lam (left axis); the stable step falls too (right panel)."""
    left, right = figure.subplots(2, 1, sharex=True)
    left.plot(lams, steps_per_digit(condition), color=style.BLUE)
    left.set(xscale="log", yscale="log", title="steps for one digit")
    right.plot(lams, limit, color=style.RED, linestyle="--")
    right.set(title="largest stable step", xlabel="penalty λ", ylim=(0, None))


def reference_sets() -> dict[str, tuple[Any, Any, Any]]:
    """NIST's sets for linear regression: name -> X, y and the certified weights."""
    folder, weights = FOLDER / "nist", {}
    with (folder / "certified.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            weights.setdefault(row["set"], []).append(float(row["value"]))
    found = {}
    for name, w in weights.items():
        if name == "Longley":
            table, y, _ = longley()
            X = np.column_stack([np.ones(len(y)), table])
        else:
            x, y = np.loadtxt(folder / f"{name}.csv", delimiter=",", skiprows=1).T
            X = x[:, None] if name.startswith("NoInt") else x[:, None] ** np.arange(len(w))
        found[name] = X, y, np.array(w)
    return found


def draw_digits(figure: Figure, digits: dict[str, dict[str, float]]) -> None:
    """Right digits of the worst weight: a row for each set, a mark for each method."""
    axes = figure.subplots()
    names = [*digits]
    looks = zip(digits[names[0]], "o^x", (style.BLUE, style.GREEN, style.RED), strict=True)
    for method, mark, color in looks:
        found = [max(digits[name][method], 0) for name in names]
        axes.plot(found, range(len(names)), mark, color=color, linestyle="none", label=method)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(title="right digits of the worst weight, of 16", xlim=(-0.5, 16.5))
    figure.legend(loc="outside lower center", ncols=3)


class Coefficients:
    """Bars of the weights of an elastic net beside those of least squares."""

    def __init__(self, X: Any, y: Any, names: Sequence[str]) -> None:
        self.X, self.y, self.names = X, y, list(names)
        self.plain = least_squares(X, y)

    def __call__(self, figure: Figure, lam: float, l1_ratio: float) -> str:
        """Draw the bars; the sentence counts what is left."""
        figure.subplots_adjust(left=0.13, right=0.97, top=0.93, bottom=0.12)
        w = coordinate_descent(SquaredError(self.X, self.y), ElasticNet(lam, l1_ratio)).w
        axes = figure.subplots()
        rows = np.arange(len(w))
        axes.barh(rows, self.plain, height=0.8, color="white", edgecolor=style.INK, linewidth=1)
        axes.barh(rows, w, height=0.5, color=style.BLUE)
        axes.set_yticks(rows, self.names)
        axes.invert_yaxis()
        axes.set(title="weights (outline: least squares)", xlabel="change of y per s.d. of x")
        left = [name for name, weight in zip(self.names, w, strict=True) if weight != 0]
        size = np.linalg.norm(w) / np.linalg.norm(self.plain)
        largest = f", the largest is {self.names[int(np.abs(w).argmax())]}" if left else ""
        return (
            f"λ = {lam:.3g}, l1_ratio = {l1_ratio:.2g}: {len(left)} of {len(w)} weights are left"
            f"{largest}; together they are {size:.0%} as long as those of least squares."
        )
