"""A small network on handwritten digits, with every product rounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reglib import datasets
from trial.chapters.sixteen_bits.rounding import Singles

Weights = list[Singles]


def digits() -> tuple[Singles, Singles]:
    """Images (1797, 64) and their labels as rows with one 1, (1797, 10)."""
    u, y = datasets.digits()
    return np.float32(u.reshape(len(u), -1)), np.eye(10, dtype=np.float32)[y.astype(int)]


def start(seed: int, widths: Sequence[int] = (64, 32, 10)) -> Weights:
    """Gaussian matrices in float32, of variance 1 over the number of inputs."""
    rng, pairs = np.random.default_rng(seed), zip(widths, widths[1:], strict=False)
    return [np.float32(rng.standard_normal((m, n)) / np.sqrt(n)) for n, m in pairs]


def log_softmax(z: Singles) -> Singles:
    """z - log sum exp z; the largest taken off first."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@np.errstate(over="ignore", invalid="ignore")
def backprop(
    weights: Weights,
    X: Singles,
    Y: Singles,
    cast: Callable[[Any], Singles],
    scale: float = 1.0,
) -> tuple[float, Weights]:
    """The loss, and scale times its gradients; z = W tanh(...)."""
    states = [cast(X)]
    for W in weights:
        z = cast(states[-1] @ cast(W).T)
        states.append(cast(np.tanh(z)))
    log_p = log_softmax(z)
    d = cast(np.float32(scale / len(X)) * (np.exp(log_p) - Y))
    gradients = []
    for W, h in zip(weights[::-1], states[-2::-1], strict=True):
        gradients.insert(0, cast(d.T @ h))
        d = cast(d @ cast(W) * (1 - h * h))
    return -(log_p * Y).sum(axis=1).mean(), gradients
