"""Penalties on a matrix W (m, n) through its singular values s_1 >= s_2 >= ... >= 0.

Weights stay flat, (..., m n) in C order. A configuration that holds an inf or a NaN has no singular
values: it is set aside, costs NaN, has a NaN subgradient, and its prox leaves it as it is.

The prox of a function of the singular values keeps the singular vectors and maps the values, since
||U - W|| is never less than the distance of the two lists of singular values (von Neumann; Parikh
and Boyd 2014, section 6.7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reglib.inputs import Array, Matrices, NonNegative, Positive, Shape, checked, over_weights

ROUNDING = 1e-9
"""How far, relatively, a singular value may exceed the radius of a ball and still be inside."""


def _flat(W: Array) -> Array:
    return W.reshape(W.shape[:-2] + (W.shape[-2] * W.shape[-1],))


def _svd(W: Array) -> tuple[Array, Array, Array]:
    """U, s, V' of each matrix; NaN for one that is not finite, on which LAPACK would give up."""
    whole = np.isfinite(W).all(axis=(-2, -1))
    U, s, Vt = np.linalg.svd(np.where(whole[..., None, None], W, 0), full_matrices=False)
    return U, np.where(whole[..., None], s, np.nan), Vt


def _built(U: Array, s: Array, Vt: Array) -> Array:
    """U diag(s) V', flat."""
    return _flat((U * s[..., None, :]) @ Vt)


def _mapped(W: Array, change: Callable[[Array], Array]) -> Array:
    """U diag(change(s)) V', flat; weights that are not all finite stay as they are."""
    U, s, Vt = _svd(W)
    out = _built(U, change(s), Vt)
    return np.where(np.isnan(s[..., :1]), _flat(W), out)


@checked
@dataclass(frozen=True, eq=False)
class Nuclear:
    """lam (s_1 + s_2 + ...): L1 on the singular values of W, which makes its rank small.

    Subgradient lam U V' over the nonzero singular values; prox a soft threshold of them at step
    lam. Source: Fazel, Hindi and Boyd 2001; the prox, Cai, Candes and Shen 2010.

    >>> Nuclear(1.0, (2, 2)).value([3.0, 0, 0, -4]).round(4), Nuclear(1.0, (1, 2)).prox([3, 4.0], 1)
    (np.float64(7.0), array([2.4, 3.2]))
    """

    lam: NonNegative
    shape: Shape

    def value(self, w: Matrices) -> Array:
        return over_weights(self.lam) * _svd(w)[1].sum(axis=-1)

    def subgradient(self, w: Matrices) -> Array:
        U, s, Vt = _svd(w)
        rounding = np.finfo(float).eps * max(self.shape) * s[..., :1]
        return _built(U, self.lam * np.where(s <= rounding, 0, np.sign(s)), Vt)

    def prox(self, w: Matrices, step: Positive) -> Array:
        threshold = step * self.lam
        return _mapped(w, lambda s: np.maximum(s - threshold, 0))


@checked
@dataclass(frozen=True, eq=False)
class Spectral:
    """lam/2 s_1^2, s_1 the largest singular value of W. Subgradient lam s_1 u_1 v_1'.

    The prox clips the singular values at the level t with lam t = sum_i max(s_i - t, 0) / step:
    what clipping takes away balances the slope of lam/2 t^2. With a = step lam and the k largest
    above t this reads t = (s_1 + ... + s_k) / (k + a), and the right k gives the largest such t.
    Source: Yoshida and Miyato 2017 (the penalty).

    >>> penalty = Spectral(1.0, (2, 2))
    >>> penalty.value([3.0, 0, 0, 1]), penalty.prox([3.0, 0, 0, 1], step=0.5).round(4)
    (np.float64(4.5), array([2., 0., 0., 1.]))
    """

    lam: NonNegative
    shape: Shape

    def value(self, w: Matrices) -> Array:
        return over_weights(self.lam) / 2 * np.square(_svd(w)[1][..., 0])

    def subgradient(self, w: Matrices) -> Array:
        U, s, Vt = _svd(w)
        return _built(U[..., :1], self.lam * s[..., :1], Vt[..., :1, :])

    def prox(self, w: Matrices, step: Positive) -> Array:
        a = step * self.lam

        def clipped(s: Array) -> Array:
            levels = np.cumsum(s, axis=-1) / (np.arange(1, s.shape[-1] + 1) + a)
            return np.minimum(s, levels.max(axis=-1, keepdims=True))

        return _mapped(w, clipped)


