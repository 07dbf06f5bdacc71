"""The exercises of the chapter on sixteen bits; `trial.page.exercises` collects them."""

from __future__ import annotations

import numpy as np

from trial.chapters.sixteen_bits.loops import clip
from trial.page.exercise import Exercise, Mistake

LEAST, LARGEST = 1e-9, 3.0
"""The numbers that flow back in 18.1."""
RNG = np.random.default_rng(18)
POINTS = (
    (1024 * RNG.standard_normal((4, 6)), 1024.0, 1.0),
    (np.array([[600.0, 800, 0, 0, 0, 0], [0, -50, 0, 0, 0, 0]]), 100.0, 1.0),
    (0.01 * RNG.standard_normal((2, 6)), 64.0, 1.0),  # within the clip
)


def room() -> list[float]:
    """Least and largest power of 2, from the ends of float16."""
    return [np.floor(np.log2(2.0**-25 / LEAST)) + 1, np.ceil(np.log2(65520 / LARGEST)) - 1]


EXERCISES = (
    Exercise(
        id="ex-18.1",
        wanted="two whole numbers: the least and the largest exponent k of a scale 2^k",
        right=room,
        because="Ten powers of 2 will do: a scale need not be exact, it must only be in the room.",
        hints=(
            "Two inequalities, one for each end of float16.",
            "S times 10⁻⁹ must be above 2⁻²⁵, and 3 S below 65,520.",
            "S must lie above 29.8 and below 21,840.",
        ),
        mistakes=(
            Mistake(
                lambda: [np.floor(np.log2(2.0**-24 / LEAST)) + 1, room()[1]],
                "What is above half of the smallest number, 2⁻²⁵, rounds up to it.",
            ),
            Mistake(
                lambda: [room()[0], np.ceil(np.log2(65520))],
                "The largest number is 3, not 1.",
            ),
        ),
        rtol=0,
    ),
    Exercise(
        id="ex-18.2",
        wanted="a number: λ, to 2 digits",
        right=lambda: 2.0**-8 / (0.001 * 1.5),
        because="A usual decay of 0.1 is 26 times too small to do anything at all.",
        hints=(
            "How far apart are the numbers between 1 and 2?",
            "2⁻⁷ = 0.0078 apart. The step must be more than half of that.",
            "0.001 · λ · 1.5 = 2⁻⁸.",
        ),
        mistakes=(
            Mistake(
                lambda: 2.0**-7 / (0.001 * 1.5),
                "Half of the distance is enough: beyond it, rounding goes to the next number.",
            ),
            Mistake(lambda: 2.0**-8 / 0.001, "The decay is in proportion to the weight, 1.5."),
            Mistake(lambda: 2.0**-8 / 1.5, "A step is the rate times λ times the weight."),
        ),
    ),
    Exercise(
        id="ex-18.3",
        wanted="two numbers: the largest logit and the largest distance, to 2 digits",
        right=lambda: [np.log(65520), 25 * np.log(2)],
        because="Eleven and seventeen: logits of that size are nothing rare.",
        hints=(
            "One is the logarithm of where float16 ends, the other that of where it begins.",
            "e^z must stay below 65,520; e^-d must stay above 2⁻²⁵.",
            "ln 65,520 and 25 ln 2.",
        ),
        mistakes=(
            Mistake(
                lambda: [np.log(65520), 14 * np.log(2)],
                "Below 2⁻¹⁴ the numbers get coarse, they are not gone before 2⁻²⁵.",
            ),
            Mistake(
                lambda: [np.log10(65520), 25 * np.log10(2)],
                "The exponential has base e, so the logarithm is the natural one.",
            ),
        ),
    ),
    Exercise(
        id="ex-18.4",
        wanted="a function of g (K, P), S and c that returns the update (P,)",
        right=lambda: lambda g, S, c: (u := g.mean(axis=0) / S) * min(1, c / np.linalg.norm(u)),
        because="Add up, unscale, clip once, step.",
        hints=(
            "Which of the three numbers c, S and K does the clip have to know?",
            "The clip compares c with the length of the true gradient.",
            "The true gradient is the mean of the rows of g, divided by S.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda g, S, c: clip(g.mean(axis=0), c) / S,
                "Clipped before it was unscaled: the step is S times too short.",
            ),
            Mistake(
                lambda: lambda g, S, c: clip(g / S, c).mean(axis=0),
                "Clipped once for each micro-batch: the mean is not what one batch would give.",
            ),
            Mistake(
                lambda: lambda g, S, c: clip(g.sum(axis=0) / S, c),
                "A sum is K times as long as the mean, so the clip bites K times as early.",
            ),
            Mistake(
                lambda: lambda g, S, c: clip(g.mean(axis=0), c),
                "Never unscaled: behind the clip every step has its full length.",
            ),
        ),
        rtol=1e-6,
        at=POINTS,
    ),
)
