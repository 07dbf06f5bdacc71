"""Exercises of chapter 11, the cliff."""

from __future__ import annotations

from functools import cache

import numpy as np

from reglib.networks import SigmoidUnit
from reglib.penalties import L2
from trial.page.exercise import Exercise, Mistake

UNIT = SigmoidUnit(length=50)
BIAS = -2.7
PLACE = np.array([5.0, -2.4])
PULL = float(np.linalg.norm(L2(0.5).subgradient(PLACE)))
HOME = (1e-4, 1e-3)


def wall(x0: float = 0.5, steps: int = 20) -> list[float]:
    """Where the wall stands, the slope there, and the logarithm of `steps` more slopes."""
    unit = SigmoidUnit(50, x0)
    a = float(unit.growth(BIAS))
    return [float(unit.wall(BIAS)), a, steps * float(np.log(a))]


@cache
def enough() -> float:
    """A tenth of the longest gradient on the grid by the largest length of the weights there.

    The gradient is longest beside the wall, so a few columns of each row are enough.
    """
    ws, bs = np.linspace(4, 7, 601), np.linspace(-3.5, -1, 501)
    at = np.searchsorted(ws, [float(UNIT.wall(b)) for b in bs])
    columns = np.clip(at[:, None] + np.arange(-4, 4), 0, len(ws) - 1)
    points = np.stack([ws[columns], np.broadcast_to(bs[:, None], columns.shape)], axis=-1)
    longest = np.linalg.norm(UNIT.gradient(points), axis=-1).max()
    return float(0.1 * longest / np.hypot(np.abs(ws).max(), np.abs(bs).max()))


def steps_home(lam: float, total: float = 9.4 + 6.4, goal: float = 5.0) -> int:
    """Steps of pure decay, one by one, until w + b has come down to `goal`."""
    k = 0
    while total > goal:
        total, k = (1 - lam) * total, k + 1
    return k


EXERCISES = (
    Exercise(
        id="ex-11.1",
        wanted="three numbers: w*, the slope a, and the natural logarithm of the growth",
        right=wall,
        because="Twenty more steps multiply the gradient by about a to the power 20.",
        hints=(
            "At the wall the start is a fixed point: w σ(x₀) + b = x₀. Solve for w.",
            "The slope of one step is w σ'(x₀), and σ' is σ(1 - σ).",
            "Each step of time multiplies by a, so the logarithm grows by ln a a step.",
        ),
        mistakes=(
            Mistake(
                lambda: wall(steps=80),
                "The question is about the 20 steps from 60 to 80.",
            ),
            Mistake(
                lambda: [*wall()[:2], wall()[1] ** 20],
                "That is the factor itself. Its natural logarithm is wanted.",
            ),
            Mistake(
                lambda: wall(x0=0.0),
                "The unit starts at 0.5, and σ(0.5) is not one half.",
            ),
        ),
        rtol=0.002,
    ),
    Exercise(
        id="ex-11.2",
        wanted="two numbers: the bound in case (a) and in case (b)",
        right=lambda: [0.1 * 2, 0.1 * (2 + PULL)],
        because="Only the second depends on the place. But what is not clipped there points home.",
        hints=(
            "Which vector does the clip see in each case?",
            "(a) A clipped sum is at most 2 long. (b) A clipped gradient, plus λ(w, b).",
        ),
        mistakes=(
            Mistake(
                lambda: [2, 2 + PULL],
                "Those are lengths of the gradient. A step is 0.1 times as long.",
            ),
            Mistake(
                lambda: [0.1 * (2 + PULL), 0.1 * 2],
                "The other way round: before the clip the penalty is clipped with the rest.",
            ),
            Mistake(
                lambda: [0.1 * 2, 0.1 * 2],
                "In (b) the penalty comes after the clip, and nothing bounds it but its own size.",
            ),
            Mistake(
                lambda: [0.1 * 2, 0.1 * (2 + float(L2(0.5).value(PLACE)))],
                "What is added to a gradient is the penalty's gradient, and not its value.",
            ),
        ),
        rtol=0.01,
    ),
    Exercise(
        id="ex-11.3",
        wanted="a number: the smallest λ that could change it by 10 %, to 2 digits",
        right=enough,
        because="At such a λ the minimum is near the origin: the wall stands, nothing is learned.",
        hints=(
            "The change is at most λ times the length of (w, b). Where on the map is that largest?",
            "A tenth of 3320, divided by the root of 7² + 3.5².",
        ),
        mistakes=(
            Mistake(
                lambda: 10 * enough(),
                "That would be a change by the whole length; 10 % is wanted.",
            ),
            Mistake(
                lambda: enough() * np.hypot(7, 3.5),
                "That is the change that is needed. The penalty's gradient is λ times (w, b).",
            ),
            Mistake(
                lambda: enough() * np.hypot(7, 3.5) / (7 + 3.5),
                "L2 uses the root of the sum of squares, and not the sum of the sizes.",
            ),
        ),
    ),
    Exercise(
        id="ex-11.4",
        wanted="two numbers: the steps with λ = 0.0001 and with λ = 0.001",
        right=lambda: [steps_home(lam) for lam in HOME],
        because="The smaller λ is not home in 1500 steps, the larger is.",
        hints=(
            "Each step multiplies w + b by 1 - sλ.",
            "How often must 15.8 be multiplied by 1 - λ until it is 5? Take logarithms.",
        ),
        mistakes=(
            Mistake(
                lambda: [1 / lam for lam in HOME],
                "After 1/(sλ) steps the weights have shrunk by a factor e, to 5.8.",
            ),
            Mistake(
                lambda: [(15.8 - 5) / (15.8 * lam) for lam in HOME],
                "The decay takes a share of what is left, so it slows down on the way.",
            ),
            Mistake(
                lambda: [np.log10(15.8 / 5) / lam for lam in HOME],
                "Take the natural logarithm: 1 - λ is about exp(-λ).",
            ),
        ),
        rtol=0.002,
    ),
)
