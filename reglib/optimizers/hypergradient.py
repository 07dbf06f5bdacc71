"""A learning rate that is itself learned, by the gradient of the loss with respect to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from reglib.inputs import Array, Flat, Hyper, NonNegative, Positive, checked, norm


@checked
@dataclass(frozen=True, eq=False)
class Hypergradient:
    """s <- s + beta g_k . u_{k-1}, or s <- s (1 + beta cos(g_k, u_{k-1})) when multiplicative.

    g_k is the gradient as it comes in, u_{k-1} what the transforms made of the last one. As
    w_k = w_{k-1} - s u_{k-1}, the loss at w_k has the derivative -g_k . u_{k-1} in s, and this is
    one step of gradient descent on s. rate > 0, the first s; beta >= 0, in units of
    rate / gradient^2 when additive, a plain number when multiplicative. Both may be arrays
    (..., 1). s may become negative. That is a result, and not an error. Source: Almeida, Langlois,
    Amaral and Plakhov 1998; Baydin, Cornish, Rubio, Schmidt and Wood 2018.

    >>> rule = Hypergradient(0.1, beta=0.01)
    >>> g, memory = np.array([3.0]), rule.start(np.zeros(1))
    >>> _, memory = rule.next_rate(gradient=g, update=g, memory=memory)
    >>> rule.next_rate(gradient=g - 1, update=g - 1, memory=memory)[0].round(6)
    array([0.16])
    """

    signed: ClassVar[bool] = True
    """The rate may be negative, where no prox and no shrinking is defined."""

    rate: Positive
    beta: NonNegative
    multiplicative: bool = False

    def start(self, w: Flat) -> tuple[Hyper, Array]:
        return self.rate, np.zeros_like(w)

    def next_rate(
        self, *, gradient: Flat, update: Flat, memory: tuple[Any, Array]
    ) -> tuple[Array, tuple[Array, Array]]:
        s, last = memory
        if self.multiplicative:
            cosine = (_unit(gradient) * _unit(last)).sum(axis=-1, keepdims=True)
            s = s * (1 + self.beta * cosine)
        else:
            s = s + self.beta * (gradient * last).sum(axis=-1, keepdims=True)
        # a copy: the caller may write its next gradient there
        return s, (s, np.array(update))


def _unit(v: Array) -> Array:
    """v / ||v||, and 0 where v is 0."""
    length = norm(v)
    return v / np.where(length > 0, length, 1)
