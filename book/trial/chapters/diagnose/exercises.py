"""Exercises of chapter 16, what is wrong with your run."""

from __future__ import annotations

from functools import cache

import numpy as np

from reglib.doctor import Report, diagnose
from trial.page.exercise import Exercise, Mistake, border

STEP, RHO = 0.02, 1.3


def read_off(every: int) -> float:
    """The limit as `diagnose` reads it from a log with a row every so many steps."""
    run = RHO ** np.arange(60.0)
    return limit_in(diagnose(run**2, run, STEP, steps=every * np.arange(60), optimizer="sgd"))


def limit_in(report: Report) -> float:
    """The limit that a report names."""
    return float(report.why.split("the limit 2/L ")[1].split()[0])


def fall(curvature: float, step: float) -> float:
    """The share of the promised fall that comes, from the two losses of a bowl."""
    x = 1 / curvature
    after = (1 - step * curvature) * x
    return curvature / 2 * (x**2 - after**2) / step


def bowl(share: float, step: float) -> list[float]:
    """The curvature with such a fall, by bisection, and the step as a share of its limit."""
    curvature = border(lambda h: fall(h, step) > share, 2 / step)
    return [share, curvature, step * curvature / 2]


def harder(loss: float = 1.21, gradient: float = 1.1) -> float:
    """The limit that `diagnose` reads where loss and gradient grow by these factors a row."""
    rows = np.arange(60.0)
    run = 1e-3 * loss**rows, 1e-2 * gradient**rows
    return limit_in(diagnose(*run, 0.1, optimizer="sgd"))


@cache
def one_row(spike: float = 1e5) -> str:
    """The cause of a calm log whose gradient alone jumps in row 40, with a plateau behind it."""
    noise = 1 + 0.05 * np.random.default_rng(16).standard_normal((2, 80))
    losses = np.where(np.arange(80) <= 40, 0.5 * 0.98 ** np.arange(80), 1.2) * noise[0]
    norms = np.where(np.arange(80) <= 40, np.sqrt(losses), 0.8) * noise[1]
    norms[40] *= spike
    return diagnose(losses, norms, 0.1).cause


EXERCISES = (
    Exercise(
        id="ex-16.1",
        wanted="two numbers: the largest stable rate in (a) and in (b), each to 3 digits",
        right=lambda: [read_off(1), read_off(5)],
        because="A log with gaps shows the growth of several steps at once.",
        hints=(
            "By which factor does the gradient norm grow from row to row?",
            "A growth of ρ per step means L = (1 + ρ)/s, and the limit is 2/L.",
            "With five steps a row, the growth of one step is the fifth root of that factor.",
        ),
        mistakes=(
            Mistake(
                lambda: [2 * STEP / (1 + RHO), 2 * STEP / (1 + RHO / 5)],
                "Five steps multiply by ρ to the power 5: take the fifth root.",
            ),
            Mistake(
                lambda: [STEP / (1 + RHO), STEP / (1 + RHO**0.2)],
                "That is 1/L; the limit is 2/L.",
            ),
            Mistake(
                lambda: [2 * STEP / (1 + np.sqrt(RHO)), 2 * STEP / (1 + RHO**0.1)],
                "The square root belongs to the loss. The gradient norm grows by sL - 1 itself.",
            ),
        ),
        rtol=0.006,
    ),
    Exercise(
        id="ex-16.2",
        wanted="three numbers: the part that came, the curvature, the share of the limit",
        right=lambda: bowl((5.00 - 4.94) / 0.1, 0.1),
        because="On a convex loss the part is at most 1: in (c) it would be 1.3.",
        hints=(
            "The promise is s times the squared gradient norm.",
            "D = 1 - sh/2. Solve for h; the limit in that direction is 2/h.",
        ),
        mistakes=(
            Mistake(
                lambda: [0.6, 4.0, 0.2],
                "The half in D = 1 - sh/2 was lost.",
            ),
            Mistake(
                lambda: [0.6, 8.0, 0.8],
                "The limit is 2/h, and not 1/h.",
            ),
        ),
        rtol=0.002,
    ),
    Exercise(
        id="ex-16.3",
        wanted="a number: the limit that diagnose reads off, to 3 digits",
        right=harder,
        because="No such limit exists. Two columns cannot tell a harder task from a step.",
        hints=(
            "Loss and gradient grow as on a bowl. Which L would make them do so?",
            "The gradient norm grows by ρ = 1.1 a step, so L = (1 + ρ)/s.",
        ),
        mistakes=(
            Mistake(
                lambda: harder(1.21**2, 1.21),
                "1.21 is the factor of the loss. ρ is that of the gradient norm.",
            ),
            Mistake(lambda: harder() / 2, "That is 1/L; the limit is 2/L."),
        ),
        rtol=0.005,
    ),
    Exercise(
        id="ex-16.4",
        wanted="the cause, as diagnose names it",
        right=one_row,
        because="The loss was good and the gradient was not: the weights stand before a wall, or "
        "Jacobians multiply.",
        hints=(
            "Which of the two numbers of the row is out of the ordinary?",
            "What can a step of 0.1 along a gradient of 10⁵ promise, when there is 0.5 to lose?",
        ),
        mistakes=(
            Mistake(
                lambda: "bad data",
                "A bad row makes the loss of its own step jump. Here that loss is ordinary.",
            ),
            Mistake(
                lambda: "step too large",
                "A step above the limit lets both grow together, by a factor a step.",
            ),
        ),
        choices=("step too large", "explosion through the network", "bad data"),
    ),
)
