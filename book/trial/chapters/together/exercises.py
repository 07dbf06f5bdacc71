"""Exercises of chapter 15, what to do when training diverges."""

from __future__ import annotations

from functools import cache

import numpy as np

from reglib.datasets import article
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.solvers import least_squares
from trial.chapters.recurrent import decay_steps
from trial.chapters.remedies.figures import least_lam
from trial.page.exercise import Exercise, Mistake

STEP, FACTOR = 0.25, 4.0
SIGMA, RATE, SPARE = 8.0, 0.05, 300
X, y, _ = article()


def limit(factor: float) -> float:
    """The limit of a quadratic whose gradient grows by `factor` at the step of the log."""
    return 2 / float(np.roots([STEP, -1 - factor])[0])


@cache
def at_rest(share: float = 1.5) -> int:
    """Steps of the line with a shrinking clip until the best fit is one millionth away."""
    loss, best = SquaredError(X, y), least_squares(X, y)
    w, step, k = np.array([3.0, 2.0]), share * float(step_limit(loss)), 0
    while np.linalg.norm(w - best) >= 1e-6:
        gradient = loss.gradient(w)
        w, k = w - step * gradient * min(1, 0.99**k / np.linalg.norm(gradient)), k + 1
    return k


EXERCISES = (
    Exercise(
        id="ex-15.1",
        wanted="a number: the largest stable step, to 2 digits",
        right=lambda: limit(np.sqrt(FACTOR)),
        because="sL - 1 = 2, so L = 12. A good next try is 1/L, a third of the step of the log.",
        hints=(
            "The loss grows by a constant factor in each step. What does that say about sL?",
            "The loss is multiplied by (sL - 1)². Solve for L, with s = 0.25.",
        ),
        mistakes=(
            Mistake(
                lambda: limit(FACTOR),
                "4 is the factor of the loss. The error, and sL - 1, is its square root.",
            ),
            Mistake(
                lambda: limit(np.sqrt(FACTOR)) / 2,
                "That is 1/L, a good next try. The limit is twice as large.",
            ),
            Mistake(
                lambda: 2 / (np.sqrt(FACTOR) / STEP),
                "sL is not the factor: the step multiplies by 1 - sL.",
            ),
        ),
    ),
    Exercise(
        id="ex-15.2",
        wanted="two numbers: the λ for 300 steps (to 3 digits), and the λ of the theorem",
        right=lambda: [least_lam(SIGMA, RATE, SPARE), 1 / 2],
        because="The theorem allows for the worst: every clipped gradient pushes W up.",
        hints=(
            "Pure decay multiplies by 1 - sλ. What must its power 300 make of 8?",
            "ln 8 = 300 sλ, nearly. The theorem bounds the value by c/λ in the end.",
        ),
        mistakes=(
            Mistake(
                lambda: [RATE * least_lam(SIGMA, RATE, SPARE), 1 / 2],
                "In the first number the learning rate is missing: that is sλ.",
            ),
            Mistake(
                lambda: [least_lam(SIGMA, RATE, SPARE), 2.0],
                "c/λ must be at most 2. Solve that for λ.",
            ),
            Mistake(
                lambda: [np.log10(SIGMA) / (RATE * SPARE), 1 / 2],
                "Take the natural logarithm.",
            ),
        ),
        rtol=0.004,
    ),
    Exercise(
        id="ex-15.3",
        wanted="a whole number: the steps until the best fit is less than one millionth away",
        right=at_rest,
        because="The line jumps over the best fit from one side to the other, by s c each time.",
        hints=(
            "Write the loop, or ask: how far from the fit is a line that jumps over it?",
            "It jumps by s c from one side to the other: its distance is half of that.",
        ),
        mistakes=(
            Mistake(
                lambda: at_rest() - 1,
                "Off by one: count the steps taken, beginning with a clip at 1.",
            ),
            Mistake(
                lambda: int(decay_steps(1e6, 1.0, 0.01)),
                "That is when the clip has come down to one millionth. How long is a jump?",
            ),
            Mistake(
                lambda: int(
                    decay_steps(1.5 * float(step_limit(SquaredError(X, y))) * 1e6, 1.0, 0.01)
                ),
                "That is when the jump is one millionth long. The distance is half of a jump.",
            ),
        ),
        rtol=0.0,
    ),
)
