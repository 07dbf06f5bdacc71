"""Cross-validation of the lasso in one pass over the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reglib.datasets import standardize
from reglib.fast.homotopy import between, every_knot
from reglib.inputs import Array, Flag, Folds, Lams, Table, Targets, checked
from reglib.tuning.selection import Scores, mean_of, scored

CANCELED = 1e-6
"""A sum of squares of which no larger share is left without the test rows is summed afresh."""


@checked
def lasso_cv(
    X: Table, y: Targets, folds: Folds, lams: Lams | None = None, *, scale: Flag = True
) -> Scores:
    """The lasso's mean square error on the test rows of each fold, for every lam: exact, no steps.

    What `cross_validate` finds with `lasso_path`, sooner: X'X is summed once, that of each training
    set is the whole less the test rows, and the homotopy needs no more. Columns are standardized by
    the training rows; scale=False only centers them, as scikit-learn's LassoCV does. lams (m,) >= 0
    in any order, sorted in the result; None is 100 values from the lam_max of all rows to a
    thousandth of it. Errors are those of `cross_validate`. Memory 8 p^2 bytes.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
    >>> halves = [([0, 3], [1, 2]), ([1, 2], [0, 3])]
    >>> lasso_cv(X, y, halves, [0.0, 0.5], scale=False).mean.round(4)
    array([1.1312, 0.    ])
    """
    whole = _Whole(X, y)
    lams = _grid(whole, scale) if lams is None else lams
    by_fold = []
    for train, test in folds:
        x_mean, y_mean, gram, c, power = whole.without(train, test)
        unit = np.ones(len(c))
        if scale:
            unit = np.sqrt(np.diag(gram))
            if not unit.all():
                unit = standardize(X, train).scale  # which words the error
        gram = gram / unit / unit[:, None]
        knots, corners, _ = every_knot(gram, c / unit, float(np.sqrt(power)), lams[-1])
        w = between(knots, corners, lams) / unit
        error = (X[test] - x_mean) @ w.T - (y[test] - y_mean)[:, None]
        by_fold.append(np.square(error).mean(axis=0))
    return scored(lams, np.array(by_fold))


def _grid(whole: _Whole, scale: bool) -> Array:
    c = whole.c / len(whole.X)
    lam_max = np.abs(c / standardize(whole.X).scale if scale else c).max()
    return np.geomspace(lam_max, lam_max / 1000, 100) if lam_max > 0 else np.zeros(1)


class _Whole:
    """Sums over all rows Z = X - mean and r = y - mean: gram = Z'Z, c = Z'r, power = r'r."""

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y, self.x_mean, self.y_mean = X, y, mean_of(X), mean_of(y)
        Z, r = X - self.x_mean, y - self.y_mean
        self.gram, self.c, self.power = Z.T @ Z, r @ Z, r @ r

    def without(
        self, train: NDArray[np.int_], test: NDArray[np.int_]
    ) -> tuple[Array, float, Array, Array, float]:
        """Means of the training rows, and Z'Z/n, Z'r/n and r'r/n of them, centered by these."""
        n, A, b = len(train), self.X[test] - self.x_mean, self.y[test] - self.y_mean
        x_mean, y_mean = -A.sum(axis=0) / n, -b.sum() / n
        gram = (self.gram - A.T @ A) / n - np.outer(x_mean, x_mean)
        c = (self.c - b @ A) / n - x_mean * y_mean
        power = (self.power - b @ b) / n - y_mean**2
        before = np.r_[np.diag(self.gram), self.power] / n
        if (np.r_[np.diag(gram), power] > CANCELED * before).all():
            return self.x_mean + x_mean, self.y_mean + y_mean, gram, c, power
        x_mean, y_mean = mean_of(self.X[train]), mean_of(self.y[train])
        Z, r = self.X[train] - x_mean, self.y[train] - y_mean
        return x_mean, y_mean, Z.T @ Z / n, r @ Z / n, r @ r / n
