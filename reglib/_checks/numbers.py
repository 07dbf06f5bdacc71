"""Hyper-parameters: numbers, or arrays (..., 1) that sweep them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib._checks._words import Array, Hyper, shown
from reglib._checks.arrays import finite, floats


def hyper(name: str, value: ArrayLike, rule: str, holds: Any) -> Hyper:
    """A finite number or a read-only array (..., 1) of numbers for which `holds` is true."""
    array = floats(name, value)
    if array.ndim and array.shape[-1] != 1:
        raise ValueError(
            f"{name} must be a number or an array whose last axis is 1, got shape {array.shape}; "
            f"a sweep is {name}[:, None]"
        )
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    good = np.isfinite(array) & holds(array)
    if not good.all():
        raise ValueError(f"{name} must be finite and {rule}, got {_first(array[~good])}")
    if array.ndim == 0:
        return float(array)
    array = array.copy()  # the caller may go on writing to theirs
    array.flags.writeable = False
    return array


def _first(bad: Array) -> str:
    return f"{float(bad.flat[0]):g}"


def nonnegative(name: str, value: ArrayLike) -> Hyper:
    """A hyper-parameter >= 0."""
    return hyper(name, value, ">= 0", lambda a: a >= 0)


def positive(name: str, value: ArrayLike) -> Hyper:
    """A hyper-parameter > 0. The fast way out matters: a prox asks at every iteration."""
    if type(value) is float and 0 < value < np.inf:
        return value
    return hyper(name, value, "> 0", lambda a: a > 0)


def proportion(name: str, value: ArrayLike) -> Hyper:
    """A hyper-parameter between 0 and 1."""
    return hyper(name, value, "between 0 and 1", lambda a: (a >= 0) & (a <= 1))


def fraction(name: str, value: ArrayLike) -> Hyper:
    """A hyper-parameter >= 0 and below 1."""
    return hyper(name, value, ">= 0 and < 1", lambda a: (a >= 0) & (a < 1))


def single(name: str, value: Hyper) -> float:
    """A hyper-parameter that cannot be swept."""
    if isinstance(value, np.ndarray):
        raise ValueError(f"{name} must be a number, got shape {value.shape}")
    return value


def scalar(name: str, value: ArrayLike) -> float:
    """One number, inf and NaN among them, that something has returned."""
    array = floats(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a number, got shape {array.shape}")
    return float(array)


def over_weights(lam: Hyper) -> Hyper:
    """`lam` without its last axis: what multiplies a sum over the weights."""
    return lam[..., 0] if isinstance(lam, np.ndarray) else lam


def per_column(name: str, value: ArrayLike, size: int) -> Array:
    """A number >= 0, or an array with one for each of `size` columns; never a sweep."""
    array = floats(name, value)
    if array.shape not in ((), (size,)):
        raise ValueError(
            f"{name} must be a number or {size} of them, one for each column of X, "
            f"got shape {array.shape}"
        )
    good = np.isfinite(array) & (array >= 0)
    if not good.all():
        raise ValueError(f"{name} must be finite and >= 0, got {_first(array[~good])}")
    return array


def descending(name: str, value: ArrayLike) -> Array:
    """A grid (k,) of numbers >= 0 in any order, sorted from large to small."""
    array = finite(name, value, ndim=1)
    return np.sort(nonnegative(name, array[:, None])[:, 0])[::-1]


def bounds(name: str, value: Any) -> Array:
    """Two numbers 0 < low < high."""
    pair = floats(name, value)
    if pair.shape != (2,):
        raise TypeError(f"{name} must be a pair (low, high), got {shown(value)}")
    if not (np.isfinite(pair).all() and 0 < pair[0] < pair[1]):
        raise ValueError(f"{name} must be finite and 0 < low < high, got {shown(value)}")
    return pair


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number >= `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {shown(value)}")
    if value < least:
        raise ValueError(f"{name} must be >= {least}, got {value}")
    return int(value)
