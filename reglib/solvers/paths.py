"""Whole paths w(lam): lasso by exact homotopy, elastic net by Newton's method on signs, ridge.

No intercept and no centering, as in scikit-learn's functions of these names: center X and y first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array
from reglib.fast.homotopy import EPS, between, every_knot, read_off
from reglib.fast.kernel import Kernel
from reglib.fast.screened import screened
from reglib.solvers.coordinate import gap_at
from reglib.solvers.direct import ridge

TRIES = 5
"""How often Newton's method may fail to get closer to the right signs before it is given up."""
FULL = 0.8
"""Nonzero weights for each row from which on an n x n system is the cheaper one; see `Kernel`."""
MANY = 4
"""Columns for each row from which on most of them never join, and the Gram matrix is not made."""


@dataclass(frozen=True, eq=False)
class Path:
    """Solutions along a path. lam (k,) descending; w (k, p); objective (k,): loss + penalty.

    gap (k,): the duality gap of w, see `duality_gap`; it and the objective have rounding errors of
    1e-16 ||y||^2 / (2n). events: (lam, index, +1 or -1) where a weight of the lasso becomes nonzero
    or zero, down to the smallest lam; () for the other paths.
    """

    lam: Array
    w: Array
    objective: Array
    gap: Array
    events: tuple[tuple[float, int, int], ...] = ()


def lasso_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike | None = None) -> Path:
    """argmin_w 1/(2n) ||X w - y||^2 + lam ||w||_1 for every lam: exact, no tolerance, no steps.

    The weights are linear in lam between knots, where one of them joins or leaves. The homotopy
    starts at lam_max = ||X'y||_inf / n, where w = 0, and goes from knot to knot; any other lam is
    read off by linear interpolation. lams (k,) >= 0 in any order, sorted in the result; None
    returns a row for each event (equal rows where events coincide) and a last one at lam = 0.
    Any n and p; where solutions are not unique, as with equal columns, one of them. Memory 8 p^2
    bytes. X'X/n squares the condition number of X: look at `gap`. ValueError: lams empty, negative
    or NaN. Source: Osborne, Presnell and Turlach 2000; Efron, Hastie, Johnstone and Tibshirani
    2004.

    >>> path = lasso_path([[1.0, 0.0], [0.0, 1.0]], [3.0, 1.0])
    >>> path.lam, path.events
    (array([1.5, 0.5, 0. ]), ((1.5, 0, 1), (0.5, 1, 1)))
    >>> lasso_path([[1.0, 0.0], [0.0, 1.0]], [3.0, 1.0], [0.25, 1.0]).w
    array([[1. , 0. ],
           [2.5, 0.5]])
    """
    data = _Moments(*_checks.design(X, y))
    grid = None if lams is None else _checks.descending("lams", lams)
    if data.X.shape[1] > MANY * len(data.X):
        lams, S, corners, events = screened(data.X, data.y, 0.0 if grid is None else grid[-1])
        w = np.zeros((len(lams if grid is None else grid), data.X.shape[1]))
        w[:, S] = corners if grid is None else between(lams, corners, grid)
    elif grid is None:
        lams, w, events = every_knot(data.gram, data.c, data.size, 0.0)
    else:
        w, events = read_off(data.gram, data.c, data.size, grid)
    return data.certified(w, lams if grid is None else grid, 1.0, events)


def elastic_net_path(
    X: ArrayLike, y: ArrayLike, lams: ArrayLike | None = None, *, l1_ratio: float
) -> Path:
    """argmin_w 1/(2n) ||X w - y||^2 + lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2).

    For fixed signs w solves one linear system, so each lam is a search for the signs, from those
    that the last two solutions promise: exact, no tolerance. lams (k,) >= 0 in any order, sorted in
    the result; None is 100 values from lam_max = ||X'y||_inf / (n l1_ratio), where w = 0, to
    lam_max / 1000, equally spaced in log lam. An L2 term below 1e-12 of every column's mean square,
    as at lam = 0 or l1_ratio 1, is left out. ValueError: lams empty, negative or NaN; l1_ratio not
    in (0, 1]: at 0 lam_max is infinite.
    Source: Zou and Hastie 2005, in the parametrization of scikit-learn.

    >>> elastic_net_path([[1.0, 0.0], [0.0, 1.0]], [3.0, 1.0], [2.0, 1.0], l1_ratio=0.5).w
    array([[0.33333333, 0.        ],
           [1.        , 0.        ]])
    """
    X, y = _checks.design(X, y)
    ratio = _checks.proportion("l1_ratio", l1_ratio)
    if not isinstance(ratio, float):
        raise ValueError(f"l1_ratio must be a number for a path, got shape {ratio.shape}")
    if ratio == 0:
        raise ValueError(
            "l1_ratio must be > 0 for a path, got 0: without an L1 term no lam makes every weight "
            "0, so lam_max is infinite and there is nowhere to start; see ridge_path"
        )
    data = _Moments(X, y)
    if lams is None:
        lam_max = np.abs(data.c).max() / ratio
        lams = np.geomspace(lam_max, lam_max / 1000, 100) if lam_max > 0 else [0.0]
    lams = _checks.descending("lams", lams)
    w = np.empty((len(lams), X.shape[1]))
    weak = lams * (1 - ratio) <= 1e-12 * data.h.min(initial=np.inf, where=data.h > 0)
    if weak.any():
        w[weak] = read_off(data.gram, data.c, data.size, lams[weak] * ratio)[0]
    if not weak.all():
        w[~weak] = _newton(data, lams[~weak], ratio)
    return data.certified(w, lams, ratio)


