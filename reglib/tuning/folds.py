"""Cut the rows into parts, each of which is held out once."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from reglib.inputs import Generator, checked, count

TwoOrMore = Annotated[int, partial(count, least=2)]

Fold = tuple[NDArray[np.int_], NDArray[np.int_]]
"""Row numbers (train, test), each in ascending order."""


@checked
def kfold(n: TwoOrMore, k: TwoOrMore, rng: Generator) -> list[Fold]:
    """k pairs (train, test) of row numbers: a random partition of n rows into k test sets.

    Their sizes differ by at most 1, and each train holds all rows that its test does not. k = n is
    leave-one-out, the same for every rng but for the order. ValueError: n below 2, k below 2 or
    above n. Source: Stone 1974.

    >>> [test.tolist() for _, test in kfold(5, 2, np.random.default_rng(0))]
    [[2, 3, 4], [0, 1]]
    """
    if k > n:
        raise ValueError(f"k must be at most n = {n}, the number of rows, got {k}")
    order = rng.permutation(n)
    held = np.empty(n, int)
    held[order] = np.arange(n) * k // n  # equal parts, the rest spread over them
    return [(np.flatnonzero(held != i), np.flatnonzero(held == i)) for i in range(k)]
