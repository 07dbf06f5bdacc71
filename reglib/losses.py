"""How wrong a linear model is on its data. All losses are means over the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from reglib.inputs import Array, Labels, PerColumn, Positive, Rows, Table, Targets, checked

__all__ = ["HuberLoss", "LogisticLoss", "SquaredError"]


@checked
@dataclass(frozen=True, eq=False)
class _Linear:
    """What the losses of a linear model share: a table X (n, p) and targets y (n,)."""

    X: Table
    y: Targets

    @property
    def n_rows(self) -> int:
        return len(self.X)

    def curvature(self) -> Array:
        """A matrix (p, p) that no Hessian exceeds: the one at w = 0, where a row is undecided."""
        p = self.X.shape[1]
        return self.hessian_vector(np.zeros(p), np.eye(p))

    def on(self, rows: Rows) -> Self:
        """The same loss on some rows of the data (indices, a slice or a boolean array)."""
        return replace(self, X=self.X[rows], y=self.y[rows])


@checked
@dataclass(frozen=True, eq=False)
class SquaredError(_Linear):
    """1/(2n) ||X w - y||^2 for a table X (n, p), targets y (n,) and weights w (..., p).

    Gradient X'(X w - y)/n, Hessian H = X'X/n. An intercept is a column of ones in X. `value`
    returns (...), `gradient` and `hessian_vector` (..., p). ValueError: empty, NaN or inf in X or
    y, row counts that differ, y of shape (n, 1); at evaluation, w whose last axis is not p. Weights
    that are inf or NaN are evaluated, not refused: a diverging run is a result. Float64 arrays are
    kept, not copied.

    >>> loss = SquaredError([[1.0, 1.0], [1.0, 2.0]], [2.0, 4.0])
    >>> loss.value([0.0, 1.0]), loss.gradient([0.0, 1.0])
    (np.float64(1.25), array([-1.5, -2.5]))
    """

    def residual(self, w: PerColumn) -> Array:
        """X w - y, of shape (..., n)."""
        return w @ self.X.T - self.y

    def value(self, w: PerColumn) -> Array:
        return np.square(self.residual(w)).mean(axis=-1) / 2

    def gradient(self, w: PerColumn) -> Array:
        return self.residual(w) @ self.X / len(self.X)

    def hessian_vector(self, w: PerColumn, v: PerColumn) -> Array:
        """H v for v (..., p); the Hessian of a squared error does not depend on w."""
        return v @ self.X.T @ self.X / len(self.X)

    def lipschitz(self) -> float:
        """L, the largest eigenvalue of H: the gradient's Lipschitz constant."""
        return float(np.linalg.norm(self.X, 2) ** 2 / len(self.X))


@checked
@dataclass(frozen=True, eq=False)
class LogisticLoss(_Linear):
    """mean of log(1 + exp(z)) - y z, z = X w, for X (n, p), labels y (n,) in {0, 1}, w (..., p).

    Gradient X'(p - y)/n with p = 1/(1 + exp(-z)); Hessian X' diag(p (1 - p)) X/n. It is worked out
    from the margins m = (2y - 1) z, as log(1 + exp(-m)): nothing overflows, and the small cost of a
    row that is fitted well keeps its digits. Shapes and errors are those of `SquaredError`;
    ValueError too for a label that is not 0 or 1. Source: Cox 1958.

    >>> loss = LogisticLoss([[1.0], [2.0]], [0, 1])
    >>> loss.value([0.0]).round(6), loss.gradient([0.0])
    (np.float64(0.693147), array([-0.25]))
    """

    y: Labels

    def margin(self, w: PerColumn) -> Array:
        """(2y - 1) X w, of shape (..., n): positive where a row is on the right side."""
        return (2 * self.y - 1) * (w @ self.X.T)

    def value(self, w: PerColumn) -> Array:
        return np.logaddexp(0, -self.margin(w)).mean(axis=-1)

    def gradient(self, w: PerColumn) -> Array:
        wrong = np.exp(-np.logaddexp(0, self.margin(w)))  # the probability of the other label
        return ((1 - 2 * self.y) * wrong) @ self.X / len(self.X)

    def hessian_vector(self, w: PerColumn, v: PerColumn) -> Array:
        """H(w) v for v (..., p)."""
        m = self.margin(w)
        curvature = np.exp(-np.logaddexp(0, m) - np.logaddexp(0, -m))
        return (curvature * (v @ self.X.T)) @ self.X / len(self.X)

    def lipschitz(self) -> float:
        """The largest eigenvalue of X'X/(4n), a bound on that of every Hessian, met at w = 0."""
        return float(np.linalg.norm(self.X, 2) ** 2 / (4 * len(self.X)))


@checked
@dataclass(frozen=True, eq=False)
class HuberLoss(_Linear):
    """mean of r^2/2 where |r| <= delta, of delta |r| - delta^2/2 beyond, r = X w - y.

    Gradient X' clip(r, -delta, delta)/n: a row that is far off pulls no harder than one that is off
    by delta. Generalized Hessian X' diag(|r| <= delta) X/n. X (n, p), y (n,), w (..., p); delta > 0
    in the units of y, a number or an array (..., 1). Far from `delta` on either side it is
    `SquaredError` (large delta) or delta times the mean |r| (small delta), which every solver takes
    long for. The usual delta is 1.345 times a robust scale of the residuals, 1.4826 times their
    median absolute deviation: of normal errors it wastes a twentieth. Shapes and errors are those
    of `SquaredError`; ValueError too for a delta that is not finite and > 0.
    Source: Huber 1964; Holland and Welsch 1977 (1.345).

    >>> loss = HuberLoss([[1.0], [1.0]], [0.5, 10.0], delta=1.0)
    >>> loss.value([0.0]), loss.gradient([0.0])
    (np.float64(4.8125), array([-0.75]))
    """

    delta: Positive

    residual = SquaredError.residual

    def value(self, w: PerColumn) -> Array:
        size = np.abs(self.residual(w))
        near = np.minimum(size, self.delta)  # m (|r| - m/2) is both cases, and squares nothing huge
        return (near * (size - near / 2)).mean(axis=-1)

    def gradient(self, w: PerColumn) -> Array:
        pull = np.clip(self.residual(w), -self.delta, self.delta)
        return pull @ self.X / len(self.X)

    def hessian_vector(self, w: PerColumn, v: PerColumn) -> Array:
        """H(w) v for v (..., p)."""
        near = np.abs(self.residual(w)) <= self.delta
        return (near * (v @ self.X.T)) @ self.X / len(self.X)

    def curvature(self) -> Array:
        """X'X/n, which no Hessian exceeds: the one of a fit that is off by less than delta."""
        return SquaredError(self.X, self.y).curvature()

    lipschitz = SquaredError.lipschitz
