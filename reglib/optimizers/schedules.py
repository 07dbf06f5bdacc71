"""Learning rates that follow a plan: each schedule gives its rate at step k = 0, 1, 2, ...

`Optimizer(..., learning_rate=WarmUp(100, Cosine(0.1, 900)))` warms up, then cools down. Rates are
numbers or arrays (..., 1), as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi
from typing import Annotated, Any

from reglib.inputs import (
    Array,
    Count,
    Hyper,
    Index,
    NonNegative,
    Positive,
    Proportion,
    ScheduleLike,
    checked,
    positive,
)


class Schedule:
    """A rule that looks at nothing but the number of steps taken, which is its memory.

    A subclass has `at(k)`: the rate of step k, never negative.
    """

    def start(self, w: Array) -> int:
        return 0

    def next_rate(self, *, gradient: Any, update: Any, memory: int) -> tuple[Hyper, int]:
        return self.at(memory), memory + 1

    def at(self, k: int) -> Hyper:
        raise NotImplementedError


@checked
@dataclass(frozen=True, eq=False)
class Cosine(Schedule):
    """final + (rate - final)/2 (1 + cos(pi k / n)) up to k = n = n_steps, then final.

    rate > 0, final >= 0. Source: Loshchilov and Hutter 2017, without restarts.

    >>> [round(Cosine(1.0, 4).at(k), 3) for k in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    rate: Positive
    n_steps: Count
    final: NonNegative = field(default=0.0, kw_only=True)

    def at(self, k: Index) -> Hyper:
        share = (1 + cos(pi * min(k / self.n_steps, 1))) / 2
        return self.final + (self.rate - self.final) * share


@checked
@dataclass(frozen=True, eq=False)
class WarmUp(Schedule):
    """(k + 1)/n times the first rate of `then` for k < n = n_steps, then `then` from its second.

    Step n - 1 is the first with the whole rate. `then` is a schedule. Source: Goyal et al. 2017.

    >>> [WarmUp(4, InverseSqrt(1.0, 1)).at(k) for k in (0, 1, 2, 3, 6)]
    [0.25, 0.5, 0.75, 1.0, 0.5]
    """

    n_steps: Count
    then: ScheduleLike

    def at(self, k: Index) -> Hyper:
        late = k - self.n_steps + 1
        if late > 0:
            return self.then.at(late)
        return self.then.at(0) * ((k + 1) / self.n_steps)


@checked
@dataclass(frozen=True, eq=False)
class StepDecay(Schedule):
    """rate factor^(k // every), rate > 0, 0 < factor <= 1.

    >>> [StepDecay(1.0, every=2, factor=0.5).at(k) for k in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    rate: Positive
    every: Count
    factor: Annotated[Proportion, positive]

    def at(self, k: Index) -> Hyper:
        return self.rate * self.factor ** (k // self.every)


@checked
@dataclass(frozen=True, eq=False)
class InverseSqrt(Schedule):
    """rate / sqrt(1 + k / n_steps): slow enough to reach any point, fast enough to settle.

    rate > 0; the rate has halved after 3 n_steps steps.

    >>> [InverseSqrt(1.0, 100).at(k) for k in (0, 300, 1500)]
    [1.0, 0.5, 0.25]
    """

    rate: Positive
    n_steps: Count

    def at(self, k: Index) -> Hyper:
        return self.rate / (1 + k / self.n_steps) ** 0.5
