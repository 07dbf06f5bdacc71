"""The diabetes patients, split: everything is in units that only the training rows have set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.datasets import diabetes, standardize
from reglib.losses import SquaredError
from reglib.solvers import ridge
from reglib.tuning import Scores, cross_validate, gcv, kfold

Floats = NDArray[np.float64]
LAMS = np.geomspace(1e-4, 10, 101)
"""The grid from which every rule chooses."""


def scaled(X: Any, y: Any, train: Any) -> SquaredError:
    """The squared error of all rows, X standardized and y centered by the rows `train`.

    `.on(rows)` is that of some of them, so that no statistic of test rows leaks into a fit.

    >>> loss = scaled([[1.0], [3.0], [9.0]], [1.0, 3.0, 2.0], [0, 1])
    >>> loss.X.ravel(), loss.y
    (array([-1.,  1.,  7.]), array([-1.,  1.,  0.]))
    """
    y = np.asarray(y)
    return SquaredError(standardize(X, train).X, y - y[train].mean())


@dataclass(frozen=True, eq=False)
class Split:
    """The raw table, and the rows to train on, to decide by (maybe none), and to test on.

    train, held and test are half the mean square errors on them.
    """

    X: Floats
    y: Floats
    rows: tuple[NDArray[np.int_], ...]

    def _part(self, k: int) -> SquaredError:
        return scaled(self.X, self.y, self.rows[0]).on(self.rows[k])

    train = cached_property(lambda self: self._part(0))
    held = cached_property(lambda self: self._part(1))
    test = cached_property(lambda self: self._part(-1))

    @property
    def losses(self) -> tuple[SquaredError, SquaredError]:
        """Those of the training rows, and of the test rows."""
        return self.train, self.test

    def pooled(self) -> Split:
        """The same with training and held-out rows as one training set."""
        return Split(self.X, self.y, (np.concatenate(self.rows[:-1]), self.rows[-1]))

    def test_error(self, lams: Any) -> Floats:
        """The mean square error of ridge on the test rows, (m,)."""
        return 2 * self.test.value(ridge(self.train.X, self.train.y, np.asarray(lams)[:, None]))

    def scores(self) -> Scores:
        """5-fold cross-validation on the training rows alone, scaled again in each fold."""
        rows = self.rows[0]
        folds = kfold(len(rows), 5, np.random.default_rng(rows))
        return cross_validate(self.X[rows], self.y[rows], LAMS, folds)

    def gcv(self, lams: Any = LAMS) -> Scores:
        return gcv(self.train.X, self.train.y, lams)


def split(seed: int, n: int, patients: tuple[Floats, Floats] | None = None, held: int = 0) -> Split:
    """n random patients to train on, `held` others to decide by, the rest to test."""
    X, y = patients or diabetes(standardized=False)[:2]
    order = np.random.default_rng(seed).permutation(len(y))
    ends = [n, n + held] if held else [n]
    return Split(X, y, tuple(np.split(order, ends)))
