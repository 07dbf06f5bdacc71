"""Data and weights: real numbers in the shape that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.inputs.checking import Beside, shown

Array = NDArray[np.float64]
FLOAT64 = np.dtype(np.float64)


def floats(name: str, value: ArrayLike) -> Array:
    """`value` as float64, whatever real numbers it is made of; anything else is a TypeError."""
    if type(value) is np.ndarray and (value.dtype is FLOAT64 or value.dtype == FLOAT64):
        return value
    return array_of(name, value, "real numbers", "biuf").astype(np.float64)


def array_of(name: str, value: Any, of: str, kinds: str = "") -> NDArray[Any]:
    """`value` as an array, of these kinds of dtype if any are named; else a TypeError."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without masked entries, got {shown(value)}")
    array, why = None, ""
    try:
        array = np.asarray(value)
    except ValueError:  # NumPy's word for rows of unequal length
        pass
    except Exception as error:  # an __array__ may have reasons of its own
        why = f": {error}"
    if array is None or (kinds and array.dtype.kind not in kinds):
        raise TypeError(f"{name} must be an array of {of}, got {shown(value)}{why}")
    return array


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A copy that nobody can write to; the caller may go on writing to theirs."""
    array = array.copy()
    array.flags.writeable = False
    return array


def shaped(name: str, value: ArrayLike, ndim: int | None = None) -> Array:
    """A non-empty array of `ndim` axes where that is asked; NaN and inf may be in it."""
    array = floats(name, value)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array


def finite(name: str, value: ArrayLike, ndim: int | None = None) -> Array:
    """A non-empty array without NaN or inf, of `ndim` axes where that is asked."""
    array = shaped(name, value, ndim)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def sized(name: str, array: Array, least: float = 1e-150) -> Array:
    """An array that is 0, or of a size that can be squared: sums of squares are finite, not 0."""
    largest = max(array.max(), -array.min())  # abs would be a copy
    if largest > 1e150 or 0 < largest < least:
        rule = f"be 0 or between {least:g} and 1e+150" if least else "be below 1e+150"
        raise ValueError(f"{name} must {rule} in size, got {largest:g}")
    return array


def targets(name: str, y: ArrayLike, X: Array, kept: Any = finite) -> Array:
    """A number (n,) for each row of a table X."""
    y = floats(name, y)
    if y.ndim == 2 and y.shape[1] == 1:
        raise ValueError(f"{name} must have shape (n,), got {y.shape}; pass {name}[:, 0]")
    y = kept(name, y, 1)
    if len(X) != len(y):
        raise ValueError(f"X and y must have the same number of rows, got {X.shape} and {y.shape}")
    return y


def labels(name: str, y: Array) -> Array:
    """Targets that are classes: each 0 or 1."""
    wrong = np.flatnonzero((y != 0) & (y != 1))
    if wrong.size:
        raise ValueError(f"{name} must hold only 0 and 1, got {y[wrong[0]]:g} at index {wrong[0]}")
    return y


Table = Annotated[ArrayLike, partial(finite, ndim=2), sized]
Targets = Annotated[ArrayLike, Beside("X", targets), sized]
Labels = Annotated[Targets, labels]
RawTable = Annotated[ArrayLike, partial(shaped, ndim=2)]
RawTargets = Annotated[ArrayLike, Beside("X", partial(targets, kept=shaped))]
"""As they come: NaN and inf may be among them."""


def flat(name: str, w: ArrayLike) -> Array:
    """Real numbers along at least one axis."""
    w = floats(name, w)
    if w.ndim == 0:
        raise ValueError(f"{name} must have at least one axis, got the scalar {w[()]}")
    return w


def rows(name: str, value: Any, n: int) -> Any:
    """Some of n rows: a slice, whole numbers from -n to n - 1, or n times True or False."""
    part = value if isinstance(value, slice) else array_of(name, value, "whole numbers")
    if isinstance(part, np.ndarray) and part.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {part.shape}")
    try:
        if np.arange(n)[part].ndim == 1:
            return part
    except (IndexError, TypeError):
        pass
    raise ValueError(
        f"{name} must be a slice, whole numbers from {-n} to {n - 1}, or {n} times True or False, "
        f"got {shown(value)}"
    )


def folds(name: str, value: Any, X: Array) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Pairs (train, test) of row numbers: each row of X is tested once, and trains otherwise."""
    try:
        pairs = [(train, test) for train, test in value]
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be pairs (train, test) of rows, got {shown(value)}") from None
    every, tested = np.arange(len(X)), np.arange(0)
    for i, pair in enumerate(pairs):
        train, test = pairs[i] = tuple(every[rows(f"{name}[{i}]", part, len(X))] for part in pair)
        _once(f"{name}[{i}]", "in train or in test", np.r_[train, test], len(X))
        tested = np.r_[tested, test]
    _once(name, "in the test of a fold", tested, len(X))
    return pairs


