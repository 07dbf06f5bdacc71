"""Exercises of chapter 3, what a penalty does to one step."""

from __future__ import annotations

import numpy as np

from reglib.datasets import article
from reglib.diagnostics import step_limit
from reglib.losses import SquaredError
from reglib.penalties import L1, ElasticNet
from reglib.solvers import gradient_descent
from trial.page.exercise import Exercise, Mistake, border

X, y, _ = article()
loss = SquaredError(X, y)
L = float(loss.lipschitz())


def harmful(mask: list[bool] | None = None) -> float:
    """The coupled L2 at which 0.1 is the largest stable step."""
    return border(lambda lam: bool(step_limit(loss, lam, mask=mask) > 0.1), 20.0)


def last_stable(lam: float, h: float) -> float:
    """Where the last stretch of stable steps of shrinking after the step ends."""
    stretches = step_limit(np.array([[h]]), lam, "shrink_after", islands=True)
    return float(np.max(stretches))


def half_jump(s: float, h: float, lam: float) -> float:
    """The size of the weight after many steps with the subgradient, from no special start."""
    point = SquaredError([[np.sqrt(h)]], [0.0])
    run = gradient_descent(point, L1(lam), [np.pi], step=s, tol=0, max_iter=150)
    return float(abs(run.w[0]))


def caught(s: float, h: float, lam1: float, lam2: float) -> float:
    """The largest weight that one gradient step and one prox step make smaller."""
    lam = lam1 + lam2
    penalty = ElasticNet(lam, lam1 / lam)

    def smaller(w: float) -> bool:
        return bool(abs(penalty.prox([w - s * h * w], s)[0]) < w)

    return border(smaller, 1e3)


EXERCISES = (
    Exercise(
        id="ex-3.1",
        wanted="two numbers: λ with both weights penalized, λ with the intercept free",
        right=lambda: [harmful(), harmful([False, True])],
        because="20 - L, and 9 - 9/19: sparing the intercept asks for a little more.",
        hints=(
            "At the border the largest eigenvalue of H plus the penalty's part is 2/0.1.",
            "(a) L + λ = 20. (b) H has the rows (1, 3) and (3, 11). Where does λ join it?",
            "(b) 20 is an eigenvalue when (20 - 1)(20 - 11 - λ) - 3 · 3 = 0.",
        ),
        mistakes=(
            Mistake(
                lambda: [harmful(), harmful()],
                "(a) is right. In (b) λ joins only the lower right entry of H.",
            ),
            Mistake(
                lambda: [harmful(), 20 - 11],
                "(a) is right. In (b) the entries beside the diagonal still count a little.",
            ),
            Mistake(
                lambda: [10 - L, 10 - L],
                "The limit is 2/(L + λ), not 1/(L + λ).",
            ),
        ),
        rtol=1e-3,
    ),
    Exercise(
        id="ex-3.2",
        wanted="a function of λ and h: the step beyond which no step is stable",
        right=lambda: last_stable,
        because="It is 1/λ + 1/h. Below it there may be a gap of steps that are not stable.",
        hints=(
            "For a large step both brackets are negative, so their product is positive.",
            "The last border is where (1 - sλ)(1 - sh) = 1. Multiply out.",
            "The ones cancel, and s can be divided out.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda lam, h: 1 / lam,
                "That is the middle of the island, where the factor is 0.",
            ),
            Mistake(
                lambda: lambda lam, h: 2 / lam,
                "There the first bracket is -1, but the second is not 1.",
            ),
            Mistake(
                lambda: lambda lam, h: 2 / (lam + h),
                "That is the limit of the coupled step, whose factor is 1 - s(λ + h).",
            ),
        ),
        at=((1.0, 11.83), (5.0, 11.83), (0.5, 2.0)),
        rtol=1e-4,
    ),
    Exercise(
        id="ex-3.3",
        wanted="a function of s, h and λ: the size of the weight in the end",
        right=lambda: half_jump,
        because="It is sλ/(2 - sh): the smaller the step, the smaller the jump, and never 0.",
        hints=(
            "In the end the weight jumps between a and -a. Write down the step from a to -a.",
            "From a > 0 the step is a - s(ha + λ), and it must be -a. Solve for a.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda s, h, lam: s * lam,
                "That is how far the penalty alone moves the weight in one step.",
            ),
            Mistake(
                lambda: lambda s, h, lam: s * lam / 2,
                "Nearly: that is right for h = 0. The loss pulls toward zero too.",
            ),
            Mistake(
                lambda: lambda s, h, lam: 2 * s * lam / (2 - s * h),
                "That is the whole jump, from a to -a. The size of the weight is half of it.",
            ),
        ),
        at=((0.5, 1.0, 1.0), (1.5, 1.0, 2.0), (0.3, 2.0, 1.0)),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-3.4",
        wanted="a function of s, h, λ₁ and λ₂: the border of the basin",
        right=lambda: caught,
        because="It is sλ₁/(s(h - λ₂) - 2): the L2 part takes its λ₂ off the curvature.",
        hints=(
            "First without L2: the step gives -(sh - 1)w, and the threshold takes sλ₁ away.",
            "With it the rest is divided by 1 + sλ₂. When is the result smaller than |w|?",
            "Solve (sh - 1)|w| - sλ₁ < (1 + sλ₂)|w| for |w|.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda s, h, lam1, lam2: s * lam1 / (s * h - 2),
                "That is the basin without the L2 part.",
            ),
            Mistake(
                lambda: lambda s, h, lam1, lam2: s * lam1 / (s * (h + lam2) - 2),
                "That is L2 in the gradient, where it adds curvature. As a prox it divides.",
            ),
            Mistake(
                lambda: lambda s, h, lam1, lam2: s * lam1 / (s * h - 1),
                "The size must not grow: compare with |w|, not with 0.",
            ),
        ),
        at=((2.5, 1.0, 1.0, 0.1), (3.0, 1.0, 2.0, 0.2), (1.5, 2.0, 0.5, 0.3)),
        rtol=1e-6,
    ),
)
