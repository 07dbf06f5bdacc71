"""Whatever is not a number: generators, penalties, transforms, shapes, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.inputs.arrays import array_of, read_only
from reglib.inputs.numbers import count, positive
from reglib.inputs.words import Hyper, shown


def generator(name: str, rng: Any) -> np.random.Generator:
    """The source of random numbers, always handed in."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name} must be a numpy.random.Generator, got {shown(rng)}")
    return rng


def generators(rng: Any) -> list[np.random.Generator]:
    """One source of random numbers, or a list with one for each seed of a sweep."""
    if isinstance(rng, np.random.Generator):
        return [rng]
    if not isinstance(rng, (list, tuple)):
        raise TypeError(f"rng must be a numpy.random.Generator or a list of them, got {shown(rng)}")
    if not rng:
        raise ValueError("rng must be a numpy.random.Generator or a list of them, got no generator")
    return [generator("rng", r) for r in rng]


def _has(value: Any, *methods: str) -> bool:
    """Whether something has these methods, and is made and not merely named."""
    made = not isinstance(value, type)
    return made and all(callable(getattr(value, method, None)) for method in methods)


def penalty(name: str, value: Any) -> Any:
    """Anything with the three methods of a penalty, made and not merely named."""
    if not _has(value, "value", "subgradient", "prox"):
        raise TypeError(f"{name} must be a penalty such as L2(0.1), got {shown(value)}")
    return value


def objective(name: str, value: Any) -> Any:
    """Anything with a value and a gradient, made and not merely named."""
    both = callable(getattr(value, "value", None)) and callable(getattr(value, "gradient", None))
    unmade = isinstance(value, type) and is_dataclass(value)
    if unmade or not (both or hasattr(value, "value_and_gradient")):
        raise TypeError(
            f"{name} must have the methods value and gradient, such as SquaredError(X, y), "
            f"got {shown(value)}"
        )
    return value


def methods(name: str, value: Any, *wanted: str) -> Any:
    """Anything with at least two methods, made and not merely named."""
    if not _has(value, *wanted):
        raise TypeError(
            f"{name} must have the methods {', '.join(wanted[:-1])} and {wanted[-1]}, such as "
            f"SquaredError(X, y), got {shown(value)}"
        )
    return value


def having(*wanted: str) -> Callable[[str, Any], Any]:
    """The rule for anything with these methods."""
    return lambda name, value: methods(name, value, *wanted)


def valued(name: str, value: Any) -> Any:
    """Anything with a value, made and not merely named."""
    if not _has(value, "value"):
        raise TypeError(
            f"{name} must have the method value, such as SquaredError(X, y), got {shown(value)}"
        )
    return value


def sweeps(name: str, value: Any) -> dict[str, tuple[int, ...]]:
    """The leading axes of every hyper-parameter in a penalty or in transforms, by its name."""
    if isinstance(value, np.ndarray):
        return {name: value.shape[:-1]} if value.shape[-1:] == (1,) else {}
    parts: dict[str, Any] = {}
    if isinstance(value, tuple):
        parts = {f"{name}[{i}]": part for i, part in enumerate(value)}
    elif is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        types = _types(type(value))
        parts = {  # an array is swept where its field says so, and may hold data elsewhere
            f"{name}.{field}": part
            for field, part in held.items()
            if types.get(field) == Hyper or not isinstance(part, np.ndarray)
        }
    return {label: axes for part in parts.items() for label, axes in sweeps(*part).items()}


def _types(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except NameError:  # a type that only a type checker imports
        return {}


def transform(name: str, value: Any) -> Any:
    """Anything with the two methods of a transform, made and not merely named."""
    if not _has(value, "start", "update"):
        raise TypeError(f"{name} must be a transform such as ClipByNorm(1.0), got {shown(value)}")
    return value


def names(name: str, value: Any, X: NDArray[Any]) -> tuple[str, ...]:
    """A word for each column of X."""
    size = X.shape[1]
    words = () if isinstance(value, str) or not hasattr(value, "__iter__") else tuple(value)
    if not words or not all(isinstance(word, str) for word in words):
        raise TypeError(f"{name} must be a list of words, got {shown(value)}")
    if len(words) != size:
        raise ValueError(
            f"{name} must be {size} words, one for each column of X, got {len(words)}: "
            f"{shown(list(words))}"
        )
    return words


def learning_rate(name: str, value: Any) -> Any:
    """A number > 0, an array (..., 1) of them, or a rule: made, and not merely named."""
    if isinstance(value, (int, float, list, tuple)) or hasattr(value, "__array__"):
        return positive(name, value)
    if not _has(value, "start", "next_rate"):
        raise TypeError(
            f"{name} must be a number > 0 or a rule such as Cosine(0.1, 100), got {shown(value)}"
        )
    return value


def schedule(name: str, value: Any) -> Any:
    """A rule that knows its rate at any step, made and not merely named."""
    if not _has(value, "at"):
        raise TypeError(f"{name} must be a schedule such as Cosine(0.1, 100), got {shown(value)}")
    return value


def widths(name: str, value: Any) -> tuple[int, ...]:
    """The widths of at least one layer, each a whole number >= 1."""
    if isinstance(value, (str, int, np.integer)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list of whole numbers, got {shown(value)}")
    sizes = tuple(count(f"every entry of {name}", size) for size in value)
    if not sizes:
        raise ValueError(f"{name} must have at least one layer, got {shown(value)}")
    return sizes


def groups(name: str, value: ArrayLike) -> NDArray[np.int64]:
    """A whole number (P,) for each weight, the group it belongs to."""
    array = array_of(name, value, "whole numbers")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an array of whole numbers, got {shown(value)}")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have one axis and an entry, got shape {array.shape}")
    return read_only(array)


def shape(name: str, value: Any) -> tuple[int, int]:
    """The two whole numbers (rows, columns) of a matrix."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (rows, columns), got {shown(value)}")
    return count(f"{name}[0]", value[0]), count(f"{name}[1]", value[1])


def function(name: str, value: Any) -> Any:
    """Anything that can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {shown(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        words = ", ".join(repr(c) for c in choices)
        raise ValueError(f"{name} must be one of {words}, got {shown(value)}")
    return value


def that(name: str, holds: Any, rule: str, value: Any) -> None:
    """A rule that only the caller can judge, in its words."""
    if not holds:
        raise ValueError(f"{name} must {rule}, got {shown(value)}")
