"""Tables: the article's points, two classic data sets, and the scale of their columns."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs
from reglib.extras import extra
from reglib.inputs import Array, Table, checked


class Data(NamedTuple):
    """A table X (n, p), targets y (n,) and the names of the p columns."""

    X: Array
    y: Array
    names: tuple[str, ...]


class Standardized(NamedTuple):
    """X = (raw - mean) / scale; mean and scale (p,) are those of the training rows."""

    X: Array
    mean: Array
    scale: Array


def article() -> Data:
    """The article's five points, x = 1..5 and y = 2, 4, 7, 11, 16, with a column of ones first.

    y = x(x + 1)/2 + 1 is a parabola, so no line fits it exactly.

    >>> X, y, names = article()
    >>> X.shape, names
    ((5, 2), ('intercept', 'x'))
    """
    x = np.arange(1.0, 6.0)
    return Data(np.column_stack([np.ones(5), x]), np.array([2.0, 4, 7, 11, 16]), ("intercept", "x"))


def longley() -> Data:
    """Longley's 16 years of United States employment and six nearly collinear explanations.

    Raw units, no column of ones. Source: Longley 1967, as in NIST's Statistical Reference Datasets.

    >>> longley().X.shape
    (16, 6)
    """
    text = files("reglib.datasets").joinpath("longley.csv").read_text(encoding="utf-8")
    head, *rows = (line.split(",") for line in text.splitlines())
    table = np.array(rows, dtype=float)
    return Data(table[:, 1:].copy(), table[:, 0].copy(), tuple(head[1:]))


@checked
def diabetes(standardized: bool = True) -> Data:
    """Diabetes progression of 442 patients a year on, explained by 10 measurements at the start.

    Standardized by `standardize`, or in the units of the clinic; y is not centered, and there is no
    column of ones. Needs scikit-learn, which carries the data; nothing is downloaded.
    Source: Efron, Hastie, Johnstone and Tibshirani 2004.

    >>> X, y, names = diabetes()
    >>> X.shape, names[:4]
    ((442, 10), ('age', 'sex', 'bmi', 'bp'))
    """
    with extra("sklearn"):
        from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    X = standardize(data.data).X if standardized else data.data
    return Data(X, data.target, tuple(data.feature_names))


@checked
def standardize(X: Table, rows: ArrayLike | None = None) -> Standardized:
    """(X - mean) / scale for each column, mean and standard deviation (ddof 0) taken over `rows`.

    `rows` are the training rows (indices, a slice or a boolean array); None means all. Statistics
    of test rows must not leak into a fit, so all rows are scaled by those of `rows`. ValueError:
    NaN or inf, or a column that is constant on `rows`, named by its index.

    >>> standardize([[1.0, 10.0], [3.0, 30.0]]).X
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    train = X if rows is None else X[inputs.rows("rows", rows, len(X))]
    train = inputs.finite("X[rows]", train, ndim=2)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    # A column of equal numbers can have a scale of rounding size instead of 0.
    constant = np.flatnonzero((np.ptp(train, axis=0) == 0) | (scale == 0))
    if constant.size:
        raise ValueError(
            "every column of X must vary to be standardized, "
            f"got constant columns {constant.tolist()}"
        )
    return Standardized((X - mean) / scale, mean, scale)
