"""Which steps of gradient descent are stable, for each place that an L2 term can have."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib.diagnostics.curvature import hessian_of, penalized, with_l2
from reglib.inputs import Array, Mask, NonNegative, Placement, checked


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
    H = hessian_of(hessian_or_loss)
    h = np.linalg.eigvalsh(H)
    if h[0] < -1e-12 * max(h[-1], -h[0]):
        raise ValueError(f"hessian must have no negative eigenvalue, got {h[0]:.4g}")
    if placement == "shrink_after":
        lam, D = np.asarray(lam), penalized(mask, H)
        stable = [_stable_intervals(H, float(x), D) for x in lam.flat]
        if islands:
            return stable[0]
        return np.reshape([intervals[0, 1] for intervals in stable], lam.shape[:-1])[()]
    sign = -1 if placement == "proximal" else +1
    top = np.linalg.eigvalsh(with_l2(H, lam, mask, sign))[..., -1]
    limit = np.where(top > 0, 2 / np.where(top > 0, top, 1), np.inf)[()]
    return np.array([[0.0, limit]]) if islands else limit


def _stable_intervals(H: Array, lam: float, D: Array) -> Array:
    """All s with every |eigenvalue| of (I - s lam D)(I - s H) at most 1, as intervals (k, 2)."""
    if lam == 0:
        top = np.linalg.eigvalsh(H)[-1]
        return np.array([[0.0, 2 / top if top > 0 else np.inf]])
    h = np.maximum(np.linalg.eigvalsh(H), 0)
    moved = h[h > np.finfo(float).eps * len(h) * h[-1]]
    if not moved.size:
        return np.array([[0.0, 2 / lam if D.any() else np.inf]])
    eye = np.eye(len(H))

    def stable(s: Array) -> Array:
        s = np.asarray(s)[..., None]
        if D.all():
            values = (1 - s * lam) * (1 - s * h)
        else:
            s = s[..., None]
            values = np.linalg.eigvals((eye - s * lam * np.diag(D)) @ (eye - s * H))
        return np.abs(values).max(axis=-1) <= 1 + 1e-12  # a weight that never moves has exactly 1

    edges = _crossings(moved, lam) if D.all() else _bisected(moved, lam, stable)
    inside = stable((edges[:-1] + edges[1:]) / 2)
    starts = edges[:-1][inside & ~np.r_[False, inside[:-1]]]
    ends = edges[1:][inside & ~np.r_[inside[1:], False]]
    return np.column_stack([starts, ends])


def _crossings(h: Array, lam: float) -> Array:
    """Every s at which (1 - s lam)(1 - s h) is 1 or -1 for some h > 0: roots of two quadratics.

    Written in q = smaller / larger of (h, lam), so that nothing cancels or overflows.
    """
    small, large = np.minimum(h, lam), np.maximum(h, lam)
    q = small / large
    real = (1 + q) ** 2 >= 8 * q
    root = 1 + q[real] + np.sqrt((1 + q[real]) ** 2 - 8 * q[real])
    minus_one = np.r_[4 / (large[real] * root), root / (2 * small[real])]
    edges = np.unique(np.r_[0.0, minus_one, 1 / h + 1 / lam, 2 / lam])
    return edges[np.isfinite(edges)]


def _bisected(h: Array, lam: float, stable: Any) -> Array:
    """Where `stable` changes, found on a geometric grid of 0.5 % and sharpened by bisection."""
    far = 2.01 * max(1 / lam, 1 / h[0])  # beyond it |det| > 1, so some eigenvalue is outside
    near = 1 / (h[-1] + lam)
    grid = np.geomspace(near, far, 2 + int(np.log(far / near) / 0.005))
    good = stable(grid)
    low, high = grid[:-1][good[:-1] != good[1:]], grid[1:][good[:-1] != good[1:]]
    was = stable(low)
    for _ in range(50):
        middle = (low + high) / 2
        same = stable(middle) == was
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.r_[0.0, low, far]
