"""What the chapter *What is wrong with the article's listing?* runs, reads and draws.

The chapter plants each fault of the listing in a few lines of its own. Here such lines are run one
by one until the first stops, repaired in turn, or read for missing names without being run.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reglib.solvers import DIVERGED, gradient_descent, least_squares
from trial.page import style


@dataclass(frozen=True)
class Stop:
    """Where a program stopped: the position and text of the line, what was raised and its words."""

    at: int
    line: str
    error: type[Exception]
    message: str


def run(lines: Sequence[str], **names: Any) -> tuple[Stop | None, dict[str, Any]]:
    """Execute `lines` one by one, starting with `names`; the first stop and the names after it.

    The lines are the book's own: whoever calls this trusts them.

    >>> stop, values = run(["a = 1 + b", "c = d"], b=2)
    >>> stop.at, stop.error, values["a"]
    (1, <class 'NameError'>, 3)
    """
    for at, line in enumerate(lines):
        try:
            exec(line, names)
        except Exception as error:
            return Stop(at, line, type(error), str(error)), names
    return None, names


def repair_in_turn(
    lines: Sequence[str], repairs: Mapping[str, str], **names: Any
) -> tuple[list[Stop], dict[str, Any]]:
    """Run, repair the line that stopped, run again, to the end: every stop, and the last names.

    KeyError: a line without a repair stopped, or a repaired one did.

    >>> stops, values = repair_in_turn(["a = b", "c = a / 0"], {"a = b": "a = 1", "c = a / 0": ""})
    >>> [stop.error.__name__ for stop in stops], values["a"]
    (['NameError', 'ZeroDivisionError'], 1)
    """
    lines, stops = list(lines), []
    while True:
        stop, values = run(lines, **names)
        if stop is None:
            return stops, values
        stops.append(stop)
        lines[stop.at] = repairs[stop.line]


@dataclass(frozen=True)
class Names:
    """Names that a program gives but never reads, and names it reads but never gives."""

    unread: frozenset[str]
    unassigned: frozenset[str]


def names_of(lines: Iterable[str], known: Iterable[str] = ()) -> Names:
    """Find missing and idle names by reading straight-line code without running it.

    >>> found = names_of(["import random", "a = 1", "b = a + c"])
    >>> sorted(found.unread), sorted(found.unassigned)
    (['b', 'random'], ['c'])
    """
    nodes = list(ast.walk(ast.parse("\n".join(lines))))
    places = [(node.id, type(node.ctx)) for node in nodes if isinstance(node, ast.Name)]
    read = {name for name, place in places if place is ast.Load}
    given = {name for name, place in places if place is ast.Store}
    given |= {
        alias.asname or alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names
    }
    return Names(
        unread=frozenset(given - read),
        unassigned=frozenset(read - given - set(known) - set(dir(builtins))),
    )


class TwoUpdates:
    """After k iterations at one step: W <- W - s W, which sees no data, and a gradient step."""

    LAST = 1000
    LINES = {"decay": (style.RED, "--"), "gradient": (style.BLUE, "-")}

    def __init__(self, loss: Any, start: Any) -> None:
        self.loss, self.start = loss, np.asarray(start, dtype=float)
        self.best = 2 * float(loss.value(least_squares(loss.X, loss.y)))

    def paths(self, step: float) -> dict[str, Any]:
        """(b, W) after 0, 1, ..., 1000 iterations of both updates."""
        k = np.arange(self.LAST + 1)[:, None]
        decay = np.where([True, False], self.start, self.start * (1.0 - step) ** k)
        options = {"step": step, "tol": 0, "max_iter": self.LAST, "record": True}
        path = gradient_descent(self.loss, None, self.start, **options).path
        held = path[np.minimum(k[:, 0], len(path) - 1)]  # a run that diverged stays where it was
        # Far outside the picture, and small enough to be squared.
        return {"decay": np.clip(decay, -DIVERGED, DIVERGED), "gradient": held}

    def __call__(self, figure: Figure, step: float, k: float) -> str:
        """Draw the two lines over the points and the errors so far; the sentence compares them."""
        figure.subplots_adjust(left=0.13, right=0.95, top=0.95, bottom=0.09, hspace=0.42)
        top, bottom = figure.subplots(2, 1)
        paths = self.paths(step)
        errors = {name: 2 * self.loss.value(path) for name, path in paths.items()}
        at = int(k)
        self._lines(top, {name: path[at] for name, path in paths.items()})
        self._errors(bottom, errors, at)
        words = "; ".join(
            f"{label} {self._fate(paths[name][at], errors[name][at])}"
            for name, label in (("decay", "decay alone"), ("gradient", "the gradient step"))
        )
        return f"Step {step:.3g}, {at} iteration{'s' * (at > 1)}: {words}."

    def _fate(self, w: Any, error: float) -> str:
        if not np.abs(w).max() < 1e6:
            return "has run away"
        close = " (the best fit)" if error < 1.001 * self.best else ""
        slope = f"{w[1]:.3f}" if abs(w[1]) < 100 else f"{w[1]:.3g}"
        return f"has slope {slope} and mean squared error {error:.3g}{close}"

    def _lines(self, axes: Axes, weights: dict[str, Any]) -> None:
        x = self.loss.X[:, 1]
        axes.plot(x, self.loss.y, marker="o", color=style.INK, linestyle="none", label="data")
        for name, w in weights.items():
            color, dashes = self.LINES[name]
            line = self.loss.X @ w if np.abs(w).max() < 1e6 else np.full(len(x), np.nan)
            axes.plot(x, line, color=color, linestyle=dashes, linewidth=3, label=name)
        axes.set(xlim=(0.8, 5.2), ylim=(-2, 20), xlabel="x", title="the line after k iterations")
        axes.set_xticks(x)
        axes.legend(loc="upper left")

    def _errors(self, axes: Axes, errors: dict[str, Any], at: int) -> None:
        for name, error in errors.items():
            color, dashes = self.LINES[name]
            axes.plot(error, color=color, linestyle=dashes, linewidth=3)
            axes.plot(at, error[at], marker="o", markersize=12, color=color)
        axes.axhline(self.best, color=style.INK, linewidth=1, linestyle=":")
        axes.axvline(at, color=style.INK, linewidth=1)
        axes.set(xscale="symlog", xlim=(0, self.LAST), yscale="log", ylim=(0.4, 1e4))
        axes.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1000"])
        axes.set_yticks([1, 100, 10_000], ["1", "100", "10,000"])
        axes.minorticks_off()
        axes.set(xlabel="iteration k", title="mean squared error (dotted: the best line)")
