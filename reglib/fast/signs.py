"""The elastic net by Newton's method on signs: with these known, w solves one linear system."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from reglib.fast.homotopy import EPS, every_knot
from reglib.fast.kernel import Kernel
from reglib.fast.moments import Moments
from reglib.inputs import Array

TRIES = 5
"""How often Newton's method may fail to get closer to the right signs before it is given up."""
FULL = 0.8
"""Nonzero weights for each row from which on an n x n system is the cheaper one; see `Kernel`."""
RUNG = 0.8
"""Where columns are many no lam is less than so much of the last: few signs are new at a time."""


def by_signs(data: Moments, lams: Array, ratio: float) -> Array:
    """The elastic net's weights (k, p) for descending lams > 0, each from the last two."""
    h, c, rows, kernel = data.h, data.c, [], None
    asked = np.ones(len(lams), bool)
    if data.wide:
        lams, asked = _rungs(lams, np.abs(c).max() / ratio)
    v = before = c
    for k, lam in enumerate(lams):
        l1, l2 = lam * ratio, lam * (1 - ratio)
        # v has the sign of w and |v| > l1 where w is not 0: extrapolated, it foretells the signs.
        last = lams[k - 2] - lams[k - 1] if k > 1 else 0
        guess = v + (lams[k - 1] - lam) / last * (v - before) if last > 0 else v
        sign = np.where(np.abs(guess) > l1, np.sign(guess), 0)
        solve = weights_for = partial(_weights_for, data, l1, l2)
        full = np.count_nonzero(sign) > FULL * data.n
        if full and l2 > 1e-4 * h.max():  # that many digits an n x n system loses
            kernel = kernel or Kernel(data.X, data.y)
            kernel.begin(l1, l2, guess)
            solve = kernel.weights
        w, r, right = _newton(solve, l1, sign)
        if not right:
            # An l2 of rounding size makes the homotopy stumble: it does without.
            slow = _slow(data, l1, l2 if l2 > 1e-9 * h.max() else 0, np.abs(guess) > l1)
            w, r, right = _newton(weights_for, l1, np.sign(slow))
            w, r = (w, r) if right else (slow, data.left(slow))
        before, v = v, (h - l2) * w + r
        if asked[k]:
            rows.append(w)
    return np.array(rows)


def _rungs(lams: Array, top: float) -> tuple[Array, Array]:
    """A ladder from top that has all lams, and where on it they are."""
    ladder, asked = [np.array([top])], [False]
    for lam in lams:
        last = ladder[-1][-1]
        steps = max(int(np.ceil(np.log(last / lam) / -np.log(RUNG))), 1)
        ladder.append(np.geomspace(last, lam, steps + 1)[1:])
        asked += [False] * (steps - 1) + [True]
    return np.concatenate(ladder), np.array(asked)


def _slow(data: Moments, l1: float, l2: float, near: Array) -> Array:
    """With gram + l2 I the elastic net is a lasso, whose homotopy needs no search.

    Where columns are many it is walked with those that are near, and with what they leave out.
    """
    keep = near | (np.abs(data.c) == np.abs(data.c).max()) | (not data.wide)
    while True:
        w, S = np.zeros(len(keep)), keep.nonzero()[0]
        gram = data.among(S) + l2 * np.eye(len(S))
        w[S] = every_knot(gram, data.c[S], data.size, l1)[1][-1]
        over = ~keep & (np.abs(data.left(w)) > l1 * (1 + 1e-10))
        if not over.any():
            return w
        keep = keep | over


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


def _weights_for(data: Moments, l1: float, l2: float, sign: Array) -> tuple[Array, Array]:
    """(gram_SS + l2 I) w_S = c_S - l1 sign_S on the weights S that have a sign; c - gram w."""
    S, w = sign.nonzero()[0], np.zeros(len(sign))
    system = data.among(S)
    # So much rounding keeps equal columns apart.
    system.flat[:: len(S) + 1] += (l2 + 8 * EPS * data.h)[S]
    w[S] = np.linalg.solve(system, data.c[S] - l1 * sign[S])
    return w, data.left(w)
