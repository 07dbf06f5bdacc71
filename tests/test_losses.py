import numpy as np
import pytest
from sklearn.metrics import mean_squared_error

from reglib.diagnostics import gradient_error
from reglib.losses import SquaredError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 5)), RNG.standard_normal(12)
LOSSES = {
    "tall": SquaredError(X, Y),
    "wide": SquaredError(X[:3], Y[:3]),
    "one row": SquaredError(X[:1], Y[:1]),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@every_loss
def test_gradient_is_the_slope_of_the_value(loss):
    assert gradient_error(loss, RNG.standard_normal(5)) < 1e-7


@every_loss
def test_hessian_vector_is_the_slope_of_the_gradient(loss):
    w, v = RNG.standard_normal((2, 5))
    slope = (loss.gradient(w + v) - loss.gradient(w - v)) / 2  # exact: the gradient is affine
    np.testing.assert_allclose(loss.hessian_vector(w, v), slope, atol=1e-12)


@every_loss
def test_lipschitz_is_the_top_eigenvalue_of_the_hessian(loss):
    H = loss.hessian_vector(np.zeros(5), np.eye(5))
    np.testing.assert_allclose(loss.lipschitz(), np.linalg.eigvalsh(H)[-1], rtol=1e-12)


@every_loss
def test_a_leading_axis_equals_a_loop(loss):
    w = RNG.standard_normal((2, 3, 5))
    for method in (loss.value, loss.gradient):
        loop = [[method(v) for v in row] for row in w]
        np.testing.assert_allclose(method(w), loop, rtol=1e-12, atol=1e-15)


@every_loss
def test_a_run_that_went_to_infinity_does_not_disturb_its_neighbors(loss):
    w = RNG.standard_normal((4, 5))
    lost = w.copy()
    lost[1], lost[2] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        after = loss.gradient(lost)
    np.testing.assert_array_equal(after[[0, 3]], loss.gradient(w)[[0, 3]])


def test_the_loss_is_half_the_mean_squared_error():
    w = RNG.standard_normal(5)
    np.testing.assert_allclose(SquaredError(X, Y).value(w), mean_squared_error(Y, X @ w) / 2)


def test_the_loss_on_some_rows_sees_only_those():
    w = RNG.standard_normal(5)
    rows = [0, 3, 4]
    part = SquaredError(X, Y).on(rows)
    np.testing.assert_allclose(part.value(w), np.mean((X[rows] @ w - Y[rows]) ** 2) / 2)


def test_a_constant_added_to_every_row_is_an_intercept():
    with_ones = SquaredError(np.column_stack([np.ones(12), X]), Y)
    assert with_ones.value([2.0, 0, 0, 0, 0, 0]) == np.mean((2 - Y) ** 2) / 2
