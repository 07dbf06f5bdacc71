"""What both networks share: one flat weight vector, initial weights, Hessian-vector products."""

from __future__ import annotations

from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib import inputs as _checks
from reglib.inputs import Array, Generators

KINDS = ("gaussian", "orthogonal", "glorot", "he")
Shapes = dict[str, tuple[int, ...]]
quiet = np.errstate(over="ignore", invalid="ignore")
"""Diverged weights are evaluated without a warning: a run that diverges is a result."""


class Network:
    """The flat vector and its parts. A subclass has `shapes` and `value_and_gradient`.

    `shapes` names the parts in the order in which they stand in the flat vector. A capital is a
    matrix (rows: units it feeds, columns: units it reads), a small letter a bias.
    """

    shapes: Shapes

    @cached_property
    def size(self) -> int:
        """P, the number of weights."""
        return sum(prod(shape) for shape in self.shapes.values())

    @cached_property
    def _slices(self) -> dict[str, slice]:
        slices, start = {}, 0
        for name, shape in self.shapes.items():
            slices[name] = slice(start, start := start + prod(shape))
        return slices

    def unpack(self, w: ArrayLike) -> dict[str, Array]:
        """The parts of w (..., P) by name, as views (..., *shape)."""
        w, shapes = _checks.weights("w", w, self.size), self.shapes
        return {
            name: w[..., part].reshape(w.shape[:-1] + shapes[name])
            for name, part in self._slices.items()
        }

    def _pack(self, parts: dict[str, Array], lead: tuple[int, ...]) -> Array:
        """The flat vector (*lead, P) of which `unpack` gives these parts (*lead, *shape)."""
        return np.concatenate([parts[name].reshape(*lead, -1) for name in self.shapes], axis=-1)

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """True (P,) at the weights of the named parts: `Masked(L2(0.1), net.mask("W"))`."""
        inside = np.zeros(self.size, bool)
        slices = self._slices
        for name in names:
            inside[slices[_checks.one_of("name", name, tuple(slices))]] = True
        return inside

    @quiet
    def hessian_vector(self, w: ArrayLike, v: ArrayLike) -> Array:
        """H(w) v by central differences of the gradient, relative error about 1e-9.

        The step along v is cbrt(eps) (1 + ||w||) / ||v||: the best balance of rounding and
        truncation.
        """
        w, v = _checks.weights("w", w, self.size), _checks.weights("v", v, self.size)
        _checks.leading({"w": w.shape[:-1], "v": v.shape[:-1]})
        length = np.linalg.norm(v, axis=-1, keepdims=True)
        h = np.cbrt(np.finfo(float).eps) * (1 + np.linalg.norm(w, axis=-1, keepdims=True))
        h = h / np.where(length > 0, length, 1)
        return (self.gradient(w + h * v) - self.gradient(w - h * v)) / (2 * h)

    def value(self, w: ArrayLike) -> Array:
        """The loss (...) at w (..., P): a mean over the examples."""
        return self.value_and_gradient(w)[0]

    def gradient(self, w: ArrayLike) -> Array:
        """The gradient (..., P) of the loss, by backpropagation."""
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w: ArrayLike) -> tuple[Array, Array]:
        raise NotImplementedError


def draw(
    shapes: Shapes, rng: Generators, gain: ArrayLike, kind: str, plain: dict[str, float]
) -> Array:
    """Initial weights (..., P). `plain` maps parts to the deviation of their Gaussian entries.

    Every other matrix is drawn by `kind` and multiplied by `gain`; biases start at 0. One generator
    gives weights (P,), a list of S generators (S, P); `gain` may be an array (..., 1) on top.
    """
    gain, kind = _checks.positive("gain", gain), _checks.one_of("kind", kind, KINDS)
    rngs = _checks.generators(rng)
    seeds = () if isinstance(rng, np.random.Generator) else (len(rngs),)
    _checks.leading({"gain": np.shape(gain)[:-1], "rng": seeds})

    def part(r: np.random.Generator, name: str, shape: tuple[int, ...]) -> Array:
        if len(shape) == 1:
            return np.zeros(shape)
        if name in plain:
            return plain[name] * r.standard_normal(shape)
        return matrix(r, shape, kind)

    parts = [{name: part(r, name, shape) for name, shape in shapes.items()} for r in rngs]
    flat = []
    for name, shape in shapes.items():
        W = np.stack([p[name].reshape(prod(shape)) for p in parts])
        W = W[0] if isinstance(rng, np.random.Generator) else W
        flat.append(W if len(shape) == 1 or name in plain else gain * W)
    lead = np.broadcast_shapes(*(W.shape[:-1] for W in flat))
    return np.concatenate([np.broadcast_to(W, lead + W.shape[-1:]) for W in flat], axis=-1)


def matrix(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Array:
    """One matrix (m, n) of gain 1: entries N(0, 1/n), or orthonormal rows or columns, ..."""
    m, n = shape
    Z = rng.standard_normal((m, n))
    if kind == "orthogonal":
        Q, R = np.linalg.qr(Z if m >= n else Z.T)
        Q = Q * np.where(np.diag(R) < 0, -1, 1)  # otherwise Q is not uniformly distributed
        return Q if m >= n else Q.T
    return Z * np.sqrt({"gaussian": 1 / n, "glorot": 2 / (m + n), "he": 2 / n}[kind])