@checked
@dataclass(frozen=True, eq=False)
class Orthogonal:
    """lam/4 ||W'W - I||^2 (WW' when m < n), so lam/4 sum_i (s_i^2 - 1)^2. Not convex.

    Gradient lam W (W'W - I), 0 at W = 0, where the value is not 0. The prox maps each singular
    value s to the x >= 0 that minimizes a/4 (x^2 - 1)^2 + (x - s)^2/2, a = step lam: the root of
    a x^3 + (1 - a) x = s, of which there is one with x > 0 (one change of sign, Descartes); at
    s = 0 it is sqrt(1 - 1/a) if a > 1, else 0. Source: Vorontsov et al. 2017 (the penalty).

    >>> penalty = Orthogonal(4.0, (1, 2))
    >>> penalty.value([0.0, 2.0]), penalty.subgradient([0.0, 2.0])
    (np.float64(9.0), array([ 0., 24.]))
    >>> penalty.prox([0.0, 2.0], step=0.25).round(4)  # x^3 = 2
    array([0.    , 1.2599])
    """

    lam: NonNegative
    shape: Shape

    def value(self, w: Matrices) -> Array:
        flip = self.shape[0] < self.shape[1]
        gram = w @ w.swapaxes(-1, -2) if flip else w.swapaxes(-1, -2) @ w
        return over_weights(self.lam) / 4 * np.square(gram - np.eye(gram.shape[-1])).sum((-2, -1))

    def subgradient(self, w: Matrices) -> Array:
        return self.lam * _flat(w @ w.swapaxes(-1, -2) @ w - w)  # W W'W - W in either case

    def prox(self, w: Matrices, step: Positive) -> Array:
        a = np.asarray(step * self.lam)
        return _mapped(w, lambda s: _cubic_root(a, s))


def _cubic_root(a: Array, s: Array) -> Array:
    """The root x >= 0 of a x^3 + (1 - a) x = s, the positive one where s = 0 has two.

    Newton's method from above the root: the cubic is convex for x > 0, so x falls to the root and
    never passes it. Both starts are above: max(s, 1), where the cubic is at least s, and
    sqrt(1 - 1/a) + (s/a)^(1/3).
    """
    zero_slope = np.sqrt(1 - 1 / np.maximum(a, 1))
    steep = np.cbrt(s) / np.cbrt(np.maximum(a, np.finfo(float).tiny))
    x = np.minimum(np.maximum(s, 1), zero_slope + steep)
    for _ in range(12):
        slope = 3 * a * x * x + (1 - a)
        x = x - np.where(slope > 0, a * x * (x * x - 1) + x - s, 0) / np.where(slope > 0, slope, 1)
    return np.maximum(x, 0)


@checked
@dataclass(frozen=True, eq=False)
class SpectralBall:
    """0 where s_1 <= c (to rounding), else inf: no vector may grow more than c times.

    The prox is the projection: the singular values are clipped at c, whatever the step. The
    subgradient is 0. c > 0 is in the units of W. Source: Sedghi, Gupta and Long 2019.

    >>> ball = SpectralBall(1.0, (2, 2))
    >>> ball.value([3.0, 0, 0, 0.5]), ball.prox([3.0, 0, 0, 0.5], step=1.0).round(4)
    (np.float64(inf), array([1. , 0. , 0. , 0.5]))
    """

    c: Positive
    shape: Shape

    def value(self, w: Matrices) -> Array:
        inside = _svd(w)[1][..., 0] <= over_weights(self.c) * (1 + ROUNDING)
        return np.where(inside, 0.0, np.inf)[()]

    def subgradient(self, w: Matrices) -> Array:
        return np.zeros(np.broadcast_shapes(_flat(w).shape, np.shape(self.c)))

    def prox(self, w: Matrices, step: Positive) -> Array:
        out = _flat(w)
        # This runs after every step of a training: a norm is cheaper than an svd.
        if not (np.einsum("...i,...i", out, out)[..., None] <= np.square(self.c)).all():
            U, s, Vt = _svd(w)
            projected = _built(U, np.minimum(s, self.c), Vt)
            out = np.where(s[..., :1] > self.c, projected, out)  # NaN is not > anything
        shape = np.broadcast_shapes(out.shape, np.shape(self.c), np.shape(step))
        return np.broadcast_to(out, shape).copy()
