"""The families on which the rules of `diagnose` were written, and one on which they are silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reglib.datasets import first_input, leaky_memory
from reglib.doctor.causes import DATA, EDGE, HEALTHY, NETWORK, PENALTY, STEP, VANISHING
from reglib.losses import LogisticLoss, SquaredError
from reglib.networks import MLP, RNN, SigmoidUnit
from reglib.optimizers import (
    AdamScaling,
    ClipByNorm,
    Cosine,
    Momentum,
    Optimizer,
    WarmUp,
    WeightDecay,
)
from reglib.solvers import newton
from trial.chapters.cliff.experiment import starts
from trial.chapters.diagnose.traces_make import (
    Array,
    Family,
    Maker,
    Record,
    beyond,
    decayed,
    fixed,
    follow,
    fresh,
    linear,
    repeat,
    row_of,
)

MOVED = 3.0
"""A run is thrown from a cliff when one step moves its weights this far."""


def points(seed: int, n: int = 60, noise: float = 0.5, size: float = 1.0) -> tuple[Array, Array]:
    """A Gaussian table (n, 6) with columns of different size, and a noisy linear target."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 6)) * rng.uniform(0.5, 2, 6)
    return size * X, X @ rng.standard_normal(6) + noise * rng.standard_normal(n)


def squares(**how: Any) -> Callable[[int], SquaredError]:
    """Least squares on `points`."""
    return lambda seed: SquaredError(*points(seed, **how))


def classes(noise: float) -> Callable[[int], LogisticLoss]:
    """Logistic regression on the signs of the same targets; more noise, more overlap."""

    def problem(seed: int) -> LogisticLoss:
        X, y = points(seed, n=200, noise=noise)
        return LogisticLoss(X, (y > 0).astype(float))

    return problem


def at_minimum(problem: Callable[[int], Any], n_steps: int = 200) -> Maker:
    """Steps at shares of 2/(curvature at the minimum): above 1 the minimum cannot hold a run."""

    def make(seed: int, settings: Array) -> Record:
        loss = problem(seed)
        p = loss.X.shape[1]
        lowest = newton(loss, 0.0, np.zeros(p)).w
        top = np.linalg.eigvalsh(loss.hessian_vector(lowest, np.eye(p)))[-1]
        optimizer = Optimizer(learning_rate=settings[:, None] * 2 / top)
        record = follow(loss, optimizer, repeat(np.zeros(p), settings), n_steps)
        return record._replace(kept=top > np.linalg.eigvalsh(loss.curvature())[-1] / 4)

    return make


