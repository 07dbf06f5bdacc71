"""Exercises that check themselves: `check("ex-5.2", answer)` in a cell below the statement.

Each exercise stands in the module of its chapter: what is wanted, a function that computes the
right answer, the mistakes that people make with a word to each, and hints from a nudge to nearly
the solution. The solution folded away in the notebook is another way to the same answer and runs
through the same `check`, so the two prove each other.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from html import escape
from importlib import import_module
from typing import Any

from IPython.display import display

from trial.page.exercise import Exercise
from trial.page.grading import Grade, grade

CHAPTERS = (
    "two_explosions",
    "penalties",
    "one_step",
    "building",
    "program",
    "real_data",
    "step_sizes",
    "choosing_lambda",
    "data",
    "depth",
    "cliff",
    "remedies",
    "vanishing",
    "order",
    "sixteen_bits",
    "together",
    "diagnose",
    "transformer",
    "autopsy",
    "conventions",
)
LABELS = {"right": "Right", "open": "Open", "wrong": "Not yet", "unfit": "Cannot be read"}
_tries: Counter[str] = Counter()


@cache
def exercises() -> dict[str, Exercise]:
    """Every exercise of the book by its id, in the order of the chapters."""
    modules = [import_module(f"trial.chapters.{name}.exercises") for name in CHAPTERS]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def check(id: str, answer: Any) -> None:
    """Say whether `answer` is right; a wrong one gets a hint, each time a plainer one.

    With `...` for an answer the exercise is still open, and what is wanted is said. KeyError: an
    unknown id.
    """
    exercise = exercises()[id]
    verdict = grade(exercise, answer, _tries[id])
    if verdict.state == "right":
        _tries[id] = 0
    elif verdict.words.startswith("Hint "):  # the word to a known mistake leaves the hints unread
        _tries[id] += 1
    line = f"{id}, {LABELS[verdict.state].lower()}: {verdict.words}"
    display({"text/html": box(exercise, verdict), "text/plain": line}, raw=True)


def box(exercise: Exercise, verdict: Grade) -> str:
    """The grade as HTML; an open exercise carries what a page without a kernel needs to grade."""
    data = ""
    if verdict.state == "open" and not exercise.at:
        data = f' data-exercise="{escape(json.dumps(exercise.for_page(), ensure_ascii=False))}"'
    return (
        f'<div class="trial-check trial-check-{verdict.state}" role="status"{data} '
        'style="border-left:.3em solid var(--box,#888);padding:.2em 1em">'
        f'<p><strong class="trial-check-label">{LABELS[verdict.state]}</strong> '
        f'<span class="trial-check-id">Exercise {exercise.id.removeprefix("ex-")}</span></p>'
        f'<p class="trial-check-words">{escape(verdict.words)}</p></div>'
    )
