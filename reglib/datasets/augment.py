"""More rows from the same rows: copies of the inputs that were disturbed, targets as they were."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs as _checks
from reglib.inputs import Array


class Augmented(NamedTuple):
    """X (copies n, p), y (copies n,): all rows once, then all of them again, `copies` times."""

    X: Array
    y: Array


def add_noise(
    X: ArrayLike, y: ArrayLike, sigma: ArrayLike, *, copies: int, rng: np.random.Generator
) -> Augmented:
    """X + sigma z for `copies` copies of the rows, z standard normal; y is repeated as it is.

    X (n, p), y (n,). sigma >= 0 in the units of X, a number or one for each column (p,). The mean
    of X'X/n becomes H + diag(sigma^2), so a linear fit to many copies is ridge with lam = sigma^2;
    sigma = 0 gives plain copies. ValueError: empty, NaN or inf in X or y, row counts that differ,
    sigma < 0, copies < 1. Source: Bishop 1995.

    >>> add_noise([[1.0, 2.0]], [3.0], 0.0, copies=2, rng=np.random.default_rng(0))
    Augmented(X=array([[1., 2.],
           [1., 2.]]), y=array([3., 3.]))
    """
    X, y = _checks.design(X, y)
    sigma = _checks.per_column("sigma", sigma, X.shape[1])
    X, y = _repeated(X, y, copies)
    X += sigma * _checks.generator("rng", rng).standard_normal(X.shape)
    return Augmented(X, y)


def input_dropout(
    X: ArrayLike, y: ArrayLike, p: float, *, copies: int, rng: np.random.Generator
) -> Augmented:
    """Copies of the rows in which each entry is 0 with probability p, else divided by 1 - p.

    X (n, columns), y (n,), repeated as it is; 0 <= p < 1. The division keeps the mean of every
    entry. The mean of X'X/n becomes H + p/(1 - p) diag(H), so a linear fit to many copies is ridge
    with a strength of its own for each column. ValueError: as for `add_noise`, or p not in [0, 1).
    Source: Srivastava et al. 2014; the penalty, Wager, Wang and Liang 2013.

    >>> dropped = input_dropout(np.ones((1, 8)), [1.0], 0.5, copies=1, rng=np.random.default_rng(0))
    >>> sorted(set(dropped.X.ravel().tolist()))
    [0.0, 2.0]
    """
    X, y = _checks.design(X, y)
    p = _checks.single("p", _checks.fraction("p", p))
    X, y = _repeated(X, y, copies)
    X *= (_checks.generator("rng", rng).random(X.shape) >= p) / (1 - p)
    return Augmented(X, y)


def _repeated(X: Array, y: Array, copies: int) -> tuple[Array, Array]:
    """New arrays, which may be written to."""
    copies = _checks.count("copies", copies)
    return np.tile(X, (copies, 1)), np.tile(y, copies)
