"""Exercises of chapter 17, transformers that fail calmly."""

from __future__ import annotations

from functools import cache

import numpy as np

from reglib.networks.transformer import rms_norm
from reglib.optimizers import AdamScaling
from trial.page.exercise import Exercise, Mistake

RATE, LAM, GOAL = 0.5, 0.01, 2.0
HEAD = 8
"""Numbers in one head of the chapter's networks."""


def counted() -> int:
    """Steps, one by one, until the effective rate has passed the goal."""
    w, k = 1.0, 0
    while RATE / w**2 < GOAL:
        w, k = w - RATE * LAM * w, k + 1
    return k


def largest_logit() -> float:
    """q.k / sqrt(d) of a vector with itself, behind a norm without gains."""
    q = rms_norm(np.random.default_rng(17).standard_normal((1, HEAD)), np.ones(HEAD))[0][0]
    return float(q @ q / np.sqrt(HEAD))


@cache
def worst_update(beta2: float) -> float:
    """Adam's update, in rates, at one gradient far too long after many of length 1."""
    adam = AdamScaling(beta2=beta2)
    memory = adam.start(np.zeros(1))
    for k in range(8001):
        length = 1e9 if k == 8000 else (-1) ** k
        update, memory = adam.update(np.full(1, length), w=None, memory=memory)
    return float(update[0])


EXERCISES = (
    Exercise(
        id="ex-17.1",
        wanted="a number: the steps until the effective rate is 2",
        right=counted,
        because="The runs above pass 2 there and are lost two to three times later.",
        hints=(
            "By what does one step multiply the embeddings? By what the effective rate?",
            "Weights times 0.995, the effective rate divided by 0.995 squared.",
        ),
        mistakes=(
            Mistake(
                lambda: np.log(GOAL / RATE) / -np.log1p(-RATE * LAM),
                "The rate grows with the square of the shrinking.",
            ),
            Mistake(
                lambda: np.log(GOAL / RATE) / (-2 * np.log1p(-LAM)),
                "The step is missing: a step takes sλ off, not λ.",
            ),
        ),
        rtol=0.01,
    ),
    Exercise(
        id="ex-17.2",
        wanted="a number: the largest logit",
        right=largest_logit,
        because="Gains are learned, so the logit may still grow, but slowly: one number moves by "
        "about one rate a step.",
        hints=(
            "How long is a vector of 8 numbers whose root mean square is 1?",
            "|q| = |k| = √8. The largest q·k is |q||k|, divided by √8.",
        ),
        mistakes=(
            Mistake(lambda: HEAD, "That is q·k. The logit is divided by √d."),
            Mistake(lambda: 1.0, "A norm makes the root mean square 1, not the length."),
        ),
    ),
    Exercise(
        id="ex-17.3",
        wanted="two numbers: the longest update at β₂ = 0.999 and at 0.95, in rates",
        right=lambda: [worst_update(0.999), worst_update(0.95)],
        because="A short memory of squares bounds an accident below half a rate.",
        hints=(
            "After many steps 1 - β₂^t is 1. What is left of the formula above?",
            "(1 - β₁)/√(1 - β₂) with β₁ = 0.9.",
        ),
        mistakes=(
            Mistake(
                lambda: [0.1 / np.sqrt((1 - b) / (1 - b**201)) for b in (0.999, 0.95)],
                "That is after 201 steps, as above. Let t grow.",
            ),
            Mistake(
                lambda: [worst_update(0.95), worst_update(0.999)],
                "The other way round: first 0.999.",
            ),
        ),
    ),
)
