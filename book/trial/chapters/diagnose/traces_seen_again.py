"""The families of the second score. Five rules were changed after it, so they count as written on.

A healthy family is one whose runs remove at least a third of their first loss, or reach the minimum
without noise; what becomes of noisy runs with less to learn is shown on
`trial.chapters.diagnose.traces_written.SILENT`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from reglib.datasets import standardize
from reglib.doctor.causes import DATA, EDGE, HEALTHY, NETWORK, PENALTY, STEP, VANISHING
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.networks import MLP
from reglib.optimizers import (
    AdamScaling,
    ClipByNorm,
    Cosine,
    Momentum,
    Nesterov,
    RMSProp,
    WeightDecay,
)
from trial.chapters.diagnose.traces_make import (
    Array,
    Family,
    beyond,
    decayed,
    fixed,
    fresh,
    linear,
    row_of,
)
from trial.chapters.diagnose.traces_written import at_minimum, cliff, recurrent, scheduled


class Sequences(NamedTuple):
    """Sequences u (n, T, d) and their targets y (n,)."""

    u: Array
    y: Array


def powers(seed: int) -> SquaredError:
    """A wave, approximated by powers of x."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1, 1, 50))
    X = standardize(x[:, None] ** np.arange(1, 6)).X
    return SquaredError(X, np.sin(3 * x) + 0.1 * rng.standard_normal(50))


def _related(seed: int) -> tuple[Array, Array]:
    """Twelve columns that resemble their neighbors, with heavy tails, and a noisy target."""
    rng = np.random.default_rng(seed)
    X = rng.standard_t(5, (160, 12))
    for column in range(1, 12):
        X[:, column] = 0.8 * X[:, column - 1] + 0.6 * X[:, column]
    return X, X @ rng.uniform(-1, 1, 12) + 0.3 * rng.standard_normal(160)


def related(seed: int) -> SquaredError:
    """Least squares on them."""
    return SquaredError(*_related(seed))


def tolerant(seed: int) -> HuberLoss:
    """The same with Huber's loss, linear beyond 2."""
    return HuberLoss(*_related(seed), 2.0)


def ticks(sharp: float) -> Callable[[int], LogisticLoss]:
    """15 boxes ticked or not, two classes; sharper, with less overlap."""

    def problem(seed: int) -> LogisticLoss:
        rng = np.random.default_rng(seed)
        X = np.where(rng.random((240, 15)) < 0.3, 1.0, -0.4)
        odds = sharp * X @ rng.standard_normal(15)
        return LogisticLoss(X, (rng.random(240) < 1 / (1 + np.exp(-odds))).astype(float))

    return problem


def rings(seed: int) -> MLP:
    """Two rings, told apart by two tanh layers."""
    rng = np.random.default_rng(seed)
    angle, inner = rng.uniform(0, 2 * np.pi, 60), np.arange(60) % 2
    radius = 1 + inner + 0.2 * rng.standard_normal(60)
    X = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return MLP(X, inner, (14, 14), "tanh", loss="softmax", classes=2)


