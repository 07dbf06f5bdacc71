"""Search where there is no formula: random trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reglib import inputs
from reglib.inputs import Array, Count, Function, Generator, checked


@dataclass(frozen=True, eq=False)
class Search:
    """Trials of a search, best first: tried[name] (n,) and score (n,) ascending, NaN last."""

    tried: dict[str, Array]
    score: Array

    @property
    def best(self) -> dict[str, float]:
        """The values of the smallest score. ValueError: every score is NaN."""
        inputs.that("score", not np.isnan(self.score[0]), "not be NaN at every trial", self.score)
        return {name: float(values[0]) for name, values in self.tried.items()}


@checked
def random_search(
    score: Function, n: Count, rng: Generator, /, **bounds: tuple[float, float]
) -> Search:
    """score(name=value, ...) at n random points: each name log-uniform between its two bounds.

    In several dimensions n points have n different values of each name, where a grid repeats a few;
    so nothing is lost to a name that does not matter. A run that diverged may score inf or NaN. All
    points are drawn first: they do not depend on the scores, nor on what `score` draws from rng.
    ValueError: bounds not 0 < low < high; a score that is not one number.
    Source: Bergstra and Bengio 2012.

    >>> rng = np.random.default_rng(0)
    >>> search = random_search(lambda lam: np.log10(lam) ** 2, 50, rng, lam=(1e-3, 1e3))
    >>> 0.8 < search.best["lam"] < 1.25
    True
    """
    ends = {name: inputs.bounds(name, pair) for name, pair in bounds.items()}
    if not ends:
        raise ValueError("random_search needs bounds of something, such as lam=(1e-4, 10)")
    drawn = {
        name: np.clip(np.exp(rng.uniform(*np.log(pair), n)), *pair) for name, pair in ends.items()
    }
    found = [score(**{name: float(v[i]) for name, v in drawn.items()}) for i in range(n)]
    scores = np.array([inputs.scalar("score(...)", one) for one in found])
    order = np.argsort(scores, kind="stable")
    return Search({name: values[order] for name, values in drawn.items()}, scores[order])
