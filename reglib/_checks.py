"""The one place that words an error about bad input: the name, the rule, the value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

PLACEMENTS = ("coupled", "decoupled", "shrink_after", "proximal")
"""Where an L2 term can stand in a step of gradient descent; see `solvers.gradient_descent`."""

Array = NDArray[np.float64]
Hyper = float | Array
"""A hyper-parameter: a number, or an array (..., 1) that broadcasts over the weights."""


def _shown(value: Any) -> str:
    """The offending value, short enough for one line of a traceback."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def floats(name: str, value: ArrayLike) -> Array:
    """`value` as float64, whatever real numbers it is made of; anything else is a TypeError."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without masked entries, got {_shown(value)}")
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's word for rows of unequal length
        raise TypeError(f"{name} must be an array of real numbers, got {_shown(value)}") from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got {_shown(value)}")
    return array.astype(np.float64)


def finite(name: str, value: ArrayLike, ndim: int | None = None) -> Array:
    """A non-empty array without NaN or inf, of `ndim` axes where that is asked."""
    array = floats(name, value)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def design(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """A table X (n, p) and its targets y (n,), both finite, of matching length."""
    X = finite("X", X, ndim=2)
    y = floats("y", y)
    if y.ndim == 2 and y.shape[1] == 1:
        raise ValueError(f"y must have shape (n,), got {y.shape}; pass y[:, 0]")
    y = finite("y", y, ndim=1)
    if len(X) != len(y):
        raise ValueError(f"X and y must have the same number of rows, got {X.shape} and {y.shape}")
    return X, y


def start(w0: ArrayLike, name: str = "w0") -> Array:
    """Weights to start from: finite, at least one axis."""
    w0 = finite(name, w0)
    if w0.ndim == 0:
        raise ValueError(f"{name} must have at least one axis, got the scalar {w0[()]}")
    return w0


def rows(name: str, value: Any, n: int) -> Any:
    """Some of n rows: a slice, whole numbers from -n to n - 1, or n times True or False."""
    if isinstance(value, slice):
        return value
    array = np.asarray(value)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    flags = array.dtype == bool and array.shape == (n,)
    indices = array.dtype.kind in "iu" and array.ndim == 1
    if not flags and not (indices and -n <= array.min() and array.max() < n):
        raise ValueError(
            f"{name} must be a slice, whole numbers from {-n} to {n - 1}, or {n} times True or "
            f"False, got {_shown(value)}"
        )
    return array


def penalty(name: str, value: Any) -> Any:
    """Anything with the three methods of a penalty, made and not merely named."""
    methods = ("value", "subgradient", "prox")
    if isinstance(value, type) or not all(callable(getattr(value, m, None)) for m in methods):
        raise TypeError(f"{name} must be a penalty such as L2(0.1), got {_shown(value)}")
    return value


def columns(name: str, w: ArrayLike, size: int, other: str, shape: tuple[int, ...]) -> Array:
    """Weights whose last axis has `size` entries; they may hold inf or NaN, a run may diverge."""
    w = floats(name, w)
    if w.ndim == 0 or w.shape[-1] != size:
        raise ValueError(
            f"the last axis of {name} must have {size} entries, one for each column of {other}, "
            f"got {name} of shape {w.shape} and {other} of shape {shape}"
        )
    return w


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


def count(name: str, value: Any) -> int:
    """A whole number >= 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {_shown(value)}")
    if value < 1:
        raise ValueError(f"{name} must be >= 1, got {value}")
    return int(value)


def generator(rng: Any) -> np.random.Generator:
    """The source of random numbers, always handed in."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {_shown(rng)}")
    return rng


def mask(name: str, value: ArrayLike) -> NDArray[np.bool_]:
    """A boolean array (P,), True where a weight is penalized."""
    array = np.asarray(value)
    if array.dtype != bool:
        raise TypeError(f"{name} must be an array of True and False, got {_shown(value)}")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have one axis and an entry, got shape {array.shape}")
    array = array.copy()
    array.flags.writeable = False
    return array


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        words = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{name} must be one of {words}, got {_shown(value)}")
    return value
