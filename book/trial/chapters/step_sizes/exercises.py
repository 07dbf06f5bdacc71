"""Exercises of chapter 7, step sizes."""

from __future__ import annotations

from functools import cache

import numpy as np

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.optimizers import Momentum
from reglib.solvers import least_squares, ridge
from trial.chapters.step_sizes.figures import box_minimum
from trial.page.exercise import Exercise, Mistake, border

X, y, _ = article()
loss = SquaredError(X, y)
best = least_squares(X, y)


def sum_over_average(beta: float) -> float:
    """How much longer the sum of gradients is than their average, after three equal gradients."""
    total = average = np.zeros(1)
    for _ in range(3):
        total, _ = Momentum(beta).update(np.ones(1), w=total, memory=total)
        average = beta * average + (1 - beta)
    return float(total[0] / average[0])


def nesterov_limit(beta: float, curvature: float) -> float:
    """Where a root of the error's recursion leaves the unit circle."""

    def stable(step: float) -> bool:
        q = 1 - step * curvature
        return bool(np.abs(np.roots([1, -(1 + beta) * q, beta * q])).max() < 1)

    return border(stable, 4 / curvature)


@cache
def in_the_box() -> tuple[float, ...]:
    """The best point for AdamW's lam = 0.4."""
    return tuple(map(float, box_minimum(loss, 0.4)))


EXERCISES = (
    Exercise(
        id="ex-7.1",
        wanted="a function of β: the rate for the average over the rate for the sum",
        right=lambda: sum_over_average,
        because="The average is 1 - β times the sum at every step, so its rate must be larger.",
        hints=(
            "Let every gradient be 1. How long are the sum and the average after one step?",
            "The average is the sum times 1 - β. The product of rate and v must stay the same.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda beta: 1 - beta,
                "Upside down: the average is the shorter of the two, so its rate is the larger.",
            ),
            Mistake(
                lambda: lambda beta: (1 + beta) / (1 - beta),
                "That compares the limit of the average with that of plain gradient descent.",
            ),
        ),
        at=((0.5,), (0.9,), (0.99,)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-7.2",
        wanted="a function of β and L: the largest stable step of Nesterov's form",
        right=lambda: nesterov_limit,
        because="It is 2(1 + β)/((1 + 2β)L): below 2/L for every β above 0.",
        hints=(
            "Write q = 1 - s h. The polynomial of the recursion is z² - (1 + β)q z + βq.",
            "Both roots are inside the unit circle when |βq| < 1 and |(1 + β)q| < 1 + βq.",
            "A step too long makes q negative. Solve -(1 + β)q = 1 + βq for s at h = L.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda beta, L: 2 * (1 + beta) / L,
                "That is the heavy ball. Here the gradient is taken ahead, and q stands in the "
                "last term of the polynomial too.",
            ),
            Mistake(
                lambda: lambda beta, L: 1 / ((1 + 2 * beta) * L),
                "That is where -q(1 + 2β) = 1 would put s h if q were -s h; q is 1 - s h.",
            ),
        ),
        at=((0.5, 1.0), (0.9, 11.83), (0.2, 3.0)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-7.3",
        wanted="three numbers: the largest λ, then b and W of the best point for λ = 0.4",
        right=lambda: [1 / np.abs(best).max(), *in_the_box()],
        because="A box of half width 1/λ holds (-2.5, 3.5) while 1/λ is 3.5 or more.",
        hints=(
            "The box is |b| ≤ 1/λ, |W| ≤ 1/λ. Which weight of the solution is the largest?",
            "For λ = 0.4 the half width is 2.5. W wants to be 3.5, so it ends at the side.",
            "Hold W at 2.5. The best b then makes the mean of the residuals zero.",
        ),
        mistakes=(
            Mistake(
                lambda: [1 / np.abs(best).max(), *np.clip(best, -2.5, 2.5)],
                "The solution cut back to the box is not the best point in it: with W held, "
                "b moves to another place.",
            ),
            Mistake(
                lambda: [1 / np.abs(best).max(), *ridge(X, y, 0.4)],
                "That is ridge. AdamW's λ sets a bound and no price.",
            ),
            Mistake(
                lambda: [np.abs(best).max(), *in_the_box()],
                "That is the half width; λ is one over it.",
            ),
        ),
        rtol=0.002,
    ),
)
