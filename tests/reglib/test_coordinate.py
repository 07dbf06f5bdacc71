"""Coordinate descent against closed forms, FISTA and scikit-learn; the gap against P - D."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import Lasso as SklearnLasso

from reglib.datasets import article
from reglib.losses import SquaredError
from reglib.penalties import L1, L2, ElasticNet, Masked
from reglib.solvers import (
    coordinate_descent,
    duality_gap,
    gradient_descent,
    least_squares,
    proximal_gradient,
    ridge,
)

X, Y, _ = article()
SLOPE = [False, True]
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((30, 6)), RNG.standard_normal(30)
RANDOM = SquaredError(A, B)
MOST = [True, False, True, True, False, True]


def penalties(lam):
    return [
        L1(lam),
        L2(lam),
        ElasticNet(lam, 0.3),
        Masked(L1(lam), MOST),
        Masked(ElasticNet(lam, 0.7), MOST),
    ]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("which", range(5))
def test_coordinate_descent_equals_fista(seed, which):
    rng = np.random.default_rng(seed)
    loss = SquaredError(rng.standard_normal((20, 6)), rng.standard_normal(20))
    penalty = penalties(0.1)[which]
    run = coordinate_descent(loss, penalty)
    other = proximal_gradient(loss, penalty, np.zeros(6), tol=1e-12)
    assert run.converged and run.diverged_at == -1
    np.testing.assert_allclose(run.w, other.w, atol=1e-8)
    np.testing.assert_allclose(run.objective, other.objective, rtol=1e-12)


@pytest.mark.parametrize("lam", [0.01, 0.1, 0.5])
def test_coordinate_descent_agrees_with_scikit_learn(lam):
    ours = coordinate_descent(RANDOM, L1(lam), tol=1e-13)
    other = SklearnLasso(alpha=lam, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(A, B)
    np.testing.assert_allclose(ours.w, other.coef_, atol=1e-9)
    ones = SquaredError(np.column_stack([np.ones(30), A]), B)
    ours = coordinate_descent(ones, Masked(ElasticNet(lam, 0.4), [False] + [True] * 6), tol=1e-13)
    other = SklearnElasticNet(alpha=lam, l1_ratio=0.4, tol=1e-14, max_iter=100_000).fit(A, B)
    np.testing.assert_allclose(ours.w, np.r_[other.intercept_, other.coef_], atol=1e-9)


def test_with_l2_it_ends_at_ridge_and_without_a_penalty_at_least_squares():
    np.testing.assert_allclose(coordinate_descent(RANDOM, L2(0.3)).w, ridge(A, B, 0.3), atol=1e-9)
    np.testing.assert_allclose(coordinate_descent(RANDOM, None).w, least_squares(A, B), atol=1e-9)


@pytest.mark.parametrize("lam", [0.1, 1.0, 10.0])
def test_the_article_s_slopes_by_hand(lam):
    """E1: lasso slope max(7 - lam, 0)/2, elastic net max(7 - lam r, 0)/(2 + lam (1 - r))."""
    loss = SquaredError(X, Y)
    for r, penalty in ((1.0, L1(lam)), (0.5, ElasticNet(lam, 0.5))):
        slope = max(7 - lam * r, 0) / (2 + lam * (1 - r))
        w = coordinate_descent(loss, Masked(penalty, SLOPE)).w
        np.testing.assert_allclose(w, [8 - 3 * slope, slope], atol=1e-8)
        centered = SquaredError(X[:, 1:] - 3, Y - 8)
        np.testing.assert_allclose(coordinate_descent(centered, penalty).w, [slope], atol=1e-12)


def test_the_first_sweep_by_hand():
    """Each weight sees the moves of those before it: w_1 = (c_1 - lam)/H_11, then w_2 with w_1."""
    loss = SquaredError([[1.0, 1.0], [1.0, 0.0]], [4.0, 2.0])  # H = [[1, .5], [.5, .5]], c = 3, 2
    path = coordinate_descent(loss, L1(0.5), record=True, max_iter=2).path
    np.testing.assert_allclose(path[:2], [[0, 0], [2.5, 0.5]], rtol=1e-15)  # (2 - 1.25 - .5)/.5
    np.testing.assert_allclose(path[2], [2.25, 0.75], rtol=1e-15)


def test_orthogonal_columns_are_done_in_one_sweep():
    run = coordinate_descent(SquaredError(np.linalg.qr(A)[0], B), L1(0.01))
    assert run.n_iter == 2  # the second one sees that nothing moves


def test_the_objective_never_rises():
    run = coordinate_descent(RANDOM, L1(0.1), np.full(6, 5.0), record=True)
    values = RANDOM.value(run.path) + L1(0.1).value(run.path)
    assert (np.diff(values) <= 1e-15).all() and values[1] < values[0]
    np.testing.assert_array_equal(run.path[0], 5)


def test_a_sweep_over_lam_in_one_call_equals_a_loop():
    lams = np.array([0.0, 0.01, 0.1, 5.0])
    for make in (L1, L2, lambda lam: Masked(ElasticNet(lam, 0.5), MOST)):
        grid = coordinate_descent(RANDOM, make(lams[:, None]))
        for k, lam in enumerate(lams):
            one = coordinate_descent(RANDOM, make(lam))
            np.testing.assert_allclose(grid.w[k], one.w, rtol=1e-12, atol=1e-300)
            assert (grid.n_iter[k], grid.converged[k]) == (one.n_iter, one.converged)
            np.testing.assert_allclose(grid.objective[k], one.objective, rtol=1e-12)


def test_a_sweep_over_starts_ends_in_one_place():
    run = coordinate_descent(RANDOM, L1(0.1), [np.zeros(6), np.ones(6)])
    np.testing.assert_allclose(*run.w, atol=1e-9)


@pytest.mark.parametrize("penalty", [L1(0.1), L2(0.1), ElasticNet(0.1, 0.5)])
def test_a_column_of_zeros_leaves_its_weight_to_the_penalty(penalty):
    holed = A * [1, 0, 1, 1, 1, 1]
    w0 = np.full(6, 7.0)
    assert abs(coordinate_descent(SquaredError(holed, B), penalty, w0).w[1]) < 1e-90
    spared = Masked(penalty, [True, False, True, True, True, True])
    run = coordinate_descent(SquaredError(holed, B), spared, w0)
    assert run.w[1] == 7 and run.converged


def test_tol_bounds_the_last_moves_divided_by_their_steps():
    run = coordinate_descent(RANDOM, L1(0.1), tol=1e-4, record=True)
    moves = np.linalg.norm(np.diff(run.path, axis=0) * np.square(A).mean(axis=0), axis=-1)
    assert run.converged and moves[-1] <= 1e-4 * moves[0] < moves[-2]


def test_not_enough_sweeps_is_a_flag_not_an_error():
    run = coordinate_descent(RANDOM, L1(0.1), max_iter=1)
    assert (run.converged, run.n_iter, run.diverged_at) == (False, 1, -1)


def test_starting_at_infinity_s_door_is_divergence():
    assert coordinate_descent(RANDOM, L1(0.1), np.full(6, 2e12)).diverged_at == 0


class Group:
    value = subgradient = prox = None


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: coordinate_descent(A, L1(1.0)),
            TypeError,
            "loss must be a SquaredError, got ndarray",
        ),
        (
            lambda: coordinate_descent(RANDOM, Group()),
            TypeError,
            "penalty must be L1, L2 or ElasticNet, possibly Masked.*, got Group",
        ),
        (
            lambda: coordinate_descent(RANDOM, Masked(Masked(L1(1.0), [True]), MOST)),
            TypeError,
            "got Masked",
        ),
        (
            lambda: coordinate_descent(RANDOM, Masked(L1(1.0), SLOPE)),
            ValueError,
            r"mask must have 6 entries.*\(2,\).*\(30, 6\)",
        ),
        (
            lambda: coordinate_descent(RANDOM, L1(1.0), max_iter=0),
            ValueError,
            "max_iter must be >= 1, got 0",
        ),
        (
            lambda: coordinate_descent(RANDOM, L1(1.0), tol=-1),
            ValueError,
            "tol must be finite and >= 0, got -1",
        ),
        (
            lambda: duality_gap(A, B, np.zeros(6), 1.0, 1.5),
            ValueError,
            "l1_ratio must be finite and between 0 and 1, got 1.5",
        ),
    ],
)
def test_errors_say_name_rule_and_value(call, error, words):
    with pytest.raises(error, match=words):
        call()


def objective(X, y, w, lam, r):
    penalty = lam * (r * np.abs(w).sum() + (1 - r) / 2 * w @ w)
    return np.square(X @ w - y).sum() / (2 * len(y)) + penalty


def test_the_gap_by_hand():
    """One column of ones, y = 2 and 4: at w = 0 c = 3, ||q||^2 / 2n = 9/2, ||y||^2 / 2n = 5."""
    ones, y = [[1.0], [1.0]], [2.0, 4.0]
    np.testing.assert_allclose(duality_gap(ones, y, [0.0], 2.0), 1 / 10)  # a = 2/3: q^2/9
    np.testing.assert_allclose(duality_gap(ones, y, [0.0], 2.0, 0.5), 2 / 5)  # h*(3) = 2^2 / 2
    np.testing.assert_allclose(duality_gap(ones, y, [0.0], 2.0, 0.0), 9 / 4 / 5)  # h*(3) = 3^2 / 4
    np.testing.assert_allclose(duality_gap(ones, y, [0.0], 0.0), 9 / 2 / 5)  # c^2 / 2 to be won
    np.testing.assert_allclose(duality_gap(ones, y, [0.0], 3.0), 0, atol=1e-15)  # lam_max


@pytest.mark.parametrize("r", [0.0, 0.2, 0.9, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("lam", [0.003, 0.1, 10.0])
def test_the_gap_bounds_the_excess_from_above_and_vanishes_with_it(lam, r):
    best = coordinate_descent(RANDOM, ElasticNet(lam, r), tol=1e-13).w
    least, scale = objective(A, B, best, lam, r), B @ B / 60
    assert 0 <= duality_gap(A, B, best, lam, r) <= 1e-12
    for size in (1e-3, 1e-1, 1.0, 100.0):
        w = best + size * RNG.standard_normal((20, 6))
        excess = np.array([objective(A, B, u, lam, r) - least for u in w]) / scale
        gap = duality_gap(A, B, w, lam, r)
        assert (gap >= excess * (1 - 1e-9)).all() and (gap > 0).all()


@pytest.mark.parametrize("size", [0.02, 10.0])
def test_the_lasso_s_gap_is_its_objective_less_the_dual_one(size):
    """The dual: max over |X'u| <= n lam of ||y||^2 / 2n - ||y - u||^2 / 2n."""
    w = coordinate_descent(RANDOM, L1(0.1)).w + size * RNG.standard_normal(6)
    u = B - A @ w
    shrink = 30 * 0.1 / np.abs(A.T @ u).max()
    assert shrink < 1
    u -= (1 - shrink) * A @ least_squares(A, u)
    dual = (B @ B - np.square(B - u).sum()) / 60
    expected = (objective(A, B, w, 0.1, 1.0) - dual) / (B @ B / 60)
    np.testing.assert_allclose(duality_gap(A, B, w, 0.1), expected, rtol=1e-12)


