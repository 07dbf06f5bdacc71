"""The sentence itself, what may stand in it, and weight decay, whose place says its kind."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import nan
from typing import Any, Protocol, TypeAlias

import numpy as np

from reglib import inputs
from reglib.inputs import Array, Flat, Gradient, Group, Hyper, LearningRate, NonNegative, checked

Passed: TypeAlias = tuple[Array, Any]
"""What an update returns: the gradient it passes on, and its new memory."""


class Transform(Protocol):
    """Anything with these two methods can stand in an `Optimizer`.

    `start(w)` returns its memory; `update(gradient, w=w, memory=memory)` returns the gradient it
    passes on and its new memory. Other libraries have other orders, so here is none.
    """

    def start(self, w: Array) -> Any: ...
    def update(self, gradient: Array, *, w: Array, memory: Any) -> Passed: ...


class Rule(Protocol):
    """Anything with these two methods can be the learning rate: a schedule, a hypergradient.

    `start(w)` returns its memory; `next_rate(gradient=, update=, memory=)` returns the rate of
    this step, a number or an array (..., 1), and its new memory. `gradient` is what came in,
    `update` what the transforms made of it. A rule whose rate may be negative says `signed = True`.
    """

    def start(self, w: Array) -> Any: ...
    def next_rate(self, *, gradient: Array, update: Array, memory: Any) -> tuple[Hyper, Any]: ...


@checked
class Optimizer:
    """w <- w - learning_rate t_k(... t_1(gradient)): the transforms stand in their order of use.

    learning_rate is a number > 0, an array (..., 1) of them, or a rule such as `Cosine(0.1, 100)`.
    Two `WeightDecay` with a mask each are two groups of weights. TypeError: something that is no
    transform, or no rule. ValueError: groups that overlap.

    >>> import numpy as np
    >>> from reglib.optimizers import ClipByNorm
    >>> sgd = Optimizer(ClipByNorm(1.0), learning_rate=0.5)
    >>> w = np.zeros(2)
    >>> sgd.step(w, gradient=np.array([3.0, 4.0]), memory=sgd.start(w))[0]
    array([-0.3, -0.4])
    """

    def __init__(self, *transforms: Transform, learning_rate: LearningRate) -> None:
        self.transforms = tuple(inputs.transform("transform", t) for t in transforms)
        _groups([t.mask for t in self.transforms if isinstance(t, WeightDecay)])
        self.learning_rate: Hyper | Rule = learning_rate
        self._ruled = hasattr(self.learning_rate, "next_rate")

    def __repr__(self) -> str:
        words = [repr(t) for t in self.transforms]
        return f"Optimizer({', '.join([*words, f'learning_rate={self.learning_rate}'])})"

    def start(self, w: Flat) -> tuple[Any, ...]:
        """What the transforms remember before the first step; a rule's memory comes last."""
        memories = tuple(transform.start(w) for transform in self.transforms)
        return (*memories, (nan, self.learning_rate.start(w))) if self._ruled else memories

    def step(
        self, w: Flat, *, gradient: Gradient, memory: tuple[Any, ...]
    ) -> tuple[Array, tuple[Any, ...]]:
        """The next weights (..., P) and the new memory."""
        update, rate, after = gradient, self.learning_rate, []
        own = memory[: len(self.transforms)]  # that of a rule comes after theirs
        for transform, old in zip(self.transforms, own, strict=True):
            update, new = transform.update(update, w=w, memory=old)
            after.append(new)
        if self._ruled:
            rate, new = rate.next_rate(
                gradient=gradient,
                update=update,
                memory=memory[-1][1],
            )
            after.append((rate, new))
        return w - rate * update, tuple(after)

    def rate(self, memory: tuple[Any, ...]) -> Any:
        """The learning rate of the step that left this memory; NaN before a rule's first."""
        return memory[-1][0] if self._ruled else self.learning_rate


class Memoryless:
    """A transform that remembers nothing."""

    def start(self, w: Array) -> None:
        return None


@checked
@dataclass(frozen=True, eq=False)
class WeightDecay(Memoryless):
    """g + lam w, on the weights where `mask` (P,) is True: L2, and its place says which kind.

    First in the sentence it is coupled: the transforms behind it see it. Last it is decoupled: they
    do not. Source: Krogh and Hertz 1992; Loshchilov and Hutter 2019.

    >>> import numpy as np
    >>> WeightDecay(0.1).update(np.zeros(2), w=np.array([1.0, 2.0]), memory=None)[0]
    array([0.1, 0.2])
    """

    lam: NonNegative
    mask: Group | None = None

    def update(self, gradient: Flat, *, w: Flat, memory: None) -> Passed:
        if self.mask is None:
            return gradient + self.lam * w, None
        w = inputs.columns("w", w, self.mask, "mask")
        return gradient + self.lam * (w * self.mask), None


def _groups(masks: list[Any]) -> None:
    """An error where two masks share a weight; no mask is a mask of all."""
    for pair in combinations(masks, 2):
        both = np.logical_and(*(True if mask is None else mask for mask in pair))
        if both.any():
            got = "all of them" if both.all() else f"{both.sum()} of {both.size}"
            raise ValueError(f"groups of weights that decay must not overlap, got {got} in two")