def hills(seed: int) -> MLP:
    """A landscape of 35 points, for three tanh layers."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.5, 1.5, (35, 2))
    return MLP(X, np.sin(3 * X[:, 0]) * np.cos(2 * X[:, 1]) + X[:, 1], (10, 10, 10), "tanh")


def largest(activation: str, depth: int, width: int = 18) -> Callable[..., MLP]:
    """Layers that say which of three inputs is the largest."""

    def net_of(rng: np.random.Generator, n: int) -> MLP:
        X = rng.standard_normal((n, width))
        y = X[:, :3].argmax(axis=-1)
        return MLP(X, y, (width,) * depth, activation, loss="softmax", bias=False, classes=3)

    return net_of


def adding(rng: np.random.Generator, n: int, length: int) -> Sequences:
    """The sum of the two marked numbers, both in the first half."""
    numbers, marks = rng.uniform(-1, 1, (n, length)), np.zeros((n, length))
    at = rng.random((n, length // 2)).argsort(axis=-1)[:, :2]
    np.put_along_axis(marks, at, 1.0, axis=-1)
    return Sequences(np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=-1))


def echo(rng: np.random.Generator, n: int, length: int) -> Sequences:
    """The last number, half of the one before, and a little noise."""
    u = rng.standard_normal((n, length, 1))
    return Sequences(u, u[:, -1, 0] + 0.5 * u[:, -2, 0] + 0.1 * rng.standard_normal(n))


def typo(cell: float, target: bool) -> Callable[[Any, int], tuple[int, Any]]:
    """20 rows; in one of them the target, or a feature, is multiplied by `cell`."""

    def spoiled(loss: Any, seed: int) -> tuple[int, Any]:
        X, y = loss.X[100:120].copy(), loss.y[100:120].copy()
        row = np.abs(y).argmax()
        if target:
            y[row] *= cell
        else:
            X[row, 4] *= cell
        return int(np.random.default_rng(seed).integers(50, 120)), SquaredError(X, y)

    return spoiled


FIVE, FOUR, THREE = range(1000, 1005), range(2000, 2004), range(3000, 3003)
SUMS, ECHO = recurrent(adding, "tanh", 44, 14), recurrent(echo, "tanh", 16, 14)
STEPS = {
    "powers": Family(STEP, FOUR, (1.07, 1.4, 2.3, 6), linear(powers, w0=1.0)),
    "related, heavy ball": Family(
        STEP, FOUR, (1.1, 1.55, 3.2), linear(related, Momentum(0.6), of=3.2)
    ),
    "related, batches": Family(STEP, FOUR, (1.65, 2.8), linear(related, size=20, n_steps=180)),
    "related below the limit": Family(EDGE, FOUR, (0.952, 0.963, 0.978, 0.988), linear(related)),
    "ticks": Family(EDGE, FOUR, (1.25, 1.5, 1.9), at_minimum(ticks(0.6))),
    "hills": Family(EDGE, FOUR, (0.35, 0.55, 0.8), beyond(hills, fixed(hills, n_steps=450))),
}
NETWORKS = {
    "linear echo of 50": Family(
        NETWORK, THREE, (1.6, 2.2), fresh(recurrent(echo, "linear", 50, 10), rate=0.03)
    ),
    "sums": Family(NETWORK, THREE, (4.5, 7), fresh(SUMS, rate=0.03, n_steps=100)),
    "sums, clipped": Family(
        NETWORK, THREE, (3.8, 5.2), fresh(SUMS, ClipByNorm(0.5), rate=0.3, n_steps=100)
    ),
    "sums, RMSProp": Family(NETWORK, FOUR, (4.5,), fresh(SUMS, RMSProp(), rate=0.002, n_steps=100)),
    "22 tanh layers": Family(
        NETWORK, THREE, (3.5, 4.5), fresh(largest("tanh", 22), rate=0.05, n_steps=80)
    ),
    "28 ReLU layers": Family(
        NETWORK, THREE, (1.8, 2.4), fresh(largest("relu", 28), rate=0.02, kind="he", n_steps=80)
    ),
    "cliff of 80": Family(NETWORK, range(1000, 1010), (0.3, 0.9), cliff(80, n_steps=130)),
    "22 small tanh layers": Family(
        VANISHING, FOUR, (0.45, 0.55), fresh(largest("tanh", 22), rate=0.2, n_steps=80)
    ),
    "35 small linear layers": Family(
        VANISHING, FOUR, (0.6,), fresh(largest("linear", 35), rate=0.1, n_steps=80)
    ),
    "small sums": Family(VANISHING, FOUR, (0.35, 0.55), fresh(SUMS, rate=0.2, n_steps=150)),
    "small sums, clipped": Family(
        VANISHING,
        FOUR,
        (0.6,),
        fresh(SUMS, ClipByNorm(2.0), rate=0.15, kind="orthogonal", n_steps=150),
    ),
    "small sums, momentum": Family(
        VANISHING, FOUR, (0.4,), fresh(SUMS, Momentum(0.5), rate=0.1, n_steps=150)
    ),
}
OTHERS = {
    "related, decay": Family(PENALTY, FOUR, (0.9, 2.5, 8), decayed(related, 0.45)),
    "ticks, decay": Family(PENALTY, FOUR, (1.5, 6), decayed(ticks(0.6), 0.35)),
    "rings, decay": Family(
        PENALTY, FOUR, (0.08, 0.16), fixed(rings, WeightDecay(0.6), n_steps=400)
    ),
    "ticks, NaN": Family(
        DATA, FOUR, (0.09, 0.33), linear(ticks(1.5), size=10, cell=row_of(np.nan, 6, 130))
    ),
    "powers, inf": Family(
        DATA, FOUR, (0.55,), linear(powers, w0=1.0, cell=row_of(np.inf, 12, 110))
    ),
    "echo, NaN": Family(
        DATA,
        FOUR,
        (1.0,),
        fresh(ECHO, Momentum(0.5), rate=0.02, n_steps=90, cell=row_of(np.nan, 10, 85)),
    ),
    "5 layers, inf": Family(
        DATA,
        FOUR,
        (1.0,),
        fresh(largest("tanh", 5), rate=0.1, n_steps=90, cell=row_of(np.inf, 10, 85)),
    ),
    "related, typo in a target": Family(
        DATA, FOUR, (0.07, 0.22), linear(related, ClipByNorm(10.0), size=20, cell=typo(1e4, True))
    ),
    "related, typo in a feature": Family(
        DATA, FOUR, (0.12,), linear(related, size=20, cell=typo(2e4, False))
    ),
}
CALM = {
    "calm powers": Family(HEALTHY, FIVE, (0.15, 0.35, 0.65), linear(powers, w0=1.0)),
    "calm related": Family(HEALTHY, FIVE, (0.09, 0.3, 0.6), linear(related)),
    "calm related, heavy ball": Family(
        HEALTHY, FOUR, (0.15, 0.55), linear(related, Momentum(0.6), of=3.2)
    ),
    "calm related, Adam": Family(
        HEALTHY, FOUR, (0.03, 0.15), linear(related, AdamScaling(), of=None)
    ),
    "calm related, RMSProp": Family(HEALTHY, FOUR, (0.025,), linear(related, RMSProp(), of=None)),
    "calm related, batches": Family(
        HEALTHY, FIVE, (0.04, 0.15), linear(related, size=20, n_steps=240)
    ),
    "calm related, Nesterov, batches": Family(
        HEALTHY, FOUR, (0.03,), linear(related, Nesterov(0.7), size=20, n_steps=240)
    ),
    "calm related, decay": Family(HEALTHY, FOUR, (0.18, 0.42), linear(related, WeightDecay(0.02))),
    "calm tolerant": Family(HEALTHY, FOUR, (0.3, 0.7), linear(tolerant)),
    "calm ticks": Family(HEALTHY, FOUR, (0.22, 0.62), linear(ticks(0.8))),
    "calm ticks, batches": Family(HEALTHY, FOUR, (0.3,), linear(ticks(4.0), size=24, n_steps=300)),
    "calm cosine": Family(HEALTHY, FOUR, (0.25, 0.7), scheduled(lambda rate: Cosine(rate, 140))),
    "calm rings": Family(HEALTHY, FOUR, (0.25, 0.6), fixed(rings)),
    "calm rings, Adam": Family(HEALTHY, FOUR, (0.006, 0.02), fixed(rings, AdamScaling())),
    "calm echo": Family(HEALTHY, FOUR, (0.8,), fresh(ECHO, rate=0.03, n_steps=180)),
    "calm echo, Adam": Family(
        HEALTHY, FOUR, (0.7,), fresh(ECHO, AdamScaling(), rate=0.008, n_steps=180)
    ),
    "calm 5 layers": Family(
        HEALTHY, FOUR, (1.05,), fresh(largest("tanh", 5), rate=0.15, kind="orthogonal")
    ),
}
SECOND_SCORED_ON: dict[str, Family] = STEPS | NETWORKS | OTHERS | CALM
SECOND_SCORE = (303, 331, 5, 128)
"""Runs diagnosed right, of how many; false alarms, of how many healthy runs: before the changes."""
