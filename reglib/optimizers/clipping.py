"""A bound on the length of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reglib.inputs import Array, Flat, Positive, checked
from reglib.optimizers.chain import Memoryless

SMALL = 1e-140
"""Below this length the squares of a vector may underflow."""


@checked
@dataclass(frozen=True, eq=False)
class ClipByNorm(Memoryless):
    """g min(1, max_norm / ||g||): the direction stays, the length is at most max_norm > 0.

    The norm is taken over the whole vector, at any size. Source: Pascanu, Mikolov and Bengio 2013.

    >>> ClipByNorm(1.0).update(np.array([3e200, 4e200]), w=None, memory=None)[0]
    array([0.6, 0.8])
    """

    max_norm: Positive

    def update(self, gradient: Flat, *, w: Any, memory: None) -> tuple[Array, None]:
        length = norm(gradient)
        # Divided by the larger of both, a gradient within the bound is multiplied by exactly 1.
        scale = self.max_norm / np.maximum(length, self.max_norm)
        return np.where(np.isfinite(length), gradient * scale, np.nan), None


def norm(g: Array) -> Array:
    """||g|| along the last axis, kept: (..., 1), at any size; inf or NaN only where g has one."""
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(g, axis=-1, keepdims=True)
        safe = (length > SMALL) & (length < np.inf)
        if safe.all():
            return length
        largest = np.abs(g).max(axis=-1, keepdims=True, initial=0)
        scale = np.where((largest > 0) & (largest < np.inf), largest, 1)
        return np.where(safe, length, scale * np.linalg.norm(g / scale, axis=-1, keepdims=True))
