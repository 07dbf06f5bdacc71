"""Exercises of chapter 9, data."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from reglib.datasets import article
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.solvers import gradient_descent
from trial.chapters.data.figures import slope_variance
from trial.page.exercise import Exercise, Mistake, border

X, y, _ = article()
x, centered = X[:, 1] - X[:, 1].mean(), y - y.mean()
WIDE = NormalDist().inv_cdf(0.975)
"""95 of 100 normal numbers are within so many standard deviations."""
SIGMA = 2.0
V = slope_variance(x, centered, SIGMA)


def dropout_like(sigma: float) -> float:
    """The p at which an entry of 1, dropped or divided by 1 - p, has the variance sigma^2."""

    def variance(p: float) -> float:
        return p * (0 - 1) ** 2 + (1 - p) * (1 / (1 - p) - 1) ** 2

    return border(lambda p: variance(p) < sigma**2, 1.0)


def largest_entry(n: int, step: float) -> float:
    """The entry, alone in its column of n rows, at which `step` is just the limit."""
    column = np.zeros((n, 1))
    column[0] = 1.0
    return float(np.sqrt(step_limit(SquaredError(column, np.zeros(n))) / step))


def doubled() -> NDArray[np.float64]:
    """Limit, gradient and loss after five steps with doubled targets, over those without."""
    told = []
    for factor in (1.0, 2.0):
        loss = SquaredError(X, factor * y)
        w = gradient_descent(loss, None, np.zeros(2), step=0.01, tol=0, max_iter=5).w
        told.append([step_limit(loss), np.linalg.norm(loss.gradient(w)), float(loss.value(w))])
    return np.divide(told[1], told[0])


def copies_with(w: float) -> list[float]:
    """The two numbers of copies when a slope w is put into the formula."""
    n, square = len(x), SIGMA**2
    noise = square * np.square(centered - 2 * w * x).sum() + 2 * n * w**2 * square**2
    v = noise / (w * (x @ x + n * square)) ** 2
    return [v / 0.01**2, WIDE**2 * v / 0.01**2]


def worst_limit(L: float, tau: float) -> float:
    """Where the noisy column is the top eigenvector itself."""
    return float(2 / np.linalg.eigvalsh(np.diag([L + tau**2, L / 2])).max())


EXERCISES = (
    Exercise(
        id="ex-9.1",
        wanted="a function of σ: the probability p",
        right=lambda: dropout_like,
        because="Both penalties are ridge when p/(1 - p) = σ²; at σ = 1 half of all entries go.",
        hints=(
            "By the theorem, how strong is dropout for a column with H_jj = 1?",
            "Set p/(1 - p) equal to σ² and solve for p.",
        ),
        mistakes=(
            Mistake(lambda: lambda sigma: sigma**2, "That is p/(1 - p). Solve for p."),
            Mistake(
                lambda: lambda sigma: 1 / (1 + sigma**2),
                "That is the probability 1 - p with which an entry stays.",
            ),
            Mistake(
                lambda: lambda sigma: sigma / (1 + sigma),
                "λ is the variance of the noise, σ², and not σ.",
            ),
        ),
        at=((0.5,), (1.0,), (2.0,)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-9.2",
        wanted="a number: the largest size of one entry that the bound allows at step 0.4",
        right=lambda: largest_entry(442, 0.4),
        because="It is the root of 2n/s. A standardized entry is rarely above 4 in size.",
        hints=(
            "One entry alone keeps the limit at or below 2n over its square.",
            "Set 2n/x² equal to 0.4 and solve for x.",
        ),
        mistakes=(
            Mistake(lambda: 2 * 442 / 0.4, "That is x². Its root is wanted."),
            Mistake(
                lambda: largest_entry(1, 0.4),
                "H is a mean over the rows: a single entry is divided by n.",
            ),
        ),
        rtol=0.005,
    ),
    Exercise(
        id="ex-9.3",
        wanted="two numbers: copies for 1 %, and copies for 95 of 100 runs within 1 %",
        right=lambda: [V / 0.01**2, WIDE**2 * V / 0.01**2],
        because="The error falls with the root of m, so 1.96 times less error takes 3.84 times m.",
        hints=(
            "The slope of ridge with λ = σ² is 35/(10 + 5σ²). Put it in for w everywhere.",
            "The variance is v/m and the error its root: m = v/0.01².",
            "95 of 100 normal errors are within 1.96 standard deviations.",
        ),
        mistakes=(
            Mistake(
                lambda: [V / 0.01, WIDE**2 * V / 0.01],
                "v/m is a variance; 1 % is the size of its root.",
            ),
            Mistake(
                lambda: [V / 0.01**2, WIDE * V / 0.01**2],
                "The first number is right. To shrink the error 1.96 times takes 1.96² times m.",
            ),
            Mistake(
                lambda: copies_with(3.5),
                "w is the slope to which the copies tend, that of ridge, and not the 3.5 of the "
                "five points.",
            ),
        ),
        rtol=0.003,
    ),
    Exercise(
        id="ex-9.4",
        wanted="three numbers: the factors of the limit, of the gradient and of the loss",
        right=doubled,
        because="The run is the same in units twice as large; its steps are as stable as before.",
        hints=(
            "Does y occur in X'X/n?",
            "From zero, every iterate and every gradient is linear in the targets.",
            "The loss is half a mean of squares of residuals.",
        ),
        mistakes=(
            Mistake(
                lambda: [0.5, 2, 4],
                "The gradient and the loss are right. But the limit is 2 over the largest "
                "eigenvalue of X'X/n: where are the targets in it?",
            ),
            Mistake(lambda: [1, 2, 2], "The loss is made of squares."),
            Mistake(
                lambda: [1, 1, 1],
                "The stability is the same, the numbers are not: the solution is twice as far.",
            ),
        ),
    ),
    Exercise(
        id="ex-9.5",
        wanted="a function of L and τ: a bound from below on the new limit",
        right=lambda: worst_limit,
        because="The new Hessian has its largest eigenvalue between L and L + τ².",
        hints=(
            "Which matrix does noise on the third column alone add to H?",
            "Its only entry is τ². By how much can that raise the largest eigenvalue?",
        ),
        mistakes=(
            Mistake(
                lambda: lambda L, tau: 2 / (L + tau),
                "The curvature grows by the variance of the noise, not by its standard deviation.",
            ),
            Mistake(
                lambda: lambda L, tau: 2 / L,
                "That is the limit without noise. Adding to H cannot raise it.",
            ),
            Mistake(
                lambda: lambda L, tau: L + tau**2,
                "That bounds the largest eigenvalue; the limit is 2 over it.",
            ),
        ),
        at=((4.0, 0.5), (1.0, 2.0), (0.3, 1.0)),
        rtol=1e-6,
    ),
)
