"""Gradient descent that finds its steps by itself: backtracking, and Barzilai and Borwein's step.

Both work on any leading axes, each run with steps of its own. A penalty joins the loss (the coupled
placement), so it should be smooth.
"""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from reglib import inputs
from reglib.inputs import (
    Array,
    Count,
    Hyper,
    NonNegativeNumber,
    ObjectiveLike,
    PenaltyLike,
    Positive,
    Start,
    checked,
    hyper,
    over_weights,
)
from reglib.penalties import Penalty
from reglib.solvers.descent import Result, _run

Inner = Annotated[Hyper, hyper("> 0 and < 1", lambda a: (a > 0) & (a < 1))]


class _Objective:
    """loss + penalty, and its gradient."""

    def __init__(self, loss: Any, penalty: Penalty | None) -> None:
        self.loss, self.penalty = loss, penalty

    def value(self, w: Array) -> Array:
        f = self.loss.value(w)
        return f if self.penalty is None else f + self.penalty.value(w)

    def gradient(self, w: Array) -> Array:
        g = inputs.floats("loss.gradient(w)", self.loss.gradient(w))
        return g if self.penalty is None else g + self.penalty.subgradient(w)


@checked
def backtracking(
    loss: ObjectiveLike,
    w0: Start,
    *,
    step: Positive,
    shrink: Inner = 0.5,
    slope: Inner = 0.5,
    penalty: PenaltyLike | None = None,
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 10_000,
    record: bool = False,
) -> Result:
    """w <- w - s g with the first s of step, shrink step, shrink^2 step, ... that is good enough.

    Good enough means f(w - s g) <= f(w) - slope s ||g||^2 for the objective f = loss + penalty, so
    f never increases. Each iteration starts again from `step`. Where no s that still changes w is
    good enough, the run has converged to rounding. w0 (..., P); step > 0 in units of w^2 / loss, 0
    < shrink, slope < 1: numbers or arrays (..., 1). ||g|| <= tol times the first
    ends a run. ValueError: other values.
    Source: Armijo 1966.

    >>> from reglib.losses import SquaredError
    >>> run = backtracking(SquaredError([[1.0], [2.0]], [2.0, 4.0]), [0.0], step=50.0)
    >>> run.w.round(6), bool(run.converged)
    (array([2.]), True)
    """
    f = _Objective(loss, penalty)
    first, taken, slope = step, step, over_weights(slope)
    shape = np.broadcast_shapes(np.shape(first), np.shape(shrink))

    def update(w: Array, previous: Array, k: int) -> Array:
        nonlocal taken
        value, g = f.value(w), f.gradient(w)
        gain = slope * np.square(g).sum(axis=-1)
        lost = ~np.isfinite(value - gain)
        # What did not move before will not move now: a run that is over costs no halvings.
        over = (w == previous).all(axis=-1) & (k > 1)
        s = np.broadcast_to(first, np.broadcast_shapes(shape, np.shape(gain) + (1,)))
        while True:
            new = w - s * g
            good = f.value(new) <= value - gain * s[..., 0]
            done = good | lost | over | (new == w).all(axis=-1)
            if done.all():
                break
            s = np.where(done[..., None], s, s * shrink)
        taken = s
        return np.where(good[..., None], new, np.where(lost[..., None], np.nan, w))

    return _run(update, f.value, w0, lambda: taken, tol, max_iter, record)


@checked
def barzilai_borwein(
    loss: ObjectiveLike,
    w0: Start,
    *,
    step: Positive,
    penalty: PenaltyLike | None = None,
    tol: NonNegativeNumber = 1e-10,
    max_iter: Count = 10_000,
    record: bool = False,
) -> Result:
    """w <- w - s g, s = (dw . dw)/(dw . dg): dw, dg the last changes of w and of the gradient g.

    The inverse of s lies between the smallest and the largest curvature met on the way. `step` > 0,
    a number or an array (..., 1), is the first s, and stands in where dw . dg <= 0. On a quadratic
    with a positive definite Hessian the run converges from any start, though not steadily: the
    objective may rise on the way. Elsewhere it may diverge, which is a result. w0 (..., P); a run
    ends with ||g|| <= tol times the first.
    Source: Barzilai and Borwein 1988; Raydan 1993 (convergence).

    >>> from reglib.losses import SquaredError
    >>> run = barzilai_borwein(SquaredError([[1.0], [2.0]], [2.0, 4.0]), [0.0], step=50.0)
    >>> run.w.round(6), int(run.n_iter)
    (array([2.]), 3)
    """
    f = _Objective(loss, penalty)
    first, taken, last = step, step, np.zeros(())

    def update(w: Array, previous: Array, k: int) -> Array:
        nonlocal taken, last
        g = f.gradient(w)
        dw, dg = w - previous, g - last  # dw is 0 at k = 1, which has no step before it
        unit = np.ldexp(1.0, np.frexp(np.abs(dw).max(axis=-1, keepdims=True))[1])
        bend = (dw / unit * dg).sum(axis=-1, keepdims=True)
        length = unit * np.square(dw / unit).sum(axis=-1, keepdims=True)
        curved = (bend > 0) & np.isfinite(bend)
        taken, last = np.where(curved, length / np.where(curved, bend, 1), first), g
        return w - taken * g

    return _run(update, f.value, w0, lambda: taken, tol, max_iter, record)
