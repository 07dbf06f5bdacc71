"""Choosing lambda: folds, scores and shortcuts against refits and scikit-learn."""

import numpy as np
import pytest

from reglib.datasets import diabetes, standardize
from reglib.diagnostics import effective_dof
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.penalties import L1, L2, Masked
from reglib.solvers import (
    coordinate_descent,
    elastic_net_path,
    gradient_descent,
    lasso_path,
    ridge,
)
from reglib.tuning import (
    Scores,
    cross_validate,
    gcv,
    implicit_gradient,
    kfold,
    one_standard_error,
    random_search,
    ridge_loo,
)

NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X, Y, _ = diabetes()
A = RNG.standard_normal((25, 4)) * [1, 3, 0.2, 5] + [0, 2, -1, 30]
B = A @ [1.0, 0, -2, 0.3] + RNG.standard_normal(25) + 7
WIDE = RNG.standard_normal((12, 30)) + 3
SHAPES = {
    "tall": (A, B),
    "wide": (WIDE, B[:12]),
    "square": (WIDE[:, :12], B[:12]),
    "two rows": (A[:2], B[:2]),
    "equal columns": (A[:, [0, 0, 1]], B),
    "badly scaled": (A * [1, 1e6, 1e-3, 1], B),
}
LAMS = np.array([0.0, 1e-6, 0.01, 1.0, 100.0])
FOLDS = kfold(25, 4, np.random.default_rng(1))


def lasso(Z, r, lam):
    return lasso_path(Z, r, lam[:, 0]).w


def refits(X, y, lam, intercept):
    """Leave-one-out by refitting n times; the penalty keeps its sum form."""
    n, errors = len(X), []
    ones = np.ones((n, int(intercept)))
    design, mask = np.column_stack([X, ones]), [True] * X.shape[1] + [False] * ones.shape[1]
    for i in range(n):
        rest = np.arange(n) != i
        # A constant column beside the free ones would be split between the two.
        w = ridge(design[rest], y[rest], lam * n / (n - 1), mask=mask)
        errors.append((y[i] - design[i] @ w) ** 2)
    return np.array(errors)


@pytest.mark.parametrize(("n", "k"), [(10, 2), (11, 3), (7, 7), (442, 5), (2, 2)])
def test_folds_are_a_partition_into_nearly_equal_parts(n, k):
    folds = kfold(n, k, np.random.default_rng(3))
    sizes = [len(test) for _, test in folds]
    assert len(folds) == k and max(sizes) - min(sizes) <= 1
    np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in folds])), range(n))
    for train, test in folds:
        np.testing.assert_array_equal(np.sort(np.r_[train, test]), range(n))


def test_folds_are_random_and_every_row_may_stand_in_any():
    first = [kfold(6, 3, np.random.default_rng(s))[0][1] for s in range(200)]
    seen = np.bincount(np.concatenate(first), minlength=6)
    assert seen.min() > 40  # 200 draws of 2 rows in 6: 67 of each
    again = kfold(6, 3, np.random.default_rng(0))[0][1]
    np.testing.assert_array_equal(first[0], again)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("lam", LAMS)
def test_leave_one_out_is_n_refits(name, lam, intercept):
    X, y = SHAPES[name]
    scores = ridge_loo(X, y, [lam], intercept=intercept)
    expected = refits(X, y, lam, intercept)
    assert scores.by_fold.shape == (len(X), 1)
    np.testing.assert_allclose(scores.by_fold[:, 0], expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scores.mean[0], expected.mean(), rtol=1e-9)


def test_leave_one_out_on_diabetes_is_442_refits_to_ten_digits():
    for lam in (0.0, 0.004, 1.0):
        np.testing.assert_allclose(
            ridge_loo(X, Y, [lam]).mean, refits(X, Y, lam, True).mean(), rtol=1e-10
        )


def test_leave_one_out_is_cross_validation_with_n_folds():
    n = len(A)
    folds = kfold(n, n, np.random.default_rng(0))
    refit = cross_validate(A, B, LAMS * n / (n - 1), folds, scale=False)
    np.testing.assert_allclose(ridge_loo(A, B, LAMS).mean, refit.mean, rtol=1e-10)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("X, y", [(X, Y), (A, B), (WIDE, B[:12])], ids=["X", "A", "wide"])
