"""The lasso's homotopy where columns are many: on the few that may join, the others looked after.

Its Gram matrix is that of at most a few n columns, so memory is what X takes and not p^2.
"""

from __future__ import annotations

from itertools import islice

import numpy as np

from reglib.fast.homotopy import EPS, Tableau, walk
from reglib.inputs import Array

ROOM = 1.5
"""Columns in the tableau for each row: no more than n are active, the rest are next to join."""
FIRST = 64
"""Columns in the first tableau; each that turns out too small is followed by one twice as large."""
BLOCK = 64
"""Knots between two looks at the columns left out: one product of matrices for them all."""
TIE = 1e-9
"""A correlation above lam by no more than this is a tie: its square is in the gap."""


def screened(X: Array, y: Array, stop: float) -> tuple[Array, Array, Array, tuple]:
    """Knots (k,), the columns S that ever joined, the weights (k, S) there, and the events.

    Between knots every correlation and lam are linear. So if no column that was left out has a
    correlation above lam at any knot, it has none between them either, and the path is that of
    all columns. Where one has, the path is right up to the knot before; there the tableau is made
    anew, with that column in it. Source: the idea of sequential screening with a check afterwards
    is that of Tibshirani et al. 2012.
    """
    c, size = y @ X / len(X), float(np.sqrt(np.square(y).mean()))
    rounding = 64 * EPS * size * np.sqrt(np.square(X).mean(axis=0))
    at, sign, close, must = np.inf, np.zeros(len(c)), np.abs(c), np.zeros(len(c), dtype=bool)
    knots: list[float] = []
    parts: list[tuple[Array, Array]] = []
    events: list[tuple] = []
    room = FIRST
    while at > stop:
        keep = _nearest(close, (sign != 0) | must, min(room, int(ROOM * len(X))))
        room *= 2
        A = X[:, keep]
        t = Tableau(A.T @ A / len(X), c[keep], size, sign[keep])
        while at > stop:
            lams, W, found, signs = _block(t, at, stop)
            correlations = np.abs((y - W @ A.T) @ X) / len(X)
            over = correlations > lams[:, None] * (1 + TIE) + rounding
            over[:, keep] = False
            wrong = over.any(axis=1)
            k = int(wrong.argmax()) if wrong.any() else len(lams)
            knots += [*lams[:k]]
            parts.append((keep, W[:k]))
            events += [(lam, int(keep[j]), turn) for lam, j, turn in found[:k]]
            if k:
                at, close, must = float(lams[k - 1]), correlations[k - 1], np.zeros_like(must)
                sign[:], sign[keep] = 0, signs[k - 1]
            if k < len(lams):
                must |= over[k]
                break
    return np.array(knots), *_joined(parts, len(c)), tuple(events)


def _nearest(close: Array, must: Array, room: int) -> Array:
    """The columns that must be there, and those with the largest correlations, `room` in all."""
    score = np.where(must, np.inf, close)
    most = min(max(room, np.count_nonzero(must)), len(score))
    return np.sort(np.argpartition(-score, most - 1)[:most])


def _block(t: Tableau, at: float, stop: float) -> tuple[Array, Array, list, list]:
    """At most BLOCK knots: lams (k,), weights (k, kept), events, the signs past each."""
    lams, W, found, signs = [], [], [], []
    for lam, j, turn, w in islice(walk(t, at, stop), BLOCK):
        lams.append(lam)
        W.append(w)
        found.append((lam, j, turn))
        signs.append(t.sign.copy())
    if len(lams) < BLOCK:
        lams.append(stop)
        W.append(t.weights(stop))
        signs.append(t.sign.copy())
    return np.array(lams), np.array(W), found, signs


def _joined(parts: list[tuple[Array, Array]], p: int) -> tuple[Array, Array]:
    """The columns of any nonzero weight, and the weights of all parts in these."""
    ever = np.zeros(p, dtype=bool)
    for keep, W in parts:
        ever[keep[W.any(axis=0)]] = True
    corners, place = np.zeros((sum(len(W) for _, W in parts), ever.sum())), np.cumsum(ever) - 1
    row = 0
    for keep, W in parts:
        here = ever[keep]
        corners[row : row + len(W), place[keep[here]]] = W[:, here]
        row += len(W)
    return np.flatnonzero(ever), corners
