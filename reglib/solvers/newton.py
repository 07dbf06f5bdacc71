"""Newton's method for smooth losses: few steps, no step size to choose, one weight vector."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from reglib import inputs
from reglib.inputs import Array, Count, Mask, NonNegativeNumber, Vector, checked, norm
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.solvers.descent import Result

Smooth = Annotated[Any, inputs.methods("value", "gradient", "hessian_vector", "curvature")]
LINEAR = (SquaredError, LogisticLoss, HuberLoss)
"""What looks at X w alone."""
LEAST = 1e-12
"""Damping that is always there: where H is singular a step is still found."""
SMALL = 1e-6
"""Damping that leaves nearly a Newton step, so that its promise is what there is to gain."""
ROUNDING = 8 * np.finfo(float).eps


@checked
def newton(
    loss: Smooth,
    lam: NonNegativeNumber,
    w0: Vector,
    *,
    mask: Mask | None = None,
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 100,
) -> Result:
    """Minimize loss + lam/2 ||w[mask]||^2 by v <- v - (H + t I)^-1 g in v_j = w_j sqrt(C_jj + lam).

    g and H are the objective's gradient and Hessian at v, C = loss.curvature(): no unit of a column
    matters. A step that does not lower the objective by a hundredth of what g promises is not
    taken, and the damping t grows instead: the objective never rises. Converged: ||g|| <= tol times
    the first one, or with t <= 1e-6 a promise below rounding; where H is still smaller along some
    direction, that may be short of the minimum. n_iter counts the systems solved. The loss is
    convex, see `losses`; w0 and mask (p,). ValueError: lam < 0 or an array, a sweep.

    A system has p equations. With lam > 0, no mask and more columns than rows it has n: the minimum
    lies in the span of the rows, w = Q v with X' = Q R, where the table is R' and ||w|| = ||v||.
    `barzilai_borwein` needs no system; from some hundred equations on it is the quicker one.
    Source: Levenberg 1944; Nocedal and Wright 2006, chapter 3; Kimeldorf and Wahba 1971.

    >>> from reglib.losses import LogisticLoss
    >>> run = newton(LogisticLoss([[1.0], [2.0], [3.0]], [0, 1, 1]), 0.1, [0.0])
    >>> run.w.round(6), int(run.n_iter)
    (array([0.627413]), 5)
    """
    if lam > 0 and mask is None and type(loss) in LINEAR and len(loss.X) < loss.X.shape[1]:
        Q, R = np.linalg.qr(loss.X.T)
        v0 = inputs.columns("w", w0, loss.X, "X") @ Q
        run = newton(replace(loss, X=R.T), lam, v0, tol=tol, max_iter=max_iter)
        return replace(run, w=Q @ run.w)
    w, D = w0, lam * (np.ones(w0.size) if mask is None else inputs.columns("mask", mask, w0, "w0"))

    def objective(w: Array) -> float:
        return inputs.scalar("loss.value(w)", loss.value(w)) + float(D @ w**2) / 2

    f, damping, done, k, start = objective(w), LEAST, False, 0, 0.0
    inputs.that("w0", np.isfinite(f), "have a finite objective", f)
    unit, eye = units(loss, D), np.eye(w.size)
    while not done:
        g = (loss.gradient(w) + D * w) / unit
        length = norm(g)[0]
        start = length if k == 0 else start
        if (done := bool(length <= tol * start)) or k == max_iter:
            break
        H = loss.hessian_vector(w, eye / unit) / unit + np.diag(D / unit**2)
        d, k = np.linalg.solve(H + damping * eye, -g), k + 1
        promise = float(-g @ d)
        # Where rounding hides the gain, the damping grows: what counts is the promise without.
        near = d if damping <= SMALL else np.linalg.solve(H + SMALL * eye, -g)
        done = float(-g @ near) <= ROUNDING * abs(f)
        new = objective(w + d / unit)
        if new <= f - promise / 100:
            w, f, damping = w + d / unit, new, max(damping / 10, LEAST)
        else:
            damping = max(10 * damping, SMALL)
    return Result(w.copy(), np.float64(f), np.bool_(done), np.int64(k), np.int64(-1))


def units(loss: Any, D: Array) -> Array:
    """sqrt(C_jj + D_j), (p,): in these the objective curves by at most 1 along each weight."""
    bound = np.diag(inputs.finite("loss.curvature()", loss.curvature(), ndim=2)) + D
    return np.sqrt(np.where(bound > 0, bound, 1))
