"""Exercises of the page on the defects of the listing."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.solvers import least_squares
from trial.page.exercise import Exercise, Mistake

X, y, _ = article()
x = X[:, 1]
START = np.array([3.0, 2.0])


def runs_below(target: float) -> int:
    """Repeat the decay until W is below the target, and count."""
    w, k = 2.0, 0
    while w >= target:
        w, k = 0.99 * w, k + 1
    return k


def best_slope(b: float) -> float:
    """The best slope while b is held: a regression of y - b on x without an intercept."""
    return float(least_squares(X[:, 1:], y - b)[0])


def error(w: Any) -> float:
    """The mean squared error of the line (b, W)."""
    return float(np.mean((X @ w - y) ** 2))


def end(program: int, targets: Any) -> Any:
    """(b, W) after 1000 iterations: decay; descent without y; W alone; b and W."""
    w = START
    if program == 0:
        return w * [1, 0.99**1000]
    loss = SquaredError(X * [-1, 1], 0 * y) if program == 1 else SquaredError(X, targets)
    for _ in range(1000):
        w = w - 0.1 * loss.gradient(w) * [program != 2, True]
    return w


@cache
def results() -> list[list[bool]]:
    """Which of the three tests each of the four programs passes."""
    ends = [(end(program, y), end(program, 2 * y)) for program in range(4)]
    return [
        [
            error(w) < error(START),
            bool(abs(np.mean(X @ w - y)) < 1e-3),
            not np.allclose(w, other),
        ]
        for w, other in ends
    ]


def marks(*rows: list[int]) -> list[list[int]]:
    """A table of marks, one row for each program."""
    return list(rows)


EXERCISES = (
    Exercise(
        id="ex-a.1",
        wanted="a whole number: how many runs take W below 0.001",
        right=lambda: runs_below(0.001),
        because="It is ln 2000 divided by -ln 0.99, rounded up.",
        hints=(
            "After k runs W is 2 · 0.99^k. Set this to 0.001 and take logarithms.",
            "k > ln 2000 / -ln 0.99. A count of runs is a whole number.",
        ),
        mistakes=(
            Mistake(lambda: runs_below(0.001) - 1, "There W is still a little above 0.001."),
            Mistake(
                lambda: np.ceil(np.log(2000) / 0.01),
                "Nearly: -ln 0.99 is a little more than 0.01.",
            ),
            Mistake(
                lambda: np.ceil((2 - 0.001) / 0.02),
                "Each run takes 1 % of what is left, not of what was there at the start.",
            ),
            Mistake(
                lambda: runs_below(0.002),
                "The start is 2, so the decay must be by a factor of 2000.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-a.2",
        wanted="a function of b: the best slope while b is held",
        right=lambda: best_slope,
        because="It is (155 - 15b)/55: 2 at b = 3, where the listing starts, 3.5 at b = -2.5.",
        hints=(
            "Differentiate the sum of (Wx + b - y)² with respect to W, and set it to zero.",
            "The sums are Σx² = 55, Σx = 15 and Σxy = 155.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda b: 3.5,
                "That is the best slope when b may move as well.",
            ),
            Mistake(
                lambda: lambda b: (155 + 15 * b) / 55,
                "A larger b lifts the line, so the slope must be smaller.",
            ),
            Mistake(
                lambda: lambda b: (155 - b) / 55,
                "b stands in every row, and each row is multiplied by its x.",
            ),
        ),
        at=((3.0,), (-2.5,), (0.0,)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-a.3",
        wanted="four rows of three: 1 where a program passes a test and 0 where it fails",
        right=lambda: np.array(results(), dtype=float),
        because="Only the program with the right gradient for both weights passes every test.",
        hints=(
            "The first two programs never see y. Which test can they pass at all?",
            "With b = 3 held, where does the slope go? The second exercise tells.",
            "W alone stays at 2: the same error as at the start, and the line leans to one side.",
        ),
        mistakes=(
            Mistake(
                lambda: marks([0, 0, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1]),
                "The right gradient for W alone lowers the error only if it moves W. Does it?",
            ),
            Mistake(
                lambda: marks([0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 1, 1]),
                "W alone stays put for these targets. For twice the targets it would move.",
            ),
            Mistake(
                lambda: marks([1, 0, 0], [1, 0, 0], [0, 0, 1], [1, 1, 1]),
                "The first picture of the page shows the error of the first two programs rise.",
            ),
        ),
        rtol=0.0,
    ),
)
