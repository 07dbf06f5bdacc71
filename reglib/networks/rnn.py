"""A recurrent network with its gradient by backpropagation through time (Werbos 1990)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib import inputs as _checks
from reglib.inputs import Array, Generators
from reglib.networks._network import Network, draw, quiet
from reglib.networks._units import ACTIVATIONS, activate, output_loss, slope, targets


class Recurrent(Network):
    """What recurrent networks share: sequences u, a target for each, a readout V of h_T.

    A subclass has `_forward(w)`, whose first result is h_0..h_T, and `value_and_gradient`.
    """

    u: Any
    y: Any

    @property
    def n_rows(self) -> int:
        return self.u.shape[-3]

    def on(self, rows: ArrayLike) -> Any:
        """The same network on some of the sequences."""
        rows = _checks.rows("rows", rows, self.n_rows)
        return replace(self, u=self.u[..., rows, :, :], y=self.y[..., rows])

    @quiet
    def value(self, w: ArrayLike) -> Array:
        return output_loss(self.output(w), self.y, self.loss)[0]

    def states(self, w: ArrayLike) -> Array:
        """h_0..h_T as (..., T + 1, n, hidden); h_0 = 0."""
        return np.stack(self._forward(w)[0], axis=-3)

    @quiet
    def output(self, w: ArrayLike) -> Array:
        """V h_T for every sequence, (..., n, outputs)."""
        return self._forward(w)[0][-1] @ self.unpack(w)["V"].mT


def sequences(
    u: Any, y: Any, hidden: Any, loss: str, classes: int | None
) -> tuple[Array, Any, int, int]:
    """Sequences u, their targets, the number of units and that of outputs, checked."""
    u = _checks.finite("u", u)
    if u.ndim < 3:
        raise ValueError(
            f"u must have shape (..., sequences, steps, inputs), got {u.shape}; "
            "one input a step is u[..., None]"
        )
    y, outputs = targets(y, loss, classes, u.shape[:-2])
    return u, y, _checks.count("hidden", hidden), outputs


@dataclass(frozen=True, eq=False)
class RNN(Recurrent):
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
        u, y, hidden, outputs = sequences(self.u, self.y, self.hidden, self.loss, self.classes)
        _checks.one_of("activation", self.activation, ACTIVATIONS)
        fields = {
            "u": u,
            "y": y,
            "hidden": hidden,
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

    @quiet
    def _forward(self, w: ArrayLike) -> tuple[list[Array], list[Array]]:
        """h_0..h_T, and x_t = [h_{t-1}, u_t] for t = 1..T: z_t = [W U] x_t."""
        parts, shape = self.unpack(w), self.u.shape
        joint = np.concatenate([parts["W"], parts["U"]], axis=-1)
        lead = _checks.leading({"w": joint.shape[:-2], "u": shape[:-3]})
        u = np.broadcast_to(self.u, lead + shape[-3:])
        h, inputs = np.zeros((*lead, self.n_rows, self.hidden)), []
        for t in range(shape[-2]):
            inputs.append(np.concatenate([h, u[..., t, :]], axis=-1))
            h = activate(inputs[t] @ joint.mT, self.activation)
        return [*(x[..., : self.hidden] for x in inputs), h], inputs

    @quiet
    def _backward(self, w: ArrayLike) -> tuple[Any, ...]:
        """The loss, its gradient, h_0..h_T and delta_1..delta_T."""
        W, _, V = self.unpack(w).values()
        states, inputs = self._forward(w)
        value, error = output_loss(states[-1] @ V.mT, self.y, self.loss)
        deltas = [(error @ V) * slope(states[-1], self.activation)]
        for h in states[-2:0:-1]:
            deltas.insert(0, (deltas[0] @ W) * slope(h, self.activation))
        joint = sum(delta.mT @ x for delta, x in zip(deltas, inputs, strict=True))
        in_W, in_U = np.split(joint, [self.hidden], axis=-1)
        gradient = {"W": in_W, "U": in_U, "V": error.mT @ states[-1]}
        return value, self._pack(gradient, value.shape), states, deltas

    def value_and_gradient(self, w: ArrayLike) -> tuple[Array, Array]:
        """Both from one pass forward and one back in time: (...) and (..., P)."""
        return self._backward(w)[:2]

    def deltas(self, w: ArrayLike) -> Array:
        """The gradient of the loss at z_1..z_T, the inputs of the units: (..., T, n, hidden)."""
        return np.stack(self._backward(w)[3], axis=-3)

    @quiet
    def slopes(self, w: ArrayLike) -> Array:
        """phi'(z_t) for t = 1..T, the diagonals of D_t: (..., T, n, hidden)."""
        return slope(self.states(w)[..., 1:, :, :], self.activation)

    @quiet
    def jacobians(self, w: ArrayLike) -> list[Array]:
        """dh_t/dh_{t-1} = D_t W for t = 2..T, each (..., n, hidden, hidden)."""
        W = self.unpack(w)["W"][..., None, :, :]
        return [D[..., None] * W for D in np.moveaxis(self.slopes(w), -3, 0)[1:]]