def small(seed: int) -> MLP:
    """A tanh network of two layers on 40 rows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((40, 3))
    return MLP(X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2], (12, 12), "tanh")


def deep(activation: str, depth: int, width: int = 24) -> Callable[..., MLP]:
    """Layers of `width` units that learn the mean of their inputs."""

    def net_of(rng: np.random.Generator, n: int) -> MLP:
        X = rng.standard_normal((n, width))
        y = X.sum(axis=-1) / np.sqrt(width)
        return MLP(X, y, (width,) * depth, activation, bias=False)

    return net_of


def recurrent(task: Any, activation: str, length: int = 40, hidden: int = 16) -> Callable[..., RNN]:
    """A recurrent network on one of the two tasks."""
    return lambda rng, n: RNN(*task(rng, n, length), hidden, activation)


def cliff(length: int, n_steps: int = 400) -> Maker:
    """The sigmoid unit above its wall, at steps `settings`; kept are the runs that are thrown."""

    def make(seed: int, settings: Array) -> Record:
        (w0,) = starts(seed, 1)
        optimizer = Optimizer(learning_rate=settings[:, None])
        record = follow(SigmoidUnit(length), optimizer, repeat(w0, settings), n_steps)
        return record._replace(kept=record.longest > MOVED)

    return make


def scheduled(rule: Callable[[float], Any]) -> Maker:
    """Least squares with a schedule whose highest rate is a share of the limit."""

    def make(seed: int, settings: Array) -> Record:
        loss = SquaredError(*points(seed))
        rates = settings * 2 / loss.lipschitz()
        made = [
            follow(loss, Optimizer(learning_rate=rule(rate)), np.zeros((1, 6)), 150)[:4]
            for rate in rates
        ]
        parts = (np.concatenate(columns, axis=-1) for columns in zip(*made, strict=True))
        return Record(*parts, longest=rates, w=np.zeros((len(rates), 6)))

    return make


def huge(cell: float) -> Callable[[Any, int], tuple[int, Any]]:
    """A batch of 8 rows at one of the steps 40 to 90, one feature of one row being `cell`."""

    def spoiled(loss: Any, seed: int) -> tuple[int, Any]:
        X, y = loss.X[:8].copy(), loss.y[:8]
        X[0, seed % X.shape[1]] = cell
        return int(np.random.default_rng(seed).integers(40, 90)), type(loss)(X, y)

    return spoiled


ADAM, CLIP, BALL = AdamScaling(), ClipByNorm(1.0), Momentum(0.9)
SEEDS = range(6)
WRITTEN_ON: dict[str, Family] = {
    "squares": Family(STEP, SEEDS, (1.03, 1.1, 1.3, 2, 5, 20), linear(squares())),
    "squares, heavy ball": Family(STEP, SEEDS, (1.03, 1.2, 2, 6), linear(squares(), BALL, of=3.8)),
    "squares, batches": Family(STEP, SEEDS, (1.3, 2, 5), linear(squares(n=200), size=16)),
    "squares below the limit": Family(EDGE, SEEDS, (0.96, 0.975, 0.99), linear(squares())),
    "classes": Family(EDGE, SEEDS, (1.15, 1.6, 2.5), at_minimum(classes(2.0))),
    "small network": Family(EDGE, SEEDS, (0.3, 0.5, 0.7), beyond(small, fixed(small, n_steps=400))),
    "linear recurrent": Family(
        NETWORK, SEEDS, (1.5, 2), fresh(recurrent(leaky_memory, "linear"), rate=0.01)
    ),
    "tanh recurrent": Family(
        NETWORK, SEEDS, (4, 6), fresh(recurrent(leaky_memory, "tanh"), rate=0.1)
    ),
    "tanh recurrent, clipped": Family(
        NETWORK, SEEDS, (4, 6), fresh(recurrent(leaky_memory, "tanh"), CLIP, rate=0.1)
    ),
    "tanh recurrent, Adam": Family(
        NETWORK, SEEDS, (4,), fresh(recurrent(leaky_memory, "tanh"), ADAM, rate=0.005)
    ),
    "30 linear layers": Family(NETWORK, SEEDS, (1.5, 2), fresh(deep("linear", 30), rate=0.01)),
    "30 tanh layers": Family(NETWORK, SEEDS, (3, 5), fresh(deep("tanh", 30), rate=0.01)),
    "cliff of 50": Family(NETWORK, range(10), (0.1, 1), cliff(50)),
    "30 small tanh layers": Family(
        VANISHING, SEEDS, (0.4, 0.6), fresh(deep("tanh", 30), rate=0.05, n_steps=120)
    ),
    "first of 20": Family(
        VANISHING,
        SEEDS,
        (0.6,),
        fresh(recurrent(first_input, "tanh", 20), rate=0.05, kind="orthogonal", n_steps=400),
    ),
    "squares, decay": Family(PENALTY, SEEDS, (1, 3, 10), decayed(squares())),
    "small network, decay": Family(PENALTY, SEEDS, (0.05, 0.1), fixed(small, WeightDecay(0.5))),
    "squares, NaN": Family(
        DATA, SEEDS, (0.1, 0.3), linear(squares(), size=8, cell=row_of(np.nan, 5, 90))
    ),
    "squares, inf": Family(
        DATA, SEEDS, (0.1, 0.3), linear(squares(), size=8, cell=row_of(np.inf, 5, 90))
    ),
    "squares, huge cell": Family(
        DATA, SEEDS, (0.1, 0.3), linear(squares(), size=8, cell=huge(1e4))
    ),
    "squares, huge cell, clipped": Family(
        DATA, SEEDS, (0.1, 0.3), linear(squares(), ClipByNorm(5.0), size=8, cell=huge(1e3))
    ),
    "calm squares": Family(HEALTHY, SEEDS, (0.05, 0.2, 0.5, 0.8), linear(squares())),
    "calm heavy ball": Family(HEALTHY, SEEDS, (0.05, 0.2, 0.5), linear(squares(), BALL, of=3.8)),
    "calm batches": Family(HEALTHY, SEEDS, (0.03, 0.1, 0.25), linear(squares(n=200), size=16)),
    "calm Adam": Family(HEALTHY, SEEDS, (0.02, 0.1), linear(squares(), ADAM, of=None)),
    "calm Adam, large features, batches": Family(
        HEALTHY, SEEDS, (0.01, 0.05), linear(squares(n=200, size=30.0), ADAM, of=None, size=16)
    ),
    "calm clip": Family(
        HEALTHY, SEEDS, (0.001, 0.002), linear(squares(size=10.0), CLIP, of=None, n_steps=400)
    ),
    "calm classes": Family(HEALTHY, SEEDS, (0.1, 0.5), linear(classes(1.0))),
    "calm classes, batches": Family(HEALTHY, SEEDS, (0.05, 0.2), linear(classes(0.5), size=16)),
    "calm warm-up": Family(
        HEALTHY, SEEDS, (0.3, 0.6), scheduled(lambda rate: WarmUp(20, Cosine(rate, 150)))
    ),
    "calm network": Family(HEALTHY, SEEDS, (0.02, 0.05, 0.1), fixed(small)),
    "calm network, Adam": Family(HEALTHY, SEEDS, (0.003, 0.01), fixed(small, ADAM)),
    "calm recurrent": Family(
        HEALTHY, SEEDS, (1,), fresh(recurrent(leaky_memory, "tanh"), rate=0.05, kind="orthogonal")
    ),
}
SILENT: dict[str, Family] = {
    "little signal, batches": Family(
        HEALTHY, SEEDS, (0.03, 0.1), linear(squares(n=200, noise=6.0), size=16, n_steps=300)
    ),
}
"""Healthy runs on data that hold next to no signal: to their traces nothing happens either."""
