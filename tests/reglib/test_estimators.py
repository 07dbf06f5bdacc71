"""The estimators are scikit-learn's by its own checks, and the book's solvers by their numbers."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from reglib.datasets import longley
from reglib.estimators import (
    ElasticNetRegressor,
    HuberRegressor,
    LassoRegressor,
    LogisticClassifier,
    RidgeRegressor,
)
from reglib.losses import HuberLoss

X, Y = load_diabetes(return_X_y=True, scaled=False)
X = (X - X.mean(axis=0)) / X.std(axis=0) + 0.5  # columns of one size, their means not 0
N = len(X)
CANCER, BENIGN = load_breast_cancer(return_X_y=True)
CANCER = (CANCER[:, :8] - CANCER[:, :8].mean(axis=0)) / CANCER[:, :8].std(axis=0)
EACH = [
    RidgeRegressor(),
    LassoRegressor(),
    ElasticNetRegressor(),
    HuberRegressor(),
    LogisticClassifier(),
]
each = pytest.mark.parametrize("model", EACH, ids=lambda m: type(m).__name__)


# No check is skipped and none is expected to fail.
@parametrize_with_checks(EACH)
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("lam", [0.01, 1.0, 30.0])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (RidgeRegressor, lambda lam: Ridge(N * lam)),
        (LassoRegressor, lambda lam: Lasso(lam, tol=1e-12, max_iter=100_000)),
        (ElasticNetRegressor, lambda lam: ElasticNet(lam, tol=1e-12, max_iter=100_000)),
    ],
    ids=["ridge", "lasso", "elastic net"],
)
def test_a_regressor_fits_what_scikit_learn_fits(ours, theirs, lam, fit_intercept):
    mine = ours(lam=lam, fit_intercept=fit_intercept).fit(X, Y)
    other = theirs(lam).set_params(fit_intercept=fit_intercept).fit(X, Y)
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mine.intercept_, other.intercept_, rtol=1e-8)
    np.testing.assert_allclose(mine.predict(X), other.predict(X), rtol=1e-6)


def test_an_elastic_net_without_l1_is_ridge_and_without_l2_lasso():
    for ratio, other in ((0.0, RidgeRegressor(0.3)), (1.0, LassoRegressor(0.3))):
        mine = ElasticNetRegressor(0.3, l1_ratio=ratio).fit(X, Y)
        np.testing.assert_allclose(mine.coef_, other.fit(X, Y).coef_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lam", [0.001, 0.1])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_classifier_fits_what_scikit_learn_fits(lam, fit_intercept):
    names = np.array(["benign", "malignant"])[BENIGN]
    mine = LogisticClassifier(lam, fit_intercept=fit_intercept, tol=1e-9).fit(CANCER, names)
    other = LogisticRegression(
        C=1 / (len(CANCER) * lam), fit_intercept=fit_intercept, tol=1e-12, max_iter=100_000
    ).fit(CANCER, names)
    np.testing.assert_allclose(mine.coef_, other.coef_[0], rtol=1e-4, atol=1e-6)
    assert mine.classes_.tolist() == ["benign", "malignant"]
    np.testing.assert_allclose(
        mine.predict_proba(CANCER), other.predict_proba(CANCER), rtol=1e-4, atol=1e-9
    )
    assert (mine.predict(CANCER) == other.predict(CANCER)).all()
    assert mine.score(CANCER, names) > 0.9


@pytest.mark.parametrize("lam", [0.0, 0.1])
def test_the_huber_regressor_minimizes_what_it_says(lam):
    model = HuberRegressor(delta=20.0, lam=lam, tol=1e-8).fit(X, Y)
    loss = HuberLoss(np.column_stack([np.ones(N), X]), Y, 20.0)

    def cost(w):
        return float(loss.value(w) + lam / 2 * (w[1:] ** 2).sum())

    here = np.array([model.intercept_, *model.coef_])
    best = minimize(cost, here * 0.9, tol=1e-14, options={"maxiter": 5000}).fun
    assert cost(here) <= best * (1 + 1e-9)


@pytest.mark.parametrize("units", [1e-8, 1e6, 1e8])
@pytest.mark.parametrize("all_columns", [True, False])
@pytest.mark.parametrize(
    "model",
    [HuberRegressor(20.0), LogisticClassifier(0.0), HuberRegressor(20.0, fit_intercept=False)],
    ids=str,
)
def test_the_units_of_a_column_change_its_weight_and_no_prediction(model, all_columns, units):
    y = Y > 140 if isinstance(model, LogisticClassifier) else Y
    scale = np.where(np.arange(X.shape[1]) % 2 == 0, units, 1.0) if not all_columns else units
    plain, moved = clone(model).fit(X, y), clone(model).fit(X * scale, y)
    np.testing.assert_allclose(moved.coef_ * scale, plain.coef_, rtol=1e-6)
    assert moved.n_iter_ == plain.n_iter_


@pytest.mark.parametrize("model", [HuberRegressor(20.0, 0.1), LogisticClassifier(0.1)], ids=str)
def test_an_offset_of_the_columns_moves_the_intercept_only(model):
    y = Y > 140 if isinstance(model, LogisticClassifier) else Y
    plain, moved = clone(model).fit(X, y), clone(model).fit(X + 2000.0, y)
    np.testing.assert_allclose(moved.coef_, plain.coef_, rtol=1e-8)
    np.testing.assert_allclose(
        moved.intercept_, plain.intercept_ - 2000 * plain.coef_.sum(), rtol=1e-8
    )


@pytest.mark.parametrize("delta", [1.0, 20.0, 1e9])
def test_an_offset_of_the_target_moves_the_intercept_only(delta):
    plain, moved = HuberRegressor(delta).fit(X, Y), HuberRegressor(delta).fit(X, Y + 1e6)
    np.testing.assert_allclose(moved.coef_, plain.coef_, rtol=1e-6)
    np.testing.assert_allclose(moved.intercept_, plain.intercept_ + 1e6, rtol=1e-9)


def test_raw_columns_of_longley_reach_the_minimum_of_standardized_ones():
    table, y, _ = longley()
    unit = (table - table.mean(axis=0)) / table.std(axis=0)
    costs = []
    for columns in (table, unit):
        model = HuberRegressor(delta=100.0).fit(columns, y)
        r = np.abs(model.predict(columns) - y)
        costs.append(np.where(r <= 100, r**2 / 2, 100 * r - 5000).mean())
    np.testing.assert_allclose(costs, 12469.4548, rtol=1e-6)


def test_a_constant_column_has_no_weight():
    table = np.column_stack([X, np.full(N, 0.1)])
    for model in (HuberRegressor(20.0), LogisticClassifier(0.0), RidgeRegressor(0.0)):
        y = Y > 140 if isinstance(model, LogisticClassifier) else Y
        assert model.fit(table, y).coef_[-1] == 0


def test_tol_is_relative_so_that_the_unit_of_the_target_does_not_matter():
    counts = [HuberRegressor(20.0 * s, tol=1e-2).fit(X, Y * s).n_iter_ for s in (1.0, 1e-6, 1e6)]
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] < HuberRegressor(20.0).fit(X, Y).n_iter_


def test_a_fit_that_needs_every_step_it_may_take_is_converged():
    n = HuberRegressor(20.0).fit(X, Y).n_iter_
    HuberRegressor(20.0, max_iter=n).fit(X, Y)  # a warning would be an error here
    with pytest.warns(ConvergenceWarning):
        HuberRegressor(20.0, max_iter=n - 1).fit(X, Y)


def test_a_tie_goes_to_the_first_class():
    model = LogisticClassifier(fit_intercept=False).fit([[-1.0], [1.0]], ["a", "b"])
    assert model.decision_function([[0.0]]) == 0 and model.predict([[0.0]]) == "a"


def test_a_small_share_of_l1_is_no_ridge():
    mine = ElasticNetRegressor(1.0, l1_ratio=0.1).fit(X, Y)
    other = ElasticNet(1.0, l1_ratio=0.1, tol=1e-12, max_iter=100_000).fit(X, Y)
    np.testing.assert_allclose(mine.coef_, other.coef_, rtol=1e-6)


def test_outliers_in_y_move_the_huber_fit_less():
    bad = Y.copy()
    bad[:5] *= 20
    moved = {}
    for model in (RidgeRegressor(0.0), HuberRegressor(delta=20.0)):
        model.fit(X, Y)
        before = model.predict(X)
        moved[type(model).__name__] = np.abs(model.fit(X, bad).predict(X) - before).mean()
    assert moved["HuberRegressor"] < moved["RidgeRegressor"] / 5


@each
def test_it_works_in_a_pipeline_with_a_grid_search_and_cross_validation(model):
    y = (Y > 140).astype(int) if isinstance(model, LogisticClassifier) else Y
    name = type(model).__name__.lower()
    pipeline = make_pipeline(StandardScaler(), clone(model))
    search = GridSearchCV(pipeline, {f"{name}__lam": [1e-3, 0.1, 1e4]}, cv=3).fit(X, y)
    assert search.best_params_[f"{name}__lam"] < 1e4
    scores = cross_val_score(search.best_estimator_, X, y, cv=3)
    assert (scores > 0.3).all()


@each
def test_a_copy_by_pickle_or_clone_is_the_same_model(model):
    y = (Y > 140).astype(int) if isinstance(model, LogisticClassifier) else Y
    fitted = clone(model).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert clone(fitted).get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)


@each
def test_a_data_frame_keeps_the_names_of_its_columns(model):
    frame = pd.DataFrame(X, columns=[f"c{k}" for k in range(X.shape[1])])
    y = pd.Series(Y > 140 if isinstance(model, LogisticClassifier) else Y)
    fitted = clone(model).fit(frame, y)
    assert fitted.feature_names_in_.tolist() == list(frame.columns)
    np.testing.assert_allclose(fitted.predict(frame), clone(model).fit(X, y.values).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[frame.columns[::-1]])


@each
@pytest.mark.parametrize("lam", [-1.0, np.nan])
def test_a_strength_that_is_none(model, lam):
    with pytest.raises(ValueError, match=r"lam must be finite and >= 0, got (-1|nan)$"):
        clone(model).set_params(lam=lam).fit(X, Y > 140)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (RidgeRegressor([[0.1], [1.0]]), "lam must be a number, got shape (2, 1)"),
        (ElasticNetRegressor(l1_ratio=2.0), "l1_ratio must be finite and between 0 and 1, got 2"),
        (HuberRegressor(delta=0.0), "delta must be finite and > 0, got 0"),
        (HuberRegressor(tol=-1.0), "tol must be finite and >= 0, got -1"),
        (HuberRegressor(max_iter=0), "max_iter must be >= 1, got 0"),
    ],
    ids=str,
)
def test_hyper_parameters_that_are_none(model, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        model.fit(X, Y)


def test_an_intercept_is_spared_or_left_out_and_nothing_else():
    with pytest.raises(TypeError, match="fit_intercept must be True or False, got 'no'"):
        RidgeRegressor(fit_intercept="no").fit(X, Y)


@pytest.mark.parametrize(("y", "words"), [(Y * 0, "one class"), (Y // 100, "binary")])
def test_labels_that_are_not_two_classes(y, words):
    with pytest.raises(ValueError, match=words):
        LogisticClassifier().fit(X, y.astype(int))


def test_too_few_steps_are_told_as_scikit_learn_tells_it():
    with pytest.warns(ConvergenceWarning, match="not converged after max_iter=2 steps"):
        LogisticClassifier(max_iter=2).fit(CANCER, BENIGN)


def test_columns_of_other_sizes_and_a_constant_target_are_fitted():
    wide = X * np.logspace(0, 3, X.shape[1])
    assert RidgeRegressor(0.0).fit(wide, Y).score(wide, Y) == pytest.approx(
        RidgeRegressor(0.0).fit(X, Y).score(X, Y)
    )
    for model in (RidgeRegressor(), LassoRegressor(), ElasticNetRegressor(), HuberRegressor()):
        fitted = model.fit(X, np.full(N, 7.0))
        np.testing.assert_allclose(fitted.predict(X), 7.0, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64])
@pytest.mark.parametrize(
    "model", [RidgeRegressor(), LassoRegressor(), ElasticNetRegressor(), HuberRegressor()], ids=repr
)
def test_targets_of_few_bits_are_those_numbers_and_not_that_arithmetic(model, dtype):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 5))
    y = (1000 * (X @ [1.0, 2.0, 0.0, -1.0, 0.5] + rng.standard_normal(60))).astype(dtype)
    few, all_bits = (clone(model).fit(X, targets) for targets in (y, y.astype(np.float64)))
    np.testing.assert_array_equal(few.coef_, all_bits.coef_)
    assert few.intercept_ == all_bits.intercept_
