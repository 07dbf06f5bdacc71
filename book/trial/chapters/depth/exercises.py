"""Exercises of chapter 10, depth."""

from __future__ import annotations

from functools import cache

import numpy as np

from trial.chapters.depth import figures as depth
from trial.page.exercise import Exercise, Mistake, border

_ANGLE = (np.arange(4000) + 0.5) / 4000 * np.pi / 2
X = 2 * np.sin(_ANGLE)
WEIGHT = np.sqrt(4 - X**2) / np.pi * 2 * np.cos(_ANGLE) * np.pi / 2 / 4000
"""Nodes and weights of the mean over the singular values of a wide Gaussian matrix of gain 1."""

HALF = float(np.sqrt(WEIGHT @ X**2) / X.max())
"""The root mean square of such a matrix, divided by its largest singular value."""


def layers_until(factor: float, below: float) -> int:
    """The first number of layers whose gradient, from the last to the first, falls below."""
    return depth.crossing(lambda k: factor ** (k - 1) < below, 1, 1000)


def too_deep(factor: float, largest: float) -> int:
    """The first power of `factor` above `largest`."""
    return depth.crossing(lambda k: k * np.log(factor) > np.log(largest), 1, 100_000)


BIGGEST = float(np.finfo(np.float64).max)


def in_one_step(gain: float, step: float) -> float:
    """The lam at which one step of decay brings `gain` to 1, by bisection."""
    return border(lambda lam: gain - step * lam * gain > 1, 1 / step)


@cache
def power() -> float:
    """p in L^-p, the gradient of tanh layers at gain 1, from 500 and 2000 layers."""
    short, long = (depth.profile(1.0, layers, "tanh")[0] for layers in (500, 2000))
    return float(np.log(short / long) / np.log(4))


EXERCISES = (
    Exercise(
        id="ex-10.1",
        wanted="a whole number: the first power of 1.1 that overflows",
        right=lambda: too_deep(1.1, BIGGEST),
        because="Long before that the numbers are finite and of no use.",
        hints=(
            "Which power of 1.1 is the largest number? Take logarithms on both sides.",
            "ln(1.8e308) is 709.8. How large is ln 1.1? Round up.",
        ),
        mistakes=(
            Mistake(
                lambda: int(np.log(BIGGEST) / 0.1) + 1,
                "ln 1.1 is a little less than 0.1, and over so many layers that shows.",
            ),
            Mistake(
                lambda: too_deep(1.1, BIGGEST) - 1,
                "That power is the last one that still fits.",
            ),
            Mistake(
                lambda: too_deep(1.1, float(np.finfo(np.float32).max)),
                "That is where float32 ends.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-10.2",
        wanted="a number: the λ, to 2 digits",
        right=lambda: in_one_step(1.5, 0.01),
        because="It is (1 - 1/1.5)/0.01. The next step would take off another third.",
        hints=(
            "One step of decay multiplies the weights by 1 - sλ.",
            "1.5 times (1 - 0.01 λ) must be 1.",
        ),
        mistakes=(
            Mistake(
                lambda: (1.5 - 1) / 0.01,
                "That takes off half of 1.5. The decay is a share of the weight as it is.",
            ),
            Mistake(
                lambda: np.log(1.5) / 0.01,
                "That is for many small steps, where 1 - sλ is nearly exp(-sλ). Here it is one.",
            ),
            Mistake(
                lambda: 1 / (1.5 * 0.01),
                "That sets sλ to 1/1.5; it is 1 - sλ that must be 1/1.5.",
            ),
        ),
    ),
    Exercise(
        id="ex-10.3",
        wanted="a whole number of layers",
        right=lambda: layers_until(HALF, 1e-6),
        because="Each layer halves it, and 20 steps lead from the last of 21 layers to the first.",
        hints=(
            "What is the root mean square of a Gaussian matrix divided by its largest value?",
            "The largest singular value is 2g, the root mean square g: each layer halves.",
            "2 to the power 20 is just above a million. How many layers have 20 steps between?",
        ),
        mistakes=(
            Mistake(
                lambda: layers_until(HALF, 1e-6) - 1,
                "Count the layers and not the steps between them.",
            ),
            Mistake(
                lambda: layers_until(np.sqrt(HALF), 1e-6),
                "One half is the root mean square, so it is the factor of the length, not of "
                "its square.",
            ),
        ),
        rtol=0.0,
    ),
    Exercise(
        id="ex-10.4",
        wanted="a number: the power p in L to the power -p",
        right=power,
        because="The logarithm loses 1/(2l) in layer l, and these add up to half of ln L.",
        hints=(
            "With q near 1/(2l), how large is half of ln χ in layer l?",
            "Half of ln(1 - 2q) is about -q, which is -1/(2l). Add that up over the layers.",
        ),
        mistakes=(
            Mistake(
                lambda: 2 * power(),
                "That is how the mean square falls. χ acts on the square of the length.",
            ),
            Mistake(
                lambda: power() / 2,
                "The square is q² times the mean of z⁴, and that mean is 3: q falls by 2q² a "
                "layer, so q is about 1/(2l).",
            ),
        ),
    ),
)
