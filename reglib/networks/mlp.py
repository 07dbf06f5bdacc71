"""A multilayer perceptron, its gradient by backpropagation (Rumelhart, Hinton, Williams 1986)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

from numpy.typing import ArrayLike

from reglib import inputs
from reglib.inputs import Array, Count, Generators, Positive, Rows, checked
from reglib.networks._network import Kind, Network, OfSize, Shapes, draw
from reglib.networks._units import Activation, OutputLoss, activate, output_loss, slope, targets


def batch(name: str, X: ArrayLike) -> Array:
    """Rows of numbers (..., n, p)."""
    X = inputs.finite(name, X)
    if X.ndim < 2:
        raise ValueError(f"{name} must have at least 2 axes, got shape {X.shape}")
    return X


Batch = Annotated[ArrayLike, batch]
Widths = Annotated[Sequence[int], inputs.widths]


@checked
@dataclass(frozen=True, eq=False)
class MLP(Network):
    """h_l = phi(W_l h_{l-1} + b_l) for l = 1..L, h_0 a row of X; output V h_L + c.

    X (..., n, p); y (..., n): numbers for loss="squared", 1/(2n) sum (output - y)^2, or labels
    0..classes-1 for loss="softmax", the mean of log sum exp(output) - output_y. `sizes` are the
    hidden widths, one for each layer; `activation` phi is "tanh", "relu" or "linear"; bias=False
    leaves b_l and c out. The flat vector holds W1, b1, ..., WL, bL, V, c. `classes` defaults to
    the largest label + 1. ValueError: no layer, a width below 1, labels out of range, NaN in data.

    >>> import numpy as np
    >>> net = MLP([[1.0], [2.0]], [2.0, 4.0], sizes=(3,))
    >>> w = net.init(np.random.default_rng(0))
    >>> w.shape, net.unpack(w)["W1"].shape, net.gradient(w).shape
    ((10,), (3, 1), (10,))
    """

    X: Batch
    y: Any
    sizes: Widths
    activation: Activation = "tanh"
    loss: OutputLoss = "squared"
    bias: bool = True
    classes: Count | None = None

    def __post_init__(self) -> None:
        y, classes = targets(self.y, self.loss, self.classes, self.X.shape[:-1])
        self._keep(y=y, classes=classes)

    @cached_property
    def shapes(self) -> Shapes:
        names = [*(f"W{layer}" for layer in range(1, len(self.sizes) + 1)), "V"]
        read = [self.X.shape[-1], *self.sizes]
        shapes: Shapes = {}
        for name, m, n in zip(names, [*self.sizes, self.classes or 1], read, strict=True):
            shapes[name] = (m, n)
            if self.bias:
                shapes[_bias(name)] = (m,)
        return shapes

    def init(self, rng: Generators, gain: Positive = 1.0, kind: Kind = "gaussian") -> Array:
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

    def on(self, rows: Rows) -> MLP:
        """The same network on some rows of the data."""
        return replace(self, X=self.X[..., rows, :], y=self.y[..., rows])

    @cached_property
    def _layers(self) -> list[tuple[str, str]]:
        """(W1, b1), ..., (WL, bL), (V, c): each matrix, and the bias that goes with it."""
        matrices = [name for name, shape in self.shapes.items() if len(shape) == 2]
        return [(name, _bias(name)) for name in matrices]

    def forward(self, w: OfSize) -> list[Array]:
        """X, the layers h_1..h_L (..., n, width), and the output (..., n, k)."""
        return self._forward(w)

    def _forward(self, w: Array) -> list[Array]:
        parts, states = self._parts(w), [self.X]
        inputs.leading({"w": w.shape[:-1], "X": self.X.shape[:-2]})
        for W, b in self._layers:
            z = states[-1] @ parts[W].mT
            if self.bias:
                z += parts[b][..., None, :]
            states.append(z if W == "V" else activate(z, self.activation))
        return states

    def _backward(self, w: Array) -> tuple[Array, list[Array], list[Array]]:
        """The loss, the states, its gradient at z_1..z_L and at the output."""
        parts, states = self._parts(w), self._forward(w)
        value, delta = output_loss(states[-1], self.y, self.loss)
        deltas = [delta]
        for (W, _), h in zip(self._layers[:0:-1], states[-2:0:-1], strict=True):
            delta = (delta @ parts[W]) * slope(h, self.activation)
            deltas.append(delta)
        return value, states, deltas[::-1]

    def _both(self, w: Array) -> tuple[Array, Array]:
        value, states, deltas = self._backward(w)
        layers, gradient = zip(self._layers, deltas, states[:-1], strict=True), {}
        for (W, b), delta, below in layers:
            gradient[W] = delta.mT @ below
            if self.bias:
                gradient[b] = delta.sum(axis=-2)
        return value, self._pack(gradient, value.shape)

    def value(self, w: OfSize) -> Array:
        return output_loss(self._forward(w)[-1], self.y, self.loss)[0]

    def deltas(self, w: OfSize) -> list[Array]:
        """The gradient of the loss at z_1..z_L, the inputs of the units: (..., n, width) each."""
        return self._backward(w)[2][:-1]

    def jacobians(self, w: OfSize) -> list[Array]:
        """dh_l/dh_{l-1} = diag(phi') W_l for l = 1..L, each (..., n, width_l, width_{l-1})."""
        parts, hidden = self._parts(w), self._forward(w)[1:-1]
        return [
            slope(h, self.activation)[..., None] * parts[W][..., None, :, :]
            for (W, _), h in zip(self._layers[:-1], hidden, strict=True)
        ]


def _bias(matrix: str) -> str:
    """The name of the bias that goes with a matrix: b1 with W1, c with V."""
    return "c" if matrix == "V" else matrix.replace("W", "b")
