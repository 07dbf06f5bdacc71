"""How the validation error changes with lam, without solving again at another lam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reglib import inputs
from reglib.inputs import Array, Curved, Hyper, Mask, ObjectiveLike, Positive, Start, checked
from reglib.losses import SquaredError
from reglib.solvers import ridge


@dataclass(frozen=True, eq=False)
class Implicit:
    """value (...): V(lam) = validation.value(w); gradient (...): dV/dlog lam; w (..., p).

    The leading axes are those of every sweep together: in lam, in w and in the losses.
    """

    value: Array
    gradient: Array
    w: Array


@checked
def implicit_gradient(
    loss: Curved,
    validation: ObjectiveLike,
    lam: Positive,
    *,
    mask: Mask | None = None,
    w: Start | None = None,
) -> Implicit:
    """dV/dlog lam = -lam grad V(w)' (H + lam D)^-1 D w, w = argmin loss(w) +
    lam/2 ||w[mask]||^2.

    V is the value of `validation`, usually the loss on other rows; H the
    Hessian of `loss` at w; D the identity, or diag(mask). lam > 0 is a number
    or an array (..., 1). For a SquaredError w is solved here. Any other loss
    with `gradient` and `hessian_vector` needs w (..., p), and the formula is
    right only where w is the minimizer. Costs one linear system of p
    equations for each lam. ValueError: lam not above 0; sweeps that do not
    fit together; H + lam D singular, as it can be where `mask` spares
    collinear columns. Source: Larsen, Hansen, Svarer and Ohlsson 1996; Bengio
    2000.

    >>> loss = SquaredError([[1.0]], [2.0])
    >>> there = implicit_gradient(loss, SquaredError([[1.0]], [1.0]), 1.0)
    >>> there.w, float(there.value), float(there.gradient)
    (array([1.]), 0.0, -0.0)
    """
    w, D = _minimizer(loss, lam, mask, w)
    w = _swept(loss, validation, lam, w)
    # before the axes of a sweep
    units = np.eye(len(D)).reshape(-1, *[1] * (w.ndim - 1), len(D))
    H = np.moveaxis(loss.hessian_vector(w, units), 0, -2)
    change = _solve(H + np.asarray(lam)[..., None] * np.diag(D), lam * D * w)
    slope = -(validation.gradient(w) * change).sum(axis=-1)
    return Implicit(validation.value(w), slope, w)


def _minimizer(loss: Any, lam: Hyper, mask: Array | None, w: Array | None) -> tuple[Array, Array]:
    """w (..., p), and the diagonal of D (p,)."""
    if w is None:
        if not isinstance(loss, SquaredError):
            rule = "be a SquaredError unless its minimizer w is given"
            raise TypeError(f"loss must {rule}, got {inputs.shown(loss)}")
        w = ridge(loss.X, loss.y, lam, mask=mask)
    p = inputs.sized("w", w, least=0).shape[-1]
    return w, np.ones(p) if mask is None else inputs.weights("mask", mask, p, ", one for each of w")


def _swept(loss: Any, validation: Any, lam: Hyper, w: Array) -> Array:
    """w on the leading axes of every sweep there is."""
    each = w + 0 * np.asarray(lam), loss.gradient(w), validation.gradient(w)
    return np.broadcast_to(w, np.broadcast_shapes(*(g.shape for g in each))).copy()


def _solve(system: Array, right: Array) -> Array:
    try:
        return np.linalg.solve(system, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise ValueError(
            "loss must have one minimizer only, got a Hessian that is singular with the penalty"
        ) from None