def test_leave_one_out_chooses_what_ridgecv_chooses(X, y, intercept):
    from sklearn.linear_model import RidgeCV

    lams, n = np.geomspace(1e-5, 100, 57), len(X)
    theirs = RidgeCV(alphas=n * lams, fit_intercept=intercept).fit(X, y)
    scores = ridge_loo(X, y, lams, intercept=intercept)
    np.testing.assert_allclose(n * scores.best, theirs.alpha_)
    np.testing.assert_allclose(-scores.mean.min(), theirs.best_score_)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("name", ["tall", "wide", "equal columns", "badly scaled"])
def test_gcv_is_its_formula(name, intercept):
    X, y = SHAPES[name]
    n, lams = len(X), np.array([10.0, 0.1, 1e-3])
    scores = gcv(X, y, lams, intercept=intercept)
    design = np.column_stack([X, np.ones((n, int(intercept)))])
    mask = [True] * X.shape[1] + [False] * int(intercept)
    rss = np.square(y - ridge(design, y, lams[:, None], mask=mask) @ design.T).mean(axis=1)
    dof = effective_dof(X, lams[:, None], intercept=intercept)
    np.testing.assert_allclose(scores.mean, rss / (1 - dof / n) ** 2, rtol=1e-9)
    assert scores.by_fold is None


def test_gcv_and_leave_one_out_agree_where_all_leverages_are_equal():
    circle = 2 * np.pi * np.arange(12) / 12
    Z = np.column_stack([np.cos(circle), np.sin(circle)])
    np.testing.assert_allclose(gcv(Z, B[:12], LAMS).mean, ridge_loo(Z, B[:12], LAMS).mean)


def fine(score):
    """The lam of the smallest score, on two grids, the second one of 0.02 %."""
    coarse = score(X, Y, np.geomspace(1e-4, 10, 101)).best
    scores = score(X, Y, coarse * np.geomspace(1 / 1.2, 1.2, 2001))
    return scores.best, scores.mean.min()


def test_the_lambdas_and_scores_of_experiment_e12():
    for score, lam, at, plain, dof in (
        (gcv, 0.007387, 3003.970, 3007.530, 10.377),
        (ridge_loo, 0.004151, 2999.771, 3001.753, 10.581),
    ):
        best, value = fine(score)
        np.testing.assert_allclose(best, lam, rtol=0.01)
        np.testing.assert_allclose([value, *score(X, Y, [0.0]).mean], [at, plain], atol=1e-3)
        np.testing.assert_allclose(effective_dof(X, best, intercept=True), dof, atol=2e-3)


def test_a_row_that_alone_decides_a_weight_has_no_score_at_0_and_one_above():
    Z = np.column_stack([A, np.eye(25)[0]])
    for score in (ridge_loo, gcv):
        with pytest.raises(ValueError, match="lams must be > 0 where one row .* 1 in row 0"):
            score(Z, B, [0.0, 1.0])
    for lam in (1e-9, 1e-13):  # 1 - h of row 0 is of this size
        np.testing.assert_allclose(
            ridge_loo(Z, B, [lam]).by_fold[:, 0], refits(Z, B, lam, True), rtol=1e-6
        )


def test_a_penalty_that_is_tiny_is_not_none():
    Z = np.column_stack([A, np.eye(25)[0]])
    for lam in (1e-14, 1e-30):
        np.testing.assert_allclose(
            ridge_loo(Z, B, [lam]).by_fold[0], refits(Z, B, 1e-12, True)[0], rtol=1e-6
        )


def test_a_row_that_is_far_off_is_not_taken_for_one_that_alone_decides():
    far = RNG.standard_normal((10, 2)) * np.r_[1e5, np.ones(9)][:, None]
    for lam in (0.0, 1e-3):
        expected = refits(far, B[:10], lam, True).mean()
        np.testing.assert_allclose(ridge_loo(far, B[:10], [lam]).mean[0], expected, rtol=1e-4)


def test_a_copy_of_a_column_that_has_lost_digits_is_still_a_copy():
    """Its singular value is rounding, of some eps; more than one eps, fewer than n."""
    x = np.random.default_rng(0).standard_normal((200, 1))
    y = x[:, 0] + np.cos(np.arange(200.0))
    for score in (ridge_loo, gcv):
        twice = score(np.column_stack([x, (x + 30) - 30]), y, [0.0]).mean
        np.testing.assert_allclose(twice, score(x, y, [0.0]).mean, rtol=1e-9)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("score", [ridge_loo, gcv])
