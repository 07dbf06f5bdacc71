"""Least squares and ridge without steps: closed forms that cannot diverge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from reglib.fast.gram import by_gram
from reglib.inputs import Array, ColumnMask, Hyper, NonNegative, Table, Targets, checked


def least_squares(X: ArrayLike, y: ArrayLike) -> Array:
    """argmin_w 1/(2n) ||X w - y||^2 by the singular values of X; the shortest w where many fit.

    X (n, p), y (n,) -> w (p,). The units of the columns do not matter: they are scaled by powers of
    2 before the rank is taken, which `diagnostics.effective_dof(X, 0.0)` tells.
    Source: Golub and Van Loan, Matrix Computations, section 5.5.

    >>> least_squares([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]], [1.0, 3.0, 5.0]).round(12)
    array([-1.,  2.])
    """
    return ridge(X, y, 0.0)


@checked
def ridge(X: Table, y: Targets, lam: NonNegative, *, mask: ColumnMask | None = None) -> Array:
    """argmin_w 1/(2n) ||X w - y||^2 + lam/2 ||w[mask]||^2 by singular values, not by steps.

    With X = U diag(d) V', w = V diag(d / (d^2 + n lam)) U'y; at lam = 0 least squares. Columns that
    `mask` spares are projected out first. X (n, p), y (n,), lam a number >= 0 or an array (..., 1)
    -> w (..., p). Source: Hoerl and Kennard 1970.

    >>> X = [[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]]
    >>> ridge(X, [1.0, 3.0, 5.0], [[0.0], [1.0]], mask=[False, True]).round(4)
    array([[-1. ,  2. ],
           [ 1.4,  0.8]])
    """
    if mask is None:
        return _shrunk(X, y, lam)
    free, held = X[:, ~mask], X[:, mask]
    if not free.size:
        return _shrunk(X, y, lam)
    # What the free columns explain costs nothing, so the penalized ones see only the rest.
    fit = _shortest(free)
    to_free = np.column_stack([fit(column) for column in [y, *held.T]])
    left, size = held - free @ to_free[:, 1:], np.linalg.norm(held, axis=0)
    held_w = _shrunk(left, y - free @ to_free[:, 0], lam, size)
    w = np.empty(held_w.shape[:-1] + mask.shape)
    w[..., mask] = held_w
    w[..., ~mask] = to_free[:, 0] - held_w @ to_free[:, 1:].T
    return w


def _shrunk(X: Array, y: Array, lam: Hyper, size: Array | None = None) -> Array:
    """Ridge on all columns, least squares where lam = 0; see `rank` for size."""
    none = np.equal(lam, 0)
    if np.all(none):
        return np.tile(_shortest(X, size)(y), (*np.shape(lam)[:-1], 1))
    w = None if none.any() else by_gram(X, y, lam)
    if w is None:
        U, d, Vt = svd(X, None if size is None else np.linalg.norm(size))
        w = (y @ U / (d + len(X) * lam / d)) @ Vt
    return np.where(none, _shortest(X, size)(y), w) if none.any() else w


def _shortest(X: Array, size: Array | None = None) -> Callable[[Array], Array]:
    """The function of y that gives the shortest of the w that fit best.

    With z = D^-1 w for the scales D of `ranked`, V' z = U'y / d: that is a wide system for w.
    """
    (U, d, Vt), scale = ranked(X, size)
    if len(d) == X.shape[1]:
        return lambda y: scale * (y @ U / d @ Vt)
    Q, R = np.linalg.qr((Vt / scale).T)
    return lambda y: Q @ np.linalg.solve(R.T, y @ U / d)


def svd(X: Array, size: float | None = None) -> tuple[Array, Array, Array]:
    """U, d and V' of X = U diag(d) V', without what is rounding next to `size` or the largest d."""
    U, d, Vt = np.linalg.svd(X, full_matrices=False)
    size = d.max(initial=0.0) if size is None else size
    kept = d > np.finfo(float).eps * max(X.shape) * size
    return U[:, kept], d[kept], Vt[kept]


def ranked(X: Array, size: Array | None = None) -> tuple[tuple[Array, Array, Array], Array]:
    """`svd` of X scale, and the scale (p,), powers of 2 that bring each column's size below 1.

    So the units of a column do not decide the rank, and scaling rounds nothing. `size` (p,) are
    the lengths of the columns, or those they had before a part of them was taken away: what is
    left of a column is rounding in its own units.
    """
    size = np.linalg.norm(X, axis=0) if size is None else size
    scale = np.ldexp(1.0, -np.frexp(size)[1])
    return svd(X * scale, None if size is None else np.linalg.norm(size * scale)), scale
