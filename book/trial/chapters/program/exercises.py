"""Exercises of chapter 5, the article's regression."""

from __future__ import annotations

import numpy as np

from reglib.datasets import article
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from trial.page.exercise import Exercise, Mistake

X, y, _ = article()
x = X[:, 1]


def flat_from(feature: np.ndarray, target: np.ndarray) -> float:
    """The size of the gradient at the best flat line, where only the slope can still gain."""
    centered = SquaredError(feature[:, None] - feature.mean(), target - target.mean())
    return float(np.abs(centered.gradient(np.zeros(1))).max())


EXERCISES = (
    Exercise(
        id="ex-5.1",
        wanted="a function of the determinant d and the smallest eigenvalue h: the limit 2/L",
        right=lambda: lambda d, h: 2 / np.linalg.eigvalsh([[d / h, 0], [0, h]]).max(),
        because="The determinant is the product of the eigenvalues, so 2/L = 2h/d. Here d is 2.",
        hints=(
            "A matrix of two rows has two eigenvalues. What is their product?",
            "The product of the eigenvalues is the determinant: L h = d. Solve for 2/L.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda d, h: h,
                "That is true of these data. Try d = 3: then 2/L is no longer h.",
            ),
            Mistake(lambda: lambda d, h: d / h, "That is L itself; the limit is 2/L."),
        ),
        at=((2.0, 0.169), (3.0, 0.5), (0.8, 0.1)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-5.2",
        wanted="a number: the limit for x times 100, to 2 digits",
        right=lambda: step_limit(SquaredError(X * [1, 100], y)),
        because="The lower right entry of H, 11 times 100 squared, dwarfs the rest: 2/110000.",
        hints=(
            "The limit is 2/L, and L is nearly the largest entry of H.",
            "The lower right entry of H is the mean of x squared, which was 11.",
        ),
        mistakes=(
            Mistake(lambda: 2 / 1100, "The entry is a mean of squares: 100 counts twice."),
            Mistake(
                lambda: step_limit(SquaredError(X, y)) / 100**2,
                "Nearly. The old limit came from both entries of H, the new one from a single one.",
            ),
        ),
        rtol=0.02,
    ),
    Exercise(
        id="ex-5.3",
        wanted="a function of two arrays x and y: the smallest λ at which the lasso line is flat",
        right=lambda: flat_from,
        because="It is the size of the covariance of x and y; with several features, the largest.",
        hints=(
            "At a flat line the slope is 0. How large is the derivative of the data loss there?",
            "With the best intercept the derivative is minus the mean of (x - mean(x)) y.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda u, v: abs(np.mean(u * v)),
                "The intercept is free, so the mean of x must be taken out first.",
            ),
            Mistake(
                lambda: lambda u, v: np.mean((u - u.mean()) * v),
                "A falling line is penalized like a rising one: mind the sign.",
            ),
            Mistake(
                lambda: lambda u, v: abs(np.sum((u - u.mean()) * v)),
                "The data loss is a mean over the rows, not a sum.",
            ),
        ),
        at=((x, y), (x, y[::-1]), (x**2, np.sqrt(y))),
        rtol=1e-6,
    ),
)
