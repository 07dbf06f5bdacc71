"""A plugin of pytest: scikit-learn's own tests of its linear models, run on the solvers of reglib.

Each adapter is scikit-learn's class with another `fit`: what reglib does not do ends the test as
skipped, with the reason. At the end the outcomes are written to the file REPORT names.
"""

import json
import os
import warnings
from collections import Counter

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import validate_data

from reglib.losses import HuberLoss, LogisticLoss
from reglib.solvers import elastic_net_path, lasso_path, least_squares, newton, ridge

USED, OUTCOMES = Counter(), {}


def left(holds, reason):
    """Ends a test that asks for more than reglib offers."""
    if holds:
        pytest.skip(reason)


def table(model, X, y, sample_weight=None, **options):
    """X and y in float64; what is fitted to columns less their means needs no intercept."""
    USED["fits"] += 1
    left(sparse.issparse(X), "sparse tables")
    left(sample_weight is not None, "sample weights")
    left(getattr(model, "positive", False), "weights that must be positive")
    left(getattr(model, "warm_start", False), "a warm start")
    dtype = getattr(X, "dtype", None)
    left(dtype in (np.float16, np.float32), "results in float32")
    left(
        type(X).__module__.partition(".")[0] not in ("numpy", "builtins", "pandas"), "other arrays"
    )
    model._validate_params()
    X, y = validate_data(model, X, y, dtype=np.float64, multi_output=True, **options)
    left(y.ndim > 1, "several targets")
    return X, y


def centered(model, X, y, solve):
    """What a squared error leaves: solve(X, y) on centered columns, then the intercept."""
    free = model.fit_intercept
    x_mean, y_mean = (X.mean(axis=0), y.mean()) if free else (np.zeros(X.shape[1]), 0.0)
    model.coef_ = solve(X - x_mean, y - y_mean)
    model.intercept_ = y_mean - x_mean @ model.coef_ if free else 0.0
    return model


class LinearRegression(linear_model.LinearRegression):
    def fit(self, X, y, sample_weight=None):
        X, y = table(self, X, y, sample_weight, y_numeric=True)
        return centered(self, X, y, least_squares)


class Ridge(linear_model.Ridge):
    def fit(self, X, y, sample_weight=None):
        X, y = table(self, X, y, sample_weight, y_numeric=True)
        left(np.ndim(self.alpha), "a strength for each target")
        self.n_iter_, self.solver_ = None, "svd"
        return centered(self, X, y, lambda X, y: ridge(X, y, self.alpha / len(X)))


class ElasticNet(linear_model.ElasticNet):
    def fit(self, X, y, sample_weight=None, check_input=True):
        left(not isinstance(self.precompute, bool), "a Gram matrix that is handed in")
        X, y = table(self, X, y, sample_weight, y_numeric=True)
        self.n_iter_, self.dual_gap_ = 1, 0.0

        def solve(X, y):
            if self.l1_ratio == 0 or self.alpha == 0:
                return ridge(X, y, self.alpha)
            if self.l1_ratio == 1:
                return lasso_path(X, y, [self.alpha]).w[0]
            return elastic_net_path(X, y, [self.alpha], l1_ratio=self.l1_ratio).w[0]

        return centered(self, X, y, solve)


class Lasso(linear_model.Lasso, ElasticNet):
    fit = ElasticNet.fit


def smooth(model, loss, lam, p):
    """Newton's method, the intercept a column of ones that no penalty touches."""
    free = int(model.fit_intercept)
    mask = np.arange(p + free) >= free
    run = newton(loss, lam, np.zeros(p + free), mask=mask, tol=1e-10, max_iter=model.max_iter)
    if not run.converged:
        warnings.warn("not converged", ConvergenceWarning, stacklevel=3)
    return run.w[free:], float(run.w[:free].sum()), int(run.n_iter)


def ones_first(model, X):
    return np.column_stack([np.ones((len(X), int(model.fit_intercept))), X])


class LogisticRegression(linear_model.LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        left(getattr(self, "l1_ratio", 0) not in (0, 0.0, None), "an L1 penalty beside Newton")
        left(getattr(self, "penalty", "l2") not in ("l2", "deprecated", None), "an L1 penalty")
        left(self.class_weight is not None, "weights of classes")
        left(self.solver == "liblinear", "a penalized intercept")
        X, y = table(self, X, y, sample_weight)
        self.classes_, labels = np.unique(y, return_inverse=True)
        left(len(self.classes_) > 2, "more than two classes")
        left(len(self.classes_) < 2, "one class")
        loss, lam = LogisticLoss(ones_first(self, X), labels), 1 / (self.C * len(X))
        w, b, n_iter = smooth(self, loss, lam, X.shape[1])
        self.coef_, self.intercept_, self.n_iter_ = w[None], np.array([b]), np.array([n_iter])
        return self


class HuberRegressor(linear_model.HuberRegressor):
    def fit(self, X, y, sample_weight=None):
        X, y = table(self, X, y, sample_weight, y_numeric=True)
        theirs = linear_model.HuberRegressor(**self.get_params()).fit(X, y)
        self.scale_ = theirs.scale_  # which reglib does not estimate
        loss = HuberLoss(ones_first(self, X), y, self.epsilon * self.scale_)
        lam = self.alpha * self.scale_ / len(X)
        self.coef_, self.intercept_, self.n_iter_ = smooth(self, loss, lam, X.shape[1])
        self.outliers_ = np.abs(y - X @ self.coef_ - self.intercept_) > self.scale_ * self.epsilon
        return self


OURS = [LinearRegression, Ridge, ElasticNet, Lasso, LogisticRegression, HuberRegressor]


def pytest_collection_finish(session):
    for module in {item.module for item in session.items}:
        for ours in OURS:
            if hasattr(module, ours.__name__):
                setattr(module, ours.__name__, ours)


def pytest_runtest_setup(item):
    USED.clear()


def pytest_runtest_logreport(report):
    if report.when == "call" and USED["fits"] and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped: ") if report.skipped else ""
        OUTCOMES[report.nodeid.split("/")[-1]] = report.outcome, reason


def pytest_sessionfinish(session):
    with open(os.environ["REPORT"], "w", encoding="utf-8") as file:
        json.dump(OUTCOMES, file)
