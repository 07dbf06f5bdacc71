"""One weight at a time, exactly: coordinate descent; and the duality gap that certifies a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib import inputs
from reglib.inputs import (
    Array,
    Count,
    Hyper,
    NonNegative,
    NonNegativeNumber,
    PerColumn,
    Proportion,
    Start,
    Table,
    Targets,
    checked,
)
from reglib.losses import SquaredError
from reglib.penalties import L1, L2, ElasticNet, Masked, Penalty
from reglib.solvers.descent import Result, _run
from reglib.solvers.direct import svd

SEPARABLE = (L1, L2, ElasticNet)
"""Penalties that are a sum over the weights, so that one weight can be minimized by itself."""


@checked
def coordinate_descent(
    loss: SquaredError,
    penalty: Penalty | None,
    w0: Start | None = None,
    *,
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 10_000,
    record: bool = False,
) -> Result:
    """Minimize a squared error plus a penalty over w_j for j = 1..p in turn, again and again.

    w_j <- prox(w_j - s_j g_j, s_j) with s_j = 1/H_jj: the exact minimum over w_j, the others fixed.
    The residual follows every move, so a sweep over all weights costs one product with X. penalty
    is L1, L2 or ElasticNet, possibly Masked; None means no penalty. w0 (..., p); None starts at 0;
    leading axes of w0 and lam are a sweep. An iteration is a sweep over all weights; a run
    has converged when the moves, each divided by its s_j, have norm <= tol times that of the first.
    TypeError: another loss, or a penalty that does not split into weights.
    Source: Fu 1998; Tseng 2001; Friedman, Hastie and Tibshirani 2010.

    >>> from reglib.datasets import article
    >>> X, y, _ = article()
    >>> run = coordinate_descent(SquaredError(X, y), Masked(L1(1.0), [False, True]))
    >>> run.w.round(6)
    array([-1.,  3.])
    """
    if not isinstance(loss, SquaredError):
        raise TypeError(f"loss must be a SquaredError, got {type(loss).__name__}")
    X, n, p = loss.X, *loss.X.shape
    penalty = L2(0.0) if penalty is None else penalty
    each = _penalty_of_each(penalty, X)
    w0 = inputs.columns("w0", np.zeros(p) if w0 is None else w0, X, "X")
    columns = np.ascontiguousarray(X.T)
    curvature = np.square(columns).mean(axis=1)
    # A column of zeros leaves its weight to the penalty alone: a step so long that prox finds it.
    steps = 1 / np.where(curvature > 0, curvature, 1e-100)

    def update(w: Array, *_: Any) -> Array:
        w, residual = w.copy(), loss.residual(w)
        for j, (column, step) in enumerate(zip(columns, steps.tolist(), strict=True)):
            old = w[..., j, None]
            new = each[j].prox(old - step * (residual @ column / n)[..., None], step)
            residual += (new - old) * column
            w[..., j] = new[..., 0]
        return w

    return _run(
        update,
        lambda w: loss.value(w) + penalty.value(w),
        np.broadcast_to(w0, penalty.prox(w0, 1.0).shape),  # every sweep there is
        steps,
        tol,
        max_iter,
        record,
    )


def _penalty_of_each(penalty: Penalty, X: Array) -> list[Penalty]:
    """The penalty of each weight: the inner one where `Masked` penalizes, none where it spares."""
    inner, mask = penalty, np.ones(X.shape[1], dtype=bool)
    if isinstance(penalty, Masked):
        inner, mask = penalty.penalty, penalty.mask
        inputs.columns("mask", mask, X, "X")
    if not isinstance(inner, SEPARABLE):
        raise TypeError(
            "penalty must be L1, L2 or ElasticNet, possibly Masked, so that one weight can be "
            f"minimized by itself, got {type(inner).__name__}"
        )
    return [inner if penalized else L2(0.0) for penalized in mask]


@checked
def duality_gap(
    X: Table, y: Targets, w: PerColumn, lam: NonNegative, l1_ratio: Proportion = 1.0
) -> Array:
    """An upper bound on (P(w) - min P) / (||y||^2 / 2n), P the lasso's or elastic net's objective.

    P(w) = 1/(2n) ||X w - y||^2 + h(w), h(w) = lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2).
    With r = y - X w, q its projection on the columns of X and c = X'r/n, each a in [0, 1] gives

        P(w) - D(r - (1 - a) q) = (1 - a)^2 ||q||^2 / (2n) + sum_j [h(w_j) + h*(a c_j) - a w_j c_j],

    a sum of terms >= 0 in which nothing cancels. h*(u) = max(|u| - lam l1_ratio, 0)^2 /
    (2 lam (1 - l1_ratio)); for the lasso it is 0, and a shrinks q until |a c_j| <= lam. At lam = 0
    the bound is the excess itself. w (..., p), lam and l1_ratio numbers or arrays (..., 1) ->
    (...). Where y = 0 the division is left out.
    Source: Fenchel's duality; Kim, Koh, Lustig, Boyd and Gorinevsky 2007.

    >>> float(duality_gap([[1.0], [1.0]], [2.0, 4.0], [1.0], lam=2.0))  # w = 1 is the lasso's
    0.0
    """
    c = (y - w @ X.T) @ X / len(X)
    return gap_at(X, y, w, c, lam, l1_ratio)


def gap_at(X: Array, y: Array, w: Array, c: Array, lam: Hyper, ratio: Hyper) -> Array:
    """The gap where c = X'(y - X w)/n is known; nothing is checked."""
    l1, l2 = np.atleast_1d(lam * ratio), np.atleast_1d(lam * (1 - ratio))
    cost = l1 * np.abs(w) + l2 / 2 * np.square(w)
    top = np.abs(c - l2 * w).max(axis=-1, keepdims=True)
    a = np.divide(l1, top, out=np.ones_like(top), where=top > l1)
    gap = (cost - a * w * c).sum(axis=-1)
    if (a < 1 - 1e-8).any():  # else (1 - a)^2 is below rounding, and no projection is needed
        q = (y - w @ X.T) @ svd(X)[0]
        gap = gap + np.square((1 - a) * q).sum(axis=-1) / (2 * len(X))
    if l2.any():
        root = np.where(l2 > 0, np.sqrt(2 * l2), np.inf)  # of l2: no square of c overflows

        def conjugate(u: Array) -> Array:
            return np.square(np.maximum(np.abs(u) - l1, 0) / root)

        # With an L2 term r itself is a dual point, and the better one unless the term is tiny.
        whole = (cost + conjugate(c) - w * c).sum(axis=-1)
        gap = gap + conjugate(a * c).sum(axis=-1)
        gap = np.where(l2[..., 0] > 0, np.minimum(gap, whole), gap)
    scale = np.square(y).mean() / 2
    gap = np.where(np.isnan(gap) & np.isfinite(w).all(axis=-1), np.inf, gap)  # w^2 overflows
    return np.maximum(gap, 0)[()] / (scale if scale > 0 else 1)
