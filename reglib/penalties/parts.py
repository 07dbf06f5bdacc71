"""Penalties on some of the weights: groups, a mask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array, Hyper, over_weights


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

    lam: Hyper
    groups: Any
    _order: Any = field(init=False, repr=False)
    _starts: Any = field(init=False, repr=False)
    _sizes: Any = field(init=False, repr=False)
    _place: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        groups = _checks.groups("groups", self.groups)
        _, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        found = {
            "lam": _checks.nonnegative("lam", self.lam),
            "groups": groups,
            "_order": np.argsort(place, kind="stable"),
            "_starts": np.cumsum(sizes) - sizes,
            "_sizes": sizes,
            "_place": place,
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def _norms(self, w: ArrayLike) -> tuple[Array, Array]:
        """The weights, and the norm of each group (..., number of groups)."""
        w = _checks.columns("w", w, self.groups.size, "groups", self.groups.shape)
        squares = np.square(w)[..., self._order]
        return w, np.sqrt(np.add.reduceat(squares, self._starts, axis=-1))

    def _scaled(self, w: Array, over: Array, under: Array) -> Array:
        """w_g times over_g / under_g, and 0 where under_g is 0."""
        ratio = np.divide(over, under, out=np.zeros(np.shape(over)), where=under != 0)
        return w * ratio[..., self._place]

    def value(self, w: ArrayLike) -> Array:
        return over_weights(self.lam) * (np.sqrt(self._sizes) * self._norms(w)[1]).sum(axis=-1)

    def subgradient(self, w: ArrayLike) -> Array:
        w, norms = self._norms(w)
        return self._scaled(w, self.lam * np.sqrt(self._sizes) + 0 * norms, norms)

    def prox(self, w: ArrayLike, step: ArrayLike) -> Array:
        w, norms = self._norms(w)
        threshold = _checks.positive("step", step) * self.lam * np.sqrt(self._sizes)
        return self._scaled(w, np.maximum(norms - threshold, 0), norms)


@dataclass(frozen=True, eq=False)
class Masked:
    """P(w[mask]): a penalty on some weights only; `mask` (P,) is True where w is penalized.

    Spared weights have subgradient 0 and an identity prox. An intercept is a column of ones in X
    whose weight is spared.

    >>> from reglib.penalties import L2
    >>> Masked(L2(2.0), [False, True]).subgradient([3.0, 4.0])
    array([0., 8.])
    """

    penalty: Any
    mask: Any

    def __post_init__(self) -> None:
        _checks.penalty("penalty", self.penalty)
        object.__setattr__(self, "mask", _checks.mask("mask", self.mask))

    def _weights(self, w: ArrayLike) -> Array:
        return _checks.columns("w", w, self.mask.size, "mask", self.mask.shape)

    def _spread(self, inside: Array, outside: Array) -> Array:
        """`inside` at the penalized places, `outside` at the spared ones."""
        out = np.empty(inside.shape[:-1] + self.mask.shape)
        out[...] = outside
        out[..., self.mask] = inside
        return out

    def value(self, w: ArrayLike) -> Array:
        return self.penalty.value(self._weights(w)[..., self.mask])

    def subgradient(self, w: ArrayLike) -> Array:
        inside = self.penalty.subgradient(self._weights(w)[..., self.mask])
        return self._spread(inside, np.float64(0))

    def prox(self, w: ArrayLike, step: ArrayLike) -> Array:
        w = self._weights(w)
        return self._spread(self.penalty.prox(w[..., self.mask], step), w)
