"""What a path asks of its data: X'X/n of all columns where they are few, else of those in use."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from reglib.inputs import Array

MANY = 4
"""Columns for each row from which on most of them never join, and the Gram matrix is not made."""


class Moments:
    """gram = X'X/n, h its diagonal, c = X'y/n, size^2 = ||y||^2/n."""

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y, self.n = X, y, len(X)
        self.c = y @ X / len(X)
        self.size = float(np.sqrt(np.square(y).mean()))
        self.wide = X.shape[1] > MANY * len(X)
        self.used, self.part = np.empty(0, int), np.empty((0, 0))

    @cached_property
    def gram(self) -> Array:
        return self.X.T @ self.X / self.n

    @cached_property
    def h(self) -> Array:
        return np.square(self.X).mean(axis=0) if self.wide else np.diag(self.gram)

    def among(self, S: Array) -> Array:
        """gram[S, S]; where columns are many, what was asked for before is there."""
        if not self.wide:
            return self.gram.take(S, axis=0).take(S, axis=1)
        new = np.setdiff1d(S, self.used)
        if new.size:
            A = self.X[:, new]
            beside = self.X[:, self.used].T @ A / self.n
            self.part = np.block([[self.part, beside], [beside.T, A.T @ A / self.n]])
            self.used = np.r_[self.used, new]
        order = np.argsort(self.used)
        at = order[np.searchsorted(self.used, S, sorter=order)]
        return self.part.take(at, axis=0).take(at, axis=1)

    def left(self, w: Array) -> Array:
        """c - gram w, the correlations of the columns with the residual."""
        return self.c - ((w @ self.X.T) @ self.X / self.n if self.wide else self.gram @ w)
