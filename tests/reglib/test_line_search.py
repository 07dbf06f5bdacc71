"""Backtracking and Barzilai and Borwein's step: what they promise, and what they do not."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from reglib.datasets import article
from reglib.losses import LogisticLoss, SquaredError
from reglib.penalties import L2, Masked
from reglib.solvers import backtracking, barzilai_borwein, gradient_descent, least_squares, ridge

RNG = np.random.default_rng(0)
X, Y, _ = article()
LOSS, W0 = SquaredError(X, Y), np.array([3.0, 2.0])
BEST = least_squares(X, Y)
LIMIT = 2 / LOSS.lipschitz()
Z, LABELS = RNG.standard_normal((30, 3)), (RNG.random(30) < 0.5).astype(float)
LOGISTIC = LogisticLoss(Z, LABELS)
SOLVERS = pytest.mark.parametrize("solve", [backtracking, barzilai_borwein])


class Bowl:
    """w^4 / 4 - w^2: not convex, and no Lipschitz constant fits everywhere."""

    def value(self, w):
        return (w**4 / 4 - w**2).sum(axis=-1)

    def gradient(self, w):
        return w**3 - 2 * w


class Slide:
    """-w: there is no minimum."""

    def value(self, w):
        return -w.sum(axis=-1)

    def gradient(self, w):
        return -np.ones_like(w)


@SOLVERS
@pytest.mark.parametrize("share", [0.1, 1.0, 50.0, 1e6])
def test_a_quadratic_is_minimized_from_any_first_step(solve, share):
    run = solve(LOSS, W0, step=share * LIMIT, tol=1e-6, max_iter=50_000)
    np.testing.assert_allclose(run.w, BEST, atol=1e-5)
    assert run.diverged_at == -1


@SOLVERS
def test_a_run_ends_with_a_gradient_of_tol_times_the_first(solve):
    line = SquaredError([[1.0], [2.0]], [2.0, 4.0])
    assert [solve(line, [0.0], step=0.1, tol=tol).n_iter for tol in (1.0, 0.99)] == [1, 2]


@SOLVERS
def test_an_l2_penalty_leads_to_the_ridge_solution(solve):
    penalty = Masked(L2(1.0), [False, True])
    run = solve(LOSS, W0, step=0.1, penalty=penalty, tol=1e-7)
    assert run.converged
    np.testing.assert_allclose(run.w, ridge(X, Y, 1.0, mask=[False, True]), atol=1e-6)
    np.testing.assert_allclose(run.objective, LOSS.value(run.w) + penalty.value(run.w), rtol=1e-14)


@SOLVERS
def test_a_logistic_loss_reaches_a_zero_gradient(solve):
    run = solve(LOGISTIC, np.zeros(3), step=100.0, penalty=L2(0.1), tol=1e-7)
    assert run.converged
    assert np.linalg.norm(LOGISTIC.gradient(run.w) + 0.1 * run.w) < 1e-6


@pytest.mark.parametrize("step", [0.01, 1.0, 1e4])
@pytest.mark.parametrize(
    ("loss", "start"), [(LOSS, W0), (LOGISTIC, np.ones(3)), (Bowl(), np.array([0.1, -7.0]))]
)
def test_backtracking_never_increases_the_objective_and_keeps_armijos_promise(loss, start, step):
    path = backtracking(loss, start, step=step, max_iter=60, record=True).path
    f = loss.value(path)
    # Values of a whole path may round otherwise than those the search itself compared.
    assert (np.diff(f) <= 4 * np.finfo(float).eps * np.abs(f[1:])).all()
    moved = np.square(np.diff(path, axis=0)).sum(axis=-1)  # s^2 ||g||^2
    g2 = np.square(loss.gradient(path[:-1])).sum(axis=-1)
    s = np.sqrt(moved / np.where(g2 > 0, g2, 1))
    promised = f[:-1] - 0.5 * s * g2
    assert (f[1:] <= promised + 1e-12 * np.abs(f[:-1])).all()


def test_backtracking_takes_the_first_step_that_is_good_enough():
    """On h w^2/2 with slope c, s is good enough exactly when s <= 2 (1 - c)/h."""
    loss = SquaredError([[2.0]], [0.0])  # h = 4
    for slope, shrink in ((0.5, 0.5), (0.1, 0.7), (0.9, 0.3)):
        run = backtracking(
            loss, [1.0], step=7.0, shrink=shrink, slope=slope, max_iter=1, record=True
        )
        s = (run.path[0] - run.path[1])[0] / 4.0
        expected = 7.0
        while expected > 2 * (1 - slope) / 4:
            expected *= shrink
        np.testing.assert_allclose(s, expected, rtol=1e-12)


def test_below_the_limit_of_armijo_backtracking_is_gradient_descent():
    step = 0.9 / LOSS.lipschitz()
    options = {"step": step, "max_iter": 50, "tol": 0.0, "record": True}
    ours = backtracking(LOSS, W0, **options).path
    np.testing.assert_array_equal(ours, gradient_descent(LOSS, None, W0, **options).path)


def test_the_second_step_of_barzilai_and_borwein_fits_the_last_change_best():
    """BB1: 1/s is the number a that minimizes ||a dw - dg||."""
    path = barzilai_borwein(LOSS, W0, step=0.05, max_iter=2, record=True).path
    dw, dg = path[1] - path[0], LOSS.gradient(path[1]) - LOSS.gradient(path[0])
    a = minimize_scalar(lambda a: np.square(a * dw - dg).sum(), options={"xtol": 1e-12}).x
    np.testing.assert_allclose(path[2], path[1] - LOSS.gradient(path[1]) / a, rtol=1e-6)


def test_in_one_dimension_barzilai_and_borwein_know_the_curvature_after_one_step():
    run = barzilai_borwein(SquaredError([[3.0]], [6.0]), [100.0], step=1e-3, max_iter=2)
    np.testing.assert_allclose(run.w, [2.0], rtol=1e-12)


def test_where_the_curvature_is_negative_the_given_step_stands_in():
    path = barzilai_borwein(Bowl(), [0.1], step=0.1, max_iter=3, record=True).path[:, 0]
    assert abs(path[2]) < 0.8  # the curvature 3 w^2 - 2 is negative up to here
    np.testing.assert_allclose(path[3], path[2] - 0.1 * Bowl().gradient(path[2]), rtol=1e-12)


@SOLVERS
def test_a_leading_axis_gives_the_numbers_of_a_loop(solve):
    starts = RNG.standard_normal((3, 2))
    steps, lams = np.array([0.01, 0.1, 5.0])[:, None], np.array([0.1, 3.0])[:, None, None]
    options = {"tol": 1e-6, "max_iter": 40, "record": True}
    grid = solve(LOSS, starts, step=steps, penalty=L2(lams), **options)
    assert grid.w.shape == (2, 3, 2)
    for i, j in np.ndindex(2, 3):
        one = solve(LOSS, starts[j], step=steps[j].item(), penalty=L2(lams[i].item()), **options)
        np.testing.assert_allclose(grid.w[i, j], one.w, rtol=1e-8)
        assert grid.n_iter[i, j] == one.n_iter and grid.converged[i, j] == one.converged


def test_shrink_and_slope_may_be_sweeps_too():
    shrink, slope = np.array([0.3, 0.9])[:, None, None], np.array([0.1, 0.5, 0.9])[:, None]
    grid = backtracking(LOSS, W0, step=1.0, shrink=shrink, slope=slope, max_iter=20)
    assert grid.w.shape == (2, 3, 2)
    one = backtracking(LOSS, W0, step=1.0, shrink=0.9, slope=0.1, max_iter=20)
    np.testing.assert_allclose(grid.w[1, 0], one.w, rtol=1e-12)


@SOLVERS
def test_a_loss_without_a_minimum_diverges_and_spares_its_neighbors(solve):
    run = solve(Slide(), np.zeros((2, 1)), step=np.array([[1e-9], [1e11]]), max_iter=100)
    assert run.diverged_at.tolist() == [-1, 10]
    np.testing.assert_allclose(run.w[0], 1e-7)


@SOLVERS
def test_an_objective_that_is_not_finite_is_a_divergence_and_no_endless_loop(solve):
    class Broken(Slide):
        def value(self, w):
            return np.full(w.shape[:-1], np.nan)

        def gradient(self, w):
            return np.full(w.shape, np.inf)

    assert solve(Broken(), np.zeros(2), step=1.0).diverged_at == 1


def test_a_promise_of_armijo_that_overflows_is_a_divergence():
    loss, w = SquaredError([[1e140]], [0.0]), np.array([1e11])
    assert np.isfinite(loss.value(w)) and backtracking(loss, w, step=1.0).diverged_at == 1


def test_armijos_rule_is_kept_where_it_is_just_kept():
    """On w^2/2 the step 1 leads to the minimum, and falls by exactly half of g^2."""
    assert backtracking(SquaredError([[1.0]], [0.0]), [1.0], step=1.0, max_iter=1).w == 0


@pytest.mark.parametrize(("size", "w0"), [(1e145, 1e11), (1e140, 1e-279)])
def test_the_step_is_right_where_squares_overflow_or_underflow(size, w0):
    loss, step = SquaredError([[size]], [0.0]), 0.5 / size**2  # dw dg is 2.5e311, dw dw 0
    path = barzilai_borwein(loss, [w0], step=step, max_iter=2, record=True).path[:, 0]
    np.testing.assert_allclose(path / w0, [1, 0.5, 0], atol=1e-9)


def test_a_start_at_the_minimum_stays_there():
    loss = SquaredError(np.eye(2), [1.0, 2.0])
    for solve in (backtracking, barzilai_borwein):
        run = solve(loss, [1.0, 2.0], step=1.0)
        assert run.converged and run.w.tolist() == [1.0, 2.0]


@SOLVERS
def test_starting_weights_are_not_written_to(solve):
    w0 = W0.copy()
    solve(LOSS, w0, step=1.0, max_iter=5)
    np.testing.assert_array_equal(w0, W0)


@SOLVERS
@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"tol": -1}, ValueError, "tol must be finite and >= 0, got -1"),
        ({"max_iter": 0}, ValueError, "max_iter must be >= 1, got 0"),
        ({"penalty": 0.1}, TypeError, r"penalty must be a penalty such as L2\(0.1\), got 0.1"),
        ({"loss": 3}, TypeError, "loss must have the methods value and gradient"),
        ({"w0": np.zeros((5, 2)), "step": [[1], [2]]}, ValueError, "axes must fit together, got"),
    ],
)
def test_bad_input_is_named(solve, options, kind, words):
    given = {"loss": LOSS, "w0": W0, "step": 0.1} | options
    with pytest.raises(kind, match=words):
        solve(given.pop("loss"), given.pop("w0"), **given)


@pytest.mark.parametrize("name", ["shrink", "slope"])
@pytest.mark.parametrize("bad", [0, 1, -0.5, np.nan])
def test_shrink_and_slope_lie_between_0_and_1(name, bad):
    with pytest.raises(ValueError, match=f"{name} must be finite and > 0 and < 1, got {bad:g}"):
        backtracking(LOSS, W0, step=1.0, **{name: bad})
