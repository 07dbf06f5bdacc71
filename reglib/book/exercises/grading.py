"""Grade an answer: right, open, wrong with the hint that fits, or unfit with what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reglib.book.exercises.task import Exercise

CLOSE = 10.0
"""Within so many tolerances an answer is close: more digits are needed, not another idea."""


@dataclass(frozen=True)
class Grade:
    """The state of an answer and the words to it."""

    state: Literal["right", "open", "wrong", "unfit"]
    words: str


def unfit(exercise: Exercise, answer: Any, right: Any) -> str:
    """Why `answer` cannot be compared with the right one; empty when it can."""
    if exercise.choices:
        word = exercise.values(answer)
        told = ", ".join(exercise.choices)
        return "" if word in exercise.choices else f"The answer must be one of {told}, got {word}."
    if exercise.at and not callable(answer):
        return f"The answer must be a function, got {answer!r}."
    try:
        values = exercise.values(answer)
    except Exception as error:  # the reader's own function may raise anything
        what = "Your function raised" if exercise.at else "The answer cannot be read as numbers:"
        return f"{what} {type(error).__name__}: {error}"
    if values.shape != right.shape:
        return f"The answer must have shape {right.shape}, got {values.shape}."
    return "" if np.isfinite(values).all() else "The answer must be finite: it has an inf or a nan."


def distance(exercise: Exercise, values: Any, right: Any) -> float:
    """How far apart in units of the largest right number; 0 or infinity for words."""
    if exercise.choices:
        return 0.0 if values == right else np.inf
    scale = np.abs(right).max() or 1.0
    return float(np.abs(values - right).max() / scale)


def grade(exercise: Exercise, answer: Any, tries: int = 0) -> Grade:
    """Compare `answer` with the right one; `tries` wrong ones have gone before."""
    if answer is ... or answer is None:
        dots = "Write your answer in place of the dots and run the cell."
        return Grade("open", f"Wanted: {exercise.wanted}. {dots}")
    right = exercise.values(exercise.right())
    if complaint := unfit(exercise, answer, right):
        return Grade("unfit", f"{complaint} Wanted: {exercise.wanted}.")
    values = exercise.values(answer)
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
