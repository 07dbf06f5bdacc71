"""The book's solvers with scikit-learn's interface, for Pipeline, GridSearchCV and their like.

Every estimator minimizes (mean loss) + penalty with the intercept spared, in the book's units: so
lam is scikit-learn's alpha for the lasso and the elastic net, alpha = n lam for its ridge, and
C = 1/(n lam) for its logistic regression. Needs scikit-learn.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib import inputs
from reglib.extras import extra
from reglib.inputs import Array
from reglib.losses import HuberLoss, LogisticLoss
from reglib.solvers import elastic_net_path, lasso_path, newton, ridge
from reglib.solvers.newton import units
from reglib.tuning.selection import mean_of

with extra("sklearn"):
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_is_fitted, validate_data

__all__ = [
    "ElasticNetRegressor",
    "HuberRegressor",
    "LassoRegressor",
    "LogisticClassifier",
    "RidgeRegressor",
]


class _Linear(BaseEstimator):
    """X w + b: what is done before and after a solver."""

    def _numbers(self, X: ArrayLike, **options: Any) -> Any:
        return validate_data(self, X, dtype=np.float64, **options)

    def _data(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """A table and targets that are numbers, both in float64, whatever they came in."""
        X, y = self._numbers(X, y=column_or_1d(y, warn=True), y_numeric=True)
        return X, y.astype(np.float64)

    def _number(self, name: str, rule: Any = inputs.nonnegative) -> float:
        """A parameter that is one number."""
        return inputs.single(name, rule(name, getattr(self, name)))

    def _line(self, X: ArrayLike) -> Array:
        """X coef_ + intercept_, (n,)."""
        check_is_fitted(self)
        return self._numbers(X, reset=False) @ self.coef_ + self.intercept_


class _Regressor(RegressorMixin, _Linear):
    """A regressor whose solver needs no intercept: it is fitted to centered columns."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit coef_ (p,) and intercept_ to a table X (n, p) and targets y (n,)."""
        X, y = self._data(X, y)
        free = inputs.flag("fit_intercept", self.fit_intercept)
        # The best intercept is mean(y) - mean(X) w: what is left has columns of mean 0 and none.
        X_mean, y_mean = (mean_of(X), y.mean()) if free else (np.zeros(X.shape[1]), 0.0)
        self.coef_ = self._weights(X - X_mean, y - y_mean)
        self.intercept_ = float(y_mean - X_mean @ self.coef_)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """X coef_ + intercept_, (n,)."""
        return self._line(X)


class RidgeRegressor(_Regressor):
    """1/(2n) ||X w + b - y||^2 + lam/2 ||w||^2, by singular values: see `solvers.ridge`.

    lam >= 0 in the units of the loss over w^2; scikit-learn's Ridge has alpha = n lam.

    >>> RidgeRegressor(lam=1.0).fit([[1.0], [2.0], [3.0]], [1.0, 3.0, 5.0]).coef_.round(6)
    array([0.8])
    """

    def __init__(self, lam: float = 0.01, *, fit_intercept: bool = True) -> None:
        self.lam = lam
        self.fit_intercept = fit_intercept

    def _weights(self, X: Array, y: Array) -> Array:
        return ridge(X, y, self._number("lam"))


class LassoRegressor(_Regressor):
    """1/(2n) ||X w + b - y||^2 + lam ||w||_1, exact: see `solvers.lasso_path`.

    lam >= 0 in the units of the loss over w; it is scikit-learn's alpha.

    >>> LassoRegressor(lam=1.0).fit([[1.0], [2.0], [3.0]], [1.0, 3.0, 5.0]).coef_.round(6)
    array([0.5])
    """

    def __init__(self, lam: float = 0.01, *, fit_intercept: bool = True) -> None:
        self.lam = lam
        self.fit_intercept = fit_intercept

    def _weights(self, X: Array, y: Array) -> Array:
        return lasso_path(X, y, [self._number("lam")]).w[0]


class ElasticNetRegressor(_Regressor):
    """1/(2n) ||X w + b - y||^2 + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2), exact.

    0 <= l1_ratio <= 1, at 0 a ridge; lam and l1_ratio are scikit-learn's alpha and l1_ratio. See
    `solvers.elastic_net_path`.
    """

    def __init__(
        self, lam: float = 0.01, *, l1_ratio: float = 0.5, fit_intercept: bool = True
    ) -> None:
        self.lam = lam
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept

    def _weights(self, X: Array, y: Array) -> Array:
        ratio = self._number("l1_ratio", inputs.proportion)
        if ratio == 0:
            return ridge(X, y, self._number("lam"))
        return elastic_net_path(X, y, [self._number("lam")], l1_ratio=ratio).w[0]


