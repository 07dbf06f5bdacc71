"""Whatever is not a number: generators, penalties, transforms, shapes, words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import is_dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reglib.inputs.checking import Beside, shown
from reglib.inputs.numbers import count, positive

Generators: TypeAlias = "np.random.Generator | Sequence[np.random.Generator]"
"""One source of random numbers, or one for each seed. A string: numpy.random loads when needed."""
PLACEMENTS = ("coupled", "decoupled", "shrink_after", "proximal")
"""Where an L2 term can stand in a step of gradient descent; see `solvers.gradient_descent`."""


def must(rule: str, holds: Callable[[Any], bool]) -> Callable[[str, Any], Any]:
    """The rule for anything that `holds`, as it comes; else a TypeError that says `rule`."""

    def check(name: str, value: Any) -> Any:
        if not holds(value):
            raise TypeError(f"{name} must {rule}, got {shown(value)}")
        return value

    return check


def having(*methods: str) -> Callable[[Any], bool]:
    """Whether something has these methods, and is made and not merely named."""
    return lambda value: (
        not isinstance(value, type) and all(callable(getattr(value, m, None)) for m in methods)
    )


def _differentiable(value: Any) -> bool:
    both = callable(getattr(value, "value", None)) and callable(getattr(value, "gradient", None))
    unmade = isinstance(value, type) and is_dataclass(value)
    return not unmade and (both or hasattr(value, "value_and_gradient"))


def methods(*wanted: str) -> Callable[[str, Any], Any]:
    """The rule for anything with at least two methods."""
    words = f"{', '.join(wanted[:-1])} and {wanted[-1]}"
    return must(f"have the methods {words}, {LOSS}", having(*wanted))


LOSS = "such as SquaredError(X, y)"
function = must("be a function", callable)
generator = must("be a numpy.random.Generator", lambda rng: isinstance(rng, np.random.Generator))
objective = must(f"have the methods value and gradient, {LOSS}", _differentiable)
measured = must(f"have the method lipschitz where there is no step, {LOSS}", having("lipschitz"))
curved = must(f"have the method hessian_vector, {LOSS}", having("hessian_vector"))
valued = must(f"have the method value, {LOSS}", having("value"))
penalty = must("be a penalty such as L2(0.1)", having("value", "subgradient", "prox"))
transform = must("be a transform such as ClipByNorm(1.0)", having("start", "update"))
schedule = must("be a schedule such as Cosine(0.1, 100)", having("at"))
rule = must("be a number > 0 or a rule such as Cosine(0.1, 100)", having("start", "next_rate"))


def learning_rate(name: str, value: Any) -> Any:
    """A number > 0, an array (..., 1) of them, or a rule."""
    number = isinstance(value, (int, float, list, tuple)) or hasattr(value, "__array__")
    return (positive if number else rule)(name, value)


def each(rng: Any, draw: Callable[[np.random.Generator], Any]) -> Any:
    """draw(rng), or a stack of the draws of a list of generators."""
    draws = [draw(r) for r in generators(rng)]
    return draws[0] if isinstance(rng, np.random.Generator) else np.stack(draws)


def generators(rng: Any) -> list[np.random.Generator]:
    """One source of random numbers, or a list with one for each seed of a sweep."""
    if isinstance(rng, np.random.Generator):
        return [rng]
    if not isinstance(rng, (list, tuple)):
        raise TypeError(f"rng must be a numpy.random.Generator or a list of them, got {shown(rng)}")
    if not rng:
        raise ValueError("rng must be a numpy.random.Generator or a list of them, got no generator")
    return [generator("rng", r) for r in rng]


def names(name: str, value: Any, X: NDArray[Any]) -> tuple[str, ...]:
    """A word for each column of X."""
    words = () if isinstance(value, str) or not hasattr(value, "__iter__") else tuple(value)
    if not words or not all(isinstance(word, str) for word in words):
        raise TypeError(f"{name} must be a list of words, got {shown(value)}")
    that(name, len(words) == X.shape[1], f"be {X.shape[1]} words, one for each column of X", words)
    return words


def widths(name: str, value: Any) -> tuple[int, ...]:
    """The widths of at least one layer, each a whole number >= 1."""
    if isinstance(value, (str, int, np.integer)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a list of whole numbers, got {shown(value)}")
    sizes = tuple(count(f"every entry of {name}", size) for size in value)
    if not sizes:
        raise ValueError(f"{name} must have at least one layer, got {shown(value)}")
    return sizes


def shape(name: str, value: Any) -> tuple[int, int]:
    """The two whole numbers (rows, columns) of a matrix."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be a pair (rows, columns), got {shown(value)}")
    return count(f"{name}[0]", value[0]), count(f"{name}[1]", value[1])


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


Generator = Annotated["np.random.Generator", generator]
"""A string, since numpy.random loads when it is needed."""
Function = Annotated[Callable[..., Any], function]
Placement = Annotated[str, partial(one_of, choices=PLACEMENTS)]
Names = Annotated[Sequence[str], Beside("X", names)]
Shape = Annotated[tuple[int, int], shape]
LearningRate = Annotated[Any, learning_rate]
ScheduleLike = Annotated[Any, schedule]
PenaltyLike = Annotated[Any, penalty]
ObjectiveLike = Annotated[Any, objective]
Valued = Annotated[Any, valued]
Bent = Annotated[Any, curved]
Curved = Annotated[Any, methods("gradient", "hessian_vector")]