@pytest.mark.parametrize("name", ["tall", "wide"])
def test_a_unit_of_the_columns_is_a_unit_of_lam_at_any_size(name, score, intercept):
    X, y = SHAPES[name]
    lams = np.array([10.0, 0.1, 0.0])
    expected = score(X, y, lams, intercept=intercept).mean
    for unit in (2.0**-490, 2.0**40, 2.0**490):
        moved = score(X * unit, y, lams * unit**2, intercept=intercept)
        np.testing.assert_allclose(moved.mean, expected, rtol=1e-9)
    none = score(X * 0, y, [1.0], intercept=intercept).mean
    for unit, limit in ((1e-149, none), (1e148, expected[2])):
        moved = score(X * unit, y, [1.0], intercept=intercept).mean
        np.testing.assert_allclose(moved, limit, rtol=1e-9)


def by_hand(X, y, lam, folds, scale):
    """Cross-validation written out, one number at a time."""
    table = []
    for train, test in folds:
        mean, sd = X[train].mean(axis=0), X[train].std(axis=0) if scale else 1.0
        Z, r = (X[train] - mean) / sd, y[train] - y[train].mean()
        row = []
        for one in sorted(np.ravel(lam), reverse=True):
            w = np.linalg.solve(Z.T @ Z / len(Z) + one * np.eye(X.shape[1]), Z.T @ r / len(Z))
            fit = [(x - mean) / sd @ w + y[train].mean() for x in X[test]]
            row.append(np.mean([(f - t) ** 2 for f, t in zip(fit, y[test], strict=True)]))
        table.append(row)
    return np.array(table)


@pytest.mark.parametrize("scale", [True, False])
def test_cross_validation_fits_centers_and_scales_inside_the_fold(scale):
    scores = cross_validate(A, B, [0.1, 1e-3, 2.0], FOLDS, scale=scale)
    expected = by_hand(A, B, [0.1, 1e-3, 2.0], FOLDS, scale)
    np.testing.assert_array_equal(scores.lam, [2.0, 0.1, 1e-3])
    np.testing.assert_allclose(scores.by_fold, expected, rtol=1e-10)
    np.testing.assert_allclose(scores.mean, expected.mean(axis=0))
    np.testing.assert_allclose(scores.standard_error, expected.std(axis=0, ddof=1) / 2)


def test_the_fit_never_sees_a_test_row():
    spoiled = A.copy(), B.copy()
    train, test = FOLDS[0]
    spoiled[0][test], spoiled[1][test] = 1e6, -1e6
    seen = []

    def fit(Z, r, lam):
        seen.append(np.column_stack([Z, r]))
        return ridge(Z, r, lam)

    cross_validate(A, B, [1.0], FOLDS, fit=fit)
    cross_validate(*spoiled, [1.0], FOLDS, fit=fit)
    np.testing.assert_array_equal(seen[0], seen[4])
    assert len(seen[0]) == len(train)


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_the_intercept_is_spared_and_units_do_not_matter(shift):
    plain = cross_validate(A, B, LAMS, FOLDS)
    moved = cross_validate(A * [1, 10, 1, 0.1] + shift, B + shift, LAMS, FOLDS)
    np.testing.assert_allclose(moved.mean, plain.mean, rtol=1e-6)


def test_any_solver_that_sweeps_lam_is_a_fit():
    lams = [0.5, 0.05]

    def descent(Z, r, lam):
        return coordinate_descent(SquaredError(Z, r), L1(lam), tol=1e-12).w

    def elastic(Z, r, lam):
        return elastic_net_path(Z, r, lam[:, 0], l1_ratio=1.0).w

    expected = cross_validate(A, B, lams, FOLDS, fit=lasso).mean
    for fit in (descent, elastic):
        np.testing.assert_allclose(cross_validate(A, B, lams, FOLDS, fit=fit).mean, expected)


def test_lasso_cross_validation_is_that_of_lassocv():
    from sklearn.linear_model import LassoCV
    from sklearn.model_selection import KFold

    folds = list(KFold(5, shuffle=True, random_state=0).split(X))
    lams = np.geomspace(2, 0.002, 100)
    ours = cross_validate(X, Y, lams, folds, fit=lasso, scale=False)
    theirs = LassoCV(alphas=lams, cv=folds, tol=1e-8, max_iter=100_000).fit(X, Y)
    assert ours.best == theirs.alpha_
    np.testing.assert_allclose(ours.by_fold.T, theirs.mse_path_, rtol=1e-7)
    np.testing.assert_allclose(ours.mean, theirs.mse_path_.mean(axis=1), rtol=1e-8)


