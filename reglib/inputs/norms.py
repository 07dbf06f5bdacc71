"""The one norm of the library: right at any size, where squares overflow or underflow."""

from __future__ import annotations

import numpy as np

from reglib.inputs.arrays import Array

__all__ = ["norm"]
SMALL = 1e-140
"""Below this length the squares of a vector may underflow."""


def norm(g: Array, axis: int | tuple[int, int] = -1) -> Array:
    """||g|| along the axes, which are kept, at any size; inf or NaN only where g has one."""
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(g, axis=axis, keepdims=True)
        safe = (length > SMALL) & (length < np.inf)
        if safe.all():
            return length
        largest = np.abs(g).max(axis=axis, keepdims=True, initial=0)
        scale = np.where((largest > 0) & (largest < np.inf), largest, 1)
        return np.where(safe, length, scale * np.linalg.norm(g / scale, axis=axis, keepdims=True))
