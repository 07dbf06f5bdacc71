"""The one duality gap by which every solver of a path is judged, ours and theirs."""

from __future__ import annotations

import numpy as np


def relative_gap(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, lam: float, l1_ratio: float = 1.0
) -> float:
    """(P(w) - D(u)) / (||y||^2 / 2n) from X, y and w alone, with the dual point u made of y - X w.

    P(w) = ||y - X w||^2 / 2n + l1 ||w||_1 + l2/2 ||w||^2 with l1 = lam l1_ratio, l2 the rest, and
    D(u) = (||y||^2 - ||y - u||^2) / 2n - sum_j max(|x_j'u|/n - l1, 0)^2 / (2 l2). Without l2 the
    last term is infinite, unless u is the residual made shorter until it is 0.
    """
    n, r = len(y), y - X @ w
    l1, l2 = lam * l1_ratio, lam * (1 - l1_ratio)
    primal = r @ r / (2 * n) + l1 * np.abs(w).sum() + l2 / 2 * (w @ w)
    c = X.T @ r / n
    if l2 > 0:
        excess = np.square(np.maximum(np.abs(c) - l1, 0)).sum() / (2 * l2)
        dual = (y @ y - (y - r) @ (y - r)) / (2 * n) - excess
    else:
        u = r * min(1, l1 / max(np.abs(c).max(), np.finfo(float).tiny))
        dual = (y @ y - (y - u) @ (y - u)) / (2 * n)
    return float((primal - dual) / (y @ y / (2 * n)))


def worst_gap(
    X: np.ndarray, y: np.ndarray, W: np.ndarray, lams: np.ndarray, l1_ratio: float = 1.0
) -> float:
    """The largest gap along a path: weights W (k, p) at lams (k,)."""
    return max(relative_gap(X, y, w, lam, l1_ratio) for w, lam in zip(W, lams, strict=True))
