"""A recurrent network with its gradient by backpropagation through time (Werbos 1990)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import _checks
from reglib._checks import Array, Generators
from reglib.networks import _units
from reglib.networks._network import Network, draw


@dataclass(frozen=True, eq=False)
class RNN(Network):
    """h_t = phi(W h_{t-1} + U u_t) for t = 1..T from h_0 = 0; output V h_T after the last step.

    u (..., n, T, d): n sequences of T steps of d numbers; y (..., n): numbers for loss="squared",
    1/(2n) sum (output - y)^2, or labels 0..classes-1 for loss="softmax". `hidden` units;
    `activation` phi is "tanh", "relu" or "linear". No biases: a constant input is one. The flat
    vector holds W (hidden, hidden), U (hidden, d), V (outputs, hidden). ValueError: sequences of
    length 0, labels out of range, NaN in data.

    >>> net = RNN(np.ones((2, 5, 1)), [1.0, 2.0], hidden=3)
    >>> w = net.init(np.random.default_rng(0), gain=0.5)
    >>> w.shape, net.gradient(w).shape
    ((15,), (15,))
    """

    u: Any
    y: Any
    hidden: int
    activation: str = "tanh"
    loss: str = "squared"
    classes: int | None = None

    def __post_init__(self) -> None:
        u = _checks.finite("u", self.u)
        if u.ndim < 3:
            raise ValueError(
                f"u must have shape (..., sequences, steps, inputs), got {u.shape}; "
                "one input a step is u[..., None]"
            )
        y, outputs = _units.targets(self.y, self.loss, self.classes, u.shape[:-2])
        _checks.one_of("activation", self.activation, _units.ACTIVATIONS)
        hidden = _checks.count("hidden", self.hidden)
        fields = {
            "u": u,
            "y": y,
            "classes": outputs if self.loss == "softmax" else None,
            "shapes": {"W": (hidden, hidden), "U": (hidden, u.shape[-1]), "V": (outputs, hidden)},
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    def init(self, rng: Generators, gain: ArrayLike = 1.0, kind: str = "gaussian") -> Array:
        """Initial weights (P,), or (S, P) from a list of S generators.

        W (n, n) is gain times: "gaussian" N(0, 1/n); "orthogonal" a random rotation or reflection;
        "glorot" N(0, 2/(n + n)), here the same as "gaussian"; "he" N(0, 2/n). U is N(0, 1) and V
        N(0, 1/n). gain > 0: a number or an array (..., 1), which multiplies the same draws.
        """
        return draw(self.shapes, rng, gain, kind, {"U": 1.0, "V": self.hidden**-0.5})

    @property
    def n_rows(self) -> int:
        return self.u.shape[-3]

    def on(self, rows: ArrayLike) -> RNN:
        """The same network on some of the sequences."""
        rows = _checks.rows("rows", rows, self.u.shape[-3])
        data = self.u[..., rows, :, :], self.y[..., rows]
        return RNN(*data, self.hidden, self.activation, self.loss, self.classes)

    def states(self, w: ArrayLike) -> Array:
        """h_0..h_T as (..., T + 1, n, hidden); h_0 = 0."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.stack([x[..., : self.hidden] for x in self._forward(w)], axis=-3)

    def output(self, w: ArrayLike) -> Array:
        """V h_T for every sequence, (..., n, outputs)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._read(w, self._forward(w))

    def _forward(self, w: ArrayLike) -> list[Array]:
        """x_t = [h_t, u_{t+1}] for t = 0..T, each (..., n, hidden + d): one product is a step.

        A list of small arrays, not one large: the memory of the last pass is used again.
        """
        parts, k = self.unpack(w), self.hidden
        joint = np.concatenate([parts["W"], parts["U"]], axis=-1).swapaxes(-1, -2)
        lead = _checks.leading({"w": joint.shape[:-2], "u": self.u.shape[:-3]})
        n, T, d = self.u.shape[-3:]
        xs, z = [np.zeros((*lead, n, k + d))], np.empty((*lead, n, k))
        for t in range(T):
            xs[t][..., k:] = self.u[..., t, :]
            xs.append(np.zeros((*lead, n, k + d)))
            z = np.matmul(xs[t], joint, out=z)
            _units.activate(z, self.activation, out=xs[t + 1][..., :k])
        return xs

    def _read(self, w: ArrayLike, xs: list[Array]) -> Array:
        return xs[-1][..., : self.hidden] @ self.unpack(w)["V"].swapaxes(-1, -2)

    def _slope(self, x: Array) -> Array:
        return _units.slope(x[..., : self.hidden], self.activation)

    def _backward(self, w: ArrayLike, xs: list[Array], error: Array) -> Iterator[Array]:
        """delta_T, ..., delta_1: the gradient of the loss at the inputs z_t of the units."""
        parts = self.unpack(w)
        delta, above = error, parts["V"]
        for x in xs[:0:-1]:
            h = x[..., : self.hidden]
            delta = _units.times_slope(delta @ above, h, self.activation)
            above = parts["W"]
            yield delta

    def value(self, w: ArrayLike) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return _units.output_loss(self.output(w), self.y, self.loss)[0]

    def value_and_gradient(self, w: ArrayLike) -> tuple[Array, Array]:
        """Both from one forward pass: (...) and (..., P)."""
        return self._passes(w)[:2]

    def _passes(self, w: ArrayLike) -> tuple[Array, Array, list[Array], list[Array]]:
        """The loss, its gradient, x_0..x_T and delta_1..delta_T: once forward, once back."""
        with np.errstate(over="ignore", invalid="ignore"):
            xs = self._forward(w)
            value, error = _units.output_loss(self._read(w, xs), self.y, self.loss)
            deltas = [*self._backward(w, xs, error)][::-1]
            out = np.empty(np.shape(value) + (self.size,))
            parts = self.unpack(out)
            joint = np.zeros((*np.shape(value), self.hidden, xs[0].shape[-1]))
            product = np.empty_like(joint)
            for x, delta in zip(xs[:-1], deltas, strict=True):
                joint += np.matmul(delta.swapaxes(-1, -2), x, out=product)
            parts["W"][...], parts["U"][...] = np.split(joint, [self.hidden], axis=-1)
            parts["V"][...] = error.swapaxes(-1, -2) @ xs[-1][..., : self.hidden]
        return value, out, xs, deltas

    def deltas(self, w: ArrayLike) -> Array:
        """The gradient of the loss at z_1..z_T, the inputs of the units: (..., T, n, hidden)."""
        return np.stack(self._passes(w)[3], axis=-3)

    def slopes(self, w: ArrayLike) -> Array:
        """phi'(z_t) for t = 1..T, the diagonals of D_t: (..., T, n, hidden)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.stack([self._slope(x) for x in self._forward(w)[1:]], axis=-3)

    def jacobians(self, w: ArrayLike) -> list[Array]:
        """dh_t/dh_{t-1} = D_t W for t = 2..T, each (..., n, hidden, hidden)."""
        W = self.unpack(w)["W"][..., None, :, :]
        with np.errstate(over="ignore", invalid="ignore"):
            return [D[..., None] * W for D in np.moveaxis(self.slopes(w), -3, 0)[1:]]
