"""A multilayer perceptron, its gradient by backpropagation (Rumelhart, Hinton, Williams 1986)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs as _checks
from reglib.inputs import Array, Generators
from reglib.networks._network import Network, Shapes, draw, quiet
from reglib.networks._units import ACTIVATIONS, activate, output_loss, slope, targets


@dataclass(frozen=True, eq=False)
class MLP(Network):
    """h_l = phi(W_l h_{l-1} + b_l) for l = 1..L, h_0 a row of X; output V h_L + c.

    X (..., n, p); y (..., n): numbers for loss="squared", 1/(2n) sum (output - y)^2, or labels
    0..classes-1 for loss="softmax", the mean of log sum exp(output) - output_y. `sizes` are the
    hidden widths, one for each layer; `activation` phi is "tanh", "relu" or "linear"; bias=False
    leaves b_l and c out. The flat vector holds W1, b1, ..., WL, bL, V, c. `classes` defaults to
    the largest label + 1. ValueError: no layer, a width below 1, labels out of range, NaN in data.

    >>> net = MLP([[1.0], [2.0]], [2.0, 4.0], sizes=(3,))
    >>> w = net.init(np.random.default_rng(0))
    >>> w.shape, net.unpack(w)["W1"].shape, net.gradient(w).shape
    ((10,), (3, 1), (10,))
    """

    X: Any
    y: Any
    sizes: Sequence[int]
    activation: str = "tanh"
    loss: str = "squared"
    bias: bool = True
    classes: int | None = None

    def __post_init__(self) -> None:
        X = _checks.finite("X", self.X)
        if X.ndim < 2:
            raise ValueError(f"X must have at least 2 axes, got shape {X.shape}")
        sizes = _checks.widths("sizes", self.sizes)
        y, outputs = targets(self.y, self.loss, self.classes, X.shape[:-1])
        _checks.one_of("activation", self.activation, ACTIVATIONS)
        _checks.flag("bias", self.bias)
        names = [*(f"W{layer}" for layer in range(1, len(sizes) + 1)), "V"]
        shapes: Shapes = {}
        for name, fed, read in zip(names, [*sizes, outputs], [X.shape[-1], *sizes], strict=True):
            shapes[name] = (fed, read)
            if self.bias:
                shapes[_bias(name)] = (fed,)
        classes = outputs if self.loss == "softmax" else None
        fields = {"X": X, "y": y, "sizes": sizes, "classes": classes, "shapes": shapes}
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    def init(self, rng: Generators, gain: ArrayLike = 1.0, kind: str = "gaussian") -> Array:
        """Initial weights (P,), or (S, P) from a list of S generators.

        Each W_l (m, n) is gain times: "gaussian" N(0, 1/n); "orthogonal" orthonormal columns (rows
        where m < n); "glorot" N(0, 2/(m + n)) (Glorot and Bengio 2010); "he" N(0, 2/n) (He et al.
        2015). The readout V is N(0, 1/n), biases are 0. gain > 0: a number or an array (..., 1),
        which multiplies the same draws.
        """
        return draw(self.shapes, rng, gain, kind, {"V": self.sizes[-1] ** -0.5})

    @property
    def n_rows(self) -> int:
        return self.X.shape[-2]

    def on(self, rows: ArrayLike) -> MLP:
        """The same network on some rows of the data."""
        rows = _checks.rows("rows", rows, self.X.shape[-2])
        data = self.X[..., rows, :], self.y[..., rows]
        return MLP(*data, self.sizes, self.activation, self.loss, self.bias, self.classes)

    @cached_property
    def _layers(self) -> list[tuple[str, str]]:
        """(W1, b1), ..., (WL, bL), (V, c): each matrix, and the bias that goes with it."""
        matrices = [name for name, shape in self.shapes.items() if len(shape) == 2]
        return [(name, _bias(name)) for name in matrices]

    @quiet
    def forward(self, w: ArrayLike) -> list[Array]:
        """X, the layers h_1..h_L (..., n, width), and the output (..., n, k)."""
        parts, states = self.unpack(w), [self.X]
        _checks.leading({"w": np.shape(w)[:-1], "X": self.X.shape[:-2]})
        for W, b in self._layers:
            z = states[-1] @ parts[W].mT
            if self.bias:
                z += parts[b][..., None, :]
            states.append(z if W == "V" else activate(z, self.activation))
        return states

    @quiet
    def _backward(self, w: ArrayLike) -> tuple[Array, list[Array], list[Array]]:
        """The loss, the states, its gradient at z_1..z_L and at the output."""
        parts, states = self.unpack(w), self.forward(w)
        value, delta = output_loss(states[-1], self.y, self.loss)
        deltas = [delta]
        for (W, _), h in zip(self._layers[:0:-1], states[-2:0:-1], strict=True):
            delta = (delta @ parts[W]) * slope(h, self.activation)
            deltas.append(delta)
        return value, states, deltas[::-1]

    @quiet
    def value_and_gradient(self, w: ArrayLike) -> tuple[Array, Array]:
        """Both from one pass forward and one back: (...) and (..., P)."""
        value, states, deltas = self._backward(w)
        layers, gradient = zip(self._layers, deltas, states[:-1], strict=True), {}
        for (W, b), delta, below in layers:
            gradient[W] = delta.mT @ below
            if self.bias:
                gradient[b] = delta.sum(axis=-2)
        return value, self._pack(gradient, value.shape)

    @quiet
    def value(self, w: ArrayLike) -> Array:
        return output_loss(self.forward(w)[-1], self.y, self.loss)[0]

    def deltas(self, w: ArrayLike) -> list[Array]:
        """The gradient of the loss at z_1..z_L, the inputs of the units: (..., n, width) each."""
        return self._backward(w)[2][:-1]

    @quiet
    def jacobians(self, w: ArrayLike) -> list[Array]:
        """dh_l/dh_{l-1} = diag(phi') W_l for l = 1..L, each (..., n, width_l, width_{l-1})."""
        parts, hidden = self.unpack(w), self.forward(w)[1:-1]
        return [
            slope(h, self.activation)[..., None] * parts[W][..., None, :, :]
            for (W, _), h in zip(self._layers[:-1], hidden, strict=True)
        ]


def _bias(matrix: str) -> str:
    """The name of the bias that goes with a matrix: b1 with W1, c with V."""
    return "c" if matrix == "V" else matrix.replace("W", "b")
