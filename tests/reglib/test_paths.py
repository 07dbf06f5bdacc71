"""Paths against their optimality conditions, by hand, against each other and scikit-learn."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import enet_path as sklearn_enet_path
from sklearn.linear_model import lasso_path as sklearn_lasso_path

from reglib.datasets import article, diabetes, longley
from reglib.losses import SquaredError
from reglib.penalties import L1, ElasticNet
from reglib.solvers import (
    coordinate_descent,
    duality_gap,
    elastic_net_path,
    lasso_path,
    least_squares,
    proximal_gradient,
)

Z, PROGRESSION, NAMES = diabetes()
CENTERED = PROGRESSION - PROGRESSION.mean()
NAN = float("nan")


def lam_max(X, y):
    return np.abs(X.T @ y).max() / len(y)


def grid(X, y, ratio=1.0, size=60, reach=1e4):
    top = lam_max(X, y) / ratio
    return np.geomspace(top, top / reach, size)


def normal(seed, n, p):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, p)), rng.standard_normal(n)


def whole(seed, n, p, size=1):
    """Small whole numbers: ties, repeated, dependent and zero columns, all exact."""
    rng = np.random.default_rng(seed)
    return rng.integers(-size, size + 1, (n, p)) * 1.0, rng.integers(-2, 3, n) * 1.0


def collinear(seed):
    X, y = normal(seed, 12, 3)
    return np.column_stack([X, X.sum(axis=1), X[:, 0] - X[:, 1], X @ [1, 2, -3]]), y


def dummies():
    X, y = whole(3, 20, 5)
    level = np.random.default_rng(3).integers(0, 3, 20)
    return np.column_stack([np.ones(20), np.eye(3)[level], np.eye(2)[(X[:, 0] > 0) * 1]]), y


X5, Y5 = normal(5, 15, 5)
CASES = {
    "diabetes": (Z, CENTERED),
    "tall": normal(0, 50, 8),
    "wide": normal(1, 8, 20),
    "square": normal(2, 9, 9),
    "wide enough for two blocks of sweeps": normal(3, 90, 150),
    "one row": (np.array([[1.0, -3.0, 2.0, 3.0]]), np.array([2.0])),
    "one column": normal(4, 6, 1),
    "one number": (np.array([[2.0]]), np.array([-3.0])),
    "equal columns": (X5[:, [0, 1, 0, 2, 1, 0]], Y5),
    "opposite columns": (np.column_stack([X5, -X5]), Y5),
    "proportional columns": (np.column_stack([X5, 2 * X5, X5 / 3]), Y5),
    "collinear columns": collinear(6),
    "a full set of dummies": dummies(),
    "rank two": (normal(7, 10, 2)[0] @ normal(8, 2, 9)[0], normal(7, 10, 2)[1]),
    "a column of zeros": (X5 * [1, 0, 1, 1, 0], Y5),
    "all zeros": (X5 * 0, Y5),
    "tied columns": (np.kron(np.eye(4), np.ones((3, 1))), np.repeat([1.0, -1.0, 1.0, 2.0], 3)),
    "y constant": (X5, np.ones(15)),
    "y constant, X centered": (X5 - X5.mean(axis=0), np.ones(15)),
    "y orthogonal to X": (
        np.array([[1.0, 1], [1, -1], [1, 1], [1, -1]]),
        np.array([1.0, 1, -1, -1]),
    ),
    "y zero": (X5, np.zeros(15)),
    "y in the span": (X5, X5 @ [1.0, -2, 0, 0, 3]),
    "columns of all sizes": (X5 * 10.0 ** np.array([-6, -3, 0, 3, 6]), Y5),
    "large equal columns beside a small one": (X5[:, [0, 0, 1]] * [1e6, 1e6, 1e-6], Y5),
    "raw Longley": (longley().X, longley().y),
    **{f"whole numbers {s}": whole(s, 7, 9) for s in range(12)},
    **{f"more whole numbers {s}": whole(s, 9, 7, 3) for s in range(6)},
}


def each_case():
    return pytest.mark.parametrize(("X", "y"), CASES.values(), ids=CASES)


def assert_optimal(X, y, w, lam, ratio=1.0, rtol=1e-7):
    """-g_j = l1 sign(w_j) + l2 w_j where w_j is not 0, |g_j| <= l1 elsewhere; units of lam_max."""
    n = len(y)
    residual = X @ w - y
    gradient = [X[:, j] @ residual / n for j in range(X.shape[1])]
    scale = np.sqrt(np.square(X).mean(axis=0) * np.square(y).mean())
    for g, v, s in zip(gradient, w, scale, strict=True):
        if v != 0:
            assert abs(g + lam * ratio * np.sign(v) + lam * (1 - ratio) * v) <= rtol * s
        else:
            assert abs(g) <= lam * ratio + rtol * s


@each_case()
def test_the_lasso_s_path_is_optimal_everywhere(X, y):
    top = lam_max(X, y) or 1.0
    path = lasso_path(X, y, np.geomspace(2 * top, top / 1e4, 60))
    assert path.gap.max() <= 1e-11
    for lam, w in zip(path.lam[::3], path.w[::3], strict=True):
        assert_optimal(X, y, w, lam)


@each_case()
def test_the_lasso_s_knots_are_optimal_and_there_is_one_for_each_event(X, y):
    path = lasso_path(X, y)
    top = lam_max(X, y)
    assert (np.diff(path.lam) <= 0).all() and path.lam[-1] == 0
    assert [lam for lam, *_ in path.events] == path.lam[:-1].tolist()
    assert path.gap[path.lam > top / 1e4].max(initial=0) <= 1e-11
    assert path.gap[-1] <= 1e-9
    active = set()
    for (lam, j, change), w in zip(path.events, path.w, strict=False):
        assert_optimal(X, y, w, lam)
        assert (j in active) == (change == -1) and w[j] == 0
        assert set(np.flatnonzero(w)) <= active
        active ^= {j}


@each_case()
@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.999])
def test_the_elastic_net_s_path_is_optimal_everywhere(X, y, ratio):
    path = elastic_net_path(X, y, l1_ratio=ratio)
    assert path.gap.max() <= 1e-12
    for lam, w in zip(path.lam[::10], path.w[::10], strict=True):
        assert_optimal(X, y, w, lam, ratio)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", [(30, 6), (10, 14)])
def test_fista_coordinate_descent_and_homotopy_agree(seed, shape):
    X, y = normal(100 + seed, *shape)
    lams = grid(X, y, reach=20, size=5)
    path = lasso_path(X, y, lams).w
    loss, penalty, w0 = SquaredError(X, y), L1(lams[:, None]), np.zeros(shape[1])
    fista = proximal_gradient(loss, penalty, w0, tol=1e-13, max_iter=100_000)
    descent = coordinate_descent(loss, penalty, tol=1e-11, max_iter=100_000)
    np.testing.assert_allclose(path, fista.w, atol=1e-8)
    np.testing.assert_allclose(path, descent.w, atol=1e-8)
    net = elastic_net_path(X, y, lams, l1_ratio=0.4)
    fista = proximal_gradient(loss, ElasticNet(lams[:, None], 0.4), w0, tol=1e-13, max_iter=100_000)
    np.testing.assert_allclose(net.w, fista.w, atol=1e-8)
    np.testing.assert_allclose(net.objective, fista.objective, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(40, 7), (12, 20)])
def test_paths_agree_with_scikit_learn(seed, shape):
    X, y = normal(200 + seed, *shape)
    lams = grid(X, y, reach=50, size=12)
    tight = {"alphas": lams, "tol": 1e-13, "max_iter": 1_000_000}
    _, coefs, _ = sklearn_lasso_path(X, y, **tight)
    np.testing.assert_allclose(lasso_path(X, y, lams).w, coefs.T, atol=1e-8)
    _, coefs, _ = sklearn_enet_path(X, y, l1_ratio=0.3, **tight)
    np.testing.assert_allclose(elastic_net_path(X, y, lams, l1_ratio=0.3).w, coefs.T, atol=1e-8)


def test_diabetes_agrees_with_scikit_learn_to_a_gap_of_1e_12():
    """With an intercept theirs centers, which is what we do first."""
    path = lasso_path(Z, CENTERED, grid(Z, CENTERED, size=100, reach=1000))
    assert path.gap.max() <= 1e-12 and lasso_path(Z, CENTERED).gap.max() <= 1e-12
    for k in (10, 50, 90):
        other = SklearnLasso(alpha=path.lam[k], tol=1e-14, max_iter=100_000).fit(Z, PROGRESSION)
        np.testing.assert_allclose(path.w[k], other.coef_, atol=1e-7)
        np.testing.assert_allclose(other.intercept_, PROGRESSION.mean())


def test_diabetes_enters_in_the_order_of_efron_et_al():
    events = lasso_path(Z, CENTERED).events
    moves = [("+" if change > 0 else "-") + NAMES[j] for _, j, change in events]
    assert moves == "+bmi +s5 +bp +s3 +sex +s6 +s1 +s4 +s2 +age -s3 +s3".split()


def test_the_path_ends_at_least_squares():
    path = lasso_path(Z, CENTERED)
    np.testing.assert_allclose(path.w[-1], least_squares(Z, CENTERED), rtol=1e-9)
    X, y = CASES["wide"]
    np.testing.assert_allclose(X @ lasso_path(X, y).w[-1], y, atol=1e-12)


def test_the_article_s_path_by_hand():
    """E1, centered: slope max(7 - lam, 0)/2, and max(7 - lam r, 0)/(2 + lam (1 - r))."""
    X, y, _ = article()
    X, y = X[:, 1:] - 3, y - 8
    lams = np.array([10.0, 7.0, 2.0, 1.0, 0.1, 0.01, 0.0])
    path = lasso_path(X, y, lams)
    np.testing.assert_allclose(path.w[:, 0], np.maximum(7 - lams, 0) / 2, atol=1e-14)
    np.testing.assert_allclose(lasso_path(X, y).lam, [7, 0], rtol=1e-14)
    for r in (0.5, 0.2):
        slope = np.maximum(7 - lams * r, 0) / (2 + lams * (1 - r))
        w = elastic_net_path(X, y, lams, l1_ratio=r).w[:, 0]
        np.testing.assert_allclose(w, slope, atol=1e-14)


def test_orthogonal_columns_are_soft_thresholded_one_by_one():
    """Columns of length 1: w_j = soft(c_j, lam) with c = X'y/n, so the knots are the |c_j|."""
    X = np.linalg.qr(normal(9, 6, 4)[0])[0] * np.sqrt(6)
    c = np.array([3.0, -5.0, 2.0, 0.5])
    path = lasso_path(X, X @ c)
    np.testing.assert_allclose(path.lam, [5, 3, 2, 0.5, 0], atol=1e-14)
    assert [(j, change) for _, j, change in path.events] == [(1, 1), (0, 1), (2, 1), (3, 1)]
    net = elastic_net_path(X, X @ c, [1.0], l1_ratio=0.5).w[0]
    np.testing.assert_allclose(net, [2.5 / 1.5, -4.5 / 1.5, 1.5 / 1.5, 0], atol=1e-14)


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5, 6])
def test_a_path_can_have_three_to_the_p_pieces(p):
    """Mairal and Yu 2012, proposition 2: each new column turns k pieces into 3 k - 1."""
    X, y = np.ones((1, 1)), np.ones(1)
    for _ in range(p - 1):
        last = lasso_path(X, y).lam[-2] * len(y)
        a = 0.9 * last / (2 * y @ y + 1)
        X = np.block([[X, 2 * a * y[:, None]], [np.zeros((1, X.shape[1])), np.full((1, 1), a)]])
        y = np.append(y, 1.0)
    path = lasso_path(X, y)
    assert len(path.events) == (3**p - 1) // 2
    assert path.gap.max() <= 1e-7  # the last knots lie at 1e-7 of lam_max


