"""Penalties on each weight for itself: L1, L2 and the elastic net."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs import Array, NonNegative, Positive, Proportion, Weights, checked, over_weights


class Penalty(Protocol):
    """Anything with these three methods is a penalty; no base class is needed."""

    def value(self, w: ArrayLike) -> Array: ...
    def subgradient(self, w: ArrayLike) -> Array: ...
    def prox(self, w: ArrayLike, step: ArrayLike) -> Array: ...


@checked
@dataclass(frozen=True, eq=False)
class L2:
    """lam/2 ||w||^2. Gradient lam w; prox w / (1 + step lam).

    Source: Hoerl and Kennard 1970.

    >>> L2(2.0).value([3.0, 4.0]), L2(2.0).prox([3.0, 4.0], step=0.5)
    (np.float64(25.0), array([1.5, 2. ]))
    """

    lam: NonNegative

    def value(self, w: Weights) -> Array:
        return over_weights(self.lam) / 2 * np.square(w).sum(axis=-1)

    def subgradient(self, w: Weights) -> Array:
        return self.lam * w

    def prox(self, w: Weights, step: Positive) -> Array:
        return w / (1 + step * self.lam)


@checked
@dataclass(frozen=True, eq=False)
class L1:
    """lam ||w||_1. Subgradient lam sign(w), 0 at 0.

    The prox is a soft threshold at step lam. Source: Tibshirani 1996.

    >>> L1(2.0).value([3.0, -4.0]), L1(2.0).subgradient([3.0, 0.0])
    (np.float64(14.0), array([2., 0.]))
    """

    lam: NonNegative

    def value(self, w: Weights) -> Array:
        return over_weights(self.lam) * np.abs(w).sum(axis=-1)

    def subgradient(self, w: Weights) -> Array:
        return self.lam * np.sign(w)

    def prox(self, w: Weights, step: Positive) -> Array:
        return w - np.clip(w, -step * self.lam, step * self.lam)


@checked
@dataclass(frozen=True, eq=False)
class ElasticNet:
    """lam (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2): an L1 and an L2 term that share lam.

    Its prox is the L1 prox followed by the L2 prox. Source: Zou and Hastie 2005, in the
    parametrization of scikit-learn.

    >>> ElasticNet(1.0, l1_ratio=0.5).prox([3.0, 0.2], step=1.0).round(4)
    array([1.6667, 0.    ])
    """

    lam: NonNegative
    l1_ratio: Proportion

    @property
    def parts(self) -> tuple[L1, L2]:
        return L1(self.lam * self.l1_ratio), L2(self.lam * (1 - self.l1_ratio))

    def value(self, w: ArrayLike) -> Array:
        l1, l2 = self.parts
        return l1.value(w) + l2.value(w)

    def subgradient(self, w: ArrayLike) -> Array:
        l1, l2 = self.parts
        return l1.subgradient(w) + l2.subgradient(w)

    def prox(self, w: ArrayLike, step: ArrayLike) -> Array:
        l1, l2 = self.parts
        return l2.prox(l1.prox(w, step), step)
