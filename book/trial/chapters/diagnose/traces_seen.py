"""The families of the first score. Four rules were changed after it, so they count as written on.

A healthy family is one whose runs remove at least a third of their first loss; what becomes of
runs with less to learn is shown on `trial.chapters.diagnose.traces_written.SILENT`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from reglib.datasets import diabetes, digits, first_input, leaky_memory, longley, standardize
from reglib.doctor.causes import DATA, EDGE, HEALTHY, NETWORK, PENALTY, STEP, VANISHING
from reglib.losses import HuberLoss, LogisticLoss, SquaredError
from reglib.networks import MLP
from reglib.optimizers import (
    AdaGrad,
    AdamScaling,
    ClipByNorm,
    Momentum,
    Nesterov,
    Optimizer,
    RMSProp,
    StepDecay,
    WeightDecay,
)
from trial.chapters.diagnose.traces_make import (
    Family,
    Maker,
    Record,
    beyond,
    decayed,
    fixed,
    follow,
    fresh,
    linear,
    row_of,
)
from trial.chapters.diagnose.traces_written import at_minimum, cliff, deep, recurrent


def _patients(seed: int, n: int = 150) -> tuple[Any, Any]:
    """Some of the 442 patients, standardized, with an intercept, and their disease."""
    X, y, _ = diabetes()
    rows = np.random.default_rng(seed).choice(len(y), n, replace=False)
    return np.column_stack([np.ones(n), standardize(X[rows]).X]), y[rows]


def patients(seed: int) -> SquaredError:
    """Least squares on them."""
    return SquaredError(*_patients(seed))


def robust(seed: int) -> HuberLoss:
    """The same with Huber's loss, which is linear in residuals beyond 40."""
    return HuberLoss(*_patients(seed), 40.0)


def ill(seed: int) -> LogisticLoss:
    """Whether the disease of a patient is above the median."""
    X, y = _patients(seed, 300)
    return LogisticLoss(X, (y > np.median(y)).astype(float))


def years(seed: int) -> SquaredError:
    """Longley's 16 years, standardized, a little of the table shaken."""
    X, y, _ = longley()
    X = X * np.random.default_rng(seed).uniform(0.99, 1.01, X.shape)
    return SquaredError(standardize(X).X, (y - y.mean()) / y.std())


def pixels(seed: int) -> SquaredError:
    """Is the digit above 4? Least squares on 200 small pictures."""
    X, y = _pictures(seed)
    return SquaredError(np.column_stack([np.ones(len(y)), X]), (y > 4) - 0.5)


def _pictures(seed: int, n: int = 200) -> tuple[Any, Any]:
    data = digits()
    rows = np.random.default_rng(seed).choice(len(data.y), n, replace=False)
    return np.asarray(data.u)[rows].reshape(n, -1) - 0.3, np.asarray(data.y)[rows].astype(int)


