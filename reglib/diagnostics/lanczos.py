"""The largest curvature of a loss whose Hessian is never formed."""

from __future__ import annotations

from typing import Any

import numpy as np

from reglib.inputs import Array, Count, Generator, NonNegative, Start, checked


@checked
def top_eigenvalue(
    objective: Any,
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
        beta = np.linalg.norm(u, axis=-1)
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