def test_between_knots_weights_are_linear_in_lam_and_optimal():
    knots = lasso_path(Z, CENTERED)
    for share in (0.25, 0.5):
        lams = knots.lam[1:] + share * (knots.lam[:-1] - knots.lam[1:])
        path = lasso_path(Z, CENTERED, lams)
        expected = knots.w[1:] + share * (knots.w[:-1] - knots.w[1:])
        np.testing.assert_allclose(path.w, expected, atol=1e-9)
        assert path.gap.max() <= 1e-12


def test_a_path_with_lams_tells_the_events_above_the_smallest():
    everything = lasso_path(Z, CENTERED).events
    some = lasso_path(Z, CENTERED, [2.0, 40.0]).events
    assert some == everything[: len(some)] and some[-1][0] > 2.0 >= everything[len(some)][0]


@pytest.mark.parametrize("solve", [lasso_path, lambda *a: elastic_net_path(*a, l1_ratio=0.5)])
def test_lams_may_come_in_any_order_and_twice(solve):
    lams = [1.0, 30.0, 0.0, 1.0, 200.0, 5.0]
    path = solve(Z, CENTERED, lams)
    np.testing.assert_array_equal(path.lam, [200, 30, 5, 1, 1, 0])
    for lam, w in zip(path.lam, path.w, strict=True):
        np.testing.assert_allclose(w, solve(Z, CENTERED, [lam]).w[0], atol=1e-9)
    assert (path.w[0] == 0).all() and lams[0] == 1.0


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_the_path_starts_at_zero_at_lam_max(ratio):
    top = lam_max(Z, CENTERED) / ratio
    path = elastic_net_path(Z, CENTERED, [top * 1.000001, top * 0.999], l1_ratio=ratio)
    assert (path.w[0] == 0).all() and np.flatnonzero(path.w[1]).tolist() == [NAMES.index("bmi")]