def wave(seed: int) -> MLP:
    """A network of one ReLU layer on 30 points of a wave."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (30, 2))
    return MLP(X, np.cos(2 * X[:, 0]) - X[:, 1], (20,), "relu")


def reader(seed: int) -> Callable[..., MLP]:
    """Batches of digits for a network of one tanh layer."""
    X, y = _pictures(seed, 600)

    def net_of(rng: np.random.Generator, n: int) -> MLP:
        rows = rng.integers(len(y), size=n)
        return MLP(X[rows], y[rows], (24,), "tanh", loss="softmax", classes=10)

    return net_of


def reading(*transforms: Any, n_steps: int = 250) -> Maker:
    """That network at the learning rates `settings`."""

    def make(seed: int, settings: Any) -> Record:
        net_of, rng = reader(seed), np.random.default_rng(seed)
        w0 = np.tile(net_of(rng, 1).init(np.random.default_rng(seed + 1)), (len(settings), 1))
        optimizer = Optimizer(*transforms, learning_rate=settings[:, None])
        return follow(partial(net_of, n=32), optimizer, w0, n_steps, rng)

    return make


def stepped(seed: int, settings: Any) -> Record:
    """Least squares, the rate divided by ten after 60 of 140 steps."""
    loss = patients(seed)
    top = loss.lipschitz()
    made = [
        follow(
            loss,
            Optimizer(learning_rate=StepDecay(2 * share / top, 60, 0.1)),
            np.zeros((1, 11)),
            140,
        )
        for share in settings
    ]
    columns = (np.concatenate(parts, axis=-1) for parts in zip(*(m[:4] for m in made), strict=True))
    return Record(*columns, longest=settings, w=np.concatenate([m.w for m in made]))


def typo(cell: float, target: bool) -> Callable[[Any, int], tuple[int, Any]]:
    """24 rows of which one has its target, or its last feature, multiplied by `cell`."""

    def spoiled(loss: Any, seed: int) -> tuple[int, Any]:
        X, y = loss.X[40:64].copy(), loss.y[40:64].copy()
        if target:
            y[3] *= cell
        else:
            X[3, -1] *= cell
        return int(np.random.default_rng(seed).integers(60, 130)), SquaredError(X, y)

    return spoiled


FIVE, FOUR, THREE = range(100, 105), range(200, 204), range(300, 303)
TANH, LINEAR = (recurrent(first_input, kind, 50, 12) for kind in ("tanh", "linear"))
FIRST_SCORED_ON: dict[str, Family] = {
    "patients": Family(STEP, FIVE, (1.05, 1.25, 1.7, 3.5, 9), linear(patients)),
    "years, Nesterov": Family(
        STEP, THREE, (1.15, 1.6, 2.6), linear(years, Nesterov(0.8), of=3.6 / 2.6, w0=1.0)
    ),
    "pixels, batches": Family(STEP, THREE, (1.45, 2.2), linear(pixels, size=40, n_steps=200)),
    "patients below the limit": Family(EDGE, FOUR, (0.955, 0.968, 0.983, 0.993), linear(patients)),
    "ill or not": Family(EDGE, FOUR, (1.2, 1.45, 2.1), at_minimum(ill)),
    "wave": Family(EDGE, FIVE, (0.15, 0.25, 0.35), beyond(wave, fixed(wave, n_steps=500))),
    "linear recurrent of 60": Family(
        NETWORK, THREE, (1.4, 1.8), fresh(recurrent(leaky_memory, "linear", 60, 12), rate=0.005)
    ),
    "first of 50": Family(NETWORK, THREE, (3.5, 5), fresh(TANH, rate=0.04, n_steps=120)),
    "first of 50, clipped": Family(
        NETWORK, THREE, (3.5, 5.5), fresh(TANH, ClipByNorm(0.3), rate=0.2, n_steps=120)
    ),
    "25 ReLU layers": Family(
        NETWORK, THREE, (2.2, 3), fresh(deep("relu", 25, 16), rate=0.003, n_steps=80)
    ),
    "18 tanh layers": Family(
        NETWORK, THREE, (4, 6), fresh(deep("tanh", 18, 30), rate=0.02, n_steps=80)
    ),
    "cliff of 30": Family(NETWORK, range(400, 410), (0.25, 0.6), cliff(30, n_steps=250)),
    "25 small linear layers": Family(
        VANISHING, THREE, (0.35, 0.5), fresh(deep("linear", 25, 16), rate=0.1, n_steps=80)
    ),
    "20 small ReLU layers": Family(
        VANISHING, FOUR, (0.7, 0.9), fresh(deep("relu", 20, 20), rate=0.03, n_steps=80)
    ),
    "first of 50, small": Family(VANISHING, FOUR, (0.3, 0.5), fresh(TANH, rate=0.08, n_steps=250)),
    "first of 50, linear": Family(
        VANISHING, FOUR, (0.45,), fresh(LINEAR, rate=0.03, kind="orthogonal", n_steps=250)
    ),
    "patients, decay": Family(PENALTY, FOUR, (0.8, 2, 6), decayed(patients, 0.3)),
    "ill or not, decay": Family(PENALTY, FOUR, (2, 5), decayed(ill, 0.4)),
    "robust, decay": Family(PENALTY, THREE, (2, 5), decayed(robust, 0.6)),
    "wave, decay": Family(PENALTY, THREE, (0.06, 0.12), fixed(wave, WeightDecay(0.7), n_steps=350)),
    "ill or not, NaN": Family(
        DATA, THREE, (0.12, 0.4), linear(ill, size=12, cell=row_of(np.nan, 8, 120))
    ),
    "years, inf": Family(
        DATA, THREE, (0.35, 0.6), linear(years, w0=1.0, cell=row_of(np.inf, 20, 100))
    ),
    "recurrent, NaN": Family(
        DATA,
        FOUR,
        (1.0,),
        fresh(
            recurrent(leaky_memory, "tanh", 25, 12),
            rate=0.03,
            kind="orthogonal",
            n_steps=110,
            cell=row_of(np.nan, 15, 100),
        ),
    ),
    "patients, typo in a target": Family(
        DATA, FOUR, (0.05, 0.15), linear(patients, size=24, cell=typo(1e5, True))
    ),
    "patients, typo in a feature": Family(
        DATA, FOUR, (0.05, 0.15), linear(patients, size=24, cell=typo(3e3, False))
    ),
    "calm patients": Family(HEALTHY, FIVE, (0.07, 0.25, 0.45, 0.7), linear(patients)),
    "calm years": Family(HEALTHY, FOUR, (0.35, 0.6), linear(years, w0=1.0, n_steps=250)),
    "calm Nesterov": Family(
        HEALTHY, FOUR, (0.1, 0.4), linear(patients, Nesterov(0.8), of=3.6 / 2.6)
    ),
    "calm RMSProp": Family(HEALTHY, FOUR, (0.6, 1.5), linear(patients, RMSProp(), of=None)),
    "calm AdaGrad": Family(HEALTHY, FOUR, (30.0,), linear(patients, AdaGrad(), of=None)),
    "calm Huber": Family(HEALTHY, FOUR, (0.15, 0.55), linear(robust)),
    "calm patients, batches": Family(
        HEALTHY, FIVE, (0.02, 0.08), linear(patients, size=24, n_steps=250)
    ),
    "calm heavy ball, batches": Family(
        HEALTHY, FOUR, (0.015,), linear(patients, Momentum(0.7), size=24, n_steps=250)
    ),
    "calm decay": Family(HEALTHY, FOUR, (0.12, 0.4), linear(patients, WeightDecay(0.01))),
    "calm steps of the rate": Family(HEALTHY, FOUR, (0.3, 0.55), stepped),
    "calm wave": Family(HEALTHY, FIVE, (0.01, 0.03), fixed(wave)),
    "calm wave, Adam": Family(HEALTHY, FOUR, (0.004, 0.012), fixed(wave, AdamScaling())),
    "calm reader": Family(HEALTHY, THREE, (0.1, 0.3), reading()),
    "calm reader, clip and Adam": Family(
        HEALTHY, THREE, (0.005,), reading(ClipByNorm(1.0), AdamScaling())
    ),
    "calm recurrent of 25": Family(
        HEALTHY,
        FOUR,
        (0.9,),
        fresh(
            recurrent(leaky_memory, "tanh", 25, 12),
            ClipByNorm(2.0),
            rate=0.04,
            kind="orthogonal",
            n_steps=220,
        ),
    ),
    "calm 6 layers": Family(
        HEALTHY,
        THREE,
        (0.95,),
        fresh(deep("tanh", 6, 16), rate=0.04, kind="orthogonal", n_steps=200),
    ),
}
FIRST_SCORE = (307, 322, 8, 120)
"""Runs diagnosed right, of how many; false alarms, of how many healthy runs: before the changes."""
