"""A recurrent network with its gradient by backpropagation through time (Werbos 1990)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs as _checks
from reglib.inputs import Array, Generators
from reglib.networks import _units
from reglib.networks._network import Kept, Network, draw, keeps, room


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
            xs = self._forward(self.unpack(w), {})
            return np.moveaxis(xs[..., : self.hidden], 0, -3).copy()

    def output(self, w: ArrayLike) -> Array:
        """V h_T for every sequence, (..., n, outputs)."""
        with np.errstate(over="ignore", invalid="ignore"):
            parts = self.unpack(w)
            return self._read(parts, self._forward(parts, {}))

    def _forward(self, parts: dict[str, Array], kept: Kept) -> Array:
        """x_t = [h_t, u_{t+1}] for t = 0..T, (T + 1, ..., n, hidden + d): one product is a step."""
        k = self.hidden
        joint = np.concatenate([parts["W"], parts["U"]], axis=-1).swapaxes(-1, -2)
        lead = _checks.leading({"w": joint.shape[:-2], "u": self.u.shape[:-3]})
        n, T, d = self.u.shape[-3:]
        xs, z = room(kept, "x", (T + 1, *lead, n, k + d)), room(kept, "z", (*lead, n, k))
        xs[0] = xs[T] = 0
        xs[:T, ..., k:] = np.moveaxis(np.broadcast_to(self.u, (*lead, n, T, d)), -2, 0)
        for x, after in pairwise(xs):
            np.matmul(x, joint, out=z)
            _units.activate(z, self.activation, out=after[..., :k])
        return xs

    def _read(self, parts: dict[str, Array], xs: Array) -> Array:
        return xs[-1, ..., : self.hidden] @ parts["V"].swapaxes(-1, -2)

    def _slopes(self, xs: Array, out: Array | None = None) -> Array:
        """phi'(z_t) for t = 1..T, (T, ..., n, hidden)."""
        return _units.slope(xs[1:, ..., : self.hidden], self.activation, out)

    def _backward(self, parts: dict[str, Array], xs: Array, error: Array, kept: Kept) -> Array:
        """delta_1..delta_T, (T, ..., n, hidden): the gradient at the inputs z_t of the units."""
        shape = (*xs.shape[1:-1], self.hidden)
        deltas = self._slopes(xs, room(kept, "deltas", (len(xs) - 1, *shape)))
        back, delta, above = room(kept, "z", shape), error, parts["V"]
        for here in deltas[::-1]:  # the slope at z_t, until delta_t is written over it
            np.matmul(delta, above, out=back)
            delta = np.multiply(back, here, out=here)
            above = parts["W"]
        return deltas

    def value(self, w: ArrayLike) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return _units.output_loss(self.output(w), self.y, self.loss)[0]

    @keeps
    def value_and_gradient(self, w: ArrayLike, kept: Kept | None = None) -> tuple[Array, Array]:
        """Both from one forward pass: (...) and (..., P). `kept`: what `train` writes over."""
        return self._passes(w, {} if kept is None else kept)[:2]

    def _passes(self, w: ArrayLike, kept: Kept) -> tuple[Array, Array, Array, Array]:
        """The loss, its gradient, x_0..x_T and delta_1..delta_T: once forward, once back."""
        parts = self.unpack(w)
        with np.errstate(over="ignore", invalid="ignore"):
            xs = self._forward(parts, kept)
            value, error = _units.output_loss(self._read(parts, xs), self.y, self.loss)
            deltas = self._backward(parts, xs, error, kept)
            out = np.empty((*np.shape(value), self.size))
            parts, k = self._parts(out), self.hidden
            joint = np.zeros((*np.shape(value), k, xs.shape[-1]))
            product = np.empty_like(joint)
            for x, delta in zip(xs[:-1], deltas, strict=True):
                joint += np.matmul(delta.swapaxes(-1, -2), x, out=product)
            parts["W"][...], parts["U"][...] = joint[..., :k], joint[..., k:]
            parts["V"][...] = error.swapaxes(-1, -2) @ xs[-1, ..., :k]
        return value, out, xs, deltas

    def deltas(self, w: ArrayLike) -> Array:
        """The gradient of the loss at z_1..z_T, the inputs of the units: (..., T, n, hidden)."""
        return np.moveaxis(self._passes(w, {})[3], 0, -3).copy()

    def slopes(self, w: ArrayLike) -> Array:
        """phi'(z_t) for t = 1..T, the diagonals of D_t: (..., T, n, hidden)."""
        with np.errstate(over="ignore", invalid="ignore"):
            xs = self._forward(self.unpack(w), {})
            return np.moveaxis(self._slopes(xs), 0, -3).copy()

    def jacobians(self, w: ArrayLike) -> list[Array]:
        """dh_t/dh_{t-1} = D_t W for t = 2..T, each (..., n, hidden, hidden)."""
        W = self.unpack(w)["W"][..., None, :, :]
        with np.errstate(over="ignore", invalid="ignore"):
            return [D[..., None] * W for D in np.moveaxis(self.slopes(w), -3, 0)[1:]]
