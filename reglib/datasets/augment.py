"""More rows from the same rows: copies of the inputs that were disturbed, targets as they were."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reglib.inputs import Array, Count, FractionNumber, Generator, Scale, Table, Targets, checked


class Augmented(NamedTuple):
    """X (copies n, p), y (copies n,): all rows once, then all of them again, `copies` times."""

    X: Array
    y: Array


@checked
def add_noise(
    X: Table,
    y: Targets,
    sigma: Scale,
    *,
    copies: Count,
    rng: Generator,
) -> Augmented:
    """X + sigma z for `copies` copies of the rows, z standard normal; y is
    repeated as it is.

    X (n, p), y (n,). sigma >= 0 in the units of X, a number or one for each
    column (p,). The mean of X'X/n becomes H + diag(sigma^2), so a linear fit
    to many copies is ridge with lam = sigma^2; sigma = 0 gives plain copies.
    ValueError: empty, NaN or inf in X or y, row counts that differ, sigma <
    0, copies < 1. Source: Bishop 1995.

    >>> rng = np.random.default_rng(0)
    >>> add_noise([[1.0, 2.0]], [3.0], 0.0, copies=2, rng=rng)
    Augmented(X=array([[1., 2.],
           [1., 2.]]), y=array([3., 3.]))
    """
    X = np.tile(X, (copies, 1))
    noise = sigma * rng.standard_normal(X.shape)
    return Augmented(X + noise, np.tile(y, copies))


@checked
def input_dropout(
    X: Table, y: Targets, p: FractionNumber, *, copies: Count, rng: Generator
) -> Augmented:
    """Copies of the rows in which each entry is 0 with probability p, else
    divided by 1 - p.

    X (n, columns), y (n,), repeated as it is; 0 <= p < 1. The division keeps
    the mean of every entry. The mean of X'X/n becomes H + p/(1 - p) diag(H),
    so a linear fit to many copies is ridge with a strength of its own for
    each column. ValueError: as for `add_noise`, or p not in [0, 1). Source:
    Srivastava et al. 2014; the penalty, Wager, Wang and Liang 2013.

    >>> rng = np.random.default_rng(0)
    >>> few = input_dropout(np.ones((1, 8)), [1.0], 0.5, copies=1, rng=rng)
    >>> sorted(set(few.X.ravel().tolist()))
    [0.0, 2.0]
    """
    X = np.tile(X, (copies, 1))
    kept = rng.random(X.shape) >= p
    return Augmented(X * (kept / (1 - p)), np.tile(y, copies))
