"""Hidden units and output losses: what every layer and every time step have in common."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Array

Activation = Annotated[str, partial(inputs.one_of, choices=("tanh", "relu", "linear"))]
OutputLoss = Annotated[str, partial(inputs.one_of, choices=("squared", "softmax"))]
MOST_CLASSES = 2**31
"""Where `classes` is not given: a larger label is a mistake, not one of so many outputs."""


def activate(z: Array, activation: str) -> Array:
    """phi(z)."""
    if activation == "tanh":
        return np.tanh(z)
    return np.where(z.real <= 0, 0, z) if activation == "relu" else z


def slope(h: Array, activation: str) -> Array:
    """phi' where the unit gives h: 1 - h^2 for tanh; 1 or 0 for relu, 0 at its kink."""
    if activation == "tanh":
        return 1 - h * h
    return (h.real > 0).astype(float) if activation == "relu" else np.ones_like(h)


def targets(
    y: ArrayLike, loss: str, classes: int | None, shape: tuple[int, ...]
) -> tuple[Any, int | None]:
    """The targets as (..., n) and the number of classes, None where there are none."""
    y = inputs.floats("y", y)
    if y.shape == (*shape, 1):
        raise ValueError(f"y must have shape {shape}, got {y.shape}; pass y[..., 0]")
    if y.shape != shape:
        raise ValueError(f"y must have shape {shape}, one target for each example, got {y.shape}")
    y = inputs.finite("y", y)
    if loss == "squared":
        if classes is not None:
            raise ValueError(f"classes are for loss='softmax', got classes={classes}")
        return y, None
    wrong = (np.floor(y) != y) | (y < 0)
    if wrong.any():
        raise ValueError(f"labels in y must be whole numbers >= 0, got {y[wrong][0]:g}")
    n_classes = MOST_CLASSES if classes is None else classes
    if y.max() >= n_classes:
        raise ValueError(f"labels in y must be below classes = {n_classes}, got {y.max():g}")
    whole = y.astype(np.int64)
    return whole, int(whole.max()) + 1 if classes is None else n_classes


def output_loss(z: Array, y: Any, loss: str) -> tuple[Array, Array]:
    """The mean loss (...) of the outputs z (..., n, k), and its gradient with respect to z.

    squared: 1/(2n) sum (z - y)^2; softmax: the mean of log sum_j exp(z_j) - z_y.
    """
    n = z.shape[-2]
    if loss == "squared":
        residual = z - y[..., None]
        return np.add.reduce(np.square(residual[..., 0]), axis=-1) / n / 2, residual / n
    shifted = z - z.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis=-1, keepdims=True)
    right = y[..., None] == np.arange(z.shape[-1])
    value = (np.log(total[..., 0]) - np.where(right, shifted, 0).sum(axis=-1)).mean(axis=-1)
    return value, (exponentials / total - right) / n
