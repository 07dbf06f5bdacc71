"""Solvers against closed forms, against scikit-learn, against each other, and against a loop."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import Ridge as SklearnRidge

from reglib.datasets import article, longley, standardize
from reglib.losses import SquaredError
from reglib.penalties import L1, L2, ElasticNet, Masked
from reglib.solvers import (
    PLACEMENTS,
    gradient_descent,
    least_squares,
    proximal_gradient,
    ridge,
)

X, Y, _ = article()
LOSS = SquaredError(X, Y)
START = [3.0, 2.0]  # the article's (b, W)
SLOPE = [False, True]
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((30, 6)), RNG.standard_normal(30)
RANDOM = SquaredError(A, B)


def first_within(path, target, tol=1e-6):
    """The first k with ||w_k - target|| <= tol."""
    close = np.linalg.norm(path - target, axis=-1) <= tol
    assert close.any()
    return int(close.argmax())


@pytest.mark.parametrize(
    ("lam", "mask", "step", "placement", "iterations"),
    [
        (0.0, None, 0.1, "coupled", 913),
        (0.0, None, 0.01, "coupled", 9195),
        (1.0, SLOPE, 0.1, "coupled", 611),
        (1.0, None, 0.1, "coupled", 120),
        (10.0, None, 0.01, "coupled", 138),
        (10.0, SLOPE, 0.1, "proximal", 268),
    ],
)
def test_iterations_on_the_article_s_data(lam, mask, step, placement, iterations):
    """Experiment E1: whole numbers, so they match exactly."""
    penalty = L2(lam) if mask is None else Masked(L2(lam), mask)
    run = gradient_descent(
        LOSS, penalty, START, step=step, placement=placement, tol=0, max_iter=9300, record=True
    )
    assert first_within(run.path, ridge(X, Y, lam, mask=mask)) == iterations


@pytest.mark.parametrize(("mask", "at"), [(SLOPE, 206), (None, 164)])
def test_divergence_on_the_article_s_data_is_a_result_with_its_iteration(mask, at):
    penalty = L2(10.0) if mask is None else Masked(L2(10.0), mask)
    run = gradient_descent(LOSS, penalty, START, step=0.1)
    assert (run.diverged_at, run.n_iter, run.converged) == (at, at, False)
    assert np.abs(run.w).max() >= 1e12


def test_the_loss_quadruples_at_one_and_a_half_times_the_limit():
    limit = 2 / LOSS.lipschitz()
    run = gradient_descent(LOSS, None, START, step=1.5 * limit, max_iter=30, record=True)
    value = LOSS.value(run.path)
    np.testing.assert_allclose(value[-1] / value[-2], 4, rtol=1e-3)


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize("penalty", [L2(0.5), Masked(L2(0.5), [True] * 5 + [False])], ids=str)
def test_each_placement_ends_where_theory_says(placement, penalty):
    """Ridge at lam; shrinking after the step ends at ridge with lam / (1 - step lam)."""
    step = 0.5 / RANDOM.lipschitz()
    run = gradient_descent(RANDOM, penalty, np.zeros(6), step=step, placement=placement)
    mask = getattr(penalty, "mask", None)
    lam = 0.5 / (1 - 0.5 * step) if placement == "shrink_after" else 0.5
    assert run.converged
    np.testing.assert_allclose(run.w, ridge(A, B, lam, mask=mask), atol=1e-8)
    assert run.objective == pytest.approx(RANDOM.value(run.w) + penalty.value(run.w))


def test_coupled_and_decoupled_are_the_same_iteration_in_plain_gradient_descent():
    runs = [
        gradient_descent(
            LOSS, L2(10.0), START, step=0.1, placement=p, max_iter=60, record=True
        ).path
        for p in ("coupled", "decoupled")
    ]
    np.testing.assert_allclose(*runs, rtol=1e-12)


def test_scalar_soft_thresholding_has_a_finite_basin_beyond_the_limit():
    """E2: h = lam = 1, step 2.1; converges from |w0| < step lam / (step h - 2) = 21."""
    loss = SquaredError([[1.0]], [0.0])
    run = gradient_descent(loss, L1(1.0), [[20.9], [21.1]], step=2.1, placement="proximal")
    assert run.w[0] == 0 and run.converged[0]
    assert run.diverged_at.tolist()[0] == -1 and run.diverged_at[1] > 0


def test_a_subgradient_ends_in_a_cycle_of_the_predicted_size():
    loss = SquaredError([[1.0]], [0.0])
    run = gradient_descent(loss, L1(1.0), [3.1], step=0.5, max_iter=500, record=True)
    np.testing.assert_allclose(np.abs(run.path[-10:]), 0.5 / (2 - 0.5), rtol=1e-12)


def test_momentum_is_far_ahead_on_longley():
    X, y, _ = longley()
    loss = SquaredError(standardize(X).X, y - y.mean())
    ista, fista = (
        proximal_gradient(loss, L1(0.1), np.zeros(6), accelerated=a, max_iter=100).objective
        for a in (False, True)
    )
    assert fista < 0.6 * ista


@pytest.mark.parametrize("accelerated", [False, True])
@pytest.mark.parametrize("lam", [0.01, 0.1, 0.5])
def test_lasso_agrees_with_scikit_learn(lam, accelerated):
    run = proximal_gradient(RANDOM, L1(lam), np.zeros(6), accelerated=accelerated, tol=1e-12)
    other = SklearnLasso(alpha=lam, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(A, B)
    assert run.converged
    np.testing.assert_allclose(run.w, other.coef_, atol=1e-9)


def test_elastic_net_with_a_free_intercept_agrees_with_scikit_learn():
    ones = np.column_stack([np.ones(30), A])
    penalty = Masked(ElasticNet(0.2, 0.5), [False] + [True] * 6)
    run = proximal_gradient(SquaredError(ones, B), penalty, np.zeros(7), tol=1e-12)
    other = SklearnElasticNet(alpha=0.2, l1_ratio=0.5, tol=1e-14, max_iter=100_000).fit(A, B)
    np.testing.assert_allclose(run.w, np.r_[other.intercept_, other.coef_], atol=1e-9)


def test_lasso_is_zero_above_lam_max():
    lam_max = np.abs(A.T @ B).max() / 30
    lams = lam_max * np.array([[1.000001], [0.999]])
    run = proximal_gradient(RANDOM, L1(lams), np.zeros(6))
    assert (run.w[0] == 0).all() and (run.w[1] != 0).sum() == 1


@pytest.mark.parametrize("lam", [0.0, 0.1, 3.0])
def test_ridge_agrees_with_scikit_learn(lam):
    """Ours is a mean over n rows, theirs a sum: alpha = n lam."""
    ones = np.column_stack([A, np.ones(30)])
    free = ridge(ones, B, lam, mask=[True] * 6 + [False])
    other = SklearnRidge(alpha=30 * lam, solver="svd").fit(A, B)
    np.testing.assert_allclose(free, np.r_[other.coef_, other.intercept_], atol=1e-12)
    other = SklearnRidge(alpha=30 * lam, fit_intercept=False, solver="svd").fit(A, B)
    np.testing.assert_allclose(ridge(A, B, lam), other.coef_, atol=1e-12)


def test_ridge_on_the_article_s_data_by_hand():
    """Slope 7/(2 + lam), intercept 8 - 3 slope."""
    lams = np.array([0.0, 0.1, 1.0, 10.0])
    w = ridge(X, Y, lams[:, None], mask=SLOPE)
    np.testing.assert_allclose(w[:, 1], 7 / (2 + lams), rtol=1e-12)
    np.testing.assert_allclose(w[:, 0], 8 - 21 / (2 + lams), rtol=1e-12, atol=1e-12)


def test_ridge_that_spares_every_weight_is_least_squares():
    np.testing.assert_allclose(ridge(A, B, 5.0, mask=[False] * 6), least_squares(A, B))


def test_least_squares_is_the_shortest_of_many_fits():
    w = least_squares(A[:4], B[:4])
    np.testing.assert_allclose(A[:4] @ w, B[:4], atol=1e-12)
    np.testing.assert_allclose(w, np.linalg.pinv(A[:4]) @ B[:4], atol=1e-12)
    duplicated = least_squares(np.column_stack([A[:, 0], A[:, 0]]), B)
    np.testing.assert_allclose(duplicated[0], duplicated[1])


def test_least_squares_on_longley_has_ten_and_a_half_right_digits():
    """NIST's certified coefficients, intercept first."""
    certified = [
        -3482258.63459582,
        15.0618722713733,
        -0.358191792925910e-01,
        -2.02022980381683,
        -1.03322686717359,
        -0.511041056535807e-01,
        1829.15146461355,
    ]
    table, y, _ = longley()
    w = least_squares(np.column_stack([np.ones(16), table]), y)
    assert (np.abs(w / certified - 1) < 10**-10.5).all()


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_grid_in_one_call_equals_a_loop(placement):
    lams, steps = np.array([0.0, 1.0, 10.0]), np.array([0.01, 0.1, 0.17])
    grid = gradient_descent(
        LOSS,
        L2(lams[:, None]),
        START,
        step=steps[:, None, None],
        placement=placement,
        max_iter=300,
        record=True,
    )
    for i, s in enumerate(steps):
        for j, lam in enumerate(lams):
            one = gradient_descent(
                LOSS, L2(lam), START, step=s, placement=placement, max_iter=300, record=True
            )
            np.testing.assert_allclose(grid.w[i, j], one.w, rtol=1e-12)
            np.testing.assert_allclose(grid.objective[i, j], one.objective, rtol=1e-12)
            assert grid.n_iter[i, j] == one.n_iter
            assert grid.diverged_at[i, j] == one.diverged_at
            assert grid.converged[i, j] == one.converged
            np.testing.assert_allclose(
                grid.path[: len(one.path), i, j], one.path, rtol=1e-12, atol=1e-300
            )