@pytest.mark.parametrize("constant", [0.1, -7.0, 1e9])
def test_a_constant_target_scores_0_everywhere_and_takes_the_largest_lam(constant):
    y, lams = np.full(25, constant), [0.1, 0.0, 3.0]
    for scores in (
        cross_validate(A, y, lams, FOLDS),
        ridge_loo(A, y, lams),
        gcv(A, y, lams),
    ):
        assert scores.best == 3 and not scores.mean.any()


def test_of_equal_scores_the_larger_lam_is_taken():
    scores = Scores(np.array([3.0, 2.0, 1.0]), np.array([5.0, 4.0, 4.0]))
    assert scores.index == 1 and scores.best == 2


@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_score_that_is_not_finite_never_wins(bad):
    folds = np.array([[bad, 5.0, 2.0, 1.0], [1.0, 7.0, 2.5, 2.0]])
    scores = Scores(np.array([4.0, 3.0, 2.0, 1.0]), folds.mean(axis=0), folds)
    assert scores.index == 3 and scores.best == 1 and np.isnan(scores.standard_error[0])
    assert one_standard_error(scores) == 1  # 1.5 + 0.5 is below 2.25
    first = Scores(np.array([2.0, 1.0]), np.array([bad, INF if np.isnan(bad) else NAN]))
    assert first.index == int(np.isnan(bad))


def test_a_run_that_diverges_scores_no_warning_and_no_win():
    def descent(Z, r, lam):
        start = np.zeros(Z.shape[1])
        return gradient_descent(SquaredError(Z, r), L2(lam), start, step=0.1, max_iter=300).w

    scores = cross_validate(A, B, [1e-2, 1.0, 1e3, 1e160, 1e200], FOLDS, fit=descent)
    assert scores.best in (1e-2, 1.0) and not np.isfinite(scores.mean[0])
    assert one_standard_error(scores) in (1e-2, 1.0)


def test_where_nothing_is_finite_the_first_of_equal_scores_is_taken():
    folds = np.array([[NAN, INF, INF]] * 2)
    assert one_standard_error(Scores(np.array([3.0, 2.0, 1.0]), folds[0], folds)) == 2


def test_one_standard_error_is_the_simplest_model_that_folds_cannot_tell_from_the_best():
    scores = cross_validate(X, Y, np.geomspace(1e-4, 10, 101), kfold(442, 5, RNG))
    chosen = one_standard_error(scores)
    bound = scores.mean.min() + scores.standard_error[scores.index]
    at = list(scores.lam).index(chosen)
    assert chosen > scores.best
    assert scores.mean[at] <= bound < scores.mean[at - 1]
    one = Scores(np.array([1.0]), np.array([2.0]), np.array([[1.0], [3.0]]))
    assert one_standard_error(one) == 1


def test_the_one_standard_error_choice_of_experiment_e12():
    lams = np.geomspace(1e-4, 10, 101)
    chosen = [
        one_standard_error(cross_validate(X, Y, lams, kfold(442, 5, np.random.default_rng(s))))
        for s in range(20)
    ]
    assert 0.45 < np.median(chosen) < 0.75


def test_random_search_draws_log_uniformly_between_its_bounds():
    search = random_search(lambda lam: lam, 2000, np.random.default_rng(0), lam=(1e-4, 10.0))
    lam = search.tried["lam"]
    assert lam.min() >= 1e-4 and lam.max() <= 10
    shares = np.histogram(np.log10(lam), bins=5, range=(-4, 1))[0] / 2000
    np.testing.assert_allclose(shares, 0.2, atol=0.04)
    np.testing.assert_array_equal(search.score, np.sort(lam))
    assert search.best == {"lam": lam[0]}


def test_random_search_stays_between_bounds_that_are_neighbors():
    for low in (7.0, 1e-4):  # e^log would leave them
        high = np.nextafter(low, 10)
        lam = random_search(lambda lam: lam, 50, np.random.default_rng(0), lam=(low, high)).tried
        assert lam["lam"].min() >= low and lam["lam"].max() <= high


