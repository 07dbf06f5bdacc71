"""Is the gradient right, and what do layers and time steps make of it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Array, ObjectiveLike, Vector, checked, norm


@checked
def gradient_error(objective: ObjectiveLike, w: Vector) -> float:
    """max_j |g_j - d_j| / (max(|g_j|, |d_j|) + max|g| / 1000 + noise), d by central differences.

    `objective` has `value` and `gradient` that accept leading axes; w (P,) is finite. A right
    gradient gives about 1e-6 or less, one that is 0.1 % wrong anywhere that matters about 1e-3.
    `noise` is a million times the rounding error of d, so that a right gradient passes at a
    minimum too, where there is nothing else to divide by. ValueError: a gradient not of w's shape.

    >>> from reglib.losses import SquaredError
    >>> gradient_error(SquaredError([[1.0, 2.0]], [3.0]), [0.5, 0.5]) < 1e-8
    True
    """
    g = objective.gradient(w)
    if np.shape(g) != w.shape:
        raise ValueError(f"gradient must have the shape of w, {w.shape}, got {np.shape(g)}")
    h = np.finfo(float).eps ** (1 / 3) * np.maximum(1, np.abs(w))
    shifts = np.diag(h)
    ahead, behind = objective.value(w + shifts), objective.value(w - shifts)
    estimate = (ahead - behind) / (2 * h)
    noise = 1e6 * np.finfo(float).eps * np.maximum(np.abs(ahead), np.abs(behind)) / h
    size = np.maximum(np.abs(g), np.abs(estimate)) + np.abs(g).max() / 1000 + noise
    return float(np.max(np.abs(g - estimate) / np.where(size > 0, size, 1)))


def gradient_norms(network: Any, w: ArrayLike) -> Array:
    """||delta_l||, the gradient of the loss at the inputs of layer l (or time step t): (..., L).

    delta_l is dloss/dz_l for all rows together and its norm the Frobenius norm. `network` is an MLP
    or an RNN, w (..., P). First layer or first time step first: a sequence that grows towards the
    front is an exploding gradient, one that shrinks a vanishing one.

    >>> from reglib.networks import MLP
    >>> net = MLP([[1.0]], [0.0], sizes=(1, 1), activation="linear", bias=False)
    >>> gradient_norms(net, [3.0, 2.0, 1.0])  # W1 = 3, W2 = 2, V = 1: the output is 6
    array([12.,  6.])
    """
    if isinstance(network, type) or not hasattr(network, "deltas"):
        raise TypeError(f"network must be an MLP or an RNN, got {inputs.shown(network)}")
    deltas = network.deltas(w)
    layers = deltas if isinstance(deltas, list) else np.moveaxis(deltas, -3, 0)
    return np.stack([norm(delta, (-2, -1))[..., 0, 0] for delta in layers], axis=-1)


@checked
def jacobian_norms(
    factors: Sequence[ArrayLike],
    *,
    log: bool = False,
) -> Array:
    """||J_k ... J_1||, the largest singular value of each partial product:
    (..., K).

    `factors` J_1..J_K are matrices (..., m_k, n_k) that fit: J_1 is applied
    first, so pass the factors of a backward pass transposed and in backward
    order. With log=True the natural logarithm is returned, which neither
    overflows nor underflows: the product is rescaled after each factor.
    ValueError: no factors, shapes that do not fit, NaN or inf.

    >>> J = np.array([[0.9, 10.0], [0.0, 0.9]])  # both eigenvalues are 0.9
    >>> jacobian_norms([J] * 3).round(1)
    array([10.1, 18. , 24.3])
    """
    matrices = _chain(factors)
    product, logs = np.eye(matrices[0].shape[-1]), [np.zeros(())]
    for J in matrices:
        product = J @ product
        norm = np.linalg.norm(product, 2, axis=(-2, -1))
        logs.append(logs[-1] + np.log(norm))
        product = product / np.where(norm > 0, norm, 1)[..., None, None]
    out = np.stack(np.broadcast_arrays(*logs[1:]), axis=-1)
    return out if log else np.exp(out)


def _chain(factors: Sequence[ArrayLike]) -> list[Array]:
    """Matrices that can be multiplied, each on the left of the one before."""
    if not hasattr(factors, "__iter__"):
        raise TypeError(f"factors must be a list of matrices, got {inputs.shown(factors)}")
    matrices = [inputs.finite(f"factors[{k}]", factor) for k, factor in enumerate(factors)]
    if not matrices:
        raise ValueError("factors must hold at least one matrix, got none")
    for k, J in enumerate(matrices):
        if J.ndim < 2:
            raise ValueError(f"factors[{k}] must have at least 2 axes, got shape {J.shape}")
        if k and J.shape[-1] != matrices[k - 1].shape[-2]:
            raise ValueError(
                f"factors[{k}] must have one column for each row of factors[{k - 1}], "
                f"got shapes {J.shape} and {matrices[k - 1].shape}"
            )
    inputs.leading({f"factors[{k}]": J.shape[:-2] for k, J in enumerate(matrices)})
    return matrices