def test_accelerated_sweep_equals_a_loop():
    lams = np.array([0.01, 0.1, 0.5])
    grid = proximal_gradient(RANDOM, L1(lams[:, None]), np.zeros(6))
    for j, lam in enumerate(lams):
        one = proximal_gradient(RANDOM, L1(lam), np.zeros(6))
        np.testing.assert_allclose(grid.w[j], one.w, rtol=1e-12, atol=1e-300)


def test_one_run_going_to_infinity_leaves_its_neighbors_alone():
    stable, wild = np.array([[0.1], [0.1]]), np.array([[0.1], [1e6]])
    runs = [gradient_descent(LOSS, None, START, step=s, max_iter=500) for s in (stable, wild)]
    np.testing.assert_array_equal(runs[0].w[0], runs[1].w[0])
    assert runs[1].diverged_at.tolist() == [-1, 2]


def test_a_step_so_large_that_numbers_overflow_is_still_a_result():
    run = gradient_descent(LOSS, None, START, step=1e300)
    assert run.diverged_at == 1 and not run.converged


def test_starting_beyond_the_threshold_is_divergence_at_zero():
    run = gradient_descent(LOSS, None, [2e12, 0.0], step=0.01)
    assert (run.diverged_at, run.n_iter) == (0, 0)


def test_not_enough_iterations_is_a_flag_not_an_error():
    run = gradient_descent(LOSS, None, START, step=0.1, max_iter=5)
    assert (run.converged, run.n_iter, run.diverged_at) == (False, 5, -1)


