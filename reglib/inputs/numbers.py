"""Hyper-parameters: numbers, or arrays (..., 1) that sweep them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs.arrays import Array, finite, floats, read_only
from reglib.inputs.checking import Beside, shown

Hyper = float | Array
"""A hyper-parameter: a number, or an array (..., 1) that broadcasts over the weights."""


def hyper(rule: str, holds: Callable[[Any], Any]) -> Callable[[str, ArrayLike], Hyper]:
    """The rule for a finite number, or an array (..., 1) of them, for which `holds` is true."""

    def check(name: str, value: ArrayLike) -> Hyper:
        if type(value) is float and holds(value) and value < inf:  # a prox asks at every iteration
            return value
        array = floats(name, value)
        if array.ndim and array.shape[-1] != 1:
            raise ValueError(
                f"{name} must be a number or an array whose last axis is 1, got shape "
                f"{array.shape}; a sweep is {name}[:, None]"
            )
        if array.size == 0:
            raise ValueError(f"{name} must not be empty, got shape {array.shape}")
        _all(name, array, rule, holds)
        return read_only(array) if array.ndim else float(array)

    return check


def _all(name: str, array: Array, rule: str, holds: Callable[[Any], Any]) -> None:
    good = np.isfinite(array) & holds(array)
    if not good.all():
        raise ValueError(f"{name} must be finite and {rule}, got {array[~good].flat[0]:g}")


nonnegative = hyper(">= 0", lambda a: a >= 0)
positive = hyper("> 0", lambda a: a > 0)
proportion = hyper("between 0 and 1", lambda a: (a >= 0) & (a <= 1))
fraction = hyper(">= 0 and < 1", lambda a: (a >= 0) & (a < 1))
NonNegative = Annotated[Hyper, nonnegative]
Positive = Annotated[Hyper, positive]
Proportion = Annotated[Hyper, proportion]
Fraction = Annotated[Hyper, fraction]


def scalar(name: str, value: ArrayLike) -> float:
    """One number, which cannot be swept; inf and NaN are among them."""
    array = floats(name, value)
    if array.ndim:
        raise ValueError(f"{name} must be a number, got shape {array.shape}")
    return float(array)


NonNegativeNumber = Annotated[float, scalar, nonnegative]
PositiveNumber = Annotated[float, scalar, positive]
ProportionNumber = Annotated[float, scalar, proportion]
FractionNumber = Annotated[float, scalar, fraction]


def above_zero(name: str, value: float) -> float:
    """A number > 0, inf among them."""
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value:g}")
    return value


def over_weights(lam: Hyper) -> Hyper:
    """`lam` without its last axis: what multiplies a sum over the weights."""
    return lam[..., 0] if isinstance(lam, np.ndarray) else lam


Number = Annotated[float, partial(finite, ndim=0), scalar]


def per_column(name: str, value: ArrayLike, X: Array) -> Array:
    """A number >= 0, or an array with one for each column of X; never a sweep."""
    array, size = floats(name, value), X.shape[1]
    if array.shape not in ((), (size,)):
        raise ValueError(
            f"{name} must be a number or {size} of them, one for each column of X, "
            f"got shape {array.shape}"
        )
    _all(name, array, ">= 0", lambda a: a >= 0)
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
        raise ValueError(f"{name} must be >= {least}, got {shown(value)}")
    if value >= 2**63:
        raise ValueError(f"{name} must be < 2**63, got {shown(value)}")
    return int(value)


def index(name: str, value: Any) -> int:
    """A whole number >= 0: the step before which so many were taken."""
    return count(name, value, least=0)


Scale = Annotated[Hyper, Beside("X", per_column)]
Lams = Annotated[ArrayLike, descending]
Count = Annotated[int, count]
Index = Annotated[int, index]
