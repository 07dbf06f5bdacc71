"""Ridge regression by the eigenvalues of the smaller Gram matrix, where that costs no digits."""

from __future__ import annotations

import numpy as np

from reglib.inputs import Array, Hyper

LARGE = 100
"""Rows and columns from which on the singular values of X take noticeably longer."""
WORST = 1e4
"""Above this condition the Gram matrix, which squares that of X, costs too many digits."""


def by_gram(X: Array, y: Array, lam: Hyper) -> Array | None:
    """w (..., p) from X'X = V diag(e) V' or XX' = U diag(e) U', whichever is smaller.

    w = V diag(1 / (e + n lam)) V'X'y = X'U diag(1 / (e + n lam)) U'y. None where X is small, and
    where (e_1 + n lam) / (e_k + n lam) exceeds WORST.
    """
    n, p = X.shape
    if min(n, p) < LARGE:
        return None
    e, vectors = np.linalg.eigh(X.T @ X if n >= p else X @ X.T)
    if not e[-1] + n * np.min(lam) <= WORST * (e[0] + n * np.min(lam)):
        return None
    shrink = 1 / (e + n * lam)
    if n >= p:
        return shrink * ((y @ X) @ vectors) @ vectors.T
    return shrink * (y @ vectors) @ vectors.T @ X
