"""Units decide nothing: X or y times a power of ten changes no verdict and no digit of a fit."""

import numpy as np
import pytest

from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L1, L2, ElasticNet, GroupLasso
from reglib.solvers import (
    backtracking,
    barzilai_borwein,
    coordinate_descent,
    gradient_descent,
    lasso_path,
    newton,
    proximal_gradient,
)

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 5)) @ np.diag([1, 2, 1, 0.5, 1])
Y = X @ [1.0, -2.0, 0.0, 0.5, 0.0] + 0.3 * RNG.standard_normal(60)
STEP = 1 / SquaredError(X, Y).lipschitz()
UNITS = [1e-11, 1e-9, 1e-3, 1e9]
RUNS = {
    "gradient descent": lambda f, s, lam: gradient_descent(f, L2(0.1 * s), zeros(f), step=STEP / s),
    "FISTA": lambda f, s, lam: proximal_gradient(f, L1(lam), zeros(f)),
    "backtracking": lambda f, s, lam: backtracking(f, zeros(f), step=4 * STEP / s),
    "Barzilai and Borwein": lambda f, s, lam: barzilai_borwein(f, zeros(f), step=STEP / s),
    "coordinate descent": lambda f, s, lam: coordinate_descent(f, L1(lam)),
    "newton": lambda f, s, lam: newton(f, 0.1 * s, zeros(f)),
}
"""f the loss, s the square of the unit of X, lam that of X times y."""


def zeros(f):
    return np.zeros(f.X.shape[1])


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_the_unit_of_y_scales_the_fit(run, unit):
    one, other = (run(SquaredError(X, c * Y), 1.0, 0.05 * c) for c in (1.0, unit))
    assert one.converged and other.converged
    np.testing.assert_allclose(other.w / unit, one.w, rtol=1e-6, atol=1e-9)
    assert abs(int(other.n_iter) - int(one.n_iter)) <= 20  # the last steps are rounding


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e3])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_the_unit_of_x_scales_it_the_other_way(run, unit):
    one, other = (run(SquaredError(c * X, Y), c**2, 0.05 * c) for c in (1.0, unit))
    assert one.converged and other.converged
    np.testing.assert_allclose(other.w * unit, one.w, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_targets_of_zero_are_fitted_at_once(run):
    end = run(SquaredError(X, 0 * Y), 1.0, 0.05)
    assert end.converged and (end.w == 0).all() and end.n_iter <= 1


@pytest.mark.parametrize("solve", [gradient_descent, barzilai_borwein, backtracking])
def test_a_start_at_the_minimum_has_converged(solve):
    f = SquaredError(X, Y)
    best = np.linalg.lstsq(X, Y, rcond=None)[0]
    more = {"penalty": None} if solve is gradient_descent else {}
    run = solve(f, w0=best, step=STEP, **more)
    assert run.converged and run.n_iter < 200
    np.testing.assert_allclose(run.w, best, rtol=1e-9)


def test_newton_knows_the_minimum_of_800_huber_fits():
    """Where rounding hid the last gain the damping grew, and the run never said it was there."""
    lost = 0
    for seed in range(800):
        rng = np.random.default_rng(seed)
        A = rng.standard_normal((30, 4))
        b = A @ rng.standard_normal(4) + rng.standard_t(2, 30)
        f = HuberLoss(A, b, delta=10 ** rng.uniform(-1, 1))
        run = newton(f, 0.01, np.zeros(4))
        gradient = f.gradient(run.w) + 0.01 * run.w
        lost += not run.converged
        assert np.linalg.norm(gradient) < 1e-7
    assert lost == 0


def test_the_lasso_s_path_keeps_its_shape_in_any_unit():
    lams = np.geomspace(1, 0.01, 8)
    one = lasso_path(X, Y, lams).w
    for c in UNITS:
        np.testing.assert_allclose(lasso_path(X, c * Y, c * lams).w / c, one, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_a_group_keeps_its_direction_at_any_size(size):
    penalty, w = GroupLasso(1.0, [0, 0, 1]), np.array([3.0, 4.0, 2.0])
    np.testing.assert_allclose(penalty.value(size * w) / size, penalty.value(w), rtol=1e-14)
    np.testing.assert_allclose(penalty.subgradient(size * w), penalty.subgradient(w), rtol=1e-14)
    near = GroupLasso(size, [0, 0, 1]).prox(size * w, 0.5) / size
    np.testing.assert_allclose(near, penalty.prox(w, 0.5), rtol=1e-14)
    assert (penalty.prox(1e160 * w, 1e-3) == 1e160 * w).all()


@pytest.mark.parametrize("penalty", [L1(1.0), ElasticNet(1.0, 0.5), L2(1.0)])
def test_a_logistic_fit_converges_from_zero(penalty):
    f = LogisticLoss(X, Y > 0)
    assert proximal_gradient(f, penalty, np.zeros(5)).converged
