"""Exercises of chapter 8, choosing lambda."""

from __future__ import annotations

from itertools import count

import numpy as np

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.solvers import ridge
from reglib.tuning import implicit_gradient
from trial.page.exercise import Exercise, Mistake

X, y, _ = article()
LINE = SquaredError(X[:, 1:] - 3, y - 8)
NEXT = SquaredError([[3.0]], [14.0])
"""The article's points, centered, and the next point of its parabola."""


def held_out_over_fitted(n: int) -> float:
    """For the mean of n targets: the leave-one-out error over the training error, by refits."""
    targets = np.arange(n) ** 2.0
    alone = [targets[i] - np.delete(targets, i).mean() for i in range(n)]
    return float(np.mean(np.square(alone)) / targets.var())


def refit_lam(lam: float, n: int) -> float:
    """n lam, the strength beside a sum of squares, over the rows that are left."""
    return n * lam / len(np.delete(np.arange(n), 0))


def winner() -> str:
    """Which end of a grid has the smallest training error."""
    lams = np.geomspace(1e-3, 10, 9)
    fitted = LINE.value(ridge(LINE.X, LINE.y, lams[:, None]))
    return {0: "smallest", len(lams) - 1: "largest"}.get(int(fitted.argmin()), "depends")


def slope(lam: float) -> float:
    """dV/dlog lam for the line, judged by the next point."""
    return float(implicit_gradient(LINE, NEXT, lam).gradient)


EXERCISES = (
    Exercise(
        id="ex-8.1",
        wanted="a function of n: the leave-one-out error over the training error",
        right=lambda: held_out_over_fitted,
        because="Every leverage is 1/n, so each residual grows by n/(n - 1), and its square too.",
        hints=(
            "What is the leverage of a row when the fit is the mean of all targets?",
            "The fit is the same number for every row, (y₁ + ... + yₙ)/n, so each h is 1/n.",
            "Divide a residual by 1 - 1/n. The score is a mean of squares.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda n: n / (n - 1),
                "That is the factor of each residual. The score is a mean of squares.",
            ),
            Mistake(
                lambda: lambda n: ((n - 1) / n) ** 2,
                "Upside down: a row that did not take part is predicted worse.",
            ),
        ),
        at=((5,), (40,), (442,)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-8.2",
        wanted="a function of λ and n: the λ of a fit to n - 1 rows",
        right=lambda: refit_lam,
        because="The product of λ and the number of rows must stay nλ.",
        hints=(
            "Write the penalty beside a sum of squares. Which product of n and λ stands there?",
            "With n rows it is nλ/2 times the squared length. With n - 1 rows it must be the same.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda lam, n: lam,
                "With the same λ beside a mean, the penalty beside the sum is (n - 1)λ: too weak.",
            ),
            Mistake(
                lambda: lambda lam, n: (n - 1) * lam / n,
                "Upside down: fewer rows need a larger λ for the same product.",
            ),
            Mistake(
                lambda: lambda lam, n: n * lam,
                "That is the strength beside the sum. Divide by the rows of the new fit.",
            ),
        ),
        at=((0.001, 442), (0.1, 442), (10.0, 5)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-8.3",
        wanted="a whole number of trials",
        right=lambda: next(k for k in count(1) if (1 - 0.05) ** k <= 0.05),
        because="All of them miss with probability 0.95 to that power, in any dimension.",
        hints=(
            "With which probability does one trial miss? Two? All k?",
            "The smallest k with 0.95 to the power k at most 0.05: take logarithms, round up.",
        ),
        mistakes=(
            Mistake(
                lambda: round(1 / 0.05),
                "After 1/q trials one hit is expected on average, but over a third of such "
                "searches still have none.",
            ),
            Mistake(
                lambda: int(np.log(0.05) / np.log(0.95)),
                "Rounded down, they still miss a little too often.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-8.4",
        wanted="one of the words smallest, largest, depends",
        right=winner,
        because="The training error never falls as λ grows, whatever the penalty.",
        hints=(
            "Which fit has the smallest training error of all fits there are?",
            "Each minimizer beats the other at its own λ. Write both inequalities and add them.",
        ),
        mistakes=(
            Mistake(
                lambda: "largest",
                "The penalty pulls the weights away from the best fit to these rows.",
            ),
            Mistake(
                lambda: "depends",
                "That is so for the error on other rows. On the rows of the fit there is a law.",
            ),
        ),
        choices=("smallest", "largest", "depends"),
    ),
    Exercise(
        id="ex-8.5",
        wanted="a number: dV/d ln λ at λ = 2",
        right=lambda: slope(2.0),
        because="It is positive at every λ above 0, so descent runs to λ = 0.",
        hints=(
            "V depends on w, w on λ, and λ on ln λ: three factors.",
            "dV/dw is 3(3w - 14), dw/dλ is -7/(2 + λ)², and dλ/d ln λ is λ.",
        ),
        mistakes=(
            Mistake(lambda: slope(2.0) / 2, "That is dV/dλ. For ln λ multiply by λ."),
            Mistake(
                lambda: slope(2.0) / 3,
                "The prediction is 3w, so its derivative brings one more factor 3.",
            ),
            Mistake(
                lambda: -slope(2.0),
                "A larger λ shortens w, and 3w is already below 14: the error rises.",
            ),
        ),
        rtol=0.002,
    ),
)
