"""The lasso's homotopy: from knot to knot, every event exact, by sweeps of the Gram matrix.

All it takes is gram = X'X/n (p, p), c = X'y/n (p,) and size, the root mean square of y.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from reglib.inputs import Array

EPS = float(np.finfo(float).eps)
WORN = 1e4
"""Rounding errors, in units of EPS, at which the tableau is made afresh."""


class Tableau:
    """G = X'X/n of columns scaled to length 1, swept on the active weights S, and f + lam g.

    f + lam g holds the weights of S and the correlations x_j'(y - X w)/n of the others, so that two
    vectors describe all of a segment between knots. Swept: T_SS = -K with K = inv(G_SS), T_SN =
    K G_SN, T_NN = G_NN - G_NS K G_SN, N the others. With a = column j of T and the pivot d = a_j,
    j joins S by T - aa'/d, with 1 taken from a_j before and 2 from T_jj; it leaves by the same with
    1 and 2 added. So sweeps can wait and be applied BLOCK at a time, as one product of matrices.
    Source: Goodnight 1979 for the sweep.
    """

    BLOCK = 64

    def __init__(self, gram: Array, c: Array, size: float, sign: Array) -> None:
        self.data = gram, c, size
        self.renew(sign)

    def renew(self, sign: Array) -> None:
        """Made from the data, with the weights active that have a sign."""
        gram, c, size = self.data
        p, length = len(c), np.sqrt(np.diag(gram))
        # In units of a column of length 1 its weight is longer, and lam counts this much for it.
        self.unit = 1 / np.where(length > 0, length, 1)
        self.T = gram * self.unit
        self.T *= self.unit[:, None]
        self.f, self.g = c * self.unit, np.zeros(p)
        self.sign, self.collinear = np.zeros(p), np.zeros(p, dtype=bool)
        self.a, self.d, self.waiting = np.empty((self.BLOCK, p)), np.empty(self.BLOCK), 0
        # A correlation of the size of `least` and a rate of the size of `flat` are rounding.
        self.least = 4 * EPS * size / self.unit
        self.flat = 1e-13 * self.unit
        self.wear = 0.0  # what leaving weights did to T in rounding errors, in units of EPS
        for j in np.flatnonzero(sign):
            self.join(j, self.column(j), sign[j])

    def weights(self, lam: float) -> Array:
        return np.where(self.sign != 0, (self.f + lam * self.g) * self.unit, 0)

    def next_event(self, now: float) -> tuple[float, int]:
        """The largest lam <= now at which a weight of S reaches 0 or a correlation lam; its index.

        The distance lam rate - side f is 0 there. Of events that coincide the least index is
        first, so that a tie cannot go round in circles (Murty 1974).
        """
        active = self.sign != 0
        side = np.where(active, -self.sign, np.sign(self.f))
        rate = np.where(active, 0, self.unit) - side * self.g
        rate[(rate < self.flat) | self.collinear] = np.inf
        lam = np.minimum(side * self.f / rate, now)
        lam[lam <= self.least] = 0
        j = int((lam >= lam.max() * (1 - 1e-12)).argmax())
        return float(lam[j]), j

    def column(self, j: int) -> Array:
        a, d = self.a[: self.waiting], self.d[: self.waiting]
        return self.T[j] - (a[:, j] / d) @ a

    def noise(self, a: Array) -> float:
        """A pivot below this is rounding: the column is a combination of the active ones."""
        return 8 * EPS * ((1 + np.abs(a) @ np.abs(self.sign)) ** 2 + self.wear)

    def join(self, j: int, a: Array, sign: float) -> None:
        self.sign[j] = sign
        self.g[j] -= sign * self.unit[j]
        self._sweep(j, a, -1)

    def leave(self, j: int, a: Array) -> None:
        self.wear += np.abs(a).max() ** 2 / -a[j]
        self._sweep(j, a, +1)
        self.g[j] += self.sign[j] * self.unit[j]
        self.sign[j] = 0
        self.collinear[:] = False

    def _sweep(self, j: int, a: Array, turn: int) -> None:
        d = a[j]
        a[j] += turn
        self.T[j, j] += 2 * turn
        self.f -= a * (self.f[j] / d)
        self.g -= a * (self.g[j] / d)
        self.a[self.waiting], self.d[self.waiting] = a, d
        self.waiting += 1
        if self.waiting == self.BLOCK:
            self.T -= (self.a / self.d[:, None]).T @ self.a
            self.waiting = 0


def walk(t: Tableau, lam: float, stop: float) -> Iterator[tuple[float, int, int, Array]]:
    """From lam down to `stop`: at each knot lam, the index, +1 or -1, the weights; t is past it."""
    while True:
        lam, j = t.next_event(lam)
        if lam <= stop:
            return
        a, joins = t.column(j), t.sign[j] == 0
        if joins and a[j] <= t.noise(a):
            if t.wear:
                t.renew(t.sign)
            else:
                t.collinear[j] = True
            continue
        w = t.weights(lam)
        w[j] = 0
        if joins:
            t.join(j, a, np.sign(t.f[j]))
        else:
            t.leave(j, a)
        if t.wear > WORN:
            t.renew(t.sign)
        yield lam, j, 1 if joins else -1, w


def every_knot(gram: Array, c: Array, size: float, stop: float) -> tuple[Array, Array, tuple]:
    """Knots (k,) from lam_max down to `stop`, the weights there (k, p), and the events."""
    t, most = Tableau(gram, c, size, np.zeros(len(c))), 1000 * (1 + len(c))
    steps = [*islice(walk(t, np.inf, stop), most)]  # a path may be longer; its gap will say so
    knots, corners = [lam for lam, *_ in steps], [w for *_, w in steps]
    events = tuple((lam, j, turn) for lam, j, turn, _ in steps)
    return np.array([*knots, stop]), np.array([*corners, t.weights(stop)]), events


def between(knots: Array, corners: Array, lams: Array) -> Array:
    """The weights (k, p) at lams (k,), linear between those at descending knots."""
    last = np.searchsorted(-knots, -lams, side="right") - 1  # the last knot at or above; -1: none
    above, below = np.maximum(last, 0), np.minimum(last + 1, len(knots) - 1)
    width = knots[above] - knots[below]
    slope = (corners[below] - corners[above]) / np.where(width > 0, width, 1)[:, None]
    return slope * np.where(last < 0, 0, knots[above] - lams)[:, None] + corners[above]
