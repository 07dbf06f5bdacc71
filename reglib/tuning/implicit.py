"""How the validation error changes with lam, without solving again at another lam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array, Hyper
from reglib.losses import SquaredError
from reglib.solvers import ridge


@dataclass(frozen=True, eq=False)
class Implicit:
    """value (...): V(lam) = validation.value(w); gradient (...): dV/dlog lam; w (..., p)."""

    value: Array
    gradient: Array
    w: Array


def implicit_gradient(
    loss: Any,
    validation: Any,
    lam: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    w: ArrayLike | None = None,
) -> Implicit:
    """dV/dlog lam = -lam grad V(w)' (H + lam D)^-1 D w, w = argmin loss(w) + lam/2 ||w[mask]||^2.

    V is the value of `validation`, usually the loss on other rows; H the Hessian of `loss` at w; D
    the identity, or diag(mask). lam > 0 is a number or an array (..., 1). For a SquaredError w is
    solved here. Any other loss with a gradient and `hessian_vector` needs w (..., p), and the
    formula is right only where w is the minimizer. Costs one linear system of p equations for each
    lam. ValueError: lam not above 0; H + lam D singular, as it can be where `mask` spares
    collinear columns. Source: Larsen, Hansen, Svarer and Ohlsson 1996; Bengio 2000.

    >>> loss = SquaredError([[1.0]], [2.0])
    >>> there = implicit_gradient(loss, SquaredError([[1.0]], [1.0]), 1.0)
    >>> there.w, float(there.value), float(there.gradient)
    (array([1.]), 0.0, -0.0)
    """
    lam = _checks.positive("lam", lam)
    _checks.objective("validation", validation)
    w, D = _minimizer(loss, lam, mask, w)
    H = loss.hessian_vector(w[..., None, :], np.eye(len(D)))
    change = _solve(H + np.asarray(lam)[..., None] * np.diag(D), D * w)
    slope = -(lam * validation.gradient(w) * change).sum(axis=-1)
    return Implicit(validation.value(w), slope, w)


def _minimizer(
    loss: Any, lam: Hyper, mask: ArrayLike | None, w: ArrayLike | None
) -> tuple[Array, Array]:
    """w (..., p), and the diagonal of D (p,)."""
    if w is None:
        if not isinstance(loss, SquaredError):
            raise TypeError(
                f"loss must be a SquaredError unless its minimizer w is given, "
                f"got {_checks.shown(loss)}"
            )
        w = ridge(loss.X, loss.y, lam, mask=mask)
    w = _checks.start(w, name="w")
    D = np.ones(w.shape[-1], bool) if mask is None else _checks.mask("mask", mask)
    return w, _checks.weights("mask", D, w.shape[-1], ", one for each of w")


def _solve(system: Array, right: Array) -> Array:
    try:
        return np.linalg.solve(system, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise ValueError(
            "loss must have one minimizer only, got a Hessian that is singular with the penalty"
        ) from None