def _once(name: str, where: str, found: NDArray[np.int_], n: int) -> None:
    counts = np.bincount(found, minlength=n)
    for row in np.flatnonzero(counts != 1):
        got = f"row {row} {counts[row]} times"
        raise ValueError(f"{name} must have each of {n} rows once {where}, got {got}")


Rows = Annotated[Any, Beside("n_rows", rows)]
Folds = Annotated[Iterable[Any], Beside("X", folds)]


def weights(name: str, w: ArrayLike, size: int, of: str = "", beside: str = "") -> Array:
    """Weights (..., size), `of` saying why so many; they may hold inf or NaN, a run may diverge."""
    w = floats(name, w)
    if w.ndim == 0 or w.shape[-1] != size:
        got = f"{name} of shape {w.shape} and {beside}" if beside else f"shape {w.shape}"
        raise ValueError(f"the last axis of {name} must have {size} entries{of}, got {got}")
    return w


def columns(name: str, w: ArrayLike, X: NDArray[Any], other: str) -> Array:
    """Weights (..., p), one for each column of the array X, which the error calls `other`."""
    w = floats(name, w)
    if w.ndim and w.shape[-1] == X.shape[-1]:
        return w
    beside = f"{other} of shape {X.shape}"
    return weights(name, w, X.shape[-1], f", one for each column of {other}", beside)


def columns_of(other: str) -> Beside:
    """The rule for weights with one for each column of another array."""
    return Beside(other, partial(columns, other=other))


def matrices(name: str, w: ArrayLike, shape: tuple[int, int]) -> Array:
    """Flat weights (..., m n) as matrices (..., m, n), in C order."""
    m, n = shape
    w = weights(name, w, m * n, ", one for each of a matrix", f"a matrix of shape {shape}")
    return w.reshape(w.shape[:-1] + (m, n))


Weights = Annotated[ArrayLike, floats]
"""Real numbers (..., P), inf and NaN among them: a run may diverge."""
Flat = Annotated[ArrayLike, flat]
"""The same, of one weight at least."""
Start = Annotated[ArrayLike, finite, flat]
Vector = Annotated[ArrayLike, partial(finite, ndim=1)]
PerColumn = Annotated[ArrayLike, columns_of("X")]
Matrices = Annotated[ArrayLike, Beside("shape", matrices)]
Gradient = Annotated[ArrayLike, Beside("w", lambda name, g, w: weights(name, g, w.shape[-1]))]


def leading(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The common leading axes of all that is swept together, from those of each by its name."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        each = ", ".join(f"{shape} of {name}" for name, shape in shapes.items() if shape)
        raise ValueError(
            f"leading axes must fit together, got {each}; give each sweep an axis of its own"
        ) from None


def marks(name: str, value: ArrayLike, of: str, kinds: str) -> NDArray[Any]:
    """A read-only array (P,) with a mark for each weight, of one of these kinds of dtype."""
    array = array_of(name, value, of, kinds)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have one axis and an entry, got shape {array.shape}")
    return read_only(array)


mask = partial(marks, of="True and False", kinds="b")
"""True where a weight is penalized."""


def group(name: str, value: ArrayLike) -> NDArray[np.bool_]:
    """A mask that is True somewhere: one that spares every weight is a mistake."""
    array = mask(name, value)
    if not array.any():
        raise ValueError(f"{name} must be True somewhere, got {len(array)} times False")
    return array


def column_mask(name: str, value: ArrayLike, X: Array) -> NDArray[np.bool_]:
    """A boolean array (p,), one for each column of X."""
    array = mask(name, value)
    columns(name, array, X, "X")
    return array


Groups = Annotated[ArrayLike, partial(marks, of="whole numbers", kinds="iu")]
Mask = Annotated[ArrayLike, mask]
Group = Annotated[ArrayLike, group]
ColumnMask = Annotated[ArrayLike, Beside("X", column_mask)]
