"""Score every lambda on rows that did not take part in the fit, and choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs
from reglib.datasets import standardize
from reglib.inputs import Array, Folds, Lams, Table, Targets, checked
from reglib.solvers import ridge

Fit = Annotated[Callable[[Array, Array, Array], ArrayLike], inputs.function]


@dataclass(frozen=True, eq=False)
class Scores:
    """A score for each lam, smaller is better: mean square errors, without any penalty.

    lam (m,) descending; mean (m,); by_fold (k, m), a row for each fold, or None where a formula
    gives the mean at once.
    """

    lam: Array
    mean: Array
    by_fold: Array | None = None

    @property
    def standard_error(self) -> Array:
        """Of the mean over k folds, as if they were independent: s.d. (ddof 1) / sqrt(k), (m,).

        NaN where a score is not finite. ValueError: scores without folds, or of one only.
        """
        if self.by_fold is None:
            raise ValueError("scores must have folds for a standard error, got only their mean")
        inputs.that("scores", len(self.by_fold) > 1, "have two folds or more", len(self.by_fold))
        with np.errstate(over="ignore", invalid="ignore"):
            return self.by_fold.std(axis=0, ddof=1) / np.sqrt(len(self.by_fold))

    @property
    def index(self) -> int:
        """Where the smallest mean stands; of equal ones the first, whose lam is the largest.

        A NaN is never the smallest. ValueError: every mean is NaN.
        """
        known = np.flatnonzero(~np.isnan(self.mean))
        inputs.that("scores", known.size, "have a mean that is not NaN", self.mean)
        return int(known[np.argmin(self.mean[known])])

    @property
    def best(self) -> float:
        """The lam of the smallest mean; of equal ones the largest."""
        return float(self.lam[self.index])


@checked
def cross_validate(
    X: Table,
    y: Targets,
    lams: Lams,
    folds: Folds,
    *,
    fit: Fit = ridge,
    scale: bool = True,
) -> Scores:
    """The mean square error on the test rows of each fold, for every lam.

    fit(Z, r, lam (m, 1)) -> w (m, p) sees training rows only: Z their columns, standardized by
    themselves (centered only, with scale=False), and r their targets less their mean. The test rows
    are predicted with these very means and scales, so nothing leaks and the intercept costs
    nothing. lams (m,) >= 0 in any order, sorted in the result. `ridge` is such a fit; the lasso is
    `lambda Z, r, lam: lasso_path(Z, r, lam[:, 0]).w`. A constant y scores 0 everywhere; a fit that
    diverges scores inf or NaN. ValueError: folds that overlap or leave a row out; lams empty,
    negative or NaN; with scale, a column that is constant on training rows.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]
    >>> halves = [([0, 3], [1, 2]), ([1, 2], [0, 3])]
    >>> scores = cross_validate(X, y, [0.0, 1.0], halves)
    >>> scores.best, scores.mean.round(4)
    (0.0, array([0.3125, 0.    ]))
    """
    by_fold = []
    for train, test in folds:
        Z = centered(standardize(X, train).X if scale else X, train)
        center = mean_of(y[train])
        w = inputs.floats("fit(Z, r, lam)", fit(Z[train], y[train] - center, lams[:, None]))
        if w.shape != (len(lams), X.shape[1]):
            raise ValueError(
                f"fit must return weights of shape {(len(lams), X.shape[1])}, got {w.shape}"
            )
        by_fold.append(np.square(w @ Z[test].T - (y[test] - center)).mean(axis=-1))
    return scored(lams, np.array(by_fold))


def mean_of(A: Array) -> Array:
    """The mean over rows; of equal rows exactly that row, which a sum would round."""
    return A[0] + (A - A[0]).mean(axis=0)


def centered(A: Array, rows: Any = slice(None)) -> Array:
    """A less the mean of these rows, twice: what once rounds off would count as a direction."""
    A = A - mean_of(A[rows])
    return A - A[rows].mean(axis=0)


def scored(lams: Array, by_fold: Array) -> Scores:
    """Scores from those of each fold."""
    return Scores(lams, by_fold.mean(axis=0), by_fold)


def one_standard_error(scores: Scores) -> float:
    """The largest lam whose mean is at most min + (standard error of the mean at the minimum).

    Folds say no more than that about where the minimum is, so the simplest model that they cannot
    tell from the best one is taken. ValueError: scores without folds, as those of `gcv`, or with
    NaN only. Source: Breiman, Friedman, Olshen and Stone 1984.

    >>> folds = np.array([[3.0, 1.5, 1.0], [5.0, 1.5, 2.0]])
    >>> one_standard_error(Scores(np.array([4.0, 2.0, 1.0]), folds.mean(axis=0), folds))
    2.0
    """
    if not isinstance(scores, Scores):
        raise TypeError(f"scores must be Scores, got {inputs.shown(scores)}")
    least, error = scores.mean[scores.index], scores.standard_error[scores.index]
    good = least if np.isnan(error) else least + error
    return float(scores.lam[np.argmax(scores.mean <= good)])
