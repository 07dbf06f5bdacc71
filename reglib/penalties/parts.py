"""Penalties on some of the weights: groups, a mask."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs import (
    Array,
    Group,
    Groups,
    NonNegative,
    PenaltyLike,
    Positive,
    checked,
    columns_of,
    over_weights,
)

PerLabel = Annotated[ArrayLike, columns_of("groups")]
PerFlag = Annotated[ArrayLike, columns_of("mask")]


@checked
@dataclass(frozen=True, eq=False)
class GroupLasso:
    """lam sum_g sqrt(|g|) ||w_g||, with w_g the |g| weights of group g: whole groups become 0.

    `groups` (P,) is a whole number for each weight, its group. Subgradient lam sqrt(|g|) w_g /
    ||w_g||, 0 on a group of zeros; prox w_g max(0, 1 - step lam sqrt(|g|) / ||w_g||). With groups
    of one weight it is L1. ValueError: weights that are not as many as the labels; TypeError:
    labels that are no whole numbers. Source: Yuan and Lin 2006.

    >>> penalty = GroupLasso(1.0, groups=[0, 0, 1])
    >>> penalty.value([3.0, 4.0, 2.0]).round(4), penalty.prox([3.0, 4.0, 2.0], step=3.0).round(4)
    (np.float64(9.0711), array([0.4544, 0.6059, 0.    ]))
    """

    lam: NonNegative
    groups: Groups

    @cached_property
    def _parts(self) -> tuple[Array, ...]:
        """The weights group by group, where each begins, sqrt(|g|), the group of each weight."""
        _, place, sizes = np.unique(self.groups, return_inverse=True, return_counts=True)
        return np.argsort(place, kind="stable"), np.cumsum(sizes) - sizes, np.sqrt(sizes), place

    def _norms(self, w: Array) -> tuple[Array, Array]:
        """||w_g|| (..., number of groups), and sqrt(|g|)."""
        order, starts, roots, place = self._parts
        # In units of its largest weight no square of a group overflows or underflows.
        largest = np.maximum.reduceat(np.abs(w)[..., order], starts, axis=-1)
        unit = np.where((largest > 0) & (largest < np.inf), largest, 1)
        squares = np.square(w / unit[..., place])[..., order]
        return unit * np.sqrt(np.add.reduceat(squares, starts, axis=-1)), roots

    def _scaled(self, w: Array, over: Array, under: Array) -> Array:
        """w_g times over_g / under_g, and 0 where under_g is 0."""
        ratio = np.divide(over, under, out=np.zeros(np.shape(over)), where=under != 0)
        return w * ratio[..., self._parts[-1]]

    def value(self, w: PerLabel) -> Array:
        norms, roots = self._norms(w)
        return over_weights(self.lam) * (roots * norms).sum(axis=-1)

    def subgradient(self, w: PerLabel) -> Array:
        norms, roots = self._norms(w)
        return self._scaled(w, self.lam * roots + 0 * norms, norms)

    def prox(self, w: PerLabel, step: Positive) -> Array:
        norms, roots = self._norms(w)
        return self._scaled(w, np.maximum(norms - step * self.lam * roots, 0), norms)


@checked
@dataclass(frozen=True, eq=False)
class Masked:
    """P(w[mask]): a penalty on some weights only; `mask` (P,) is True where w is penalized.

    Spared weights have subgradient 0 and an identity prox. An intercept is a column of ones in X
    whose weight is spared.

    >>> from reglib.penalties import L2
    >>> Masked(L2(2.0), [False, True]).subgradient([3.0, 4.0])
    array([0., 8.])
    """

    penalty: PenaltyLike
    mask: Group

    def _spread(self, inside: Array, outside: Array) -> Array:
        """`inside` at the penalized places, `outside` at the spared ones."""
        out = np.empty(inside.shape[:-1] + self.mask.shape)
        out[...] = outside
        out[..., self.mask] = inside
        return out

    def value(self, w: PerFlag) -> Array:
        return self.penalty.value(w[..., self.mask])

    def subgradient(self, w: PerFlag) -> Array:
        return self._spread(self.penalty.subgradient(w[..., self.mask]), np.float64(0))

    def prox(self, w: PerFlag, step: ArrayLike) -> Array:
        return self._spread(self.penalty.prox(w[..., self.mask], step), w)