def ridge_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Path:
    """argmin_w 1/(2n) ||X w - y||^2 + lam/2 ||w||^2 for every lam, from one SVD; see `ridge`.

    lams (k,) >= 0 in any order, sorted in the result. Every weight is penalized, as on the other
    paths; `ridge` spares some. ValueError: lams empty, negative or NaN.

    >>> ridge_path([[1.0], [1.0]], [3.0, 5.0], [0.0, 1.0]).w
    array([[2.],
           [4.]])
    """
    X, y = _checks.design(X, y)
    lams = _checks.descending("lams", lams)
    return _Moments(X, y).certified(ridge(X, y, lams[:, None]), lams, 0.0)


class _Moments:
    """Of the data: gram = X'X/n, h its diagonal, c = X'y/n, size^2 = ||y||^2/n."""

    def __init__(self, X: Array, y: Array) -> None:
        self.X, self.y, self.c = X, y, y @ X / len(X)
        self.size = float(np.sqrt(np.square(y).mean()))

    @cached_property
    def gram(self) -> Array:
        return self.X.T @ self.X / len(self.X)

    @cached_property
    def h(self) -> Array:
        return np.diag(self.gram)

    def certified(self, w: Array, lams: Array, ratio: float, events: tuple = ()) -> Path:
        wide = self.X.shape[1] > MANY * len(self.X)
        product = w @ self.X.T @ self.X / len(self.X) if wide else w @ self.gram
        c, lam = self.c - product, lams[:, None]
        loss = np.maximum(self.size**2 - ((self.c + c) * w).sum(axis=-1), 0) / 2
        cost = lam * (ratio * np.abs(w) + (1 - ratio) / 2 * np.square(w))
        gap = gap_at(self.X, self.y, w, c, lam, ratio)
        return Path(lams, w, loss + cost.sum(axis=-1), gap, events)


def _newton(data: _Moments, lams: Array, ratio: float) -> Array:
    """The elastic net's weights (k, p) for descending lams > 0, each from the last two."""
    gram, c, h = data.gram, data.c, data.h
    rows, kernel = [], None
    v = before = c
    for k, lam in enumerate(lams):
        l1, l2 = lam * ratio, lam * (1 - ratio)
        # v has the sign of w and |v| > l1 where w is not 0: extrapolated, it foretells the signs.
        last = lams[k - 2] - lams[k - 1] if k > 1 else 0
        guess = v + (lams[k - 1] - lam) / last * (v - before) if last > 0 else v
        sign = np.where(np.abs(guess) > l1, np.sign(guess), 0)
        full = np.count_nonzero(sign) > FULL * len(data.X)
        if full and l2 > 1e-4 * h.max():  # that many digits an n x n system loses
            kernel = kernel or Kernel(data.X, data.y)
            kernel.begin(l1, l2, guess)
            w, r, right = _signed(data, l1, l2, sign, kernel)
        else:
            w, r, right = _signed(data, l1, l2, sign)
        if not right:
            # With gram + l2 I the elastic net is a lasso, whose homotopy needs no search; but over
            # an l2 of rounding size it stumbles, and does without.
            seen = l2 if l2 > 1e-9 * h.max() else 0
            slow = every_knot(gram + seen * np.eye(len(c)), c, data.size, l1)[1][-1]
            w, r, right = _signed(data, l1, l2, np.sign(slow))
            w, r = (w, r) if right else (slow, c - gram @ slow)
        before, v = v, (h - l2) * w + r
        rows.append(w)
    return np.array(rows)


def _signed(
    data: _Moments, l1: float, l2: float, sign: Array, kernel: Kernel | None = None
) -> tuple[Array, Array, bool]:
    """w with the signs it was solved for and |c - gram w| <= l1 where it is 0; were they found?

    Solves for the nonzero weights, corrects every wrong sign, and repeats: Newton's method. It may
    go round in circles, so it ends when TRIES in a row do not bring fewer wrong signs than ever
    before.
    """
    h = data.h
    diagonal = l2 + 8 * EPS * h  # so much rounding keeps equal columns apart
    fewest, tries = len(h) + 1, TRIES
    while tries:
        if kernel:
            w, c = kernel.weights(sign)
        else:
            S = sign.nonzero()[0]
            system = data.gram.take(S, axis=0).take(S, axis=1)
            system.flat[:: len(S) + 1] += diagonal[S]
            w = np.zeros(len(h))
            w[S] = np.linalg.solve(system, data.c[S] - l1 * sign[S])
            c = data.c - data.gram @ w
        # A tie, |c| = l1 but for rounding, is not wrong.
        wrong = np.where(sign != 0, w * sign < 0, np.abs(c) > l1 * (1 + 1e-10))
        count = np.count_nonzero(wrong)
        if count == 0:
            return w, c, True
        tries = TRIES if count < fewest else tries - 1
        fewest = min(count, fewest)
        sign = np.where(wrong, np.where(sign != 0, 0, np.sign(c)), sign)
    return w, c, False