def test_a_vanishing_l2_term_leaves_the_lasso_s_gap():
    w = RNG.standard_normal(6)
    np.testing.assert_allclose(
        duality_gap(A, B, w, 0.1, 1 - 1e-12), duality_gap(A, B, w, 0.1), rtol=1e-9
    )


def test_at_lam_zero_the_gap_is_the_excess_over_least_squares():
    for design in (A, A[:, [0, 0, 1]], A[:4]):
        y = B[: len(design)]
        w = RNG.standard_normal(design.shape[1])
        least = objective(design, y, least_squares(design, y), 0, 1)
        expected = (objective(design, y, w, 0, 1) - least) / (y @ y / (2 * len(y)))
        np.testing.assert_allclose(duality_gap(design, y, w, 0.0), expected, rtol=1e-12)


def test_leading_axes_of_the_gap_equal_a_loop():
    w = RNG.standard_normal((2, 3, 6))
    lam, r = np.array([[0.0], [0.1], [1.0]]), np.array([[[0.5]], [[1.0]]])
    grid = duality_gap(A, B, w, lam, r)
    for i in range(2):
        for j in range(3):
            one = duality_gap(A, B, w[i, j], lam[j, 0], r[i, 0, 0])
            np.testing.assert_allclose(grid[i, j], one, rtol=1e-12)


def test_the_gap_with_targets_all_zero_is_not_divided():
    assert duality_gap(A, np.zeros(30), np.zeros(6), 1.0) == 0
    w = np.ones(6)
    assert duality_gap(A, np.zeros(30), w, 1.0) >= objective(A, np.zeros(30), w, 1.0, 1.0) > 0


def test_the_gap_of_a_run_that_diverged_is_not_finite():
    run = gradient_descent(RANDOM, L1(0.1), np.ones(6), step=1e300)
    assert not np.isfinite(duality_gap(A, B, run.w, 0.1))


def test_coordinate_descent_never_writes_to_its_input():
    w0, lam = np.ones(6), np.array([[0.1], [0.2]])
    frozen = [array.copy() for array in (A, B, w0, lam)]
    for array in (A, B, w0, lam):
        array.flags.writeable = False
    coordinate_descent(RANDOM, L1(lam), w0)
    duality_gap(A, B, w0, lam)
    for before, after in zip(frozen, (A, B, w0, lam), strict=True):
        np.testing.assert_array_equal(before, after)
    A.flags.writeable = B.flags.writeable = True
