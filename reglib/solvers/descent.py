"""Minimizers that go step by step: gradient descent in four placements, ISTA and FISTA.

`gradient_descent` and `proximal_gradient` work on any leading axes of w0, `step` and `lam`: one
call runs a whole grid, and a configuration that goes to infinity does not disturb its neighbors.
Divergence is a result with the iteration at which it happened, never a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reglib import inputs
from reglib.inputs import (
    DIVERGED,
    Array,
    Count,
    Hyper,
    NonNegativeNumber,
    ObjectiveLike,
    PenaltyLike,
    Placement,
    Positive,
    Start,
    checked,
    norm,
)
from reglib.penalties import L2

ROUNDING = 4 * np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Result:
    """What a solver found; leading axes (...) are those of the sweep.

    w (..., P): the last weights. objective (...): loss + penalty there. converged (...): the last
    change, divided by the step, was at most `tol` times the first one, so no unit of X or y
    decides; a change that rounding hides from w counts, unless tol is 0. n_iter (...): steps taken.
    diverged_at (...): the first k at which a weight of w_k was at least 1e12 in size or not finite,
    else -1. path (k + 1, ..., P): w_0 to w_k where it was recorded, else None;
    runs that stopped stay put.
    """

    w: Array
    objective: Array
    converged: Any
    n_iter: Any
    diverged_at: Any
    path: Array | None = None


def _run(
    update: Callable[[Array, Array, int], Array],
    objective: Callable[[Array], Array],
    w0: Array,
    step: Hyper | Callable[[], Hyper],
    tol: float,
    max_iter: int,
    record: bool,
) -> Result:
    """Repeat w <- update(w, previous w, k) until every run has converged or diverged.

    `step` may be a function that tells the step of the last update.
    """
    # The first update knows every sweep there is: that of w0, the step and the penalty together.
    shape = np.broadcast_shapes(w0.shape, update(w0, w0, 1).shape)
    w = previous = np.broadcast_to(w0, shape)
    n_iter = np.zeros(shape[:-1], dtype=int)
    diverged = ~(np.abs(w).max(axis=-1) < DIVERGED)
    converged, active = np.zeros_like(diverged), ~diverged
    path, start = [w], np.zeros(())
    for k in range(1, max_iter + 1):
        if not active.any():
            break
        new = np.where(active[..., None], update(w, previous, k), w)
        n_iter += active
        s = step() if callable(step) else step
        moved = norm((new - w) / s)[..., 0]
        diverged = diverged | ~(np.abs(new).max(axis=-1) < DIVERGED)  # NaN is not < anything
        start = moved if k == 1 else start
        enough = moved <= tol * start
        if tol > 0:  # started at the minimum, the first change is rounding itself
            enough |= norm(new - w)[..., 0] <= ROUNDING * norm(new)[..., 0]
        converged = converged | (active & ~diverged & enough)
        active = ~(diverged | converged)
        w, previous = new, w
        if record:
            path.append(w)
    return Result(
        w=w.copy(),
        objective=objective(w),
        converged=converged[()],
        n_iter=n_iter[()],
        diverged_at=np.where(diverged, n_iter, -1)[()],
        path=np.stack(path) if record else None,
    )


@checked
def gradient_descent(
    loss: ObjectiveLike,
    penalty: PenaltyLike | None,
    w0: Start,
    *,
    step: Positive,
    placement: Placement = "coupled",
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 10_000,
    record: bool = False,
) -> Result:
    """Minimize loss + penalty with a constant step s; g is the gradient of
    the loss, P' of P.

    coupled       w <- w - s (g(w) + P'(w))     the two gradients are added
    decoupled     w <- (w - s P'(w)) - s g(w)   both at w: the same iteration
    shrink_after  u = w - s g(w);  w <- u - s P'(u)
    proximal      w <- prox(w - s g(w), s)

    w0 (..., P) finite; step a number > 0 or an array (..., 1), in units of
    w^2 / loss; penalty None means no penalty. A run stops when ||w_k -
    w_{k+1}|| <= tol ||w_0 - w_1||, or at 1e12. ValueError: a step <= 0, an
    unknown placement, shapes that do not match. Source: Loshchilov and Hutter
    2019 (coupled, decoupled); Combettes and Wajs 2005 (proximal).

    >>> from reglib.datasets import article
    >>> from reglib.losses import SquaredError
    >>> X, y, _ = article()
    >>> run = gradient_descent(SquaredError(X, y), None, [3.0, 2.0], step=0.1)
    >>> run.w.round(6), bool(run.converged)
    (array([-2.5,  3.5]), True)
    """
    s, P = step, L2(0.0) if penalty is None else penalty
    g, dP = loss.gradient, lambda w: P.subgradient(w)
    updates = {
        "coupled": lambda w, *_: w - s * (g(w) + dP(w)),
        "decoupled": lambda w, *_: (w - s * dP(w)) - s * g(w),
        "shrink_after": lambda w, *_: (u := w - s * g(w)) - s * dP(u),
        "proximal": lambda w, *_: P.prox(w - s * g(w), s),
    }
    return _run(
        updates[placement],
        lambda w: loss.value(w) + (0 if penalty is None else P.value(w)),
        w0,
        s,
        tol,
        max_iter,
        record,
    )


@checked
def proximal_gradient(
    loss: ObjectiveLike,
    penalty: PenaltyLike,
    w0: Start,
    *,
    step: Positive | None = None,
    accelerated: bool = True,
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 10_000,
    record: bool = False,
) -> Result:
    """Minimize loss + penalty by w <- prox(z - s grad(z), s): ISTA with z = w, FISTA accelerated.

    FISTA takes z = w_k + (k - 1)/(k + 2) (w_k - w_{k-1}). `step` is a number > 0 or an array
    (..., 1); None is 1/L, the largest step for which the O(1/k^2) rate is proved.
    Source: Daubechies, Defrise and De Mol 2004; Beck and Teboulle 2009; the momentum is that of
    Chambolle and Dossal 2015 with a = 3.

    >>> from reglib.datasets import article
    >>> from reglib.losses import SquaredError
    >>> from reglib.penalties import L1, Masked
    >>> X, y, _ = article()
    >>> run = proximal_gradient(SquaredError(X, y), Masked(L1(1.0), [False, True]), [3.0, 2.0])
    >>> run.w.round(6)
    array([-1.,  3.])
    """
    top = inputs.measured("loss", loss).lipschitz() if step is None else 0.0
    s = inputs.positive("step", (1 / top if top > 0 else 1.0) if step is None else step)

    def update(w: Array, previous: Array, k: int) -> Array:
        z = w + (k - 1) / (k + 2) * (w - previous) if accelerated else w
        return penalty.prox(z - s * loss.gradient(z), s)

    return _run(
        update,
        lambda w: loss.value(w) + penalty.value(w),
        w0,
        s,
        tol,
        max_iter,
        record,
    )
