"""The elastic net by Newton's method on signs: with these known, w solves one linear system."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from reglib.fast.homotopy import EPS, every_knot
from reglib.fast.kernel import Kernel
from reglib.inputs import Array

TRIES = 5
"""How often Newton's method may fail to get closer to the right signs before it is given up."""
FULL = 0.8
"""Nonzero weights for each row from which on an n x n system is the cheaper one; see `Kernel`."""


def by_signs(X: Array, y: Array, gram: Array, c: Array, lams: Array, ratio: float) -> Array:
    """The elastic net's weights (k, p) for descending lams > 0, each from the last two."""
    h, rows, kernel = np.diag(gram), [], None
    v = before = c
    for k, lam in enumerate(lams):
        l1, l2 = lam * ratio, lam * (1 - ratio)
        # v has the sign of w and |v| > l1 where w is not 0: extrapolated, it foretells the signs.
        last = lams[k - 2] - lams[k - 1] if k > 1 else 0
        guess = v + (lams[k - 1] - lam) / last * (v - before) if last > 0 else v
        sign = np.where(np.abs(guess) > l1, np.sign(guess), 0)
        solve = weights_for = partial(_weights_for, gram, c, l1, l2)
        full = np.count_nonzero(sign) > FULL * len(X)
        if full and l2 > 1e-4 * h.max():  # that many digits an n x n system loses
            kernel = kernel or Kernel(X, y)
            kernel.begin(l1, l2, guess)
            solve = kernel.weights
        w, r, right = _newton(solve, l1, sign)
        if not right:
            # With gram + l2 I the elastic net is a lasso, whose homotopy needs no search; but over
            # an l2 of rounding size it stumbles, and does without.
            seen = l2 if l2 > 1e-9 * h.max() else 0
            size = float(np.sqrt(np.square(y).mean()))
            slow = every_knot(gram + seen * np.eye(len(c)), c, size, l1)[1][-1]
            w, r, right = _newton(weights_for, l1, np.sign(slow))
            w, r = (w, r) if right else (slow, c - gram @ slow)
        before, v = v, (h - l2) * w + r
        rows.append(w)
    return np.array(rows)


def _newton(
    solve: Callable[[Array], tuple[Array, Array]], l1: float, sign: Array
) -> tuple[Array, Array, bool]:
    """w and r = c - gram w by `solve`, with the signs solved for and |r| <= l1 where w is 0.

    Solves for the nonzero weights, corrects every wrong sign, and repeats. It may go round in
    circles, so it ends, with False, when TRIES in a row do not bring fewer wrong signs than ever
    before.
    """
    fewest, tries = np.inf, TRIES
    while tries:
        w, r = solve(sign)
        # A tie, |r| = l1 but for rounding, is not wrong.
        wrong = np.where(sign != 0, np.sign(w) == -sign, np.abs(r) > l1 * (1 + 1e-10))
        count = np.count_nonzero(wrong)
        if count == 0:
            break
        tries = TRIES if count < fewest else tries - 1
        fewest = min(count, fewest)
        sign = np.where(wrong, np.where(sign != 0, 0, np.sign(r)), sign)
    return w, r, count == 0


def _weights_for(gram: Array, c: Array, l1: float, l2: float, sign: Array) -> tuple[Array, Array]:
    """(gram_SS + l2 I) w_S = c_S - l1 sign_S on the weights S that have a sign; c - gram w."""
    S, w = sign.nonzero()[0], np.zeros(len(c))
    system = gram.take(S, axis=0).take(S, axis=1)
    # So much rounding keeps equal columns apart.
    system.flat[:: len(S) + 1] += (l2 + 8 * EPS * np.diag(gram))[S]
    w[S] = np.linalg.solve(system, c[S] - l1 * sign[S])
    return w, c - gram @ w