def test_tol_bounds_the_last_move_divided_by_the_step():
    run = gradient_descent(LOSS, None, START, step=0.1, tol=1e-3, record=True)
    moves = np.linalg.norm(np.diff(run.path, axis=0), axis=-1) / 0.1
    assert run.converged and moves[-1] <= 1e-3 < moves[-2]


def test_solvers_never_write_to_their_input():
    w0 = np.array(START)
    for frozen in (w0, X, Y):
        frozen.flags.writeable = False
    gradient_descent(LOSS, L2(1.0), w0, step=0.1, max_iter=3)
    proximal_gradient(LOSS, L1(1.0), w0, max_iter=3)
    ridge(X, Y, 1.0), least_squares(X, Y)
    X.flags.writeable = Y.flags.writeable = True


def test_standardized_longley_needs_260_times_fewer_steps_with_ridge():
    """Steps per decimal digit at the best step, ln 10 / -ln((c - 1)/(c + 1))."""
    Z = standardize(longley().X).X
    h = np.linalg.eigvalsh(Z.T @ Z / 16)

    def per_digit(lam):
        c = (h[-1] + lam) / (h[0] + lam)
        return np.log(10) / -np.log((c - 1) / (c + 1))

    np.testing.assert_allclose([per_digit(0), per_digit(0.1)], [14069, 54], rtol=2e-3)


@pytest.mark.parametrize("lam", [0.0, 1e-16])
def test_a_penalized_column_that_free_ones_explain_stays_small(lam):
    """Degrees Fahrenheit beside degrees Celsius and ones: what is left of it is rounding."""
    celsius = np.array([1.0, 2.0, 3.0, 5.0])
    columns = np.column_stack([np.ones(4), celsius, 32 + 1.8 * celsius])
    w = ridge(columns, [1.0, 0.0, 2.0, 1.0], lam, mask=[False, False, True])
    assert np.abs(w).max() < 10
    np.testing.assert_allclose(columns @ w, columns @ least_squares(columns, [1.0, 0, 2, 1]))


def test_a_strength_that_overflows_in_one_run_does_not_stop_the_others():
    lams, steps = [[1e300], [1.0]], np.array([[1e10], [0.1]])
    run = gradient_descent(LOSS, L1(lams), START, step=steps, placement="proximal")
    assert run.converged[1]


def test_the_objective_of_a_run_without_a_penalty_is_never_undefined():
    assert gradient_descent(LOSS, None, [1e300, 1.0], step=0.1).objective == np.inf


def test_a_loss_without_curvature_has_a_default_step():
    flat = SquaredError(np.zeros((3, 2)), [1.0, 2.0, 3.0])
    assert proximal_gradient(flat, L1(1.0), START).w.tolist() == [0, 0]