class _Smooth(_Linear):
    """A loss without a closed form: Newton's method, beside a column of ones for the intercept."""

    def _minimize(self, X: Array, loss: Any) -> None:
        """Set coef_, intercept_ and n_iter_; warn as scikit-learn does where it takes too long."""
        free, lam = int(inputs.flag("fit_intercept", self.fit_intercept)), self._number("lam")
        # Beside centered columns the intercept does not depend on how far from 0 they are.
        mean = mean_of(X) if free else np.zeros(X.shape[1])
        table = np.column_stack([np.ones((len(X), free)), X - mean])
        mask = np.arange(table.shape[1]) >= free
        start, bound = np.zeros(table.shape[1]), loss(table)
        # The gradient has units of its own, so it is measured against the one at the start.
        scale = np.linalg.norm(bound.gradient(start) / units(bound, lam * mask))
        tol = self._number("tol") * scale
        run = newton(bound, lam, start, mask=mask, tol=tol, max_iter=self.max_iter)
        self.coef_ = run.w[free:]
        self.intercept_ = float(run.w[:free].sum() - mean @ self.coef_)
        self.n_iter_ = int(run.n_iter)
        if not run.converged:
            warnings.warn(
                f"not converged after max_iter={self.max_iter} steps: raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=3,
            )


class HuberRegressor(RegressorMixin, _Smooth):
    """mean Huber loss of X w + b - y + lam/2 ||w||^2: errors beyond delta count linearly.

    delta > 0 in the units of y, lam >= 0. tol bounds the gradient at the end, against that at the
    start: weights of 0, and the median of y as the intercept. See `losses.HuberLoss`,
    `solvers.newton`; scikit-learn's class of this name estimates the scale of y as well.
    """

    def __init__(
        self,
        delta: float = 1.0,
        lam: float = 0.0,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
    ) -> None:
        self.delta = delta
        self.lam = lam
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit coef_ (p,) and intercept_ to a table X (n, p) and targets y (n,)."""
        X, y = self._data(X, y)
        delta = self._number("delta", inputs.positive)
        middle = np.median(y) if self.fit_intercept else 0.0
        self._minimize(X, lambda table: HuberLoss(table, y - middle, delta))
        self.intercept_ += float(middle)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """X coef_ + intercept_, (n,)."""
        return self._line(X)


class LogisticClassifier(ClassifierMixin, _Smooth):
    """mean logistic loss of X w + b + lam/2 ||w||^2, for two classes of any name.

    lam >= 0; scikit-learn's LogisticRegression has C = 1/(n lam). At lam = 0 classes that a line
    separates have no minimum: the weights grow until tol is met. See `losses.LogisticLoss`.

    >>> model = LogisticClassifier(lam=0.1).fit([[1.0], [2.0], [3.0]], ["no", "no", "yes"])
    >>> model.predict([[0.0], [4.0]]).tolist()
    ['no', 'yes']
    """

    def __init__(
        self,
        lam: float = 0.01,
        *,
        fit_intercept: bool = True,
        tol: float = 1e-8,
        max_iter: int = 100,
    ) -> None:
        self.lam = lam
        self.fit_intercept = fit_intercept
        self.tol = tol
        self.max_iter = max_iter

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit coef_ (p,) and intercept_ to a table X (n, p) and labels y (n,) of two classes."""
        X, y = self._numbers(X, y=column_or_1d(y, warn=True))
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(
                "Only binary classification is supported. The type of the target is " + kind
            )
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold two classes, got one class: {self.classes_[0]!r}")
        self._minimize(X, lambda table: LogisticLoss(table, labels))
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """X coef_ + intercept_, (n,): positive where the second of classes_ is the likelier."""
        return self._line(X)

    def predict_proba(self, X: ArrayLike) -> Array:
        """The probabilities of classes_, (n, 2)."""
        z = self._line(X)
        return np.exp(-np.logaddexp(0, np.column_stack([z, -z])))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likelier of classes_, (n,)."""
        sides = self._line(X) > 0  # asks first whether there is a fit
        return self.classes_[sides.astype(int)]
