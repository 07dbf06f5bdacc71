"""Ridge regression scored by leaving out one row at a time, without a single refit."""

from __future__ import annotations

import numpy as np

from reglib.inputs import Array, Lams, Table, Targets, checked
from reglib.solvers.direct import svd
from reglib.tuning.selection import Scores, centered, scored

WORST = 1e4
"""Above this condition the Gram matrix, which squares that of X, costs too many digits."""
CLOSE = 0.01
"""So does a leverage closer to 1 than this."""


@checked
def ridge_loo(
    X: Table,
    y: Targets,
    lams: Lams,
    *,
    intercept: bool = True,
) -> Scores:
    """mean over i of (r_i / (1 - h_i))^2: the leave-one-out error of ridge,
    for every lam.

    r = y - fit are the residuals of one fit to all n rows, h the diagonal of
    its hat matrix, which contains the intercept. `by_fold` (n, m) has a row
    for each row left out. The identity is exact, its rounding error grows
    with the square of a row's size beside the others. What a refit keeps is
    the penalty in sum form, n lam/2 ||w||^2, so its lam is n lam / (n - 1); X
    is taken as it is, and not standardized again. lams (m,) >= 0 in any
    order, sorted in the result. ValueError: one row; lams empty, negative or
    NaN; lam = 0 where a row is the only one to decide a weight. Source: Allen
    1974 (PRESS); Golub, Heath and Wahba 1979.

    >>> scores = ridge_loo([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], [0.0, 2.0])
    >>> scores.best, scores.mean.round(4)
    (0.0, array([3.0222, 0.75  ]))
    """
    lams, r, left = _residuals(X, y, lams, intercept)
    r /= left
    return scored(lams, np.square(r, out=r))


@checked
def gcv(
    X: Table,
    y: Targets,
    lams: Lams,
    *,
    intercept: bool = True,
) -> Scores:
    """mean(r^2) / (1 - dof/n)^2: leave-one-out with the mean of h in the
    place of every h_i.

    dof is the trace of the hat matrix, the intercept counted, see
    `diagnostics.effective_dof`. There are no folds and no standard error.
    Arguments and errors are those of `ridge_loo`. Source: Golub, Heath and
    Wahba 1979.

    >>> gcv([[0.0], [1.0], [2.0]], [0.0, 1.0, 3.0], [0.0, 2.0]).mean.round(4)
    array([2.6429, 0.5   ])
    """
    lams, r, left = _residuals(X, y, lams, intercept)
    error = np.square(r).mean(axis=0)
    return Scores(lams, error / np.square(left.mean(axis=0)))


def _residuals(X: Array, y: Array, lams: Array, intercept: bool) -> tuple[Array, Array, Array]:
    """Descending lams; r and 1 - h, both (n, m), but for a factor that they share for each lam."""
    n, ones = len(X), int(intercept)
    if n < 2:
        raise ValueError(f"X must have at least 2 rows to leave one out, got shape {X.shape}")
    # In a power of 2 as the unit of X no square overflows; a penalty of 1e100 in it leaves no fit.
    exponent = np.frexp(np.abs(X).max())[1]
    X, penalty = np.ldexp(X, -exponent), n * np.ldexp(lams, -2 * exponent).clip(max=1e100)
    if ones:
        X, y = centered(X), centered(y)
    tall = n > X.shape[1]
    gram = X.T @ X if tall else X @ X.T
    far = ones * gram.trace() / n  # moves the intercept's eigenvalue 0 in among the others
    values, vectors = np.linalg.eigh(gram if tall else gram + far / n)
    if values[-1] + penalty[-1] >= WORST * (values[0] + penalty[-1]):
        return lams, *_by_singular_values(X, y, penalty, ones)
    shrink = 1 / (values[:, None] + penalty)
    if not tall:  # r = n lam (XX' + n lam)^-1 y; n lam is the factor that is left away
        r = vectors @ (shrink * (y @ vectors)[:, None])
        return lams, r, vectors**2 @ shrink - (ones / n / (far + penalty) if ones else 0)
    B = X @ vectors  # r = y - X (X'X + n lam)^-1 X'y
    fit, h = B @ (shrink * (y @ B)[:, None]), B**2 @ shrink
    left = np.subtract(1 - ones / n, h, out=h)  # in place: to ask for memory takes longer
    if left.min() < CLOSE:
        return lams, *_by_singular_values(X, y, penalty, ones)
    return lams, np.subtract(y[:, None], fit, out=fit), left


def _by_singular_values(X: Array, y: Array, penalty: Array, ones: int) -> tuple[Array, Array]:
    """The same without squaring X: slower, and right at lam = 0 and for any rank."""
    n, eps = len(X), np.finfo(float).eps
    U, d, _ = svd(X)
    # Where a row is explained wholly, what is left is rounding, which 1 - h would blow up.
    rest, free = y - U @ (U.T @ y), 1 - ones / n - np.square(U).sum(axis=1)
    alone = (free < 16 * n * eps) | (len(d) + ones >= n)
    rest, free = np.where(alone, 0, rest), np.where(alone, 0, free)
    if alone.any() and not alone.all() and penalty[-1] == 0:
        raise ValueError(
            "lams must be > 0 where one row alone decides a weight, "
            f"got 0 and a leverage of 1 in row {alone.argmax()}"
        )
    shrink = 1 / (np.square(d)[:, None] + penalty)
    if not alone.all():  # else lam is a factor of both, and may be 0
        shrink *= penalty
    return rest[:, None] + U @ (shrink * (y @ U)[:, None]), free[:, None] + U**2 @ shrink
