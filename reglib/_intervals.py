"""Which steps are stable when decay comes after the step: not always one interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib.inputs import Array


def stable_intervals(H: Array, lam: float, D: Array) -> Array:
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
            with np.errstate(over="ignore"):
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
    with np.errstate(over="ignore"):
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
