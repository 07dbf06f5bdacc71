"""What networks share: one flat weight vector, initial weights, Hessian-vector products."""

from __future__ import annotations

from functools import cached_property, partial
from math import prod
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib import inputs
from reglib.inputs import Array, Beside, Generators, checked

Shapes = dict[str, tuple[int, ...]]
Kind = Annotated[str, partial(inputs.one_of, choices=("gaussian", "orthogonal", "glorot", "he"))]
OfSize = Annotated[ArrayLike, Beside("size", inputs.weights)]
"""Flat weights (..., P) of a network with P of them."""
TINY = 1e-100
"""A step of which the square is nothing beside 1, whatever is multiplied by it on the way."""


@checked
class Network:
    """The flat vector and its parts. A subclass has `shapes` and `_both`.

    `shapes` names the parts in the order in which they stand in the flat vector. A capital is a
    matrix (rows: units it feeds, columns: units it reads), a small letter a bias. `_both(w)` is
    the loss and its gradient, by formulas that hold for complex w too.
    """

    shapes: Shapes

    def _keep(self, **fields: Any) -> None:
        """Fields of a frozen dataclass, once they are known."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)

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

    def unpack(self, w: OfSize) -> dict[str, Array]:
        """The parts of w (..., P) by name, as views (..., *shape)."""
        return self._parts(w)

    def _parts(self, w: Array) -> dict[str, Array]:
        return {
            name: w[..., part].reshape(w.shape[:-1] + self.shapes[name])
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
            inside[slices[inputs.one_of("name", name, tuple(slices))]] = True
        return inside

    def value(self, w: OfSize) -> Array:
        """The loss (...) at w (..., P): a mean over the examples."""
        return self._both(w)[0]

    def gradient(self, w: OfSize) -> Array:
        """The gradient (..., P) of the loss, by backpropagation."""
        return self._both(w)[1]

    def value_and_gradient(self, w: OfSize) -> tuple[Array, Array]:
        """Both from one pass forward and one back: (...) and (..., P)."""
        return self._both(w)

    def hessian_vector(self, w: OfSize, v: OfSize) -> Array:
        """H(w) v (..., P): the imaginary part of gradient(w + i h v), divided by h = 1e-100.

        Re f(z) and Im f(z)/h at z = x + i h x' are f(x) and f'(x) x' up to h^2, so every line of
        the gradient carries its derivative along v with it, as in Pearlmutter's R-operator: no
        difference is taken, and the error is that of rounding. Costs about four gradients. Source:
        Pearlmutter 1994; Squire and Trapp 1998.
        """
        length = inputs.norm(v)
        along = v / np.where(length > 0, length, 1)
        return self._both(w + TINY * 1j * along)[1].imag / TINY * length

    def _both(self, w: Array) -> tuple[Array, Array]:
        raise NotImplementedError


def draw(shapes: Shapes, rng: Generators, gain: Any, kind: str, plain: dict[str, float]) -> Array:
    """Initial weights (..., P). `plain` maps parts to the deviation of their Gaussian entries.

    Every other matrix is drawn by `kind` and multiplied by `gain`; biases start at 0. One generator
    gives weights (P,), a list of S generators (S, P); `gain` may be an array (..., 1) on top.
    """
    rngs = inputs.generators(rng)
    seeds = () if isinstance(rng, np.random.Generator) else (len(rngs),)
    inputs.leading({"gain": np.shape(gain)[:-1], "rng": seeds})

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
