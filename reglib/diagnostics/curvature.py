"""What a Hessian that fits in memory says: condition, stable steps, effective parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib import inputs
from reglib._intervals import stable_intervals
from reglib.inputs import Array, ColumnMask, Hyper, Mask, NonNegative, Placement, Table, checked


def _hessian(hessian_or_loss: Any) -> Array:
    """A symmetric matrix, given as such or asked of a loss of a linear model."""
    if hasattr(hessian_or_loss, "curvature"):
        return hessian_or_loss.curvature()
    H = inputs.finite("hessian", hessian_or_loss, ndim=2)
    if H.shape[0] != H.shape[1]:
        raise ValueError(f"hessian must be square, got shape {H.shape}")
    if not np.allclose(H, H.T, rtol=1e-10, atol=1e-12 * np.abs(H).max()):
        raise ValueError("hessian must be symmetric, got one that is not")
    return H


def _penalized(mask: Array | None, H: Array) -> Array:
    """The diagonal of D: 1 where a weight is penalized, 0 where `mask` spares it."""
    if mask is None:
        return np.ones(len(H))
    return inputs.columns("mask", mask, len(H), "the hessian", H.shape)


@checked
def condition_number(
    hessian_or_loss: Any, lam: NonNegative = 0.0, *, mask: Mask | None = None
) -> Array:
    """(largest eigenvalue) / (smallest) of H + lam D: how many steps a decimal digit costs.

    With every weight penalized it is (L + lam)/(l_min + lam). Gradient descent at its best step
    shrinks the distance by (c - 1)/(c + 1) a step. lam is a number or an array (..., 1); D is the
    identity, or diag(mask). inf where the smallest eigenvalue is 0 to rounding.

    >>> float(condition_number([[3.0, 0.0], [0.0, 1.0]], lam=1.0))
    2.0
    """
    values = np.linalg.eigvalsh(_with_l2(hessian_or_loss, lam, mask, +1))
    small, large = values[..., 0], values[..., -1]
    singular = small <= np.finfo(float).eps * values.shape[-1] * large
    return np.where(singular, np.inf, large / np.where(singular, 1, small))[()]


def _with_l2(hessian_or_loss: Any, lam: Hyper, mask: Array | None, sign: int) -> Array:
    """H + sign lam D, with the leading axes of lam."""
    H = _hessian(hessian_or_loss)
    return H + sign * np.asarray(lam)[..., None] * np.diag(_penalized(mask, H))


@checked
def step_limit(
    hessian_or_loss: Any,
    lam: NonNegative = 0.0,
    placement: Placement = "coupled",
    *,
    mask: Mask | None = None,
    islands: bool = False,
) -> Any:
    """The largest step s up to which gradient descent with an L2 term does not diverge.

    coupled, decoupled  2 / top(H + lam D)      proximal  2 / top(H - lam D), inf where that is <= 0
    shrink_after        the first s at which some |eigenvalue| of (I - s lam D)(I - s H) exceeds 1

    H (p, p) symmetric, or a loss, of which it is `curvature()`; lam a number or an array (..., 1);
    D the identity, or diag(mask) where some weights are spared. Returns (...), in the units of
    `step`. With islands=True (lam a number) returns every interval of stable steps as an array
    (k, 2): shrinking after the step can be stable again beyond its limit. Directions in which H and
    lam D are both 0 do not move and are left out. For shrink_after with a mask, intervals narrower
    than 0.5 % are not seen; for proximal with a mask the relative error grows to 1e-16 lam times
    the limit. ValueError: a negative eigenvalue, since no step is stable there.

    >>> [round(float(step_limit([[4.0]], 1.0, p)), 4) for p in ("coupled", "proximal")]
    [0.4, 0.6667]
    """
    if islands and np.ndim(lam):
        raise ValueError(f"islands need lam to be a number, got an array of shape {np.shape(lam)}")
    H = _hessian(hessian_or_loss)
    h = np.linalg.eigvalsh(H)
    if h[0] < -1e-12 * max(h[-1], -h[0]):
        raise ValueError(f"hessian must have no negative eigenvalue, got {h[0]:.4g}")
    if placement == "shrink_after":
        limit = _shrink_after_limits(H, lam, mask, islands)
    else:
        sign = -1 if placement == "proximal" else +1
        top = np.linalg.eigvalsh(_with_l2(H, lam, mask, sign))[..., -1]
        limit = np.where(top > 0, 2 / np.where(top > 0, top, 1), np.inf)[()]
        if islands:
            limit = np.array([[0.0, limit]])
    return limit


def _shrink_after_limits(
    H: Array, lam: Hyper, mask: Array | None, islands: bool
) -> Array | np.float64:
    lam = np.asarray(lam)
    if islands:
        return stable_intervals(H, float(lam), _penalized(mask, H))
    each = [stable_intervals(H, float(x), _penalized(mask, H))[0, 1] for x in lam.flat]
    return np.reshape(each, lam.shape[:-1])[()]


@checked
def effective_dof(
    X: Table, lam: NonNegative, *, mask: ColumnMask | None = None, intercept: bool = False
) -> Array:
    """trace of the ridge hat matrix: sum_i d_i^2 / (d_i^2 + n lam), plus 1 for each free direction.

    d (p,) are the singular values of the penalized columns of X (n, p), less what free columns
    explain of them. Free, and so counted whole, are the columns that `mask` spares and, with
    intercept=True, a column of ones (X itself needs none). lam is a number or an array (..., 1) ->
    (...). At lam = 0 it is the rank. Source: Hastie, Tibshirani and Friedman 2009, eq. 3.50.

    >>> [round(float(effective_dof([[1.0], [-1.0]], lam)), 6) for lam in (0.0, 1.0)]
    [1.0, 0.5]
    """
    held = np.ones(X.shape[1], bool) if mask is None else mask
    free = np.column_stack([np.ones((len(X), int(intercept))), X[:, ~held]])
    U, d, _ = np.linalg.svd(free, full_matrices=False)
    U = U[:, d > np.finfo(float).eps * max(X.shape) * d.max(initial=0.0)]
    # What is left of a column that the free ones explain is rounding, in the units of the column.
    d = np.linalg.svd(X[:, held] - U @ (U.T @ X[:, held]), compute_uv=False)
    d2 = d[d > np.finfo(float).eps * max(X.shape) * np.linalg.norm(X[:, held])] ** 2
    return U.shape[1] + (d2 / (d2 + len(X) * lam)).sum(axis=-1)
