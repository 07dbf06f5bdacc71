"""Whole paths w(lam): lasso by exact homotopy, elastic net by Newton's method on signs, ridge.

No intercept and no centering, as in scikit-learn's functions of these names: center X and y first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array
from reglib.solvers.coordinate import objective_and_gap
from reglib.solvers.direct import ridge
from reglib.solvers.homotopy import EPS, homotopy

TRIES = 5
"""How often Newton's method may fail to get closer to the right signs before it is given up."""


@dataclass(frozen=True, eq=False)
class Path:
    """Solutions along a path. lam (k,) descending; w (k, p); objective (k,): loss + penalty.

    gap (k,): the duality gap divided by ||y||^2 / (2n), computed from X itself and not from
    anything a solver kept. events: (lam, index, +1 or -1) where a weight of the lasso becomes
    nonzero or zero, down to the smallest lam; () for the other paths.
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
    X, y = _checks.design(X, y)
    if lams is None:
        knots, w, events = homotopy(X, y, 0.0)
        return _certified(X, y, w, knots, 1.0, events)
    lams = _descending(lams)
    knots, corners, events = homotopy(X, y, lams[-1])
    w = np.column_stack([np.interp(-lams, -knots, weight) for weight in corners.T])
    return _certified(X, y, w, lams, 1.0, events)


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
    if lams is None:
        lam_max = np.abs(y @ X).max() / (len(X) * ratio)
        lams = np.geomspace(lam_max, lam_max / 1000, 100) if lam_max > 0 else [0.0]
    lams = _descending(lams)
    w = np.empty((len(lams), X.shape[1]))
    h = np.square(X).mean(axis=0)
    weak = lams * (1 - ratio) <= 1e-12 * h.min(initial=np.inf, where=h > 0)
    if weak.any():
        w[weak] = lasso_path(X, y, lams[weak] * ratio).w
    if not weak.all():
        w[~weak] = _newton(X, y, lams[~weak], ratio)
    return _certified(X, y, w, lams, ratio)


def ridge_path(X: ArrayLike, y: ArrayLike, lams: ArrayLike) -> Path:
    """argmin_w 1/(2n) ||X w - y||^2 + lam/2 ||w||^2 for every lam, from one SVD; see `ridge`.

    lams (k,) >= 0 in any order, sorted in the result. Every weight is penalized, as on the other
    paths; `ridge` spares some. ValueError: lams empty, negative or NaN.

    >>> ridge_path([[1.0], [1.0]], [3.0, 5.0], [0.0, 1.0]).w
    array([[2.],
           [4.]])
    """
    X, y = _checks.design(X, y)
    lams = _descending(lams)
    return _certified(X, y, ridge(X, y, lams[:, None]), lams, 0.0)


def _descending(lams: ArrayLike) -> Array:
    lams = _checks.finite("lams", lams, ndim=1)
    return np.sort(_checks.nonnegative("lams", lams[:, None])[:, 0])[::-1]


def _certified(X: Array, y: Array, w: Array, lams: Array, ratio: float, events: tuple = ()) -> Path:
    objective, gap = objective_and_gap(X, y, w, lams[:, None], ratio)
    return Path(lams, w, objective, gap, events)


def _newton(X: Array, y: Array, lams: Array, ratio: float) -> Array:
    """The elastic net's weights (k, p) for descending lams > 0, each from the last two."""
    gram, b = X.T @ X / len(X), y @ X / len(X)
    h, size = np.diag(gram), np.sqrt(np.square(y).mean())
    rows = []
    v = before = b
    for k, lam in enumerate(lams):
        l1, l2 = lam * ratio, lam * (1 - ratio)
        # v has the sign of w and |v| > l1 where w is not 0: extrapolated, it foretells the signs.
        last = lams[k - 2] - lams[k - 1] if k > 1 else 0
        guess = v + (lams[k - 1] - lam) / last * (v - before) if last > 0 else v
        w, right = _signed(gram, b, l1, l2, np.where(np.abs(guess) > l1, np.sign(guess), 0), size)
        if not right:
            # Sweeps do not see an L2 term of rounding size, but stumble over it: they do without.
            slow = _as_a_lasso(X, y, l1, l2 if l2 > 1e-9 * h.max() else 0)
            w, right = _signed(gram, b, l1, l2, np.sign(slow), size)
            w = w if right else slow
        before, v = v, h * w + (b - gram @ w) - l2 * w
        rows.append(w)
    return np.array(rows)


def _as_a_lasso(X: Array, y: Array, l1: float, l2: float) -> Array:
    """The same weights from the homotopy of a lasso with p more rows, sqrt(n l2) I: no search."""
    n, p = X.shape
    stretch = np.sqrt((n + p) / n)  # its mean is over n + p rows
    rows = np.vstack([X, np.sqrt(n * l2) * np.eye(p)]) * stretch
    return homotopy(rows, np.append(y, np.zeros(p)) * stretch, l1)[1][-1]


def _signed(
    gram: Array, b: Array, l1: float, l2: float, sign: Array, size: float
) -> tuple[Array, bool]:
    """w with the signs it was solved for and |b - gram w| <= l1 where it is 0; were they found?

    Solves for the nonzero weights, corrects every wrong sign, and repeats: Newton's method. It may
    go round in circles, so it ends when TRIES in a row do not bring fewer wrong signs than ever
    before. `size` is the root mean square of y.
    """
    h = np.diag(gram)
    length, diagonal = np.sqrt(h), l2 + 8 * EPS * h  # so much rounding keeps equal columns apart
    fewest, tries = len(b) + 1, TRIES
    while tries:
        S = np.flatnonzero(sign)
        system = gram[S[:, None], S]
        system.flat[:: len(S) + 1] += diagonal[S]
        w = np.zeros(len(b))
        w[S] = np.linalg.solve(system, b[S] - l1 * sign[S])
        c = b - gram @ w
        rounding = 1e-10 * l1 + 8 * EPS * length * (size + length @ np.abs(w))
        wrong = np.where(sign != 0, w * sign < 0, np.abs(c) > l1 + rounding)
        count = np.count_nonzero(wrong)
        if count == 0:
            return w, True
        tries = TRIES if count < fewest else tries - 1
        fewest = min(count, fewest)
        sign = np.where(wrong, np.where(sign != 0, 0, np.sign(c)), sign)
    return w, False
