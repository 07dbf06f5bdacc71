"""The trial that three chapters share: 20 recurrent networks, a task, a remedy, a verdict in words.

The networks learn from fresh batches with plain gradient steps. A run is a success when its error
on held-out sequences is below half of the targets' variance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.networks import GRU, RNN, Omega
from reglib.optimizers import Optimizer
from reglib.training import History, train
from trial.page.apart import SEEDS

Array = NDArray[np.float64]


class Seeded:
    """Networks that differ in their seeds only; `block` shifts every seed."""

    seeds: int
    block: int

    def _rngs(self, base: int) -> list[np.random.Generator]:
        first = base + 100 * self.block
        return [np.random.default_rng(first + s) for s in range(self.seeds)]

    def error(self, history: History) -> Array:
        """Held-out mean square over the variance of the targets; inf after a divergence."""
        test, alive = self.held_out(), ~history.diverged
        w = np.where(alive[..., None], history.w, 0)
        return np.where(alive, 2 * test.value(w) / test.y.var(axis=-1), np.inf)

    def success(self, history: History) -> Any:
        """How many networks learned (...): relative error below one half."""
        return (self.error(history) < 0.5).sum(axis=-1)


@dataclass(frozen=True, eq=False)
class Trial(Seeded):
    """20 networks (or `seeds` of them), each with its own initial weights and its own data.

    `task` is `datasets.leaky_memory` or `first_input`; `inputs` multiplies what reads the input, U;
    `gated` takes GRU instead of RNN; `block` gives a second and independent set of 20.
    """

    task: Callable[..., Any]
    activation: str
    gain: Any
    kind: str = "gaussian"
    length: int = 40
    hidden: int = 16
    batch: int = 16
    seeds: int = SEEDS
    block: int = 0
    inputs: float = 1.0
    gated: bool = False

    def network(self, rng: Any, n: int) -> RNN | GRU:
        """The network bound to n fresh sequences."""
        data = self.task(rng, n, self.length)
        return GRU(*data, self.hidden) if self.gated else RNN(*data, self.hidden, self.activation)

    @property
    def net(self) -> RNN | GRU:
        """A network to ask for shapes, masks and parts; its data do not matter."""
        return self.network(np.random.default_rng(0), 1)

    def start(self) -> Array:
        """Initial weights (seeds, P)."""
        w0 = self.net.init(self._rngs(1000), self.gain, self.kind)
        return np.where(self.mask("U"), self.inputs * w0, w0)

    def mask(self, letter: str) -> NDArray[np.bool_]:
        """True at the weights whose names begin so: all of Wr, Wz, Wc where there are gates."""
        return self.net.mask(*(name for name in self.net.shapes if name.startswith(letter)))

    def held_out(self, n: int = 500) -> RNN | GRU:
        """The same n new sequences for every network."""
        return self.network(np.random.default_rng(99 + self.block), n)

    def run(
        self,
        *transforms: Any,
        learning_rate: Any,
        placement: str = "proximal",
        omega: float = 0.0,
        w0: Array | None = None,
        **options: Any,
    ) -> History:
        """Train all networks; `omega` > 0 adds Pascanu's regularizer, `options` are of `train`."""

        def batch(rngs: Any) -> Any:
            net = self.network(rngs, self.batch)
            return Omega(net, omega) if omega else net

        sgd = Optimizer(*transforms, learning_rate=learning_rate)
        w0 = self.start() if w0 is None else w0
        return train(batch, sgd, w0, rng=self._rngs(7000), placement=placement, **options)


def decay_steps(gain: Any, step: Any, lam: Any) -> Any:
    """ceil(ln gain / -ln(1 - step lam)): steps of pure decay that bring a gain down to 1.

    >>> decay_steps(1.5, 0.1, [0.01, 0.1, 1.0])
    array([406,  41,   4])
    """
    return np.ceil(np.log(gain) / -np.log1p(-np.multiply(step, lam))).astype(np.int64)


def band(count: int, of: int = SEEDS) -> str:
    """A count of chaotic runs in words that another machine's arithmetic does not change.

    >>> band(0), band(20), band(12)
    ('at most 1 of 20', 'at least 19 of 20', 'some of 20')
    """
    if count <= of // 20:
        return f"at most {of // 20} of {of}"
    if count >= of - of // 20:
        return f"at least {of - of // 20} of {of}"
    return f"some of {of}"
