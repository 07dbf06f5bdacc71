"""Evidence that carries what its sentence leans on: counts of runs with their blocks of seeds, and
budgets at 1, 4 and 16 times.

A plain fact is a boolean. A sentence that counts runs, or says that something does not learn, needs
one of the types below: `claims.weigh` refuses a bare boolean beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

BUDGETS = (1, 4, 16)
"""A rule that fails is tried with so many times the steps."""
FEWEST = 100
"""Runs below which no two counts are compared."""

COUNTED = re.compile(r"\b\d+ (?:of|in) (?:the )?\d+|\b(?:each|all|none|most) of (?:the )?\d+")
RUNS = re.compile(r"\b(?:runs?|networks?|nets|starts?|seeds?|splits?|divisions?|learn\w*)\b")
FAILS = re.compile(
    r"\b(?:never|not|none|no (?:run|network|one)|hardly|rarely)\b[^;:]*\blearn(?:s|ed|t)?\b"
    r"|\bfails? to (?:learn|converge)\b"
)


@dataclass(frozen=True)
class Evidence:
    """A boolean and the words that say what was run for it."""

    fact: bool
    words: str


def true_or_false(value: Any) -> bool:
    """The boolean; TypeError for anything else, so that a number is never read as a verdict."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"evidence must be True or False, got {value!r}")
    return bool(value)


def counts(fact: Any, tried: Mapping[str, int]) -> Evidence:
    """A fact about counts of runs; `tried` maps each block of seeds to its number of runs.

    >>> counts(2 > 1, {"seeds 0 to 49": 50, "seeds 50 to 99": 50}).words
    '100 runs in 2 blocks of seeds'

    ValueError: fewer than two blocks, or fewer than 100 runs in all.
    """
    runs = sum(tried.values())
    if len(tried) < 2:
        raise ValueError(f"counts must come from two or more blocks of seeds, got {list(tried)}")
    if runs < FEWEST:
        raise ValueError(f"counts must come from {FEWEST} runs or more, got {runs}")
    return Evidence(true_or_false(fact), f"{runs} runs in {len(tried)} blocks of seeds")


def budget(outcomes: Mapping[int, Any], unit: str = "steps") -> Evidence:
    """A fact that holds at every budget; `outcomes` maps each number of steps to a boolean.

    >>> budget({400: True, 1600: True, 6400: 2 > 1}).words
    'at 400, 1600 and 6400 steps'

    ValueError: the budgets are not once, 4 times and 16 times the smallest.
    """
    steps = sorted(outcomes)
    if not steps or not {n / steps[0] for n in steps} >= set(BUDGETS):
        raise ValueError(f"a budget must be tried at 1, 4 and 16 times, got {steps}")
    fact = all(true_or_false(outcome) for outcome in outcomes.values())
    return Evidence(fact, f"at {', '.join(map(str, steps[:-1]))} and {steps[-1]} {unit}")


def interval(hits: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of a share of which `hits` of `runs` were seen. Source: Wilson 1927.

    >>> [round(end, 3) for end in interval(5, 10)]
    [0.237, 0.763]
    """
    z, p = 1.959964, hits / runs
    middle, width = p + z**2 / (2 * runs), z * np.sqrt(p * (1 - p) / runs + (z / runs) ** 2 / 4)
    return tuple((middle + side * width) / (1 + z**2 / runs) for side in (-1, 1))


def window(works: Mapping[float, bool]) -> str:
    """The range of settings that work, with its ratio in place of an adjective.

    >>> window({0.01: False, 0.03: True, 0.1: True, 0.3: True, 1: False})
    'from 0.03 to 0.3, a factor of 10'
    """
    good = sorted(setting for setting, works_there in works.items() if works_there)
    if not good:
        return "nowhere"
    return f"from {good[0]:g} to {good[-1]:g}, a factor of {good[-1] / good[0]:.3g}"


def lacking(sentence: str) -> str:
    """What a bare boolean beside this sentence lacks; "" for a plain fact."""
    if COUNTED.search(sentence) and RUNS.search(sentence):
        return "counts(...): the sentence counts runs"
    return "budget(...) or counts(...): the sentence says fails" if FAILS.search(sentence) else ""
