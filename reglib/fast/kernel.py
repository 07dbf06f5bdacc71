"""The elastic net with known signs, from n x n systems: for more nonzero weights than rows."""

from __future__ import annotations

import numpy as np

from reglib.inputs import Array

NEAR = 40
"""So many columns are solved for beforehand: the signs that change are nearly always among them."""


class Kernel:
    """K = X_S X_S' / n over the columns S of nonzero weights, which join and leave it in turn.

    With a = (l1/l2) sign, w + a is the ridge regression of y + X a on the columns S, so with
    (K + l2 I) z = (y + X a) / n the residual y - X w is n l2 z. Hence the correlation of every
    column with it is c = l2 X' z, and where w is not 0, w = (c - l1 sign) / l2. Those near the
    border, |guess| = l1, are solved for with z: where only their signs turn out wrong, the next z
    is a correction of that rank (Woodbury 1950), and no other system.
    """

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y = X, y
        self.K, self.sign = np.zeros((len(X), len(X))), np.zeros(X.shape[1])

    def begin(self, l1: float, l2: float, guess: Array) -> None:
        """A new lambda, at which the signs are foretold by guess."""
        self.l1, self.l2, self.z = l1, l2, None
        self.near = np.argsort(np.abs(np.abs(guess) - l1))[:NEAR]
        self.beside = self.X[:, self.near]

    def weights(self, sign: Array) -> tuple[Array, Array]:
        """w (p,) with these signs where its signs come out right, and c (p,)."""
        turned = sign - self.sign
        if self.z is None or np.count_nonzero(turned) > np.count_nonzero(turned[self.near]):
            self._renew(sign)
            turned = sign - self.sign
        z = self.z + self.Z @ turned[self.near] * (self.l1 / self.l2 / len(self.X))
        moves = (np.abs(sign) - np.abs(self.sign))[self.near]  # 1 joins, -1 leaves
        J = moves.nonzero()[0]
        A, Z = self.beside[:, J], self.Z[:, J]
        z = z - Z @ np.linalg.solve(np.diag(len(self.X) * moves[J]) + A.T @ Z, A.T @ z)
        c = self.l2 * (z @ self.X)
        return np.where(sign != 0, (c - self.l1 * sign) / self.l2, 0), c

    def _renew(self, sign: Array) -> None:
        """K brought up to date, z for these signs, and Z for the columns near the border."""
        n, moves = len(self.X), np.abs(sign) - np.abs(self.sign)
        J = moves.nonzero()[0]
        A = self.X[:, J]
        self.K += A * (moves[J] / n) @ A.T
        self.sign = sign
        system = self.K.copy()
        system.flat[:: n + 1] += self.l2
        right = (self.y + self.l1 / self.l2 * (self.X @ sign)) / n
        solved = np.linalg.solve(system, np.column_stack([right, self.beside]))
        self.z, self.Z = solved[:, 0], solved[:, 1:]
