"""Exercises of chapter 6, what a penalty buys on real data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from reglib.datasets import diabetes, longley, standardize
from reglib.diagnostics import condition_number
from reglib.losses import SquaredError
from reglib.penalties import ElasticNet
from reglib.solvers import ridge
from trial.chapters.real_data.figures import steps_per_digit
from trial.page.exercise import Exercise, Mistake, border

X, target, _ = diabetes()
y = target - target.mean()
table_X, employed, _ = longley()
Z = standardize(table_X).X
centered = (employed - employed.mean()) / employed.std()
H = Z.T @ Z / len(Z)


def all_zero_from(X: Any, y: Any, r: float) -> float:
    """By bisection: the smallest λ at which a proximal step from zero stays there."""
    pull = SquaredError(X, y).gradient(np.zeros(X.shape[1]))
    return border(lambda lam: ElasticNet(lam, r).prox(-pull, 1.0).any(), 1e4)


def of_copies(c: float, lam: float, k: int) -> float:
    """The sum of the ridge weights of k equal columns that have the covariance c with y."""
    column = np.array([1.0, -1.0, 1.0, -1.0])
    return float(ridge(np.tile(column[:, None], k), c * column, lam).sum())


def residual_ratio(power: float = 0.5) -> float:
    """How much longer the residual is with λ = 0.1 than with least squares on Longley."""
    loss = SquaredError(Z, centered)
    with_penalty, without = (float(loss.value(ridge(Z, centered, lam))) for lam in (0.1, 0.0))
    return (with_penalty / without) ** power


@cache
def enough(steps: float) -> float:
    """By bisection: the λ at which one digit costs so many steps at the best step."""
    return border(lambda lam: steps_per_digit(condition_number(H, lam)) > steps, 10.0)


def from_condition(c: float) -> float:
    """The λ at which L2 on every weight brings the condition number to c."""
    h = np.linalg.eigvalsh(H)
    return float((h[-1] - c * h[0]) / (c - 1))


DIGIT, E_FOLD = 10 ** (-1 / 100), np.exp(-1 / 100)
EXERCISES = (
    Exercise(
        id="ex-6.1",
        wanted="a function of X, y and r: the smallest λ at which every weight is zero",
        right=lambda: all_zero_from,
        because="It is the largest |X'y| over n r. With r = 1 it is the first knot of the path.",
        hints=(
            "At zero the gradient of the loss is -X'y/n. What holds a weight at zero?",
            "The L1 part does, with the force λ r. The L2 part has no force at zero.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda X, y, r: np.abs(X.T @ y).max() / len(y),
                "That is the lasso's. Only the share r of λ is L1.",
            ),
            Mistake(
                lambda: lambda X, y, r: (X.T @ y).max() / (len(y) * r),
                "A negative covariance pulls as hard as a positive one: take sizes.",
            ),
            Mistake(
                lambda: lambda X, y, r: np.abs(X.T @ y).max() / r,
                "The loss is a mean over n rows.",
            ),
        ),
        at=((X, y, 1.0), (X[:, 6:7], y, 0.5), (X[:, :2], -y, 0.25)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-6.2",
        wanted="a function of c, λ and k: the sum of the k weights",
        right=lambda: of_copies,
        because="It is c/(1 + λ/k): to ridge, copies make a column cheaper.",
        hints=(
            "By symmetry the k weights are equal. Call each one v: the prediction uses k v.",
            "k weights of size v cost λ k v²/2. In terms of the sum u = k v that is λ u²/(2k).",
        ),
        mistakes=(
            Mistake(
                lambda: lambda c, lam, k: c / (1 + lam),
                "So it would be if a copy changed nothing. For the lasso that is the right idea.",
            ),
            Mistake(
                lambda: lambda c, lam, k: k * c / (1 + lam),
                "Each copy knows of the others: together they predict y once, not k times.",
            ),
            Mistake(
                lambda: lambda c, lam, k: c / (1 + k * lam),
                "More columns, smaller weights: k small weights have a small sum of squares.",
            ),
        ),
        at=((3.0, 1.0, 2), (-2.0, 0.5, 3), (7.0, 10.0, 5)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-6.3",
        wanted="a number: the length of ridge's residual over that of least squares, to 2 digits",
        right=residual_ratio,
        because="The speed is not free: the fit moves away from least squares.",
        hints=(
            "Fit both, and take the norm of y - Xw of each on the same rows.",
            "Z and centered are above; ridge(Z, centered, 0.1) is the penalized fit.",
        ),
        mistakes=(
            Mistake(
                lambda: residual_ratio(1.0),
                "That is the ratio of the losses. A length is the root of a sum of squares.",
            ),
            Mistake(
                lambda: residual_ratio(-0.5),
                "Upside down: least squares has the shorter residual.",
            ),
        ),
        rtol=0.01,
    ),
    Exercise(
        id="ex-6.4",
        wanted="a number: the λ at which a digit costs 100 steps, to 3 digits",
        right=lambda: enough(100.0),
        because="Such a condition number is (1 + q)/(1 - q), with q the hundredth root of 1/10.",
        hints=(
            "In 100 steps of factor (c - 1)/(c + 1) the error must fall to a tenth. Find c.",
            "With the penalty c is (L + λ)/(h₁ + λ). Solve for λ.",
        ),
        mistakes=(
            Mistake(
                lambda: from_condition(1 / (1 - DIGIT)),
                "That is for the step 1/L. The best step is longer, and its factor smaller.",
            ),
            Mistake(
                lambda: from_condition((1 + E_FOLD) / (1 - E_FOLD)),
                "That brings the error down by e in 100 steps. A digit is a factor of 10.",
            ),
        ),
        rtol=0.002,
    ),
)
