"""No solver holds more copies of the data than its algorithm needs."""

import tracemalloc

import numpy as np
import pytest

from reglib.diagnostics import effective_dof, top_eigenvalue
from reglib.losses import SquaredError
from reglib.penalties import L1
from reglib.solvers import (
    backtracking,
    barzilai_borwein,
    coordinate_descent,
    duality_gap,
    elastic_net_path,
    gradient_descent,
    lasso_path,
    least_squares,
    newton,
    proximal_gradient,
    ridge,
    ridge_path,
)
from reglib.tuning import cross_validate, gcv, ridge_loo


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


WIDE = np.random.default_rng(0).standard_normal((50, 20_000))
FEW = WIDE[:, :5].sum(axis=1) + np.random.default_rng(1).standard_normal(50)
LOSS, ZERO, SPARED = SquaredError(WIDE, FEW), np.zeros(20_000), np.arange(20_000) > 0
HALVES = [(np.arange(25), np.arange(25, 50)), (np.arange(25, 50), np.arange(25))]
TOP = np.abs(WIDE.T @ FEW).max() / 50
LAMS = TOP * np.geomspace(1, 0.01, 10)
IN_COPIES = {
    # A Gram matrix of all columns would be 400 copies of X.
    "least squares": (lambda: least_squares(WIDE, FEW), 6),
    "ridge": (lambda: ridge(WIDE, FEW, 1.0), 3),
    "ridge, spared": (lambda: ridge(WIDE, FEW, 1.0, mask=SPARED), 6),
    "ridge path": (lambda: ridge_path(WIDE, FEW, [1.0, 0.1]), 3),
    "lasso path": (lambda: lasso_path(WIDE, FEW, LAMS), 5),
    "elastic-net path": (lambda: elastic_net_path(WIDE, FEW, LAMS, l1_ratio=0.5), 3),
    "one elastic net": (lambda: elastic_net_path(WIDE, FEW, [0.02 * TOP], l1_ratio=0.5), 3),
    "hardly any L2": (lambda: elastic_net_path(WIDE, FEW, LAMS, l1_ratio=1 - 1e-7), 5),
    "no L2": (lambda: elastic_net_path(WIDE, FEW, LAMS, l1_ratio=1.0), 5),
    "hardly any L1": (lambda: elastic_net_path(WIDE, FEW, LAMS, l1_ratio=0.01), 4),
    "coordinate descent": (lambda: coordinate_descent(LOSS, L1(LAMS[3]), max_iter=1), 3),
    "proximal gradient": (
        lambda: proximal_gradient(LOSS, L1(LAMS[3]), ZERO, step=1e-3, max_iter=3),
        1,
    ),
    "descent": (lambda: gradient_descent(LOSS, None, ZERO, step=1e-3, max_iter=3), 1),
    "backtracking": (lambda: backtracking(LOSS, ZERO, step=1.0, max_iter=3), 1),
    "Barzilai and Borwein": (lambda: barzilai_borwein(LOSS, ZERO, step=1e-3, max_iter=3), 1),
    "newton": (lambda: newton(LOSS, 1.0, ZERO), 5),
    "gap": (lambda: duality_gap(WIDE, FEW, ZERO, LAMS[3]), 3),
    "leave one out": (lambda: ridge_loo(WIDE, FEW, [1.0, 0.1]), 4),
    "gcv": (lambda: gcv(WIDE, FEW, [1.0, 0.1]), 4),
    "cross-validation": (lambda: cross_validate(WIDE, FEW, [1.0], HALVES), 6),
    "degrees of freedom": (lambda: effective_dof(WIDE, 1.0), 6),
    "top eigenvalue": (
        lambda: top_eigenvalue(LOSS, ZERO, rng=np.random.default_rng(0), max_iter=30),
        2,
    ),
}


@pytest.mark.parametrize("name", IN_COPIES)
def test_where_columns_are_many_no_solver_makes_their_gram_matrix(name):
    solve, copies = IN_COPIES[name]
    assert peak(solve) / WIDE.nbytes <= copies


def test_wide_data_need_no_gram_matrix():
    X = np.random.default_rng(0).standard_normal((40, 4000))
    y = X[:, 0] + np.random.default_rng(1).standard_normal(40)
    assert peak(lambda: lasso_path(X, y, grid(X, y))) < 0.2 * 8 * 4000**2
    path = lasso_path(X, y, grid(X, y))
    assert duality_gap(X, y, path.w, path.lam[:, None]).max() < 1e-12
