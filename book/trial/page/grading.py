"""Grade an answer: right, open, wrong with the hint that fits, or unfit with what is wanted."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from trial.page.exercise import Exercise

CLOSE = 10.0
"""Within so many tolerances an answer is close: more digits are needed, not another idea."""


@dataclass(frozen=True)
class Grade:
    """The state of an answer and the words to it."""

    state: Literal["right", "open", "wrong", "unfit"]
    words: str


def short(answer: Any) -> str:
    """`answer` in at most a few words; some, like a number of 5000 digits, cannot be printed."""
    try:
        return reprlib.repr(answer)
    except Exception:
        return f"an object of type {type(answer).__name__}"


def read(exercise: Exercise, answer: Any, right: Any) -> tuple[Any, str]:
    """`answer` as `right` stands, and why the two cannot be compared; empty when they can."""
    if exercise.at and not callable(answer):
        return None, f"The answer must be a function, got {short(answer)}."
    try:
        values = exercise.values(answer)
    except Exception as error:  # the reader's own function may raise anything
        what = "Your function gave no numbers:" if exercise.at else "The answer cannot be read:"
        return None, f"{what} {type(error).__name__}: {error}."
    return values, unfit(exercise, values, right)


def unfit(exercise: Exercise, values: Any, right: Any) -> str:
    """Why `values` cannot be compared with the right ones; empty when they can."""
    if exercise.choices:
        told = ", ".join(exercise.choices)
        fits = values in exercise.choices
        return "" if fits else f"The answer must be one of {told}, got {short(values)}."
    if values.shape != right.shape:
        first = 1 if exercise.at else 0  # the points come first
        wanted, got = right.shape[first:], values.shape[first:]
        what = "Your function must return" if exercise.at else "The answer must be"
        named = f"an array of shape {wanted}" if wanted else "a single number"
        return f"{what} {named}, got {f'the shape {got}' if got else 'a single number'}."
    return "" if np.isfinite(values).all() else "The answer must be finite: it has an inf or a nan."


def distance(exercise: Exercise, values: Any, right: Any) -> float:
    """How far apart in units of the largest right number; 0 or infinity for words.

    A function is measured at each point by the largest number there.
    """
    if exercise.choices:
        return 0.0 if values == right else np.inf
    inner = tuple(range(1, right.ndim)) if exercise.at else None
    scale = np.abs(right).max(axis=inner, keepdims=True)
    return float((np.abs(values - right) / np.where(scale > 0, scale, 1.0)).max())


def grade(exercise: Exercise, answer: Any, tries: int = 0) -> Grade:
    """Compare `answer` with the right one; `tries` wrong ones have gone before."""
    if answer is ... or answer is None:
        dots = "Write your answer in place of the dots and run the cell."
        return Grade("open", f"Wanted: {exercise.wanted}. {dots}")
    right = exercise.values(exercise.right())
    values, complaint = read(exercise, answer, right)
    if complaint:
        return Grade("unfit", f"{complaint} Wanted: {exercise.wanted}.")
    gap = distance(exercise, values, right)
    if gap <= exercise.rtol:
        return Grade("right", exercise.because)
    for mistake in exercise.mistakes:
        if distance(exercise, values, exercise.values(mistake.answer())) <= exercise.rtol:
            return Grade("wrong", mistake.hint)
    if gap <= CLOSE * exercise.rtol:
        return Grade("wrong", "Close, but more digits are wanted.")
    at = min(tries, len(exercise.hints) - 1)
    return Grade("wrong", f"Hint {at + 1} of {len(exercise.hints)}: {exercise.hints[at]}")
