"""What an exercise is: an answer that is computed, never typed, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """An answer that people give, and the word that helps with it."""

    answer: Callable[[], Any]
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise. The kind of its answer is that of `right()`:

    a number or an array, within `rtol` of its largest entry (0: exactly); one of the words in
    `choices`; or, where `at` lists points (tuples of arguments), a function compared there, at
    each point within `rtol` of the largest entry at that point.
    """

    id: str  # "ex-5.2"; the statement's label in the notebook is ex-5-2
    wanted: str  # "a number: the largest stable step, to 2 digits"
    right: Callable[[], Any]
    because: str  # said with a right answer
    hints: tuple[str, ...]  # from a nudge to nearly the solution
    mistakes: tuple[Mistake, ...]
    rtol: float = 0.01
    choices: tuple[str, ...] = ()
    at: tuple[tuple[Any, ...], ...] = ()

    def __post_init__(self) -> None:
        if not (self.hints and self.mistakes):
            raise ValueError(f"{self.id} must have at least one hint and one mistake")
        if self.choices and self.at:
            raise ValueError(f"{self.id} must have choices or points of a function, not both")

    def values(self, answer: Any) -> Any:
        """`answer` in the form in which it is compared: a word, or an array of numbers."""
        if self.choices:
            return str(answer).strip().lower()
        if self.at:
            # Copies: a function that writes into its arguments must not change the exercise.
            answer = [answer(*deepcopy(point)) for point in self.at]
        if np.iscomplexobj(answer):
            if np.any(np.imag(answer)):
                raise ValueError("a number with an imaginary part")
            answer = np.real(answer)
        return np.asarray(answer, dtype=float)

    def for_page(self) -> dict[str, Any]:
        """What a page needs to grade a number or a word without a kernel."""
        exact = "" if self.choices else ".15g" if self.rtol == 0 else ".6g"

        def told(answer: Any) -> Any:
            values = self.values(answer)
            return values if self.choices else [format(v, exact) for v in values.ravel()]

        return {
            "right": told(self.right()),
            "rtol": self.rtol,
            "choices": self.choices,
            "because": self.because,
            "hints": self.hints,
            "mistakes": [[told(mistake.answer()), mistake.hint] for mistake in self.mistakes],
        }


def border(holds: Callable[[float], bool], high: float) -> float:
    """Between 0, where `holds` is true, and `high`, where it is not: the border, by bisection.

    >>> round(border(lambda x: x**2 < 2, 2.0), 12)
    1.414213562373
    """
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