def test_any_name_may_be_searched():
    rng, bounds = np.random.default_rng(0), {"n": (1, 2), "score": (3, 4), "rng": (5, 6)}
    best = random_search(lambda n, score, rng: n + score + rng, 9, rng, **bounds).best
    assert list(best) == ["n", "score", "rng"] and 1 <= best["n"] <= 2 and 5 <= best["rng"] <= 6


def test_random_search_takes_several_names_and_sets_diverged_runs_last():
    def score(lam, step):
        return np.nan if step > 1 else np.log(lam) ** 2 + np.log(step) ** 2

    search = random_search(score, 200, np.random.default_rng(0), lam=(1e-3, 1e3), step=(1e-2, 1e2))
    good = np.isfinite(search.score)
    assert 70 < good.sum() < 130 and not good[good.sum() :].any()
    assert (search.tried["step"][good] <= 1).all() and (search.tried["step"][~good] > 1).all()
    assert (np.diff(search.score[good]) >= 0).all()
    again = [score(lam, step) for lam, step in zip(*search.tried.values(), strict=True)]
    np.testing.assert_array_equal(again, search.score)


def split(seed, n=300):
    order = np.random.default_rng(seed).permutation(442)
    Z = standardize(X, order[:n]).X
    r = Y - Y[order[:n]].mean()
    loss = SquaredError(Z, r)
    return loss.on(order[:n]), loss.on(order[n:])


