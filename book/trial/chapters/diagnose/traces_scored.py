"""The families on which `diagnose` is scored: other data, networks, seeds and settings.

No rule has been changed since these were first diagnosed. A healthy family is one whose runs remove
at least a third of their first loss, or reach the minimum without noise; what becomes of noisy runs
with less to learn is shown on `trial.chapters.diagnose.traces_written.SILENT`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reglib.doctor.causes import DATA, EDGE, HEALTHY, NETWORK, PENALTY, STEP, VANISHING
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.networks import MLP
from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Momentum,
    Nesterov,
    RMSProp,
    WeightDecay,
)
from trial.chapters.diagnose.traces_make import (
    Array,
    Family,
    decayed,
    fixed,
    fresh,
    linear,
    only,
    row_of,
)
from trial.chapters.diagnose.traces_seen_again import Sequences, typo
from trial.chapters.diagnose.traces_written import at_minimum, cliff, recurrent


def _tides(seed: int) -> tuple[Array, Array]:
    """Eight waves of falling strength at 140 times, and a level made of them."""
    rng = np.random.default_rng(seed)
    time, k = rng.uniform(0, 10, 140), np.arange(1, 9)
    X = np.cos(np.outer(time, k) + rng.uniform(0, 6, 8)) / np.sqrt(k)
    return X, X @ rng.standard_normal(8) + 0.2 * rng.standard_normal(140)


def tides(seed: int) -> SquaredError:
    """Least squares on them."""
    return SquaredError(*_tides(seed))


def steady_tides(seed: int) -> HuberLoss:
    """The same with Huber's loss, linear beyond 1."""
    return HuberLoss(*_tides(seed), 1.0)


def villages(seed: int) -> SquaredError:
    """Six villages of unequal size: one column for each, and one for the age of a person."""
    rng = np.random.default_rng(seed)
    home = rng.choice(6, 130, p=[0.35, 0.25, 0.15, 0.1, 0.1, 0.05])
    X = np.column_stack([np.eye(6)[home], rng.standard_normal(130)])
    return SquaredError(X, X @ rng.uniform(-3, 3, 7) + 0.4 * rng.standard_normal(130))


def votes(flipped: float) -> Callable[[int], LogisticLoss]:
    """Two parties along a line in the plane of four opinions, some of the votes flipped."""

    def problem(seed: int) -> LogisticLoss:
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((220, 4)) @ rng.standard_normal((4, 4)) / 2
        y = (X @ [1.0, -1.0, 0.5, 2.0] > 0) ^ (rng.random(220) < flipped)
        return LogisticLoss(np.column_stack([np.ones(220), X]), y.astype(float))

    return problem


def fold(activation: str) -> Callable[[int], MLP]:
    """A folded plane, 45 points, one wide layer and a narrow one."""

    def net_of(seed: int) -> MLP:
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((45, 3))
        return MLP(X, np.abs(X[:, 0]) + np.maximum(X[:, 1], X[:, 2]) - 1, (18, 6), activation)

    return net_of


def product(activation: str, depth: int, width: int = 22) -> Callable[..., MLP]:
    """Layers that multiply the signs of two inputs by a third."""

    def net_of(rng: np.random.Generator, n: int) -> MLP:
        X = rng.standard_normal((n, width))
        y = 0.7 * np.sign(X[:, 0] * X[:, 1]) * X[:, 2] + 0.7 * X[:, 3]
        return MLP(X, y, (width,) * depth, activation, bias=False)

    return net_of


def earliest(rng: np.random.Generator, n: int, length: int) -> Sequences:
    """The mean of the first three numbers, times their root."""
    u = rng.standard_normal((n, length, 1))
    return Sequences(u, u[:, :3, 0].sum(axis=-1) / np.sqrt(3))


def latest(rng: np.random.Generator, n: int, length: int) -> Sequences:
    """The sum of the last three numbers, the later the more."""
    u = rng.standard_normal((n, length, 2))
    return Sequences(u, u[:, -3:, 0] @ [0.2, 0.4, 0.8] + 0.1 * rng.standard_normal(n))


