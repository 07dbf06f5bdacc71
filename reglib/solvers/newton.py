"""Newton's method for smooth losses: few steps, no step size to choose, one weight vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array
from reglib.solvers.descent import Result

LEAST = 1e-12
"""Damping that is always there, in units of H: where H is singular a step is still found."""
ROUNDING = 8 * np.finfo(float).eps


def newton(
    loss: Any,
    lam: float,
    w0: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 100,
) -> Result:
    """Minimize loss + lam/2 ||w[mask]||^2 by w <- w - (H(w) + lam D + t I)^-1 g(w).

    g is the gradient with the penalty's, H the loss's Hessian, D = diag(mask), every weight where
    mask is None. A step that does not lower the objective by a hundredth of what g promises is not
    taken, and the damping t grows instead: the objective never rises. Converged: ||g|| <= tol, or a
    promise below rounding. n_iter counts the systems solved. The loss is convex, with `value`,
    `gradient` and `hessian_vector`; w0 (p,); memory 8 p^2 bytes. ValueError: lam < 0 or an array,
    w0 of more than one axis. Source: Levenberg 1944; Nocedal and Wright 2006, chapter 3.

    >>> from reglib.losses import LogisticLoss
    >>> run = newton(LogisticLoss([[1.0], [2.0], [3.0]], [0, 1, 1]), 0.1, [0.0])
    >>> run.w.round(6), int(run.n_iter)
    (array([0.627413]), 5)
    """
    lam = _checks.single("lam", _checks.nonnegative("lam", lam))
    w = _checks.finite("w0", w0, ndim=1)
    held = np.ones(w.size, dtype=bool) if mask is None else _checks.mask("mask", mask)
    D = np.diag(_checks.columns("mask", held, w.size, "w0", w.shape))
    tol = _checks.single("tol", _checks.nonnegative("tol", tol))
    max_iter = _checks.count("max_iter", max_iter)

    def objective(w: Array) -> float:
        return float(loss.value(w) + lam / 2 * (w @ D @ w))

    f, eye, damping, done, k = objective(w), np.eye(w.size), LEAST, False, 0
    while k < max_iter:
        g = loss.gradient(w) + lam * (D @ w)
        if done := bool(np.linalg.norm(g) <= tol):
            break
        H = loss.hessian_vector(w, eye) + lam * D
        d = np.linalg.solve(H + damping * (np.abs(H).max() or 1.0) * eye, -g)
        promise, k = float(-g @ d), k + 1
        if done := promise <= ROUNDING * abs(f):
            break
        with np.errstate(over="ignore", invalid="ignore"):
            new = objective(w + d)
        if new <= f - promise / 100:
            w, f, damping = w + d, new, max(damping / 10, LEAST)
        else:
            damping = max(10 * damping, 1e-6)
    return Result(w.copy(), np.float64(f), np.bool_(done), np.int64(k), np.int64(-1))
