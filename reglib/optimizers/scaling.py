"""Transforms that remember earlier gradients: two kinds of momentum, three kinds of scaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from reglib.inputs import Array, Flat, Fraction, Positive, checked
from reglib.optimizers.chain import Passed

Moments: TypeAlias = tuple[Array, Array, int]
"""m, v, and how many steps were taken."""


@checked
class FromZero:
    """A transform whose memory is an array like the weights, 0 before the first step."""

    def start(self, w: Flat) -> Array:
        return np.zeros_like(w)


@checked
@dataclass(frozen=True, eq=False)
class Momentum(FromZero):
    """v <- beta v + g, passed on instead of g: the heavy ball. 0 <= beta < 1. Source: Polyak 1964.

    >>> Momentum(0.9).update(np.ones(1), w=None, memory=np.ones(1))[0]
    array([1.9])
    """

    beta: Fraction = 0.9

    def update(self, gradient: Flat, *, w: Any, memory: Array) -> Passed:
        v = self.beta * memory + gradient
        return v, v


@checked
@dataclass(frozen=True, eq=False)
class Nesterov(Momentum):
    """v <- beta v + g, and g + beta v is passed on: the gradient looked up one step ahead.

    0 <= beta < 1. Source: Nesterov 1983, in the form of Sutskever, Martens, Dahl and Hinton 2013.

    >>> Nesterov(0.5).update(np.ones(1), w=None, memory=np.ones(1))[0]
    array([1.75])
    """

    def update(self, gradient: Flat, *, w: Any, memory: Array) -> Passed:
        v, _ = super().update(gradient, w=w, memory=memory)
        return gradient + self.beta * v, v


@checked
@dataclass(frozen=True, eq=False, kw_only=True)
class AdamScaling:
    """m / (sqrt(v) + eps), m and v bias-corrected means of g and g^2. Source: Kingma and Ba 2015.

    m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2, both divided by 1 - beta^k at step
    k. 0 <= beta1, beta2 < 1; eps > 0 in the units of the gradient. Where g^2 overflows (|g| above
    1e154) v is inf for good: the entry stands still from there on.

    >>> adam = AdamScaling()
    >>> adam.update(np.array([5.0, -0.1]), w=None, memory=adam.start(np.zeros(2)))[0].round(6)
    array([ 1., -1.])
    """

    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    eps: Positive = 1e-8

    def start(self, w: Flat) -> Moments:
        return np.zeros_like(w), np.zeros_like(w), 0

    def update(self, gradient: Flat, *, w: Any, memory: Moments) -> Passed:
        m, v, k = memory
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * gradient**2
        k += 1
        size = np.sqrt(v / (1 - self.beta2**k)) + self.eps
        return m / (1 - self.beta1**k) / size, (m, v, k)


@checked
@dataclass(frozen=True, eq=False, kw_only=True)
class AdaGrad(FromZero):
    """g / (sqrt(v) + eps), v the sum of all g^2 so far. eps > 0. Source: Duchi et al. 2011.

    Each weight has a step of its own, which only ever shrinks. g^2 may overflow as in
    `AdamScaling`.

    >>> adagrad = AdaGrad()
    >>> adagrad.update(np.array([3.0]), w=None, memory=np.array([16.0]))[0].round(6)
    array([0.6])
    """

    eps: Positive = 1e-10

    def update(self, gradient: Flat, *, w: Any, memory: Array) -> Passed:
        v = memory + gradient**2
        return gradient / (np.sqrt(v) + self.eps), v


@checked
@dataclass(frozen=True, eq=False, kw_only=True)
class RMSProp(FromZero):
    """g / (sqrt(v) + eps), v <- beta v + (1 - beta) g^2 from 0. Source: Tieleman and Hinton 2012.

    0 <= beta < 1; eps > 0. There is no correction of the start: the first update has the entries
    sign(g) / sqrt(1 - beta), 10 at the default. g^2 may overflow as in `AdamScaling`.

    >>> rmsprop = RMSProp()
    >>> rmsprop.update(np.array([5.0, -0.1]), w=None, memory=rmsprop.start(np.zeros(2)))[0].round(4)
    array([ 10., -10.])
    """

    beta: Fraction = 0.99
    eps: Positive = 1e-8

    def update(self, gradient: Flat, *, w: Any, memory: Array) -> Passed:
        v = self.beta * memory + (1 - self.beta) * gradient**2
        return gradient / (np.sqrt(v) + self.eps), v