BOUNCING = {(6000, 0.45), (6000, 0.65), (6001, 0.28), (6001, 0.45), (6002, 0.45)}
"""Seeds and steps of networks that `beyond` kept: at their end the step was at least 2.05/L."""
FIVE, FOUR, THREE = range(5000, 5005), range(6000, 6004), range(7000, 7003)
FIRST, LAST = recurrent(earliest, "tanh", 36, 18), recurrent(latest, "tanh", 12, 18)
STEPS = {
    "tides": Family(STEP, FOUR, (1.06, 1.35, 2.7, 7), linear(tides)),
    "villages, Nesterov": Family(STEP, FOUR, (1.22, 1.8), linear(villages, Nesterov(0.5), of=1.5)),
    "tides, batches": Family(STEP, FOUR, (1.8, 3.3), linear(tides, size=30, n_steps=160)),
    "tides below the limit": Family(EDGE, FOUR, (0.981, 0.987, 0.992, 0.995), linear(tides)),
    "votes": Family(EDGE, FOUR, (1.18, 1.35, 1.75), at_minimum(votes(0.2))),
    "fold": Family(EDGE, FOUR, (0.28, 0.45, 0.65), only(fixed(fold("tanh")), BOUNCING)),
}
NETWORKS = {
    "linear, latest of 45": Family(
        NETWORK, THREE, (1.7, 2.3), fresh(recurrent(latest, "linear", 45, 11), rate=0.02)
    ),
    "first three of 36": Family(NETWORK, THREE, (4.2, 6.5), fresh(FIRST, rate=0.06, n_steps=100)),
    "first three, clipped": Family(
        NETWORK, THREE, (3.6, 5.8), fresh(FIRST, ClipByNorm(0.8), rate=0.15, n_steps=100)
    ),
    "first three, Adam": Family(
        NETWORK, THREE, (5.1,), fresh(FIRST, AdamScaling(), rate=0.003, n_steps=100)
    ),
    "26 tanh layers": Family(
        NETWORK, THREE, (3.2, 4.8), fresh(product("tanh", 26), rate=0.015, n_steps=70)
    ),
    "22 ReLU layers": Family(
        NETWORK, THREE, (2.6, 3.4), fresh(product("relu", 22), rate=0.006, n_steps=70)
    ),
    "cliff of 65": Family(NETWORK, range(5000, 5010), (0.2, 0.7), cliff(65, n_steps=140)),
    "24 small tanh layers": Family(
        VANISHING, FOUR, (0.51, 0.62), fresh(product("tanh", 24), rate=0.06, n_steps=70)
    ),
    "26 small ReLU layers": Family(
        VANISHING, FOUR, (0.8,), fresh(product("relu", 26), rate=0.12, n_steps=70)
    ),
    "first three, small": Family(
        VANISHING, FOUR, (0.41, 0.57), fresh(FIRST, rate=0.12, n_steps=170)
    ),
    "first three, small, clipped": Family(
        VANISHING,
        FOUR,
        (0.65,),
        fresh(FIRST, ClipByNorm(1.5), rate=0.09, kind="orthogonal", n_steps=170),
    ),
    "first three, small, Nesterov": Family(
        VANISHING, FOUR, (0.48,), fresh(FIRST, Nesterov(0.4), rate=0.07, n_steps=170)
    ),
}
OTHERS = {
    "tides, decay": Family(PENALTY, FOUR, (1.2, 3.5, 9), decayed(tides, 0.55)),
    "votes, decay": Family(PENALTY, FOUR, (1.8, 4.5), decayed(votes(0.2), 0.25)),
    "villages, decay": Family(PENALTY, FOUR, (0.85, 2.2), decayed(villages, 0.7)),
    "fold, decay": Family(
        PENALTY, THREE, (0.07, 0.14), fixed(fold("relu"), WeightDecay(0.8), n_steps=320)
    ),
    "votes, NaN": Family(
        DATA, FOUR, (0.11, 0.28), linear(votes(0.1), size=14, cell=row_of(np.nan, 7, 140))
    ),
    "tides, inf": Family(DATA, FOUR, (0.43,), linear(tides, cell=row_of(np.inf, 9, 100))),
    "latest, NaN": Family(
        DATA, FOUR, (0.9,), fresh(LAST, rate=0.035, n_steps=80, cell=row_of(np.nan, 11, 75))
    ),
    "4 layers, inf": Family(
        DATA,
        FOUR,
        (1.1,),
        fresh(product("tanh", 4), rate=0.05, n_steps=80, cell=row_of(np.inf, 11, 75)),
    ),
    "tides, typo in a target": Family(
        DATA, FOUR, (0.06, 0.18), linear(tides, size=22, cell=typo(3e4, True))
    ),
    "tides, typo in a feature": Family(
        DATA, FOUR, (0.08,), linear(tides, ClipByNorm(20.0), size=22, cell=typo(5e3, False))
    ),
}
CALM = {
    "calm tides": Family(HEALTHY, FIVE, (0.13, 0.33, 0.56, 0.75), linear(tides)),
    "calm villages": Family(HEALTHY, FOUR, (0.21, 0.51), linear(villages)),
    "calm villages, heavy ball": Family(
        HEALTHY, FOUR, (0.11, 0.46), linear(villages, Momentum(0.8), of=3.6)
    ),
    "calm tides, Adam": Family(
        HEALTHY, FOUR, (0.026, 0.085), linear(tides, AdamScaling(), of=None)
    ),
    "calm tides, RMSProp": Family(HEALTHY, FOUR, (0.013,), linear(tides, RMSProp(), of=None)),
    "calm villages, AdaGrad": Family(HEALTHY, FOUR, (0.43,), linear(villages, AdaGrad(), of=None)),
    "calm tides, batches": Family(HEALTHY, FIVE, (0.06, 0.17), linear(tides, size=22, n_steps=200)),
    "calm villages, Nesterov, batches": Family(
        HEALTHY, FOUR, (0.052,), linear(villages, Nesterov(0.5), size=30, n_steps=200)
    ),
    "calm villages, decay": Family(
        HEALTHY, FOUR, (0.23, 0.48), linear(villages, WeightDecay(0.003))
    ),
    "calm steady tides": Family(HEALTHY, FOUR, (0.26, 0.68), linear(steady_tides)),
    "calm votes": Family(HEALTHY, FOUR, (0.24, 0.58), linear(votes(0.2))),
    "calm votes, batches": Family(HEALTHY, FOUR, (0.37,), linear(votes(0.0), size=20, n_steps=220)),
    "calm fold": Family(HEALTHY, FOUR, (0.016, 0.042), fixed(fold("relu"))),
    "calm fold, Adam": Family(HEALTHY, FOUR, (0.0055, 0.0165), fixed(fold("tanh"), AdamScaling())),
    "calm latest": Family(HEALTHY, FOUR, (0.85,), fresh(LAST, rate=0.03, n_steps=160)),
    "calm latest, Adam": Family(
        HEALTHY, FOUR, (0.75,), fresh(LAST, AdamScaling(), rate=0.006, n_steps=160)
    ),
}
SCORED_ON: dict[str, Family] = STEPS | NETWORKS | OTHERS | CALM
THIRD_SCORE = (316, 318, 0, 118)
"""Runs diagnosed right, of how many; false alarms, of how many healthy runs: at the first look."""