@pytest.mark.parametrize("lam", [1e-3, 0.5, 20.0])
@pytest.mark.parametrize("mask", [None, [True] * 9 + [False]], ids=["all", "masked"])
def test_the_implicit_gradient_is_the_derivative(lam, mask):
    loss, validation = split(0)

    def value(log_lam):
        return implicit_gradient(loss, validation, np.exp(log_lam), mask=mask).value

    h, at = 1e-4, np.log(lam)
    numeric = (8 * (value(at + h) - value(at - h)) - value(at + 2 * h) + value(at - 2 * h)) / h / 12
    there = implicit_gradient(loss, validation, lam, mask=mask)
    np.testing.assert_allclose(there.gradient, numeric, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(there.value, validation.value(ridge(loss.X, loss.y, lam, mask=mask)))


def test_the_implicit_gradient_of_experiment_e12():
    loss, validation = split(0)
    np.testing.assert_allclose(implicit_gradient(loss, validation, 0.5).gradient, 28.877737)
    lam = np.array([[0.5], [5.0], [0.001]])
    for _ in range(200):
        lam = lam * np.exp(-0.02 * implicit_gradient(loss, validation, lam).gradient[:, None])
    there = implicit_gradient(loss, validation, lam)
    np.testing.assert_allclose(lam[:2, 0], 0.353990, rtol=2e-6)
    np.testing.assert_allclose(there.value[:2], 1550.8667, rtol=1e-7)
    assert lam[2, 0] < 2e-4 and there.gradient[2] > 0
    np.testing.assert_allclose(validation.value(ridge(loss.X, loss.y, 0.0)), 1597.8, atol=0.05)


def test_a_column_of_lams_gives_the_gradients_of_a_loop():
    loss, validation = split(1)
    lams = np.array([[0.01], [1.0], [7.0]])
    there = implicit_gradient(loss, validation, lams)
    for k, lam in enumerate(lams[:, 0]):
        one = implicit_gradient(loss, validation, lam)
        np.testing.assert_allclose(there.gradient[k], one.gradient, rtol=1e-12)
        np.testing.assert_allclose(there.value[k], one.value, rtol=1e-12)
        np.testing.assert_allclose(there.w[k], one.w, rtol=1e-12)


@pytest.mark.parametrize("p", [3, 2])  # as many weights as deltas, and not
def test_a_sweep_inside_the_losses_gives_the_gradients_of_a_loop(p):
    data, held, deltas = (A[:15, :p], B[:15]), (A[15:, :p], B[15:]), np.array([2.0, 0.5, 8.0])
    loss, validation = HuberLoss(*data, deltas[:, None]), SquaredError(*held)
    w, lams = RNG.standard_normal((3, p)) / 10 + [0.2] * p, np.array([0.3, 5.0])
    there = implicit_gradient(loss, validation, lams[:, None, None], w=w)
    assert there.value.shape == there.gradient.shape == (2, 3) and there.w.shape == (2, 3, p)
    shared = implicit_gradient(loss, validation, 0.3, w=w[0])
    assert shared.value.shape == shared.gradient.shape == (3,) and shared.w.shape == (3, p)
    judged = implicit_gradient(SquaredError(*data), HuberLoss(*held, deltas[:, None]), 0.3)
    for j, delta in enumerate(deltas):
        one = HuberLoss(*data, delta)
        for i, lam in enumerate(lams):
            alone = implicit_gradient(one, validation, lam, w=w[j])
            np.testing.assert_allclose(there.gradient[i, j], alone.gradient, rtol=1e-10)
        alone = implicit_gradient(one, validation, 0.3, w=w[0])
        np.testing.assert_allclose(shared.gradient[j], alone.gradient, rtol=1e-10)
        alone = implicit_gradient(SquaredError(*data), HuberLoss(*held, delta), 0.3)
        np.testing.assert_allclose(judged.gradient[j], alone.gradient, rtol=1e-10)
        np.testing.assert_allclose(judged.value[j], alone.value, rtol=1e-12)


def newton(loss, lam, mask, w):
    """argmin loss + lam/2 ||w[mask]||^2 of a smooth loss."""
    penalty, D = Masked(L2(lam), mask), np.diag(mask).astype(float)
    for _ in range(30):
        H = loss.hessian_vector(w[None], np.eye(len(w))) + lam * D
        w = w - np.linalg.solve(H, loss.gradient(w) + penalty.subgradient(w))
    return w


def test_the_implicit_gradient_of_a_logistic_loss_at_its_minimizer():
    labels, ones = (B > np.median(B)).astype(float), np.ones((25, 1))
    flipped = np.where(np.arange(25) % 4 == 0, 1 - labels, labels)  # not separable
    data = LogisticLoss(np.column_stack([standardize(A).X, ones]), flipped)
    loss, validation = data.on(slice(0, 17)), data.on(slice(17, None))
    mask = np.array([True] * 4 + [False])

    def at(log_lam):
        lam = np.exp(log_lam)
        w = newton(loss, lam, mask, np.zeros(5))
        return implicit_gradient(loss, validation, lam, mask=mask, w=w)

    h, x = 1e-4, np.log(0.3)
    values = [at(x + k * h).value for k in (-2, -1, 1, 2)]
    numeric = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    np.testing.assert_allclose(at(x).gradient, numeric, rtol=1e-7, atol=1e-9)


def test_inputs_are_never_written_to():
    X, y, lams = A.copy(), B.copy(), LAMS.copy()
    for array in (X, y, lams):
        array.flags.writeable = False
    for scale in (True, False):
        cross_validate(X, y, lams, FOLDS, scale=scale)
    for intercept in (True, False):
        ridge_loo(X, y, lams, intercept=intercept)
        gcv(X, y, lams, intercept=intercept)
    implicit_gradient(SquaredError(X, y), SquaredError(X, y), 1.0)
    np.testing.assert_array_equal(lams, LAMS)


def test_folds_may_be_flags_slices_or_a_generator():
    flags = [(~np.isin(np.arange(25), test), np.isin(np.arange(25), test)) for _, test in FOLDS]
    halves = [(slice(0, 10), slice(10, 25)), (slice(10, 25), slice(0, 10))]
    numbers = [(np.arange(10), np.arange(10, 25)), (np.arange(10, 25), np.arange(10))]
    expected = cross_validate(A, B, LAMS, FOLDS).mean
    for folds in (flags, (pair for pair in FOLDS)):
        np.testing.assert_array_equal(cross_validate(A, B, LAMS, folds).mean, expected)
    sliced, counted = (cross_validate(A, B, LAMS, folds).mean for folds in (halves, numbers))
    np.testing.assert_array_equal(sliced, counted)


SCORES = {
    "cross_validate": lambda folds=FOLDS, lams=LAMS, X=A, y=B: cross_validate(X, y, lams, folds),
    "ridge_loo": lambda folds=None, lams=LAMS, X=A, y=B: ridge_loo(X, y, lams),
    "gcv": lambda folds=None, lams=LAMS, X=A, y=B: gcv(X, y, lams),
}


@pytest.mark.parametrize("call", SCORES.values(), ids=SCORES)
@pytest.mark.parametrize(
    ("lams", "words"),
    [
        ([1.0, -0.5], "lams must be finite and >= 0, got -0.5"),
        ([1.0, NAN], r"lams must be finite, got nan at index \(1,\)"),
        ([], r"lams must not be empty, got shape \(0,\)"),
        (1.0, r"lams must have 1 axes, got shape \(\)"),
        ([[1.0]], r"lams must have 1 axes, got shape \(1, 1\)"),
    ],
)
def test_lams_that_are_none(call, lams, words):
    with pytest.raises(ValueError, match=words):
        call(lams=lams)


@pytest.mark.parametrize("call", SCORES.values(), ids=SCORES)
def test_lams_come_back_from_large_to_small_whatever_their_order(call):
    once, again = call(lams=[0.0, 1.0, 0.1]), call(lams=[1.0, 0.1, 0.0])
    np.testing.assert_array_equal(once.lam, [1.0, 0.1, 0.0])
    np.testing.assert_array_equal(once.mean, again.mean)


@pytest.mark.parametrize(
    ("folds", "error", "words"),
    [
        (3, TypeError, r"folds must be pairs \(train, test\) of rows, got 3"),
        ([[0, 1, 2]], TypeError, r"folds must be pairs .* got \[\[0, 1, 2\]\]"),
        ([], ValueError, "folds must have each of 25 rows once in the test of a fold, got row 0 0"),
        (FOLDS[:3], ValueError, "once in the test of a fold, got row [0-9]+ 0 times"),
        (FOLDS + FOLDS[:1], ValueError, "once in the test of a fold, got row [0-9]+ 2 times"),
        (
            [(range(25), range(25))],
            ValueError,
            r"folds\[0\] must have each of 25 rows once in train or in test, got row 0 2 times",
        ),
        ([(range(10), range(20, 25))], ValueError, r"folds\[0\] must .* got row 10 0 times"),
        ([([0, 0], [1])], ValueError, r"folds\[0\] must .* got row 0 2 times"),
        ([(range(25), [25])], ValueError, r"folds\[0\] must be .* from -25 to 24"),
        ([(range(25), [])], ValueError, r"folds\[0\] must not be empty"),
    ],
)
def test_folds_that_are_none(folds, error, words):
    with pytest.raises(error, match=words):
        cross_validate(A, B, LAMS, folds)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: kfold(5, 6, RNG),
            ValueError,
            "k must be at most n = 5, the number of rows, got 6",
        ),
        (lambda: kfold(5, 1, RNG), ValueError, "k must be >= 2, got 1"),
        (lambda: kfold(1, 2, RNG), ValueError, "n must be >= 2, got 1"),
        (lambda: kfold(5, 2.0, RNG), TypeError, "k must be a whole number, got 2.0"),
        (lambda: kfold(5, 2, 0), TypeError, "rng must be a numpy.random.Generator, got 0"),
        (lambda: ridge_loo(A[:1], B[:1], [1.0]), ValueError, r"X must have at least 2 .* \(1, 4\)"),
        (lambda: gcv(A[:1], B[:1], [1.0]), ValueError, r"X must have at least 2 rows"),
        (lambda: gcv(A, B, [1.0], intercept=1), TypeError, "intercept must be True or False"),
        (
            lambda: cross_validate(A[:, :0], B, [1.0], FOLDS),
            ValueError,
            r"X must not be empty, got shape \(25, 0\)",
        ),
        (
            lambda: cross_validate(A, B, [1.0], FOLDS, scale=None),
            TypeError,
            "scale must be True or False",
        ),
        (
            lambda: cross_validate(A, B, [1.0], FOLDS, fit=3),
            TypeError,
            "fit must be a function, got 3",
        ),
        (
            lambda: cross_validate(A, B, [1.0, 2.0], FOLDS, fit=lambda Z, r, lam: np.zeros(4)),
            ValueError,
            r"fit must return weights of shape \(2, 4\), got \(4,\)",
        ),
        (
            lambda: cross_validate(np.eye(25)[:, :2], B, [1.0], FOLDS),
            ValueError,
            r"every column of X must vary to be standardized, got constant columns \[\d\]",
        ),
        (
            lambda: one_standard_error(gcv(A, B, [1.0])),
            ValueError,
            "scores must have folds for a standard error, got only their mean",
        ),
        (lambda: one_standard_error([1.0]), TypeError, r"scores must be Scores, got \[1.0\]"),
        (lambda: random_search(3, 5, RNG, lam=(1, 2)), TypeError, "score must be a function"),
        (lambda: random_search(abs, 0, RNG, lam=(1, 2)), ValueError, "n must be >= 1, got 0"),
        (lambda: random_search(abs, 5, RNG), ValueError, "needs bounds of something"),
        (
            lambda: random_search(abs, 5, RNG, lam=(0.0, 1.0)),
            ValueError,
            r"lam must be finite and 0 < low < high, got \(0.0, 1.0\)",
        ),
        (
            lambda: random_search(abs, 5, RNG, lam=(2.0, 1.0)),
            ValueError,
            r"lam must be finite and 0 < low < high, got \(2.0, 1.0\)",
        ),
        (lambda: random_search(abs, 5, RNG, lam=1.0), TypeError, r"lam must be a pair \(low, high"),
        (
            lambda: random_search(lambda lam: "a", 5, RNG, lam=(1, 2)),
            TypeError,
            r"score\(\.\.\.\) must be an array of real numbers",
        ),
        (
            lambda: random_search(lambda lam: [lam, 9.0], 5, RNG, lam=(1, 2)),
            ValueError,
            r"score\(\.\.\.\) must be a number, got shape \(2,\)",
        ),
        (
            lambda: random_search(lambda lam: NAN, 5, RNG, lam=(1, 2)).best,
            ValueError,
            r"score must not be NaN at every trial, got array\(\[nan",
        ),
        (
            lambda: Scores(np.ones(2), np.full(2, NAN)).best,
            ValueError,
            r"scores must have a mean that is not NaN, got array\(\[nan, nan\]\)",
        ),
        (
            lambda: one_standard_error(Scores(np.ones(2), np.ones(2), np.ones((1, 2)))),
            ValueError,
            "scores must have two folds or more, got 1",
        ),
        (
            lambda: implicit_gradient(
                HuberLoss(A, B, [[1.0], [2.0]]), SquaredError(A, B), 1.0, w=np.ones((3, 4))
            ),
            ValueError,
            r"axes must fit together, got \(2, 1\) of delta, \(3, 4\) of w; give each",
        ),
        (
            lambda: implicit_gradient(
                SquaredError(A, B), SquaredError(A, B), [[1.0], [2.0]], w=np.ones((3, 4))
            ),
            ValueError,
            r"axes must fit together, got \(2, 1\) of lam, \(3, 4\) of w; give each sweep",
        ),
        (
            lambda: implicit_gradient(L2(1.0), SquaredError(A, B), 1.0, w=np.ones(4)),
            TypeError,
            "loss must have the methods gradient and hessian_vector, such as .*, got L2",
        ),
        (
            lambda: implicit_gradient(LogisticLoss(A, B > 0), SquaredError(A, B), 1.0),
            TypeError,
            "loss must be a SquaredError unless its minimizer w is given, got LogisticLoss",
        ),
        (
            lambda: implicit_gradient(SquaredError(A, B), 3, 1.0),
            TypeError,
            "validation must have the methods value and gradient",
        ),
        (
            lambda: implicit_gradient(SquaredError(A, B), SquaredError(A, B), 0.0),
            ValueError,
            "lam must be finite and > 0, got 0",
        ),
        (
            lambda: implicit_gradient(SquaredError(A, B), SquaredError(A[:, :2], B), 1.0),
            ValueError,
            r"must have 2 entries.*\(4,\).*\(25, 2\)",
        ),
        (
            lambda: implicit_gradient(SquaredError(A, B), SquaredError(A, B), 1.0, w=[NAN] * 4),
            ValueError,
            r"w must be finite, got nan at index \(0,\)",
        ),
        (
            lambda: implicit_gradient(
                SquaredError(A, B), SquaredError(A, B), 1.0, w=np.ones(4), mask=[True]
            ),
            ValueError,
            r"the last axis of mask must have 4 entries, one for each of w, got shape \(1,\)",
        ),
        (
            lambda: implicit_gradient(
                SquaredError(A * 0, B), SquaredError(A, B), 1.0, mask=[False] * 4
            ),
            ValueError,
            "loss must have one minimizer only",
        ),
    ],
)
def test_errors_say_name_rule_and_value(call, error, words):
    with pytest.raises(error, match=words):
        call()
