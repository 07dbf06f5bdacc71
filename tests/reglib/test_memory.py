"""No solver holds more copies of the data than its algorithm needs."""

import tracemalloc

import numpy as np
import pytest

from reglib.losses import SquaredError
from reglib.penalties import L1
from reglib.solvers import (
    coordinate_descent,
    duality_gap,
    elastic_net_path,
    lasso_path,
    proximal_gradient,
    ridge,
    ridge_path,
)
from reglib.tuning import ridge_loo


def grid(X, y):
    top = np.abs(X.T @ y).max() / len(y)
    return np.geomspace(top, top / 1000, 100)


def peak(run):
    """The most bytes that a call holds, beyond what was there before it."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


TALL = np.random.default_rng(0).standard_normal((20_000, 20))
TARGET = TALL[:, 0] + np.random.default_rng(1).standard_normal(20_000)
COPIES = {
    # What each may hold beside X, in copies of it: a mask of what is finite (1/8), and ...
    "lasso path": (lambda X, y: lasso_path(X, y, grid(X, y)), 0.3),
    "elastic-net path": (lambda X, y: elastic_net_path(X, y, l1_ratio=0.5), 0.4),
    "ridge": (lambda X, y: ridge(X, y, 1.0), 3.2),
    "ridge path": (lambda X, y: ridge_path(X, y, [1.0, 0.1]), 3.2),
    "leave one out": (lambda X, y: ridge_loo(X, y, [1.0, 0.1]), 5.2),
    "coordinate descent": (
        lambda X, y: coordinate_descent(SquaredError(X, y), L1(0.1), max_iter=3),
        2.3,
    ),
    "proximal gradient": (
        lambda X, y: proximal_gradient(SquaredError(X, y), L1(0.1), np.zeros(20), max_iter=3),
        1.1,  # from NumPy 2.5 on X'X copies X; before, 0.2
    ),
}


@pytest.mark.parametrize("name", COPIES)
def test_no_solver_holds_more_copies_of_the_data_than_its_algorithm_needs(name):
    solve, copies = COPIES[name]
    solve(TALL[:100], TARGET[:100])  # what is loaded at the first call is not of this one
    held = peak(lambda: solve(TALL, TARGET)) / TALL.nbytes
    assert held <= copies


def test_wide_data_need_no_gram_matrix():
    X = np.random.default_rng(0).standard_normal((40, 4000))
    y = X[:, 0] + np.random.default_rng(1).standard_normal(40)
    assert peak(lambda: lasso_path(X, y, grid(X, y))) < 0.2 * 8 * 4000**2
    path = lasso_path(X, y, grid(X, y))
    assert duality_gap(X, y, path.w, path.lam[:, None]).max() < 1e-12
