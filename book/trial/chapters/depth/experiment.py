"""The trial of *How do gradients grow with depth?*: 20 deep networks, a linear target, a remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reglib.networks import MLP
from reglib.optimizers import ClipByNorm, Optimizer
from reglib.penalties import L1, L2, Masked, Orthogonal, SpectralBall
from reglib.training import History, train
from trial.chapters.recurrent import SEEDS, Seeded

WIDTH, DEPTH, BATCH = 24, 30, 32
STEP, N_STEPS = 0.01, 300
SHAPE = (WIDTH, WIDTH)
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Layers:
    """P(W_1) + ... + P(W_L): one penalty on each of L layers of one shape, in one batched call.

    It does what L `Masked` penalties do together. The L matrices stand first in the flat vector, so
    they are a reshape: with 30 layers that saves 30 calls a step.
    """

    penalty: Any
    depth: int = DEPTH
    size: int = WIDTH * WIDTH

    def _split(self, w: Any) -> tuple[Array, Array]:
        """The layers (..., L, size), and the weights behind them."""
        w = np.asarray(w, dtype=np.float64)
        end = self.depth * self.size
        return w[..., :end].reshape(*w.shape[:-1], self.depth, self.size), w[..., end:]

    def _join(self, layers: Array, rest: Array) -> Array:
        return np.concatenate([layers.reshape(*rest.shape[:-1], -1), rest], axis=-1)

    def value(self, w: Any) -> Array:
        return self.penalty.value(self._split(w)[0]).sum(axis=-1)

    def subgradient(self, w: Any) -> Array:
        layers, rest = self._split(w)
        return self._join(self.penalty.subgradient(layers), np.zeros_like(rest))

    def prox(self, w: Any, step: Any) -> Array:
        layers, rest = self._split(w)
        return self._join(self.penalty.prox(layers, step), rest)


@dataclass(frozen=True, eq=False)
class Shrunk(SpectralBall):
    """W min(1, c / s_1): every singular value shrinks, where `SpectralBall` cuts the large ones.

    The ball is the same, so is the value. This way into it is not the shortest, but it is the
    cheapest, and what spectral normalization does. Source: Miyato et al. 2018.
    """

    def prox(self, w: Any, step: Any) -> Array:
        w = np.asarray(w, dtype=np.float64)
        largest = np.linalg.norm(w.reshape(*w.shape[:-1], *self.shape), 2, axis=(-2, -1))
        return w * (self.c / np.maximum(largest, self.c))[..., None]


@dataclass(frozen=True, eq=False)
class Deep(Seeded):
    """Networks of 30 layers of 24 units that learn y = a.x, |a| = 1, from fresh batches of 32.

    Each of the `seeds` networks has its own a, weights and data.
    """

    activation: str
    gain: float
    kind: str = "gaussian"
    seeds: int = SEEDS
    block: int = 0

    @property
    def teacher(self) -> Array:
        """a (seeds, 24), uniform on the sphere."""
        a = np.stack([rng.standard_normal(WIDTH) for rng in self._rngs(5000)])
        return a / np.linalg.norm(a, axis=-1, keepdims=True)

    def network(self, rngs: Any, n: int) -> MLP:
        """The networks bound to n fresh rows each."""
        X = np.stack([rng.standard_normal((n, WIDTH)) for rng in rngs])
        y = (X @ self.teacher[..., None])[..., 0]
        return MLP(X, y, (WIDTH,) * DEPTH, self.activation, bias=False)

    def start(self) -> Array:
        """Initial weights (seeds, P)."""
        return self.network(self._rngs(0), 1).init(self._rngs(1000), self.gain, self.kind)

    def mask(self) -> Any:
        """True at the weights of the hidden layers; the readout is spared."""
        names = [f"W{layer}" for layer in range(1, DEPTH + 1)]
        return self.network(self._rngs(0), 1).mask(*names)

    def held_out(self) -> MLP:
        """The same 500 new inputs for every network."""
        return self.network([np.random.default_rng(99 + self.block)] * self.seeds, 500)

    def run(
        self,
        *transforms: Any,
        penalty: Any = None,
        placement: str = "coupled",
        n_steps: int = N_STEPS,
        learning_rate: float = STEP,
    ) -> History:
        """Train all networks; a projection holds from the start."""
        w0 = self.start()
        if isinstance(getattr(penalty, "penalty", None), SpectralBall):
            w0, placement = penalty.prox(w0, 1.0), "proximal"
        return train(
            lambda rngs: self.network(rngs, BATCH),
            Optimizer(*transforms, learning_rate=learning_rate),
            w0,
            n_steps=n_steps,
            rng=self._rngs(7000),
            penalty=penalty,
            placement=placement,
        )

    def counts(self, history: History) -> tuple[int, int]:
        """How many networks diverged, and how many learned."""
        return int(history.diverged.sum()), int(self.success(history))


def remedies(mask: Any) -> dict[str, dict[str, Any]]:
    """What is done to plain gradient steps, by name: a start, a transform, or a penalty."""
    return {
        "none": {},
        "L2, λ = 0.01": {"penalty": Masked(L2(0.01), mask)},
        "L2, λ = 0.1": {"penalty": Masked(L2(0.1), mask)},
        "L2, λ = 10": {"penalty": Masked(L2(10.0), mask)},
        "L1, λ = 0.01": {"penalty": Masked(L1(0.01), mask)},
        "orthogonal penalty, λ = 0.1": {"penalty": Layers(Orthogonal(0.1, SHAPE))},
        "clip at 1": {"transforms": (ClipByNorm(1.0),)},
        "shrink to σ ≤ 1": {"penalty": Layers(Shrunk(1.0, SHAPE))},
        "project to σ ≤ 1": {"penalty": Layers(SpectralBall(1.0, SHAPE))},
        "Gaussian start, gain 1": {"start": {"gain": 1.0}},
        "orthogonal start, gain 1": {"start": {"gain": 1.0, "kind": "orthogonal"}},
    }


def attempt(trial: Deep, remedy: dict[str, Any], **options: Any) -> tuple[Deep, History]:
    """The trial with the remedy's own start, and what became of its networks."""
    remedy = dict(remedy)
    trial = replace(trial, **remedy.pop("start", {}))
    return trial, trial.run(*remedy.pop("transforms", ()), **remedy, **options)


RUNS = 50
"""Networks in one of the two blocks of the table apart."""


def apart(block: int) -> Iterator[tuple[str, int, int]]:
    """Every remedy, 300 steps: (name, diverged, learned).

    A projection takes 600 singular value decompositions a step. It is tried on the linear networks
    only, also at ten times the step.
    """
    for activation, gain in (("linear", 1.5), ("tanh", 3.0)):
        trial = Deep(activation, gain, seeds=RUNS, block=block)
        cures = remedies(trial.mask())
        projection = cures.pop("project to σ ≤ 1")
        if activation == "linear":
            cures["project to σ ≤ 1"] = projection
            cures["project, ten times the step"] = projection | {"learning_rate": 10 * STEP}
        for name, remedy in cures.items():
            yield f"{activation}: {name}", *Deep.counts(*attempt(trial, remedy))
