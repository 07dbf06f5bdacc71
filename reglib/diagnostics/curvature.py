"""How curved a loss is: its condition, effective parameters, and the top eigenvalue alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib import inputs
from reglib.inputs import (
    Array,
    Bent,
    ColumnMask,
    Count,
    Generator,
    Hyper,
    Mask,
    NonNegative,
    Start,
    Table,
    checked,
    norm,
)
from reglib.solvers.direct import ranked, svd


def hessian_of(hessian_or_loss: Any) -> Array:
    """A symmetric matrix, given as such or asked of a loss of a linear model."""
    if inputs.having("curvature")(hessian_or_loss):
        return hessian_or_loss.curvature()
    H = inputs.finite("hessian", hessian_or_loss, ndim=2)
    if H.shape[0] != H.shape[1]:
        raise ValueError(f"hessian must be square, got shape {H.shape}")
    if not np.allclose(H, H.T, rtol=1e-10, atol=1e-12 * np.abs(H).max()):
        raise ValueError("hessian must be symmetric, got one that is not")
    return H


def penalized(mask: Array | None, H: Array) -> Array:
    """The diagonal of D: 1 where a weight is penalized, 0 where `mask` spares it."""
    if mask is None:
        return np.ones(len(H))
    return inputs.columns("mask", mask, H, "the hessian")


def with_l2(hessian_or_loss: Any, lam: Hyper, mask: Array | None, sign: int) -> Array:
    """H + sign lam D, with the leading axes of lam."""
    H = hessian_of(hessian_or_loss)
    return H + sign * np.asarray(lam)[..., None] * np.diag(penalized(mask, H))


@checked
def condition_number(
    hessian_or_loss: Any, lam: NonNegative = 0.0, *, mask: Mask | None = None
) -> Array:
    """(largest eigenvalue) / (smallest) of H + lam D: how many steps a decimal digit costs.

    With every weight penalized it is (L + lam)/(l_min + lam). Gradient descent at its best step
    shrinks the distance by (c - 1)/(c + 1) a step. lam is a number or an array (..., 1); D is the
    identity, or diag(mask). inf where the smallest eigenvalue is 0 to rounding.

    >>> float(condition_number([[3.0, 0.0], [0.0, 1.0]], lam=1.0))
    2.0
    """
    values = np.linalg.eigvalsh(with_l2(hessian_or_loss, lam, mask, +1))
    small, large = values[..., 0], values[..., -1]
    singular = small <= np.finfo(float).eps * values.shape[-1] * large
    return np.where(singular, np.inf, large / np.where(singular, 1, small))[()]


@checked
def effective_dof(
    X: Table, lam: NonNegative, *, mask: ColumnMask | None = None, intercept: bool = False
) -> Array:
    """trace of the ridge hat matrix: sum_i d_i^2 / (d_i^2 + n lam), plus 1 for each free direction.

    d (p,) are the singular values of the penalized columns of X (n, p), less what free columns
    explain of them. Free, and so counted whole, are the columns that `mask` spares and, with
    intercept=True, a column of ones (X itself needs none). lam is a number or an array (..., 1) ->
    (...). At lam = 0 it is the rank. Source: Hastie, Tibshirani and Friedman 2009, eq. 3.50.

    >>> [round(float(effective_dof([[1.0], [-1.0]], lam)), 6) for lam in (0.0, 1.0)]
    [1.0, 0.5]
    """
    held = np.ones(X.shape[1], bool) if mask is None else mask
    free = np.column_stack([np.ones((len(X), int(intercept))), X[:, ~held]])
    (U, *_), _ = ranked(free)
    # What is left of a column that the free ones explain is rounding, in the units of the column.
    size, left = np.linalg.norm(X[:, held], axis=0), X[:, held]
    for _ in range(2):  # once leaves rounding in the units of what was taken away
        left = left - U @ (U.T @ left)
    d2 = np.square(svd(left, np.linalg.norm(size))[1])
    rank = len(ranked(left, size)[0][1])
    shrunk = (d2 / (d2 + len(X) * lam)).sum(axis=-1)
    return U.shape[1] + np.where(np.atleast_1d(lam)[..., 0] == 0, rank, shrunk)


@checked
def top_eigenvalue(
    objective: Bent,
    w: Start,
    *,
    rng: Generator,
    tol: NonNegative = 1e-10,
    max_iter: Count = 100,
) -> tuple[Array, Array]:
    """The largest eigenvalue (...) of the Hessian at w (..., P), and its eigenvector (..., P).

    Lanczos with full reorthogonalization from a random start: only `hessian_vector(w, v)` is
    called, so no P x P matrix is formed. A run stops when every residual ||H v - theta v|| is at
    most tol |theta|. Source: Golub and Van Loan, Matrix Computations, chapter 10.

    >>> from reglib.losses import SquaredError
    >>> loss = SquaredError([[2.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
    >>> top_eigenvalue(loss, [0.0, 0.0], rng=np.random.default_rng(0))[0].round(12)
    np.float64(2.0)
    """
    v = rng.standard_normal(w.shape)
    basis, alphas, betas = [v / np.linalg.norm(v, axis=-1, keepdims=True)], [], []
    alive = np.ones(w.shape[:-1], dtype=bool)
    for _ in range(min(max_iter, w.shape[-1])):
        u = objective.hessian_vector(w, basis[-1])
        alpha = (u * basis[-1]).sum(axis=-1)
        # A run whose Krylov space is exhausted goes on with a zero vector. Its alpha is put below
        # a Rayleigh quotient, and so below the top eigenvalue, where it does no harm.
        below = alphas[0] - (1 + np.abs(alphas[0])) if alphas else alpha
        alphas.append(np.where(alive, alpha, below))
        for _ in range(2):  # twice is enough for orthogonality to rounding
            for q in basis:
                u = u - (u * q).sum(axis=-1, keepdims=True) * q
        beta = norm(u)[..., 0]
        theta, weights = _top_of_tridiagonal(alphas, betas)
        if np.all(beta * np.abs(weights[..., -1]) <= tol * np.abs(theta)):
            break
        alive = alive & (beta > 1e-14 * np.abs(theta))
        betas.append(np.where(alive, beta, 0))
        basis.append(np.where(alive[..., None], u / np.where(beta > 0, beta, 1)[..., None], 0))
    return theta, sum(weights[..., i, None] * q for i, q in enumerate(basis[: len(alphas)]))


def _top_of_tridiagonal(alphas: list[Array], betas: list[Array]) -> tuple[Array, Array]:
    T = np.zeros(np.shape(alphas[0]) + (len(alphas), len(alphas)))
    for i, alpha in enumerate(alphas):
        T[..., i, i] = alpha
    for i, beta in enumerate(betas):
        T[..., i, i + 1] = T[..., i + 1, i] = beta
    values, vectors = np.linalg.eigh(T)
    return values[..., -1], vectors[..., :, -1]
