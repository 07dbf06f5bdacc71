"""Pascanu's regularizer, which holds the length of a gradient on its way back through time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs import Array, NonNegative, checked, leading, over_weights
from reglib.networks._network import OfSize
from reglib.networks._units import slope
from reglib.networks.rnn import RNN


@checked
@dataclass(frozen=True, eq=False)
class Omega:
    """loss + lam sum_t mean over sequences of (||(delta_{t+1} W) D_t|| / ||delta_{t+1}|| - 1)^2.

    delta_t is the gradient at the inputs z_t of the units and D_t = diag(phi'(z_t)); the sum runs
    over t = 1..T-1 and the mean over the n sequences of `network`, an RNN. A sequence whose delta
    is 0 has no direction and counts 0. Only the immediate derivative is used: delta and D are held
    constant, so `gradient` is the loss's gradient plus a term in W alone, and not the gradient of
    `value`. lam >= 0 in units of the loss. Source: Pascanu, Mikolov and Bengio 2013, eq. 9 and 10.

    >>> net = RNN(np.ones((2, 5, 1)), [1.0, 2.0], hidden=3)
    >>> w = net.init(np.random.default_rng(0), gain=0.5)
    >>> bool(Omega(net, 0.1).value(w) > net.value(w))
    True
    """

    network: Any
    lam: NonNegative

    def __post_init__(self) -> None:
        if not isinstance(self.network, RNN):
            raise TypeError(f"network must be an RNN, got {type(self.network).__name__}")

    @property
    def n_rows(self) -> int:
        return self.network.n_rows

    @property
    def size(self) -> int:
        return self.network.size

    def on(self, rows: ArrayLike) -> Omega:
        """The same objective on some of the sequences."""
        return Omega(self.network.on(rows), self.lam)

    def value(self, w: ArrayLike) -> Array:
        return self.value_and_gradient(w)[0]

    def gradient(self, w: ArrayLike) -> Array:
        return self.value_and_gradient(w)[1]

    def value_and_gradient(self, w: OfSize) -> tuple[Array, Array]:
        """The penalized loss (...), and the loss's gradient with the immediate term (..., P)."""
        net = self.network
        loss, gradient, states, deltas = net._backward(w)
        leading({"w": np.shape(loss), "lam": np.shape(self.lam)[:-1]})
        penalty, in_W = immediate(deltas, [slope(h, net.activation) for h in states[1:]])
        out = gradient + np.zeros_like(self.lam)
        net.unpack(out)["W"][...] += np.asarray(self.lam)[..., None] * in_W
        return loss + over_weights(self.lam) * penalty, out


def immediate(
    deltas: list[Array],
    slopes: list[Array],
) -> tuple[Array, Array]:
    """The sum (...) of the terms, and its derivative in W (..., k, k) with
    delta and D constant.

    delta_t and D_t (..., n, k) for t = 1..T. The loss is read at the last
    step only, so (delta_{t+1} W) D_t is delta_t itself. With a = ||delta_t||,
    b = ||delta_{t+1}|| and q = a / b, one term (q - 1)^2 has the derivative 2
    (q - 1) / (a b) delta_{t+1}' (delta_t D_t).
    """
    n = deltas[0].shape[-2]
    squares = [np.einsum("...k,...k->...", d, d) for d in deltas]
    lengths = np.sqrt(np.stack(squares))
    here, after = lengths[:-1], lengths[1:]
    q = here / np.where(after > 0, after, 1)
    value = np.where(after > 0, (q - 1) ** 2, 0).sum(axis=(0, -1)) / n
    # At delta_t = 0 the length has a kink; 0 is the subgradient taken there.
    scale = np.where((after > 0) & (here > 0), 2 * (q - 1) / n, 0)
    # Unit vectors: the product of two tiny lengths would be 0.
    safe = np.where(lengths > 0, lengths, 1)[..., None]
    units = [d / r for d, r in zip(deltas, safe, strict=True)]
    in_W = np.zeros(())
    for t, times in enumerate(scale[..., None]):
        part = times * units[t] * slopes[t]
        in_W = in_W + units[t + 1].swapaxes(-1, -2) @ part
    return value, in_W
