"""Exercises of chapter 14, the order of clip and decay."""

from __future__ import annotations

import numpy as np

from reglib.optimizers import AdamScaling, Optimizer, WeightDecay
from trial.chapters.order.figures import inside_decay
from trial.chapters.recurrent import decay_steps
from trial.page.exercise import Exercise, Mistake

STEP, LAM, CLIP, SIGMA = 0.1, 0.1, 1.0, 7.4
LEFT = float(inside_decay(LAM, CLIP, 1e4))
FROBENIUS = 16.0


def guaranteed(below: float, lam: float, sigma: float) -> int:
    """Steps until the bound of the theorem, taken step by step at its worst, is below `below`."""
    k = 0
    while sigma > below:
        sigma, k = (1 - STEP * lam) * sigma + STEP * CLIP, k + 1
    return k


def both_orders() -> list[float]:
    """The first update with the decay before Adam's scaling, then with the decay after it."""
    found: list[float] = []
    w, gradient = np.ones(2), np.array([100.0, 0.01])
    for sentence in (WeightDecay(LAM), AdamScaling()), (AdamScaling(), WeightDecay(LAM)):
        adam = Optimizer(*sentence, learning_rate=1.0)
        found += (w - adam.step(w, gradient=gradient, memory=adam.start(w))[0]).tolist()
    return found


EXERCISES = (
    Exercise(
        id="ex-14.1",
        wanted="a number: the steps that the decay needs inside the clip, to 2 digits",
        right=lambda: decay_steps(SIGMA, STEP, LEFT),
        because="Of the decay 0.00001 is left, a ten-thousandth. Outside, 200 steps are enough.",
        hints=(
            "How much of the decay arrives? The clip divides the sum, 10000 long, to length 1.",
            "λ c / 10⁴ is left. Put it into the formula for k in place of λ.",
            "The number of steps is ln 7.4 divided by s times what is left.",
        ),
        mistakes=(
            Mistake(
                lambda: decay_steps(SIGMA, STEP, LAM),
                "That is outside the clip, where the whole decay arrives.",
            ),
            Mistake(
                lambda: np.log(SIGMA) / LEFT,
                "A step multiplies by 1 - s times the decay: the learning rate 0.1 is missing.",
            ),
            Mistake(
                lambda: np.log10(SIGMA) / (STEP * LEFT),
                "Take the natural logarithm: 1 - x is about exp(-x).",
            ),
        ),
    ),
    Exercise(
        id="ex-14.2",
        wanted="two numbers: the bound on λ, and the steps with λ = 1",
        right=lambda: [CLIP / 2, guaranteed(2, 1.0, SIGMA)],
        because="The bound assumes that every clipped gradient pushes W up with its full length.",
        hints=(
            "After a step the largest singular value is at most (1 - sλ)σ + sc. Where does that "
            "stand still?",
            "It stands still at c/λ. The excess over c/λ shrinks by 1 - sλ in each step.",
            "With λ = 1 the excess falls from 6.4 to 1 by a factor 0.9 a step. Round up.",
        ),
        mistakes=(
            Mistake(
                lambda: [CLIP / 2, int(decay_steps(SIGMA / 2, STEP, 1.0))],
                "That is decay without a gradient. Here the gradient pushes back with s c.",
            ),
            Mistake(
                lambda: [2.0, guaranteed(2, 1.0, SIGMA)],
                "c/λ is to be below 2: solve that for λ.",
            ),
        ),
        rtol=0.001,
    ),
    Exercise(
        id="ex-14.3",
        wanted="a number: the steps until W is gone",
        right=lambda: FROBENIUS / (STEP * CLIP),
        because="A straight line to zero, of steps of the same length. Nothing was learned.",
        hints=(
            "With a huge λ the sum is nearly all decay. How long is the clipped sum?",
            "Each step shortens W by s c.",
        ),
        mistakes=(
            Mistake(
                lambda: FROBENIUS / CLIP,
                "The learning rate multiplies the clipped sum, too.",
            ),
            Mistake(
                lambda: decay_steps(FROBENIUS, STEP, LAM),
                "That is decay outside the clip, which takes a share of W and not a length.",
            ),
        ),
    ),
    Exercise(
        id="ex-14.4",
        wanted="four numbers: both entries with the decay before the scaling, then both after it",
        right=both_orders,
        because="Before the scaling, what the decay does to a weight depends on its gradient.",
        hints=(
            "Adam's first update is each entry divided by its own size. What is left of it?",
            "Before the scaling the sums are 100.1 and 0.11; after it the decay adds 0.1.",
        ),
        mistakes=(
            Mistake(
                lambda: [1.1, 1.1, 1.0, 1.0],
                "The other way round: what is added before the scaling is divided away.",
            ),
            Mistake(
                lambda: [100.1, 0.11, 1.1, 1.1],
                "The first two are what enters the scaling, and not yet what leaves it.",
            ),
            Mistake(
                lambda: [1.0, 1.0, 1.0, 1.0],
                "After the scaling nothing divides the decay: λ w is added as it is.",
            ),
        ),
    ),
)
