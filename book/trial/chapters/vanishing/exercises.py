"""Exercises of chapter 13, the vanishing gradient."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from reglib.datasets import first_input
from reglib.diagnostics import jacobian_norms
from reglib.networks import RNN, Omega
from trial.page.exercise import Exercise, Mistake, border

STEP, LAM = 0.05, 0.1


def steps_below(factor: float, share: float) -> int:
    """The first number of factors whose product is below `share`, one by one."""
    left, k = 1.0, 0
    while left > share:
        left, k = left * factor, k + 1
    return k


def ways_back(shrink: float) -> list[int]:
    """The three answers of the first exercise when a step of training multiplies by `shrink`."""
    return [steps_below(0.6, 1e-6), steps_below(0.95, 1e-6), steps_below(shrink, 0.6)]


def term(a: Any, W: Any, d: Any) -> Any:
    """Central differences of (|a W D| / |a| - 1)^2 in the entries of W."""

    def cost(W: Any) -> float:
        return float((np.linalg.norm(a @ W * d) / np.linalg.norm(a) - 1) ** 2)

    slopes = np.zeros_like(W)
    for at in np.ndindex(W.shape):
        moved = np.zeros_like(W)
        moved[at] = 1e-5
        slopes[at] = (cost(W + moved) - cost(W - moved)) / 2e-5
    return slopes


def outer(a: Any, W: Any, d: Any, *, factor: float = 2.0, back: bool = True) -> Any:
    """The formula with its factor and its second D, or without."""
    v = a @ W * d
    long, short = np.linalg.norm(v), np.linalg.norm(a)
    return factor * (long / short - 1) / (long * short) * np.outer(a, v * d if back else v)


@cache
def rotated() -> list[float]:
    """Omega of a linear network with W = 0.6 Q, and the step that lands on gain 1."""
    rng = np.random.default_rng(13)
    net = RNN(*first_input(rng, 8, 20), 16, "linear")
    cost = []
    for gain in (0.6, 0.6 + 1e-4, 0.6 - 1e-4):
        w = net.init(np.random.default_rng(0), gain, "orthogonal")
        cost.append(float(Omega(net, 1.0).value(w) - net.value(w)))
    return [cost[0], (1 - 0.6) / -((cost[1] - cost[2]) / 2e-4)]


@cache
def hump() -> list[float]:
    """Where the norm of the power is largest, from where it is below 1, the largest corner."""
    growth = jacobian_norms([np.array([[0.9, 10.0], [0.0, 0.9]])] * 100)
    corner = border(lambda x: np.linalg.norm([[0.9, x], [0.0, 0.9]], 2) <= 1, 1.0)
    return [int(growth.argmax()) + 1, int(np.nonzero(growth >= 1)[0].max()) + 2, corner]


_rng = np.random.default_rng(3)
POINTS = tuple(
    (_rng.standard_normal(3), 0.6 * _rng.standard_normal((3, 3)), _rng.uniform(0.3, 1, 3))
    for _ in range(2)
)

EXERCISES = (
    Exercise(
        id="ex-13.1",
        wanted="three whole numbers: the steps back in (a) and (b), the steps of training in (c)",
        right=lambda: ways_back(1 / (1 + STEP * LAM)),
        because="A hundred steps of training turn a gain that keeps everything into (a).",
        hints=(
            "How often must you multiply by σ until the product is below one millionth?",
            "k is ln(10⁻⁶)/ln σ, rounded up. In (c) the factor is that of a proximal step.",
            "A proximal step divides by 1 + sλ = 1.005. When is the product of these above 1/0.6?",
        ),
        mistakes=(
            Mistake(
                lambda: ways_back(1 - STEP * LAM),
                "In (c) that is the coupled step. The networks of this chapter take proximal ones.",
            ),
            Mistake(
                lambda: ways_back(1 / (1 + LAM)),
                "In (c) the step s is missing: one step of training divides by 1 + sλ.",
            ),
            Mistake(
                lambda: [k - 1 for k in ways_back(1 / (1 + STEP * LAM))],
                "Round up: after so many steps it is not yet below.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-13.2",
        wanted="a function of a (k,), W (k, k) and the diagonal d (k,) of D: a matrix (k, k)",
        right=lambda: term,
        because="It is 0 at q = 1, and for q < 1 a step downhill makes v longer.",
        hints=(
            "The outer function gives 2(q - 1) dq, and ‖a‖ is constant.",
            "‖v‖ changes by v·dv/‖v‖, and dv is a dW D. Which matrix multiplies dW?",
            "It is the outer product of a and v D. In NumPy v is a @ W * d, and v D is v * d.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda a, W, d: outer(a, W, d, back=False),
                "D comes twice: once in v and once in dv.",
            ),
            Mistake(
                lambda: lambda a, W, d: outer(a, W, d, factor=1.0),
                "The derivative of a square has a factor 2.",
            ),
            Mistake(
                lambda: lambda a, W, d: outer(a, W, d).T,
                "Transposed: the row of W belongs to a, the column to v.",
            ),
        ),
        at=POINTS,
        rtol=1e-6,
    ),
    Exercise(
        id="ex-13.3",
        wanted="two numbers: Ω, and the learning rate, each to 3 digits",
        right=rotated,
        because="With T steps there are T - 1 quotients, and every one of them is g.",
        hints=(
            "A rotation keeps the length. How large is each quotient, and how many are there?",
            "Ω is 19 (g - 1)². Its derivative is 38 (g - 1), and a step is to undo g - 1.",
        ),
        mistakes=(
            Mistake(
                lambda: [20 * 0.4**2, 1 / 40],
                "Twenty steps of time have nineteen quotients between them.",
            ),
            Mistake(
                lambda: [19 * 0.4**2, 1 / 19],
                "The derivative of a square has a factor 2.",
            ),
            Mistake(lambda: [19 * 0.4, 1 / 38], "The distance of the quotient from 1 is squared."),
        ),
        rtol=2e-4,
    ),
    Exercise(
        id="ex-13.4",
        wanted="three numbers: k of the largest norm, the first k below 1 for good, the corner",
        right=hump,
        because="Eigenvalues speak about the end, the largest singular value about every step.",
        hints=(
            "W is 0.9 I + N with N² = 0. What is its power?",
            "The corner of the power is 10 k 0.9 to the power k - 1. When does it fall below 1?",
            "The singular values have the product 0.81 and the difference b. Set the larger to 1.",
        ),
        mistakes=(
            Mistake(
                lambda: [hump()[0] + 1, *hump()[1:]],
                "The corner is as large at 9 as at 10. What does the diagonal add?",
            ),
            Mistake(
                lambda: [*hump()[:2], 1 - 0.9],
                "The corner and the diagonal are at right angles, not in line: it may be larger.",
            ),
            Mistake(
                lambda: [hump()[0], hump()[1] - 1, hump()[2]],
                "At that k the norm is still above 1.",
            ),
        ),
        rtol=1e-4,
    ),
)
