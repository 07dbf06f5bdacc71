"""Data of any size: a right result, a flagged one, or words; no silent NaN and no false verdict."""

import re

import numpy as np
import pytest

from reglib.datasets import standardize
from reglib.diagnostics import condition_number, effective_dof, step_limit, top_eigenvalue
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L1, L2, ElasticNet
from reglib.solvers import (
    Path,
    Result,
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
from reglib.solvers.homotopy import homotopy
from reglib.tuning import cross_validate, gcv, implicit_gradient, kfold, ridge_loo

RNG = np.random.default_rng(0)
TALL, WIDE = RNG.standard_normal((30, 4)), RNG.standard_normal((6, 12))
WORDS = re.compile(r"\b(X|y|w|lam|lams|step|delta) must .*got ", re.S)
SIZES = [1e-300, 1e-154, 1e-140, 1.0, 1e140, 1e154, 1e300]


def step(X):
    return 1 / SquaredError(X, np.zeros(len(X))).lipschitz()


def folds(X):
    return kfold(len(X), 3, np.random.default_rng(0))


def start(X):
    return np.zeros(X.shape[1])


# Each takes X in units of a and y in units of b; weights come in b/a, lam in a b or a^2.
WEIGHTS = {
    "least squares": lambda X, y, a, b: least_squares(X, y),
    "ridge": lambda X, y, a, b: ridge(X, y, 0.1 * a * a),
    "ridge path": lambda X, y, a, b: ridge_path(X, y, [0.1 * a * a]),
    "lasso path": lambda X, y, a, b: lasso_path(X, y, [0.2 * a * b]),
    "homotopy": lambda X, y, a, b: homotopy(X, y)[1][:2],
    "elastic-net path": lambda X, y, a, b: elastic_net_path(X, y, l1_ratio=1.0),
    "coordinate descent": lambda X, y, a, b: coordinate_descent(
        SquaredError(X, y), L1(0.2 * a * b)
    ),
    "ISTA": lambda X, y, a, b: proximal_gradient(
        SquaredError(X, y), L1(0.2 * a * b), start(X), accelerated=False
    ),
    "FISTA": lambda X, y, a, b: proximal_gradient(SquaredError(X, y), L1(0.2 * a * b), start(X)),
    "gradient descent": lambda X, y, a, b: gradient_descent(
        SquaredError(X, y), L2(0.1 * a * a), start(X), step=step(X)
    ),
    "proximal": lambda X, y, a, b: gradient_descent(
        SquaredError(X, y), ElasticNet(0.0, 0.5), start(X), step=step(X), placement="proximal"
    ),
    "backtracking": lambda X, y, a, b: backtracking(
        SquaredError(X, y), start(X), step=step(X), penalty=L2(0.1 * a * a)
    ),
    "Barzilai and Borwein": lambda X, y, a, b: barzilai_borwein(
        SquaredError(X, y), start(X), step=step(X), penalty=L2(0.1 * a * a)
    ),
    "newton": lambda X, y, a, b: newton(SquaredError(X, y), 0.1 * a * a, start(X)),
    "newton, Huber": lambda X, y, a, b: newton(HuberLoss(X, y, b), 0.1 * a * a, start(X)),
}
NUMBERS = {
    "leave one out": lambda X, y, a, b: ridge_loo(X, y, [0.1 * a * a]).mean / b / b,
    "gcv": lambda X, y, a, b: gcv(X, y, [0.1 * a * a]).mean / b / b,
    "cross-validation": lambda X, y, a, b: cross_validate(X, y, [0.1], folds(X)).mean / b / b,
    "centered": lambda X, y, a, b: (
        cross_validate(X, y, [0.1 * a * a], folds(X), scale=False).mean / b / b
    ),
    "degrees of freedom": lambda X, y, a, b: effective_dof(X, 0.1 * a * a, intercept=True),
    "rank": lambda X, y, a, b: effective_dof(X, 0.0, intercept=True),
    "condition": lambda X, y, a, b: condition_number(SquaredError(X, y), 0.1 * a * a),
    "step limit": lambda X, y, a, b: step_limit(SquaredError(X, y), 0.1 * a * a) * a * a,
    "shrink after": lambda X, y, a, b: (
        step_limit(SquaredError(X, y), 0.1 * a * a, "shrink_after") * a * a
    ),
    "top eigenvalue": lambda X, y, a, b: (
        top_eigenvalue(SquaredError(X, y), start(X), rng=np.random.default_rng(0))[0] / a / a
    ),
    "gap": lambda X, y, a, b: duality_gap(X, y, start(X) + 0.1 * b / a, 0.2 * a * b),
    "implicit gradient": lambda X, y, a, b: (
        implicit_gradient(SquaredError(X, y), SquaredError(X, y), 0.1 * a * a).gradient / b / b
    ),
    "standardized": lambda X, y, a, b: standardize(X).X[:2, :2],
}
CALLS = WEIGHTS | NUMBERS
LOGISTIC = {
    "newton": lambda f, a: newton(f, 0.1 * a * a, start(f.X)),
    "FISTA": lambda f, a: proximal_gradient(f, L1(0.05 * a), start(f.X)),
}


def found(name, X, y, a, b):
    """The numbers of a call in units of 1, and whether it says that they are right."""
    out = CALLS[name](a * X, b * y, a, b)
    sure = np.all(getattr(out, "converged", True)) and np.all(getattr(out, "gap", 0) < 1e-9)
    if isinstance(out, Result | Path):
        out = out.w[-1] if isinstance(out, Path) else out.w
    return out * (a / b) if name in WEIGHTS else out, sure


@pytest.mark.parametrize("b", SIZES)
@pytest.mark.parametrize("a", SIZES)
@pytest.mark.parametrize("name", CALLS)
def test_no_size_of_the_data_gives_a_silent_wrong_answer(name, a, b):
    for X in [TALL] if name == "homotopy" else [TALL, WIDE]:
        y = X[:, 0] - 2 * X[:, 1] + 0.3 * np.cos(np.arange(len(X)))
        expected, _ = found(name, X, y, 1.0, 1.0)
        try:
            got, sure = found(name, X, y, a, b)
        except ValueError as error:
            assert WORDS.search(str(error))
        else:
            # Weights beyond 1e12 count as diverged, and a gap is a bound.
            right = np.allclose(got, expected, rtol=1e-4, atol=1e-6)
            assert right or not sure or (name == "gap" and got == np.inf)
            # The square of a gradient overflows there, and Armijo's rule asks for it.
            assert sure or a != b or (name == "backtracking" and a == 1e140)


@pytest.mark.parametrize("a", SIZES)
@pytest.mark.parametrize("run", LOGISTIC.values(), ids=LOGISTIC)
def test_nor_does_it_with_labels(run, a):
    y = TALL[:, 0] + np.cos(np.arange(30)) > 0
    expected = run(LogisticLoss(TALL, y), 1.0).w
    try:
        out = run(LogisticLoss(a * TALL, y), a)
    except ValueError as error:
        assert WORDS.search(str(error))
    else:
        assert not out.converged or np.allclose(out.w * a, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("call", [step_limit, condition_number])
def test_a_gram_matrix_that_is_not_finite_is_refused(call, bad):
    with pytest.raises(ValueError, match="hessian must be finite, got"):
        call([[1.0, bad], [bad, 1.0]])
