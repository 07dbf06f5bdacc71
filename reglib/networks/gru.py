"""A recurrent network with gates: the gated recurrent unit (Cho et al. 2014)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reglib.inputs import Array, Count, Generators, Positive, checked, leading
from reglib.networks._network import Kind, Shapes, draw
from reglib.networks._units import OutputLoss, output_loss
from reglib.networks.rnn import Inputs, Recurrent


@checked
@dataclass(frozen=True, eq=False)
class GRU(Recurrent):
    """h_t = (1 - z) c + z h_{t-1}: a gate z says how much of the memory stays; output V h_T.

    r = sigmoid(Wr h + Ur u), z = sigmoid(Wz h + Uz u), c = tanh(r * (Wc h) + Uc u), with
    h = h_{t-1}, u = u_t, from h_0 = 0. u, y, `hidden`, `loss` and `classes` are those of `RNN`; no
    biases. The flat vector holds Wr, Wz, Wc (hidden, hidden), Ur, Uz, Uc (hidden, d), V. r stands
    behind Wc h, as in PyTorch; in Cho's first form it stands in front of Wc. ValueError: as `RNN`.

    >>> net = GRU(np.ones((2, 5, 1)), [1.0, 2.0], hidden=3)
    >>> w = net.init(np.random.default_rng(0))
    >>> w.shape, net.gradient(w).shape
    ((39,), (39,))
    """

    u: Inputs
    y: Any
    hidden: Count
    loss: OutputLoss = "squared"
    classes: Count | None = None

    @cached_property
    def shapes(self) -> Shapes:
        n, d = self.hidden, self.u.shape[-1]
        shapes: Shapes = dict.fromkeys(("Wr", "Wz", "Wc"), (n, n))
        return shapes | dict.fromkeys(("Ur", "Uz", "Uc"), (n, d)) | {"V": (self.classes or 1, n)}

    def init(self, rng: Generators, gain: Positive = 1.0, kind: Kind = "gaussian") -> Array:
        """Initial weights (P,), or (S, P) from a list of S generators.

        Wr, Wz and Wc are drawn as W of `RNN.init`; Ur, Uz and Uc are N(0, 1), V is N(0, 1/n).
        """
        plain = {"Ur": 1.0, "Uz": 1.0, "Uc": 1.0, "V": self.hidden**-0.5}
        return draw(self.shapes, rng, gain, kind, plain)

    def _forward(self, w: Array) -> tuple[list[Array], list[tuple[Array, ...]]]:
        """h_0..h_T, and r, z, c and Wc h of every step."""
        Wr, Wz, Wc, Ur, Uz, Uc, _ = self._parts(w).values()
        lead = leading({"w": Wr.shape[:-2], "u": self.u.shape[:-3]})
        states, gates = [np.zeros((*lead, self.n_rows, self.hidden))], []
        for t in range(self.u.shape[-2]):
            h, u = states[-1], self.u[..., t, :]
            r = sigmoid(h @ Wr.mT + u @ Ur.mT)
            z = sigmoid(h @ Wz.mT + u @ Uz.mT)
            a = h @ Wc.mT
            c = np.tanh(r * a + u @ Uc.mT)
            states.append((1 - z) * c + z * h)
            gates.append((r, z, c, a))
        return states, gates

    def _both(self, w: Array) -> tuple[Array, Array]:
        Wr, Wz, Wc, _, _, _, V = self._parts(w).values()
        states, gates = self._forward(w)
        value, error = output_loss(states[-1] @ V.mT, self.y, self.loss)
        gradient: dict[str, Any] = defaultdict(float, V=error.mT @ states[-1])
        dh = error @ V
        for t in reversed(range(len(gates))):
            h, u, (r, z, c, a) = states[t], self.u[..., t, :], gates[t]
            dc = dh * (1 - z) * (1 - c * c)  # at the input of each tanh and sigmoid
            dz = dh * (h - c) * z * (1 - z)
            dr = dc * a * r * (1 - r)
            for name, d in {"r": dr, "z": dz, "c": r * dc}.items():
                gradient[f"W{name}"] = gradient[f"W{name}"] + d.mT @ h
            for name, d in {"r": dr, "z": dz, "c": dc}.items():
                gradient[f"U{name}"] = gradient[f"U{name}"] + d.mT @ u
            dh = dh * z + dr @ Wr + dz @ Wz + (r * dc) @ Wc
        return value, self._pack(gradient, value.shape)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), which a tanh gives without an overflow."""
    return (1 + np.tanh(x / 2)) / 2