def test_the_elastic_net_s_own_lams_are_a_log_grid():
    path = elastic_net_path(Z, CENTERED, l1_ratio=0.2)
    top = lam_max(Z, CENTERED) / 0.2
    np.testing.assert_allclose(path.lam, np.geomspace(top, top / 1000, 100))


def test_an_elastic_net_of_l1_alone_is_the_lasso():
    lams = grid(Z, CENTERED)
    lasso = lasso_path(Z, CENTERED, lams)
    net = elastic_net_path(Z, CENTERED, lams, l1_ratio=1.0)
    np.testing.assert_array_equal(net.w, lasso.w)
    nearly = elastic_net_path(Z, CENTERED, lams, l1_ratio=1 - 1e-9)
    np.testing.assert_allclose(nearly.w, lasso.w, atol=1e-5)


@pytest.mark.parametrize("exponent", range(3, 16))
def test_an_l2_term_may_be_as_small_as_one_likes(exponent):
    """Dependent columns then make systems that are singular to rounding."""
    for name in CASES.keys() - {"wide enough for two blocks of sweeps"}:
        X, y = CASES[name]
        ratio = 1 - 10.0**-exponent
        lams = grid(X, y, ratio, 12, 1e3) if lam_max(X, y) > 0 else [1.0]
        assert elastic_net_path(X, y, lams, l1_ratio=ratio).gap.max() <= 1e-8, name


