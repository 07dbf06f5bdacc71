"""Exercises of chapter 12, the remedies for an exploding recurrent network."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from reglib.optimizers import ClipByNorm
from trial.chapters.recurrent import decay_steps
from trial.chapters.remedies import figures as remedies
from trial.page.exercise import Exercise, Mistake

GAIN, STEP, LAM = 1.5, 0.1, 5e-4


def subtracted(weight: float) -> int:
    """Steps, one by one, in which L1 takes a single weight down to 1."""
    return next(k for k in range(10**6) if weight - k * STEP * LAM <= 1 + 1e-9)


@cache
def largest(values: str = "singular") -> float:
    """The mean largest singular value (or modulus of an eigenvalue) at gain 1, 16 by 16."""
    draws = np.random.default_rng(12).standard_normal((400, 16, 16)) / 4
    if values == "singular":
        return float(np.linalg.norm(draws, 2, axis=(-2, -1)).mean())
    return float(np.abs(np.linalg.eigvals(draws)).max(axis=-1).mean())


def shortest(s: float, W: Any, g: Any) -> float:
    """The lam in [0, 2/s] at which (1 - s lam) W - s g is shortest."""
    W, g = np.ravel(W), np.ravel(g)
    return float((1 - np.clip(s * (W @ g) / (W @ W), -1, 1)) / s)


class OnlyW(ClipByNorm):
    """Clips the part of W by its own norm and passes on the rest."""

    def update(self, gradient: Any, *, w: Any, memory: Any) -> tuple[Any, Any]:
        inside = remedies.EXPLODING[0].net.mask("W")
        clipped, memory = super().update(np.where(inside, gradient, 0), w=w, memory=memory)
        return np.where(inside, clipped, gradient), memory


@cache
def half_a_clip() -> str:
    """What becomes of four such networks in five steps."""
    trial, steps = remedies.EXPLODING
    few = replace(trial, seeds=4)
    history = few.run(OnlyW(1.0), **(steps | {"n_steps": 5}))
    return "diverge" if history.diverged.all() else "stay finite"


MATRIX = np.array([[1.0, 2.0], [0.0, -1.0]])
PULLS = np.array([[3.0, 1.0], [2.0, 0.0]]), np.array([[90.0, 300.0], [5.0, -80.0]])

EXERCISES = (
    Exercise(
        id="ex-12.1",
        wanted="two numbers: the steps that L2 needs and the steps that L1 needs",
        right=lambda: [decay_steps(GAIN, STEP, LAM), subtracted(GAIN)],
        because="The linear networks of this chapter were over after a step or two.",
        hints=(
            "L2 multiplies by 1 - sλ in each step. What does L1 do to a positive weight?",
            "L2 needs ln 1.5 divided by sλ. L1 takes sλ off in each step, 0.5 in all.",
        ),
        mistakes=(
            Mistake(
                lambda: [decay_steps(GAIN, 1.0, LAM), subtracted(GAIN)],
                "In the L2 count the step s = 0.1 is missing.",
            ),
            Mistake(
                lambda: [decay_steps(GAIN, STEP, LAM), GAIN / (STEP * LAM)],
                "For L1 only the way from 1.5 down to 1 counts.",
            ),
            Mistake(
                lambda: [subtracted(GAIN), decay_steps(GAIN, STEP, LAM)],
                "The other way round: L2 takes a share of the weight and is faster above 1.",
            ),
        ),
        rtol=0.001,
    ),
    Exercise(
        id="ex-12.2",
        wanted="a number: the gain at which the mean largest singular value is 1",
        right=lambda: 1 / largest(),
        because="A gain of 0.5 is about what the projection asks for; gain 1 is twice as much.",
        hints=(
            "Draw matrices of gain 1 first: their singular values scale with g.",
            "np.linalg.norm(draws, 2, axis=(-2, -1)).mean() is the mean at gain 1. Divide.",
        ),
        mistakes=(
            Mistake(
                lambda: 1 / largest("eigen"),
                "That brings the spectral radius to 1. The largest singular value is larger.",
            ),
            Mistake(largest, "That is the mean at gain 1. Which gain divides it down to 1?"),
            Mistake(
                lambda: 0.5,
                "2g is the limit for very large matrices. At 16 by 16 it is a little less.",
            ),
        ),
        rtol=0.02,
    ),
    Exercise(
        id="ex-12.3",
        wanted="a function of s, W and g: the λ between 0 and 2/s after which W is shortest",
        right=lambda: shortest,
        because="λ = 1/s is best only when g is perpendicular to W, and even the best takes away "
        "no more than W's own length.",
        hints=(
            "The new matrix is aW - sg with a = 1 - sλ. For which a is it shortest?",
            "At the shortest point the rest is perpendicular to W: a = s⟨W, g⟩/⟨W, W⟩.",
            "λ is (1 - a)/s. Between 0 and 2/s, a lies between -1 and 1: cut it there.",
        ),
        mistakes=(
            Mistake(
                lambda: lambda s, W, g: 1 / s,
                "That erases W. A part of W may also cancel a part of s g.",
            ),
            Mistake(
                lambda: lambda s, W, g: (1 - s * np.sum(W * g) / np.sum(W * W)) / s,
                "Right until λ leaves the range from 0 to 2/s.",
            ),
            Mistake(
                lambda: (
                    lambda s, W, g: np.clip((1 + s * np.sum(W * g) / np.sum(W * W)) / s, 0, 2 / s)
                ),
                "Mind the sign: the data's step is subtracted.",
            ),
        ),
        at=((0.1, MATRIX, PULLS[0]), (0.02, MATRIX, PULLS[1]), (0.02, MATRIX, -PULLS[1])),
        rtol=1e-6,
    ),
    Exercise(
        id="ex-12.4",
        wanted="what the networks do: diverge or stay finite",
        right=half_a_clip,
        because="The gradients of U and V pass through the same 40 matrices and stay as large.",
        hints=(
            "Is W the only part whose gradient passes through the product of the matrices?",
            "An error at the end is carried back through 40 matrices before it reaches U.",
        ),
        mistakes=(
            Mistake(
                lambda: "stay finite",
                "W stays finite. Follow the gradient of U: through how many matrices does it go?",
            ),
        ),
        choices=("diverge", "stay finite"),
    ),
)
