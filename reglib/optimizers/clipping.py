"""A bound on the gradient: its length, its entries, or the length of a whole nest of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reglib.inputs import Array, Positive, PositiveNumber, checked, floats
from reglib.optimizers.chain import Memoryless

SMALL = 1e-140
"""Below this length the squares of a vector may underflow."""


@checked
@dataclass(frozen=True, eq=False)
class ClipByNorm(Memoryless):
    """g min(1, max_norm / ||g||): the direction stays, the length is at most max_norm > 0.

    The norm is taken over the whole vector, at any size. Source: Pascanu, Mikolov and Bengio 2013.

    >>> ClipByNorm(1.0).update(np.array([3e200, 4e200]), None, None)[0]
    array([0.6, 0.8])
    """

    max_norm: Positive

    def update(self, gradient: Array, w: Any, memory: None) -> tuple[Array, None]:
        length = norm(gradient)
        # Divided by the larger of both, a gradient within the bound is multiplied by exactly 1.
        scale = self.max_norm / np.maximum(length, self.max_norm)
        return np.where(np.isfinite(length), gradient * scale, np.nan), None


@checked
@dataclass(frozen=True, eq=False)
class ClipByValue(Memoryless):
    """min(max(g_j, -max_value), max_value), entry by entry: this changes the direction too.

    >>> ClipByValue(1.0).update(np.array([3.0, -0.5]), None, None)[0]
    array([ 1. , -0.5])
    """

    max_value: Positive

    def update(self, gradient: Array, w: Any, memory: None) -> tuple[Array, None]:
        finite = np.isfinite(gradient).all(axis=-1, keepdims=True)
        return np.where(finite, np.clip(gradient, -self.max_value, self.max_value), np.nan), None


@checked
def clip_by_global_norm(arrays: Any, max_norm: PositiveNumber) -> Any:
    """Every array times min(1, max_norm / n), n the Euclidean norm of all entries together.

    `arrays` is an array, or lists, tuples and dicts of arrays, nested as you like; the same
    structure comes back, and nothing is written to. Scalars count as arrays of one entry, empty
    arrays as 0. Where an entry is NaN or inf there is no direction, and every entry comes back NaN.
    ValueError: max_norm <= 0, or no array at all.

    >>> clip_by_global_norm({"W": np.array([3.0]), "b": np.array([4.0])}, 1.0)
    {'W': array([0.6]), 'b': array([0.8])}
    """
    leaves: list[Array] = []
    _map(arrays, leaves.append)
    if not leaves:
        raise ValueError(f"arrays must hold at least one array, got {arrays!r}")
    length = norm(np.concatenate([np.ravel(leaf) for leaf in leaves]))[0]
    scale = max_norm / max(length, max_norm) if np.isfinite(length) else np.nan
    return _map(arrays, lambda leaf: leaf * scale)


def _map(tree: Any, f: Any) -> Any:
    """f at every array of a nest of lists, tuples and dicts, in the same nest."""
    if isinstance(tree, dict):
        return {key: _map(branch, f) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        branches = [_map(branch, f) for branch in tree]
        named = hasattr(tree, "_fields")
        return type(tree)(*branches) if named else type(tree)(branches)
    return f(floats("every entry of arrays", tree))


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