@pytest.mark.parametrize("seed", [130, 205])
@pytest.mark.parametrize("exponent", [8, 9, 10])
def test_signs_that_newton_does_not_find_are_the_homotopy_s(seed, exponent):
    X, y = whole(seed, 4 + seed % 4, 9)
    ratio = 1 - 10.0**-exponent
    path = elastic_net_path(X, y, grid(X, y, ratio, 12, 1e5), l1_ratio=ratio)
    assert path.gap.max() <= 1e-8


@pytest.mark.parametrize("seed", [567, 1197])
def test_the_homotopy_does_not_stumble_over_an_l2_term_of_rounding_size(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((6, 2)) @ rng.integers(-2, 3, (2, 9)), rng.standard_normal(6)
    ratio = 1 - 1e-11
    path = elastic_net_path(X, y, grid(X, y, ratio, 12, 1e5), l1_ratio=ratio)
    assert path.gap.max() <= 1e-8


def test_the_elastic_net_shares_a_weight_among_equal_columns():
    X, y = CASES["equal columns"]
    w = elastic_net_path(X, y, [0.01], l1_ratio=0.5).w[0]
    assert w[1] != 0
    np.testing.assert_allclose(w[4], w[1], rtol=1e-9)
    np.testing.assert_allclose(w[[2, 5]], w[0], rtol=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_a_search_for_signs_that_goes_in_circles_is_ended(seed):
    """One lam far below lam_max: no neighbor to start from."""
    X, y = whole(seed, 7, 6, 3)
    assert elastic_net_path(X, y, [lam_max(X, y) / 50], l1_ratio=0.999).gap.max() <= 1e-12


@pytest.mark.parametrize("seed", [66, 781, 4079])
def test_rounding_errors_of_leaving_columns_do_not_pile_up(seed):
    """Nearly singular whole numbers: without a fresh tableau the gap is 3e-9 to 5e-7."""
    rng = np.random.default_rng(seed)
    n = rng.integers(4, 8)
    X, y = rng.integers(-3, 4, (n, n)) * 1.0, rng.integers(-2, 3, n) * 1.0
    path = lasso_path(X, y)
    assert path.gap[path.lam > path.lam[0] / 1e4].max() <= 1e-10


@pytest.mark.parametrize("seed", [195, 1183])
def test_an_equal_column_is_told_from_rounding_after_the_other_left(seed):
    """Taken for a column of its own, it makes a gap of .02 or .4."""
    rng = np.random.default_rng(seed)
    n = rng.integers(4, 9)
    X, y = rng.standard_normal((n, n))[:, rng.integers(0, n, n + 4)], rng.standard_normal(n)
    path = lasso_path(X, y)
    assert path.gap[path.lam > path.lam[0] / 1e4].max() <= 1e-10


@pytest.mark.parametrize("seed", [1078, 1204])
def test_a_dependent_column_gets_another_chance_when_a_weight_leaves(seed):
    """Set aside for good, it makes a gap of .07 or .02."""
    rng = np.random.default_rng(seed)
    n, p = rng.integers(1, 12), rng.integers(1, 14)
    X, y = rng.integers(-1, 2, (n, p)) * 1.0, rng.integers(-2, 3, n) * 1.0
    path = lasso_path(X, y)
    assert path.gap[path.lam > path.lam[0] / 1e4].max() <= 1e-11


def test_a_correlation_that_nearly_moves_with_lam_still_gets_there():
    """Columns at an angle t, y = x_1 + 0.4 (1 - cos t)/sin t e_2: the second joins at 0.4."""
    t = 1e-3
    X = np.sqrt(2) * np.array([[1.0, np.cos(t)], [0.0, np.sin(t)]])
    y = np.sqrt(2) * np.array([1.0, 0.4 * (1 - np.cos(t)) / np.sin(t)])
    events = lasso_path(X, y).events
    assert [(j, change) for _, j, change in events][:2] == [(0, 1), (1, 1)]
    np.testing.assert_allclose([lam for lam, *_ in events[:2]], [1, 0.4], rtol=1e-6)


@pytest.mark.parametrize("name", ["y constant, X centered", "y orthogonal to X", "y zero"])
def test_correlations_of_rounding_size_make_no_events(name):
    path = lasso_path(*CASES[name])
    assert path.events == () and path.lam.tolist() == [0] and not path.w.any()


def test_targets_of_any_size_give_weights_of_that_size():
    lams = grid(Z, CENTERED, size=9, reach=100)[1:]  # at lam_max itself rounding decides
    for size in (1e-18, 1e-9, 1e9):
        lasso = lasso_path(Z, size * CENTERED, size * lams)
        np.testing.assert_allclose(lasso.w, size * lasso_path(Z, CENTERED, lams).w, rtol=1e-9)
    # Beside columns of length 1 a tiny L2 term is rounding, and an L1 term of lam r is left.
    net = elastic_net_path(Z, 1e-18 * CENTERED, 1e-18 * lams, l1_ratio=0.5)
    lasso = lasso_path(Z, 1e-18 * CENTERED, 1e-18 * lams / 2)
    np.testing.assert_array_equal(net.w, lasso.w)
    assert net.gap.max() <= 1e-12


def test_the_path_holds_objective_and_gap_of_its_weights():
    lams = grid(Z, CENTERED, size=7)
    loss = SquaredError(Z, CENTERED)
    for path, ratio in (
        (lasso_path(Z, CENTERED, lams), 1.0),
        (elastic_net_path(Z, CENTERED, lams, l1_ratio=0.3), 0.3),
    ):
        penalty = ElasticNet(lams[:, None], ratio)
        np.testing.assert_allclose(path.objective, loss.value(path.w) + penalty.value(path.w))
        gap = duality_gap(Z, CENTERED, path.w + 1, lams[:, None], ratio)
        assert (gap > 1e-6).all()
        gap = duality_gap(Z, CENTERED, path.w, lams[:, None], ratio)
        np.testing.assert_allclose(path.gap, gap, atol=1e-14)
    with pytest.raises(dataclasses.FrozenInstanceError):
        path.w = None


@pytest.mark.parametrize("solve", [lasso_path, lambda *a: elastic_net_path(*a, l1_ratio=0.5)])
@pytest.mark.parametrize(
    ("lams", "error", "words"),
    [
        ([1.0, -0.5], ValueError, "lams must be finite and >= 0, got -0.5"),
        ([1.0, NAN], ValueError, r"lams must be finite, got nan at index \(1,\)"),
        ([1.0, np.inf], ValueError, r"lams must be finite, got inf at index \(1,\)"),
        ([], ValueError, r"lams must not be empty, got shape \(0,\)"),
        (1.0, ValueError, r"lams must have 1 axes, got shape \(\)"),
        ([[1.0], [2.0]], ValueError, r"lams must have 1 axes, got shape \(2, 1\)"),
        (["a"], TypeError, "lams must be an array of real numbers, got "),
    ],
)
def test_lams_that_are_none(solve, lams, error, words):
    with pytest.raises(error, match=words):
        solve(Z, CENTERED, lams)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (0, r"l1_ratio must be > 0 for a path, got 0: .*lam_max is infinite.*ridge_path"),
        (1.5, "l1_ratio must be finite and between 0 and 1, got 1.5"),
        (NAN, "l1_ratio must be finite and between 0 and 1, got nan"),
        ([[0.5]], r"l1_ratio must be a number for a path, got shape \(1, 1\)"),
    ],
)
def test_an_l1_ratio_that_is_none(ratio, words):
    with pytest.raises(ValueError, match=words):
        elastic_net_path(Z, CENTERED, l1_ratio=ratio)


