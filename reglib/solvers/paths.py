"""Whole paths w(lam): lasso by exact homotopy, elastic net by Newton's method on signs, ridge.

No intercept and no centering, as in scikit-learn's functions of these names: center X and y first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reglib.fast.homotopy import between, every_knot
from reglib.fast.moments import Moments
from reglib.fast.screened import screened
from reglib.fast.signs import by_signs
from reglib.inputs import Array, Lams, Proportion, Table, Targets, checked, descending
from reglib.solvers.coordinate import gap_at
from reglib.solvers.direct import ridge


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


@checked
def lasso_path(X: Table, y: Targets, lams: Lams | None = None) -> Path:
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
    data = Moments(X, y)
    lams, w, events = _lasso(data, lams)
    return _certified(data, w, lams, 1.0, events)


@checked
def elastic_net_path(
    X: Table, y: Targets, lams: Lams | None = None, *, l1_ratio: Proportion
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
    ratio = l1_ratio
    if not isinstance(ratio, float):
        raise ValueError(f"l1_ratio must be a number for a path, got shape {ratio.shape}")
    if ratio == 0:
        raise ValueError(
            "l1_ratio must be > 0 for a path, got 0: without an L1 term no lam makes every weight "
            "0, so lam_max is infinite and there is nowhere to start; see ridge_path"
        )
    data = Moments(X, y)
    if lams is None:
        lam_max = np.abs(data.c).max() / ratio
        lams = np.geomspace(lam_max, lam_max / 1000, 100) if lam_max > 0 else [0.0]
        lams = descending("lams", lams)  # of a tiny ratio they may be inf
    w = np.empty((len(lams), X.shape[1]))
    weak = lams * (1 - ratio) <= 1e-12 * data.h.min(initial=np.inf, where=data.h > 0)
    if weak.any():
        w[weak] = _lasso(data, lams[weak] * ratio)[1]
    if not weak.all():
        w[~weak] = by_signs(data, lams[~weak], ratio)
    return _certified(data, w, lams, ratio)


@checked
def ridge_path(X: Table, y: Targets, lams: Lams) -> Path:
    """argmin_w 1/(2n) ||X w - y||^2 + lam/2 ||w||^2 for every lam, from one SVD; see `ridge`.

    lams (k,) >= 0 in any order, sorted in the result. Every weight is penalized, as on the other
    paths; `ridge` spares some. ValueError: lams empty, negative or NaN.

    >>> ridge_path([[1.0], [1.0]], [3.0, 5.0], [0.0, 1.0]).w
    array([[2.],
           [4.]])
    """
    return _certified(Moments(X, y), ridge(X, y, lams[:, None]), lams, 0.0)


def _certified(data: Moments, w: Array, lams: Array, ratio: float, events: tuple = ()) -> Path:
    product = w @ data.X.T @ data.X / data.n if data.wide else w @ data.gram
    c, lam = data.c - product, lams[:, None]
    loss = np.maximum(data.size**2 - ((data.c + c) * w).sum(axis=-1), 0) / 2
    cost = lam * (ratio * np.abs(w) + (1 - ratio) / 2 * np.square(w))
    gap = gap_at(data.X, data.y, w, c, lam, ratio)
    return Path(lams, w, loss + cost.sum(axis=-1), gap, events)


def _lasso(data: Moments, grid: Array | None) -> tuple[Array, Array, tuple]:
    """lams (k,), those of the grid or of every knot; the weights there (k, p), and the events."""
    stop, S = 0.0 if grid is None else grid[-1], slice(None)
    if data.wide:
        lams, S, corners, events = screened(data.X, data.y, stop)
    else:
        lams, corners, events = every_knot(data.gram, data.c, data.size, stop)
    if grid is not None:
        lams, corners = grid, between(lams, corners, grid)
    w = np.zeros((len(lams), data.X.shape[1]))
    w[:, S] = corners
    return lams, w, events
