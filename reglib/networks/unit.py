"""One recurrent unit with two weights: the smallest network whose loss has a wall."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike

from reglib.inputs import Array, Count, Number, Weights, checked, weights

Pair = Annotated[ArrayLike, partial(weights, size=2)]


@checked
@dataclass(frozen=True, eq=False)
class SigmoidUnit:
    """(sigma(x_T) - target)^2 with x_{t+1} = w sigma(x_t) + b from x_0, sigma(x) = 1/(1 + exp(-x)).

    The weights are (w, b), arrays (..., 2). There are no data: the unit shall reach `target` after
    `length` = T steps from x0. ValueError: a length below 1, a last axis that is not 2. Source: the
    unit of figure 6 in Pascanu, Mikolov and Bengio 2013.

    >>> unit = SigmoidUnit(length=2)
    >>> unit.states([4.0, -2.0]).round(3)
    array([0.5 , 0.49, 0.48])
    >>> unit.gradient([4.0, -2.0]).round(3)
    array([-0.047, -0.075])
    """

    length: Count = 50
    x0: Number = 0.5
    target: Number = 0.7

    def states(self, weights: ArrayLike) -> Array:
        """x_0..x_T as (..., T + 1)."""
        return np.stack(self._forward(weights)[0], axis=-1)

    def _forward(self, weights: Pair) -> tuple[list[Array], list[Array]]:
        """x_0..x_T and sigma(x_0)..sigma(x_T), each (...)."""
        w, b = weights[..., 0], weights[..., 1]
        xs, outputs = [np.full(w.shape, self.x0)], []
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(self.length + 1):
                outputs.append(1 / (1 + np.exp(-xs[t])))
                if t < self.length:
                    xs.append(w * outputs[t] + b)
        return xs, outputs

    def value(self, weights: ArrayLike) -> Array:
        return np.square(self._forward(weights)[1][-1] - self.target)

    def gradient(self, weights: ArrayLike) -> Array:
        return self.value_and_gradient(weights)[1]

    def value_and_gradient(self, weights: Pair) -> tuple[Array, Array]:
        """Both from one forward pass: (...) and (..., 2).

        delta = dE/dx_t walks back through time. Each step collects sigma(x_{t-1})
        delta for w and delta for b, then multiplies delta by dx_t/dx_{t-1} = w
        sigma'(x_{t-1}).
        """
        outputs = self._forward(weights)[1]
        w, error = weights[..., 0], outputs[-1] - self.target
        with np.errstate(over="ignore", invalid="ignore"):
            delta = 2 * error * outputs[-1] * (1 - outputs[-1])
            in_w, in_b = np.zeros(w.shape), np.zeros(w.shape)
            for before in outputs[-2::-1]:
                in_w += before * delta
                in_b += delta
                delta = delta * w * before * (1 - before)
        return np.square(error), np.stack([in_w, in_b], axis=-1)

    def wall(self, b: Weights) -> Array:
        """w = (x0 - b) / sigma(x0): there x0 is a fixed point, x_t = x0 for every t.

        As T grows the loss jumps there, provided `growth(b)` > 1.
        """
        return (self.x0 - b) * (1 + np.exp(-self.x0))

    def growth(self, b: Weights) -> Array:
        """w sigma'(x0) = (x0 - b)(1 - sigma(x0)) on the wall: dx_{t+1}/dx_t at the fixed point."""
        return (self.x0 - b) / (1 + np.exp(self.x0))
