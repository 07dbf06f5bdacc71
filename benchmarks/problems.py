"""The data of the table: real where there are any, else drawn from a seed."""

from __future__ import annotations

import numpy as np

from reglib.datasets import diabetes, standardize

Data = tuple[np.ndarray, np.ndarray]
DRAWN = {
    "tall 10000 x 200": (10_000, 200, 20, 0.0),
    "correlated 500 x 200": (500, 200, 20, 0.9),
    "wide 1000 x 2000": (1000, 2000, 200, 0.0),
    "wide 500 x 10000": (500, 10_000, 50, 0.0),
}
"""Rows, columns, nonzero weights, correlation of neighboring columns."""
REAL = ("diabetes 442 x 10", "degree-2 diabetes 442 x 64")


def problem(name: str, seed: int) -> Data:
    """X and centered y. A seed leaves out one row in 50 of real data: the same kind, other data."""
    rng = np.random.default_rng(seed)
    if name not in REAL:
        return drawn(*DRAWN[name], rng)
    X, y, _ = diabetes()
    X = degree_two(X) if "degree" in name else X
    kept = np.sort(rng.permutation(len(X))[len(X) // 50 :]) if seed else np.arange(len(X))
    return standardize(X[kept]).X, y[kept] - y[kept].mean()


def degree_two(X: np.ndarray) -> np.ndarray:
    """The columns of X, their squares and products, standardized, each kind once: 64 columns."""
    squares = [X[:, i] * X[:, j] for i in range(X.shape[1]) for j in range(i, X.shape[1])]
    every = standardize(np.column_stack([X, *squares])).X
    same = np.abs(np.triu(every.T @ every / len(X), 1)) > 1 - 1e-9  # the square of sex is sex
    return every[:, ~same.any(axis=0)]


def drawn(n: int, p: int, nonzero: int, correlation: float, rng: np.random.Generator) -> Data:
    """Gaussian columns, each correlated with the last; noise with half the signal's deviation."""
    X, w = rng.standard_normal((n, p)), np.zeros(p)
    for j in range(1, p if correlation else 0):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    w[:nonzero] = rng.standard_normal(nonzero)
    y = X @ w + np.sqrt(nonzero / 4) * rng.standard_normal(n)
    return X, y


def grid(X: np.ndarray, y: np.ndarray, l1_ratio: float = 1.0) -> np.ndarray:
    """100 lambdas from the largest that matters to a thousandth of it."""
    top = np.abs(X.T @ y).max() / (len(y) * l1_ratio)
    return np.geomspace(top, top / 1000, 100)
