"""Newton's method finds the minimum of every smooth loss, and never goes up."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L2, Masked
from reglib.solvers import least_squares, newton, proximal_gradient, ridge

X = np.column_stack([np.ones(30), np.sin(1.7 * np.arange(90.0)).reshape(30, 3)])
Y = X @ [1.0, -2.0, 0.5, 3.0] + np.cos(np.arange(30.0))
LABELS = (Y > np.median(Y)).astype(float)
MASK = np.array([False, True, True, True])
LOSSES = {
    "squared": SquaredError(X, Y),
    "logistic": LogisticLoss(X, LABELS),
    "huber": HuberLoss(X, Y, 0.3),
}
each = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


@each
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "spared"])
@pytest.mark.parametrize("lam", [0.01, 1.0])
def test_the_gradient_of_the_objective_is_0_at_the_end(loss, lam, mask):
    run = newton(loss, lam, np.zeros(4), mask=mask)
    penalty = L2(lam) if mask is None else Masked(L2(lam), mask)
    assert run.converged and run.diverged_at == -1
    np.testing.assert_allclose(loss.gradient(run.w), -penalty.subgradient(run.w), atol=1e-8)
    assert run.objective == pytest.approx(float(loss.value(run.w) + penalty.value(run.w)))


@each
def test_it_finds_what_fista_finds(loss):
    penalty = Masked(L2(0.1), MASK)
    slow = proximal_gradient(loss, penalty, np.zeros(4), tol=1e-12, max_iter=100_000)
    np.testing.assert_allclose(newton(loss, 0.1, np.zeros(4), mask=MASK).w, slow.w, rtol=1e-8)


def test_a_quadratic_takes_one_system():
    run = newton(LOSSES["squared"], 0.5, np.full(4, 100.0), mask=MASK, tol=1e-8)
    np.testing.assert_allclose(run.w, ridge(X, Y, 0.5, mask=MASK), rtol=1e-9)
    assert run.n_iter == 1


def test_tol_bounds_the_gradient_beside_the_first():
    line = SquaredError([[1.0], [2.0]], [2.0, 4.0])
    assert [newton(line, 0.2, [0.0], tol=tol).n_iter for tol in (1.0, 0.9)] == [0, 1]


@each
def test_the_objective_never_rises(loss):
    far = np.array([50.0, -80.0, 30.0, 90.0])
    values = [float(newton(loss, 0.01, far, max_iter=k).objective) for k in range(1, 25)]
    start = float(loss.value(far) + 0.005 * far @ far)
    assert (np.diff([start, *values]) <= 0).all() and values[-1] < start / 2


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_logistic_fits_of_real_data_take_few_systems(scale):
    table, y = load_breast_cancer(return_X_y=True)
    table = (table - table.mean(axis=0)) / table.std(axis=0) * scale
    run = newton(LogisticLoss(table, y.astype(float)), 0.01, np.zeros(30), tol=1e-9)
    assert run.converged and run.n_iter < 30


def test_a_start_where_the_curvature_is_0_is_left():
    flat = HuberLoss([[1.0]] * 5, [10.0, 11.0, 12.0, 13.0, 14.0], 0.1)
    assert not flat.hessian_vector([0.0], [1.0]).any()
    run = newton(flat, 0.0, [0.0])
    assert run.converged and abs(run.w[0] - 12) <= 0.1


def test_equal_columns_are_no_obstacle():
    run = newton(SquaredError(X[:, [1, 1, 2]], Y), 0.0, np.zeros(3))
    fitted = X[:, [1, 1, 2]] @ run.w
    np.testing.assert_allclose(fitted, X[:, 1:3] @ least_squares(X[:, 1:3], Y), rtol=1e-6)


@pytest.mark.parametrize(("n", "year"), [(6, 1e5), (6, 1e6), (10, 1e6), (10, 1e7)])
def test_a_promise_that_is_small_for_its_damping_alone_is_no_minimum(n, year):
    """Large numbers beside ones: far from the minimum, damped steps promise less than rounding."""
    t = np.arange(float(n))
    y, ones = 2 * t + t % 3, np.ones(n)
    least = newton(HuberLoss(np.column_stack([ones, t]), y, 0.1), 0.0, [0.0, 0.0]).objective
    loss = HuberLoss(np.column_stack([ones, t + year]), y, 0.1)
    run = newton(loss, 0.0, [0.0, 0.0], tol=0.0)
    assert not run.converged or run.objective < 1.001 * least
    straight = replace(loss, y=2 * t)  # (-2 year, 2) fits
    run = newton(straight, 0.0, [0.0, 0.0], tol=0.0)
    assert not run.converged or run.objective < 1e-9


@each
@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_the_units_of_the_columns_do_not_matter(loss, lam):
    """Powers of 2, which multiply without rounding; lam > 0 knows the units it is in."""
    units = np.array([1.0, 2.0**-30, 2.0**30, 2.0**20]) if lam == 0 else 2.0**30
    moved = replace(loss, X=X * units)
    plain = newton(loss, lam, np.zeros(4), mask=np.full(4, True))
    other = newton(moved, lam * np.mean(np.square(units)), np.zeros(4), mask=np.full(4, True))
    np.testing.assert_allclose(other.w * units, plain.w, rtol=1e-9)
    assert other.n_iter == plain.n_iter and other.converged == plain.converged


def test_the_last_point_is_judged_too():
    loss = LOSSES["squared"]
    run = newton(loss, 0.5, np.zeros(4), tol=1e-8, max_iter=1)
    assert run.converged and run.n_iter == 1


def test_a_step_is_taken_where_it_keeps_a_hundredth_of_its_promise():
    """On log(2 cosh(w/2)) Newton's step leads to w - sinh w, and overshoots more and more."""
    loss = LogisticLoss([[1.0], [1.0]], [0.0, 1.0])
    taken = newton(loss, 0.0, [1.5], max_iter=1)  # it keeps 0.31 of it
    np.testing.assert_allclose(taken.w, 1.5 - np.sinh(1.5), rtol=1e-9)
    w = 2.17  # it falls by 0.004 of it
    assert loss.value([w - np.sinh(w)]) < loss.value([w])
    assert newton(loss, 0.0, [w], max_iter=1).w == w


