"""Exercises of chapter 4, how a regularized training run is built."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.penalties import L2, Masked
from reglib.solvers import gradient_descent, least_squares, ridge
from trial.chapters.building.figures import FrozenGradient
from trial.page.exercise import Exercise, Mistake, border

X, y, _ = article()
loss = SquaredError(X, y)
SLOPE = [False, True]


def frozen(lam: float, start: float) -> float:
    """The slope that solves H w = c - v, with the penalty's gradient v at the start."""
    v = Masked(L2(lam), SLOPE).subgradient([3.0, start])
    return float((least_squares(X, y) - np.linalg.solve(X.T @ X / 5, v))[1])


@cache
def run_frozen() -> float:
    """The slope after a run with step 0.1 and a gradient frozen at λ = 10."""
    term = FrozenGradient(Masked(L2(10.0), SLOPE), [3.0, 2.0])
    return float(gradient_descent(loss, term, [3.0, 2.0], step=0.1, max_iter=700).w[1])


def per_epoch(lam: float) -> float:
    """What one epoch does to the distance from the ridge slope."""
    rest = ridge(X, y, lam, mask=SLOPE)[1]
    return float((frozen(lam, rest + 1) - rest) / 1.0)


def lam_times_t(x: Any) -> float:
    """By bisection: ridge with r/t has the share x/(x + r), which falls as r grows."""
    return border(lambda r: x / (x + r) > 1 - np.exp(-x), 2.0)


EXERCISES = (
    Exercise(
        id="ex-4.1",
        wanted="a function of λ and W₀: the slope at which the run ends",
        right=lambda: frozen,
        because="It is (7 - λW₀)/2: a constant push of λW₀ against the data's 7.",
        hints=(
            "With a free intercept only the centered data matter: x - 3 has mean square 2.",
            "Centered, the data's derivative is 2W - 7. What does the frozen term add to it?",
            "At rest 2W - 7 + λW₀ = 0.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda lam, w: 7 / (2 + lam),
                "That is ridge: there the term is computed again at every W.",
            ),
            Mistake(
                lambda: lambda lam, w: 7 - lam * w,
                "The curvature of the data along the slope is 2, not 1.",
            ),
            Mistake(
                lambda: lambda lam, w: (7 + lam * w) / 2,
                "Mind the sign: the term pushes toward zero from where it was computed.",
            ),
        ),
        at=((1.0, 2.0), (0.5, -1.0), (3.0, 1.0)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-4.2",
        wanted="a number: the slope at which the frozen run ends",
        right=run_frozen,
        because="It converges, since a constant has no curvature. To the slope (7 - 20)/2.",
        hints=(
            "What does a constant vector add to the Hessian?",
            "Nothing, so the run converges. The first exercise says where to.",
        ),
        mistakes=(
            Mistake(lambda: 7 / 12, "That is ridge with λ = 10. The frozen run does not find it."),
            Mistake(lambda: 3.5, "That is least squares, where a frozen value would end."),
            Mistake(lambda: -13.0, "Divide by the curvature of the data along the slope, 2."),
        ),
        rtol=1e-3,
    ),
    Exercise(
        id="ex-4.3",
        wanted="a function of λ: the factor of the distance from the ridge slope, with its sign",
        right=lambda: per_epoch,
        because="It is -λ/2: to the other side at every epoch, and farther away when λ > 2.",
        hints=(
            "One epoch takes the slope from W to the answer of the first exercise.",
            "W ↦ (7 - λW)/2 is a straight line through the ridge slope. How steep is it?",
        ),
        mistakes=(
            Mistake(
                lambda: lambda lam: lam / 2,
                "Right in size. On which side of the ridge slope does an epoch end?",
            ),
            Mistake(
                lambda: lambda lam: -lam,
                "The data have the curvature 2 along the slope; it divides the push.",
            ),
            Mistake(
                lambda: lambda lam: 1 - lam / 2,
                "That would be one step against the penalty. An epoch forgets where it began.",
            ),
        ),
        at=((1.0,), (1.5,), (2.5,)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-4.4",
        wanted="a function of x = th: the product λt",
        right=lambda: lam_times_t,
        because="It is x/(e^x - 1): near 1 for small x, and almost 0 for large x.",
        hints=(
            "Set the two shares equal: 1 - e^(-x) = h/(h + λ). Solve for λ.",
            "λ = h (1/(1 - e^(-x)) - 1). Multiply by t, and th is x.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda x: 1.0,
                "That is the rule λ = 1/t. Put x = 1 into both shares.",
            ),
            Mistake(
                lambda: lambda x: 1 / (np.exp(x) - 1),
                "That is λ/h; λt is x times as much.",
            ),
            Mistake(
                lambda: lambda x: x * np.exp(-x),
                "Right for large x only. For small x it must come near 1.",
            ),
        ),
        at=((0.1,), (1.0,), (5.0,)),
        rtol=1e-6,
    ),
)
