"""A recurrent network with its gradient by backpropagation through time (Werbos 1990)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs import Array, Count, Generators, Positive, Rows, checked, finite, leading
from reglib.networks._network import Kind, Network, OfSize, Shapes, draw
from reglib.networks._units import Activation, OutputLoss, activate, output_loss, slope, targets


def sequences(name: str, u: ArrayLike) -> Array:
    """n sequences of T steps of d numbers (..., n, T, d)."""
    u = finite(name, u)
    if u.ndim < 3:
        raise ValueError(
            f"{name} must have shape (..., sequences, steps, inputs), got {u.shape}; "
            f"one input a step is {name}[..., None]"
        )
    return u


Inputs = Annotated[ArrayLike, sequences]


@checked
class Recurrent(Network):
    """What recurrent networks share: sequences u, a target for each, a readout V of h_T.

    A subclass has `_forward(w)`, whose first result is h_0..h_T, and `value_and_gradient`.
    """

    u: Array
    y: Any
    loss: str
    classes: int | None

    def __post_init__(self) -> None:
        y, classes = targets(self.y, self.loss, self.classes, self.u.shape[:-2])
        self._keep(y=y, classes=classes)

    @property
    def n_rows(self) -> int:
        return self.u.shape[-3]

    def on(self, rows: Rows) -> Any:
        """The same network on some of the sequences."""
        return replace(self, u=self.u[..., rows, :, :], y=self.y[..., rows])

    def value(self, w: OfSize) -> Array:
        return output_loss(self._output(w), self.y, self.loss)[0]

    def states(self, w: OfSize) -> Array:
        """h_0..h_T as (..., T + 1, n, hidden); h_0 = 0."""
        return np.stack(self._forward(w)[0], axis=-3)

    def output(self, w: OfSize) -> Array:
        """V h_T for every sequence, (..., n, outputs)."""
        return self._output(w)

    def _output(self, w: Array) -> Array:
        return self._forward(w)[0][-1] @ self._parts(w)["V"].mT


@checked
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

    u: Inputs
    y: Any
    hidden: Count
    activation: Activation = "tanh"
    loss: OutputLoss = "squared"
    classes: Count | None = None

    @cached_property
    def shapes(self) -> Shapes:
        n, d = self.hidden, self.u.shape[-1]
        return {"W": (n, n), "U": (n, d), "V": (self.classes or 1, n)}

    def init(self, rng: Generators, gain: Positive = 1.0, kind: Kind = "gaussian") -> Array:
        """Initial weights (P,), or (S, P) from a list of S generators.

        W (n, n) is gain times: "gaussian" N(0, 1/n); "orthogonal" a random rotation or reflection;
        "glorot" N(0, 2/(n + n)), here the same as "gaussian"; "he" N(0, 2/n). U is N(0, 1) and V
        N(0, 1/n). gain > 0: a number or an array (..., 1), which multiplies the same draws.
        """
        return draw(self.shapes, rng, gain, kind, {"U": 1.0, "V": self.hidden**-0.5})

    def _forward(self, w: Array) -> tuple[list[Array], list[Array]]:
        """h_0..h_T, and x_t = [h_{t-1}, u_t] for t = 1..T: z_t = [W U] x_t."""
        parts, shape = self._parts(w), self.u.shape
        joint = np.concatenate([parts["W"], parts["U"]], axis=-1)
        lead = leading({"w": joint.shape[:-2], "u": shape[:-3]})
        u = np.broadcast_to(self.u, lead + shape[-3:])
        h, inputs = np.zeros((*lead, self.n_rows, self.hidden)), []
        for t in range(shape[-2]):
            inputs.append(np.concatenate([h, u[..., t, :]], axis=-1))
            h = activate(inputs[t] @ joint.mT, self.activation)
        return [*(x[..., : self.hidden] for x in inputs), h], inputs

    def _backward(self, w: Array) -> tuple[Any, ...]:
        """The loss, its gradient, h_0..h_T and delta_1..delta_T."""
        W, _, V = self._parts(w).values()
        states, inputs = self._forward(w)
        value, error = output_loss(states[-1] @ V.mT, self.y, self.loss)
        deltas = [(error @ V) * slope(states[-1], self.activation)]
        for h in states[-2:0:-1]:
            deltas.insert(0, (deltas[0] @ W) * slope(h, self.activation))
        joint = sum(delta.mT @ x for delta, x in zip(deltas, inputs, strict=True))
        in_W, in_U = np.split(joint, [self.hidden], axis=-1)
        gradient = {"W": in_W, "U": in_U, "V": error.mT @ states[-1]}
        return value, self._pack(gradient, value.shape), states, deltas

    def _both(self, w: Array) -> tuple[Array, Array]:
        return self._backward(w)[:2]

    def deltas(self, w: OfSize) -> Array:
        """The gradient of the loss at z_1..z_T, the inputs of the units: (..., T, n, hidden)."""
        return np.stack(self._backward(w)[3], axis=-3)

    def slopes(self, w: OfSize) -> Array:
        """phi'(z_t) for t = 1..T, the diagonals of D_t: (..., T, n, hidden)."""
        return slope(self.states(w)[..., 1:, :, :], self.activation)

    def jacobians(self, w: OfSize) -> list[Array]:
        """dh_t/dh_{t-1} = D_t W for t = 2..T, each (..., n, hidden, hidden)."""
        W = self.unpack(w)["W"][..., None, :, :]
        return [D[..., None] * W for D in np.moveaxis(self.slopes(w), -3, 0)[1:]]
