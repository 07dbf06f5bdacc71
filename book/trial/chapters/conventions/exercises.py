"""Exercises of the page on conventions across libraries."""

from __future__ import annotations

import numpy as np

from reglib.conventions import translate
from trial.page.exercise import Exercise, Mistake

RIDGE, LOGISTIC = "scikit-learn Ridge", "scikit-learn LogisticRegression"
GIVEN = {
    "ridge": (5.0, RIDGE),
    "pytorch": (0.02, "PyTorch, MSELoss"),
    "keras": (0.008, "Keras L2, mse"),
}


def strongest() -> str:
    """Which of the three numbers is the largest lam on 1000 rows."""
    return max(GIVEN, key=lambda name: translate(*GIVEN[name], "ours", n=1000))


def carried(fold: int, whole: int) -> list[float]:
    """alpha and C for `whole` rows, from 8 and 0.5 in a fold of `fold` rows."""
    lams = {name: translate(v, name, "ours", n=fold) for name, v in ((RIDGE, 8), (LOGISTIC, 0.5))}
    return [float(translate(lam, "ours", name, n=whole)) for name, lam in lams.items()]


def rest(momentum: float, decay: float) -> float:
    """lam by running it: the loss (w - 1)^2 with lam w^2 beside it rests at w = 1/(1 + lam)."""
    w, u, step = 0.0, 0.0, 0.05
    for _ in range(2000):
        u = momentum * u - step * 2 * (w - 1)
        w = (1 - step * decay) * w + u
    return 1 / w - 1


def cheapest(decay: float) -> float:
    """lam such that lam/2 is the lowest price of two weights a and a - 1, whose difference is 1."""
    a = np.linspace(-1, 2, 3001)
    return float(2 * (decay / 2 * (a**2 + (a - 1) ** 2)).min())


EXERCISES = (
    Exercise(
        id="ex-c.1",
        wanted="one of the words ridge, pytorch, keras",
        right=strongest,
        because="In our λ the three are 0.005, 0.01 and 0.008.",
        hints=(
            "What stands in front of the loss, what in front of the penalty? Divide.",
            "λ is alpha/n for Ridge, weight_decay/2 with MSELoss, and l2 itself in Keras.",
        ),
        mistakes=(
            Mistake(
                lambda: "ridge",
                "5 is the largest number, but it stands beside a sum over 1000 rows.",
            ),
            Mistake(
                lambda: "keras",
                "Keras's l2 is our λ. Halve PyTorch's number and compare.",
            ),
        ),
        choices=tuple(GIVEN),
    ),
    Exercise(
        id="ex-c.2",
        wanted="two numbers: alpha for all rows, C for all rows",
        right=lambda: carried(400, 500),
        because="nλ grows with n: alpha follows it, and C, which is one over it, falls.",
        hints=(
            "On how many rows does a fold train?",
            "Translate to λ with 400 rows, and back with 500. C is 1/(nλ).",
        ),
        mistakes=(
            Mistake(
                lambda: carried(500, 500),
                "The same numbers on more rows are another λ: both stand beside a sum.",
            ),
            Mistake(
                lambda: carried(500, 400),
                "That goes the other way, from all rows to a fold.",
            ),
            Mistake(
                lambda: [carried(400, 500)[0], carried(500, 400)[1]],
                "alpha is right. C stands before the loss, so it goes the other way.",
            ),
            Mistake(
                lambda: carried(100, 500),
                "A fold holds out 100 rows. It trains on the other 400.",
            ),
        ),
        rtol=0.001,
    ),
    Exercise(
        id="ex-c.3",
        wanted='a function of m and v: the λ for the loss "mse"',
        right=lambda: rest,
        because="Momentum multiplies the data's step by 1/(1 - m) and leaves the decay as it is.",
        hints=(
            "At rest both u and w repeat themselves. Solve u = m u - s g for u.",
            "Put u = -s g/(1 - m) into w = (1 - s v) w + u. What is g?",
            'The rest has g = -(1 - m) v w, and with "mse" the g is twice ours.',
        ),
        mistakes=(
            Mistake(
                lambda: lambda m, v: v / 2,
                "That is the rest without momentum. The velocity adds up the data's part only.",
            ),
            Mistake(
                lambda: lambda m, v: (1 - m) * v,
                'With "mse" the loss is not halved, so its gradient is twice ours.',
            ),
            Mistake(
                lambda: lambda m, v: v / (2 * (1 - m)),
                "Upside down: it is the data's step that grows, so the penalty counts for less.",
            ),
        ),
        at=((0.9, 0.3), (0.5, 1.0), (0.0, 0.2)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-c.4",
        wanted="a function of v: the λ on u",
        right=lambda: cheapest,
        because="The cheapest two vectors with the difference u are u/2 and -u/2.",
        hints=(
            "Many pairs have the same difference u. Which of them costs least?",
            "At u/2 and -u/2 the price is v/2 times twice a quarter of the squared length of u.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda v: v,
                "That is the row for one output. Two outputs share the work between them.",
            ),
            Mistake(
                lambda: lambda v: v / 4,
                "The price is v/4 times the squared length; the penalty is written λ/2 times it.",
            ),
            Mistake(
                lambda: lambda v: 2 * v,
                "Two vectors are penalized, but each of them is half as long as u.",
            ),
        ),
        at=((0.1,), (1.0,), (3.0,)),
        rtol=1e-6,
    ),
)