def test_a_step_that_failed_is_damped_at_once():
    """A damping that begins at 1e-12 and is only multiplied by 10 needs 30 systems."""
    flat = HuberLoss([[1.0]] * 5, [10.0, 11.0, 12.0, 13.0, 14.0], 0.1)
    assert newton(flat, 0.0, [0.0]).n_iter <= 26


def test_too_few_systems_are_a_result():
    run = newton(LOSSES["logistic"], 0.0, np.zeros(4), max_iter=1)
    assert not run.converged and run.n_iter == 1


def test_the_start_is_not_written_to():
    w0 = np.ones(4)
    newton(LOSSES["huber"], 0.1, w0)
    assert (w0 == 1).all()


ENDLESS = type("Endless", (SquaredError,), {"curvature": lambda self: np.full((4, 4), np.inf)})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lam": [[0.1]]}, "lam must be a number, got shape"),
        ({"lam": -1.0}, "lam must be finite and >= 0, got -1"),
        ({"w0": np.zeros((2, 4))}, "w0 must have 1 axes, got shape"),
        ({"w0": [np.nan] * 4}, "w0 must be finite, got nan"),
        ({"mask": [True, False]}, "the last axis of mask must have 4 entries"),
        ({"max_iter": 0}, "max_iter must be >= 1, got 0"),
        ({"tol": -1.0}, "tol must be finite and >= 0, got -1"),
        ({"loss": HuberLoss(X, Y, [[1.0], [2.0]])}, r"loss.value\(w\) must be a number, .* \(2,\)"),
        ({"w0": np.zeros(3)}, r"the last axis of w must have 4 entries, .* \(3,\)"),
        ({"w0": np.full(4, 1e200)}, "w0 must have a finite objective, got inf"),
        ({"loss": ENDLESS(X, Y)}, r"loss.curvature\(\) must be finite, got inf"),
    ],
)
def test_bad_input_is_told(arguments, words):
    with pytest.raises(ValueError, match=words):
        newton(**{"loss": LOSSES["squared"], "lam": 0.1, "w0": np.zeros(4)} | arguments)


@pytest.mark.parametrize("loss", [3, SquaredError, L2(1.0)], ids=str)
def test_what_is_no_loss_is_told(loss):
    words = "loss must have the methods value, gradient, hessian_vector and curvature, such as"
    with pytest.raises(TypeError, match=words):
        newton(loss, 0.1, np.zeros(4))


@pytest.mark.parametrize("make", [SquaredError, LogisticLoss, lambda X, y: HuberLoss(X, y, 0.3)])
def test_in_more_columns_than_rows_the_minimum_is_that_of_the_rows_span(make):
    """The gradient of the objective is 0 there, which only the minimum of a strict one has."""
    rng = np.random.default_rng(0)
    A, labels = rng.standard_normal((12, 40)), np.arange(12) % 2
    loss, w0 = make(A, labels), rng.standard_normal(40)
    run = newton(loss, 0.1, w0)
    assert run.converged and run.w.shape == (40,)
    np.testing.assert_allclose(loss.gradient(run.w) + 0.1 * run.w, 0, atol=1e-8)
    assert run.objective == pytest.approx(loss.value(run.w) + 0.05 * run.w @ run.w, rel=1e-12)
    spared = newton(loss, 0.1, w0, mask=np.arange(40) > 0)  # this one has no such span
    gradient = loss.gradient(spared.w) + 0.1 * spared.w * (np.arange(40) > 0)
    np.testing.assert_allclose(gradient, 0, atol=1e-8)