def test_paths_never_write_to_their_input():
    X, y = (array.copy() for array in CASES["tall"])
    lams = np.array([0.01, 0.1, 0.05])
    for array in (X, y, lams):
        array.flags.writeable = False
    lasso_path(X, y, lams), lasso_path(X, y)
    elastic_net_path(X, y, lams, l1_ratio=0.5)
    np.testing.assert_array_equal(lams, [0.01, 0.1, 0.05])


def many_columns(seed):
    """Columns for few rows, some of them equal, opposite, zero, or sums of others."""
    X, y = normal(seed, 12, 90)
    X[:, 80:84], X[:, 84:87], X[:, 87] = X[:, :4], -X[:, :3], 0
    X[:, 88:] = X[:, 4:6] + X[:, 6:8]
    return X[:, np.random.default_rng(seed).permutation(90)], y


@pytest.mark.parametrize("seed", range(8))
def test_a_path_of_many_columns_is_optimal_with_ties_and_dependent_columns(seed):
    for X, y in (many_columns(seed), whole(seed, 7, 60)):
        top = lam_max(X, y)
        path = lasso_path(X, y, np.geomspace(top, top / 1000, 40))
        assert duality_gap(X, y, path.w, path.lam[:, None]).max() < 1e-10
        knots = lasso_path(X, y)
        assert duality_gap(X, y, knots.w, knots.lam[:, None]).max() < 1e-10
        assert len(knots.lam) == len(knots.events) + 1


@pytest.mark.parametrize("path", [lasso_path, lambda X, y: elastic_net_path(X, y, l1_ratio=0.5)])
def test_data_whose_squares_overflow_are_refused(path):
    X, y = np.eye(3), np.array([1.0, -2.0, 0.5])
    assert np.isfinite(path(X, y * 1e149).gap).all()
    for size in (1e151, 1e-151):
        with pytest.raises(ValueError, match=r"X must be 0 or between 1e-150 and 1e\+150 in size"):
            path(X * size, y)
        with pytest.raises(ValueError, match=r"y must be 0 or between 1e-150 and 1e\+150 in size"):
            path(X, y * size / 2)
