"""The lasso's path as it is taught, from knot to knot; `lasso_path` takes a quicker way."""

from __future__ import annotations

import numpy as np

from reglib.inputs import Array, Table, Targets, checked

__all__ = ["homotopy"]


@checked
def homotopy(X: Table, y: Targets) -> tuple[Array, Array]:
    """The knots lam (k,) of the lasso's path, and the weights there (k, p).

    w minimizes 1/(2n) ||X w - y||^2 + lam ||w||_1 if, on the set S of its
    nonzero weights with their signs s and on all other columns j,

        c_S - G_SS w_S = lam s_S    and    |c_j - G_jS w_S| <= lam,

    with G = X'X/n and c = X'y/n. So while S and s stay, w is a - lam b with
    G_SS a_S = c_S, G_SS b_S = s_S, and the correlation c - G w is u + lam v.
    lam falls from lam_max = max |c|, where w is 0, until a correlation
    reaches lam, and its weight joins S, or a weight reaches 0 and leaves it.

    X (n, p), y (n,). Where solutions are not unique, one of them. ValueError:
    two events at one lam, to 1e-9 or rounding, so that the second would come
    too late; `lasso_path` sorts them out. Source: Osborne, Presnell and
    Turlach 2000; Efron, Hastie, Johnstone and Tibshirani 2004.

    >>> homotopy([[1.0, 0.0], [0.0, 1.0]], [3.0, 1.0])[0]
    array([1.5, 0.5, 0. ])
    """
    G, c = X.T @ X / len(X), X.T @ y / len(X)
    noise = 1e-13 * np.sqrt(np.diag(G)) * np.sqrt(np.square(y).mean())
    lam, sign, knots, weights = np.inf, np.zeros(len(c)), [], []
    while lam > 0:
        S = np.flatnonzero(sign)
        a, b = np.zeros((2, len(c)))
        a[S] = np.linalg.solve(G[np.ix_(S, S)], c[S])
        b[S] = np.linalg.solve(G[np.ix_(S, S)], sign[S])
        u, v = c - G @ a, G @ b
        u[(sign != 0) | (np.abs(u) < noise)] = 0
        # On the way to lam = 0 a correlation that ends at u passes lam here,
        # and a weight that ends with the wrong sign passes 0 here.
        joins = np.abs(u) / np.maximum(1 - np.sign(u) * v, 1e-100)
        leaves = np.divide(a, b, out=0 * a, where=a * sign < 0)
        events = joins + leaves
        j = events.argmax()
        if events[j] > (1 - 1e-9) * lam:
            raise ValueError(f"events coincide at {lam:.6g}: see lasso_path")
        lam = events[j]
        knots.append(lam)
        weights.append(a - lam * b)
        sign[j] = np.sign(u[j])
    return np.array(knots), np.array(weights)
