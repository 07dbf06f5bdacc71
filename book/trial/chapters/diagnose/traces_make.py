"""Traces with a known cause: how they are made, and how a diagnosis of them is scored.

A family makes runs whose cause is known from how they were built: the ratio of the step to the
limit, the gain of the network, the row that was spoiled. The rules of `reglib.doctor.diagnose`
were written while looking at `traces_written.WRITTEN_ON`; they are scored on
`traces_scored.SCORED_ON`, whose families, data, seeds and settings are others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reglib.diagnostics import top_eigenvalue
from reglib.doctor import diagnose
from reglib.doctor.causes import CAUSES
from reglib.optimizers import Optimizer, WeightDecay
from reglib.training import Step, train

Array = NDArray[np.float64]
KNOWN = CAUSES[:-1]
"""The causes that a family can have; "unknown" is an answer only."""


class Run(NamedTuple):
    """One training run: losses, gradient norms, rates and weight norms (k,), and what it was."""

    family: str
    cause: str
    seed: int
    setting: float
    losses: Array
    gradient_norms: Array
    learning_rates: Array
    parameter_norms: Array


class Record(NamedTuple):
    """What happened in m runs beside each other: arrays (k, m); `kept` (m,) are of the cause.

    longest (m,) is the longest move of the weights, w (m, P) where they ended.
    """

    losses: Array
    gradient_norms: Array
    learning_rates: Array
    parameter_norms: Array
    longest: Array
    w: Array
    kept: Any = True


Maker = Callable[[int, Array], Record]
"""A function of a seed and of the settings (m,)."""


class Family(NamedTuple):
    """A cause, the seeds, and the settings (shares of the limit, gains, ...) of its runs."""

    cause: str
    seeds: range
    settings: tuple[float, ...]
    make: Maker


def follow(
    objective: Any, optimizer: Optimizer, w0: ArrayLike, n_steps: int, rng: Any = None
) -> Record:
    """Train to the bitter end, until inf and NaN; w0 (m, P), one run for each row."""
    rates, sizes, moves = [], [], [np.zeros(len(w0))]

    def look(step: Step) -> None:
        rates.append(np.broadcast_to(step.rate, (len(w0), 1))[:, 0])
        sizes.append(np.linalg.norm(step.w, axis=-1))
        moves.append(np.linalg.norm(step.after - step.w, axis=-1))

    run = train(objective, optimizer, w0, n_steps=n_steps, rng=rng, watch=look, bound=np.inf)
    rates, sizes, longest = np.array(rates), np.array(sizes), np.fmax.reduce(moves)
    return Record(run.loss, run.gradient_norm, rates, sizes, longest, run.w)


def runs(families: dict[str, Family]) -> Iterator[Run]:
    """Every run of every family. A trace ends two rows after it has stopped being numbers."""
    for name, family in families.items():
        for seed in family.seeds:
            record = family.make(seed, np.array(family.settings))
            kept = np.broadcast_to(record.kept, len(family.settings))
            finite = np.isfinite(record.losses) & np.isfinite(record.gradient_norms)
            for j, setting in enumerate(family.settings):
                if kept[j]:
                    bad = np.flatnonzero(~finite[:, j])
                    end = bad[0] + 2 if bad.size else None
                    columns = (column[:end, j] for column in record[:4])
                    yield Run(name, family.cause, seed, setting, *columns)


def repeat(start: Array, settings: Array) -> Array:
    """The same weights (P,) for each setting: (m, P)."""
    return np.tile(start, (len(settings), 1))


def drawn(loss: Any, size: int | None) -> Callable[[np.random.Generator], Any]:
    """Batches of `size` rows drawn with replacement from a loss; None: all of them, always."""
    return lambda rng: loss if size is None else loss.on(rng.integers(loss.n_rows, size=size))


class Spoiled:
    """An objective whose value and gradient are `cell`, as one such row makes any mean."""

    def __init__(self, cell: float) -> None:
        self.cell = cell

    def value_and_gradient(self, w: Array) -> tuple[Array, Array]:
        return np.full(w.shape[:-1], self.cell), np.full(w.shape, self.cell)


def spoil(batch: Callable[[Any], Any], at: int, with_: Any) -> Callable[[Any], Any]:
    """The same batches, but for the one at step `at`."""
    steps = count()
    return lambda rng: (batch(rng), with_)[next(steps) == at]


def row_of(cell: float, low: int, high: int) -> Callable[..., tuple[int, Any]]:
    """A batch with NaN or inf at one of the steps low to high."""
    return lambda *who: (int(np.random.default_rng(who[-1]).integers(low, high)), Spoiled(cell))


def linear(
    problem: Callable[[int], Any],
    *transforms: Any,
    of: float | None = 2.0,
    size: int | None = None,
    n_steps: int = 150,
    w0: float = 0.0,
    cell: Callable[[Any, int], tuple[int, Any]] | None = None,
) -> Maker:
    """A linear model at shares `settings` of the limit of/L; of=None: the settings are rates.

    `problem` makes the loss from a seed; weights start at 0, or at w0 times Gaussian ones. `cell`
    gives the step at which a batch is spoiled and what stands there.
    """

    def make(seed: int, settings: Array) -> Record:
        loss = problem(seed)
        top = np.linalg.eigvalsh(loss.curvature())[-1]
        rate = settings[:, None] * (of / top if of else 1.0)
        batch = drawn(loss, size)
        if cell:
            batch = spoil(batch, *cell(loss, seed))
        start = w0 * np.random.default_rng(seed + 7).standard_normal(loss.X.shape[1])
        optimizer = Optimizer(*transforms, learning_rate=rate)
        rng = np.random.default_rng(seed + 500)
        return follow(batch, optimizer, repeat(start, settings), n_steps, rng)

    return make


def decayed(problem: Callable[[int], Any], share: float = 0.5) -> Maker:
    """A linear model under a decay of `settings` times L, at a share of the limit 2/(L + lam)."""

    def make(seed: int, settings: Array) -> Record:
        loss = problem(seed)
        top = np.linalg.eigvalsh(loss.curvature())[-1]
        lam = settings[:, None] * top
        optimizer = Optimizer(WeightDecay(lam), learning_rate=share * 2 / (top + lam))
        w0 = np.random.default_rng(seed + 7).standard_normal(loss.X.shape[1])
        return follow(loss, optimizer, repeat(w0, settings), 100)

    return make


def fixed(net_of: Callable[[int], Any], *transforms: Any, n_steps: int = 300) -> Maker:
    """A network on one batch at the learning rates `settings`."""

    def make(seed: int, settings: Array) -> Record:
        net = net_of(seed)
        w0 = net.init(np.random.default_rng(seed + 1))
        optimizer = Optimizer(*transforms, learning_rate=settings[:, None])
        return follow(net, optimizer, repeat(w0, settings), n_steps)

    return make


def beyond(net_of: Callable[[int], Any], make: Maker) -> Maker:
    """Of the runs of `fixed`, those that end bounded with a step of at least 2.05/L there."""

    def chosen(seed: int, settings: Array) -> Record:
        record = make(seed, settings)
        bounded = np.isfinite(record.w).all(axis=-1) & (record.losses[-1] < 10)
        w = np.where(bounded[:, None], record.w, 0.1)
        top, _ = top_eigenvalue(net_of(seed), w, rng=np.random.default_rng(0))
        return record._replace(kept=(settings * top > 2.05) & bounded)

    return chosen


def only(make: Maker, pairs: set[tuple[int, float]]) -> Maker:
    """Of the runs of `make`, those of the recorded pairs (seed, setting).

    At the edge a network's path is chaotic, and the last bit of a machine's arithmetic decides
    which runs `beyond` keeps: what was kept once is written down.
    """

    def chosen(seed: int, settings: Array) -> Record:
        kept = [(seed, float(setting)) in pairs for setting in settings]
        return make(seed, settings)._replace(kept=np.array(kept))

    return chosen


def fresh(
    net_of: Callable[[np.random.Generator, int], Any],
    *transforms: Any,
    rate: float,
    kind: str = "gaussian",
    n_steps: int = 200,
    size: int = 16,
    cell: Callable[[int], tuple[int, Any]] | None = None,
) -> Maker:
    """A network on fresh batches at the initial gains `settings`.

    `net_of(rng, n)` binds it to n new rows.
    """

    def make(seed: int, settings: Array) -> Record:
        rng = np.random.default_rng(seed)
        w0 = net_of(rng, 1).init(np.random.default_rng(seed + 1), settings[:, None], kind)
        batch = partial(net_of, n=size)
        if cell:
            batch = spoil(batch, *cell(seed))
        return follow(batch, Optimizer(*transforms, learning_rate=rate), w0, n_steps, rng)

    return make


def confusion(found: Iterable[Run], parameter_norms: bool = False) -> NDArray[np.int64]:
    """Counts (known cause, diagnosed cause) in the orders of `KNOWN` and `CAUSES`."""
    counts = np.zeros((len(KNOWN), len(CAUSES)), dtype=np.int64)
    for run in found:
        sizes = run.parameter_norms if parameter_norms else None
        named = diagnose(
            run.losses, run.gradient_norms, run.learning_rates, parameter_norms=sizes
        ).cause
        counts[KNOWN.index(run.cause), CAUSES.index(named)] += 1
    return counts
